"""Limits, cancellation, and that neither leaves anything behind."""

import asyncio
import time

import pytest

import aiohttp_client as aiohttp

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
PARTIAL = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"


def clean(session):
    pool = session.connector._pool
    return (pool.in_use, pool.waiting, len(session.connector._connecting)) == (0, 0, 0)


@pytest.mark.parametrize("timeout", [0.05, aiohttp.ClientTimeout(total=0.05)])
@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\nA"])
async def test_total_while_waiting_for_the_head(origin, timeout, sent):
    origin.script([origin.WAIT, sent, origin.STALL])
    async with aiohttp.ClientSession() as session:
        with pytest.raises(asyncio.TimeoutError, match="total timeout of 0.05 s exceeded waiting for the response"):
            await session.get(origin.url, timeout=timeout)
        assert clean(session)


async def test_total_of_the_session_while_reading_the_body(origin):
    origin.script([origin.WAIT, PARTIAL, origin.STALL])
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=0.1)) as session:
        async with session.get(origin.url) as response:
            with pytest.raises(asyncio.TimeoutError, match="total timeout of 0.1 s exceeded reading the response body"):
                await response.read()
        assert clean(session)


async def test_total_counts_from_the_call_through_queue_and_redirects(origin):
    origin.answers(lambda request: b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")
    async with aiohttp.ClientSession() as session:
        begun = time.monotonic()
        with pytest.raises(asyncio.TimeoutError):
            await session.get(origin.url, max_redirects=0, timeout=0.1)
        assert time.monotonic() - begun >= 0.09
        assert clean(session)


async def test_total_while_queued(origin):
    origin.script([origin.WAIT, origin.STALL])
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:
        busy = asyncio.create_task(session.get(origin.url, timeout=0.2))
        await asyncio.sleep(0.01)
        with pytest.raises(asyncio.TimeoutError, match="before there was a connection"):
            await session.get(origin.url, timeout=0.05)
        with pytest.raises(asyncio.TimeoutError):
            await busy
        assert clean(session)


async def test_connect_counts_the_queue(origin):
    origin.script([origin.WAIT, origin.STALL])
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:
        busy = asyncio.create_task(session.get(origin.url, timeout=0.2))
        await asyncio.sleep(0.01)
        with pytest.raises(aiohttp.ConnectionTimeoutError, match="Connection timeout to host http://127.0.0.1"):
            await session.get(origin.url, timeout=aiohttp.ClientTimeout(connect=0.05))
        with pytest.raises(asyncio.TimeoutError):
            await busy
        assert clean(session)


@pytest.mark.parametrize(
    ("timeout", "error"),
    [
        (aiohttp.ClientTimeout(sock_connect=0.1), aiohttp.ConnectionTimeoutError),
        (aiohttp.ClientTimeout(connect=0.1), aiohttp.ConnectionTimeoutError),
        (aiohttp.ClientTimeout(total=0.1), asyncio.TimeoutError),
    ],
)
async def test_a_host_that_does_not_answer(black_hole, timeout, error):
    host, port = black_hole
    async with aiohttp.ClientSession() as session:
        with pytest.raises(error) as caught:
            await session.get(f"http://{host}:{port}/", timeout=timeout)
        assert f"{host}:{port}" in str(caught.value)
        assert clean(session)


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200", PARTIAL])
async def test_sock_read_is_the_longest_silence(origin, sent):
    origin.script([origin.WAIT, sent, origin.STALL])
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(sock_read=0.05)) as session:
        with pytest.raises(aiohttp.SocketTimeoutError, match="Timeout on reading data from socket"):
            async with session.get(origin.url) as response:
                await response.read()
        assert clean(session)


async def test_sock_read_does_not_mind_a_slow_peer_that_keeps_talking(origin):
    pieces = [piece for byte in PARTIAL + b"defghij" for piece in (bytes([byte]), 0.005)]
    origin.script([origin.WAIT, *pieces, origin.STALL])
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(sock_read=0.2)) as session:
        async with session.get(origin.url) as response:
            assert await response.read() == b"abcdefghij"


