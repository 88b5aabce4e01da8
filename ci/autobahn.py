"""The Autobahn test suite's fuzzing server against the WebSocket client.

    python ci/autobahn.py                     all 517 cases, each backend: about half an hour
    python ci/autobahn.py --quick             groups 1 to 7 and 10, each backend: a minute
    python ci/autobahn.py --cases 12.1.* --backend c
    python ci/autobahn.py --client aiohttp    another client with the same API, for comparison

Ends with 1 if a case fails, or passes in another way than is listed in NON_STRICT; with 3 if the
suite cannot run here: it is Python 2 code and needs a CPython 2.7 (named by --python2, or found).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import environment

# What the suite ran on when it was new; nothing later knows Python 2.
_SUITE = "autobahntestsuite==25.10.1"
_BESIDE = (
    "incremental==16.10.1 Twisted==19.10.0 zope.interface==4.6.0 txaio==2.1.0 six==1.16.0 jinja2==2.11.3 "
    "markupsafe==1.1.1 Werkzeug==1.0.1 klein==17.10.0 unittest2==1.1.0 pyOpenSSL==19.1.0 cryptography==3.3.2 "
    "service_identity==18.1.0 autobahn==0.10.9 wsaccel==0.6.2"
).split()
_QUICK = ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*"]
# wstest listens everywhere, and with a web server on port 8080 if it is told none; only loopback is wanted, and the
# web server nowhere in particular, for another run, or anybody, may have 8080.
_WSTEST = """
import sys
from twisted.internet import reactor
listen = reactor.listenTCP
reactor.listenTCP = lambda port, factory, *_: listen(0 if port == 8080 else port, factory, 50, "127.0.0.1")
from autobahntestsuite import wstest
sys.argv = ["wstest", "-m", "fuzzingserver", "-s", sys.argv[1]]
wstest.run()
"""
# Cases that pass in a way the suite calls NON-STRICT, with the reason.
NON_STRICT: dict[str, str] = {}
_PASSED = {"OK", "INFORMATIONAL"}


class NotHere(Exception):
    """The suite cannot run on this machine; says why."""


def python2(given: str | None) -> str:
    candidates = [given] if given else ["python2.7", *map(str, Path.home().glob(".pyenv/versions/2.7*/bin/python2.7"))]
    for candidate in candidates:
        found = shutil.which(candidate)
        # A version manager has commands of that name that only say what is missing.
        if found and subprocess.run([found, "-c", ""], capture_output=True).returncode == 0:
            return found
    raise NotHere("no CPython 2.7 here, which the Autobahn suite needs: --python2 PATH names one")


def suite(interpreter: str) -> Path:
    """The python of an environment with the suite, made when missing."""
    folder = environment.ROOT / ".venv" / "autobahn"
    python = folder / "bin" / "python"
    stamp = folder / "complete"
    if stamp.exists():
        return python
    print("setting up .venv/autobahn …", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory() as temporary:
        tools = os.path.join(temporary, "tools")
        _run([interpreter, "-m", "pip", "install", "-q", "--target", tools, "virtualenv==20.15.1"])
        _run([interpreter, "-m", "virtualenv", "-q", "--no-download", str(folder)], {"PYTHONPATH": tools})
        _run([str(python), "-m", "pip", "install", "-q", *_BESIDE])
        download = [sys.executable, "-m", "pip", "download", "-q", "--no-deps"]
        _run([*download, "--no-binary", ":all:", "-d", temporary, _SUITE])
        (source,) = Path(temporary).glob("autobahntestsuite*")
        _run([str(python), "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", str(source)])
    stamp.touch()
    return python


def _run(command: list[str], env: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **(env or {})})
    if done.returncode:
        raise NotHere(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


@contextlib.contextmanager
def fuzzing_server(python: Path, cases: list[str], reports: Path) -> Iterator[str]:
    """Its URL; reports appear in the folder."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    specification = {
        "url": f"ws://127.0.0.1:{port}",
        "outdir": str(reports),
        "webport": 0,
        "cases": cases,
        "exclude-cases": [],
        "exclude-agent-cases": {},
    }
    spec, script = reports / "spec.json", reports / "serve.py"
    spec.write_text(json.dumps(specification))
    script.write_text(_WSTEST)
    with (reports / "server.log").open("wb") as log:
        process = subprocess.Popen([str(python), str(script), str(spec)], stdout=log, stderr=log, cwd=reports)
        try:
            deadline = time.monotonic() + 30
            while True:
                with contextlib.suppress(OSError):
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                if process.poll() is not None or time.monotonic() > deadline:
                    raise NotHere(f"the fuzzing server did not start:\n{(reports / 'server.log').read_text()[-2000:]}")
                time.sleep(0.05)
            yield f"ws://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


