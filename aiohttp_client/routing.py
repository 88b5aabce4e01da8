"""The way a request takes to each of its hops: TLS settings, and which proxy."""

from __future__ import annotations

from typing import NamedTuple

from multidict import CIMultiDict
from yarl import URL

from . import hdrs
from ._net.environ import netrc_authorization, proxy_from_env
from ._net.target import ConnectionKey, Target
from ._net.tls import SSLOption
from ._wire.auth import BasicAuth, encode_basic_auth
from ._wire.serialize import field_lines
from ._wire.urls import parse_url
from .exceptions import InvalidURL
from .typedefs import LooseHeaders, StrOrURL


class Proxy(NamedTuple):
    """url is without userinfo; authorization a value of Proxy-Authorization; headers go into CONNECT."""

    url: URL
    authorization: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


# proxy="": none, whatever the session or the environment say.
NO_PROXY = Proxy(URL())


class Route(NamedTuple):
    """What holds for all hops of a request.

    environment: where no proxy is given, that of the environment is used."""

    ssl: SSLOption = True
    server_hostname: str | None = None
    proxy: Proxy | None = None
    environment: bool = False

    async def key(self, target: Target) -> ConnectionKey:
        """What a connection to target must have in common with others to be theirs."""
        proxy = self.proxy
        if proxy is None and self.environment:
            url = await proxy_from_env(target.url)
            if url is not None:
                proxy = proxy_of(url, None, None)
                if proxy.authorization is None:
                    proxy = proxy._replace(authorization=await netrc_authorization(url.host or ""))
        key = target.key._replace(ssl=self.ssl, server_hostname=self.server_hostname)
        if proxy is None or proxy is NO_PROXY:
            return key
        return key._replace(
            proxy=proxy.url,
            proxy_auth=proxy.authorization,
            proxy_headers=proxy.headers,
            upgrades=target.url.scheme in ("ws", "wss"),
        )


DIRECT = Route()


def proxy_of(url: StrOrURL, auth: BasicAuth | None, headers: LooseHeaders | None) -> Proxy:
    """proxy=, proxy_auth= and proxy_headers= as a Proxy.

    Raises InvalidURL for what is no URL with a host, ValueError for another scheme than http or
    https or for headers that cannot be sent, TypeError for auth that is not BasicAuth."""
    if not isinstance(url, (str, URL)):
        raise TypeError(f"proxy must be str or yarl.URL, got {type(url).__name__}")
    if not url:
        return NO_PROXY
    try:
        parsed = parse_url(url)
    except ValueError as error:
        raise InvalidURL(url, str(error)) from error
    if parsed.raw_host and parsed.scheme not in ("http", "https"):
        raise ValueError(f"proxy must be a URL with scheme http or https, got {str(parsed.with_user(None))!r}")
    if not parsed.raw_host or not parsed.port:
        raise InvalidURL(url, "no host of a proxy, expected something like http://proxy.example:3128")
    if auth is not None and not isinstance(auth, BasicAuth):
        raise TypeError(f"proxy_auth must be BasicAuth(login, password), got {type(auth).__name__}")
    authorization = None if auth is None else auth.encode()
    if authorization is None and (parsed.raw_user is not None or parsed.raw_password is not None):
        authorization = encode_basic_auth(parsed.user or "", parsed.password or "")
    fields: CIMultiDict[str] = CIMultiDict(headers or ())
    field_lines(fields.items())  # refused here, where the caller is, and not when the proxy has been connected to
    if authorization is not None:
        fields.popall(hdrs.PROXY_AUTHORIZATION, None)
    else:
        authorization = fields.pop(hdrs.PROXY_AUTHORIZATION, None)
    return Proxy(parsed.with_user(None).origin(), authorization, tuple(fields.items()))
