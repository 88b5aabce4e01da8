"""Interfaces a user may implement."""

from __future__ import annotations

import socket
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from http.cookies import BaseCookie, Morsel, SimpleCookie
from types import MappingProxyType
from typing import TypedDict

from yarl import URL

from ._wire.cookies import parse_set_cookie
from .typedefs import LooseCookies


class ResolveResult(TypedDict):
    """One address of a host."""

    hostname: str  # the name that was asked for
    host: str  # the address as text
    port: int
    family: int  # socket.AF_*
    proto: int  # usually 0
    flags: int  # socket.AI_*


class AbstractResolver(ABC):
    """Turns host names into addresses."""

    @abstractmethod
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """All addresses of host, best first. Raises OSError if there are none."""

    @abstractmethod
    async def close(self) -> None:
        """Free what the resolver holds."""


class AbstractStreamWriter(ABC):
    """Where a Payload writes itself to: a request body on its way out."""

    buffer_size: int = 0  # bytes taken since the last drain
    output_size: int = 0  # bytes handed to the transport, framing included
    length: int | None = None  # bytes of body still to come, if that is known

    @abstractmethod
    async def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """Take a piece of the body; waits while the peer is slow to read.

        Raises ClientConnectionResetError if the connection is gone."""

    @abstractmethod
    async def write_eof(self, chunk: bytes = b"") -> None:
        """The body ends, behind chunk."""

    @abstractmethod
    async def drain(self) -> None:
        """Wait until there is room for more."""

    @abstractmethod
    def enable_compression(self, encoding: str = "deflate", strategy: int | None = None) -> None:
        """Compress what follows, "deflate" or "gzip"."""

    @abstractmethod
    def enable_chunking(self) -> None:
        """Frame what follows in chunks (RFC 9112 §7.1)."""


class AbstractCookieJar(Sized, Iterable[Morsel[str]]):
    """Which cookies are kept, and which go where."""

    @property
    def unsafe(self) -> bool:
        """Whether hosts that are IP addresses have cookies, too."""
        return False

    @property
    def quote_cookie(self) -> bool:
        """Whether values with special characters are sent in quotes."""
        return True

    @property
    def treat_as_secure_origin(self) -> frozenset[URL]:
        """Origins that get Secure cookies over http."""
        return frozenset()

    @property
    def cookies(self) -> Mapping[tuple[str, str], SimpleCookie]:
        """By (domain, path)."""
        found: dict[tuple[str, str], SimpleCookie] = {}
        for morsel in self:
            cookie = found.setdefault((morsel["domain"], morsel["path"]), SimpleCookie())
            dict.__setitem__(cookie, morsel.key, morsel)
        return MappingProxyType(found)

    @property
    def host_only_cookies(self) -> frozenset[tuple[str, str, str]]:
        """(domain, path, name) of those that came without a Domain attribute."""
        return frozenset()

    @abstractmethod
    def clear(self, predicate: Callable[[Morsel[str]], bool] | None = None) -> None:
        """Forget all cookies, or those for which predicate is true."""

    @abstractmethod
    def clear_domain(self, domain: str) -> None:
        """Forget the cookies of domain and of its subdomains."""

    @abstractmethod
    def update_cookies(self, cookies: LooseCookies, response_url: URL = URL()) -> None:  # noqa: B008  # immutable
        """Take cookies as set by response_url; without one they are sent everywhere."""

    def update_cookies_from_headers(self, headers: Sequence[str], response_url: URL) -> None:
        """Take the Set-Cookie fields of a response."""
        morsels = [morsel for morsel in map(parse_set_cookie, headers) if morsel is not None]
        if morsels:
            self.update_cookies([(morsel.key, morsel) for morsel in morsels], response_url)

    @abstractmethod
    def filter_cookies(self, request_url: URL) -> BaseCookie[str]:
        """The cookies to send to request_url."""

    @abstractmethod
    def __iter__(self) -> Iterator[Morsel[str]]: ...
