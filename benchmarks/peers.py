"""Other clients, each with the lines its own documentation gives for a GET."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager

Get = Callable[[str], Awaitable[tuple[int, bytes]]]


@contextlib.asynccontextmanager
async def httpx() -> AsyncIterator[Get]:
    import httpx

    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(limits=limits) as client:

        async def get(url: str) -> tuple[int, bytes]:
            response = await client.get(url)
            return response.status_code, response.content

        yield get


@contextlib.asynccontextmanager
async def niquests() -> AsyncIterator[Get]:
    import niquests

    async with niquests.AsyncSession(pool_maxsize=100) as session:

        async def get(url: str) -> tuple[int, bytes]:
            response = await session.get(url)
            return response.status_code or 0, response.content or b""

        yield get


@contextlib.asynccontextmanager
async def aiosonic() -> AsyncIterator[Get]:
    import aiosonic
    from aiosonic.pools import PoolConfig

    async with aiosonic.HTTPClient(aiosonic.TCPConnector(pool_configs={":default": PoolConfig(size=100)})) as client:

        async def get(url: str) -> tuple[int, bytes]:
            response = await client.get(url)
            return response.status_code, await response.content()

        yield get


@contextlib.asynccontextmanager
async def wreq() -> AsyncIterator[Get]:
    import wreq

    client = wreq.Client()

    async def get(url: str) -> tuple[int, bytes]:
        response = await client.get(url)
        return response.status.as_int(), await response.bytes()

    yield get


@contextlib.asynccontextmanager
async def rnet() -> AsyncIterator[Get]:
    import rnet

    client = rnet.Client()

    async def get(url: str) -> tuple[int, bytes]:
        response = await client.get(url)
        return response.status, await response.bytes()

    yield get


@contextlib.asynccontextmanager
async def pyreqwest() -> AsyncIterator[Get]:
    from pyreqwest.client import ClientBuilder

    async with ClientBuilder().build() as client:

        async def get(url: str) -> tuple[int, bytes]:
            response = await client.get(url).build().send()
            return response.status, bytes(await response.bytes())

        yield get


@contextlib.asynccontextmanager
async def primp() -> AsyncIterator[Get]:
    import primp

    client = primp.AsyncClient()

    async def get(url: str) -> tuple[int, bytes]:
        response = await client.get(url)
        return response.status_code, response.content

    yield get


@contextlib.asynccontextmanager
async def curl_cffi() -> AsyncIterator[Get]:
    from curl_cffi.requests import AsyncSession

    async with AsyncSession(max_clients=100) as session:

        async def get(url: str) -> tuple[int, bytes]:
            response = await session.get(url)
            return response.status_code, response.content

        yield get


PEERS: dict[str, Callable[[], AbstractAsyncContextManager[Get]]] = {
    made.__name__: made for made in (httpx, niquests, aiosonic, wreq, rnet, pyreqwest, primp, curl_cffi)
}
