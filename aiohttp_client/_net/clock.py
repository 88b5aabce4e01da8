# cython: language_level=3, annotation_typing=False, auto_pickle=False, freethreading_compatible=True
"""Deadlines that cost next to nothing: one timer for all of them, accurate to half a second.

A request that arms a five-minute limit nearly always disarms it a millisecond later. So deadlines
of equal length live in one insertion-ordered dict, a lane: arming is an insert, disarming a pop,
and because they expire in the order they were armed, a tick looks only at the front of each lane.
Never early, at most one tick late. What is left of a limit that began earlier (before there was
a connection) shares a lane with all that end in the same tick, and is at most two late. Short
limits, for which half a second matters, get a real timer each, behind the same two verbs.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from typing import Protocol
from weakref import WeakValueDictionary

TICK = 0.5  # seconds


def time_of(loop: asyncio.AbstractEventLoop) -> Callable[[], float]:
    """loop.time(), without a call around the system's clock where that is all it is."""
    return time.monotonic if type(loop).time is asyncio.BaseEventLoop.time else loop.time


class Expirable(Protocol):
    """Whoever arms a deadline; hashable by identity."""

    def expired(self, lane: Lane) -> None: ...


class Lane:
    """All deadlines of one length."""

    __slots__ = ("seconds",)

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def arm(self, owner: Expirable) -> None:
        """Call owner.expired(self) when the time has passed; arming again starts anew."""
        raise NotImplementedError

    def disarm(self, owner: Expirable) -> None:
        """Forget owner, armed or not."""
        raise NotImplementedError


class Clock:
    """The lanes of one event loop."""

    __slots__ = ("_armed", "_coarse", "_exact", "_rests", "_timer", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._coarse: dict[float, CoarseLane] = {}
        self._exact: dict[float, ExactLane] = {}
        # By the tick in which they end and the limit they are of. Those who use one keep it.
        self._rests: WeakValueDictionary[tuple[int, float], RestLane] = WeakValueDictionary()
        self._armed: set[RestLane] = set()
        self._timer: asyncio.TimerHandle | None = None

    def lane(self, seconds: float, threshold: float) -> Lane:
        """The lane for limits of this many seconds: coarse above threshold, exact up to it."""
        if seconds > threshold:
            return self._coarse.get(seconds) or self._coarse.setdefault(seconds, CoarseLane(self, seconds))
        return self._exact.get(seconds) or self._exact.setdefault(seconds, ExactLane(self.loop, seconds))

    def until(self, when: float, seconds: float, threshold: float) -> Lane:
        """A lane that expires at loop time when: for what is left of a limit of seconds."""
        if seconds <= threshold:
            return UntilLane(self.loop, when, seconds)
        tick = math.ceil(when / TICK)
        lane = self._rests.get((tick, seconds))
        if lane is None:
            lane = self._rests[tick, seconds] = RestLane(self, tick * TICK, seconds)
        return lane

    def start(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(TICK, self._tick)

    def watch(self, lane: RestLane) -> None:
        """Let lane expire when it is time."""
        self._armed.add(lane)
        self.start()

    def unwatch(self, lane: RestLane) -> None:
        self._armed.discard(lane)

    def stop(self) -> None:
        """Forget all deadlines."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for lane in self._coarse.values():
            lane.armed_at.clear()
        for rest in self._armed:
            rest.owners.clear()
        self._armed.clear()

    def _tick(self) -> None:
        self._timer = None
        now = self.loop.time()
        busy = False
        for lane in tuple(self._coarse.values()):
            lane.expire(now)
            busy = busy or bool(lane.armed_at)
        for rest in tuple(self._armed):
            if rest.when <= now:
                rest.expire()
        if busy or self._armed:
            self.start()


class CoarseLane(Lane):
    __slots__ = ("_clock", "_now", "armed_at")

    def __init__(self, clock: Clock, seconds: float) -> None:
        super().__init__(seconds)
        self._clock = clock
        self._now = time_of(clock.loop)
        self.armed_at: dict[Expirable, float] = {}

    def arm(self, owner: Expirable) -> None:
        armed_at = self.armed_at
        armed_at.pop(owner, None)  # to the end again: the order is the order of expiry
        armed_at[owner] = self._now()
        if self._clock._timer is None:
            self._clock.start()

    def disarm(self, owner: Expirable) -> None:
        self.armed_at.pop(owner, None)

    def expire(self, now: float) -> None:
        last = now - self.seconds
        late = []
        for owner, armed_at in self.armed_at.items():
            if armed_at > last:
                break
            late.append(owner)
        for owner in late:
            # An earlier one's expired() may have disarmed it.
            if self.armed_at.pop(owner, None) is not None:
                owner.expired(self)


class RestLane(Lane):
    """For all who arm it: ends at loop time when, whenever they armed it."""

    __slots__ = ("__weakref__", "_clock", "owners", "when")

    def __init__(self, clock: Clock, when: float, seconds: float) -> None:
        super().__init__(seconds)
        self._clock = clock
        self.when = when
        self.owners: dict[Expirable, None] = {}  # a set that keeps order

    def arm(self, owner: Expirable) -> None:
        if not self.owners:
            self._clock.watch(self)
        self.owners[owner] = None

    def disarm(self, owner: Expirable) -> None:
        if self.owners.pop(owner, self) is None and not self.owners:
            self._clock.unwatch(self)

    def expire(self) -> None:
        for owner in tuple(self.owners):
            if owner in self.owners:  # an earlier one's expired() may have disarmed it
                self.disarm(owner)
                owner.expired(self)


class ExactLane(Lane):
    __slots__ = ("_loop", "_timers")

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        super().__init__(seconds)
        self._loop = loop
        self._timers: dict[Expirable, asyncio.TimerHandle] = {}

    def _when(self) -> float:
        return self._loop.time() + self.seconds

    def arm(self, owner: Expirable) -> None:
        self.disarm(owner)
        self._timers[owner] = self._loop.call_at(self._when(), self._expire, owner)

    def disarm(self, owner: Expirable) -> None:
        timer = self._timers.pop(owner, None)
        if timer is not None:
            timer.cancel()

    def _expire(self, owner: Expirable) -> None:
        self._timers.pop(owner, None)
        owner.expired(self)


class UntilLane(ExactLane):
    """For one owner: the rest of a limit that began earlier."""

    __slots__ = ("_at",)

    def __init__(self, loop: asyncio.AbstractEventLoop, when: float, seconds: float) -> None:
        super().__init__(loop, seconds)
        self._at = when

    def _when(self) -> float:
        return self._at
