"""Floors: canned bytes written, and as little looked at in the answer as can be.

No client on the same loop can be cheaper, so ratios to them say how much a client adds."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import contest

Connect = Callable[..., Awaitable[tuple[Any, Any]]]
REQUEST = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n\r\n"


class _Exchanges(asyncio.BaseProtocol):
    _waiter: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def connection_lost(self, error: Exception | None) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(error or ConnectionError("closed in the middle of an answer"))


class Small(_Exchanges, asyncio.Protocol):
    """An answer that comes at once and is known by its last byte."""

    def __init__(self, request: bytes, last: int) -> None:
        self._request = request
        self._last = last

    def fetch(self) -> asyncio.Future[None]:
        self._waiter = asyncio.get_running_loop().create_future()
        self.transport.write(self._request)
        return self._waiter

    def data_received(self, data: bytes) -> None:
        if data[-1] == self._last and self._waiter is not None:
            waiter, self._waiter = self._waiter, None
            waiter.set_result(None)


class Large(_Exchanges, asyncio.BufferedProtocol):
    """An answer of many bytes, all received into one place and counted."""

    def __init__(self, request: bytes, size: int) -> None:
        self._request, self._size = request, size
        self._buffer = memoryview(bytearray(1024 * 1024))
        self._missing = 0

    def fetch(self) -> asyncio.Future[None]:
        self._missing, self._in_head = self._size, True
        self._waiter = asyncio.get_running_loop().create_future()
        self.transport.write(self._request)
        return self._waiter

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, count: int) -> None:
        if self._in_head:  # which comes in one piece
            self._in_head = False
            count -= bytes(self._buffer[:count]).index(b"\r\n\r\n") + 4
        self._missing -= count
        if not self._missing and self._waiter is not None:
            self._waiter.set_result(None)


class Echo(_Exchanges, asyncio.Protocol):
    """A WebSocket with one message, masked once and for all, of whose echoes the bytes are counted."""

    def __init__(self, upgrade: bytes, size: int) -> None:
        self._next = upgrade
        from aiohttp_client._backend import mask  # not above: another contestant's process is to choose its backend

        self._message = mask.frame(0x82, b"mask", bytes(size))
        self._size = self._missing = len(self._message) - 4  # an echo has no key

    def fetch(self) -> asyncio.Future[None]:
        self._waiter = asyncio.get_running_loop().create_future()
        self.transport.write(self._next)
        return self._waiter

    def data_received(self, data: bytes) -> None:
        if self._next is not self._message:  # the 101
            self._next = self._message
        else:
            self._missing -= len(data)
            if self._missing:
                return
            self._missing = self._size
        if self._waiter is not None:
            self._waiter.set_result(None)


class Contestant:
    """So many connections, each doing one exchange after the other."""

    def __init__(
        self,
        make: Callable[[], Small | Large | Echo],
        port: int,
        concurrency: int = 1,
        *,
        name: str = "floor",
        context: ssl.SSLContext | None = None,
        connect: Connect | None = None,
    ) -> None:
        self.name = name
        self._make, self._port, self._concurrency = make, port, concurrency
        self._context, self._connect = context, connect

    async def start(self) -> list[contest.Work]:
        connect = self._connect or asyncio.get_running_loop().create_connection
        options = {"ssl": self._context, "server_hostname": "localhost"} if self._context else {}
        self._made = [
            (await connect(self._make, "127.0.0.1", self._port, **options))[1] for _ in range(self._concurrency)
        ]
        return [self._worker(made) for made in self._made]

    def _worker(self, made: Small | Large | Echo) -> contest.Work:
        async def work(count: int) -> None:
            for _ in range(count):
                await made.fetch()

        return work

    async def stop(self) -> None:
        for made in self._made:
            made.transport.close()


async def fast_connect(*arguments: Any, **options: Any) -> Any:
    """loop.create_connection() of aiofastnet."""
    import aiofastnet

    return await aiofastnet.create_connection(asyncio.get_running_loop(), *arguments, **options)
