"""The embedded origin of the benchmarks: the answer nginx gives, from asyncio or uvloop. Argument: the port."""

from __future__ import annotations

import asyncio
import sys

from servers import _EXTRA, BODY

_ANSWER = (
    b"HTTP/1.1 200 OK\r\nServer: embedded\r\nDate: Mon, 23 Nov 2026 13:00:00 GMT\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\nConnection: keep-alive\r\n"
    % len(BODY)
    + "".join(f"{name}: {value}\r\n" for name, value in _EXTRA.items()).encode()
    + b"\r\n"
    + BODY
)


class Origin(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.write(_ANSWER * data.count(b"\r\n\r\n"))


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Origin, "127.0.0.1", int(sys.argv[1]), backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    try:
        import uvloop
    except ImportError:
        asyncio.run(main())
    else:
        uvloop.run(main())
