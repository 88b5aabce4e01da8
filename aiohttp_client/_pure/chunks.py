"""Chunked transfer coding, decoded in pure Python (RFC 9112 §7.1).

    chunk           = 1*16HEXDIG [ chunk-ext ] CRLF data CRLF
    last-chunk      = 1*"0" [ chunk-ext ] CRLF
    trailer-section = *( field-line CRLF )            checked and dropped (§7.1.2)

Sizes and extensions are checked byte by byte as strictly as a head; white space, signs, prefixes
and bare LFs are how responses are smuggled. Extensions are ignored but counted.
"""

from __future__ import annotations

import re

from .._http import MAX_CHUNK_EXTENSIONS, HeadLimits
from ..exceptions import BadHttpMessage, InvalidHeader, LineTooLong, TransferEncodingError

_is_size_line = re.compile(rb"([0-9A-Fa-f]++)(;[\t\x20-\x7e\x80-\xff]*+)?\r\n").fullmatch
_may_become_size_line = re.compile(rb"(?:[0-9A-Fa-f]++(?:;[\t\x20-\x7e\x80-\xff]*+)?\r?)?").fullmatch
_is_field_line = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++:[\t\x20-\x7e\x80-\xff]*+\r\n").fullmatch

_MAX_SIZE_DIGITS = 16
_MAX_SIZE = 2**63 - 1

# Colon and a space, which a limit on names and values does not count.
_SEPARATOR = 2

# Bytes of an unfinished size line that are checked with each feed.
_JUDGED_EARLY = 32

_SIZE, _DATA, _DATA_END, _TRAILER, _DONE = range(5)


class ChunkDecoder:
    """Decodes one message's chunked body, however it is cut.

    done: the last chunk and the trailer section have been read.
    rest: the bytes behind them, once done.
    error: what is wrong, or None; from then on nothing more is decoded."""

    __slots__ = (
        "_extensions",
        "_fields",
        "_left",
        "_limits",
        "_line",
        "_state",
        "_trailer_size",
        "done",
        "error",
        "rest",
    )

    def __init__(self, limits: HeadLimits) -> None:
        self._limits = limits
        self._state = _SIZE
        self._line = bytearray()  # a line, or the CRLF behind data, that has not ended
        self._left = 0  # bytes of the current chunk to come
        self._extensions = 0
        self._fields = 0
        self._trailer_size = 0
        self.done = False
        self.rest = b""
        self.error: BadHttpMessage | None = None

    def feed(self, data: bytes) -> list[tuple[bytes, bool]]:
        """(payload, whether a chunk ends behind it) for everything data brings, in order.

        Never raises: payload in front of a fault is returned, the fault is in error."""
        pieces: list[tuple[bytes, bool]] = []
        if self.error is not None:
            return pieces
        at, size = 0, len(data)
        try:
            while at < size and not self.done:
                if self._state == _DATA:
                    taken = min(self._left, size - at)
                    self._left -= taken
                    if not self._left:
                        self._state = _DATA_END
                    pieces.append((data if taken == size else data[at : at + taken], False))
                    at += taken
                elif self._state == _DATA_END:
                    at = self._data_end(data, at, pieces)
                else:
                    at = self._line_of(data, at)
        except BadHttpMessage as error:
            self.error = error
        if self.done:
            self.rest = data[at:]
        return pieces

    def _data_end(self, data: bytes, at: int, pieces: list[tuple[bytes, bool]]) -> int:
        wanted = 2 - len(self._line)
        self._line += data[at : at + wanted]
        if not b"\r\n".startswith(self._line):
            raise bad_data_end(bytes(self._line))
        if len(self._line) == 2:
            self._line.clear()
            self._state = _SIZE
            if pieces and not pieces[-1][1]:
                pieces[-1] = (pieces[-1][0], True)
            else:
                pieces.append((b"", True))
        return at + wanted

    def _line_of(self, data: bytes, at: int) -> int:
        """Read a size line or a trailer field, or as much as there is of it."""
        accept = self._size_line if self._state == _SIZE else self._trailer_line
        end = data.find(b"\n", at) + 1
        if end:
            line = bytes(self._line) + data[at:end]
            self._line.clear()
            accept(line)
            return end
        self._line += data[at:]
        check_unfinished(bytes(self._line), self._limits, is_size=self._state == _SIZE)
        return len(data)

    def _size_line(self, line: bytes) -> None:
        self._left, extension = chunk_size(line, self._limits, self._extensions)
        self._extensions += extension
        self._state = _DATA if self._left else _TRAILER

    def _trailer_line(self, line: bytes) -> None:
        if line == b"\r\n":
            self._state = _DONE
            self.done = True
            return
        self._fields += 1
        self._trailer_size += len(line)
        check_trailer(line, self._limits, self._fields, self._trailer_size)


