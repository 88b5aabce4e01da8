"""P: a connection is used again only if it is certain where the last response ended, and by who may use it."""

import asyncio

import pytest
from attacked import BROKEN, OK, outcome

import aiohttp_client as aiohttp

POISON = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"

# Bytes nobody asked for, at every moment of an exchange: what the server does with the first connection.
MOMENTS = {
    "with the end of the body": lambda origin: [origin.WAIT, OK + POISON],
    "with the end of a body that comes in pieces": lambda origin: [origin.WAIT, HEAD, 0.01, b"o", 0.01, b"k" + POISON],
    "in the next segment": lambda origin: [origin.WAIT, OK, 0, POISON],
    "some time later": lambda origin: [origin.WAIT, OK, 0.01, POISON],
    "a byte of it": lambda origin: [origin.WAIT, OK, 0.005, b"H"],
    "an empty line of it": lambda origin: [origin.WAIT, OK, 0.005, b"\r\n"],
    "an interim response": lambda origin: [origin.WAIT, OK, 0.005, b"HTTP/1.1 103 Early Hints\r\n\r\n"],
    "behind chunks": lambda origin: [
        origin.WAIT,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n" + POISON,
    ],
    "behind chunks, later": lambda origin: [
        origin.WAIT,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        0.005,
        POISON,
    ],
    "behind a response without a body": lambda origin: [origin.WAIT, b"HTTP/1.1 204 No\r\n\r\n", 0.005, POISON],
}


@pytest.mark.parametrize("moment", MOMENTS)
async def test_surplus_bytes_are_nobody_s_response_P1(origin, moment):
    """RFC 9112 §9.2: they end the connection, the response in front of them is as good as ever, and nothing shifts."""
    origin.script([*MOMENTS[moment](origin), origin.STALL], [origin.WAIT, OK, origin.WAIT, OK, origin.STALL])
    async with aiohttp.ClientSession() as session:
        assert (await outcome(session, origin.url))[1] in (b"ok", b"")
        await asyncio.sleep(0.03)
        for _ in range(2):
            assert await outcome(session, origin.url) == (200, b"ok")
    assert origin.connections == 2


async def test_bytes_in_front_of_the_first_request_P1(origin):
    """A server that speaks first is no HTTP server; its words are not an answer to what is asked later."""
    origin.script([POISON, 0.02, origin.WAIT, OK], [origin.WAIT, OK, origin.STALL])
    async with aiohttp.ClientSession() as session:
        first = await outcome(session, origin.url)
        assert first in ((200, b"poison"), "ServerDisconnectedError", "ClientConnectionError", (200, b"ok"))
        await asyncio.sleep(0.05)
        assert await outcome(session, origin.url) == (200, b"ok")


