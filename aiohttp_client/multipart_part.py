"""One part of a multipart body, read up to the delimiter behind it (RFC 2046 §5.1, RFC 7578).

A PartSource holds what has arrived of the bytes around and in the parts, and knows where the next
delimiter is. A part reads from the source up to its delimiter; nothing depends on how the bytes were cut.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, Self
from urllib.parse import parse_qsl

from multidict import CIMultiDictProxy

from . import hdrs
from ._wire.coding import decoder_for
from ._wire.disposition import content_disposition_filename, parse_content_disposition
from ._wire.mime import parse_content_type
from .abc import AbstractStreamWriter
from .exceptions import ContentEncodingError, LineTooLong
from .payload import PAYLOAD_REGISTRY, Payload

# White space behind a delimiter that is still taken for padding.
_MAX_PADDING = 100
_PIECE = 2**16
UNLIMITED = 2**63 - 1

_padding = re.compile(rb"[ \t]*").match

_Read = Callable[[], Awaitable[bytes]]


class PartSource:
    """Bytes and the delimiters in them; boundary with its two dashes."""

    __slots__ = ("_read", "_searched", "boundary", "buffer", "closed", "ended", "found")

    def __init__(self, read: _Read, boundary: bytes) -> None:
        self._read = read
        self.boundary = b"--" + boundary
        self.buffer = bytearray()
        self.ended = False  # no more bytes will come
        self.closed = False  # the delimiter consumed last closes the body
        self.found: tuple[int, int, bool] | None = None  # data ends at, delimiter ends at, whether it closes
        self._searched = 0

    async def more(self) -> bool:
        """Read on: whether there is something new to know, be it only that this is the end."""
        if self.ended:
            return False
        data = await self._read()
        self.buffer += data
        self.ended = not data
        return True

    def consume(self, count: int) -> bytes:
        data = bytes(self.buffer[:count])
        del self.buffer[:count]
        self._searched = max(0, self._searched - count)
        if self.found is not None:
            end, behind, closes = self.found
            self.found = end - count, behind - count, closes
        return data

    def data_at_hand(self, *, begins_line: bool) -> int:
        """Bytes in front of the next delimiter, or of where one may begin; begins_line: one may begin at once."""
        if self.found is not None:
            return self.found[0]
        buffer, boundary = self.buffer, self.boundary
        at = buffer.find(boundary, self._searched)
        while at >= 0:
            if at == 0 and begins_line:
                end = 0
            elif at > 0 and buffer[at - 1] == 10:  # LF
                end = at - 2 if at > 1 and buffer[at - 2] == 13 else at - 1
            else:
                at = buffer.find(boundary, at + 1)
                continue
            behind = self._behind(at + len(boundary))
            if behind is None:  # what follows has to be seen
                self._searched = at
                return end
            if behind[0] > 0:
                self.found = end, *behind
                return end
            at = buffer.find(boundary, at + 1)
        if self.ended:
            return len(buffer)
        # A delimiter with its line break may have begun at the end.
        self._searched = max(0, len(buffer) - len(boundary) + 1)
        return max(0, len(buffer) - len(boundary) - 1)

    def _behind(self, at: int) -> tuple[int, bool] | None:
        """Where the delimiter whose boundary ends at ends itself, and whether it closes; (0, …) if it is none."""
        buffer = self.buffer
        closes = buffer[at : at + 2] == b"--"
        padding = _padding(buffer, at + 2 if closes else at)
        assert padding is not None
        end = padding.end()
        rest = buffer[end : end + 2]
        if rest[:1] == b"\n":
            return end + 1, closes
        if rest == b"\r\n":
            return end + 2, closes
        if end == len(buffer) or rest == b"\r" or (not closes and rest == b"-" and end == at):
            if self.ended:
                return (len(buffer), closes) if closes else (0, False)
            return (0, False) if end - at > _MAX_PADDING else None
        return 0, False

    def pass_delimiter(self) -> None:
        assert self.found is not None
        _, behind, self.closed = self.found
        self.found = None
        del self.buffer[:behind]
        self._searched = 0

    async def line(self, limit: int) -> bytes:
        """A line without its line break. Raises LineTooLong, or ValueError at the end."""
        while True:
            end = self.buffer.find(b"\n", self._searched)
            if end >= 0 or len(self.buffer) > limit:
                break
            self._searched = len(self.buffer)
            if not await self.more():
                raise ValueError("Reading after EOF: the multipart body ends within the headers of a part")
        if end < 0 or end > limit + 1:
            raise LineTooLong(bytes(self.buffer[:80]), limit)
        self._searched = 0
        return self.consume(end + 1).rstrip(b"\r\n")


class BodyPartReader:
    """One part: its headers, and its body to read once.

    Raises, while reading, ValueError if the body ends within the part."""

    def __init__(
        self,
        source: PartSource,
        headers: CIMultiDictProxy[str],
        *,
        is_form_data: bool = False,
        default_charset: str | None = None,
        max_size: int = UNLIMITED,
        max_size_error: type[Exception] = ValueError,
    ) -> None:
        self.headers = headers
        self._source = source
        self._is_form_data = is_form_data
        self._default_charset = default_charset
        self._max_size = max_size
        self._max_size_error = max_size_error
        self._begins_line = True
        self._at_eof = False
        self._unread = b""  # of readline() and the like
        self._left: int | None = None
        length = None if is_form_data else headers.get(hdrs.CONTENT_LENGTH)
        if length is not None:
            if not (length.isascii() and length.isdigit()):
                raise ValueError(f"Content-Length of a part must be a number, got {length!r}")
            self._left = int(length)

    # -- what it is

    @property
    def name(self) -> str | None:
        """name of Content-Disposition."""
        return content_disposition_filename(self._disposition(), "name")

    @property
    def filename(self) -> str | None:
        """filename of Content-Disposition, without a leading path separator."""
        return content_disposition_filename(self._disposition(), "filename")

    def _disposition(self) -> dict[str, str]:
        return parse_content_disposition(self.headers.get(hdrs.CONTENT_DISPOSITION))[1]

    def get_charset(self, default: str) -> str:
        """charset of Content-Type, else that of the form's _charset_ field, else default."""
        charset = parse_content_type(self.headers.get(hdrs.CONTENT_TYPE, ""))[1]
        return charset or self._default_charset or default

    def at_eof(self) -> bool:
        """Whether all of it has been read."""
        return self._at_eof and not self._unread

    # -- reading

    async def _piece(self, size: int) -> bytes:
        """Up to size bytes as they are; b"" at the end."""
        if self._unread:
            piece, self._unread = self._unread[:size], self._unread[size:]
            return piece
        source = self._source
        while not self._at_eof:
            if self._left:
                if not source.buffer:
                    if await source.more():
                        continue
                    break
                piece = source.consume(min(size, self._left, len(source.buffer)))
                self._left -= len(piece)
                self._begins_line = False
                return piece
            at_hand = source.data_at_hand(begins_line=self._begins_line)
            if at_hand:
                if self._left == 0:
                    raise ValueError(
                        f"a part does not end with its Content-Length: {bytes(source.buffer[:40])!r} follows"
                    )
                self._begins_line = False
                return source.consume(min(size, at_hand))
            if source.found is not None:
                source.pass_delimiter()
                self._at_eof = True
            elif not await source.more():
                break
        if not self._at_eof:
            raise ValueError("Reading after EOF: the multipart body ends within a part")
        return b""

    async def read_chunk(self, size: int = 8192) -> bytes:
        """Up to size bytes, not decoded; b"" at the end. Base64 is cut between groups of four."""
        if size < 1:
            raise ValueError(f"size must be positive, got {size}")
        chunk = await self._piece(size)
        if self._transfer_encoding() == "base64":
            while over := len(b"".join(chunk.split())) % 4:
                piece = await self._piece(4 - over)
                if not piece:
                    break
                chunk += piece
        return chunk

    async def read(self, *, decode: bool = False) -> bytearray:
        """All of it; with decode its encodings undone.

        Raises max_size_error_cls of the reader if that is more than its client_max_size."""
        body = bytearray()
        pieces = self._decoded_pieces() if decode else self._pieces()
        async for piece in pieces:
            body += piece
            if len(body) > self._max_size:
                raise self._max_size_error(f"a part is longer than client_max_size, {self._max_size} bytes")
        return body

    async def _pieces(self) -> AsyncIterator[bytes]:
        while piece := await self._piece(_PIECE):
            yield piece

    async def readline(self) -> bytes:
        """A line with its LF; b"" at the end."""
        line = bytearray()
        while piece := await self._piece(_PIECE):
            end = piece.find(b"\n") + 1
            if end:
                self._unread = piece[end:] + self._unread
                line += piece[:end]
                break
            line += piece
        return bytes(line)

    async def release(self) -> None:
        """Read and forget what is left."""
        while await self._piece(_PIECE):
            pass

    async def text(self, *, encoding: str | None = None) -> str:
        """All of it as text."""
        body = await self.read(decode=True)
        return body.decode(encoding or self.get_charset("utf-8"))

    async def json(self, *, encoding: str | None = None) -> Any:
        """All of it as JSON; None if it is empty."""
        body = await self.read(decode=True)
        return json.loads(body.decode(encoding or self.get_charset("utf-8"))) if body else None

    async def form(self, *, encoding: str | None = None) -> list[tuple[str, str]]:
        """All of it as an urlencoded form, with the fields that are empty."""
        body = await self.read(decode=True)
        charset = encoding or self.get_charset("utf-8")
        try:
            text = body.rstrip().decode(charset)
        except UnicodeDecodeError as error:
            raise ValueError(f"the form is not {charset}: {error}") from error
        return parse_qsl(text, keep_blank_values=True, encoding=charset)

    async def next(self) -> bytearray | None:
        """read(), None at the end."""
        return await self.read() or None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytearray:
        body = await self.next()
        if body is None:
            raise StopAsyncIteration
        return body

    # -- decoding

    def _transfer_encoding(self) -> str:
        return self.headers.get(hdrs.CONTENT_TRANSFER_ENCODING, "").lower().strip()

    def _content_encoding(self) -> str:
        # RFC 7578 §4.8: a form's parts have none.
        return "" if self._is_form_data else self.headers.get(hdrs.CONTENT_ENCODING, "").lower().strip()

    def decode(self, data: bytes | bytearray) -> bytes:
        """data of read() or read_chunk() with Content-Transfer-Encoding and Content-Encoding undone.

        Raises RuntimeError for encodings that are not known, ValueError for data not encoded that way."""
        decoded = bytearray()
        for piece in _decompressed(self._content_encoding(), [self._transfer_decoded(bytes(data))]):
            decoded += piece
            if len(decoded) > self._max_size:
                raise self._max_size_error(f"a part is longer than client_max_size, {self._max_size} bytes")
        return bytes(decoded)

    async def decode_iter(self, data: bytes | bytearray) -> AsyncIterator[bytes]:
        """decode(), in pieces of bounded size."""
        for piece in _decompressed(self._content_encoding(), [self._transfer_decoded(bytes(data))]):
            yield piece

    async def _decoded_pieces(self) -> AsyncIterator[bytes]:
        decompressor = _Decompressor(self._content_encoding())
        quoted = self._transfer_encoding() == "quoted-printable"
        while True:
            # A soft line break of quoted-printable must not be cut in two.
            chunk = await self.readline() if quoted else await self.read_chunk(_PIECE)
            if not chunk:
                break
            for piece in decompressor.feed(self._transfer_decoded(chunk)):
                yield piece
        decompressor.finish()

    def _transfer_decoded(self, data: bytes) -> bytes:
        encoding = self._transfer_encoding()
        if encoding == "base64":
            try:
                return base64.b64decode(data)
            except binascii.Error as error:
                raise ValueError(f"a part is not base64: {error}") from error
        if encoding == "quoted-printable":
            import quopri  # hardly ever needed

            return quopri.decodestring(data)
        if encoding in ("", "binary", "8bit", "7bit"):
            return data
        raise RuntimeError(f"unknown content transfer encoding: {encoding}")


