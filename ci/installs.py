"""Every way to install the package, each into a fresh environment outside the checkout.

    python ci/installs.py [--python PATH] [CASE …]

Each case prints a line: what was done, and which backend it gave. Ends with 1 if one was not as it should be.
What is published, and a checkout is not needed for, is tried by ci/wheels.py.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import environment

NO_COMPILER = {"CC": "/nonexistent/cc", "CXX": "/nonexistent/c++"}


class Failure(Exception):
    """What was not as it should be."""


class Site:
    """A copy of the sources, and fresh environments beside it."""

    def __init__(self, folder: Path, interpreter: str) -> None:
        self.folder = folder
        self.interpreter = interpreter
        self._count = 0
        self.source = folder / "source"
        self.source.mkdir()
        listed = run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], environment.ROOT).stdout
        for name in filter(None, listed.split("\0")):
            original = environment.ROOT / name
            if original.is_file():
                copy = self.source / name
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(original.read_bytes())

    def environment(self) -> Path:
        self._count += 1
        return fresh(self.folder / f"environment{self._count}", self.interpreter)

    def pip(self, python: Path, *arguments: str, expect: int = 0, **env: str) -> str:
        return run([str(python), "-m", "pip", *arguments], self.source, expect=expect, **env).stdout

    def backend(self, python: Path, expect: int = 0, **env: str) -> str:
        """What an installed package says, asked from outside of the sources."""
        code = "import aiohttp_client as a, sys; print(a.BACKEND); print(a.__version__, a.__file__, file=sys.stderr)"
        return run([str(python), "-W", "error", "-c", code], self.folder, expect=expect, **env).stdout.strip()


def fresh(folder: Path, interpreter: str) -> Path:
    """The python of a new environment in folder, with a current pip."""
    run([interpreter, "-m", "venv", str(folder)], Path.cwd())
    python = environment.python(folder)
    run([str(python), "-m", "pip", "install", "-q", "--upgrade", "pip"], Path.cwd())
    return python


def run(command: list[str], cwd: Path, expect: int = 0, **env: str) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("AIOHTTP_CLIENT_")}
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**clean, **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if "pip" in command else subprocess.PIPE,
        text=True,
    )
    if (done.returncode != 0) != (expect != 0):
        raise Failure(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr or ''}")
    if expect:
        done.stdout += done.stderr or ""
    return done


def check(condition: bool, message: str) -> None:
    if not condition:
        raise Failure(message)


def version(site: Site) -> str:
    text = (site.source / "aiohttp_client" / "_http.py").read_text()
    return text.partition('__version__ = "')[2].partition('"')[0]


def pip_install(site: Site) -> str:
    python = site.environment()
    site.pip(python, "install", ".", AIOHTTP_CLIENT_BUILD="compiled")
    backend = site.backend(python, AIOHTTP_CLIENT_BACKEND="c")
    check(backend == "c", f"expected c, got {backend}")
    return f"pip install . → {backend}"


def editable(site: Site) -> str:
    python = site.environment()
    site.pip(python, "install", "-e", ".", AIOHTTP_CLIENT_BUILD="compiled")
    backend = site.backend(python)
    check(backend == "c", f"expected c, got {backend}")
    return f"pip install -e . → {backend}"


def pure(site: Site) -> str:
    python = site.environment()
    wheels = site.folder / "pure"
    site.pip(python, "wheel", "--no-deps", "-w", str(wheels), ".", AIOHTTP_CLIENT_BUILD="pure", **NO_COMPILER)
    wheel = next(wheels.glob("*.whl"))
    check(wheel.name.endswith("py3-none-any.whl"), f"expected a py3-none-any wheel, got {wheel.name}")
    site.pip(python, "install", str(wheel))
    backend = site.backend(python)
    check(backend == "py", f"expected py, got {backend}")
    refusal = site.backend(python, expect=1, AIOHTTP_CLIENT_BACKEND="c")
    check("ImportError" in refusal and "AIOHTTP_CLIENT_BUILD=compiled" in refusal, f"no way to get c in: {refusal}")
    refusal = site.backend(python, expect=1, AIOHTTP_CLIENT_BACKEND="httptools")
    check("pip install httptools" in refusal, f"no way to get httptools in: {refusal}")
    site.pip(python, "install", "httptools")
    with_httptools = site.backend(python)
    check(with_httptools == "httptools", f"expected httptools, got {with_httptools}")
    return f"AIOHTTP_CLIENT_BUILD=pure → {wheel.name} → {backend}; with httptools installed → {with_httptools}"


def no_compiler(site: Site) -> str:
    python = site.environment()
    said = site.pip(python, "install", "-v", ".", **NO_COMPILER)
    check("Installing pure Python codecs" in said, f"no notice in:\n{said}")
    backend = site.backend(python)
    check(backend == "py", f"expected py, got {backend}")
    check(
        f"aiohttp_client-{version(site)}-py3-none-any.whl" in said,
        "the wheel without compiled parts claims to be for one platform",
    )
    return f"no compiler → notice, py3-none-any → {backend}"


def no_compiler_but_demanded(site: Site) -> str:
    python = site.environment()
    said = site.pip(python, "install", ".", expect=1, AIOHTTP_CLIENT_BUILD="compiled", **NO_COMPILER)
    check("/nonexistent/cc" in said, f"the failure does not name the compiler:\n{said}")
    return "no compiler, AIOHTTP_CLIENT_BUILD=compiled → refused"


def broken_source(site: Site) -> str:
    python = site.environment()
    source = site.source / "_ext" / "mask.pyx"
    original = source.read_text()
    source.write_text(original + "\nthis is no Cython\n")
    try:
        said = site.pip(python, "install", ".", expect=1)
    finally:
        source.write_text(original)
    check("mask.pyx" in said, f"the failure does not name the file:\n{said}")
    return "a mistake in a .pyx, default build → refused"


def unknown_build(site: Site) -> str:
    python = site.environment()
    said = site.pip(python, "install", ".", expect=1, AIOHTTP_CLIENT_BUILD="fast")
    check("expected auto, compiled or pure" in said, f"the failure does not say what is possible:\n{said}")
    return "AIOHTTP_CLIENT_BUILD=fast → refused"


CASES: dict[str, Callable[[Site], str]] = {
    case.__name__: case
    for case in (
        pip_install,
        editable,
        pure,
        no_compiler,
        no_compiler_but_demanded,
        broken_source,
        unknown_build,
    )
}


def main() -> int:
    parser = argparse.ArgumentParser(description="Prove every way to install the package.")
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(CASES)}")
    parser.add_argument("--python", default=sys.executable, help="interpreter to make environments with")
    options = parser.parse_args()
    unknown = set(options.cases) - set(CASES)
    if unknown:
        parser.error(f"no case {', '.join(sorted(unknown))}, expected {', '.join(CASES)}")
    failed = 0
    for name, case in CASES.items():
        if options.cases and name not in options.cases:
            continue
        with tempfile.TemporaryDirectory(prefix="installs-") as folder:
            try:
                print(f"ok      {name}: {case(Site(Path(folder), options.python))}", flush=True)
            except Failure as failure:
                failed += 1
                print(f"FAILED  {name}: {failure}", flush=True)
    print(f"{failed} failed" if failed else "all ways to install work")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
