import asyncio
import re

import pytest

import aiohttp_client as aiohttp
from aiohttp_client._net.connecting import _BEGIN_TOGETHER, ConnectLimit, Pace
from aiohttp_client._net.target import ConnectionKey

KEY = ConnectionKey("host.example", 80, False)
PROXY = ConnectionKey("proxy.example", 8080, False)


async def begun(pace, order, name):
    turn = pace.begin()
    if turn is not None:
        await turn
    order.append(name)


async def test_no_more_than_some_begin_in_a_turn_and_those_who_came_first_do_first():
    pace, order = Pace(asyncio.get_running_loop()), []
    count = 3 * _BEGIN_TOGETHER + 5
    tasks = [asyncio.create_task(begun(pace, order, name)) for name in range(count)]
    beginnings = []
    while len(order) < count:
        before = len(order)
        await asyncio.sleep(0)  # one turn of the loop, which is what is counted
        beginnings.append(len(order) - before)
    assert order == list(range(count))
    # A turn is watched from the middle of it.
    assert max(beginnings) <= 2 * _BEGIN_TOGETHER and len(beginnings) >= 3
    await asyncio.gather(*tasks)
    for _ in range(2):  # turns: the last one that was scheduled is then over
        await asyncio.sleep(0)
    assert pace._left == _BEGIN_TOGETHER  # nothing is scheduled any more


async def test_who_gives_up_before_its_turn_costs_the_others_nothing():
    pace, order = Pace(asyncio.get_running_loop()), []
    tasks = [asyncio.create_task(begun(pace, order, name)) for name in range(4 * _BEGIN_TOGETHER)]
    await asyncio.sleep(0)  # the turn in which they all ask
    for task in tasks[_BEGIN_TOGETHER : 3 * _BEGIN_TOGETHER]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert order == [*range(_BEGIN_TOGETHER), *range(3 * _BEGIN_TOGETHER, 4 * _BEGIN_TOGETHER)]


@pytest.mark.parametrize(
    ("timeout", "kind", "message"),
    [
        (
            {"total": 0.02, "connect": 9, "sock_connect": 9},
            TimeoutError,
            r"total timeout of 0\.02 s .* http://host\.ex",
        ),
        ({"connect": 0.02, "total": 9, "sock_connect": 9}, aiohttp.ConnectionTimeoutError, r"host\.ex.* connect=0\.02"),
        ({"sock_connect": 0.02, "total": 9}, aiohttp.ConnectionTimeoutError, r"proxy\.ex.* sock_connect=0\.02"),
        ({"sock_connect": 0.02}, aiohttp.ConnectionTimeoutError, r"proxy\.ex.* sock_connect=0\.02"),
    ],
)
async def test_the_first_limit_to_end_is_the_one_that_is_named(timeout, kind, message):
    loop = asyncio.get_running_loop()
    limit = ConnectLimit(loop, KEY, aiohttp.ClientTimeout(**timeout), loop.time())
    with pytest.raises(TimeoutError):
        async with limit.scope:
            limit.begin_dial(PROXY)
            await asyncio.sleep(5)  # cut short by the limit
    error = limit.error("the pool")
    assert type(error) is kind
    assert re.search(message, str(error))


async def test_what_follows_the_dial_has_the_time_of_the_whole():
    loop = asyncio.get_running_loop()
    limit = ConnectLimit(loop, KEY, aiohttp.ClientTimeout(sock_connect=0.02), loop.time())
    async with limit.scope:
        limit.begin_dial(KEY)
        limit.end_dial()
        await asyncio.sleep(0.05)  # past sock_connect, which must not end it
    assert not limit.scope.expired()


async def test_an_end_that_has_come_or_is_somebody_elses_is_left_alone():
    loop = asyncio.get_running_loop()
    limit = ConnectLimit(loop, KEY, aiohttp.ClientTimeout(sock_connect=60), loop.time())
    with pytest.raises(TimeoutError):
        async with limit.scope:
            limit.scope.reschedule(loop.time())  # as a connector does that closes
            limit.begin_dial(KEY)
            try:
                await asyncio.sleep(5)  # cut short by the scope
            except asyncio.CancelledError:
                limit.end_dial()
                limit.begin_dial(KEY)
                raise


async def test_a_crowd_that_dials_leaves_the_loop_to_others(origin):
    """Who has an open connection gets an answer while most of the crowd has not begun."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def one():
            async with session.get(origin.url) as response:
                return await response.read()

        await one()
        crowd = [asyncio.create_task(one()) for _ in range(800)]
        await asyncio.sleep(0)  # the first of them takes the open connection
        while not any(task.done() for task in crowd):
            await asyncio.sleep(0)  # by turns: any other wait could let more begin than have to
        assert len(session.connector._pace._line) > 400
        await asyncio.gather(*crowd)
        assert session.connector._pool.in_use == 0
