"""Which modules are chosen, in processes of their own: the choice is made once, at import."""

import importlib.util
import os
import shutil
import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

import aiohttp_client

PACKAGE = Path(aiohttp_client.__file__).parent
CODECS = ("head", "chunks", "mask")
# Made of the same source that serves without a compiler.
MODULES = ("_wire.framing", "_wire.wsframes", "_net.clock", "_net.waiter", "_net.transport", "_net.pool")
MODULES += ("_net.connection", "_net.wsconnection")
BUILT = CODECS + tuple(name.partition(".")[2] for name in MODULES)
COMPILED = all(importlib.util.find_spec(f"aiohttp_client._speedups.{name}") for name in BUILT)


def ask(path, wanted="auto", expect_failure=False, warnings="error"):
    """BACKEND as a new process sees it that imports the package from path; or what it says when it fails."""
    env = {**os.environ, "AIOHTTP_CLIENT_BACKEND": wanted, "PYTHONPATH": str(path)}
    code = "import aiohttp_client as a; print(a.BACKEND, a._backend.head.__name__.split('.')[1])"
    done = subprocess.run(
        [sys.executable, "-W", warnings, "-c", code], env=env, cwd=path, capture_output=True, text=True
    )
    assert (done.returncode != 0) is expect_failure, done.stderr
    return done.stderr if expect_failure else (done.stdout.strip(), done.stderr)


@pytest.fixture
def copy(tmp_path):
    """copy(*names): a copy of the package with only these compiled modules."""

    def copy(*names):
        shutil.copytree(PACKAGE, tmp_path / "aiohttp_client", ignore=shutil.ignore_patterns("__pycache__"))
        for library in (tmp_path / "aiohttp_client" / "_speedups").glob("*.so"):
            if library.name.partition(".")[0] not in names:
                library.unlink()
        return tmp_path

    return copy


def test_the_backend_demanded_is_the_one_in_use():
    wanted = os.environ.get("AIOHTTP_CLIENT_BACKEND", "auto")
    assert (wanted if wanted != "auto" else aiohttp_client.BACKEND) == aiohttp_client.BACKEND
    package = {"c": "_speedups", "httptools": "_llhttp", "py": "_pure"}[aiohttp_client.BACKEND]
    for codec in CODECS:
        assert getattr(aiohttp_client._backend, codec).__name__ == f"aiohttp_client.{package}.{codec}"


@pytest.mark.parametrize("name", MODULES)
def test_these_modules_are_compiled_with_the_compiled_codecs_alone(name):
    module = importlib.import_module(f"aiohttp_client.{name}")
    place = Path(module.__file__)
    assert place.parent.name == ("_speedups" if aiohttp_client.BACKEND == "c" else name.partition(".")[0])
    assert (place.suffix == ".py") is (aiohttp_client.BACKEND != "c")
    assert module.__name__ in {getattr(thing, "__module__", None) for thing in vars(module).values()}


@pytest.mark.skipif(not COMPILED, reason="this is a build without compiled modules")
def test_all_built(copy):
    path = copy(*BUILT)
    assert ask(path)[0] == "c _speedups"
    assert ask(path, "c")[0] == "c _speedups"
    assert ask(path, "py")[0] == "py _pure"


def test_none_built(copy):
    path = copy()
    fallback = "httptools _llhttp" if importlib.util.find_spec("httptools") else "py _pure"
    assert ask(path)[0] == fallback
    refusal = ask(path, "c", expect_failure=True)
    assert "ImportError" in refusal and "AIOHTTP_CLIENT_BUILD=compiled" in refusal
    assert ask(path, "py")[0] == "py _pure"


@pytest.mark.skipif(not COMPILED, reason="this is a build without compiled modules")
def test_some_built(copy):
    path = copy("head")
    backend, said = ask(path, warnings="always")
    assert not backend.startswith("c ")
    missing = "chunks, mask, framing, wsframes, clock, waiter, transport, pool, connection, wsconnection"
    assert "RuntimeWarning" in said and missing in said
    assert missing in ask(path, "c", expect_failure=True)


@pytest.mark.skipif(not COMPILED, reason="this is a build without compiled modules")
def test_built_but_unloadable_is_the_real_error(copy):
    path = copy(*BUILT)
    library = path / "aiohttp_client" / "_speedups" / f"mask{EXTENSION_SUFFIXES[0]}"
    assert library.exists()
    library.write_bytes(b"no library")
    for wanted in ("auto", "c"):
        assert "mask" in ask(path, wanted, expect_failure=True)
    assert ask(path, "py")[0] == "py _pure"


def test_an_unknown_backend_is_refused(copy):
    assert "expected auto, c, httptools or py" in ask(copy(), "fast", expect_failure=True)
