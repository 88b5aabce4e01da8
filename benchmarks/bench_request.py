"""Small GETs, one URL or as many as requests, plain and over TLS, one and fifty at a time, beside floors and peers."""

from __future__ import annotations

import importlib
import ssl
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import contest
import floor
import peers
import servers
from contest import OURS, Contest


class Session:
    """aiohttp and aiohttp_client: the same lines of user code."""

    def __init__(
        self,
        module: str,
        url: str,
        concurrency: int,
        *,
        name: str = "",
        distinct: bool = False,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._module: Any = importlib.import_module(module)
        self.name = name or module
        self._url, self._concurrency = url, concurrency
        self._distinct, self._context, self._number = distinct, context, 0

    async def start(self) -> list[contest.Work]:
        connector = self._module.TCPConnector(limit=0, ssl=self._context or True)
        self._session = self._module.ClientSession(connector=connector)
        return [self._work_on_distinct if self._distinct else self._work] * self._concurrency

    async def _work(self, count: int) -> None:
        get, url, body = self._session.get, self._url, servers.BODY
        for _ in range(count):
            async with get(url) as response:
                if response.status != 200 or await response.read() != body:
                    raise AssertionError(f"wrong answer: {response!r}")

    async def _work_on_distinct(self, count: int) -> None:
        get, body = self._session.get, servers.BODY
        for _ in range(count):
            self._number += 1
            async with get(f"{self._url}page/{self._number}?q={self._number}") as response:
                if response.status != 200 or await response.read() != body:
                    raise AssertionError(f"wrong answer: {response!r}")

    async def stop(self) -> None:
        await self._session.close()


class Peer:
    """Another client."""

    def __init__(self, name: str, url: str, concurrency: int) -> None:
        self.name = name
        self._url, self._concurrency = url, concurrency

    async def start(self) -> list[contest.Work]:
        self._client = peers.PEERS[self.name]()
        self._get = await self._client.__aenter__()
        return [self._work] * self._concurrency

    async def _work(self, count: int) -> None:
        get, url, wanted = self._get, self._url, (200, servers.BODY)
        for _ in range(count):
            if tuple(answer := await get(url)) != wanted:
                raise AssertionError(f"wrong answer: {answer!r}")

    async def stop(self) -> None:
        await self._client.__aexit__(None, None, None)


def small_floor(port: int, concurrency: int, **options: Any) -> Callable[[], floor.Contestant]:
    make = partial(floor.Small, floor.REQUEST, servers.BODY[-1])
    return partial(floor.Contestant, make, port, concurrency, **options)


def contests(server: servers.Server) -> Iterator[Contest]:
    url = f"http://127.0.0.1:{server.port}/"
    for concurrency in (50, 1):
        both = [partial(Session, name, url, concurrency) for name in ("aiohttp", OURS)]
        yield Contest(f"GET small, {concurrency} at a time", [small_floor(server.port, concurrency), *both])
    same = partial(Session, OURS, url, 50, name="ours, one URL")
    both = [partial(Session, name, url, 50, distinct=True) for name in ("aiohttp", OURS)]
    yield Contest("GET small, 50 at a time, each another URL", [same, *both])
    context = ssl.create_default_context(cafile=server.authority)
    secure_url = f"https://localhost:{server.tls_port}/"
    both = [partial(Session, name, secure_url, 50, context=context) for name in ("aiohttp", OURS)]
    floors = [small_floor(server.tls_port, 50, context=context)]
    if contest.installed("aiofastnet"):
        floors.append(
            small_floor(server.tls_port, 50, context=context, name="floor, aiofastnet", connect=floor.fast_connect)
        )
    yield Contest("GET small over TLS, 50 at a time", [*floors, *both])
    others = [partial(Peer, name, url, 50) for name in contest.installed(*peers.PEERS)]
    both = [partial(Session, name, url, 50) for name in ("aiohttp", OURS)]
    yield Contest("GET small beside other clients, 50 at a time", [small_floor(server.port, 50), *both, *others])


if __name__ == "__main__":
    sys.exit(contest.main(__doc__, __file__, contests, servers.running))
