"""Build of the compiled codecs; everything else is in pyproject.toml.

AIOHTTP_CLIENT_BUILD says what must come out:
  auto      (default) compiled, or pure Python with a notice where no C compiler works
  compiled  compiled, or the build fails: what wheels are built with
  pure      no extension modules: a py3-none-any wheel
"""

import os
import sys

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

CODECS = ("head", "chunks", "mask")
HEADERS = ["_ext/ascii.h"]

wanted = os.environ.get("AIOHTTP_CLIENT_BUILD", "auto")
if wanted not in ("auto", "compiled", "pure"):
    raise SystemExit(f"AIOHTTP_CLIENT_BUILD is {wanted!r}, expected auto, compiled or pure")


class BuildCodecs(build_ext):
    """All codecs or none: half a set would only be refused at import time."""

    def finalize_options(self) -> None:
        super().finalize_options()
        # Generated C belongs to the build, not to the sources.
        self.cython_c_in_temp = True

    def run(self) -> None:
        try:
            super().run()
        except Exception as error:
            # Forgive a machine without a compiler, never a mistake in our sources: Cython's
            # CompileError is not among these.
            if wanted == "compiled" or not is_compiler_failure(error):
                raise
            print(
                f"\n*** aiohttp_client: no working C compiler ({error}).\n"
                "*** Installing pure Python codecs: everything works, slower.\n"
                "*** See aiohttp_client.BACKEND; AIOHTTP_CLIENT_BUILD=compiled makes this an error.\n",
                file=sys.stderr,
            )
            self.extensions = []


def is_compiler_failure(error: Exception) -> bool:
    from setuptools.errors import CCompilerError, ExecError, PlatformError

    return isinstance(error, (CCompilerError, ExecError, PlatformError))


extensions = [
    Extension(f"aiohttp_client._speedups.{name}", [f"_ext/{name}.pyx"], depends=HEADERS, include_dirs=["_ext"])
    for name in CODECS
]
pure = wanted == "pure" or sys.implementation.name != "cpython"
setup(ext_modules=[] if pure else extensions, cmdclass={"build_ext": BuildCodecs})
