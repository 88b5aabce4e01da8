"""Small GETs: the floor, aiohttp and aiohttp_client, turn by turn in one run, against a server in another process.

    python benchmarks/bench_request.py [--quick] [--distinct] [--json FILE] [--only NAME]

Each loop gets a process of its own, on one core; the server is on the other. Contestants take turns
(A B C A B C …), every answer is checked, and what counts are medians and ratios within the run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import servers
from floor import connect

Work = Callable[[int], Awaitable[None]]  # does so many requests, one after the other
LOOPS = ("asyncio", "uvloop")
CONCURRENCIES = (50, 1)


class FloorContestant:
    name = "floor"

    def __init__(self, port: int, concurrency: int, distinct: bool) -> None:
        self._port, self._concurrency = port, concurrency

    async def start(self) -> list[Work]:
        self._floors = [await connect(self._port, servers.BODY[-1]) for _ in range(self._concurrency)]
        return [self._worker(floor) for floor in self._floors]

    def _worker(self, floor: Any) -> Work:
        async def work(count: int) -> None:
            for _ in range(count):
                await floor.fetch()

        return work

    async def stop(self) -> None:
        for floor in self._floors:
            floor.close()


class SessionContestant:
    """aiohttp and aiohttp_client: the same lines of user code."""

    def __init__(self, port: int, concurrency: int, distinct: bool) -> None:
        self._url, self._concurrency, self._distinct = f"http://127.0.0.1:{port}/", concurrency, distinct
        self._number = 0

    async def start(self) -> list[Work]:
        module = __import__(self.name)
        self._session = module.ClientSession(connector=module.TCPConnector(limit=0))
        return [self._work] * self._concurrency

    async def _work(self, count: int) -> None:
        get, url, body = self._session.get, self._url, servers.BODY
        for _ in range(count):
            if self._distinct:
                self._number += 1
                url = f"{self._url}page/{self._number}?q={self._number}"
            async with get(url) as response:
                if response.status != 200 or await response.read() != body:
                    raise AssertionError(f"wrong answer: {response!r}")

    async def stop(self) -> None:
        await self._session.close()


class Aiohttp(SessionContestant):
    name = "aiohttp"


class Ours(SessionContestant):
    name = "aiohttp_client"


CONTESTANTS: list[type[Any]] = [FloorContestant, Aiohttp, Ours]


async def measure(port: int, options: argparse.Namespace) -> list[dict[str, Any]]:
    """One row for each contestant and concurrency: medians over the rounds."""
    rows = []
    for concurrency in CONCURRENCIES:
        total = options.requests if concurrency > 1 else options.requests // 4
        contestants = [kind(port, concurrency, options.distinct) for kind in CONTESTANTS]
        if options.only:
            contestants = [contestant for contestant in contestants if contestant.name == options.only]
        workers = {contestant.name: await contestant.start() for contestant in contestants}
        taken: dict[str, list[tuple[float, float]]] = {contestant.name: [] for contestant in contestants}
        for round_ in range(options.rounds + 1):
            for contestant in contestants:
                each = total // concurrency
                wall, cpu = time.perf_counter(), time.process_time()
                await asyncio.gather(*[work(each) for work in workers[contestant.name]])
                spent = time.perf_counter() - wall, time.process_time() - cpu
                if round_:  # the first one warms up
                    taken[contestant.name].append((spent[0] / each / concurrency, spent[1] / each / concurrency))
        for contestant in contestants:
            await contestant.stop()
            walls, cpus = zip(*taken[contestant.name], strict=True)
            rows.append(
                {
                    "contestant": contestant.name,
                    "concurrency": concurrency,
                    "per_second": 1 / statistics.median(walls),
                    "cpu_us": statistics.median(cpus) * 1e6,
                }
            )
    return rows


def run_loop(loop: str, port: int, options: argparse.Namespace) -> list[dict[str, Any]]:
    servers.pin(0)
    if loop == "uvloop":
        import uvloop

        factory = uvloop.new_event_loop
    else:
        factory = asyncio.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(measure(port, options))


def report(loop: str, rows: list[dict[str, Any]]) -> None:
    for concurrency in CONCURRENCIES:
        these = {row["contestant"]: row for row in rows if row["concurrency"] == concurrency}
        print(f"\n{loop}, {concurrency} at a time")
        for name, row in these.items():
            print(f"  {name:<15} {row['per_second']:>9,.0f} requests/s   {row['cpu_us']:>6.1f} us CPU each")
        ours = these.get("aiohttp_client")
        for other in ("aiohttp", "floor"):
            if ours and other in these:
                ratio = ours["per_second"] / these[other]["per_second"]
                print(f"  aiohttp_client / {other}: {ratio:.2f}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Small GETs: floor, aiohttp and aiohttp_client in one run.")
    parser.add_argument("--rounds", type=int, default=7, help="turns of each contestant (default: %(default)s)")
    parser.add_argument("--requests", type=int, default=10_000, help="requests a turn (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="5 turns of 4000 requests")
    parser.add_argument("--smoke", action="store_true", help="one short turn: does it run, are the answers right")
    parser.add_argument("--distinct", action="store_true", help="every URL a different one")
    parser.add_argument("--only", metavar="NAME", help="one contestant, for a profiler")
    parser.add_argument("--loop", choices=LOOPS, help="one loop")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)  # given to the process of each loop
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.requests = 5, 4000
    if options.smoke:
        options.rounds, options.requests = 1, 400
    if options.port:
        print(json.dumps(run_loop(options.loop, options.port, options)))
        return 0
    import aiohttp_client

    figures: dict[str, Any] = {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "backend": aiohttp_client.BACKEND,
        "versions": {name: version(name) for name in ("aiohttp_client", "aiohttp", "uvloop", "multidict", "yarl")},
        "loops": {},
    }
    with servers.running() as server:
        figures["server"] = server.name
        print(f"{figures['python']}, backend {figures['backend']}, against {server.name}; {figures['versions']}")
        for loop in [options.loop] if options.loop else LOOPS:
            command = [sys.executable, __file__, "--port", str(server.port), "--loop", loop]
            command += ["--rounds", str(options.rounds), "--requests", str(options.requests)]
            command += ["--distinct"] * options.distinct + (["--only", options.only] if options.only else [])
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
            if done.returncode:
                print(f"{loop}: failed", file=sys.stderr)
                return 1
            figures["loops"][loop] = rows = json.loads(done.stdout)
            report(loop, rows)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
