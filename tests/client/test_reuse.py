"""Which connection a request gets, and what becomes of it afterwards."""

import asyncio
import socket
import threading
import time

import pytest

import aiohttp_client as aiohttp

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def fetch(session, url, method="GET", **options):
    async with session.request(method, url, **options) as response:
        return response.status, await response.read()


@pytest.mark.parametrize(
    "answer",
    [
        OK,
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nConnection: close-something, keep-alive\r\nContent-Length: 2\r\n\r\nok",
    ],
)
async def test_a_finished_exchange_leaves_the_connection_for_the_next(origin, answer):
    origin.plays(answer)
    async with aiohttp.ClientSession() as session:
        first = await fetch(session, origin.url)
        assert await fetch(session, origin.url) == first
        assert (session.connector._pool.in_use, session.connector._pool.idle) == (0, 1)
    assert origin.connections == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nConnection: keep-alive, close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        OK + b"surplus",
        b"HTTP/1.1 204 No Content\r\n\r\nsurplus",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    ],
)
async def test_a_connection_that_cannot_be_trusted_is_used_once(origin, answer):
    """RFC 9112 §9.3, §9.6, §6.3: after these nobody knows where the next response would begin."""
    origin.plays(answer)
    async with aiohttp.ClientSession() as session:
        first = await fetch(session, origin.url)
        assert await fetch(session, origin.url) == first
        assert (session.connector._pool.in_use, session.connector._pool.idle) == (0, 0)
    assert origin.connections == 2


async def test_head_has_no_body_and_keeps_the_connection(origin):
    origin.plays(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    async with aiohttp.ClientSession() as session:
        assert await fetch(session, origin.url, "HEAD") == (200, b"")
        assert await fetch(session, origin.url, "HEAD") == (200, b"")
    assert origin.connections == 1


async def test_the_limit_holds_and_everybody_is_served(origin):
    origin.plays(OK)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=3)) as session:
        results = await asyncio.gather(*[fetch(session, origin.url) for _ in range(50)])
        assert results == [(200, b"ok")] * 50
        assert session.connector._pool.in_use == 0
    assert origin.connections <= 3


async def test_leaving_an_unread_body_closes_its_connection(origin):
    origin.plays(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nhalf")
    async with aiohttp.ClientSession() as session:
        async with session.get(origin.url) as response:
            assert response.connection is not None
            assert not response.closed
        assert response.closed and response.connection is None
        with pytest.raises(aiohttp.ClientConnectionError, match="Connection closed"):
            await response.read()
        assert (session.connector._pool.in_use, session.connector._pool.idle) == (0, 0)


async def test_a_forgotten_response_frees_its_slot(origin):
    origin.plays(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nhalf")
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:
        response = await session.get(origin.url)
        assert session.connector._pool.in_use == 1
        with pytest.warns(ResourceWarning, match="Unclosed response on <Connection 127.0.0.1:"):
            del response
        assert session.connector._pool.in_use == 0


async def test_different_ways_to_verify_do_not_share_connections(origin):
    origin.plays(OK)
    async with aiohttp.ClientSession() as session:
        for options in ({}, {"ssl": False}, {"server_hostname": "x"}, {}, {"ssl": False}):
            await fetch(session, origin.url, **options)
    assert origin.connections == 3


async def test_two_sessions_share_a_connector(origin):
    origin.plays(OK)
    connector = aiohttp.TCPConnector()
    async with aiohttp.ClientSession(connector=connector, connector_owner=False) as one:
        await fetch(one, origin.url)
    async with aiohttp.ClientSession(connector=connector, connector_owner=False) as two:
        await fetch(two, origin.url)
    assert origin.connections == 1
    assert not connector.closed
    await connector.close()


async def test_a_closed_session_says_so(origin):
    session = aiohttp.ClientSession()
    await session.close()
    await session.close()
    assert session.closed and session.connector is None
    with pytest.raises(RuntimeError, match="Session is closed"):
        await session.get(origin.url)


async def test_closing_the_connector_alone_closes_the_session(origin):
    session = aiohttp.ClientSession()
    await session.connector.close()
    assert session.closed
    with pytest.raises(RuntimeError, match="Session is closed"):
        await session.get(origin.url)
    await session.close()


async def test_close_ends_requests_that_wait_and_bodies_being_read(origin):
    """IMP-14: they get ClientConnectionError, not a hang and not CancelledError."""
    origin.plays(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nhalf")
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1))
    response = await session.get(origin.url)
    reading = asyncio.create_task(response.read())
    queued = [asyncio.create_task(fetch(session, origin.url)) for _ in range(5)]
    await asyncio.sleep(0.01)
    await session.close()
    with pytest.raises(aiohttp.ClientConnectionError, match="closed"):
        await reading
    for task in queued:
        with pytest.raises(aiohttp.ClientConnectionError, match="Connector is closed"):
            await task


async def test_unclosed_sessions_warn_once_and_close_their_sockets(origin):
    import gc

    origin.plays(OK)
    session = aiohttp.ClientSession()
    await fetch(session, origin.url)
    noticed = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: noticed.append(context["message"]))
    with pytest.warns(ResourceWarning, match="Unclosed client session"):
        del session
        gc.collect()
    assert noticed == ["Unclosed client session"]
    asyncio.get_running_loop().set_exception_handler(None)
    await asyncio.sleep(0.01)


@pytest.mark.parametrize("cut", [False, True])
async def test_request_without_a_session_may_be_awaited(origin, cut):
    origin.plays(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody", cut=cut)
    response = await aiohttp.request("GET", origin.url)
    assert await response.text() == "body"
    response = await asyncio.create_task(aiohttp.request("POST", origin.url, data=b"x"))
    assert await response.read() == b"body"
    with pytest.raises(aiohttp.InvalidUrlClientError):
        await aiohttp.request("GET", "nowhere")
    assert origin.connections == 2


async def test_a_response_without_a_session_may_be_closed_unread(origin):
    origin.script([origin.WAIT, b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", origin.STALL])
    response = await aiohttp.request("GET", origin.url)
    response.close()
    await asyncio.sleep(0.01)
    async with aiohttp.TCPConnector() as connector:
        response = await aiohttp.request("GET", origin.url, connector=connector)
        response.close()
        assert not connector.closed


def closes_after_each_answer(listener, requests):
    """A server in a thread of its own: it acts while the client's loop does not run."""
    while True:
        connection, _ = listener.accept()
        with connection:
            request = connection.recv(65536)
            if request == b"enough":
                return
            requests.append(request)
            connection.sendall(OK)


@pytest.mark.parametrize("method", ["POST", "PATCH", "GET"])
async def test_a_connection_closed_while_the_loop_did_not_run_is_not_used(method):
    requests = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=closes_after_each_answer, args=(listener, requests), daemon=True)
        server.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        async with aiohttp.ClientSession() as session:
            for _ in range(20):
                assert await fetch(session, url, method, data=b"once") == (200, b"ok")
                time.sleep(0.005)  # noqa: ASYNC251  # the loop must not notice that the server closes
        assert len(requests) == 20
        with socket.create_connection(listener.getsockname()) as last:
            last.sendall(b"enough")
        server.join()
