"""All benchmarks by one command: figures, a table against the targets, and a plot.

    python benchmarks/run.py            about half an hour; the machine should have nothing else to do
    python benchmarks/run.py --quick    about ten minutes
    python benchmarks/run.py --script bench_ws.py    that one; the figures of the others stay

Sets up what it needs, peers included. Writes what it measured on this Python into results.json, results.svg and the
tables of README.md, beside what was measured on others.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "ci"))

import environment  # noqa: E402  # it is beside the other commands

_CONTESTS = ("bench_request.py", "bench_body.py", "bench_ws.py", "bench_scale.py")
_MICRO = ("bench_head.py", "bench_chunks.py", "bench_mask.py", "bench_pieces.py")
_MARK = "<!-- results: written by run.py -->"
_BESIDE = """
    aiohttp uvloop aiofastnet multidict yarl httptools
    httpx niquests aiosonic wreq rnet pyreqwest primp curl_cffi websockets picows
"""


def measured(scripts: list[str], quick: bool) -> dict[str, Any]:
    """What scripts have to measure."""
    import aiohttp_client

    results: dict[str, Any] = {
        "backend": aiohttp_client.BACKEND,
        "quick": quick,
        "server": "nginx",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "versions": {},
        "rows": [],
    }
    for name in ("aiohttp_client", *_BESIDE.split()):
        try:
            results["versions"][name] = version(name)
        except PackageNotFoundError:
            results["versions"][name] = "not installed"
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder, "figures.json")
        for script in [name for name in scripts if name in _CONTESTS]:
            print(f"── {script}", flush=True)
            command = [sys.executable, str(HERE / script), "--json", str(written), *(["--quick"] if quick else [])]
            subprocess.run(command, check=True)
            figures = json.loads(written.read_text())
            results["rows"] += [{"script": script, **row} for row in figures["rows"]]
        micro = [name for name in scripts if name in _MICRO]
        if not micro:
            return results
        print("── micro-benchmarks", flush=True)
        command = [sys.executable, "-m", "pytest", "-q", *[str(HERE / name) for name in micro]]
        command += ["--benchmark-json", str(written), "--benchmark-warmup=on", "--benchmark-max-time=0.3"]
        subprocess.run(command, check=True, cwd=HERE.parent, stdout=subprocess.DEVNULL)
        for one in json.loads(written.read_text())["benchmarks"]:
            name = one["fullname"].split("/")[-1]
            row = {"contest": name, "contestant": "", "median_us": one["stats"]["median"] * 1e6}
            results["rows"].append({"script": name.partition("::")[0], **row})
    return results


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter turns")
    parser.add_argument("--script", choices=[*_CONTESTS, *_MICRO], action="append", help="measure that alone")
    parser.add_argument("--from-json", action="store_true", help="measure nothing, write table and plot anew")
    options = parser.parse_args()
    environment.enter("test", "bench")
    environment.ensure("test", "bench")
    import plot
    import targets

    if not options.from_json:
        scripts = options.script or [*_CONTESTS, *_MICRO]
        targets.keep(measured(scripts, options.quick), scripts)
    results = targets.kept()
    (HERE / "results.svg").write_text(plot.drawn(results[0]))
    table = targets.table(results)
    readme = HERE / "README.md"
    before, _, _ = readme.read_text().partition(_MARK)
    readme.write_text(f"{before}{_MARK}\n\n{table}")
    print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
