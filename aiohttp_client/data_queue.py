"""DataQueue: items in place of bytes, for one reader."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")


class Source(Protocol):
    """Where the data comes from."""

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...


class EofStream(Exception):
    """read() of a DataQueue that has ended."""


class DataQueue(Generic[T]):
    """Items fed by one side and read by the other, in order."""

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._loop = loop
        self._items: deque[tuple[T, int]] = deque()
        self._size = 0
        self._eof = False
        self._error: BaseException | None = None
        self._waiter: asyncio.Future[None] | None = None

    def __len__(self) -> int:
        return len(self._items)

    def is_eof(self) -> bool:
        """Whether all items have been fed."""
        return self._eof

    def at_eof(self) -> bool:
        """Whether all items have been fed and read."""
        return self._eof and not self._items

    def exception(self) -> BaseException | None:
        return self._error

    def set_exception(self, exc: BaseException, cause: BaseException | None = None) -> None:
        """The queue ends: read() raises exc behind the items that are there."""
        if cause is not None:
            exc.__cause__ = cause
        self._error = exc
        self._eof = True
        self._wake()

    def feed_data(self, data: T, size: int = 0) -> None:
        """Append an item; size is what it counts for where the queue is limited."""
        self._items.append((data, size))
        self._size += size
        self._wake()

    def feed_eof(self) -> None:
        self._eof = True
        self._wake()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def read(self) -> T:
        """The next item. At the end raises the exception set, or EofStream; RuntimeError for a second reader."""
        while not self._items:
            if self._error is not None:
                raise self._error
            if self._eof:
                raise EofStream
            if self._waiter is not None:
                raise RuntimeError("read() called while another coroutine is already waiting for an item")
            loop = self._loop or asyncio.get_running_loop()
            waiter = self._waiter = loop.create_future()
            try:
                await waiter
            finally:
                if self._waiter is waiter:
                    self._waiter = None
        item, size = self._items.popleft()
        self._size -= size
        return item

    def __aiter__(self) -> AsyncIterator[T]:
        return self._all()

    async def _all(self) -> AsyncIterator[T]:
        while True:
            try:
                item = await self.read()
            except EofStream:
                return
            yield item


class FlowControlDataQueue(DataQueue[T]):
    """A DataQueue that pauses protocol while more than twice limit is in it."""

    def __init__(self, protocol: Source, limit: int, *, loop: asyncio.AbstractEventLoop | None = None) -> None:
        super().__init__(loop)
        self._protocol = protocol
        self._limit = 2 * limit
        self._paused = False

    def feed_data(self, data: T, size: int = 0) -> None:
        super().feed_data(data, size)
        if self._size > self._limit and not self._paused:
            self._paused = True
            self._protocol.pause_reading()

    async def read(self) -> T:
        try:
            return await super().read()
        finally:
            if self._paused and self._size < self._limit:
                self._paused = False
                self._protocol.resume_reading()
