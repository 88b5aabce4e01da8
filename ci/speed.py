"""The gate: fails if the hot paths have become much slower than they were, as ratios within one interleaved run.

    python ci/speed.py

Each bound leaves a quarter and more for the noise of the machine, and what falls short is measured again
before it counts. benchmarks/README.md has the ratios themselves.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import environment

_ATTEMPTS = 3


class Bound(NamedTuple):
    """How many times aiohttp's the work for a CPU second must be."""

    script: str
    contest: str
    loop: str
    at_least: float


BOUNDS = (
    Bound("bench_request.py", "GET small, 50 at a time", "asyncio", 3.0),
    Bound("bench_request.py", "GET small, 50 at a time", "uvloop", 3.0),
    Bound("bench_body.py", "read() of 100 MB", "asyncio", 1.4),
    Bound("bench_body.py", "POST of bytes, 10 MB", "asyncio", 0.75),
    Bound("bench_ws.py", "WebSocket, flood of 64 B messages", "asyncio", 2.0),
)


def measured(bound: Bound, folder: str) -> float:
    figures = Path(folder, "figures.json")
    command = [sys.executable, str(environment.ROOT / "benchmarks" / bound.script), "--quick", "--json", str(figures)]
    command += ["--loop", bound.loop, "--contest", bound.contest]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        print(done.stdout + done.stderr, file=sys.stderr)
        raise SystemExit(done.returncode)
    cost = {
        row["contestant"]: row["cpu_us"]
        for row in json.loads(figures.read_text())["rows"]
        if row["contest"] == bound.contest
    }
    return float(cost["aiohttp"] / cost["aiohttp_client"])


def main() -> int:
    environment.enter("test")
    environment.ensure("test")
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        for bound in BOUNDS:
            ratios: list[float] = []
            while len(ratios) < _ATTEMPTS and max(ratios, default=0) < bound.at_least:
                ratios.append(measured(bound, folder))
            shown = ", then ".join(f"{ratio:.2f}" for ratio in ratios)
            print(f"{bound.contest} ({bound.loop}): {shown} times aiohttp's, must be {bound.at_least}", flush=True)
            if ratios[-1] < bound.at_least:
                failed.append(bound.contest)
    print(f"slower than it was: {', '.join(failed)}" if failed else "as fast as it was")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
