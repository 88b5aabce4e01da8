"""Build of what is compiled; everything else is in pyproject.toml.

AIOHTTP_CLIENT_BUILD says what must come out:
  auto      (default) compiled, or pure Python with a notice where no C compiler works
  compiled  compiled, or the build fails: what wheels are built with
  pure      no extension modules: a py3-none-any wheel

ci/installs.py proves each of them.
"""

import os
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import CCompilerError, ExecError, PlatformError

CODECS = ("head", "chunks", "mask")
# Compiled from the source that serves without a compiler, too, each with what its .pxd says of its types.
MODULES = ("_wire.framing", "_wire.wsframes", "_net.clock", "_net.waiter", "_net.transport", "_net.pool")
MODULES += ("_net.connection", "_net.wsconnection")
SHARED = ["_ext/ascii.h", "aiohttp_client/_speedups/head.pxd"]
SHARED += [f"aiohttp_client/{name.replace('.', '/')}.pxd" for name in MODULES]

wanted = os.environ.get("AIOHTTP_CLIENT_BUILD", "auto")
if wanted not in ("auto", "compiled", "pure"):
    raise SystemExit(f"AIOHTTP_CLIENT_BUILD is {wanted!r}, expected auto, compiled or pure")


class BuildCodecs(build_ext):
    """All of them or none: half a set would only be refused at import time."""

    def finalize_options(self) -> None:
        super().finalize_options()
        # Generated C belongs to the build, not to the sources.
        self.cython_c_in_temp = True

    def get_ext_fullname(self, ext_name: str) -> str:
        """Where a module is put: not beside its source, which some backends want (aiohttp_client/_backend.py)."""
        return super().get_ext_fullname("aiohttp_client._speedups." + ext_name.rpartition(".")[2])

    def run(self) -> None:
        # setuptools clears inplace while it builds, and forgets it when the build fails.
        places = [self.build_lib, "."] if self.inplace else [self.build_lib]
        # What fails on a machine without a compiler, or without Python's headers. Cython's own
        # CompileError is not among these: a mistake in our sources is never forgiven.
        try:
            super().run()
        except (CCompilerError, ExecError, PlatformError) as error:
            if wanted == "compiled":
                notice(
                    f"no working C compiler ({error}), and AIOHTTP_CLIENT_BUILD=compiled demands one.",
                    "Install a C compiler and Python's headers (Debian: gcc and python3-dev),",
                    "or leave AIOHTTP_CLIENT_BUILD unset to go without the compiled modules.",
                )
                raise
            self._go_without(places)
            notice(
                f"no working C compiler ({error}).",
                "Installing pure Python codecs: everything works, slower.",
                "aiohttp_client.BACKEND tells which are in use; AIOHTTP_CLIENT_BUILD=compiled makes this an error.",
            )

    def _go_without(self, places: list[str]) -> None:
        """Make of this build what AIOHTTP_CLIENT_BUILD=pure would have made."""
        # Codecs compiled before the failing one, or by an earlier build, would travel along from these places.
        for place in places:
            for extension in self.extensions:
                Path(place, self.get_ext_filename(self.get_ext_fullname(extension.name))).unlink(missing_ok=True)
        self.extensions = []
        self.distribution.ext_modules = []
        # Settled before the build began; without this the wheel would claim to be this platform's.
        wheel = self.distribution.get_command_obj("bdist_wheel", create=False)
        if wheel is not None:
            wheel.root_is_pure = True


def notice(*lines: str) -> None:
    # pip shows a build's output when the build fails, or with -v.
    print("", *(f"*** aiohttp_client: {line}" for line in lines), "", sep="\n", file=sys.stderr, flush=True)


# What debuggers want is nine tenths of a module that is built with Python's own flags: only for who asks for it.
debug = "-g" in os.environ.get("CFLAGS", "").split()
sources = {f"aiohttp_client._speedups.{name}": f"_ext/{name}.pyx" for name in CODECS}
sources |= {f"aiohttp_client.{name}": f"aiohttp_client/{name.replace('.', '/')}.py" for name in MODULES}
extensions = [
    Extension(
        name,
        [source],
        depends=SHARED,
        include_dirs=["_ext", "."],  # for C, and for Cython, which finds _speedups/head.pxd from there
        extra_compile_args=[] if debug or os.name == "nt" else ["-g0"],
    )
    for name, source in sources.items()
]
pure = wanted == "pure" or sys.implementation.name != "cpython"
setup(ext_modules=[] if pure else extensions, cmdclass={"build_ext": BuildCodecs})
