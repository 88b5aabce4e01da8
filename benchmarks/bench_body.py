"""Large bodies, down and up, one at a time: the bytes a second beside the floor and aiohttp."""

from __future__ import annotations

import importlib
import ssl
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from typing import Any

import contest
import floor
import servers
from contest import OURS, Contest

UPLOAD = 10 * servers.BLOCK
_BLOCK = len(servers.BLOCK)


class Client:
    """aiohttp or aiohttp_client with one session; a subclass says what is done with it."""

    def __init__(self, name: str, url: str, context: ssl.SSLContext | None = None) -> None:
        self._module: Any = importlib.import_module(name)
        self.name, self._url, self._context = name, url, context

    async def start(self) -> list[contest.Work]:
        connector = self._module.TCPConnector(ssl=self._context or True)
        self._session = self._module.ClientSession(connector=connector)
        return [self._work]

    async def stop(self) -> None:
        await self._session.close()

    async def _work(self, count: int) -> None:
        for _ in range(count):
            await self._exchange()

    async def _exchange(self) -> None:
        raise NotImplementedError


class Read(Client):
    async def _exchange(self) -> None:
        async with self._session.get(self._url) as response:
            body = await response.read()
        if len(body) != servers.LARGE or body[:_BLOCK] != servers.BLOCK or body[-_BLOCK:] != servers.BLOCK:
            raise AssertionError("wrong body")


class IterChunked(Client):
    async def _exchange(self) -> None:
        received, last = 0, b""
        async with self._session.get(self._url) as response:
            async for last in response.content.iter_chunked(65536):
                received += len(last)
        if received != servers.LARGE or not servers.BLOCK.endswith(last):
            raise AssertionError("wrong body")


class Post(Client):
    async def start(self) -> list[contest.Work]:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  # stop() closes it
        self._file.write(UPLOAD)
        return await super().start()

    async def stop(self) -> None:
        self._file.close()
        await super().stop()

    def _body(self) -> Any:
        return UPLOAD

    async def _exchange(self) -> None:
        async with self._session.post(self._url, data=self._body()) as response:
            if await response.text() != str(len(UPLOAD)):
                raise AssertionError("the server received something else")


class PostFile(Post):
    def _body(self) -> Any:
        # The clients close what they send: each time a new object for the same file.
        self._file.seek(0)
        return open(self._file.fileno(), "rb", closefd=False)


def contests(server: servers.Server) -> Iterator[Contest]:
    names = ("aiohttp", OURS)
    large = b"GET /large HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    bulk = partial(floor.Contestant, partial(floor.Large, large, servers.LARGE))
    url = f"http://127.0.0.1:{server.port}/large"
    for name, kind in (("read()", Read), ("iter_chunked(64 KiB)", IterChunked)):
        made = [partial(bulk, server.port), *(partial(kind, client, url) for client in names)]
        yield Contest(f"{name} of 100 MB", made, "bodies", servers.LARGE)
    context = ssl.create_default_context(cafile=server.authority)
    url = f"https://localhost:{server.tls_port}/large"
    for name, kind in (("read()", Read), ("iter_chunked(64 KiB)", IterChunked)):
        made = [partial(bulk, server.tls_port, context=context)]
        if contest.installed("aiofastnet"):
            made.append(
                partial(bulk, server.tls_port, context=context, name="floor, aiofastnet", connect=floor.fast_connect)
            )
        made += [partial(kind, client, url, context) for client in names]
        yield Contest(f"{name} of 100 MB over TLS", made, "bodies", servers.LARGE)
    head = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n" % len(UPLOAD)
    upload = partial(floor.Small, head + UPLOAD, str(len(UPLOAD)).encode()[-1])
    url = f"http://127.0.0.1:{server.sink_port}/"
    for name, kind in (("bytes", Post), ("a file", PostFile)):
        made = [partial(floor.Contestant, upload, server.sink_port), *(partial(kind, client, url) for client in names)]
        yield Contest(f"POST of {name}, 10 MB", made, "uploads", len(UPLOAD))


if __name__ == "__main__":
    sys.exit(contest.main(__doc__, __file__, contests, servers.running))
