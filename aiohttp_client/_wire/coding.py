"""Content-Encoding undone (RFC 9110 §8.4), a bounded step at a time.

A decoder gives out at most about what it is asked for, however much its input would become, so
that a small response cannot fill the memory. A coded body that ends early, goes on behind its
end, or fails its checksum is an error: half a page must not pass for a page.
"""

from __future__ import annotations

import zlib
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any, Protocol

from ..exceptions import ContentEncodingError

# Members of one gzip body (RFC 1952 §2.2), frames of one zstd body: each costs work, whether it gives output or not.
# Logs and BGZF have any number of them, but something in each: beyond the first so many, these bytes on average.
_MAX_MEMBERS = 1024
_MEMBER_SIZE = 64
_FRAME_SIZE = 4096  # to begin one takes 0.4 ms
# RFC 9659 §3: a zstd window a client must be able to hold; larger ones are refused.
_ZSTD_WINDOW_LOG = 23
_AUTO_GZIP, _ZLIB, _RAW_DEFLATE = 31, zlib.MAX_WBITS, -zlib.MAX_WBITS

# Where decoders of br and zstd are found, best first.
_BROTLI = ("brotlicffi", "brotli")
_ZSTD = ("compression.zstd", "backports.zstd")

_zlib: Any = zlib


def set_zlib_backend(module: ModuleType) -> None:
    """Use another module with zlib's interface, such as isal.isal_zlib or zlib_ng.zlib_ng, for gzip and deflate."""
    for name in ("decompressobj", "compressobj", "error"):
        if not hasattr(module, name):
            raise TypeError(f"{module!r} has no {name}, expected a module with zlib's interface")
    global _zlib
    _zlib = module


class Decoder(Protocol):
    """Undoes one body's coding."""

    @property
    def needs_input(self) -> bool:
        """False: output is waiting; call decode(b"", max_length) for it."""
        ...

    def decode(self, data: bytes, max_length: int) -> bytes:
        """Take data and give out at most about max_length bytes. Raises ContentEncodingError."""
        ...

    def finish(self) -> None:
        """The body has ended. Raises ContentEncodingError if the coded data has not."""


class _ZlibDecoder:
    """gzip with any number of members, or deflate in either of its two forms."""

    __slots__ = ("_coding", "_empty", "_given", "_members", "_object", "_pending")

    def __init__(self, coding: str) -> None:
        self._coding = coding
        self._object: Any = None
        self._pending = b""
        self._members = 0
        self._given = 0  # bytes
        self._empty = True

    @property
    def needs_input(self) -> bool:
        return not self._pending

    def decode(self, data: bytes, max_length: int) -> bytes:
        data = self._pending + data if self._pending else data
        self._pending = b""
        decoded: list[bytes] = []
        room = max_length
        while data and room > 0:
            self._empty = False
            if self._object is None or self._object.eof:
                self._begin(data)
            decompressor: Any = self._object
            try:
                piece = decompressor.decompress(data, room)
            except (_zlib.error, OSError, EOFError) as error:
                raise _cannot(self._coding, error) from error
            decoded.append(piece)
            room -= len(piece)
            self._given += len(piece)
            if decompressor.eof:
                data = decompressor.unused_data
            else:
                data = decompressor.unconsumed_tail
                if not data:
                    break
        self._pending = data
        return decoded[0] if len(decoded) == 1 else b"".join(decoded)

    def _begin(self, data: bytes) -> None:
        if self._coding == "deflate":
            if self._object is not None:
                raise _cannot(self._coding, f"{len(data)} bytes behind its end")
            # Meant is zlib's format (RFC 1950), whose first byte ends in 8; some servers send bare deflate.
            wbits = _ZLIB if data[0] & 0x0F == 8 else _RAW_DEFLATE
        else:
            wbits = _AUTO_GZIP
            self._members += 1
            if self._members > _MAX_MEMBERS + self._given // _MEMBER_SIZE:
                raise _cannot(self._coding, f"{self._members} members with {self._given} bytes in them")
        self._object = _zlib.decompressobj(wbits=wbits)

    def finish(self) -> None:
        if not self._empty and (self._pending or not self._object.eof):
            raise _cannot(self._coding, "it ends early")


