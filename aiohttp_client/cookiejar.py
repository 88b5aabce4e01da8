"""CookieJar: which cookies are kept, for how long, and where they go (RFC 6265 §5.3, §5.4)."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from http.cookies import BaseCookie, Morsel, SimpleCookie
from ipaddress import ip_address
from pathlib import Path
from types import MappingProxyType
from typing import Any

from yarl import URL

from ._wire.cookies import morsel_of, new_morsel, parse_date, parse_set_cookie
from .abc import AbstractCookieJar
from .typedefs import LooseCookies, StrOrURL

# Cookies kept of one domain and in all; over it the jar is brought down to the second number, session
# cookies that are not Secure and least recently used first. RFC 6265 §6.1 asks for 50 and 3000 at least.
_PER_DOMAIN, _PER_DOMAIN_LEFT = 180, 150
_IN_ALL, _IN_ALL_LEFT = 3300, 3000
_PER_RESPONSE = 50
# Sent to one URL: so many cookies, and so many bytes of a Cookie field.
_SENT, _SENT_BYTES = 150, 8190
_FOR_EVER = float("inf")
_LAST_TIME = 253402300799.0  # the end of the year 9999, which is as far as dates go

_Key = tuple[str, str]


class _Kept:
    """A cookie, and what its attributes came to."""

    __slots__ = ("expires_at", "host_only", "morsel", "secure", "used")

    def __init__(self, morsel: Morsel[str], expires_at: float, host_only: bool, used: int) -> None:
        self.morsel = morsel
        self.expires_at = expires_at
        self.host_only = host_only
        self.secure = bool(morsel["secure"])  # when it was taken
        self.used = used


class CookieJar(AbstractCookieJar):
    """Keeps cookies as a browser does.

    unsafe: take and send cookies of hosts that are IP addresses, too.
    quote_cookie: send values with special characters in quotes; False sends them as they are.
    treat_as_secure_origin: origins that get Secure cookies over http.
    """

    def __init__(
        self,
        *,
        unsafe: bool = False,
        quote_cookie: bool = True,
        treat_as_secure_origin: StrOrURL | Iterable[StrOrURL] | None = None,
        loop: object = None,
    ) -> None:
        self._unsafe = unsafe
        self._quote_cookie = quote_cookie
        origins = treat_as_secure_origin or ()
        if isinstance(origins, (str, URL)):
            origins = (origins,)
        self._secure_origins = frozenset(URL(origin).origin() for origin in origins)
        # Domain → path → name; shared cookies are those of the domain "".
        self._domains: dict[str, dict[str, dict[str, _Kept]]] = {}
        # Where there are Secure cookies: name → site → (domain, path) of each.
        self._secure: dict[str, dict[str, set[_Key]]] = {}
        self._count = 0
        self._clock = 0  # counts uses
        self._next_expiry = _FOR_EVER

    @property
    def unsafe(self) -> bool:
        return self._unsafe

    @property
    def quote_cookie(self) -> bool:
        return self._quote_cookie

    @property
    def treat_as_secure_origin(self) -> frozenset[URL]:
        return self._secure_origins

    @property
    def cookies(self) -> Mapping[_Key, SimpleCookie]:
        """By (domain, path)."""
        found: dict[_Key, SimpleCookie] = {}
        for domain, path, kept in self._all():
            cookie = found.setdefault((domain, path), SimpleCookie())
            dict.__setitem__(cookie, kept.morsel.key, kept.morsel)
        return MappingProxyType(found)

    @property
    def host_only_cookies(self) -> frozenset[tuple[str, str, str]]:
        """(domain, path, name) of those that came without a Domain attribute."""
        return frozenset((domain, path, kept.morsel.key) for domain, path, kept in self._all() if kept.host_only)

    def __len__(self) -> int:
        """Cookies kept; some may have expired."""
        return self._count

    def __iter__(self) -> Iterator[Morsel[str]]:
        self._drop_expired()
        for _, _, kept in list(self._all()):
            yield kept.morsel

    def _all(self) -> Iterator[tuple[str, str, _Kept]]:
        for domain, paths in self._domains.items():
            for path, names in paths.items():
                for kept in names.values():
                    yield domain, path, kept

    # -- forgetting

    def clear(self, predicate: Callable[[Morsel[str]], bool] | None = None) -> None:
        if predicate is None:
            self._domains.clear()
            self._secure.clear()
            self._count = 0
            self._next_expiry = _FOR_EVER
            return
        now = time.time()
        for domain, path, kept in list(self._all()):
            if kept.expires_at <= now or predicate(kept.morsel):
                self._drop(domain, path, kept.morsel.key)

    def clear_domain(self, domain: str) -> None:
        for own in [own for own in self._domains if own == domain or own.endswith(f".{domain}")]:
            for path, names in list(self._domains[own].items()):
                for name in list(names):
                    self._drop(own, path, name)

    def _drop(self, domain: str, path: str, name: str) -> None:
        names = self._domains.get(domain, {}).get(path)
        kept = None if names is None else names.pop(name, None)
        if names is None or kept is None:
            return
        self._count -= 1
        if kept.secure:
            sites, site = self._secure[name], _site(domain)
            sites[site].remove((domain, path))
            if not sites[site]:
                del sites[site]
                if not sites:
                    del self._secure[name]
        if not names:
            del self._domains[domain][path]
            if not self._domains[domain]:
                del self._domains[domain]

    def _drop_expired(self) -> None:
        now = time.time()
        if now < self._next_expiry:
            return
        self._next_expiry = _FOR_EVER
        for domain, path, kept in list(self._all()):
            if kept.expires_at <= now:
                self._drop(domain, path, kept.morsel.key)
            else:
                self._next_expiry = min(self._next_expiry, kept.expires_at)

    def _trim(self, candidates: list[tuple[str, str, _Kept]], left: int) -> None:
        candidates.sort(key=lambda entry: (bool(entry[2].morsel["secure"]), entry[2].used))
        for domain, path, kept in candidates[: len(candidates) - left]:
            self._drop(domain, path, kept.morsel.key)

    # -- taking

    def update_cookies(self, cookies: LooseCookies, response_url: URL = URL()) -> None:  # noqa: B008  # immutable
        pairs = cookies.items() if isinstance(cookies, Mapping) else cookies
        # pyright thinks of a mapping that is also an iterable of pairs.
        self._take([morsel_of(name, value) for name, value in pairs], response_url)  # pyright: ignore[reportArgumentType]

    def update_cookies_from_headers(self, headers: Sequence[str], response_url: URL) -> None:
        parsed = [parse_set_cookie(line) for line in headers[:_PER_RESPONSE]]
        self._take([morsel for morsel in parsed if morsel is not None], response_url)

    def _take(self, morsels: Iterable[Morsel[str]], url: URL) -> None:
        host = (url.raw_host or "").lower()
        if host and not self._unsafe and _is_ip(host):
            return
        for morsel in morsels:
            self._take_one(morsel, host, url)
        if self._count > _IN_ALL:
            self._trim(list(self._all()), _IN_ALL_LEFT)

    def _take_one(self, morsel: Morsel[str], host: str, url: URL) -> None:
        domain = morsel["domain"].lower().removeprefix(".")
        host_only = False
        if domain.endswith("."):
            domain = ""
        if not domain:
            domain, host_only = host, bool(host)
        elif host and not _belongs(host, domain):
            return
        elif host and host != domain and "." not in domain:
            return  # a top-level domain would reach strangers
        secure_origin = not host or self._is_secure(url)
        if not _prefix_is_honoured(morsel, secure_origin):
            return
        path = morsel["path"]
        if not path.startswith("/"):
            path = url.raw_path if host else ""
            path = path[: path.rfind("/")] or "/" if host else ""
        path = path.rstrip("/") or ("/" if host else "")
        morsel["domain"], morsel["path"] = domain, path or "/"
        name = morsel.key
        if not secure_origin and self._has_secure(name, domain, path):
            return  # RFC 6265bis §5.7: what https has set, http neither overwrites nor hides
        expires_at = _expiry(morsel)
        self._drop(domain, path, name)
        if expires_at <= time.time():
            return
        self._clock += 1
        self._keep(domain, path, name, _Kept(morsel, expires_at, host_only, self._clock))
        if sum(map(len, self._domains[domain].values())) > _PER_DOMAIN:
            self._trim([entry for entry in self._all() if entry[0] == domain], _PER_DOMAIN_LEFT)

    def _keep(self, domain: str, path: str, name: str, kept: _Kept) -> None:
        self._domains.setdefault(domain, {}).setdefault(path, {})[name] = kept
        self._count += 1
        self._next_expiry = min(self._next_expiry, kept.expires_at)
        if kept.secure:
            self._secure.setdefault(name, {}).setdefault(_site(domain), set()).add((domain, path))

    def _has_secure(self, name: str, domain: str, path: str) -> bool:
        """Whether there is a Secure cookie that would be sent where one of this name, domain and path is."""
        sites = self._secure.get(name)
        if sites is None:
            return False
        # Of others a domain of a single label, such as localhost, may be the site, too.
        near = {_site(domain), domain.rpartition(".")[2]} if "." in domain else sites
        return any(
            (_belongs(domain, own) or _belongs(own, domain)) and _path_matches(path or "/", its)
            for site in near
            for own, its in sites.get(site, ())
        )

    def _is_secure(self, url: URL) -> bool:
        """Whether Secure cookies come from there and go there."""
        return url.scheme in ("https", "wss") or (
            bool(self._secure_origins and url.raw_host) and url.origin() in self._secure_origins
        )

    # -- giving

    def filter_cookies(self, request_url: URL) -> BaseCookie[str]:
        """The cookies for request_url; of one name the one of the closest domain, and there of the longest path."""
        found: SimpleCookie = SimpleCookie()
        for name, (kept, coded) in self._to_send(URL(request_url)).items():
            dict.__setitem__(found, name, new_morsel(name, kept.morsel.value, coded))
        return found

    def _to_send(self, url: URL) -> dict[str, tuple[_Kept, str]]:
        """filter_cookies(), with each value as it is sent."""
        found: dict[str, tuple[_Kept, str]] = {}
        if not self._count:
            return found
        self._drop_expired()
        host = (url.raw_host or "").lower()
        is_ip = _is_ip(host)
        path = url.raw_path or "/"
        secure = self._is_secure(url)
        domains = [host] if self._unsafe or not is_ip else []
        while not is_ip and "." in domains[-1]:
            domains.append(domains[-1].partition(".")[2])
        size = 0
        for domain in (*domains, ""):
            paths = self._domains.get(domain)
            if paths is None:
                continue
            matching = [own for own in paths if _path_matches(path, own)]
            matching.sort(key=len, reverse=True)
            for own in matching:
                for name, kept in paths[own].items():
                    morsel = kept.morsel
                    if name in found or (kept.host_only and domain != host) or (morsel["secure"] and not secure):
                        continue
                    coded = self._coded(morsel)
                    size += len(name) + len(coded) + 3
                    if len(found) == _SENT or size > _SENT_BYTES:
                        return found
                    self._clock += 1
                    kept.used = self._clock
                    found[name] = kept, coded
        return found

    def _coded(self, morsel: Morsel[str]) -> str:
        # What a server has set it gets back byte for byte (RFC 6265 §5.4), quotes or none. Without its quotes a value
        # with a semicolon would be two cookies, the second of any name.
        return morsel.coded_value if self._quote_cookie or ";" in morsel.value else morsel.value

    # -- keeping on disk

    def save(self, file_path: str | os.PathLike[str]) -> None:
        """Write all cookies as JSON, readable by the owner alone; the file appears whole or not at all."""
        stored: dict[str, dict[str, Any]] = {}
        for domain, path, kept in self._all():
            entry: dict[str, Any] = {
                "key": kept.morsel.key,
                "value": kept.morsel.value,
                "coded_value": kept.morsel.coded_value,
                **{name: value for name, value in kept.morsel.items() if value},
            }
            if kept.host_only:
                entry["host_only"] = True
            if kept.expires_at != _FOR_EVER:
                entry["expires_timestamp"] = kept.expires_at
            stored.setdefault(f"{domain}|{path}", {})[kept.morsel.key] = entry
        import tempfile  # which imports half a dozen modules that nothing else here needs

        target = Path(file_path)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=target.name)  # mode 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(stored, file)
            os.replace(temporary, target)
        except BaseException:
            os.unlink(temporary)
            raise

    def load(self, file_path: str | os.PathLike[str]) -> None:
        """Replace all cookies by those of a file save() has written. Raises ValueError for another, and keeps them."""
        text = Path(file_path).read_bytes()
        try:
            stored = json.loads(text)
            entries = [
                (*key.split("|", 1), name, entry)
                for key, names in stored.items()
                for name, entry in names.items()
                if "|" in key
            ]
            kept = [(domain, path, name, _loaded(name, entry)) for domain, path, name, entry in entries]
        except (ValueError, AttributeError, TypeError, KeyError, RecursionError) as error:
            raise ValueError(f"{file_path} holds no cookies that save() has written: {error!r}") from error
        self.clear()
        now = time.time()
        for domain, path, name, one in kept:
            if one.expires_at > now:
                self._keep(domain, path, name, one)


class DummyCookieJar(AbstractCookieJar):
    """Keeps nothing."""

    def __init__(self, *, loop: object = None) -> None:
        pass

    def __len__(self) -> int:
        return 0

    def __iter__(self) -> Iterator[Morsel[str]]:
        return iter(())

    def clear(self, predicate: Callable[[Morsel[str]], bool] | None = None) -> None:
        """Nothing to do."""

    def clear_domain(self, domain: str) -> None:
        """Nothing to do."""

    def update_cookies(self, cookies: LooseCookies, response_url: URL = URL()) -> None:  # noqa: B008  # immutable
        """Nothing to do."""

    def update_cookies_from_headers(self, headers: Sequence[str], response_url: URL) -> None:
        """Nothing to do."""

    def filter_cookies(self, request_url: URL) -> BaseCookie[str]:
        return SimpleCookie()


def _loaded(name: str, entry: Mapping[str, Any]) -> _Kept:
    morsel = new_morsel(name, str(entry["value"]), str(entry["coded_value"]))
    for attribute in morsel:
        if attribute in entry:
            morsel[attribute] = entry[attribute]
    expires_at = float(entry.get("expires_timestamp", _FOR_EVER))
    return _Kept(morsel, expires_at, bool(entry.get("host_only")), 0)


@lru_cache(maxsize=4096)
def _is_ip(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _site(domain: str) -> str:
    """The two last labels of a domain: what all share that belong to each other, but for domains of one label."""
    return domain if _is_ip(domain) else ".".join(domain.rsplit(".", 2)[-2:])


def _belongs(host: str, domain: str) -> bool:
    """RFC 6265 §5.1.3."""
    return host == domain or (host.endswith(f".{domain}") and not _is_ip(host))


def _path_matches(path: str, own: str) -> bool:
    """RFC 6265 §5.1.4; own is without a slash at its end."""
    return own in ("", "/") or path == own or path.startswith(own + "/")


def _prefix_is_honoured(morsel: Morsel[str], secure_origin: bool) -> bool:
    """RFC 6265bis §4.1.3: names that promise attributes."""
    name = morsel.key.lower()
    if morsel["secure"] and not secure_origin and name.startswith(("__secure-", "__host-")):
        return False
    if name.startswith("__secure-"):
        return bool(morsel["secure"])
    if name.startswith("__host-"):
        return bool(morsel["secure"]) and morsel["path"] == "/" and not morsel["domain"]
    return True


def _expiry(morsel: Morsel[str]) -> float:
    """When a cookie ends: Max-Age if it is a number, else Expires if that is a date, else with the session."""
    max_age = morsel["max-age"].strip()
    digits = max_age.removeprefix("-")
    if digits.isascii() and digits.isdigit():
        seconds = -1.0 if max_age.startswith("-") else min(float(digits), _LAST_TIME)
        return min(time.time() + seconds, _LAST_TIME) if seconds > 0 else 0.0
    if morsel["expires"]:
        date = parse_date(morsel["expires"])
        if date is not None:
            return min(date, _LAST_TIME)
    return _FOR_EVER


def cookies_to_send(jar: AbstractCookieJar, url: URL, own: LooseCookies | None) -> list[tuple[str, str]]:
    """(name, value as sent) for url from jar, and those given for the request, which go before them."""
    if type(jar) is CookieJar:
        found = {name: coded for name, (_, coded) in jar._to_send(url).items()}
    else:
        found = {name: morsel.coded_value for name, morsel in jar.filter_cookies(url).items()}
    if own:
        given = CookieJar(quote_cookie=getattr(jar, "quote_cookie", True))
        given.update_cookies(own)
        found.update((name, morsel.coded_value) for name, morsel in given.filter_cookies(url).items())
    return list(found.items())
