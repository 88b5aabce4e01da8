"""Small requests: one URL or as many as requests, calls of an API, over TLS, one and fifty at a time, beside others."""

from __future__ import annotations

import importlib
import json
import os
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

_HEADERS = {"Authorization": "Bearer 0123456789abcdef", "X-Request-Source": "benchmark"}
_QUESTION = {"name": "benchmark", "tags": ["a", "b"], "size": 12}


class Session:
    """aiohttp and aiohttp_client: the same lines of user code."""

    def __init__(
        self,
        module: str,
        url: str,
        concurrency: int,
        *,
        name: str = "",
        work: str = "same",
        context: ssl.SSLContext | None = None,
        backend: str = "",
    ) -> None:
        if backend:
            os.environ["AIOHTTP_CLIENT_BACKEND"] = backend  # each contestant has a process of its own
        self._module: Any = importlib.import_module(module)
        if backend and backend != self._module.BACKEND:
            raise RuntimeError(f"the backend is {self._module.BACKEND}, not {backend}")
        self.name = name or module
        self._url, self._concurrency = url, concurrency
        self._do = {"same": self._same, "distinct": self._distinct, "call": self._call}[work]
        self._context, self._number = context, 0

    async def start(self) -> list[contest.Work]:
        connector = self._module.TCPConnector(limit=0, ssl=self._context or True)
        self._session = self._module.ClientSession(connector=connector)
        return [self._do] * self._concurrency

    async def _same(self, count: int) -> None:
        get, url, body = self._session.get, self._url, servers.BODY
        for _ in range(count):
            async with get(url) as response:
                if response.status != 200 or await response.read() != body:
                    raise AssertionError(f"wrong answer: {response!r}")

    async def _distinct(self, count: int) -> None:
        get, body = self._session.get, servers.BODY
        for _ in range(count):
            self._number += 1
            async with get(f"{self._url}page/{self._number}?q={self._number}") as response:
                if response.status != 200 or await response.read() != body:
                    raise AssertionError(f"wrong answer: {response!r}")

    async def _call(self, count: int) -> None:
        """What calls to an API look like."""
        post, url, wanted = self._session.post, self._url, json.loads(servers.BODY)
        for _ in range(count):
            self._number += 1
            async with post(url, params={"page": self._number}, headers=_HEADERS, json=_QUESTION) as response:
                if response.status != 200 or await response.json() != wanted:
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
    both = [partial(Session, name, url, 50, work="distinct") for name in ("aiohttp", OURS)]
    yield Contest("GET small, 50 at a time, each another URL", [same, *both])
    compiled = partial(Session, OURS, url, 50, name="ours, compiled", backend="c")
    llhttp = partial(Session, OURS, url, 50, name="ours, httptools", backend="httptools")
    pure = partial(Session, OURS, url, 50, backend="py")
    yield Contest("GET small, 50 at a time, pure backend", [compiled, llhttp, pure])
    both = [partial(Session, name, url, 50, work="call") for name in ("aiohttp", OURS)]
    yield Contest("POST of JSON with params and headers, 50 at a time", both)
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
