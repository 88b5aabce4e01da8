"""Every way of installing the package, each in a fresh virtual environment outside the checkout.

    python ci/installs.py                  all cases, with the Python that runs this
    python ci/installs.py --only editable  one of them
    python ci/installs.py --python python3.13

A case is a function: it installs a clean export of the checkout (what git would commit, and
nothing a build left lying about), looks at what came out, and raises Wrong where that is not
what setup.py and _backend.py promise. One line per case; exit code 1 if any is wrong.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NO_COMPILER = {"CC": "/nonexistent/cc", "CXX": "/nonexistent/c++"}
# What the demo shows in passing is shown here alone: a machine's own settings must not decide a case.
OURS = ("AIOHTTP_CLIENT_BUILD", "AIOHTTP_CLIENT_BACKEND", "PYTHONPATH")


class Wrong(Exception):
    """A case did not come out as promised; the message is for a person."""


class Place:
    """A clean export of the sources beside an empty virtual environment."""

    def __init__(self, folder: Path, python: str) -> None:
        self.folder = folder
        self.source = folder / "source"
        self.dist = folder / "dist"
        export(self.source)
        run([python, "-m", "venv", str(folder / "venv")], folder)
        self.python = str(folder / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))

    def pip(self, *arguments: str, fails: bool = False, **environment: str) -> str:
        """pip's whole output; Wrong unless it succeeds, or fails where it is expected to."""
        return run([self.python, "-m", "pip", *arguments], self.source, environment, fails=fails)

    def backend(self, expected: str, **environment: str) -> None:
        found = self.imports("print(aiohttp_client.BACKEND)", **environment).strip()
        if found != expected:
            raise Wrong(f"BACKEND is {found!r}, expected {expected!r}")

    def imports(self, code: str, fails: bool = False, **environment: str) -> str:
        # From outside the sources: what is imported must be what was installed.
        return run([self.python, "-c", f"import aiohttp_client; {code}"], self.folder, environment, fails=fails)

    def only(self, pattern: str) -> Path:
        found = sorted(self.dist.glob(pattern))
        if len(found) != 1:
            have = ", ".join(sorted(path.name for path in self.dist.iterdir())) or "nothing"
            raise Wrong(f"expected one {pattern}, got {have}")
        return found[0]