async def test_sock_read_does_not_count_our_own_slowness(origin):
    """Paused by back-pressure, and idle in the pool, silence is not the peer's."""
    body = b"x" * 4_000_000
    origin.plays(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    async with aiohttp.ClientSession(read_bufsize=2**16, timeout=aiohttp.ClientTimeout(sock_read=0.1)) as session:
        async with session.get(origin.url) as response:
            await response.content.read(1)
            await asyncio.sleep(0.25)
            assert len(await response.read()) == len(body) - 1
        await asyncio.sleep(0.25)
        async with session.get(origin.url) as response:
            assert len(await response.read()) == len(body)
    assert origin.connections == 1


@pytest.mark.parametrize("timeout", [None, 0, aiohttp.ClientTimeout(), aiohttp.ClientTimeout(total=0)])
async def test_no_limit(origin, timeout):
    origin.plays(OK)
    async with aiohttp.ClientSession() as session, session.get(origin.url, timeout=timeout) as response:
        assert await response.read() == b"ok"


async def test_the_default_is_five_minutes():
    async with aiohttp.ClientSession() as session:
        assert session.timeout == aiohttp.ClientTimeout(total=300, sock_connect=30)
        assert session._settings.total.seconds == 300
    with pytest.raises(ValueError, match=r"ClientTimeout\(total=5\)"):
        aiohttp.ClientSession(timeout=5)


async def test_a_coarse_limit_ends_the_request_too(origin):
    """Above the threshold limits share one timer; they still end what they limit."""
    origin.script([origin.WAIT, origin.STALL])
    async with aiohttp.ClientSession() as session:
        with pytest.raises(asyncio.TimeoutError, match="total timeout of 0.1 s"):
            await session.get(origin.url, timeout=aiohttp.ClientTimeout(total=0.1, ceil_threshold=0))
        assert clean(session)


@pytest.mark.parametrize("turns", range(12))
async def test_cancellation_at_any_turn_leaves_the_pool_exact(origin, turns):
    """DNS, connect, send, head, body: after the n-th loop turn the task is cancelled wherever it is."""
    origin.plays(b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + b"x" * 300_000)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=2)) as session:

        async def fetch():
            async with session.get(origin.url.replace("127.0.0.1", "localhost"), timeout=30) as response:
                return len(await response.read())

        for _ in range(3):
            tasks = [asyncio.create_task(fetch()) for _ in range(5)]
            for _ in range(turns):
                await asyncio.sleep(0)
            for task in tasks:
                task.cancel()
            for result in await asyncio.gather(*tasks, return_exceptions=True):
                assert result == 300_000 or isinstance(result, asyncio.CancelledError)
            assert clean(session)
        assert await fetch() == 300_000
        assert session.connector._pool.idle <= 2


async def test_the_limits_of_asyncio_pass_through(origin):
    origin.script([origin.WAIT, origin.STALL])
    async with aiohttp.ClientSession() as session:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await session.get(origin.url)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(session.get(origin.url), 0.02)
        assert clean(session)


async def test_a_cancelled_read_closes_the_connection(origin):
    origin.script([origin.WAIT, PARTIAL, origin.STALL])
    async with aiohttp.ClientSession() as session:
        response = await session.get(origin.url)
        reading = asyncio.create_task(response.read())
        await asyncio.sleep(0.01)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert response.closed and clean(session)
        assert session.connector._pool.idle == 0


async def test_another_loop_is_named(origin):
    """IMP-15."""
    async with aiohttp.ClientSession() as session:
        result = await asyncio.to_thread(lambda: asyncio.run(_use(session, origin.url)))
        assert "another event loop" in result


async def _use(session, url):
    try:
        await session.get(url)
    except RuntimeError as error:
        return str(error)
