"""What the requests of a session have in common: their head but for the first lines and the body's."""

from __future__ import annotations

from collections.abc import Iterable

from multidict import CIMultiDict, MultiDict, MultiDictProxy, getversion

from . import hdrs
from ._http import SERVER_SOFTWARE, HttpVersion, HttpVersion10, HttpVersion11
from ._wire.coding import ACCEPT_ENCODING
from ._wire.serialize import field_lines
from .typedefs import LooseHeaders

_AUTO_HEADERS = (
    (hdrs.ACCEPT, "*/*"),
    (hdrs.ACCEPT_ENCODING, ACCEPT_ENCODING),
    (hdrs.USER_AGENT, SERVER_SOFTWARE),
)
# Of the fields a session may set, those that change what else is sent: with one of them the head
# is always built as a dict.
_GOVERNING = (
    hdrs.HOST,
    hdrs.AUTHORIZATION,
    hdrs.CONNECTION,
    hdrs.CONTENT_LENGTH,
    hdrs.CONTENT_TYPE,
    hdrs.EXPECT,
    hdrs.TRANSFER_ENCODING,
)


class HeadTemplate:
    """The part of a request head that is the same for all requests of a session."""

    __slots__ = ("closing", "headers", "lines", "plain", "revision", "skip", "version")

    def __init__(
        self, headers: CIMultiDict[str], skip: frozenset[str], version: HttpVersion, *, force_close: bool
    ) -> None:
        self.headers = headers
        self.revision = getversion(headers)  # type: ignore[arg-type]  # MultiDict is invariant
        self.skip = skip
        self.version = version
        # Said last, and only where it differs from what the version means anyway (RFC 9112 §9.3).
        self.closing = {HttpVersion10: "keep-alive", HttpVersion11: "close" if force_close else ""}.get(version, "")
        self.plain = (
            version == HttpVersion11
            and not self.closing
            and "content-type" not in skip
            and not any(name in headers for name in _GOVERNING)
        )
        fields = CIMultiDict(headers)
        add_auto_headers(fields, skip)
        self.lines = field_lines(fields.items()) if self.plain else b""

    @property
    def stale(self) -> bool:
        """Whether the session's headers have changed since."""
        return getversion(self.headers) != self.revision  # type: ignore[arg-type]  # its stub wants MultiDict[object]


def add_auto_headers(headers: CIMultiDict[str], skip: frozenset[str]) -> None:
    """Add Accept, Accept-Encoding and User-Agent unless given or in skip (lower-case names)."""
    for name, value in _AUTO_HEADERS:
        if name not in headers and name.lower() not in skip:
            headers[name] = value


def merged_headers(headers: CIMultiDict[str], given: LooseHeaders | None) -> CIMultiDict[str]:
    """headers with given over them: a name replaces all fields of that name; repeated names are all kept."""
    headers = headers.copy()
    if not given:
        return headers
    if not isinstance(given, (MultiDict, MultiDictProxy)):
        given = CIMultiDict(given)
    seen: set[str] = set()
    for name, value in given.items():
        folded = name.lower()
        if folded in seen:
            headers.add(name, value)
        else:
            seen.add(folded)
            headers[name] = value
    return headers


def header_names(names: Iterable[str] | None) -> frozenset[str]:
    """Names in lower case, as skip= wants them."""
    return frozenset(name.lower() for name in names) if names else frozenset()