async def run_cases(client: Any, url: str, agent: str) -> int:
    """Be the client of every case: echo until the server has had enough."""
    async with client.ClientSession() as session:
        async with session.ws_connect(f"{url}/getCaseCount") as ws:
            count = int(await ws.receive_str())
        for case in range(1, count + 1):
            with contextlib.suppress(client.ClientError):
                options = {"compress": 15, "max_msg_size": 0}
                async with session.ws_connect(f"{url}/runCase?case={case}&agent={agent}", **options) as ws:
                    async for message in ws:
                        if message.type is client.WSMsgType.TEXT:
                            await ws.send_str(message.data)
                        elif message.type is client.WSMsgType.BINARY:
                            await ws.send_bytes(message.data)
            if case % 50 == 0:
                print(f"  {case} of {count}", flush=True)
        async with session.ws_connect(f"{url}/updateReports?agent={agent}") as ws:
            await ws.receive()
    return count


def verdict(results: dict[str, dict[str, Any]]) -> list[str]:
    """Prints a line for each group of cases; gives what did not pass."""
    groups: dict[str, Counter[str]] = {}
    bad = []
    for case, result in sorted(results.items(), key=lambda item: [int(part) for part in item[0].split(".")]):
        outcome, closing = result["behavior"], result["behaviorClose"]
        groups.setdefault(case.partition(".")[0], Counter())[outcome] += 1
        listed = outcome == "NON-STRICT" and case in NON_STRICT
        if (outcome not in _PASSED and not listed) or closing not in _PASSED:
            bad.append(f"{case}: {outcome}, closing {closing}")
    for group, outcomes in groups.items():
        print(f"  group {group:>2}: {', '.join(f'{count} {outcome}' for outcome, count in outcomes.items())}")
    return bad


def main() -> int:
    parser = argparse.ArgumentParser(description="The Autobahn fuzzing server against the WebSocket client.")
    parser.add_argument("--quick", action="store_true", help="groups 1 to 7 and 10 only")
    parser.add_argument("--cases", nargs="+", metavar="PATTERN", help="such cases only, as 6.4.*")
    parser.add_argument("--backend", choices=["c", "httptools", "py"], help="one backend")
    parser.add_argument("--client", default="aiohttp_client", help="module with aiohttp's API (default: %(default)s)")
    parser.add_argument("--python2", metavar="PATH", help="a CPython 2.7")
    parser.add_argument("--against", metavar="URL", help=argparse.SUPPRESS)  # given to the process of each backend
    options = parser.parse_args()
    environment.enter("test")
    if options.against:
        count = asyncio.run(run_cases(__import__(options.client), options.against, options.backend or "client"))
        print(f"  {count} cases")
        return 0
    cases = options.cases or (_QUICK if options.quick else ["*"])
    backends = [options.backend] if options.backend else ["c", "httptools", "py"]
    if options.client != "aiohttp_client":
        backends = ["c"]
    failed = False
    try:
        python = suite(python2(options.python2))
        for backend in backends:
            begun = time.monotonic()
            print(f"{options.client}, backend {backend}", flush=True)
            with tempfile.TemporaryDirectory() as folder:
                reports = Path(folder)
                with fuzzing_server(python, cases, reports) as url:
                    command = [sys.executable, __file__, "--against", url, "--client", options.client]
                    done = subprocess.run(
                        [*command, "--backend", backend], env={**os.environ, "AIOHTTP_CLIENT_BACKEND": backend}
                    )
                    results = json.loads((reports / "index.json").read_text()) if not done.returncode else {}
            bad = verdict(results.get(backend, {}))
            failed = failed or bool(bad) or not results
            for line in bad:
                print(f"  FAILED {line}")
            print(f"  {time.monotonic() - begun:.0f} s", flush=True)
    except NotHere as reason:
        print(f"not run: {reason}")
        return 3
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("\ninterrupted")
        sys.exit(130)
