"""Takes uploads as fast as they come, and answers each with the count of its bytes. Argument: the port."""

from __future__ import annotations

import asyncio
import re
import sys

_length = re.compile(rb"content-length: (\d+)", re.I)


class Sink(asyncio.BufferedProtocol):
    """One connection; bodies must have a Content-Length."""

    # What was uploaded is of no interest: all connections may write over each other.
    _buffer = memoryview(bytearray(1024 * 1024))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._head = b""
        self._length = self._missing = 0

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, count: int) -> None:
        if not self._length:
            self._head += self._buffer[:count]
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return
            found = _length.search(self._head)
            assert found is not None, self._head
            self._length = self._missing = int(found[1])
            count = len(self._head) - end - 4
            self._head = b""
        self._missing -= count
        if self._missing <= 0:
            body = b"%d" % self._length
            self._length = 0
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", int(sys.argv[1]), backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    try:
        import uvloop
    except ImportError:
        asyncio.run(main())
    else:
        uvloop.run(main())
