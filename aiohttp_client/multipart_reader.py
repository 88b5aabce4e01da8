"""Multipart bodies, read part by part (RFC 2046 §5.1, RFC 7578).

The bytes and the delimiters in them are the business of a PartSource. A part that is itself
multipart is read by another reader, whose source reads from the part.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, Self

from multidict import CIMultiDict, CIMultiDictProxy

from . import hdrs
from ._http import TOKEN
from ._wire.mime import content_type_parameter, parse_content_type
from .exceptions import BadHttpMessage, InvalidHeader
from .multipart_part import UNLIMITED, BodyPartReader, PartSource
from .streams import StreamReader

_MAX_BOUNDARY = 70  # RFC 2046 §5.1.1
# How deep parts may be in parts: each depth is a call of its own while reading.
_MAX_DEPTH = 32

_is_name = re.compile(TOKEN).fullmatch


class _Response(Protocol):
    """What a ClientResponse is to a reader."""

    @property
    def headers(self) -> CIMultiDictProxy[str]: ...
    @property
    def content(self) -> StreamReader: ...
    def release(self) -> object: ...


class MultipartReader:
    """The parts of a multipart body, one after the other: `async for part in reader`.

    A part is a BodyPartReader, or a MultipartReader where it is multipart itself; it is skipped,
    if it has not been read, by asking for the next one.
    client_max_size: bytes of a part that read() takes; max_size_error_cls: what it raises otherwise.
    max_field_size, max_headers: limits of the headers of a part.
    Raises ValueError for headers of something else, or without a usable boundary; ValueError,
    BadHttpMessage and LineTooLong, while reading, for a body that is not multipart.
    """

    part_reader_cls: ClassVar[type[BodyPartReader]] = BodyPartReader
    multipart_reader_cls: ClassVar[type[MultipartReader] | None] = None
    response_wrapper_cls: ClassVar[type[MultipartResponseWrapper]]

    def __init__(
        self,
        headers: Mapping[str, str],
        content: StreamReader | BodyPartReader,
        *,
        client_max_size: int = UNLIMITED,
        max_field_size: int = 8190,
        max_headers: int = 128,
        max_size_error_cls: type[Exception] = ValueError,
        _depth: int = 0,
    ) -> None:
        self.headers = headers
        if _depth > _MAX_DEPTH:
            raise ValueError(f"multipart in multipart, more than {_MAX_DEPTH} deep")
        content_type = headers.get(hdrs.CONTENT_TYPE, "")
        main, _, self._subtype = parse_content_type(content_type)[0].partition("/")
        if main != "multipart":
            raise ValueError(f"Content-Type is {content_type!r}, expected multipart/…")
        boundary = content_type_parameter(content_type, "boundary")
        if not boundary:
            raise ValueError(f"boundary missed for Content-Type: {content_type}")
        if len(boundary) > _MAX_BOUNDARY:
            raise ValueError(f"boundary {boundary[:80]!r} is too long, expected at most {_MAX_BOUNDARY} characters")
        self._depth = _depth
        self._options: dict[str, Any] = {
            "client_max_size": client_max_size,
            "max_field_size": max_field_size,
            "max_headers": max_headers,
            "max_size_error_cls": max_size_error_cls,
        }
        self._max_field_size = max_field_size
        self._max_headers = max_headers
        read = content.readany if isinstance(content, StreamReader) else content.read_chunk
        self._source = PartSource(read, boundary.encode("utf-8", "surrogateescape"))
        self._begun = False
        self._at_eof = False
        self._part: BodyPartReader | None = None
        self._nested: MultipartReader | None = None
        self._charset: str | None = None

    @classmethod
    def from_response(cls, response: _Response) -> MultipartResponseWrapper:
        """The parts of a response, which is released behind the last one."""
        return cls.response_wrapper_cls(response, cls(response.headers, response.content))

    def at_eof(self) -> bool:
        """Whether the closing delimiter has been read."""
        return self._at_eof

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> BodyPartReader | MultipartReader:
        part = await self.next()
        if part is None:
            raise StopAsyncIteration
        return part

    async def next(self) -> BodyPartReader | MultipartReader | None:
        """The next part; None behind the last one."""
        if self._at_eof:
            return None
        await self._skip()
        if not self._begun:
            await self._skip_preamble()
        if self._source.closed:
            await self._skip_epilogue()
            return None
        part = await self.fetch_next_part()
        if not self._begun:
            self._begun = True
            if isinstance(part, BodyPartReader) and self._subtype == "form-data" and part.name == "_charset_":
                # RFC 7578 §4.6: the charset of the fields that name none.
                charset = bytes(await part.read())
                if len(charset) > 31:
                    raise RuntimeError(f"invalid default charset, more than 31 bytes: {charset[:40]!r}")
                self._charset = charset.strip().decode("ascii", "replace")
                return await self.next()
        return part

    async def release(self) -> None:
        """Read and forget what is left."""
        while not self._at_eof:
            await self.next()

    async def fetch_next_part(self) -> BodyPartReader | MultipartReader:
        """Read the headers of a part and make its reader."""
        headers = await self._headers()
        part = self._part = self.part_reader_cls(
            self._source,
            headers,
            is_form_data=self._subtype == "form-data",
            default_charset=self._charset,
            max_size=self._options["client_max_size"],
            max_size_error=self._options["max_size_error_cls"],
        )
        self._nested = None
        if parse_content_type(headers.get(hdrs.CONTENT_TYPE, ""))[0].startswith("multipart/"):
            nested_class = self.multipart_reader_cls or type(self)
            self._nested = nested_class(headers, part, **self._options, _depth=self._depth + 1)
            return self._nested
        return part

    async def _skip(self) -> None:
        if self._part is not None:
            await self._part.release()
            self._part = None

    async def _skip_preamble(self) -> None:
        source = self._source
        begins_line = True
        while True:
            at_hand = source.data_at_hand(begins_line=begins_line)
            if at_hand:
                begins_line = False
                # The line break that a delimiter may begin with must not be cut off.
                source.consume(at_hand)
            if source.found is not None:
                source.pass_delimiter()
                if source.closed:
                    self._begun = True
                return
            if not await source.more():
                raise ValueError(f"Could not find starting boundary {source.boundary!r}")

    async def _skip_epilogue(self) -> None:
        self._at_eof = True
        source = self._source
        source.buffer.clear()
        while await source.more():
            source.buffer.clear()

    async def _headers(self) -> CIMultiDictProxy[str]:
        headers: CIMultiDict[str] = CIMultiDict()
        last = ""
        while line := await self._source.line(self._max_field_size + 2):
            text = line.decode("utf-8", "surrogateescape")
            if text[0] in " \t" and last:  # obs-fold (RFC 5322 §2.2.3)
                headers[last] = f"{headers[last]} {text.strip()}"
                continue
            name, colon, value = text.partition(":")
            if not colon or not _is_name(name):
                raise InvalidHeader(line)
            if len(headers) >= self._max_headers:
                raise BadHttpMessage(f"a part has more than {self._max_headers} headers")
            last = name
            headers.add(name, value.strip(" \t"))
        return CIMultiDictProxy(headers)


class MultipartResponseWrapper:
    """The parts of a response; behind the last one the response is released."""

    def __init__(self, resp: _Response, stream: MultipartReader) -> None:
        self.resp = resp
        self.stream = stream

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> BodyPartReader | MultipartReader:
        part = await self.next()
        if part is None:
            raise StopAsyncIteration
        return part

    def at_eof(self) -> bool:
        """Whether all of the response has been read."""
        return self.resp.content.at_eof()

    async def next(self) -> BodyPartReader | MultipartReader | None:
        """The next part; None behind the last one."""
        part = await self.stream.next()
        if self.stream.at_eof():
            await self.release()
        return part

    async def release(self) -> None:
        """Let go of the response."""
        self.resp.release()


MultipartReader.response_wrapper_cls = MultipartResponseWrapper
