"""How programs end: `asyncio.run(main())` with a session in it, and close() with a thousand requests in flight.

    python ci/shutdown.py

On both loops, under -X dev with warnings as errors, against aiohttp.web in another process. A program that closes its
session ends without a word and without sleeping; one that does not is told so once; Ctrl-C is KeyboardInterrupt and
nothing else. close() takes less than a second, and every request that was under way says why it failed.
"""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import environment
from cancel_fuzz import LOOPS, descriptors, origin, runner, until

_IN_FLIGHT = 1000

Program = Callable[[Any], Any]


def _session(servers: dict[str, Any]) -> Any:
    import ssl

    import aiohttp_client as aiohttp

    context = ssl.create_default_context(cafile=servers["authority"])
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context, limit=_IN_FLIGHT // 2))


async def _use(session: Any, servers: dict[str, Any]) -> None:
    """HTTP, HTTPS and a WebSocket on either."""
    for scheme, port in (("http", servers["port"]), ("https", servers["tls_port"])):
        async with session.get(f"{scheme}://localhost:{port}/echo?n=1") as response:
            assert await response.text() == "1"
        async with session.ws_connect(f"{scheme.replace('http', 'ws')}://localhost:{port}/ws") as ws:
            await ws.send_str("x")
            assert await ws.receive_str() == "x"


async def closed(servers: dict[str, Any]) -> None:
    """Ends in order."""
    async with _session(servers) as session:
        await _use(session, servers)


async def closed_early(servers: dict[str, Any]) -> None:
    """A WebSocket and a response are still open, and another task is reading, when the session is closed."""
    import aiohttp_client as aiohttp

    session = _session(servers)
    ws = await session.ws_connect(f"wss://localhost:{servers['tls_port']}/ws")
    response = await session.get(f"https://localhost:{servers['tls_port']}/large?n=x")
    reading = asyncio.create_task(ws.receive())
    await asyncio.sleep(0)
    await session.close()
    assert (await asyncio.wait_for(reading, 5)).type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
    assert response.closed


async def never_closed(servers: dict[str, Any]) -> None:
    """Forgets to close its session."""
    session = _session(servers)
    await _use(session, servers)


async def interrupted(servers: dict[str, Any]) -> None:
    """Is stopped by Ctrl-C with a hundred requests under way."""
    async with _session(servers) as session, asyncio.TaskGroup() as tasks:
        for number in range(100):
            tasks.create_task(_never(session, servers, number))
        await until(lambda: session.connector._pool.in_use == 100)
        asyncio.get_running_loop().call_later(0.1, signal.raise_signal, signal.SIGINT)
        await asyncio.sleep(60)


async def _never(session: Any, servers: dict[str, Any], number: int) -> None:
    tls = number % 2
    url = f"http{'s' * tls}://localhost:{servers['tls_port' if tls else 'port']}/never"
    async with session.get(url):
        raise AssertionError("answered")


async def thousand_in_flight(servers: dict[str, Any]) -> None:
    """Half of them on connections, half of them waiting for one; one in two over TLS."""
    import aiohttp_client as aiohttp

    before = descriptors()
    session = _session(servers)
    tasks = [asyncio.create_task(_never(session, servers, number)) for number in range(_IN_FLIGHT)]
    await until(lambda: (descriptors() - before)["socket"] >= _IN_FLIGHT // 2)
    await asyncio.sleep(1)  # handshakes
    begun = time.monotonic()
    await session.close()
    seconds = time.monotonic() - begun
    done, pending = await asyncio.wait(tasks, timeout=1)
    assert not pending, f"{len(pending)} requests go on"
    errors = Counter(f"{type(task.exception()).__name__}: {task.exception()}" for task in done)
    assert all(isinstance(task.exception(), aiohttp.ClientConnectionError) for task in done), errors
    assert seconds < 1, seconds
    left = descriptors() - before
    assert not left["socket"], left
    print(f"close() took {seconds * 1000:.0f} ms; {dict(errors)}; descriptors left: {dict(left)}")


# What a program may say, by the end of its last line; None: nothing.
PROGRAMS: dict[str, tuple[Program, int, str | None]] = {
    "closed": (closed, 0, None),
    "closed early": (closed_early, 0, None),
    "never closed": (never_closed, 0, "Unclosed client session"),
    "interrupted": (interrupted, 130, None),
    "1000 in flight": (thousand_in_flight, 0, None),
}


def main() -> int:
    if sys.argv[1:2] == ["--here"]:
        _, _, loop, name, servers = sys.argv
        try:
            with runner(loop) as on_loop:
                on_loop.get_loop().slow_callback_duration = 10  # imports and contexts take their time
                on_loop.run(PROGRAMS[name][0](json.loads(servers)))
        except KeyboardInterrupt:
            return 130
        return 0
    environment.enter("test")
    environment.ensure("test")
    failed = False
    with tempfile.TemporaryDirectory() as folder, origin(folder) as (port, tls_port, authority):
        servers = json.dumps({"port": port, "tls_port": tls_port, "authority": authority})
        for loop in LOOPS:
            for name, (_, code, said) in PROGRAMS.items():
                command = [sys.executable, "-X", "dev", "-W", "error", __file__, "--here", loop, name, servers]
                begun = time.monotonic()
                done = subprocess.run(command, capture_output=True, text=True, timeout=120)
                seconds = time.monotonic() - begun
                right = done.returncode == code and (said in done.stderr if said else not done.stderr)
                print(f"{loop:<8} {name:<16} {seconds:4.1f} s  {'ok' if right else 'FAILED'}  {done.stdout.strip()}")
                if not right:
                    print(f"exit code {done.returncode}, expected {code}\n{done.stderr[-3000:]}")
                    failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
