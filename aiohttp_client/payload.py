"""Payloads: what a request body can be made of, how long it is, and how it is written.

A payload is asked for its size and its headers when the request head is made, and writes itself
when that has been sent; for a redirect it may have to do so again. PAYLOAD_REGISTRY finds the
class for a value.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
from abc import ABC, abstractmethod
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from enum import Enum
from typing import IO, Any, Generic, Protocol, TypeVar, runtime_checkable

from multidict import CIMultiDict

from . import hdrs
from ._wire.disposition import content_disposition
from ._wire.mime import parse_content_type
from .abc import AbstractStreamWriter
from .streams import StreamReader
from .typedefs import UNSET, JSONBytesEncoder, JSONEncoder, LooseHeaders, Unset

# Bytes read from a file and written at a time.
PIECE = 2**20

T = TypeVar("T")


class Order(Enum):
    """When a registered class is asked: before the others, with them, or when they have all declined."""

    normal = "normal"
    try_first = "try_first"
    try_last = "try_last"


class LookupError(Exception):
    """No payload class takes the value."""


def _guessed_type(filename: str | None) -> str | None:
    if filename is None:
        return None
    import mimetypes  # reads the system's tables, for those who send files

    return mimetypes.guess_type(filename)[0]


class Payload(ABC, Generic[T]):
    """A value as a request body.

    content_type: given, else guessed from filename, else the class's default; headers override it.
    size: bytes, or None if that is only known at the end.
    consumed: it has been written and cannot be again.
    """

    _default_content_type = "application/octet-stream"
    _size: int | None = None
    _wrapper: object = None

    def __init__(
        self,
        value: T,
        headers: LooseHeaders | None = None,
        content_type: str | Unset | None = UNSET,
        filename: str | None = None,
        encoding: str | None = None,
        **_: object,
    ) -> None:
        self._value = value
        self._encoding = encoding
        self._filename = filename
        self._headers: CIMultiDict[str] = CIMultiDict()
        self._consumed = False
        if not isinstance(content_type, Unset) and content_type is not None:
            self._headers[hdrs.CONTENT_TYPE] = content_type
        else:
            self._headers[hdrs.CONTENT_TYPE] = _guessed_type(filename) or self._default_content_type
        if headers:
            self._headers.update(headers)

    @property
    def size(self) -> int | None:
        return self._size

    @property
    def filename(self) -> str | None:
        return self._filename

    @property
    def headers(self) -> CIMultiDict[str]:
        return self._headers

    @property
    def encoding(self) -> str | None:
        return self._encoding

    @property
    def content_type(self) -> str:
        return self._headers[hdrs.CONTENT_TYPE]

    @property
    def consumed(self) -> bool:
        return self._consumed

    @property
    def autoclose(self) -> bool:
        """Whether close() has nothing to do."""
        return True

    def set_content_disposition(
        self, disptype: str, quote_fields: bool = True, _charset: str = "utf-8", **params: str
    ) -> None:
        """Describe the payload as a part of a multipart body. Raises ValueError for what cannot be sent."""
        self._headers[hdrs.CONTENT_DISPOSITION] = content_disposition(
            disptype, params, quote_fields=quote_fields, charset=_charset
        )

    @abstractmethod
    async def write(self, writer: AbstractStreamWriter) -> None:
        """Write the whole body to writer."""

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Write at most content_length bytes; the writer counts them."""
        await self.write(writer)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """The body as text. Raises TypeError for one that is not in memory."""
        raise TypeError(f"{type(self).__name__} is not in memory: it cannot be decoded without reading it")

    async def as_bytes(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """The whole body; reading it must leave it possible to write it."""
        return self.decode(encoding, errors).encode(encoding, errors)

    async def close(self) -> None:
        """The request is over: free what the payload holds."""


class BytesPayload(Payload[bytes | bytearray | memoryview]):
    """bytes, bytearray or memoryview."""

    def __init__(self, value: bytes | bytearray | memoryview, **options: Any) -> None:
        if not isinstance(value, (bytes, bytearray, memoryview)):
            raise TypeError(f"value must be bytes, bytearray or memoryview, got {type(value).__name__}")
        # The name of a file says something of a file; bytes are what their sender says.
        options.setdefault("content_type", self._default_content_type)
        super().__init__(value, **options)
        self._size = value.nbytes if isinstance(value, memoryview) else len(value)

    async def write(self, writer: AbstractStreamWriter) -> None:
        await writer.write(self._value)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return bytes(self._value).decode(encoding, errors)

    async def as_bytes(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        return bytes(self._value)


class StringPayload(BytesPayload):
    """str, encoded as the encoding given, else the charset of content_type, else UTF-8."""

    def __init__(
        self, value: str, *, encoding: str | None = None, content_type: str | None = None, **options: Any
    ) -> None:
        charset = encoding or (parse_content_type(content_type)[1] if content_type else None) or "utf-8"
        super().__init__(
            value.encode(charset),
            encoding=charset,
            content_type=content_type or f"text/plain; charset={charset}",
            **options,
        )


class StringIOPayload(StringPayload):
    """io.StringIO from its position on."""

    def __init__(self, value: IO[str], **options: Any) -> None:
        super().__init__(value.read(), **options)


class JsonBytesPayload(BytesPayload):
    """Any value as JSON, by a serializer that gives bytes."""

    def __init__(
        self, value: Any, dumps: JSONBytesEncoder, content_type: str = "application/json", **options: Any
    ) -> None:
        super().__init__(dumps(value), content_type=content_type, **options)


class JsonPayload(JsonBytesPayload):
    """Any value as JSON."""

    def __init__(
        self,
        value: Any,
        encoding: str = "utf-8",
        content_type: str = "application/json",
        dumps: JSONEncoder = json.dumps,
        **options: Any,
    ) -> None:
        super().__init__(value, lambda value: dumps(value).encode(encoding), content_type, encoding=encoding, **options)


class BytesIOPayload(Payload[io.BytesIO]):
    """io.BytesIO from its position on; left open."""

    def __init__(self, value: io.BytesIO, **options: Any) -> None:
        super().__init__(value, **options)
        self._start = value.tell()
        self._size = len(value.getbuffer()) - self._start

    async def write(self, writer: AbstractStreamWriter) -> None:
        self._value.seek(self._start)
        while piece := self._value.read(PIECE):
            await writer.write(piece)
            await asyncio.sleep(0)  # a large one must not hold up the loop

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return self._value.getvalue()[self._start :].decode(encoding, errors)

    async def as_bytes(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        return self._value.getvalue()[self._start :]


class IOBasePayload(Payload[IO[Any]]):
    """A binary file from its position on: read in another thread, a piece at a time, and closed in the end.

    disposition: of the file as a part, with its name; None for a body of its own.
    Raises ValueError for a file that is closed, or open for writing only."""

    def __init__(self, value: IO[Any], disposition: str | None = "attachment", **options: Any) -> None:
        if options.get("filename") is None:
            options["filename"] = _name_of(value)
        super().__init__(value, **options)
        if disposition and self._filename is not None and hdrs.CONTENT_DISPOSITION not in self._headers:
            self.set_content_disposition(disposition, filename=self._filename)
        raw = getattr(value, "raw", value)
        if isinstance(raw, io.FileIO) and not raw.readable():
            raise ValueError(f"{value!r} is open for writing only, expected a file to read from")
        self._start: int | None = None
        try:
            self._start = value.tell()
            # Those of gzip and its kin have another length than what is read from them.
            if value.seekable() and not isinstance(raw, io.BufferedIOBase):
                self._size = max(0, os.fstat(value.fileno()).st_size - self._start)
        except (OSError, AttributeError):
            pass  # no file of the system: nobody knows how long it is
        self._written = False

    @property
    def autoclose(self) -> bool:
        return False

    @property
    def consumed(self) -> bool:
        return self._value.closed or (self._written and self._start is None)

    async def write(self, writer: AbstractStreamWriter) -> None:
        loop = asyncio.get_running_loop()
        if self._value.closed:
            raise ValueError("a file is closed when it has been sent: open it again, or give an io.BytesIO")
        if self._written:
            if self._start is None:
                raise OSError("the file cannot be read a second time: it is not seekable")
            await loop.run_in_executor(None, self._value.seek, self._start)
        self._written = True
        left = self._size  # not more, if the file has grown: what was said of its length stands
        while left != 0 and writer.length != 0 and (piece := await loop.run_in_executor(None, self._read)):
            if left is not None:
                piece = piece[:left]
                left -= len(piece)
            await writer.write(piece)

    def _read(self) -> bytes:
        piece: bytes = self._value.read(PIECE)
        return piece

    async def as_bytes(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        def read() -> bytes:
            if self._start is not None:
                self._value.seek(self._start)
            pieces = []
            while piece := self._read():
                pieces.append(piece)
            return b"".join(pieces)

        self._written = True
        return await asyncio.get_running_loop().run_in_executor(None, read)

    async def close(self) -> None:
        self._value.close()


class BufferedReaderPayload(IOBasePayload):
    """A file opened with "rb"."""


class TextIOPayload(IOBasePayload):
    """A file opened as text, encoded again as it is read."""

    def __init__(
        self, value: IO[str], *, encoding: str | None = None, content_type: str | None = None, **options: Any
    ) -> None:
        charset = encoding or (parse_content_type(content_type)[1] if content_type else None) or "utf-8"
        super().__init__(
            value, encoding=charset, content_type=content_type or f"text/plain; charset={charset}", **options
        )
        # Newlines and encoding may differ from what is on the disk.
        self._size = None

    def _read(self) -> bytes:
        text: str = self._value.read(PIECE)
        return text.encode(self._encoding or "utf-8")


class AsyncIterablePayload(Payload[AsyncIterable[bytes]]):
    """An async iterable of bytes, sent as they come; it can be sent once."""

    def __init__(self, value: AsyncIterable[bytes], **options: Any) -> None:
        if not hasattr(value, "__aiter__"):
            raise TypeError(f"value must be an async iterable of bytes, got {type(value).__name__}")
        super().__init__(value, **options)
        self._iterator: AsyncIterator[bytes] | None = value.__aiter__()
        self._cached: bytes | None = None

    @property
    def consumed(self) -> bool:
        return self._iterator is None and self._cached is None

    async def write(self, writer: AbstractStreamWriter) -> None:
        if self._cached is not None:
            await writer.write(self._cached)
            return
        iterator, self._iterator = self._iterator, None
        if iterator is None:
            raise RuntimeError("the async iterable has been sent already, and cannot be started anew")
        try:
            async for piece in iterator:
                if not isinstance(piece, (bytes, bytearray, memoryview)):
                    raise TypeError(f"{type(self).__name__}: the iterable must give bytes, got {type(piece).__name__}")
                await writer.write(piece)
        finally:
            # A generator left in its middle closes now what it has open, not when it is collected.
            close = getattr(iterator, "aclose", None)
            if close is not None:
                await close()

    async def as_bytes(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        if self._cached is None:
            iterator, self._iterator = self._iterator, None
            if iterator is None:
                raise RuntimeError("the async iterable has been sent already, and cannot be started anew")
            self._cached = b"".join([bytes(piece) async for piece in iterator])
        return self._cached


class StreamReaderPayload(AsyncIterablePayload):
    """A StreamReader: fed by another task, or the content of another response."""

    def __init__(self, value: StreamReader, **options: Any) -> None:
        super().__init__(value.iter_any(), **options)


@runtime_checkable
class FileWrapper(Protocol):
    """What tempfile.NamedTemporaryFile() gives: no file, but there is one in it."""

    @property
    def file(self) -> IO[Any]: ...


def is_file(value: object) -> bool:
    """Whether value is a file, or wraps one."""
    return isinstance(value, io.IOBase) or (isinstance(value, FileWrapper) and isinstance(value.file, io.IOBase))


def _wrapped_file_payload(value: FileWrapper, **options: Any) -> Payload[Any]:
    payload = PAYLOAD_REGISTRY.get(value.file, **options)
    payload._wrapper = value  # which would close the file if it were collected before it is sent
    return payload


def _name_of(file: IO[Any]) -> str | None:
    """The base name of a file that has one."""
    name = getattr(file, "name", None)
    return os.path.basename(name) if isinstance(name, str) and not name.startswith("<") else None


Factory = Callable[..., Payload[Any]]


class PayloadRegistry:
    """Which class takes which type; ask with get()."""

    __slots__ = ("_exact", "_first", "_last", "_normal")

    def __init__(self) -> None:
        self._exact: dict[type, Factory] = {}
        self._first: list[tuple[Factory, Any]] = []
        self._normal: list[tuple[Factory, Any]] = []
        self._last: list[tuple[Factory, Any]] = []

    def register(self, factory: Factory, type: Any, *, order: Order = Order.normal) -> None:
        """Let factory take values of type, which may be a tuple of types."""
        if order is Order.try_first:
            self._first.append((factory, type))
        elif order is Order.try_last:
            self._last.append((factory, type))
        else:
            self._normal.append((factory, type))
            for exact in type if isinstance(type, Iterable) else (type,):
                self._exact[exact] = factory

    def get(self, data: Any, *args: Any, **options: Any) -> Payload[Any]:
        """data as a payload; a payload as it is. Raises LookupError if nothing takes it."""
        if isinstance(data, Payload):
            return data
        for factory, kind in self._first:
            if isinstance(data, kind):
                return factory(data, *args, **options)
        exact = self._exact.get(type(data))
        if exact is not None:
            return exact(data, *args, **options)
        for factory, kind in (*self._normal, *self._last):
            if isinstance(data, kind):
                return factory(data, *args, **options)
        raise LookupError(f"nothing is registered that makes a body of {type(data).__name__}")


PAYLOAD_REGISTRY = PayloadRegistry()


def get_payload(data: Any, *args: Any, **options: Any) -> Payload[Any]:
    """PAYLOAD_REGISTRY.get()."""
    return PAYLOAD_REGISTRY.get(data, *args, **options)


class payload_type:  # a decorator
    """Register the class decorated as the payload of a type."""

    def __init__(self, type: Any, *, order: Order = Order.normal) -> None:
        self._type = type
        self._order = order

    def __call__(self, factory: type[Payload[Any]]) -> type[Payload[Any]]:
        PAYLOAD_REGISTRY.register(factory, self._type, order=self._order)
        return factory


PAYLOAD_REGISTRY.register(BytesPayload, (bytes, bytearray, memoryview))
PAYLOAD_REGISTRY.register(StringPayload, str)
PAYLOAD_REGISTRY.register(StringIOPayload, io.StringIO)
PAYLOAD_REGISTRY.register(BytesIOPayload, io.BytesIO)
PAYLOAD_REGISTRY.register(BufferedReaderPayload, (io.BufferedReader, io.BufferedRandom))
PAYLOAD_REGISTRY.register(TextIOPayload, io.TextIOBase)
PAYLOAD_REGISTRY.register(StreamReaderPayload, StreamReader)
PAYLOAD_REGISTRY.register(IOBasePayload, io.IOBase)
PAYLOAD_REGISTRY.register(AsyncIterablePayload, AsyncIterable, order=Order.try_last)
PAYLOAD_REGISTRY.register(_wrapped_file_payload, FileWrapper, order=Order.try_last)
