"""Lease: a response's hold on the connection that is bringing its body."""

from __future__ import annotations

import warnings

from .collecting import WholeBody
from .connection import Connection, Received
from .waiter import Awaited


class Lease:
    """A response's hold on a connection whose body is still coming."""

    __slots__ = ("_waiter", "connection")

    def __init__(self, connection: Connection, waiter: Awaited[Received]) -> None:
        self.connection = connection
        self._waiter = waiter

    @property
    def active(self) -> bool:
        return self.connection.is_busy_with(self._waiter)

    @property
    def exchange(self) -> Awaited[Received]:
        """What names the exchange to the connection."""
        return self._waiter

    def collect(self) -> WholeBody | None:
        """See Connection.collect()."""
        return self.connection.collect(self._waiter)

    def give_up(self) -> None:
        """Close the connection unless the body has ended."""
        self.connection.abandon(self._waiter)

    def __del__(self) -> None:
        if not self.active:
            return
        loop = self.connection._loop
        if loop.is_closed():
            return
        what = f"Unclosed response on {self.connection!r}: use it with async with, or call release()"
        self.give_up()
        warnings.warn(what, ResourceWarning, source=self, stacklevel=1)
