"""Each fault of a peer gives its documented error, carrying what was received, and the session goes on."""

import asyncio
import socket

import pytest

import aiohttp_client as aiohttp
from aiohttp_client._http import MAX_INTERIM_RESPONSES

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


async def goes_on(session, origin):
    """The next request on the session works, and nothing is left of the last one."""
    assert session.connector._pool.in_use == 0
    origin.plays(OK)
    async with session.get(origin.url) as response:
        assert await response.read() == b"ok"


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"HTTP/2.0 200 OK\r\n\r\n", "HTTP/2"),
        (b"HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 20 OK"),
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", "S"),
        (HEAD + b"no colon\r\n\r\n", "no colon"),
        (HEAD + b"A : b\r\n\r\n", "A : b"),
        (HEAD + b"Content-Length:\r\n 5\r\n\r\n", " 5"),
        (HEAD + b"A: b\x00c\r\n\r\n", "b.*x00c"),
        (HEAD + b"A: b\nC: d\r\n\r\n", "A: b"),
        (HEAD + b"Content-Length: 1_0\r\n\r\n", "1_0"),
        (HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", "1, 2"),
        (HEAD + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "both Transfer-Encoding"),
        (HEAD + b"A: " + b"x" * 9000 + b"\r\n\r\n", "over the limit of 8190"),
        (HEAD + b"A: b\r\n" * 129 + b"\r\n", "over the limit of 128"),
        (HEAD + (b"A: " + b"b" * 1000 + b"\r\n") * 80, "over the limit of 65536"),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n" * (MAX_INTERIM_RESPONSES + 1) + OK, "interim"),
        (b"\r\n" * 5 + OK, "bad status line"),
    ],
)
async def test_a_bad_head(origin, raw, shown, cut):
    origin.plays(raw, cut=cut and len(raw) < 20_000)
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientResponseError, match=shown) as caught:
            await session.get(origin.url)
        assert caught.value.status == 400
        assert str(caught.value.request_info.url) == origin.url
        assert caught.value.__cause__ is not None
        assert origin.connections == 1, "a peer that talks nonsense is not asked again"
        await goes_on(session, origin)


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize(
    ("raw", "received", "message"),
    [
        (CHUNKED + b"5\r\nhello\r\nZZ\r\n", b"hello", "Z"),
        (CHUNKED + b"5\r\nhelloXX", b"hello", "expected CRLF"),
        (CHUNKED + b"0x5\r\nhello\r\n", b"", "0x"),
        (CHUNKED + b"5\nhello\r\n", b"", "5"),
        (CHUNKED + b"ffffffffffffffff\r\n", b"", "too large"),
        (CHUNKED + b"5\r\nhello\r\n0\r\nbad trailer\r\n\r\n", b"hello", "bad trailer"),
        (CHUNKED + b"1;" + b"x" * 9000, b"", "8190"),
    ],
)
async def test_a_bad_chunk(origin, raw, received, message, cut):
    """IMP-R3: the head was good, so there is a response; its body is what fails, and not before the fault."""
    origin.plays(raw, cut=cut)
    async with aiohttp.ClientSession() as session:
        async with session.get(origin.url) as response:
            assert response.status == 200
            with pytest.raises(aiohttp.ClientPayloadError, match=message):
                await response.read()
            with pytest.raises(aiohttp.ClientPayloadError, match=message):
                await response.content.read()
        async with session.get(origin.url) as response:
            pieces = b""
            with pytest.raises(aiohttp.ClientPayloadError, match=message):
                async for piece in response.content.iter_any():
                    pieces += piece
            assert pieces == received
        await goes_on(session, origin)


@pytest.mark.parametrize("end", ["CLOSE", "HALF_CLOSE", "RESET"])
@pytest.mark.parametrize(
    "sent",
    [
        HEAD + b"Content-Length: 10\r\n\r\nabc",
        CHUNKED + b"5\r\nabc",
        CHUNKED + b"3\r\nabc\r\n",
        CHUNKED + b"3\r\nabc\r\n0\r\n",
    ],
)
async def test_a_truncated_body(origin, sent, end):
    origin.script([origin.WAIT, sent, 0.01, getattr(origin, end)])
    async with aiohttp.ClientSession() as session:
        async with session.get(origin.url) as response:
            with pytest.raises(aiohttp.ClientPayloadError, match="not completed") as caught:
                await response.read()
            if b"Content-Length" in sent:
                assert "received 3 of 10 bytes" in str(caught.value)
        await goes_on(session, origin)


