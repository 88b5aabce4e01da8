"""DataQueue and FlowControlDataQueue."""

import asyncio

import pytest

from aiohttp_client import DataQueue, EofStream, FlowControlDataQueue


async def test_items_come_in_order_and_then_the_end():
    queue = DataQueue(asyncio.get_running_loop())
    queue.feed_data("a", 1)
    queue.feed_data("b", 1)
    queue.feed_eof()
    assert len(queue) == 2 and queue.is_eof() and not queue.at_eof()
    assert [item async for item in queue] == ["a", "b"]
    assert queue.at_eof()
    with pytest.raises(EofStream):
        await queue.read()


async def test_a_reader_waits_and_only_one_may():
    queue = DataQueue()
    reading = asyncio.create_task(queue.read())
    await asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="already waiting"):
        await queue.read()
    queue.feed_data("item")
    assert await reading == "item"


async def test_an_exception_comes_behind_the_items():
    queue = DataQueue()
    queue.feed_data("item")
    queue.set_exception(KeyError("end"))
    assert isinstance(queue.exception(), KeyError)
    assert await queue.read() == "item"
    with pytest.raises(KeyError):
        await queue.read()


async def test_a_cancelled_reader_leaves_the_queue_usable():
    queue = DataQueue()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await queue.read()
    queue.feed_data("item")
    assert await queue.read() == "item"


async def test_a_limited_queue_pauses_its_source():
    calls = []

    class Source:
        def pause_reading(self):
            calls.append("pause")

        def resume_reading(self):
            calls.append("resume")

    queue = FlowControlDataQueue(Source(), 10, loop=asyncio.get_running_loop())
    queue.feed_data("a", 20)
    assert calls == []
    queue.feed_data("b", 1)
    assert calls == ["pause"]
    await queue.read()
    assert calls == ["pause", "resume"]
    assert await queue.read() == "b"
