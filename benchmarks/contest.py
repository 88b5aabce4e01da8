"""Contests: contestants do the same work in turns, in one run; what counts are medians, and ratios within the run.

A script of contests gives main() a function that makes them and a server to work against. Each loop gets a process of
its own, on one core; the server is on the other. Contestants take turns (A B C A B C …) of about the same length.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import json
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractContextManager
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import servers

Work = Callable[[int], Awaitable[None]]  # does so many units, one after the other, and checks each
Row = dict[str, Any]
LOOPS = ("asyncio", "uvloop")
OURS = "aiohttp_client"


class Contestant(Protocol):
    """One of those who do the same."""

    name: str

    async def start(self) -> list[Work]:
        """Make ready; as many as shall work at the same time."""

    async def stop(self) -> None: ...


class Contest(NamedTuple):
    """What is to be done, and by whom."""

    name: str
    contestants: list[Callable[[], Contestant]]
    unit: str = "requests"
    size: int = 0  # bytes of a unit, where bytes are what counts
    loops: tuple[str, ...] = LOOPS


Contests = Callable[[servers.Server], Iterable[Contest]]


def installed(*names: str) -> list[str]:
    """Which of these packages are there; the others are named, so that nobody thinks they were beaten."""
    present = [name for name in names if importlib.util.find_spec(name)]
    if absent := sorted(set(names) - set(present)):
        print(f"not installed, left out: {', '.join(absent)}", file=sys.stderr)
    return present


async def _turn(works: list[Work], each: int) -> tuple[float, float]:
    """Seconds by the clock and of the processor, for one unit."""
    wall, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*[work(each) for work in works])
    units = each * len(works)
    return (time.perf_counter() - wall) / units, (time.process_time() - cpu) / units


async def _calibrated(works: list[Work], seconds: float) -> int:
    """How many units each must do for a turn of so many seconds; warms up, too."""
    each = 1
    while True:
        taken = (await _turn(works, each))[0] * each * len(works)
        if taken > seconds / 3:
            return max(1, round(each * seconds / taken))
        each *= 2


async def take_turns(contest: Contest, rounds: int, seconds: float, only: str | None) -> list[Row]:
    contestants = [made for made in [make() for make in contest.contestants] if only in (None, made.name)]
    works = {made.name: await made.start() for made in contestants}
    each = {name: await _calibrated(work, seconds) for name, work in works.items()}
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            taken[name].append(await _turn(work, each[name]))
    for made in contestants:
        await made.stop()
    rows = []
    for name, turns in taken.items():
        walls, cpus = zip(*turns, strict=True)
        row = {
            "contest": contest.name,
            "contestant": name,
            "unit": contest.unit,
            "per_second": 1 / statistics.median(walls),
            "cpu_us": statistics.median(cpus) * 1e6,
        }
        if contest.size:
            row["gigabytes_per_second"] = contest.size * row["per_second"] / 1e9
        rows.append(row)
    return rows


def _run_loop(contests: Contests, server: servers.Server, options: argparse.Namespace) -> list[Row]:
    servers.pin(0)
    if options.loop == "uvloop":
        import uvloop

        factory = uvloop.new_event_loop
    else:
        factory = asyncio.new_event_loop
    rows = []
    for contest in contests(server):
        if options.loop in contest.loops and (options.contest or "") in contest.name:
            with asyncio.Runner(loop_factory=factory) as runner:
                turns = runner.run(take_turns(contest, options.rounds, options.seconds, options.only))
            rows += [{**row, "loop": options.loop} for row in turns]
    return rows


def report(rows: list[Row]) -> None:
    """A table for each contest and loop, with the ratios of ours to the others."""
    for key in dict.fromkeys((row["contest"], row["loop"]) for row in rows):
        these = [row for row in rows if (row["contest"], row["loop"]) == key]
        ours = next((row["per_second"] for row in these if row["contestant"] == OURS), None)
        print(f"\n{key[0]} ({key[1]})")
        for row in sorted(these, key=lambda row: -row["per_second"]):
            rate = f"{row['per_second']:>12,.0f} {row['unit']}/s"
            if "gigabytes_per_second" in row:
                rate = f"{row['gigabytes_per_second']:>12.2f} GB/s"
            ratio = f"   ours / this {ours / row['per_second']:6.2f}" if ours and row["contestant"] != OURS else ""
            print(f"  {row['contestant']:<18}{rate}{row['cpu_us']:>12,.1f} us CPU each{ratio}")


def about() -> dict[str, Any]:
    """What was measured with."""
    import aiohttp_client

    names = (OURS, "aiohttp", "uvloop", "multidict", "yarl")
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "backend": aiohttp_client.BACKEND,
        "versions": {name: version(name) for name in names},
    }


def main(
    description: str | None, script: str, contests: Contests, server: Callable[[], AbstractContextManager[Any]]
) -> int:
    """The command line of a script of contests."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--rounds", type=int, default=7, help="turns of each contestant (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=0.5, help="length of a turn (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="5 turns of 0.2 s")
    parser.add_argument("--smoke", action="store_true", help="one short turn: does it run, are the answers right")
    parser.add_argument("--contest", metavar="PART", help="only contests with this in their names")
    parser.add_argument("--only", metavar="NAME", help="one contestant, for a profiler")
    parser.add_argument("--loop", choices=LOOPS, help="one loop")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    parser.add_argument("--server", type=json.loads, help=argparse.SUPPRESS)  # given to the process of each loop
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds = 5, 0.2
    if options.smoke:
        options.rounds, options.seconds = 1, 0.01
    if options.server:
        print(json.dumps(_run_loop(contests, servers.Server(**options.server), options)))
        return 0
    figures = about()
    rows: list[Row] = []
    with server() as running:
        print(f"{figures['python']}, backend {figures['backend']}, against {running.name}; {figures['versions']}")
        for loop in [options.loop] if options.loop else LOOPS:
            command = [sys.executable, script, "--server", json.dumps(running._asdict()), "--loop", loop]
            command += ["--rounds", str(options.rounds), "--seconds", str(options.seconds)]
            command += ["--only", options.only] if options.only else []
            command += ["--contest", options.contest] if options.contest else []
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
            if done.returncode:
                print(f"{loop}: failed", file=sys.stderr)
                return 1
            of_loop = json.loads(done.stdout)
            report(of_loop)
            rows += of_loop
        figures["server"] = running.name
    if options.json:
        options.json.write_text(json.dumps({**figures, "rows": rows}, indent=2) + "\n")
    return 0
