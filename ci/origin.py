"""The demo's origin server, for a process of its own: GET /page/N answers pages.page(N).

Prints its port, then serves until its standard input ends, which it does with the process that started it."""

from __future__ import annotations

import asyncio
import sys
from functools import lru_cache

from pages import page

page = lru_cache(maxsize=30_000)(page)


class Origin(asyncio.Protocol):
    """HTTP/1.1 with keep-alive, as little of it as the demo's client needs."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._received = b""

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head, self._received = self._received[:end], self._received[end + 4 :]
            self._transport.write(answer(head))


def answer(head: bytes) -> bytes:
    _, _, rest = head.partition(b" /page/")
    number, _, _ = rest.partition(b" ")
    if not number.isdigit():
        return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    body = page(int(number))
    return (
        b"HTTP/1.1 200 OK\r\nServer: demo\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %d\r\n\r\n%b"
        % (len(body), body)
    )


async def main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Origin, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.buffer.read)
    server.close()


if __name__ == "__main__":
    try:
        import uvloop
    except ImportError:
        asyncio.run(main())
    else:
        uvloop.run(main())