class _BrotliDecoder:
    __slots__ = ("_empty", "_limited", "_module", "_object", "_pending")

    def __init__(self) -> None:
        self._module = _library("br", _BROTLI)
        self._object = self._module.Decompressor()
        self._pending = False
        self._empty = True

    @property
    def needs_input(self) -> bool:
        return not self._pending

    def decode(self, data: bytes, max_length: int) -> bytes:
        if data:
            self._empty = False
        try:
            decoded: bytes = self._object.process(data, output_buffer_limit=max_length)
        except TypeError as error:
            # Without the limit 100 bytes can become gigabytes.
            raise _cannot("br", "the library installed knows no output limit: pip install 'brotli>=1.2'") from error
        except self._module.error as error:
            raise _cannot("br", error) from error
        self._pending = not self._object.can_accept_more_data()
        return decoded

    def finish(self) -> None:
        if not self._empty and not self._object.is_finished():
            raise _cannot("br", "it ends early")


class _ZstdDecoder:
    __slots__ = ("_empty", "_frames", "_given", "_module", "_object", "_rest")

    def __init__(self) -> None:
        self._module = _library("zstd", _ZSTD)
        self._object: Any = None
        self._rest = b""
        self._frames = 0
        self._given = 0  # bytes
        self._empty = True

    @property
    def needs_input(self) -> bool:
        return not self._rest and (self._object is None or self._object.eof or self._object.needs_input)

    def decode(self, data: bytes, max_length: int) -> bytes:
        if data:
            self._empty = False
        data = self._rest + data if self._rest else data
        self._rest = b""
        decoded: list[bytes] = []
        room = max_length
        while room > 0:
            if self._object is None or self._object.eof:
                if not data:
                    break
                self._frames += 1
                if self._frames > _MAX_MEMBERS + self._given // _FRAME_SIZE:
                    raise _cannot("zstd", f"{self._frames} frames with {self._given} bytes in them")
                parameter = self._module.DecompressionParameter.window_log_max
                self._object = self._module.ZstdDecompressor(options={parameter: _ZSTD_WINDOW_LOG})
            try:
                piece = self._object.decompress(data, room)
            except self._module.ZstdError as error:
                raise _cannot("zstd", error) from error
            decoded.append(piece)
            room -= len(piece)
            self._given += len(piece)
            data = self._object.unused_data if self._object.eof else b""
            if not self._object.eof and (self._object.needs_input or not piece):
                break
        self._rest = data
        return b"".join(decoded)

    def finish(self) -> None:
        if not self._empty and (self._object is None or not self._object.eof or self._rest):
            raise _cannot("zstd", "it ends early")


def _cannot(coding: str, why: object) -> ContentEncodingError:
    return ContentEncodingError(f"Can not decode content-encoding: {coding}: {why}")


def _installed(names: tuple[str, ...]) -> str | None:
    for name in names:
        try:
            if find_spec(name) is not None:
                return name
        except ModuleNotFoundError:  # the package around it
            continue
    return None


def _library(coding: str, names: tuple[str, ...]) -> Any:
    name = _installed(names)
    if name is None:
        package = {"br": "brotli", "zstd": "backports.zstd"}[coding]
        raise ContentEncodingError(f"Can not decode content-encoding: {coding}: pip install {package}")
    return import_module(name)


# What we ask servers for: what can be decoded here. Nothing is imported to find out.
ACCEPT_ENCODING = ", ".join(
    ["gzip", "deflate", *(["br"] if _installed(_BROTLI) else []), *(["zstd"] if _installed(_ZSTD) else [])]
)


def decoder_for(coding: str) -> Decoder | None:
    """A decoder for one lower-case coding; None for others and for lists of them: such bodies stay as they are.

    Raises ContentEncodingError for br and zstd where no library for them is installed."""
    if coding in ("gzip", "deflate"):
        return _ZlibDecoder(coding)
    if coding == "br":
        return _BrotliDecoder()
    if coding == "zstd":
        return _ZstdDecoder()
    return None


def decode_whole(coding: str, data: bytes) -> bytes:
    """A whole body, decoded if coding is known. Raises ContentEncodingError."""
    decoder = decoder_for(coding)
    if decoder is None:
        return data
    pieces = [decoder.decode(data, _WHOLE_STEP)]
    while not decoder.needs_input:
        pieces.append(decoder.decode(b"", _WHOLE_STEP))
    decoder.finish()
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


_WHOLE_STEP = 2**20
