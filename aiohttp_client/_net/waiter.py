# cython: language_level=3, annotation_typing=False, auto_pickle=False, freethreading_compatible=True
"""Waiter: what one task awaits, and goes on from without a handle of the event loop for itself.

The result of a future wakes its task in the loop's next turn, by a handle of its own: on asyncio's own
loops a tenth of all that a request costs. A task that awaits a Waiter goes on in one of two ways. Where
data arrives no task is running, so the one that waits for it may go on right there: it does when wake()
is called, which has to be the last thing its caller does. That saves a lone request a look at the
selector, too. Where many wait, many results come in one turn, and are better used together: wake_soon()
leaves the task to a Batch, which lets all of them go on by one handle.

uvloop's handles cost less than a Waiter made in Python: there, without the compiled one, it is a future.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextvars import Context
from typing import Any, Self, TypeAlias, TypeVar

from .._backend import BACKEND

T = TypeVar("T")


class Batch:
    """Those whose results have come in one turn of the event loop, to go on in the next by one handle."""

    __slots__ = ("_ready", "done", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._ready: list[Waiter] = []
        self.done: asyncio.Future[None] = loop.create_future()
        self.done.set_result(None)

    def add(self, waiter: Waiter) -> None:
        if not self._ready:
            self.loop.call_soon(self.begin)
        self._ready.append(waiter)

    def begin(self) -> None:
        """Let all of them go on, in the order they came."""
        ready, self._ready = self._ready, []
        ready.reverse()
        try:
            while ready:
                waiter = ready.pop()
                waiter.go_on()
        finally:
            # A task lets pass nothing but what ends the program. That must not end the others' waiting.
            while ready:
                self.add(ready.pop())


class Waiter:
    """As much of asyncio.Future as one awaiting task needs (the protocol of asyncio.Task)."""

    __slots__ = (
        "_asyncio_future_blocking",
        "_batch",
        "_callback",
        "_context",
        "_error",
        "_is_done",
        "_loop",
        "_result",
    )

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._loop = batch.loop  # which the task makes sure is its own, too
        self._asyncio_future_blocking = False  # set for the task that looks at it
        self._callback: Callable[[Any], object] | None = None
        self._context: Context | None = None
        self._is_done = False
        self._result: Any = None
        self._error: BaseException | None = None

    # -- for who has the result

    def done(self) -> bool:
        return self._is_done

    def set_result(self, result: Any) -> None:
        """To be followed by wake() or wake_soon()."""
        self._result = result
        self._is_done = True

    def set_exception(self, error: BaseException) -> None:
        """Wakes the task, too: in the loop's next turn."""
        self._error = error
        self._is_done = True
        callback, self._callback = self._callback, None
        if callback is not None:
            # By a handle of its own, or error would hold, by its traceback, the frame of who woke many.
            self._loop.call_soon(callback, self, context=self._context)

    def wake(self) -> None:
        """Resume the task, if it waits and there is a result; where some task is running, in the loop's next turn."""
        if self._callback is None or not self._is_done:
            return
        if asyncio.current_task(self._loop) is not None:
            self._batch.add(self)
        else:
            self.go_on()

    def wake_soon(self) -> None:
        """Resume the task in the loop's next turn, if it waits and there is a result."""
        if self._callback is not None and self._is_done:
            self._batch.add(self)

    def go_on(self) -> None:
        """For Batch."""
        callback, context = self._callback, self._context
        if callback is not None and context is not None:
            self._callback = None
            # The task asks what it is given for its result, before it goes on: a future of asyncio's without a call.
            context.run(callback, self._batch.done)
            del callback  # or what the task has raised would hold, by this frame, the task

    # -- for the task

    def __await__(self) -> Generator[Any, None, None]:
        """Awaited it gives nothing: what came is result(), which need not be packed in a StopIteration that way."""
        return self  # type: ignore[return-value]  # an iterator is all that `await` asks for

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Self:
        if self._is_done:
            raise StopIteration
        self._asyncio_future_blocking = True
        return self

    def result(self) -> Any:
        error, self._error = self._error, None
        if error is None:
            return self._result
        try:
            raise error
        finally:
            del error  # or it would hold, by its traceback, what holds it

    def add_done_callback(self, callback: Callable[[Any], object], *, context: Context) -> None:
        self._callback = callback
        self._context = context

    def cancel(self, msg: object = None) -> bool:
        if self._is_done:
            return False
        self.set_exception(asyncio.CancelledError() if msg is None else asyncio.CancelledError(msg))
        return True


# What names an exchange; one task awaits it, and then asks for its result().
Awaited: TypeAlias = asyncio.Future[T] | Waiter


def settle(waiter: Awaited[T], result: T) -> None:
    """Give waiter its result, unless it has one; a Waiter has to be woken by who calls."""
    if isinstance(waiter, Waiter):
        ours = waiter  # which the .pxd gives its type
        if not ours._is_done:
            ours.set_result(result)
    elif not waiter.done():
        waiter.set_result(result)


def resumes(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether a Waiter is better than a future of loop."""
    # A loop that is debugged names the handles that took long: each task is to have its own.
    return (BACKEND == "c" or isinstance(loop, asyncio.BaseEventLoop)) and not loop.get_debug()
