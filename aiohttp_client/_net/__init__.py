"""Sockets and time: who talks to whom, when, and for how long; knows nothing of sessions.

clock, waiter, transport, framing, pool and connection exist twice: as the source that lies here, and compiled from it
(with what the .pxd beside each says of its types) in _speedups, where the backend c looks first.
"""

from .. import _speedups
from .._backend import BACKEND

if BACKEND == "c":
    __path__[:0] = _speedups.__path__


def _imported_by_another_name() -> None:
    """Never called: for tools like PyInstaller, which collect what a program imports and cannot see a path change."""
    from .._speedups import clock, connection, framing, pool, transport, waiter  # type: ignore[attr-defined]  # noqa: F401  # they have no stubs
