"""The floor: what a request costs that is canned bytes written, and a look at the last byte of the answer.

No client on the same loop can be cheaper, so ratios to it say how much a client adds."""

from __future__ import annotations

import asyncio


class Floor(asyncio.Protocol):
    """One connection; fetch() is one exchange."""

    def __init__(self, request: bytes, last: int) -> None:
        self._request = request
        self._last = last
        self._waiter: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def fetch(self) -> asyncio.Future[None]:
        self._waiter = asyncio.get_running_loop().create_future()
        self._transport.write(self._request)
        return self._waiter

    def data_received(self, data: bytes) -> None:
        if data[-1] == self._last and self._waiter is not None:
            waiter, self._waiter = self._waiter, None
            waiter.set_result(None)

    def close(self) -> None:
        self._transport.close()


async def connect(port: int, last: int) -> Floor:
    """A connection to 127.0.0.1 whose answers end in the byte last."""
    request = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: */*\r\n\r\n".encode()
    _, floor = await asyncio.get_running_loop().create_connection(lambda: Floor(request, last), "127.0.0.1", port)
    return floor
