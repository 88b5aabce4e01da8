"""The passages of the quickstart, run as a script in a process of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import aiohttp_client


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_every_passage_of_the_quickstart_works(loop):
    script = Path(__file__).parent / "seed_quickstart.py"
    if loop == "uvloop":
        pytest.importorskip("uvloop", reason="uvloop is an extra, and does not exist for every platform")
    package = Path(aiohttp_client.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", str(script), *([loop] if loop == "uvloop" else [])],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(package)},
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[-1].startswith(f"{len(lines) - 1} passages, backend {aiohttp_client.BACKEND}")
    assert all(line.endswith(" ok") for line in lines[:-1])