@pytest.mark.parametrize("status", [413, 401])
async def test_an_early_answer_leaves_no_half_request_behind_P2(status):
    """The rest of the body would be read as the next request: the connection is closed."""
    received = []

    async def serve(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        early = b"HTTP/1.1 %d Early\r\nContent-Length: 0\r\n\r\n" % status
        writer.write(early if head.startswith(b"POST") else OK)
        received.append(await reader.read())
        writer.close()

    async def body():
        yield b"first"
        await asyncio.sleep(5)
        yield b"GET /evil HTTP/1.1\r\n\r\n"

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with aiohttp.ClientSession() as session:
        assert await outcome(session, url, "POST", data=body()) == (status, b"")
        assert session.connector._pool.idle == session.connector._pool.in_use == 0
        assert await outcome(session, url) == (200, b"ok")
    while len(received) < 2:
        await asyncio.sleep(0.001)
    assert not any(b"evil" in part for part in received)
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize("final", [b"HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n", OK])
async def test_a_final_answer_in_place_of_100_P3(origin, final):
    """The body is not sent, and the connection, on which the server may wait for it, not used again."""
    seen = []

    async def serve(reader, writer):
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(final)
        seen.append(await reader.read(100))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with aiohttp.ClientSession() as session:
        assert (await outcome(session, url, "POST", data=b"body", expect100=True))[1] in (b"", b"ok")
        assert session.connector._pool.idle == session.connector._pool.in_use == 0
    await asyncio.sleep(0.01)
    server.close()
    await server.wait_closed()
    assert b"Expect: 100-continue" in seen[0] and seen[1] == b""


async def test_100_that_never_comes_ends_by_the_limits_P3(origin):
    async def serve(reader, writer):
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with aiohttp.ClientSession() as session:
        limits = aiohttp.ClientTimeout(total=0.1)
        assert await outcome(session, url, "POST", data=b"body", expect100=True, timeout=limits) == "TimeoutError"
        limits = aiohttp.ClientTimeout(sock_read=0.1)
        assert await outcome(session, url, "POST", data=b"body", expect100=True, timeout=limits) == "SocketTimeoutError"
        assert session.connector._pool.in_use == 0
    server.close()
    await server.wait_closed()


async def test_our_own_slowness_behind_100_is_not_the_servers_silence_P3(origin):
    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await reader.readexactly(6)
        writer.write(OK)
        await reader.read()
        writer.close()

    async def slow():
        for _ in range(6):
            await asyncio.sleep(0.05)
            yield b"x"

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    options = {"data": slow(), "headers": {"Content-Length": "6"}, "expect100": True}
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(sock_read=0.15)) as session:
        assert await outcome(session, url, "POST", **options) == (200, b"ok")
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize("how", ["close", "release", "leave", "cancel", "one piece"])
async def test_what_is_left_of_a_body_is_nobody_s_P4(origin, how):
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + POISON
    origin.script([origin.WAIT, half, origin.STALL], [origin.WAIT, OK, origin.STALL])
    async with aiohttp.ClientSession() as session:
        async with session.get(origin.url) as response:
            if how == "close":
                response.close()
            elif how == "release":
                response.release()
            elif how == "cancel":
                reading = asyncio.create_task(response.read())
                await asyncio.sleep(0)
                reading.cancel()
                await asyncio.wait([reading])
            elif how == "one piece":
                await response.content.read(10)
        assert await outcome(session, origin.url) == (200, b"ok")
    assert origin.connections == 2


# P5: what two requests must agree on. Each list holds ways that must not share.
def ways(certificates):
    yield "TLS", [{}, {"ssl": False}, {"ssl": certificates.client()}, {"ssl": certificates.client()}]
    yield "pins", [{"ssl": aiohttp.Fingerprint(bytes([byte]) * 32)} for byte in range(3)]
    yield "names", [{}, {"server_hostname": "a.test"}, {"server_hostname": "b.test"}]


async def test_who_checks_otherwise_has_a_connection_of_his_own_P5_T5(origin, certificates):
    """Also over plain HTTP, where it would do no harm: one rule. What was not checked is never used by who checks."""
    origin.plays(OK)
    for _, options in ways(certificates):
        origin.connections = 0
        async with aiohttp.ClientSession() as session:
            for given in options * 2:
                assert await outcome(session, origin.url, **given) == (200, b"ok")
        assert origin.connections == len(options)


async def test_every_proxy_and_identity_has_connections_of_its_own_P5(origin):
    origin.plays(OK)
    auth = [aiohttp.BasicAuth("a", "b"), aiohttp.BasicAuth("a", "c")]
    options = [
        {},
        *[{"proxy_auth": one} for one in auth],
        {"proxy_headers": {"X": "1"}},
        {"proxy_headers": {"X": "2"}},
        {"proxy_headers": {"X": "1", "Y": "1"}},
    ]
    async with aiohttp.ClientSession() as session:
        for given in options * 2:
            assert await outcome(session, "http://target.example/", proxy=origin.url, **given) == (200, b"ok")
        assert await outcome(session, "http://other.example/", proxy=origin.url) == (200, b"ok")
        assert await outcome(session, origin.url) == (200, b"ok")
    assert origin.connections == len(options) + 2


