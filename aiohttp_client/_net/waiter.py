"""Waiter: what one task awaits, and can be resumed from without another turn of the event loop.

The result of a future wakes its task in the loop's next turn. On asyncio's own loops that turn is a
Handle, a context switch and one more look at the selector: a sixth of all a lone request costs.
Where data arrives no task is running, so the one that awaits it may as well go on right there: it
does when wake() is called, which has to be the last thing its caller does. uvloop's turns cost less
than a Waiter made in Python, and where many wait their turns are better taken together: there it
is a future, and wake() is not needed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextvars import Context
from typing import Any, Generic, TypeAlias, TypeVar

T = TypeVar("T")


class Waiter(Generic[T]):
    """As much of asyncio.Future as one awaiting task needs (the protocol of asyncio.Task)."""

    __slots__ = ("_asyncio_future_blocking", "_callback", "_context", "_error", "_is_done", "_loop", "_result")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop  # which the task makes sure is its own, too
        self._asyncio_future_blocking = False  # set for the task that looks at it
        self._callback: Callable[[Waiter[T]], object] | None = None
        self._context: Context | None = None
        self._is_done = False
        self._error: BaseException | None = None

    # -- for who has the result

    def done(self) -> bool:
        return self._is_done

    def set_result(self, result: T) -> None:
        """To be followed by wake() or wake_soon()."""
        self._result = result
        self._is_done = True

    def set_exception(self, error: BaseException) -> None:
        """Wakes the task, too: in the loop's next turn."""
        self._error = error
        self._is_done = True
        self.wake_soon()

    def wake(self) -> None:
        """Resume the task, if it waits and there is a result; where some task is running, in the loop's next turn."""
        callback = self._callback
        if callback is None or not self._is_done:
            return
        if asyncio.current_task(self._loop) is not None:
            self.wake_soon()
            return
        self._callback = None
        assert self._context is not None
        self._context.run(callback, self)

    def wake_soon(self) -> None:
        """Resume the task in the loop's next turn, if it waits and there is a result."""
        callback = self._callback
        if callback is not None and self._is_done:
            self._callback = None
            self._loop.call_soon(callback, self, context=self._context)

    # -- for the task

    def __await__(self) -> Generator[Any, None, T]:
        if not self._is_done:
            self._asyncio_future_blocking = True
            yield self
        return self.result()

    def result(self) -> T:
        error, self._error = self._error, None
        if error is None:
            return self._result
        try:
            raise error
        finally:
            del error  # or it would hold, by its traceback, what holds it

    def add_done_callback(self, callback: Callable[[Waiter[T]], object], *, context: Context) -> None:
        self._callback = callback
        self._context = context

    def cancel(self, msg: object = None) -> bool:
        if self._is_done:
            return False
        self.set_exception(asyncio.CancelledError() if msg is None else asyncio.CancelledError(msg))
        return True


# What names an exchange; one task awaits it.
Awaited: TypeAlias = asyncio.Future[T] | Waiter[T]


def resumes(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether a Waiter is better than a future of loop."""
    return isinstance(loop, asyncio.BaseEventLoop)
