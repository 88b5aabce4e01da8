"""What grows with what: time and memory by concurrency, hosts, cookies, waiters, idle connections; and the import.

    python benchmarks/bench_scale.py [--quick|--smoke] [--json FILE] [--probe NAME]

Each figure is the median of several processes, the contestants' taken in turns."""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import contest
import servers
from contest import OURS

Figures = dict[str, float]
_Key = tuple[str, str]  # what is measured, of which contestant


def _rss() -> float:
    """Bytes of memory this process has, now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


async def _fetch(session: Any, url: str, wanted: bytes) -> None:
    async with session.get(url) as response:
        if response.status != 200 or await response.read() != wanted:
            raise AssertionError(f"wrong answer: {response!r}")


class _Everywhere:
    """A resolver to which every name is this machine."""

    async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list[dict[str, Any]]:
        return [{"hostname": host, "host": "127.0.0.1", "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}]

    async def close(self) -> None:
        pass


def _session(module: Any, limit: int = 0, **options: Any) -> Any:
    resolver = type("Everywhere", (_Everywhere, module.abc.AbstractResolver), {})()
    connector = module.TCPConnector(limit=limit, resolver=resolver, ttl_dns_cache=None)
    return module.ClientSession(connector=connector, timeout=module.ClientTimeout(total=300), **options)


async def _cost(count: int, work: Callable[[], Awaitable[object]]) -> Figures:
    """Microseconds of the processor for each of count."""
    gc.collect()
    begun = time.process_time()
    await work()
    return {"us CPU a request": (time.process_time() - begun) / count * 1e6}


async def concurrency(module: Any, server: servers.Server, count: int) -> Figures:
    """count requests at a time, again and again, on connections that are open."""
    url = f"http://127.0.0.1:{server.port}/"
    async with _session(module) as session:

        async def all_at_once() -> None:
            await asyncio.gather(*[_fetch(session, url, servers.BODY) for _ in range(count)])

        async def turns() -> None:
            for _ in range(max(2, 10_000 // count)):
                await all_at_once()

        await all_at_once()
        return await _cost(max(2, 10_000 // count) * count, turns)


async def hosts(module: Any, server: servers.Server, count: int) -> Figures:
    """Fifty requests at a time to count hosts in turns, each with an idle connection."""
    urls = [f"http://host-{number}.test:{server.port}/" for number in range(count)] * max(2, 10_000 // count)
    async with _session(module) as session:

        async def work(part: int) -> None:
            for url in urls[part::50]:
                await _fetch(session, url, servers.BODY)

        async def all_of_them() -> None:
            await asyncio.gather(*[work(part) for part in range(50)])

        await all_of_them()
        return await _cost(len(urls), all_of_them)


async def cookies(module: Any, server: servers.Server, count: int) -> Figures:
    """Requests with count cookies of other sites in the jar."""
    url = f"http://host.test:{server.port}/"
    async with _session(module) as session:
        for number in range(count):
            site = importlib.import_module("yarl").URL(f"http://site-{number % 1000}.test/")
            session.cookie_jar.update_cookies({f"name-{number}": "value"}, site)

        async def work() -> None:
            for _ in range(2000):
                await _fetch(session, url, servers.BODY)

        return await _cost(2000, work)


async def waiters(module: Any, server: servers.Server, count: int) -> Figures:
    """count requests at a time for 100 connections."""
    url = f"http://127.0.0.1:{server.port}/"
    async with _session(module, limit=100) as session:

        async def all_at_once() -> None:
            await asyncio.gather(*[_fetch(session, url, servers.BODY) for _ in range(count)])

        return await _cost(count, all_at_once)


async def idle(module: Any, server: servers.Server, count: int) -> Figures:
    """Idle connections to count hosts, opened 50 at a time."""
    async with _session(module) as session:
        await _fetch(session, f"http://127.0.0.1:{server.port}/", servers.BODY)
        gc.collect()
        before = _rss()

        async def work(part: int) -> None:
            for number in range(part, count, 50):
                await _fetch(session, f"http://host-{number}.test:{server.port}/", servers.BODY)

        await asyncio.gather(*[work(part) for part in range(50)])
        gc.collect()
        return {"KiB a connection": (_rss() - before) / count / 1024}


async def slow(module: Any, server: servers.Server, count: int) -> Figures:
    """count requests at a time, each answered after two seconds."""
    async with _session(module) as session:
        await _fetch(session, f"http://127.0.0.1:{server.slow_port}/0", b"ok")
        gc.collect()
        before, begun, cpu = _rss(), time.perf_counter(), time.process_time()
        url = f"http://127.0.0.1:{server.slow_port}/2"
        tasks = [asyncio.create_task(_fetch(session, url, b"ok")) for _ in range(count)]
        most = before
        while tasks[-1:] and not all(task.done() for task in tasks[-100:]):
            most = max(most, _rss())
            await asyncio.sleep(0.05)
        await asyncio.gather(*tasks)
        return {
            "s in all": time.perf_counter() - begun,
            "us CPU a request": (time.process_time() - cpu) / count * 1e6,
            "KiB a request": (most - before) / count / 1024,
        }


class Probe(NamedTuple):
    measure: Callable[[Any, servers.Server, int], Awaitable[Figures]]
    counts: tuple[int, ...]


PROBES = {
    probe.measure.__name__: probe
    for probe in (
        Probe(concurrency, (1, 100, 1000, 8000)),
        Probe(hosts, (1, 100, 8000)),
        Probe(cookies, (0, 5000)),
        Probe(waiters, (1000, 20_000, 100_000)),
        Probe(idle, (5000,)),
        Probe(slow, (10_000,)),
    )
}
_BYTECODE = tempfile.TemporaryDirectory()
_IMPORTS = {OURS: f"import {OURS}", "aiohttp": "import aiohttp", "asyncio and yarl": "import asyncio, yarl"}


def _import_cost(statement: str) -> Figures:
    """Of a process that does nothing else, over one that does nothing; from bytecode, as installed packages have it."""

    def once(code: str) -> tuple[float, float]:
        code += "; import time; print(time.process_time(), open('/proc/self/statm').read())"
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": _BYTECODE.name},
        )
        seconds, _, pages, *_ = map(float, done.stdout.split())
        return seconds, pages * resource.getpagesize()

    once(statement)  # writes the bytecode
    costs = []
    for _ in range(5):
        with_it, without = once(statement), once("pass")
        costs.append((with_it[0] - without[0], with_it[1] - without[1]))
    seconds, size = (statistics.median(values) for values in zip(*costs, strict=True))
    return {"ms CPU": seconds * 1e3, "MB": size / 1e6}


def _probe_in_a_process(server: servers.Server, name: str, module: str, count: int) -> Figures:
    command = [
        sys.executable,
        __file__,
        "--server",
        json.dumps(server._asdict()),
        "--measure",
        name,
        module,
        str(count),
    ]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    figures: Figures = json.loads(done.stdout)
    return figures


def _measure(name: str, module: str, count: str, server: servers.Server) -> None:
    servers.pin(0)
    try:
        import uvloop

        factory = uvloop.new_event_loop
    except ImportError:
        factory = asyncio.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        figures = runner.run(PROBES[name].measure(importlib.import_module(module), server, int(count)))
    print(json.dumps(figures))


def _imports() -> dict[_Key, Callable[[], Figures]]:
    return {("import", name): partial(_import_cost, code) for name, code in _IMPORTS.items()}


def _probes(server: servers.Server, name: str, part: int) -> dict[_Key, Callable[[], Figures]]:
    """How a probe is measured for each of its counts, or for a part of it."""
    planned = {}
    for full in PROBES[name].counts:
        count = max(full // part, min(full, 1))
        for module in (OURS, "aiohttp"):
            planned[f"{name} {count:,}", module] = partial(_probe_in_a_process, server, name, module, count)
    return planned


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="processes for each figure (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="one process for each figure")
    parser.add_argument("--smoke", action="store_true", help="the same, with a hundredth of each count")
    parser.add_argument("--probe", choices=["import", *PROBES], help="one of them")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    parser.add_argument("--server", type=json.loads, help=argparse.SUPPRESS)
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        _measure(*options.measure, servers.Server(**options.server))
        return 0
    if options.quick or options.smoke:
        options.rounds = 1
    rows: list[contest.Row] = []
    with servers.running() as server:
        figures = {**contest.about(), "server": server.name}
        print(f"{figures['python']}, backend {figures['backend']}, uvloop; {figures['versions']}")
        for name in [options.probe] if options.probe else ["import", *PROBES]:
            print(f"\n{name}  {PROBES[name].measure.__doc__ if name in PROBES else ''}")
            planned = _imports() if name == "import" else _probes(server, name, 100 if options.smoke else 1)
            taken: dict[_Key, list[Figures]] = {key: [] for key in planned}
            for _ in range(options.rounds):
                # Counts take turns, too: what is compared with what is measured within seconds.
                for key, measure in planned.items():
                    taken[key].append(measure())
            for (title, contestant), results in taken.items():
                medians = {unit: statistics.median(result[unit] for result in results) for unit in results[0]}
                rows.append({"contest": title, "contestant": contestant, **medians})
                shown = "   ".join(f"{value:>10,.2f} {unit}" for unit, value in medians.items())
                print(f"  {title:<18}{contestant:<18}{shown}")
    if options.json:
        options.json.write_text(json.dumps({**figures, "rows": rows}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
