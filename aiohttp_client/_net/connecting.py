"""How connecting is held back: by limits of time, and by what else is about to connect."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import NamedTuple

from ..exceptions import ConnectionTimeoutError
from ..timeouts import ClientTimeout
from .target import ConnectionKey

# Dials that begin in one turn of the event loop.
_BEGIN_TOGETHER = 64


class _End(NamedTuple):
    """When a limit is reached, in loop time, and which one."""

    when: float
    name: str
    seconds: float


def _end(name: str, seconds: float | None, begun: float) -> _End | None:
    return _End(begun + seconds, name, seconds) if seconds and seconds > 0 else None


class ConnectLimit:
    """total, connect and, while dialling, sock_connect: one asyncio.Timeout for whichever ends first.

    started: loop time at which total began, None if it does not apply."""

    __slots__ = ("_beyond", "_dialled", "_key", "_loop", "_next", "scope", "timeout")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, key: ConnectionKey, timeout: ClientTimeout, started: float | None
    ) -> None:
        self._loop = loop
        self.timeout = timeout
        self._key = self._dialled = key
        total = None if started is None else _end("total", timeout.total, started)
        connect = _end("connect", timeout.connect, loop.time())
        self._next = min(filter(None, (total, connect)), default=None)
        self._beyond = self._next  # the end that counts when there is nothing to dial (any more)
        self.scope = asyncio.timeout_at(None if self._next is None else self._next.when)

    def begin_dial(self, key: ConnectionKey) -> None:
        """sock_connect begins; key is what is dialled: the target, or the proxy in front of it."""
        self._dialled = key
        end = _end("sock_connect", self.timeout.sock_connect, self._loop.time())
        self._end_at(min(filter(None, (self._next, end)), default=None))

    def end_dial(self) -> None:
        """sock_connect does not apply any more."""
        self._end_at(self._beyond)

    def _end_at(self, end: _End | None) -> None:
        """Unless the end has come, or somebody else (a connector that closes) has said when it does."""
        if end is self._next:
            return
        set_by_us = None if self._next is None else self._next.when
        if not self.scope.expired() and self.scope.when() == set_by_us:
            self._next = end
            self.scope.reschedule(None if end is None else end.when)

    def error(self, pool: object) -> TimeoutError:
        """For whoever asked to connect, when scope has expired."""
        assert self._next is not None
        _, name, seconds = self._next
        if name == "total":
            return TimeoutError(
                f"total timeout of {seconds} s exceeded before there was a connection to {shown(self._key)} ({pool!r})"
            )
        if name == "connect":
            return ConnectionTimeoutError(
                f"Connection timeout to host {shown(self._key)}: no connection within connect={seconds} s ({pool!r})"
            )
        return ConnectionTimeoutError(
            f"Connection timeout to host {shown(self._dialled)}: not connected within sock_connect={seconds} s"
        )


class Pace:
    """Lets a few dials begin in each turn of the event loop, first come first served.

    Each takes a tenth of a millisecond to begin. Ten thousand in one turn would let the answers to
    other requests wait for a second, hold what dialling takes of memory ten thousand times, and
    overrun the server's queue of connections, which TCP asks again only after a second. How many
    are under way is not limited: a host that does not answer holds up nobody."""

    __slots__ = ("_left", "_line", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._left = _BEGIN_TOGETHER
        self._line: deque[asyncio.Future[None]] = deque()

    def begin(self) -> asyncio.Future[None] | None:
        """What to await before dialling, or None if there is no need to wait."""
        if self._left == _BEGIN_TOGETHER:
            self._loop.call_soon(self._turn)
        if self._left:
            self._left -= 1
            return None
        turn: asyncio.Future[None] = self._loop.create_future()
        self._line.append(turn)
        return turn

    def _turn(self) -> None:
        self._left = _BEGIN_TOGETHER
        while self._left and self._line:
            turn = self._line.popleft()
            if not turn.done():  # cancelled, by who has given up
                if self._left == _BEGIN_TOGETHER:
                    self._loop.call_soon(self._turn)
                self._left -= 1
                turn.set_result(None)


def shown(key: ConnectionKey) -> str:
    """Whom key connects to, for messages."""
    return f"{'https' if key.is_ssl else 'http'}://{key.host}:{key.port}"
