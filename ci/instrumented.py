"""A copy of the checkout whose compiled modules are built to be watched; the checkout's own stay as they are."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import environment

# Exact enough for a sanitizer's report to name the line.
FLAGS = "-g -O1 -fno-omit-frame-pointer"


def build(folder: Path, compiler: str, flags: str) -> None:
    """Install into folder/site what is built with flags, and put the tests and ci/ beside it."""
    source = folder / "source"
    ignored = shutil.ignore_patterns("*.so", "__pycache__", ".*", "build", "*.egg-info")
    shutil.copytree(environment.ROOT, source, ignore=ignored)
    environment.pip(
        Path(sys.executable),
        *("install", "--no-deps", "--quiet", "--target", str(folder / "site"), str(source)),
        env={"AIOHTTP_CLIENT_BUILD": "compiled", "CFLAGS": flags, "CC": compiler},
    )
    for name in ("tests", "pyproject.toml", "README.md", "ci"):
        shutil.move(source / name, folder / name)


def surroundings(folder: Path) -> dict[str, str]:
    """The environment variables with which what was built there is imported, and used."""
    return {
        **os.environ,
        "PYTHONPATH": str(folder / "site"),
        "AIOHTTP_CLIENT_BACKEND": "c",
        # Each object its own allocation, whose bounds are known.
        "PYTHONMALLOC": "malloc",
    }


def sanitized(folder: Path, *libraries: str) -> dict[str, str]:
    """The same with the libraries of AddressSanitizer and UndefinedBehaviorSanitizer."""
    return {
        **surroundings(folder),
        "LD_PRELOAD": " ".join(libraries),
        # The interpreter keeps things until the process ends.
        "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1:strict_string_checks=1",
        "UBSAN_OPTIONS": "print_stacktrace=1",
    }


def verify(folder: Path, env: dict[str, str], prefix: list[str]) -> None:
    """Make sure that it is the copy that is going to be tested."""
    script = "import aiohttp_client._speedups.head as head; print(head.__file__)"
    command = [*prefix, sys.executable, "-c", script]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    if done.returncode or not done.stdout.startswith(str(folder / "site")):
        raise SystemExit(f"the modules built in {folder} are not those that are imported: {done.stdout}{done.stderr}")
