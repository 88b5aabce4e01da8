"""Waiter: a task that goes on where its result arrives."""

import asyncio
import contextvars
import gc
import weakref

import pytest

from aiohttp_client import BACKEND
from aiohttp_client._net.waiter import Batch, Waiter, resumes

variable = contextvars.ContextVar("variable", default="nobody's")


def arrives(waiter, result):
    """What a protocol does in data_received."""
    waiter.set_result(result)
    waiter.wake()


async def awaited():
    """A waiter, the task that awaits it, and a list of what that saw."""
    waiter, seen = Waiter(Batch(asyncio.get_running_loop())), []

    async def awaits():
        variable.set("the task's")
        try:
            await waiter
            seen.append((waiter.result(), variable.get()))
        except BaseException as error:
            seen.append(error)
            raise

    task = asyncio.create_task(awaits())
    await asyncio.sleep(0)
    return waiter, task, seen


async def test_the_task_goes_on_before_wake_returns_and_in_its_own_context():
    waiter, task, seen = await awaited()
    told = asyncio.get_running_loop().create_future()

    def callback():
        arrives(waiter, 5)
        told.set_result(list(seen))

    asyncio.get_running_loop().call_soon(callback)
    assert await told == [(5, "the task's")]
    await task


async def test_where_a_task_is_running_the_other_goes_on_in_the_next_turn():
    waiter, task, seen = await awaited()
    arrives(waiter, 5)
    assert seen == []
    await asyncio.wait_for(task, 5)
    assert seen == [(5, "the task's")]


async def test_a_result_that_is_there_is_not_waited_for():
    waiter = Waiter(Batch(asyncio.get_running_loop()))
    arrives(waiter, 5)
    await waiter
    assert waiter.result() == 5


async def test_an_exception_is_raised_and_leaves_no_cycle():
    waiter, task, seen = await awaited()
    gc.collect()
    gc.disable()
    try:

        class Failure(Exception):
            pass

        error = Failure()
        waiter.set_exception(error)
        with pytest.raises(Failure):
            await task
        assert seen == [error]
        gone = weakref.ref(error)
        seen.clear()
        del error, task
        await asyncio.sleep(0)
        assert gone() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("how", [Waiter.wake, Waiter.wake_soon])
async def test_what_the_task_raises_when_it_goes_on_is_in_no_cycle_with_it(how):
    waiter = Waiter(Batch(asyncio.get_running_loop()))

    class Failure(Exception):
        pass

    async def fails():
        await waiter
        raise Failure

    task = asyncio.create_task(fails())
    await asyncio.sleep(0)
    gc.collect()
    gc.disable()
    try:
        waiter.set_result(None)
        asyncio.get_running_loop().call_soon(how, waiter)
        with pytest.raises(Failure) as caught:
            await task
        gone = weakref.ref(caught.value)
        del caught, task
        await asyncio.sleep(0)
        assert gone() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("message", [None, "enough"])
async def test_a_cancelled_task_ends_and_a_result_that_comes_then_is_nobodys(message):
    waiter, task, _ = await awaited()
    task.cancel(message)
    assert waiter.done()
    waiter.wake()
    with pytest.raises(asyncio.CancelledError) as caught:
        await task
    assert caught.value.args == (() if message is None else (message,))
    assert not waiter.cancel()


async def test_a_task_cancelled_after_its_result_arrived_but_before_it_goes_on():
    waiter, task, seen = await awaited()
    arrives(waiter, 5)  # in the next turn, for this task is running
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert isinstance(seen[0], asyncio.CancelledError)


async def test_a_timeout():
    waiter = Waiter(Batch(asyncio.get_running_loop()))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await waiter


async def test_what_the_task_raises_is_the_tasks():
    """Not its waker's, in whose stack it was raised."""
    waiter = Waiter(Batch(asyncio.get_running_loop()))

    async def fails():
        await waiter
        raise ValueError("mine")

    task = asyncio.create_task(fails())
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_soon(arrives, waiter, None)
    with pytest.raises(ValueError, match="mine"):
        await task


async def test_many_go_on_in_the_next_turn_by_one_handle_in_the_order_of_their_results():
    loop, ended = asyncio.get_running_loop(), []
    batch = Batch(loop)
    waiters = [Waiter(batch) for _ in range(50)]

    async def awaits(number):
        await waiters[number]
        ended.append((number, waiters[number].result()))

    tasks = [asyncio.create_task(awaits(number)) for number in range(50)]
    await asyncio.sleep(0)
    for number in reversed(range(50)):
        waiters[number].set_result(number * number)
        waiters[number].wake_soon()
    assert ended == []
    await asyncio.sleep(0)
    assert ended == [(number, number * number) for number in reversed(range(50))]
    await asyncio.gather(*tasks)


def test_what_ends_the_program_does_not_keep_the_others_from_going_on(new_loop):
    """Ctrl-C reaches the task that happens to run, and asyncio.Runner lets the others end in order."""
    ended = []

    async def awaits(waiter, error):
        await waiter
        if error is not None:
            raise error
        ended.append(waiter.result())

    async def many():
        batch = Batch(asyncio.get_running_loop())
        waiters = [Waiter(batch) for _ in range(3)]
        tasks = [
            asyncio.create_task(awaits(waiter, error))
            for waiter, error in zip(waiters, (None, KeyboardInterrupt(), None), strict=True)
        ]
        await asyncio.sleep(0)
        for number, waiter in enumerate(waiters):
            waiter.set_result(number)
            waiter.wake_soon()
        await asyncio.wait(tasks)

    with asyncio.Runner(loop_factory=new_loop) as runner:
        with pytest.raises(KeyboardInterrupt):
            runner.run(many())
        runner.run(asyncio.sleep(0))
        assert ended == [0, 2]


async def test_uvloop_has_better_futures_than_a_waiter_made_in_python():
    loop = asyncio.get_running_loop()
    assert resumes(loop) is (BACKEND == "c" or "uvloop" not in type(loop).__module__)


async def test_a_loop_that_is_debugged_names_the_task_that_took_long():
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    assert not resumes(loop)
