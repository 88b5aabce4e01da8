"""read() of large bodies, which are received straight into their place."""

import asyncio
import gzip

import pytest

import aiohttp_client as aiohttp

BODY = bytes(range(251)) * 20_000  # 5 MB
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def test_the_body_is_whole_and_the_connection_is_used_again(origin):
    origin.answers(lambda request: HEAD + BODY if b"/big" in request else OK)
    async with aiohttp.ClientSession() as session:
        for _ in range(3):
            async with session.get(f"{origin.url}/big") as response:
                assert await response.read() == BODY
                assert response.content.at_eof() and response.closed
                assert response.content.total_bytes == len(BODY)
                assert await response.read() == BODY
            async with session.get(origin.url) as response:
                assert await response.read() == b"ok"
    assert origin.connections == 1


async def test_what_was_read_before_is_not_read_again(origin):
    origin.script([origin.WAIT, HEAD + BODY[:100], 0.05, BODY[100:]])
    async with aiohttp.ClientSession() as session:
        async with session.get(origin.url) as response:
            assert await response.content.readexactly(50) == BODY[:50]
            assert await response.read() == BODY[50:]


async def test_bytes_behind_the_body_close_the_connection(origin):
    origin.script([origin.WAIT, HEAD, 0.02, BODY + OK], [origin.WAIT, OK])
    async with aiohttp.ClientSession() as session:
        async with session.get(origin.url) as response:
            assert await response.read() == BODY
        assert session.connector._pool.idle == 0
        async with session.get(origin.url) as response:
            assert await response.read() == b"ok"
    assert origin.connections == 2


@pytest.mark.parametrize("end", ["CLOSE", "RESET"])
async def test_a_body_that_is_cut_off_is_an_error(origin, end):
    origin.script([origin.WAIT, HEAD, 0.02, BODY[:-1], 0.02, getattr(origin, end)])
    async with aiohttp.ClientSession() as session:
        async with session.get(origin.url) as response:
            with pytest.raises(aiohttp.ClientPayloadError, match=f"{len(BODY) - 1} of {len(BODY)}|RESET|Reset"):
                await response.read()
        assert session.connector._pool.in_use == 0


async def test_a_server_that_falls_silent_runs_into_sock_read(origin):
    origin.script([origin.WAIT, HEAD, BODY[:-1], origin.STALL])
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(sock_read=0.1)) as session:
        async with session.get(origin.url) as response:
            with pytest.raises(aiohttp.SocketTimeoutError):
                await response.read()


async def test_total_ends_it_too_and_so_does_the_caller(origin):
    origin.script([origin.WAIT, HEAD, BODY[:-1], origin.STALL])
    async with aiohttp.ClientSession() as session:
        async with session.get(origin.url, timeout=0.1) as response:
            with pytest.raises(TimeoutError, match="total"):
                await response.read()
        async with session.get(origin.url) as response:
            reading = asyncio.create_task(response.read())
            await asyncio.sleep(0.05)
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
            assert response.closed
        async with session.get(origin.url) as response:
            reading = asyncio.create_task(response.read())
            await asyncio.sleep(0.05)
            await session.close()
            with pytest.raises(aiohttp.ClientConnectionError):
                await reading


async def test_coded_and_chunked_bodies_take_the_other_way(origin):
    coded = gzip.compress(BODY, 0)
    for answer in (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(coded) + coded,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % len(BODY) + BODY + b"\r\n0\r\n\r\n",
    ):
        origin.plays(answer)
        async with aiohttp.ClientSession() as session:
            async with session.get(origin.url) as response:
                assert await response.read() == BODY


async def test_many_large_bodies_at_once_over_tls(nginx, certificates):
    expected = nginx.big.read_bytes()
    connector = aiohttp.TCPConnector(ssl=certificates.client())
    async with aiohttp.ClientSession(connector=connector) as session:

        async def fetch(url):
            async with session.get(url) as response:
                return await response.read() == expected

        assert all(await asyncio.gather(*[fetch(f"{url}/big") for url in (nginx.url, nginx.tls_url) * 2]))


@pytest.mark.parametrize("first_reads", ["a stream", "all"])
async def test_a_second_reader_is_refused(origin, first_reads):
    origin.script([origin.WAIT, HEAD, 0.05, BODY])
    async with aiohttp.ClientSession() as session:
        async with session.get(origin.url) as response:
            read, other = response.read, response.content.readany
            if first_reads == "a stream":
                read, other = other, read
            reading = asyncio.create_task(read())
            await asyncio.sleep(0.01)
            with pytest.raises(RuntimeError, match="already waiting"):
                await other()
            if first_reads == "all":
                assert await reading == BODY
            else:
                with pytest.raises(aiohttp.ClientConnectionError):
                    await reading