async def test_hosts_and_ports_do_not_share_P5(origin):
    """The same address by another name, or with a dot behind it, is another host; case is none."""
    origin.plays(OK)

    class Local(aiohttp.ThreadedResolver):
        async def resolve(self, host, port=0, family=0):
            return await super().resolve("127.0.0.1", port, family)

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=Local())) as session:
        for host in ("a.test", "A.TEST", "b.test", "a.test.", "127.0.0.1"):
            assert await outcome(session, f"http://{host}:{origin.port}/") == (200, b"ok")
    assert origin.connections == 4


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        (b"Connection: keep-alive, close", False),
        (b"Connection: keep-alive\r\nConnection: close", False),
        (b"connection: CLOSE", False),
        (b"Connection: close-something", True),
        (b"Connection: x, y", True),
    ],
)
async def test_close_is_a_token_and_wins_P7(origin, fields, kept):
    origin.plays(b"HTTP/1.1 200 OK\r\n" + fields + b"\r\nContent-Length: 2\r\n\r\nok")
    async with aiohttp.ClientSession() as session:
        for _ in range(2):
            assert await outcome(session, origin.url) == (200, b"ok")
    assert origin.connections == (1 if kept else 2)


async def test_a_connection_that_has_become_something_else_is_not_pooled_P8_F33_F34(origin):
    """Behind a 101, or a 2xx to CONNECT, comes another protocol, whatever the length fields say."""
    for method, head in (
        ("GET", b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\nContent-Length: 5\r\n\r\n"),
        ("CONNECT", b"HTTP/1.1 200 Established\r\nContent-Length: 5\r\n\r\n"),
        ("CONNECT", b"HTTP/1.1 200 Established\r\nTransfer-Encoding: chunked\r\n\r\n"),
    ):
        origin.connections = 0
        origin.script([origin.WAIT, head, origin.WAIT, POISON, origin.STALL], [origin.WAIT, OK, origin.STALL])
        async with aiohttp.ClientSession() as session:
            assert (await outcome(session, origin.url, method))[1] == b""
            assert await outcome(session, origin.url) == (200, b"ok")
            assert session.connector._pool.in_use == 0
        assert origin.connections == 2


async def test_a_session_of_another_loop_says_so_P9(origin):
    origin.plays(OK)
    async with aiohttp.ClientSession() as session:

        def elsewhere():
            async def fetch():
                await session.get(origin.url)

            return asyncio.run(fetch())

        with pytest.raises(RuntimeError, match="another event loop"):
            await asyncio.to_thread(elsewhere)
        assert await outcome(session, origin.url) == (200, b"ok")


@pytest.mark.parametrize("bytes_of_answer", [b"", b"H", b"HTTP/1.1 200 OK\r\n"])
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("used", [False, True])
async def test_what_is_sent_again_and_what_is_not_L9(origin, bytes_of_answer, method, used):
    """Once more: an idempotent request, on a connection used before, of whose answer no byte has come. Else never."""
    first = [origin.WAIT, OK] if used else []
    origin.script([*first, origin.WAIT, bytes_of_answer, origin.CLOSE], [origin.WAIT, OK, origin.STALL])
    async with aiohttp.ClientSession() as session:
        if used:
            assert await outcome(session, origin.url) == (200, b"ok")
        again = used and method == "GET" and not bytes_of_answer
        found = await outcome(session, origin.url, method)
        assert found == ((200, b"ok") if again else "ServerDisconnectedError")
        assert session.connector._pool.in_use == 0
    assert len(origin.requests) == 1 + used + again


@pytest.mark.parametrize("kind", ["plain", "chunked", "gzip"])
async def test_a_body_cut_short_is_no_body_and_its_connection_is_gone_F35(origin, kind):
    raw = {
        "plain": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
        "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        "gzip": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00",
    }[kind]
    origin.script([origin.WAIT, raw, 0.01, origin.CLOSE], [origin.WAIT, OK, origin.STALL])
    async with aiohttp.ClientSession() as session:
        assert await outcome(session, origin.url) == BROKEN
        assert session.connector._pool.in_use == 0
