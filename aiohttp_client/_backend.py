"""Which bodies the codecs have: compiled, llhttp (through httptools), or pure Python; all three or none.

With the compiled ones go some modules of _wire and _net. They exist twice: as the source that lies there, and compiled
from it, with what the .pxd beside it says of its types, in _speedups.

AIOHTTP_CLIENT_BACKEND = auto (default) | c | httptools | py. BACKEND tells what one got.
auto takes the compiled codecs, else httptools if it is installed, else pure Python. What is
demanded and missing is an ImportError, so that a test run or a deployment cannot silently be
slow; what is there and does not load is the real error.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import MutableSequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

from . import _speedups

_COMPILED: tuple[str, ...] = ("head", "chunks", "mask", "framing", "wsframes")
_COMPILED += ("clock", "waiter", "transport", "pool", "connection", "wsconnection")


def _choose(wanted: str) -> str:
    if wanted not in ("auto", "c", "httptools", "py"):
        raise ImportError(f"AIOHTTP_CLIENT_BACKEND is {wanted!r}, expected auto, c, httptools or py")
    built = [name for name in _COMPILED if find_spec(f"{__package__}._speedups.{name}")]
    missing = ", ".join(name for name in _COMPILED if name not in built)
    if wanted == "c" and missing:
        raise ImportError(
            f"AIOHTTP_CLIENT_BACKEND=c, but these compiled modules are missing: {missing}. Install a wheel for this "
            "platform, or build with a C compiler: AIOHTTP_CLIENT_BUILD=compiled pip install --no-binary "
            "aiohttp_client aiohttp_client"
        )
    if wanted == "httptools" and not find_spec("httptools"):
        raise ImportError("AIOHTTP_CLIENT_BACKEND=httptools, but httptools is not installed: pip install httptools")
    if wanted != "auto":
        return wanted
    if not missing:
        return "c"
    if built:
        warnings.warn(
            f"compiled modules are missing ({missing}) though others are there: a broken build; not using any",
            RuntimeWarning,
            stacklevel=2,
        )
    return "httptools" if find_spec("httptools") else "py"


BACKEND = _choose(os.environ.get("AIOHTTP_CLIENT_BACKEND", "auto"))

# For type checkers the pure twins speak for all.
if TYPE_CHECKING or BACKEND == "py":
    from ._pure import chunks, head, mask
elif BACKEND == "c":
    from ._speedups import chunks, head, mask
else:
    from ._llhttp import chunks, head, mask

__all__ = ("BACKEND", "chunks", "compiled_first", "head", "mask")


def compiled_first(path: MutableSequence[str]) -> None:
    """Have the package whose __path__ this is look for modules among the compiled ones first, if those are in use."""
    if BACKEND == "c":
        path[:0] = _speedups.__path__


def _imported_by_another_name() -> None:
    """Never called: for tools like PyInstaller, which collect what a program imports and cannot see a path change."""
    from ._speedups import clock, connection, framing, pool, transport, waiter, wsconnection, wsframes  # type: ignore[attr-defined]  # noqa: F401  # they have no stubs
