"""StreamWriter: a request body on its way out, framed, compressed, and no faster than the peer reads."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable
from typing import Any

from ..abc import AbstractStreamWriter
from ..exceptions import ClientConnectionError, ClientConnectionResetError
from .connection import JOINED_WRITE, Connection

# Bytes written before the transport is asked whether it has room.
_DRAIN = 64 * 1024


class StreamWriter(AbstractStreamWriter):
    """Writes one body to a connection; length is its Content-Length, None where it goes in chunks.

    head is sent with the first piece if that comes at once, else without waiting for it.
    on_chunk is awaited with each piece before it is compressed and framed."""

    def __init__(
        self,
        connection: Connection,
        head: bytes,
        length: int | None,
        on_chunk: Callable[[bytes], Awaitable[None]] | None = None,
    ) -> None:
        self._connection = connection
        self._head = head
        self.length = length
        self._declared = length
        self._chunked = False
        self._compressor: Any = None
        self._ended = False
        self._on_chunk = on_chunk
        self._taken = 0
        self._confirmed = 0
        self.buffer_size = 0
        self.output_size = 0

    @property
    def transport(self) -> asyncio.Transport | None:
        return self._connection.transport

    def confirm(self) -> int:
        """Bytes of body taken that are not in the transport's buffer any more; a few less if they are framed.

        Once the connection is closed: as of the last call before."""
        transport = self.transport
        if transport is not None and not transport.is_closing():
            self._confirmed = max(self._confirmed, self._taken - transport.get_write_buffer_size())
        return self._confirmed

    def enable_chunking(self) -> None:
        self._chunked = True

    def enable_compression(self, encoding: str = "deflate", strategy: int | None = None) -> None:
        wbits = 16 + zlib.MAX_WBITS if encoding == "gzip" else zlib.MAX_WBITS
        self._compressor = zlib.compressobj(
            wbits=wbits, strategy=zlib.Z_DEFAULT_STRATEGY if strategy is None else strategy
        )

    def send_headers(self) -> None:
        """Send the head now, if no piece of the body has taken it along."""
        if self._head:
            self._send(b"")

    def send_headers_if_open(self) -> None:
        """The same, where it does not matter if the connection has gone meanwhile."""
        if self.transport is not None and not self.transport.is_closing():
            self.send_headers()

    async def write(self, chunk: bytes | bytearray | memoryview) -> None:
        data = bytes(chunk)
        if self._on_chunk is not None:
            await self._on_chunk(data)
        self._taken += len(data)
        if self._compressor is not None:
            data = self._compressor.compress(data)
        self._write(data)
        if self.buffer_size > _DRAIN:
            await self.drain()

    async def write_eof(self, chunk: bytes = b"") -> None:
        if self._ended:
            return
        if self._compressor is not None:
            chunk = self._compressor.compress(chunk) + self._compressor.flush()
        self._write(chunk)
        if self.length:
            assert self._declared is not None
            raise ClientConnectionError(
                f"the request body ended after {self._declared - self.length} bytes, "
                f"expected the {self._declared} of Content-Length"
            )
        self._ended = True
        if self._chunked:
            self._send(b"0\r\n\r\n")
        else:
            self.send_headers()

    async def drain(self) -> None:
        self.buffer_size = 0
        await self._connection.drain()

    def _write(self, chunk: bytes) -> None:
        # An empty chunk would end a chunked body (RFC 9112 §7.1).
        if not chunk:
            return
        if self.length is not None:
            # Bytes beyond Content-Length would be read as the next request.
            chunk = chunk[: self.length]
            self.length -= len(chunk)
            if not self.length:
                self._connection.all_sent()
        if self._chunked:
            chunk = b"%x\r\n%b\r\n" % (len(chunk), chunk)
        self._send(chunk)

    def _send(self, data: bytes) -> None:
        transport = self._connection.transport
        if transport is None or transport.is_closing():
            raise ClientConnectionResetError("Cannot write to closing transport")
        head, self._head = self._head, b""
        size = len(head) + len(data)
        self.buffer_size += size
        self.output_size += size
        if head and len(data) > JOINED_WRITE:
            transport.write(head)
            transport.write(data)
        else:
            transport.write(head + data if head else data)