def export(target: Path) -> None:
    """Copy what git knows or would be asked to add; no build products, however they came to be there."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0"):
        if name and (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


def run(command: list[str], folder: Path, environment: dict[str, str] | None = None, *, fails: bool = False) -> str:
    clean = {name: value for name, value in os.environ.items() if name not in OURS}
    done = subprocess.run(
        command,
        cwd=folder,
        env=clean | (environment or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    if (done.returncode != 0) != fails:
        expected = "a failure" if fails else "success"
        raise Wrong(f"{' '.join(command[1:])}\n{done.stdout}\nexit code {done.returncode}, expected {expected}")
    return done.stdout


def must_say(output: str, *words: str) -> None:
    for word in words:
        if word not in output:
            raise Wrong(f"{output}\nthis does not say {word!r}")


def regular(place: Place) -> str:
    place.pip("install", ".")
    place.backend("c")
    place.backend("c", AIOHTTP_CLIENT_BACKEND="c")
    place.backend("py", AIOHTTP_CLIENT_BACKEND="py")
    return "backend c, py on demand"


def editable(place: Place) -> str:
    place.pip("install", "-e", ".")
    place.backend("c")
    where = Path(place.imports("print(aiohttp_client.__file__)").strip())
    if not where.is_relative_to(place.source):
        raise Wrong(f"imported from {where}, expected the sources at {place.source}")
    if left := sorted(path.name for path in (place.source / "_ext").glob("*.c")):
        raise Wrong(f"generated C among the sources: {', '.join(left)}")
    return "backend c, imported from the sources, no generated C among them"


def sdist(place: Place) -> str:
    place.pip("install", "build")
    run([place.python, "-m", "build", "--outdir", str(place.dist)], place.source)
    with tarfile.open(place.only("*.tar.gz")) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {f"_ext/{path.name}" for path in (place.source / "_ext").iterdir() if path.suffix in (".pyx", ".h")}
    wanted |= {"LICENSE", "README.md", "pyproject.toml", "setup.py", "aiohttp_client/py.typed"}
    if missing := sorted(wanted - packed):
        raise Wrong(f"the sdist lacks {', '.join(missing)}")
    # build makes the wheel from the unpacked sdist, not from the checkout.
    wheel = place.only("*.whl")
    if wheel.name.endswith("-none-any.whl"):
        raise Wrong(f"{wheel.name} is tagged as pure though it was compiled")
    place.pip("install", str(wheel))
    place.backend("c")
    return f"backend c from {wheel.name}"


def pure(place: Place) -> str:
    place.pip("wheel", "--no-deps", "--wheel-dir", str(place.dist), ".", AIOHTTP_CLIENT_BUILD="pure")
    wheel = place.only("*-py3-none-any.whl")
    place.pip("install", str(wheel))
    place.backend("py")
    refusal = place.imports("", fails=True, AIOHTTP_CLIENT_BACKEND="c")
    must_say(refusal, "ImportError", "AIOHTTP_CLIENT_BUILD=compiled")
    refusal = place.imports("", fails=True, AIOHTTP_CLIENT_BACKEND="httptools")
    must_say(refusal, "ImportError", "pip install httptools")
    place.pip("install", "httptools")
    place.backend("httptools")
    return f"{wheel.name}: backend py, httptools once installed; demanding c says how to get it"


def compiled_without_compiler(place: Place) -> str:
    output = place.pip("install", ".", fails=True, AIOHTTP_CLIENT_BUILD="compiled", **NO_COMPILER)
    must_say(output, "*** aiohttp_client: no working C compiler", "AIOHTTP_CLIENT_BUILD=compiled demands one")
    return "the build fails and says why"


def auto_without_compiler(place: Place) -> str:
    output = place.pip("wheel", "-v", "--no-deps", "--wheel-dir", str(place.dist), ".", **NO_COMPILER)
    must_say(output, "*** aiohttp_client: no working C compiler", "pure Python codecs")
    wheel = place.only("*-py3-none-any.whl")
    place.pip("install", str(wheel))
    place.backend("py")
    return f"notice with pip -v, {wheel.name}, backend py"


def editable_without_compiler(place: Place) -> str:
    # A codec of an earlier build must not stay: it would be imported, and it is not these sources'.
    suffix = run([place.python, "-c", "import sysconfig; print(sysconfig.get_config_var('EXT_SUFFIX'))"], place.folder)
    (place.source / "aiohttp_client" / "_speedups" / f"mask{suffix.strip()}").write_bytes(b"left behind")
    must_say(place.pip("install", "-v", "-e", ".", **NO_COMPILER), "*** aiohttp_client: no working C compiler")
    place.backend("py")
    return "notice with pip -v, backend py"


CASES: dict[str, tuple[str, Callable[[Place], str]]] = {
    "regular": ("pip install .", regular),
    "editable": ("pip install -e .", editable),
    "sdist": ("sdist, wheel from it, install", sdist),
    "pure": ("AIOHTTP_CLIENT_BUILD=pure", pure),
    "compiled-no-cc": ("…=compiled, no C compiler", compiled_without_compiler),
    "auto-no-cc": ("…=auto, no C compiler", auto_without_compiler),
    "editable-no-cc": ("-e, …=auto, no C compiler", editable_without_compiler),
}


def prove(title: str, case: Callable[[Place], str], python: str) -> bool:
    print(f"  {title:<30} ", end="", flush=True)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="aiohttp_client-") as folder:
        try:
            result, right = case(Place(Path(folder).resolve(), python)), True
        except Wrong as wrong:
            result, right = str(wrong), False
    print(f"{'ok' if right else 'WRONG':<6}{time.monotonic() - started:5.1f} s  {result}", flush=True)
    return right


def main() -> int:
    parser = argparse.ArgumentParser(description="Prove every way of installing the package.")
    parser.add_argument("--python", default=sys.executable, help="the interpreter to install for")
    parser.add_argument("--only", choices=CASES, action="append", help="run this case; may be given more than once")
    options = parser.parse_args()
    wrong = [name for name in options.only or CASES if not prove(*CASES[name], options.python)]
    if wrong:
        print(f"wrong: {', '.join(wrong)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("\ninterrupted")
        sys.exit(130)
