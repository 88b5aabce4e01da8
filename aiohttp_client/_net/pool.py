# cython: language_level=3, annotation_typing=False, auto_pickle=False, freethreading_compatible=True
"""Keep-alive pool: which idle connection a request may use, and who waits.

Idle connections of a key are a stack: the warmest is reused first, the coldest expires first.
A slot is the right to use or to open one connection. Limits count slots, and an idle connection
is closed before the number of open ones would exceed the limit. A freed slot goes straight to
the next waiter, keys taking turns and first come first served within a key, so that nobody who
comes later can take it; each step of that is O(1) however many wait.
Nothing here touches a socket: connections are asked to close, dialling is the connector's.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Any, Protocol, TypeAlias

from ..exceptions import ClientConnectionError
from .clock import time_of
from .target import ConnectionKey
from .waiter import Batch


class Pooled(Protocol):
    """What the pool wants of a connection."""

    @property
    def key(self) -> ConnectionKey: ...
    @property
    def closed(self) -> bool: ...

    def close(self) -> None:
        """Close for good; the pool is told by discard()."""


# What is taken from a pool is what was given to it. It would be generic, if compiled classes could be.
Taken: TypeAlias = Any


class Pool:
    """Slots and idle connections; limits of 0 mean none, keepalive None means idle for ever."""

    __slots__ = (
        "_closed",
        "_idle",
        "_idle_count",
        "_in_use_by_key",
        "_loop",
        "_now",
        "_queues",
        "_sweeper",
        "_turns",
        "in_use",
        "keepalive",
        "limit",
        "limit_per_host",
        "woken",
    )

    def __init__(
        self, loop: asyncio.AbstractEventLoop, *, limit: int, limit_per_host: int, keepalive: float | None
    ) -> None:
        self._loop = loop
        self._now = time_of(loop)
        self.limit = limit
        self.limit_per_host = limit_per_host
        self.keepalive = keepalive
        # Connection → loop time since when it is idle. A key is here only while it has idle
        # connections, so the first entry of the first key is the coldest of all.
        self._idle: dict[ConnectionKey, dict[Pooled, float]] = {}
        self._idle_count = 0
        self.in_use = 0  # slots taken: connections in use or being opened
        self._in_use_by_key: dict[ConnectionKey, int] = {}  # kept only under limit_per_host
        self._queues: dict[ConnectionKey, OrderedDict[asyncio.Future[Taken | None], None]] = {}
        # Keys with waiters and with room under limit_per_host, in the order of their turns.
        self._turns: OrderedDict[ConnectionKey, None] = OrderedDict()
        self._sweeper: asyncio.TimerHandle | None = None
        self._closed = False
        self.woken = Batch(loop)  # tasks to which its connections have brought something

    def __repr__(self) -> str:
        waiting = sum(map(len, self._queues.values()))
        return f"<Pool in_use={self.in_use} idle={self._idle_count} waiting={waiting} limit={self.limit}>"

    @property
    def idle(self) -> int:
        """Open connections nobody uses."""
        return self._idle_count

    @property
    def waiting(self) -> int:
        """Requests that wait for a slot."""
        return sum(map(len, self._queues.values()))

    # -- taking

    def idle_connections(self) -> dict[ConnectionKey, list[tuple[Taken, float]]]:
        """The idle connections of each key with the loop time since when they are, coldest first."""
        return {key: list(stack.items()) for key, stack in self._idle.items()}

    def take_idle(self, key: ConnectionKey) -> Taken | None:
        """The warmest idle connection of key, with a slot, or None. Never waits; closes expired ones on the way."""
        if not self._has_room(key):
            return None
        connection = self._pop_idle(key)
        if connection is not None:
            self._take_slot(key)
        return connection

    def take_slot(self, key: ConnectionKey) -> bool:
        """Whether there was a slot to open a connection with; give it back by free_slot() or release()."""
        if not self._has_room(key):
            return False
        self._take_slot(key)
        return True

    def _has_room(self, key: ConnectionKey) -> bool:
        if self._turns:
            return False  # they came first
        if self.limit and self.in_use >= self.limit:
            return False
        return not self.limit_per_host or self._in_use_by_key.get(key, 0) < self.limit_per_host

    def _take_slot(self, key: ConnectionKey) -> None:
        self.in_use += 1
        if self.limit_per_host:
            self._in_use_by_key[key] = self._in_use_by_key.get(key, 0) + 1

    def _pop_idle(self, key: ConnectionKey) -> Taken | None:
        stack = self._idle.get(key)
        while stack:
            connection, since = stack.popitem()
            self._idle_count -= 1
            if not stack:
                del self._idle[key]
            if self.keepalive is None or self._now() - since <= self.keepalive:
                return connection
            connection.close()
        return None

    async def wait(self, key: ConnectionKey) -> Taken | None:
        """Wait for a slot: with it comes an idle connection, or None if one has to be opened.

        Raises ClientConnectionError if the pool is closed meanwhile."""
        if self._closed:
            raise closed_error()
        waiter: asyncio.Future[Taken | None] = self._loop.create_future()
        queue = self._queues.setdefault(key, OrderedDict())
        queue[waiter] = None
        self._offer_turn(key)
        # A key that still has idle connections under the limits may be served at once.
        self._hand_over()
        try:
            return await waiter
        except BaseException:
            if waiter.cancelled() or not waiter.done():
                queue.pop(waiter, None)
                self._drop_empty_queue(key, queue)
            elif waiter.exception() is None:
                # Woken and cancelled in the same turn: what was handed over goes to the next.
                connection = waiter.result()
                if connection is None or connection.closed:  # by its peer, in that turn too
                    self.free_slot(key)
                else:
                    self.release(connection)
            raise

    # -- giving back

    def release(self, connection: Pooled) -> None:
        """Give back the slot and a connection that can be used again."""
        key = connection.key
        if self._closed:
            self.free_slot(key)
            connection.close()
            return
        self._idle_count += 1
        stack = self._idle.get(key)
        if stack is None:
            stack = self._idle[key] = {}
        stack[connection] = self._now()
        if self._sweeper is None and self.keepalive is not None:
            self._sweeper = self._loop.call_later(self.keepalive, self._sweep)
        self.free_slot(key)

    def free_slot(self, key: ConnectionKey) -> None:
        """Give back a slot without a connection."""
        self.in_use -= 1
        if self.limit_per_host:
            left = self._in_use_by_key[key] - 1
            if left:
                self._in_use_by_key[key] = left
            else:
                del self._in_use_by_key[key]
        if self._queues:
            self._offer_turn(key)
            self._hand_over()

    def discard(self, connection: Pooled) -> bool:
        """Forget an idle connection that has closed; False if it was not idle."""
        stack = self._idle.get(connection.key)
        if stack is None or stack.pop(connection, None) is None:
            return False
        self._idle_count -= 1
        if not stack:
            del self._idle[connection.key]
        return True

    def make_room(self) -> None:
        """Close the coldest idle connections until one more may be open: call it with a slot, before dialling."""
        while self.limit and self._idle and self.in_use + self._idle_count > self.limit:
            key = next(iter(self._idle))
            coldest = next(iter(self._idle[key]))
            self.discard(coldest)
            coldest.close()

    # -- handing over

    def _offer_turn(self, key: ConnectionKey) -> None:
        if key in self._queues and (not self.limit_per_host or self._in_use_by_key.get(key, 0) < self.limit_per_host):
            self._turns.setdefault(key)

    def _hand_over(self) -> None:
        while self._turns and not (self.limit and self.in_use >= self.limit):
            key, _ = self._turns.popitem(last=False)
            queue = self._queues[key]
            waiter, _ = queue.popitem(last=False)
            self._drop_empty_queue(key, queue)
            if not waiter.done():
                self._take_slot(key)
                waiter.set_result(self._pop_idle(key))
            self._offer_turn(key)

    def _drop_empty_queue(self, key: ConnectionKey, queue: OrderedDict[asyncio.Future[Taken | None], None]) -> None:
        if not queue and self._queues.get(key) is queue:
            del self._queues[key]
            self._turns.pop(key, None)

    # -- time and end

    def _sweep(self) -> None:
        self._sweeper = None
        assert self.keepalive is not None
        now = self._now()
        expired: list[Pooled] = []
        next_sweep: float | None = None
        for stack in self._idle.values():
            for connection, since in stack.items():
                if now - since < self.keepalive:
                    next_sweep = since if next_sweep is None else min(next_sweep, since)
                    break  # the others of this stack are warmer
                expired.append(connection)
        for connection in expired:
            self.discard(connection)
            connection.close()
        if next_sweep is not None:
            self._sweeper = self._loop.call_at(next_sweep + self.keepalive, self._sweep)

    def close(self) -> None:
        """Close idle connections, refuse waiters; connections in use are the connector's to close."""
        self._closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
        idle = [connection for stack in self._idle.values() for connection in stack]
        self._idle.clear()
        self._idle_count = 0
        for connection in idle:
            connection.close()
        queues = list(self._queues.values())
        self._queues.clear()
        self._turns.clear()
        for queue in queues:
            for waiter in queue:
                if not waiter.done():
                    waiter.set_exception(closed_error())


def closed_error() -> ClientConnectionError:
    return ClientConnectionError("Connector is closed")