def chunk_size(line: bytes, limits: HeadLimits, extensions: int) -> tuple[int, int]:
    """Size of the chunk that line begins, and bytes of its extension, in a body that had extensions bytes of them."""
    if len(line) - 2 > limits.line:
        raise _too_long_size_line(line, limits)
    match = _is_size_line(line)
    if match is None:
        raise bad_size_line(line)
    digits, extension = match.groups(b"")
    if len(digits) > _MAX_SIZE_DIGITS or int(digits, 16) > _MAX_SIZE:
        raise TransferEncodingError(f"chunk size {digits[:80]!r} is too large, expected less than 2**63")
    if extensions + len(extension) > MAX_CHUNK_EXTENSIONS:
        raise LineTooLong(line, MAX_CHUNK_EXTENSIONS, "chunk extensions")
    return int(digits, 16), len(extension)


def check_trailer(line: bytes, limits: HeadLimits, fields: int, size: int) -> None:
    """Refuse line as the last of fields trailer fields that are size bytes together."""
    if len(line) - 2 > limits.field + _SEPARATOR:
        raise _too_long_trailer(line, limits)
    if not _is_field_line(line):
        raise InvalidHeader(line.rstrip(b"\r\n"))
    if fields > limits.fields:
        raise LineTooLong(line, limits.fields, "number of trailer fields")
    if size > limits.total:
        raise LineTooLong(line, limits.total, "trailer section")


def check_unfinished(line: bytes, limits: HeadLimits, *, is_size: bool) -> None:
    """Refuse a line whose end has not come, if that is already too late."""
    # A peer that says something else than a size may say no more: do not wait for its line's end.
    if is_size and not _may_become_size_line(line[: min(_JUDGED_EARLY, limits.line + 1)]):
        raise bad_size_line(line)
    if len(line) > 1 + (limits.line if is_size else limits.field + _SEPARATOR):  # a CR may be its last byte
        raise _too_long_size_line(line, limits) if is_size else _too_long_trailer(line, limits)


# A line that is too long is judged by as much of it as is read in any case: however it was cut,
# what is wrong with it is the same.


def _too_long_size_line(line: bytes, limits: HeadLimits) -> BadHttpMessage:
    if not _may_become_size_line(line[: limits.line + 1]):
        return bad_size_line(line)
    return LineTooLong(line, limits.line, "chunk size line")


def _too_long_trailer(line: bytes, limits: HeadLimits) -> BadHttpMessage:
    if not _is_field_line(line[: limits.field + _SEPARATOR + 1] + b"\r\n"):
        return InvalidHeader(line.rstrip(b"\r\n"))
    return LineTooLong(line, limits.field, "trailer field")


def bad_size_line(line: bytes) -> TransferEncodingError:
    return TransferEncodingError(f"bad chunk size line {line[:80]!r}, expected hex digits and CRLF")


def bad_data_end(end: bytes) -> TransferEncodingError:
    return TransferEncodingError(f"chunk data is followed by {end!r}, expected CRLF")


class WholeBody:
    """Room for a body of known length; the compiled one becomes bytes without being copied.

    There is one byte of room more than the body has: if it is filled, something came behind the body."""

    __slots__ = ("_at", "_bytes", "_size")

    def __init__(self, size: int) -> None:
        self._size = size
        self._at = 0
        self._bytes = bytearray(size + 1)

    @property
    def size(self) -> int:
        """Bytes of the body."""
        return self._size

    @property
    def left(self) -> int:
        """Bytes still to come; -1 if there was one too many."""
        return self._size - self._at

    def room(self) -> memoryview:
        """Where the next bytes go."""
        return memoryview(self._bytes)[self._at :]

    def fill(self, count: int) -> None:
        """The first count bytes of room() are there."""
        self._at += count

    def result(self) -> bytes:
        """The body; filled completely, asked for once, when nobody holds room any more."""
        with memoryview(self._bytes) as room:
            return bytes(room[: self._size])
