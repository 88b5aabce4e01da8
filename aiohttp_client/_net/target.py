"""All a URL means to the wire: which connection may carry it, its request-target, its Host line.

Working that out takes yarl several microseconds, so targets are kept by the text they came from.
A scraper never asks for the same URL twice but for the same origin all the time: a URL whose
origin is known and whose rest is plain (nothing to quote, no dot segments) never meets yarl
unless somebody looks at Target.url. To keep its targets, too, would cost it more than making them:
they push other things out of the processor's caches. So one in sixteen is kept, by chance: a URL that is
asked for again and again is soon among them.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address
from ssl import SSLContext
from typing import Any, NamedTuple

from yarl import URL

from .._wire.auth import encode_basic_auth
from .._wire.urls import parse_url
from ..exceptions import InvalidUrlClientError, NonHttpUrlClientError
from .tls import SSLOption

# Of so many URLs that are not kept, one is from now on,
_KEEPS_ONE_IN = 16
# if it is no longer than this, and up to so many, of a kilobyte at most; a full cache is emptied.
_LONGEST_KEPT = 256
_MOST_TARGETS = 4096
_MOST_ORIGINS = 32768

# Path and query that yarl would leave as they are: tested against yarl in tests/_net/test_target.py.
_is_plain = re.compile(r"(?:/(?!\.)[A-Za-z0-9_~!$&'()*+,;=:@.-]*+)++(?:\?[A-Za-z0-9._~!$()*,:@/=&-]++)?").fullmatch
# What may be remembered as the spelling of an origin: nothing in it can hide a path, a query or a user.
_is_origin = re.compile(r"https?://[a-z0-9.-]+(?::[0-9]+)?").fullmatch
# A name that may be looked up (RFC 1123 §2.1, and "_", which is in use); the zone of an IPv6 address (RFC 6874).
_is_name = re.compile(r"(?=.{1,254}$)(?:[A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}\.?").fullmatch
_is_zone = re.compile(r"[A-Za-z0-9._~-]*").fullmatch
_is_sendable = re.compile(rb"[\x21-\x7e]+").fullmatch
# Plain HTTP by the name of what carries it: whether it does is for the connector to say.
_CARRIERS = frozenset({"tcp", "unix", "npipe"})
# The last label decides whether a host is meant as an IPv4 address (WHATWG URL, "ends in a number").
_ends_in_number = re.compile(r"(?:^|\.)(?:[0-9]+|0[xX][0-9A-Fa-f]*)\.?$").search


class ConnectionKey(NamedTuple):
    """What two requests must share to share a connection.

    proxy: its URL without userinfo; proxy_auth: what it is sent as Proxy-Authorization;
    proxy_headers: what else it is sent with CONNECT; upgrades: what is spoken will not be HTTP."""

    host: str
    port: int | None
    is_ssl: bool
    ssl: SSLOption = True
    proxy: URL | None = None
    proxy_auth: str | None = None
    proxy_headers: tuple[tuple[str, str], ...] = ()
    server_hostname: str | None = None
    upgrades: bool = False

    @property
    def is_tunnelled(self) -> bool:
        """Whether a proxy has to pass on bytes it does not understand (RFC 9110 §9.3.6, RFC 6455 §4.1)."""
        return self.proxy is not None and (self.is_ssl or self.upgrades)

    def __repr__(self) -> str:
        # Errors show keys: credentials must not get into logs that way.
        proxy = f", proxy={str(self.proxy)!r}" if self.proxy is not None else ""
        name = f", server_hostname={self.server_hostname!r}" if self.server_hostname is not None else ""
        return f"ConnectionKey({self.host!r}, {self.port}, is_ssl={self.is_ssl}, ssl={self.ssl!r}{proxy}{name})"

    def __reduce__(self) -> tuple[Any, ...]:
        # Errors hold keys and travel between processes, a context cannot: there its repr stands for it.
        return ConnectionKey, (*self[:3], repr(self.ssl) if isinstance(self.ssl, SSLContext) else self.ssl, *self[4:])


class Origin:
    """Scheme, host and port of a URL (RFC 9110 §4.3.1)."""

    __slots__ = ("after_target", "carrier", "host_header", "key")

    def __init__(self, url: URL, host: str) -> None:
        is_ssl = url.scheme in ("https", "wss")
        # Which connector the URL is for, if it says so.
        self.carrier = url.scheme if url.scheme in _CARRIERS else ""
        port = 80 if url.port is None and self.carrier else url.port  # yarl knows those of http and ws
        if not port:
            raise InvalidUrlClientError(url, "port 0 cannot be connected to")
        self.key = ConnectionKey(host, port, is_ssl)
        # A zone means something to this machine alone (RFC 6874 §4).
        shown = f"[{host.partition('%')[0]}]" if ":" in host else host.rstrip(".")
        self.host_header = shown if url.is_default_port() or url.explicit_port is None else f"{shown}:{port}"
        self.after_target = f" HTTP/1.1\r\nHost: {self.host_header}\r\n".encode()


class Target:
    """Where one request goes."""

    __slots__ = ("_text", "_url", "authorization", "key", "origin", "request_target", "tail")

    def __init__(self, origin: Origin, request_target: bytes, url: URL | None, text: str = "") -> None:
        self.origin = origin
        self.key = origin.key
        self.request_target = request_target
        # Follows the method: b" /path HTTP/1.1\r\nHost: example.com\r\n"
        self.tail = b" " + request_target + origin.after_target
        self._url = url
        self._text = text
        # Userinfo of the URL as an Authorization value.
        self.authorization: str | None = None

    @property
    def url(self) -> URL:
        """The URL, with its fragment, without userinfo."""
        url = self._url
        if url is None:
            url = self._url = URL(self._text, encoded=True)
        return url


_targets: dict[str, Target] = {}
_chance = 0  # a number below 2**31, another one each time
_origins: dict[str, Origin] = {}


def target_of(url: str | URL) -> Target:
    """The target of an absolute URL, with scheme http, https, ws, wss or one of _CARRIERS.

    Raises TypeError for anything but str and URL, InvalidUrlClientError for a URL without a
    usable host, NonHttpUrlClientError for another scheme."""
    global _chance
    if not isinstance(url, str):
        if not isinstance(url, URL):
            raise TypeError(f"url must be str or yarl.URL, got {type(url).__name__}")
        return _from_url(url, url)
    target = _targets.get(url)
    if target is None:
        target = _from_text(url)
        # Not each sixteenth: who asks for two URLs by turns might never see one of them kept.
        _chance = (_chance * 1103515245 + 12345) % 2**31
        if _chance < 2**31 // _KEEPS_ONE_IN and len(url) <= _LONGEST_KEPT:
            if len(_targets) >= _MOST_TARGETS:
                _targets.clear()
            _targets[url] = target
    return target


def _from_text(text: str) -> Target:
    end = text.find("/", 8)  # behind "http://" or "https://"
    if end > 0:
        origin = _origins.get(text[:end])
        if origin is not None and _is_plain(text, end):
            return Target(origin, text[end:].encode("ascii"), None, text)
    try:
        url = parse_url(text)
    except ValueError as error:
        raise InvalidUrlClientError(text, str(error)) from error
    target = _from_url(url, text)
    _remember(text, end, target.origin)
    return target


def _remember(text: str, end: int, origin: Origin) -> None:
    """The URL that text is, up to end, is of origin, as are others that begin with it."""
    if end > 0 and _is_origin(text, 0, end):
        if len(_origins) >= _MOST_ORIGINS:
            _origins.clear()
        _origins[text[:end]] = origin


def _from_url(url: URL, given: str | URL) -> Target:
    text = str(url)
    end = text.find("/", 8)
    if end > 0 and (origin := _origins.get(text[:end])) is not None:
        return Target(origin, _request_target(url, given), url)
    host = url.raw_host
    if host and "%25" in host:
        host = host.replace("%25", "%")  # how the zone of an address is written in a URL (RFC 6874 §2)
    if url.scheme not in ("http", "https", "ws", "wss") and url.scheme not in _CARRIERS:
        if not url.scheme:
            raise InvalidUrlClientError(given, "no scheme and host, expected something like http://host/path")
        raise NonHttpUrlClientError(given)
    if not host:
        raise InvalidUrlClientError(given, "no host, expected something like http://host/path")
    is_address = ":" in host  # which may end in a number: ::ffff:127.0.0.1
    if not (_is_ipv6(host) if is_address else _is_name(host)):
        raise InvalidUrlClientError(given, f"{host!r} is no host name, expected labels of letters, digits, - and _")
    if not is_address and _ends_in_number(host):
        _check_ipv4(host, given)
    authorization = None
    if url.raw_user is not None or url.raw_password is not None:
        authorization = encode_basic_auth(url.user or "", url.password or "")
        url = url.with_user(None)
    target = Target(Origin(url, host), _request_target(url, given), url)
    target.authorization = authorization
    _remember(text, end, target.origin)
    return target


def _request_target(url: URL, given: str | URL) -> bytes:
    request_target = url.raw_path_qs.encode("utf-8", "surrogatepass")
    if not _is_sendable(request_target):  # only URL(…, encoded=True) gets here
        raise InvalidUrlClientError(given, "path and query must be percent-encoded where they are not visible ASCII")
    return request_target


def _is_ipv6(host: str) -> bool:
    address, _, zone = host.partition("%")
    try:
        IPv6Address(address)
    except ValueError:
        return False
    return _is_zone(zone) is not None


def _check_ipv4(host: str, given: str | URL) -> None:
    # 127.1, 0177.0.0.1 and 2130706433 mean 127.0.0.1 to some resolvers and not to others: a filter
    # in front of us and the socket behind us must not read them differently.
    try:
        canonical = str(IPv4Address(host)) == host
    except ValueError:
        canonical = False
    if not canonical:
        raise InvalidUrlClientError(given, f"host {host} is not a canonical IPv4 address")
