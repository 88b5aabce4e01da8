"""The virtual environment that the commands in ci/ run in: made when missing, renewed when its ingredients change."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_DECLARATIONS = "aiohttp_client/_*/*.pxd"  # most beside the module that is compiled with it
_MADE_OF = ("pyproject.toml", "setup.py", "_ext/*.pyx", "_ext/*.h", _DECLARATIONS)


def _compiled_python() -> list[Path]:
    """The modules that are compiled from the source that serves without a compiler, too."""
    modules = (path.with_suffix(".py") for path in sorted(ROOT.glob(_DECLARATIONS)))
    return [module for module in modules if module.exists()]


def compiled() -> set[str]:
    """The names of all modules that are compiled."""
    return {path.stem for path in [*ROOT.glob("_ext/*.pyx"), *_compiled_python()]}


def folder() -> Path:
    return ROOT / ".venv" / f"{sys.implementation.name}-{sys.version_info[0]}.{sys.version_info[1]}"


def python(environment: Path) -> Path:
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def make(environment: Path) -> Path:
    """A fresh virtual environment with a current pip; gives its python."""
    shutil.rmtree(environment, ignore_errors=True)
    base = getattr(sys, "_base_executable", sys.executable)  # this may run in the environment that is renewed
    made = subprocess.run([base, "-m", "venv", str(environment)], capture_output=True, text=True)
    if made.returncode:
        raise SystemExit(
            f"cannot make a virtual environment in {environment}:\n{made.stdout}{made.stderr}"
            "On Debian and Ubuntu the package python3-venv is needed"
        )
    interpreter = python(environment)
    pip(interpreter, "install", "--upgrade", "pip")
    return interpreter


def pip(interpreter: Path, *arguments: str, env: dict[str, str] | None = None) -> None:
    """Run pip; on failure show what it said and end."""
    command = [str(interpreter), "-m", "pip", "--disable-pip-version-check", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")


def ensure(*groups: str) -> Path:
    """The python of an environment with this checkout, compiled, its speedups, and dependency groups."""
    if sys.version_info < (3, 11):  # noqa: UP036  # for whoever starts ci/ with an older one
        raise SystemExit(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}")
    environment = folder()
    interpreter = python(environment)
    made_of = hashlib.sha256()
    for pattern in _MADE_OF:
        for path in sorted(ROOT.glob(pattern)):
            made_of.update(path.read_bytes())
    for module in _compiled_python():
        made_of.update(module.read_bytes())
    stamp = environment / "made-of.txt"
    wanted = [made_of.hexdigest(), *sorted(groups)]
    present = stamp.read_text().split() if stamp.exists() and interpreter.exists() else []
    if present[:1] == wanted[:1] and set(wanted) <= set(present):
        return interpreter
    print(
        f"setting up {environment.relative_to(ROOT)}: building the package and installing what it needs …", flush=True
    )
    make(environment)
    wanted_groups = sorted({*groups, *present[1:]})
    pip(
        interpreter,
        "install",
        "--editable",
        ".[speedups,httptools]",
        *[option for group in wanted_groups for option in ("--group", group)],
        env={"AIOHTTP_CLIENT_BUILD": "compiled"},
    )
    stamp.write_text("\n".join([wanted[0], *wanted_groups]))
    return interpreter


def enter(*groups: str) -> None:
    """Go on in that environment: replaces this process unless it runs there already."""
    if Path(sys.prefix).resolve() == folder().resolve():
        return
    interpreter = ensure(*groups)
    arguments = [str(interpreter), *sys.argv]
    if os.name == "nt":  # execv there returns to the shell at once
        raise SystemExit(subprocess.call(arguments))
    sys.stdout.flush()
    os.execv(str(interpreter), arguments)
