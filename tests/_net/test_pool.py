import asyncio

import pytest

from aiohttp_client._net.pool import Pool
from aiohttp_client._net.target import ConnectionKey
from aiohttp_client.exceptions import ClientConnectionError

A, B, C = (ConnectionKey(name, 80, False) for name in "abc")


class Fake:
    """All the pool knows of a connection."""

    def __init__(self, pool, key):
        self.pool, self.key, self.closed = pool, key, False

    def close(self):
        self.closed = True
        self.pool.discard(self)


def make(limit=0, limit_per_host=0, keepalive=15.0):
    return Pool(asyncio.get_running_loop(), limit=limit, limit_per_host=limit_per_host, keepalive=keepalive)


def opened(pool, key):
    assert pool.take_slot(key)
    return Fake(pool, key)


async def queued(pool, key):
    task = asyncio.create_task(pool.wait(key))
    await asyncio.sleep(0)
    return task


async def test_the_warmest_connection_is_reused_first():
    pool = make()
    first, second = opened(pool, A), opened(pool, A)
    pool.release(first)
    pool.release(second)
    assert (pool.in_use, pool.idle) == (0, 2)
    assert pool.take_idle(A) is second
    assert pool.take_idle(A) is first
    assert pool.take_idle(A) is None
    assert (pool.in_use, pool.idle) == (2, 0)
    pool.close()


async def test_keys_do_not_share():
    pool = make()
    pool.release(opened(pool, A))
    assert pool.take_idle(B) is None
    assert pool.take_idle(A._replace(ssl=False)) is None
    assert pool.take_idle(A._replace(server_hostname="x")) is None
    pool.close()


async def test_an_expired_connection_is_closed_not_reused():
    pool = make(keepalive=0.02)
    connection = opened(pool, A)
    pool.release(connection)
    pool._sweeper.cancel()
    await asyncio.sleep(0.04)
    assert pool.take_idle(A) is None
    assert connection.closed
    assert pool.in_use == pool.idle == 0
    pool.close()


async def test_expired_connections_are_swept_without_a_request():
    pool = make(keepalive=0.02)
    connection = opened(pool, A)
    pool.release(connection)
    while not connection.closed:
        await asyncio.sleep(0.01)
    assert pool.idle == 0
    assert not pool._idle
    pool.close()


async def test_without_a_limit_of_time_connections_are_kept():
    pool = make(keepalive=None)
    connection = opened(pool, A)
    pool.release(connection)
    assert pool._sweeper is None
    assert pool.take_idle(A) is connection


async def test_a_closed_idle_connection_is_forgotten():
    pool = make()
    connection = opened(pool, A)
    pool.release(connection)
    connection.close()
    assert pool.take_idle(A) is None
    assert pool.idle == 0


async def test_the_limit_counts_what_is_in_use():
    pool = make(limit=2)
    first = opened(pool, A)
    opened(pool, B)
    assert not pool.take_slot(C)
    pool.release(first)
    assert pool.take_slot(C)
    pool.close()


async def test_the_limit_per_host_counts_each_key():
    pool = make(limit_per_host=1)
    opened(pool, A)
    assert not pool.take_slot(A)
    opened(pool, B)
    pool.free_slot(A)
    assert pool.take_slot(A)
    assert pool._in_use_by_key == {A: 1, B: 1}


async def test_idle_connections_make_room_coldest_first():
    """IMP-C1: never more open connections than the limit."""
    pool = make(limit=2)
    cold, warm = opened(pool, A), opened(pool, B)
    pool.release(cold)
    pool.release(warm)
    assert pool.take_slot(C)
    pool.make_room()
    assert cold.closed and not warm.closed
    pool.close()


async def test_waiters_are_served_in_order_and_nobody_overtakes():
    pool = make(limit=1)
    connection = opened(pool, A)
    first, second = await queued(pool, A), await queued(pool, A)
    pool.release(connection)
    assert pool.take_idle(A) is None, "the slot belongs to the first waiter already"
    assert not pool.take_slot(A)
    assert await first is connection
    assert not second.done()
    pool.release(connection)
    assert await second is connection
    assert pool.waiting == 0


async def test_keys_take_turns():
    pool = make(limit=1)
    connection = opened(pool, A)
    waiters = [await queued(pool, key) for key in (A, A, A, B, C)]
    order = []
    for name, waiter in zip(["a1", "a2", "a3", "b", "c"], waiters, strict=True):
        waiter.add_done_callback(lambda _, name=name: order.append(name))
    pool.release(connection)
    for _ in waiters:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        pool.free_slot(A)
    assert order == ["a1", "b", "c", "a2", "a3"]


async def test_a_full_host_does_not_block_the_others():
    pool = make(limit=2, limit_per_host=1)
    opened(pool, A)
    blocked = await queued(pool, A)
    opened(pool, B)
    other = await queued(pool, C)
    pool.free_slot(B)
    assert await other is None
    assert not blocked.done()
    pool.free_slot(A)
    assert await blocked is None


async def test_a_cancelled_waiter_leaves_the_queue():
    pool = make(limit=1)
    connection = opened(pool, A)
    first, second = await queued(pool, A), await queued(pool, A)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert pool.waiting == 1
    pool.release(connection)
    assert await second is connection


@pytest.mark.parametrize("with_connection", [True, False])
async def test_a_waiter_cancelled_after_its_wake_up_passes_it_on(with_connection):
    pool = make(limit=1)
    connection = opened(pool, A)
    first, second = await queued(pool, A), await queued(pool, A)
    if with_connection:
        pool.release(connection)
    else:
        pool.free_slot(A)
    first.cancel()
    assert await second is (connection if with_connection else None)
    assert first.cancelled()
    pool.free_slot(A)
    assert pool.in_use == 0 and pool.waiting == 0


async def test_a_connection_that_closes_before_its_waiter_runs_is_not_passed_on():
    pool = make(limit=1)
    connection = opened(pool, A)
    waiter = await queued(pool, A)
    pool.release(connection)
    connection.close()
    waiter.cancel()
    await asyncio.gather(waiter, return_exceptions=True)
    assert (pool.in_use, pool.idle) == (0, 0)


async def test_closing_tells_the_waiters():
    pool = make(limit=1)
    opened(pool, A)
    waiter = await queued(pool, A)
    pool.close()
    with pytest.raises(ClientConnectionError, match="Connector is closed"):
        await waiter
    with pytest.raises(ClientConnectionError, match="Connector is closed"):
        await pool.wait(A)


async def test_a_connection_that_comes_back_after_close_is_closed():
    pool = make()
    connection = opened(pool, A)
    pool.close()
    pool.release(connection)
    assert connection.closed
    assert pool.in_use == pool.idle == 0


async def test_a_long_queue_drains_one_release_at_a_time():
    """Each hand-over is O(1); rescanning 20 000 waiters 20 000 times would not end within the time-out."""
    pool = make(limit=1)
    pool.take_slot(A)
    loop = asyncio.get_running_loop()
    waits = [loop.create_task(pool.wait(A)) for _ in range(20_000)]
    await asyncio.sleep(0)
    assert pool.waiting == 20_000
    for wait in waits:
        pool.free_slot(A)
        assert await wait is None
    assert pool.in_use == 1 and pool.waiting == 0