async def test_limits_of_session_and_request(origin):
    """A field of 100 kB is refused by default, and welcome where it is expected."""
    origin.plays(HEAD + b"A: " + b"x" * 100_000 + b"\r\nContent-Length: 2\r\n\r\nok")
    async with aiohttp.ClientSession(max_field_size=100_001) as session:
        async with session.get(origin.url) as response:
            assert len(response.headers["A"]) == 100_000
        with pytest.raises(aiohttp.ClientResponseError, match="over the limit"):
            await session.get(origin.url, max_field_size=50)
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientResponseError, match="over the limit"):
            await session.get(origin.url)
        async with session.get(origin.url, max_field_size=200_000) as response:
            assert await response.read() == b"ok"


async def test_a_body_without_length_ends_with_the_connection(origin):
    origin.script([origin.WAIT, HEAD + b"\r\nabc", 0.01, b"def", origin.CLOSE])
    async with aiohttp.ClientSession() as session:
        async with session.get(origin.url) as response:
            assert await response.read() == b"abcdef"
        async with session.get(origin.url, read_until_eof=False) as response:
            assert await response.read() == b""
        await goes_on(session, origin)


async def test_a_body_without_length_that_is_reset_is_not_complete(origin):
    """IMP-R7."""
    origin.script([origin.WAIT, HEAD + b"\r\nabc", 0.05, origin.RESET])
    async with aiohttp.ClientSession() as session:
        async with session.get(origin.url) as response:
            assert await response.content.read(3) == b"abc"
            with pytest.raises(aiohttp.ClientPayloadError, match="not completed"):
                await response.read()
        await goes_on(session, origin)


@pytest.mark.parametrize(
    ("steps", "error", "message"),
    [
        (["CLOSE"], aiohttp.ServerDisconnectedError, "Server disconnected"),
        (["HALF_CLOSE", "STALL"], aiohttp.ServerDisconnectedError, "Server disconnected"),
        ([b"HTTP/1.1 200 OK\r\nA:", 0.01, "CLOSE"], aiohttp.ServerDisconnectedError, "HTTP/1.1 200"),
        (["RESET"], aiohttp.ClientOSError, ""),
        ([b"HTTP/1.1 200 OK\r\nA:", 0.01, "RESET"], aiohttp.ClientOSError, ""),
    ],
)
async def test_a_connection_that_ends_before_the_head_does(origin, steps, error, message):
    """On a new connection nothing is sent twice, not even a GET (IMP-13)."""
    origin.script([origin.WAIT, *[getattr(origin, step) if isinstance(step, str) else step for step in steps]])
    async with aiohttp.ClientSession() as session:
        with pytest.raises(error, match=message or "."):
            await session.get(origin.url)
        assert len(origin.requests) == 1
        await goes_on(session, origin)


