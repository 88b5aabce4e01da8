"""What the requests of a session have in common: their head but for the first lines and the body's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

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
# Fields that change what else is sent: with one of them the head is always built as a dict.
_GOVERNING = (
    hdrs.HOST,
    hdrs.CONNECTION,
    hdrs.CONTENT_LENGTH,
    hdrs.CONTENT_TYPE,
    hdrs.EXPECT,
    hdrs.TRANSFER_ENCODING,
)

# Lines of the automatic fields that go with others, None if a dict has to be made; and the names that are taken then.
_Beside: TypeAlias = tuple[bytes | None, frozenset[str]]
_MOST_BESIDE = 64


class HeadTemplate:
    """The part of a request head that is the same for all requests of a session.

    lines: the field lines of a request that has no others but Host and those of its body.
    plain: whether there are such lines; if not, heads are built as dicts."""

    __slots__ = (
        "_auto",
        "_beside",
        "_live",
        "_own",
        "_settled",
        "closing",
        "headers",
        "lines",
        "plain",
        "revision",
        "skip",
        "version",
    )

    def __init__(
        self, headers: CIMultiDict[str], skip: frozenset[str], version: HttpVersion, *, force_close: bool
    ) -> None:
        self._live = headers  # which the session's owner may change;
        self.headers = headers.copy()  # requests that are under way keep those they began with
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
        # Names that leave open which field goes where.
        self._settled = frozenset(name.lower() for name in (*_GOVERNING, *headers))
        self._own = self.lines = b""
        self._auto: tuple[tuple[str, bytes], ...] = ()
        self._beside: dict[tuple[str, ...], _Beside] = {}
        if self.plain:
            auto: CIMultiDict[str] = CIMultiDict()
            add_auto_headers(auto, skip.union(name.lower() for name in headers))
            self._auto = tuple((field[0].lower(), field_lines([field])) for field in auto.items())
            self._own = field_lines(headers.items())
            self.lines = self._own + b"".join([line for _, line in self._auto])

    def lines_with(self, given: LooseHeaders, added: Sequence[tuple[str, str]]) -> bytes:
        """lines with those of given and added among them, as if a dict had been made of all; b"" if one has to be.

        Raises TypeError or ValueError for headers that cannot be sent."""
        if type(given) is not dict:
            return b""
        lines, taken = self.lines, self._settled
        if given:
            names = tuple(given)
            auto, taken = self._beside.get(names) or self._learn(names)
            if auto is None:
                return b""
            lines = self._own + field_lines(given.items()) + auto
        for name, _ in added:
            if name.lower() in taken:
                return b""
        return lines + field_lines(added) if added else lines

    def _learn(self, names: tuple[str, ...]) -> _Beside:
        """What goes with fields of these names, kept: requests of one kind have the same ones."""
        if len(self._beside) >= _MOST_BESIDE:
            self._beside.clear()
        folded = {name.lower() for name in names if isinstance(name, str)}
        auto = None
        if folded.isdisjoint(self._settled):
            auto = b"".join([line for name, line in self._auto if name not in folded])
        beside = self._beside[names] = auto, self._settled | folded
        return beside

    @property
    def stale(self) -> bool:
        """Whether the session's headers have changed since."""
        return getversion(self._live) != self.revision  # type: ignore[arg-type]  # its stub wants MultiDict[object]


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
