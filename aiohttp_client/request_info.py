"""RequestInfo: what responses and errors tell of the request they are about."""

from __future__ import annotations

from typing import Any, NamedTuple

from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from ._wire.redirect import CREDENTIAL_FIELDS
from .typedefs import UNSET, Unset

_SECRET = frozenset(name.lower() for name in CREDENTIAL_FIELDS)


class _RequestInfo(NamedTuple):
    url: URL
    method: str
    headers: CIMultiDictProxy[str]
    real_url: URL

    def __reduce__(self) -> tuple[Any, ...]:
        # Errors hold it and travel between processes, a proxy of a dict cannot.
        return _request_info, (self.url, self.method, CIMultiDict(self.headers), self.real_url)


def _request_info(url: URL, method: str, headers: CIMultiDict[str], real_url: URL) -> RequestInfo:
    return RequestInfo(url, method, CIMultiDictProxy(headers), real_url)


class RequestInfo(_RequestInfo):
    """The request a response answers; url is without fragment, real_url, which is url if not given, with it."""

    __slots__ = ()

    def __new__(
        cls, url: URL, method: str, headers: CIMultiDictProxy[str], real_url: URL | Unset = UNSET
    ) -> RequestInfo:
        return super().__new__(cls, url, method, headers, url if isinstance(real_url, Unset) else real_url)

    def __repr__(self) -> str:
        # Errors show it: credentials must not get into logs that way.
        shown = [(name, "…" if name.lower() in _SECRET else value) for name, value in self.headers.items()]
        return f"RequestInfo(url={self.url!r}, method={self.method!r}, headers={shown}, real_url={self.real_url!r})"
