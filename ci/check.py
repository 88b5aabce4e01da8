"""Everything that must be green, by one command.

    python ci/check.py            all of it
    python ci/check.py --quick    without the ways to install, and what is published
    python ci/check.py --only tests-c -k redirect

Sets up everything it needs; needs Python ≥ 3.11, a C compiler and git.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import environment

# What a step ends with that cannot run on this machine.
_NOT_HERE = 3

Step = tuple[str, list[str], dict[str, str]]


def steps(pytest_arguments: list[str]) -> Iterator[Step]:
    """(name, command, additions to the environment) in the order in which failures are cheapest to find."""
    python = sys.executable
    yield "format", [python, "-m", "ruff", "format", "--check", "."], {}
    yield "lint", [python, "-m", "ruff", "check", "."], {}
    yield "types", [python, "-m", "mypy"], {}
    yield "types-pyright", [python, "-m", "pyright", "--pythonpath", python], {}
    # What only GitHub's machines run, as far as that can be told here.
    for kind, pattern in (("workflows", "workflows/*.yml"), ("issue-forms", "ISSUE_TEMPLATE/*.yml")):
        found = sorted((environment.ROOT / ".github").glob(pattern))
        files = [str(path) for path in found if path.name != "config.yml"]  # that one is no form
        yield kind, [python, "-m", "check_jsonschema", "--builtin-schema", f"vendor.github-{kind}", *files], {}
    for backend in ("c", "httptools", "py"):
        command = [python, "-m", "pytest", "-q", *pytest_arguments]
        yield f"tests-{backend}", command, {"AIOHTTP_CLIENT_BACKEND": backend}
    # The tests above use aiofastnet's TLS where it can be installed.
    with_tls = [
        "client/test_servers.py",
        "client/test_proxies.py",
        "client/test_unix.py",
        "client/test_large_bodies.py",
    ]
    command = [python, "-m", "pytest", "-q", *[f"tests/{name}" for name in [*with_tls, "websocket/test_peers.py"]]]
    yield "tests-tls-of-the-loop", command, {"AIOHTTP_CLIENT_TLS": "loop", "AIOHTTP_CLIENT_BACKEND": "c"}
    yield "docs", [python, "ci/docs.py"], {}
    yield "autobahn", [python, "ci/autobahn.py", "--quick"], {}
    yield "cancel-fuzz", [python, "ci/cancel_fuzz.py", "--requests", "3000"], {"AIOHTTP_CLIENT_BACKEND": "c"}
    for gate, arguments in (("faults", ["--quick"]), ("leaks", ["--quick"]), ("shutdown", [])):
        yield gate, [python, f"ci/{gate}.py", *arguments], {"AIOHTTP_CLIENT_BACKEND": "c"}
    yield "speed", [python, "ci/speed.py"], {"AIOHTTP_CLIENT_BACKEND": "c"}
    yield "demo", [python, "ci/demo.py", "--pages", "2000"], {"AIOHTTP_CLIENT_BACKEND": "c"}
    for script in ("bench_request", "bench_body", "bench_ws"):
        yield script, [python, f"benchmarks/{script}.py", "--smoke"], {"AIOHTTP_CLIENT_BACKEND": "c"}
    yield "installs", [python, "ci/installs.py"], {}
    yield "wheels", [python, "ci/wheels.py", "--quick"], {}


def main() -> int:
    parser = argparse.ArgumentParser(description="Build, format, lint, types, tests on each backend and loop.")
    parser.add_argument("--quick", action="store_true", help="leave out the ways to install, and what is published")
    parser.add_argument("--only", metavar="STEP", help="run one step")
    parser.add_argument("-k", metavar="EXPRESSION", help="passed on to pytest")
    options = parser.parse_args()
    environment.enter("docs", "test", "lint")
    environment.ensure("docs", "test", "lint")
    planned = list(steps(["-k", options.k] if options.k else []))
    if options.only and options.only not in [name for name, _, _ in planned]:
        parser.error(f"no step {options.only!r}, expected one of {', '.join(name for name, _, _ in planned)}")
    results: list[tuple[str, str, float]] = []
    for name, command, additions in planned:
        if (options.only and name != options.only) or (options.quick and name in ("installs", "wheels")):
            continue
        shown = " ".join([f"{key}={value}" for key, value in additions.items()] + ["python", *command[1:]])
        print(f"── {name}: {shown}", flush=True)
        begun = time.monotonic()
        code = subprocess.call(command, cwd=environment.ROOT, env={**os.environ, **additions}, stdin=subprocess.DEVNULL)
        outcome = {0: "ok", _NOT_HERE: "not run"}.get(code, f"FAILED ({code})")
        results.append((name, outcome, time.monotonic() - begun))
    print("── summary")
    for name, outcome, seconds in results:
        print(f"{name:<16} {outcome:<12} {seconds:6.1f} s")
    failed = [name for name, outcome, _ in results if outcome.startswith("FAILED")]
    missing = [name for name, outcome, _ in results if outcome == "not run"]
    if missing:
        print(f"not run, see above for what it needs: {', '.join(missing)}")
    print(f"failed: {', '.join(failed)}" if failed else "all green" if not missing else "nothing failed")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("\ninterrupted")
        sys.exit(130)
