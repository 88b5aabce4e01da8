"""Breaks connections in every way between the client and a real server, and closes them when that hurts most.

    python ci/faults.py            all of it: about five minutes
    python ci/faults.py --quick    every seventh position, a tenth of the requests

1. Faults: a relay that splits, delays, truncates, resets, half-closes, stalls, repeats, or adds rubbish to the
   response to a GET or a POST, at every byte of it. Each request gets its own answer or a documented error, before its
   deadline; the next one gets its own answer. The server counts what is posted: nothing comes twice.
2. Stale connections: a server that closes 0, 1, 5 or 50 ms after each answer, asked again at random moments, and at the
   very moment of closing; now and then it takes a request and closes without an answer. No GET fails; no POST is sent
   twice.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import itertools
import random
import socket
import struct
import sys
import tempfile
import time
from collections import Counter
from typing import Any

import environment

_DEADLINE = 1.0
_UPLOAD = bytes(range(256)) * 20
_RUBBISH = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"


class Relay:
    """Passes bytes between a client and 127.0.0.1:port; fault and position say what becomes of a response.

    size is that of the response, None while it is not known; seen is what a connection got so far."""

    def __init__(self, port: int) -> None:
        self._upstream = port
        self.fault: str = "none"
        self.position = 0
        self.size: int | None = None
        self.seen = b""
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        fault, position = self.fault, self.position
        upstream_reader, upstream = await asyncio.open_connection("127.0.0.1", self._upstream)
        asking = asyncio.create_task(_pump(reader, upstream))
        try:
            await self._answer(fault, position, upstream_reader, writer)
        except (ConnectionError, RuntimeError, asyncio.CancelledError):
            pass  # the client has hung up; uvloop says so by a RuntimeError
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            upstream.close()
            writer.close()

    async def _answer(
        self, fault: str, position: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if fault == "rubbish before":
            # Not all of it: a whole response is one, and no client can tell that it is not the server's.
            writer.write(_RUBBISH[: min(position, len(_RUBBISH) - 1)])
        sent = 0
        self.seen = b""
        while data := await reader.read(65536):
            self.seen += data
            if sent + len(data) == self.size:
                # The whole response is through: what comes now, nobody has asked for.
                if fault == "repeated behind":
                    data += self.seen[: position + 1]
                elif fault == "rubbish behind":
                    data += _RUBBISH[: position + 1]
            before, at, behind = data, b"", b""
            if sent <= position < sent + len(data):
                before, at = data[: position - sent], data[position - sent :]
                at, behind = at[:1], at[1:]
            sent += len(data)
            writer.write(before)
            if not at:
                continue
            await asyncio.sleep(0)
            if fault == "truncated":
                return
            if fault == "reset":
                await writer.drain()
                linger = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                writer.transport.abort()
                return
            if fault == "half-closed":
                writer.write_eof()
                await asyncio.sleep(_DEADLINE * 2)
                return
            if fault == "stalled":
                await asyncio.sleep(_DEADLINE * 3)
                return
            if fault == "delayed":
                await asyncio.sleep(0.01)
            writer.write(at)
            if fault == "split":
                for number in range(len(behind)):
                    await asyncio.sleep(0)
                    writer.write(behind[number : number + 1])
                continue
            if fault == "repeated":
                writer.write(at)
            if fault == "rubbish within":
                writer.write(b"\x00\r\n")
            writer.write(behind)


# What they make of the bytes may be another answer, just as well formed: the client cannot know.
_CHANGING = ("repeated", "rubbish within", "rubbish before")
FAULTS = (
    *("none", "split", "delayed", "truncated", "reset", "half-closed", "stalled", "repeated behind", "rubbish behind"),
    *_CHANGING,
)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()


async def faults(aiohttp: Any, port: int, step: int) -> list[str]:
    """What went wrong."""
    wrong: list[str] = []
    outcomes: Counter[str] = Counter()
    documented = (aiohttp.ClientError, TimeoutError)
    posts = 0
    relay = Relay(port)
    await relay.start()
    numbers = itertools.count()

    async def exchange(session: Any, path: str) -> None:
        nonce = f"nonce-{next(numbers):07}"
        url = f"http://127.0.0.1:{relay.port}/{path}?n={nonce}"
        nonlocal posts
        posts += path == "upload"
        method, data = ("POST", _UPLOAD) if path == "upload" else ("GET", None)
        async with session.request(method, url, data=data) as response:
            text = await response.text()
        expected = {
            "echo": nonce,
            "stream": "".join(f"{nonce} {number}\n" for number in range(10)),
            "upload": f"{nonce} {hashlib.sha256(_UPLOAD).hexdigest()}",
        }[path]
        if response.status != 200 or text != expected:
            raise AssertionError(f"status {response.status}, body {text!r}, expected {expected!r}")

    async def one(fault: str, path: str, position: int) -> None:
        timeout = aiohttp.ClientTimeout(total=_DEADLINE)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            begun = time.monotonic()
            try:
                relay.fault, relay.position = fault, position
                await exchange(session, path)
                outcomes["right answers"] += 1
            except documented:
                outcomes["documented errors"] += 1
                if fault in ("none", "split", "delayed", "repeated behind", "rubbish behind"):
                    raise
            except AssertionError:
                if fault not in _CHANGING:
                    raise
                outcomes["other bytes, another answer"] += 1
            if time.monotonic() - begun > _DEADLINE * 1.7:
                raise AssertionError(f"took {time.monotonic() - begun:.1f} s, the deadline is {_DEADLINE} s")
            relay.fault = "none"
            await exchange(session, "echo")

    async def size_of(path: str) -> int:
        relay.fault, relay.size = "none", None
        async with aiohttp.ClientSession() as session:
            await exchange(session, path)
        return len(relay.seen)

    for path in ("echo", "stream", "upload"):
        size = await size_of(path)
        for fault in FAULTS:
            # What ends with the deadline takes a second each time.
            for position in range(0, size, step * (10 if fault == "stalled" else 1)):
                relay.size = size
                try:
                    await one(fault, path, position)
                except Exception as error:
                    wrong.append(f"{fault} at byte {position} of /{path}: {error!r}")
    await relay.stop()
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/posted") as response:
        posted = await response.json()
    if posted["twice"] or not posted["nonces"] <= posts:
        wrong.append(f"of {posts} uploads the server has seen {posted}")
    total = sum(outcomes.values())
    print(f"  faults: {total:,} injected: {', '.join(f'{n:,} {what}' for what, n in outcomes.items())}")
    print(f"  uploads: {posts:,}, of which the server has seen {posted['nonces']:,}, twice {posted['twice']:,}")
    return wrong


class Closing:
    """A server that closes each connection some time after each answer, and counts what it is told to do.

    One in twenty requests on a connection used before it carries out and does not answer: whoever sends that again has
    it done twice."""

    def __init__(self) -> None:
        self.seen: Counter[bytes] = Counter()
        self.connections = 0
        self.unanswered = 0
        self.after = 0.0
        self.numbers = itertools.count()

    async def start(self) -> None:
        self._server = await asyncio.get_running_loop().create_server(lambda: _ClosingConnection(self), "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self._server.close()


class _ClosingConnection(asyncio.Protocol):
    def __init__(self, server: Closing) -> None:
        self._server = server
        self._received = b""
        self._used = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._server.connections += 1
        self._timer: asyncio.TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, rest = self._received.partition(b"\r\n\r\n")
        if not end or (head.startswith(b"POST") and rest != b"body"):
            return
        self._received = b""
        method, nonce, _ = head.split(b" ", 2)
        if method == b"POST":
            self._server.seen[nonce] += 1
        if self._used and next(self._server.numbers) % 20 == 0:
            self._server.unanswered += 1
            self._transport.close()
            return
        self._used = True
        if self._timer is not None:
            self._timer.cancel()
        self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(nonce), nonce))
        self._timer = asyncio.get_running_loop().call_later(self._server.after, self._transport.close)

    def connection_lost(self, error: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()


async def stale(aiohttp: Any, count: int) -> list[str]:
    """What went wrong."""
    wrong: list[str] = []
    server = Closing()
    await server.start()
    failed: Counter[str] = Counter()
    numbers = itertools.count()
    pause = random.Random(7230).random
    posts = 0

    async def worker(session: Any, method: str, share: int, spread: float) -> None:
        for _ in range(share):
            path = f"/{next(numbers)}"
            try:
                data = b"body" if method == "POST" else None
                async with session.request(method, f"http://127.0.0.1:{server.port}{path}", data=data) as response:
                    if await response.text() != path:
                        wrong.append(f"somebody else's answer to {path}")
            except aiohttp.ClientError as error:
                failed[f"{method} {type(error).__name__}"] += 1
                if method == "GET":
                    wrong.append(f"GET {path}: {error!r}")
            await asyncio.sleep(server.after * (1 + spread * (2 * pause() - 1)))

    # What the pauses between requests differ by from the time the server waits: by all of it, or hardly, so that both
    # act at the same moment.
    for after, spread, share in (
        (0.0, 1.0, 0.3), (0.001, 1.0, 0.2), (0.005, 1.0, 0.2), (0.005, 0.1, 0.1), (0.05, 1.0, 0.1), (0.05, 0.02, 0.1)
    ):  # fmt: skip
        server.after = after
        async with aiohttp.ClientSession() as session:
            for method, part in (("GET", 1.0), ("POST", 0.2)):
                each = max(1, int(count * share * part / 50))
                posts += each * 50 if method == "POST" else 0
                await asyncio.gather(*[worker(session, method, each, spread) for _ in range(50)])
        repeated = sum(times > 1 for times in server.seen.values())
        if repeated:
            wrong.append(f"{repeated} POST requests were carried out twice")
        server.seen.clear()
    await server.stop()
    print(
        f"  stale: {next(numbers):,} requests, {posts:,} of them POST, on {server.connections:,} connections; "
        f"{server.unanswered:,} carried out and not answered; errors: {dict(failed) or 'none'}"
    )
    return wrong


async def _all(port: int, quick: bool) -> list[str]:
    import aiohttp_client as aiohttp

    return await faults(aiohttp, port, 7 if quick else 1) + await stale(aiohttp, 10_000 if quick else 100_000)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer positions and requests")
    options = parser.parse_args()
    environment.enter("test")
    environment.ensure("test")
    from cancel_fuzz import LOOPS, origin, runner

    failures = []
    with tempfile.TemporaryDirectory() as folder, origin(folder) as (port, _, _):
        for name in LOOPS:
            print(name, flush=True)
            with runner(name) as loop:
                wrong = loop.run(_all(port, options.quick))
            print(f"  failures: {len(wrong)}")
            for failure in wrong[:20]:
                print(f"    {failure}")
            failures += wrong
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
