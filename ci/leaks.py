"""Uses sessions, requests and responses up in great numbers, and looks whether memory and descriptors stay as they are.

    python ci/leaks.py            10 000 sessions, 1 000 000 requests on one session, 10 000 forgotten responses
    python ci/leaks.py --quick    a twentieth of that

On both loops, each in a process of its own, against aiohttp.web in another. Every answer is checked.
Every response that was forgotten before its body had come must give one ResourceWarning, and its slot back.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import itertools
import json
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import environment
from cancel_fuzz import LOOPS, descriptors, origin, runner

_AT_A_TIME = 50
# What the memory of a process that leaks nothing moves by: arenas, and pages the allocator keeps.
_SLACK = 3 * 2**20
_ROUNDS = 10

Job = Callable[[Iterator[int]], Awaitable[None]]


def _resident() -> int:
    """Bytes of memory in use, as the system counts."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


async def _look(name: str, count: int, job: Job) -> dict[str, Any]:
    """Do job count times, in rounds, and compare what is in use after the second with what is after the last."""
    numbers = iter(range(count))
    before = descriptors()
    memory: list[int] = []
    begun = time.monotonic()
    for _ in range(_ROUNDS):
        await job(itertools.islice(numbers, count // _ROUNDS))
        gc.collect()
        await asyncio.sleep(0.1)
        memory.append(_resident())
    growth = memory[-1] - memory[1]
    left = descriptors() - before
    return {
        "name": name,
        "count": count,
        "seconds": time.monotonic() - begun,
        "memory": memory[1],
        "growth": growth,
        "descriptors": dict(left),
        "failures": [f"memory grew by {growth:,} bytes: {memory}"] if growth > _SLACK else [],
    }


async def _shared_out(numbers: Iterator[int], one: Callable[[int], Awaitable[None]]) -> None:
    async def worker() -> None:
        for number in numbers:
            await one(number)

    await asyncio.gather(*[worker() for _ in range(_AT_A_TIME)])


async def _sessions(port: int, count: int) -> dict[str, Any]:
    import aiohttp_client as aiohttp

    async def one(number: int) -> None:
        url = f"http://127.0.0.1:{port}/echo?n={number}"
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            assert await response.text() == str(number)

    return await _look("sessions", count, lambda numbers: _shared_out(numbers, one))


async def _requests(port: int, count: int) -> dict[str, Any]:
    import aiohttp_client as aiohttp

    async with aiohttp.ClientSession() as session:

        async def one(number: int) -> None:
            async with session.get(f"http://127.0.0.1:{port}/echo?n={number}") as response:
                assert await response.text() == str(number)

        await _shared_out(iter(range(20_000)), one)  # opens the connections, and fills the cache of URLs
        return await _look("requests on one session", count, lambda numbers: _shared_out(numbers, one))


async def _forgotten(port: int, count: int) -> dict[str, Any]:
    import aiohttp_client as aiohttp

    # What does not fit into the buffer ends only with the connection.
    # Where slots are not given back, who waits for one must not wait for ever.
    connector, timeout = aiohttp.TCPConnector(limit=_AT_A_TIME), aiohttp.ClientTimeout(total=20)
    session = aiohttp.ClientSession(connector=connector, timeout=timeout, read_bufsize=2**14)

    async def one(number: int) -> None:
        response = await session.get(f"http://127.0.0.1:{port}/large?n={number}-")
        assert response.status == 200
        del response

    warned: Counter[str] = Counter()

    def show(message: Warning | str, category: type[Warning], *place: Any) -> None:
        warned[f"{category.__name__}: {str(message).partition(' on ')[0]}"] += 1

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = show  # what is recorded stays in memory
        result = await _look("forgotten responses", count, lambda numbers: _shared_out(numbers, one))
    if warned != {"ResourceWarning: Unclosed response": count}:
        result["failures"].append(f"warnings for {count} responses: {dict(warned)}")
    if session.connector._pool.in_use:
        result["failures"].append(f"slots are taken: {session.connector._pool!r}")
    await session.close()
    return result


async def _all(port: int, share: float) -> list[dict[str, Any]]:
    await _sessions(port, 10)  # what a loop opens once is here to stay
    before = descriptors()
    results = [
        await _sessions(port, int(10_000 * share)),
        await _requests(port, int(1_000_000 * share)),
        await _forgotten(port, int(10_000 * share)),
    ]
    await asyncio.sleep(0.2)
    if left := descriptors() - before:
        results[-1]["failures"].append(f"descriptors are left: {dict(left)}")
    return results


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a twentieth")
    parser.add_argument("--loop", choices=LOOPS, help="one loop")
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    share = 0.05 if options.quick else 1.0
    if options.port:
        warnings.simplefilter("error")
        with runner(options.loop) as loop:
            print(json.dumps(loop.run(_all(options.port, share))))
        return 0
    environment.enter("test")
    environment.ensure("test")
    if not Path("/proc/self/statm").exists():
        print("memory and descriptors are counted in /proc, which is not here")
        return 3
    failed = False
    with tempfile.TemporaryDirectory() as folder, origin(folder) as (port, _, _):
        for loop in [options.loop] if options.loop else LOOPS:
            command = [sys.executable, __file__, "--port", str(port), "--loop", loop, *(["--quick"] * options.quick)]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode or done.stderr:
                print(f"{loop}: {done.stdout}{done.stderr}")
                failed = True
                continue
            for result in json.loads(done.stdout):
                print(
                    f"{loop:<8} {result['count']:>9,} {result['name']:<24} {result['seconds']:5.0f} s, "
                    f"{result['memory'] / 2**20:.1f} MiB, growth {result['growth'] / 1024:+.0f} KiB, "
                    f"failures: {len(result['failures'])}"
                )
                for failure in result["failures"]:
                    print(f"    {failure}")
                failed = failed or bool(result["failures"])
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
