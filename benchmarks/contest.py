"""Contests: contestants do the same work in turns, in one run; what counts are medians, and ratios within the run.

A script of contests gives main() a function that makes them and a server to work against. Each contestant has processes
of its own, as where it is used: in one process the memory that one has freed makes the next one's large allocations
cheap, or dear, several times over. And it has several, for where things lie in memory is a matter of luck that lasts as
long as a process. All of them share one core, the server has the other. They take turns (A B C A B C …) of about the
same length.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib.util
import io
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
    await _turn(works, 1)  # connects, which is not to count: fifty TLS handshakes take as long as thousands of requests
    each = 1
    while True:
        taken = (await _turn(works, each))[0] * each * len(works)
        if taken > seconds / 3:
            return max(1, round(each * seconds / taken))
        each *= 2


async def _work_when_told(make: Callable[[], Contestant], seconds: float) -> None:
    """The process of one contestant: says its name, and for each line it is sent what a turn has taken."""
    contestant = make()
    works = await contestant.start()
    each = await _calibrated(works, seconds)
    print(json.dumps(contestant.name), flush=True)
    while sys.stdin.readline():  # nothing else is to go on meanwhile
        # What waiting for the others has cost is not to count: a connection starts slowly again, and a virtual machine
        # whose host takes back free memory (free page reporting, after 2 s) pays 100 to 180 ms for its first 100 MB.
        await _turn(works, 1)
        print(json.dumps(await _turn(works, each)), flush=True)
    await contestant.stop()


def _be_contestant(contests: Contests, server: servers.Server, options: argparse.Namespace) -> None:
    servers.pin(0)
    if options.loop == "uvloop":
        import uvloop

        factory = uvloop.new_event_loop
    else:
        factory = asyncio.new_event_loop
    with contextlib.redirect_stderr(io.StringIO()):  # its umpire has named those who are not installed
        contest = next(contest for contest in contests(server) if contest.name == options.contest)
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(_work_when_told(contest.contestants[options.contestant], options.seconds))


class _Process:
    """The process of one contestant, as its umpire sees it."""

    def __init__(self, command: list[str]) -> None:
        self._command = command
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.name: str = self._heard()

    def _heard(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{' '.join(self._command)}: ended with {self._process.wait()}")
        return json.loads(line)

    def turn(self) -> list[float]:
        """Seconds by the clock and of the processor, for one unit."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        taken: list[float] = self._heard()
        return taken

    def stop(self) -> None:
        self._process.communicate()
        if self._process.returncode:
            raise SystemExit(f"{self.name}: ended with {self._process.returncode}")


def _take_turns(contest: Contest, command: list[str], options: argparse.Namespace) -> list[Row]:
    taken: dict[str, list[list[float]]] = {}
    for _ in range(options.processes):
        processes: list[_Process] = []
        for number in range(len(contest.contestants)):
            process = _Process([*command, "--contest", contest.name, "--contestant", str(number)])
            if options.only in (None, process.name):
                processes.append(process)
            else:
                process.stop()
        for _ in range(options.rounds):
            for process in processes:
                taken.setdefault(process.name, []).append(process.turn())
        for process in processes:
            process.stop()
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
    parser.add_argument("--processes", type=int, default=4, help="for each contestant (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each process (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=0.5, help="length of a turn (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="2 processes, 3 turns of 0.2 s each")
    parser.add_argument("--smoke", action="store_true", help="one short turn: does it run, are the answers right")
    parser.add_argument("--contest", metavar="PART", help="only contests with this in their names")
    parser.add_argument("--only", metavar="NAME", help="one contestant, for a profiler")
    parser.add_argument("--loop", choices=LOOPS, help="one loop")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    parser.add_argument("--server", type=json.loads, help=argparse.SUPPRESS)  # for the process of a contestant
    parser.add_argument("--contestant", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.quick:
        options.processes, options.rounds, options.seconds = 2, 3, 0.2
    if options.smoke:
        options.processes, options.rounds, options.seconds = 1, 1, 0.01
    if options.server:
        _be_contestant(contests, servers.Server(**options.server), options)
        return 0
    figures = about()
    rows: list[Row] = []
    with server() as running:
        print(f"{figures['python']}, backend {figures['backend']}, against {running.name}; {figures['versions']}")
        planned = [contest for contest in contests(running) if (options.contest or "") in contest.name]
        for loop in [options.loop] if options.loop else LOOPS:
            command = [sys.executable, script, "--server", json.dumps(running._asdict()), "--loop", loop]
            command += ["--seconds", str(options.seconds)]
            for contest in planned:
                if loop in contest.loops:
                    turns = _take_turns(contest, command, options)
                    these = [{**row, "loop": loop} for row in turns]
                    report(these)
                    rows += these
        figures["server"] = running.name
    if options.json:
        options.json.write_text(json.dumps({**figures, "rows": rows}, indent=2) + "\n")
    return 0