@pytest.mark.parametrize("end", ["CLOSE", "RESET"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
async def test_a_stale_connection_is_replaced_unseen(origin, method, end):
    """RFC 9112 §9.3.1: closed while our request was under way; an idempotent one is sent again."""
    answer = OK.replace(b"ok", b"") if method == "HEAD" else OK
    origin.script([origin.WAIT, answer, origin.WAIT, getattr(origin, end)], [origin.WAIT, answer, origin.STALL])
    async with aiohttp.ClientSession() as session:
        for _ in range(2):
            async with session.request(method, origin.url) as response:
                assert response.status == 200
                await response.read()
    assert (origin.connections, len(origin.requests)) == (2, 3)


async def test_several_stale_connections_are_replaced(origin):
    origin.script(*[[origin.WAIT, 0.02, OK, origin.WAIT, origin.CLOSE]] * 3, [origin.WAIT, OK, origin.STALL])
    async with aiohttp.ClientSession() as session:

        async def fetch():
            async with session.get(origin.url) as response:
                return await response.read()

        assert await asyncio.gather(*[fetch() for _ in range(3)]) == [b"ok"] * 3
        assert session.connector._pool.idle == 3
        assert await fetch() == b"ok"
    assert origin.connections == 4


async def test_a_post_is_never_sent_twice(origin):
    origin.script([origin.WAIT, OK, origin.WAIT, origin.CLOSE], [origin.WAIT, OK, origin.STALL])
    async with aiohttp.ClientSession() as session:
        async with session.post(origin.url, data=b"1") as response:
            await response.read()
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await session.post(origin.url, data=b"2")
        assert [request[-1:] for request in origin.requests] == [b"1", b"2"]
        await goes_on(session, origin)


async def test_a_response_that_had_begun_is_not_asked_for_again(origin):
    origin.script([origin.WAIT, OK, origin.WAIT, b"HTTP/1.1 2", 0.01, origin.CLOSE], [origin.WAIT, OK, origin.STALL])
    async with aiohttp.ClientSession() as session:
        async with session.get(origin.url) as response:
            await response.read()
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await session.get(origin.url)
    assert len(origin.requests) == 2


async def test_bytes_on_an_idle_connection_are_nobody_s_response(origin):
    """RFC 9112 §9.2: a queue poisoned here would answer every later request with its neighbour's response."""
    poison = OK.replace(b"ok", b"xx")
    origin.script([origin.WAIT, OK, 0.01, poison, origin.STALL], [*[origin.WAIT, OK] * 2, origin.STALL])
    async with aiohttp.ClientSession() as session:
        for _ in range(3):
            async with session.get(origin.url) as response:
                assert await response.read() == b"ok"
            await asyncio.sleep(0.03)
    assert origin.connections == 2


async def test_surplus_bytes_do_not_spoil_the_response_before_them(origin):
    """IMP-R4: delivered, and the connection is closed."""
    origin.plays(OK + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
    async with aiohttp.ClientSession() as session:
        for _ in range(3):
            async with session.get(origin.url) as response:
                assert await response.read() == b"ok"
    assert origin.connections == 3


async def test_interim_responses_are_skipped(origin):
    origin.plays(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + OK)
    async with aiohttp.ClientSession() as session:
        async with session.get(origin.url) as response:
            assert (response.status, await response.read()) == (200, b"ok")
            assert "Link" not in response.headers
        await goes_on(session, origin)
    assert origin.connections == 1


@pytest.mark.parametrize("cut", [False, True])
async def test_every_cut_gives_the_same_response(origin, cut):
    origin.plays(CHUNKED[:-2] + b"X-A: b\r\n\r\n5\r\nhello\r\n6;e\r\n world\r\n0\r\nT: x\r\n\r\n", cut=cut)
    async with aiohttp.ClientSession() as session:
        for _ in range(2):
            async with session.get(origin.url) as response:
                assert (response.headers["X-A"], await response.read()) == ("b", b"hello world")
    assert origin.connections == 1


async def test_nobody_listens(origin):
    url, port = origin.url, origin.port
    await origin.refuses()
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError, match=f"Cannot connect to host 127.0.0.1:{port}") as caught:
            await session.get(url)
        error = caught.value
        assert isinstance(error, OSError) and isinstance(error.os_error, ConnectionRefusedError)
        assert (error.host, error.port, error.ssl) == ("127.0.0.1", port, True)
        assert session.connector._pool.in_use == 0


async def test_an_unknown_host():
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorDNSError, match="no-such-host.invalid") as caught:
            await session.get("http://no-such-host.invalid/")
        assert isinstance(caught.value.os_error, socket.gaierror)


async def test_an_empty_answer_of_a_resolver():
    """IMP-C5."""

    class Knows(aiohttp.abc.AbstractResolver):
        async def resolve(self, host, port=0, family=0):
            return []

        async def close(self):
            pass

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=Knows())) as session:
        with pytest.raises(aiohttp.ClientConnectorDNSError, match="no address of h.test"):
            await session.get("http://h.test/")


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("/x", aiohttp.InvalidUrlClientError),
        ("", aiohttp.InvalidUrlClientError),
        ("http:///x", aiohttp.InvalidUrlClientError),
        ("http://127.1/", aiohttp.InvalidUrlClientError),
        ("http://h:99999/", aiohttp.InvalidURL),
        ("ftp://h/", aiohttp.NonHttpUrlClientError),
        (5, TypeError),
    ],
)
async def test_urls_that_cannot_be_fetched(url, error):
    async with aiohttp.ClientSession() as session:
        with pytest.raises(error):
            await session.get(url)