class _Decompressor:
    """Undoes the Content-Encoding of a part, in pieces of bounded size."""

    __slots__ = ("_decoder",)

    def __init__(self, coding: str) -> None:
        if coding not in ("", "identity", "gzip", "deflate"):
            raise RuntimeError(f"unknown content encoding: {coding}")
        self._decoder = decoder_for(coding)

    def feed(self, data: bytes) -> Iterator[bytes]:
        decoder = self._decoder
        if decoder is None:
            yield data
            return
        try:
            yield decoder.decode(data, _PIECE)
            while not decoder.needs_input:
                yield decoder.decode(b"", _PIECE)
        except ContentEncodingError as error:
            raise ValueError(f"a part cannot be decoded: {error.message}") from error

    def finish(self) -> None:
        if self._decoder is not None:
            try:
                self._decoder.finish()
            except ContentEncodingError as error:
                raise ValueError(f"a part cannot be decoded: {error.message}") from error


def _decompressed(coding: str, data: list[bytes]) -> Iterator[bytes]:
    decompressor = _Decompressor(coding)
    for piece in data:
        yield from decompressor.feed(piece)
    decompressor.finish()


class BodyPartReaderPayload(Payload[BodyPartReader]):
    """A part as a request body: decoded, sent as it is read, once."""

    def __init__(self, value: BodyPartReader, **options: Any) -> None:
        super().__init__(value, filename=options.pop("filename", None) or value.filename, **options)

    async def write(self, writer: AbstractStreamWriter) -> None:
        self._consumed = True
        async for piece in self._value._decoded_pieces():
            await writer.write(piece)


PAYLOAD_REGISTRY.register(BodyPartReaderPayload, BodyPartReader)
