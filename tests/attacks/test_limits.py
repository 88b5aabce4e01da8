"""L: what is endless, slow or too much ends: at a limit that is named, or by the deadline."""

import asyncio
import json
import time
import tracemalloc
import warnings

import pytest
from attacked import BROKEN, REFUSED, Listening, outcome

import aiohttp_client as aiohttp
from aiohttp_client.exceptions import HttpProcessingError

H = b"HTTP/1.1 200 OK\r\n"
CHUNKED = H + b"Transfer-Encoding: chunked\r\n\r\n"

# What never ends: (in front, again and again). There is a limit to each, far below what is sent.
ENDLESS = {
    "L1 status line": (b"HTTP/1.1 200 ", b"x" * 1000, REFUSED),
    "L1 field name": (H, b"x" * 1000, REFUSED),
    "L1 field value": (H + b"X: ", b"x" * 1000, REFUSED),
    "L2 fields": (H, b"X: y\r\n" * 100, REFUSED),
    "L2 empty fields": (H, b"X:\r\n" * 100, REFUSED),
    "L2 large fields": (H, (b"X: " + b"y" * 1000 + b"\r\n") * 10, REFUSED),
    "L4 interim responses": (b"", b"HTTP/1.1 103 Early\r\n\r\n" * 10, REFUSED),
    "L4 large interim responses": (b"", b"HTTP/1.1 103 Early\r\nX: " + b"y" * 8000 + b"\r\n\r\n", REFUSED),
    "L4 empty lines": (b"", b"\r\n" * 10, REFUSED),
    "F15 chunk extension": (CHUNKED + b"1;", b"x" * 1000, BROKEN),
    "F15 chunk extensions": (CHUNKED, b"1;" + b"x" * 1000 + b"\r\n.\r\n", BROKEN),
    "F11 zeros of a chunk size": (CHUNKED, b"0" * 1000, BROKEN),
    "F17 trailers": (CHUNKED + b"0\r\n", b"X: y\r\n" * 100, BROKEN),
    "F17 trailer": (CHUNKED + b"0\r\nX: ", b"y" * 1000, BROKEN),
}


class Endless(Listening):
    """Sends begin and then more, until the client hangs up, or it has been 16 MB."""

    def __init__(self, begin, more, pause=0.0):
        super().__init__()
        self._begin, self._more, self._pause = begin, more, pause
        self.sent = 0

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/"

    async def serve(self, reader, writer):
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(self._begin)
            while self.sent < 2**24 and not writer.is_closing():
                writer.write(self._more)
                self.sent += len(self._more)
                await writer.drain()
                await asyncio.sleep(self._pause)
        except (OSError, RuntimeError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client has seen enough, or the test


@pytest.mark.parametrize("case", ENDLESS)
async def test_what_is_endless_is_refused(case):
    begin, more, expected = ENDLESS[case]
    async with Endless(begin, more) as server, aiohttp.ClientSession() as session:
        assert await outcome(session, server.url) == expected
        assert session.connector._pool.in_use == session.connector._pool.idle == 0
    assert server.sent < 2**22  # the sockets' buffers, and the 64 KiB of a head


# What comes a byte at a time, or hardly: (in front, the byte, what ends it).
SLOW = {
    "L7 status line": (b"HTTP/1.1 200 ", b"x"),
    "L7 head": (H, b"x"),
    "L7 field": (H + b"X: ", b"y"),
    "L7 interim responses": (b"", b"HTTP/1.1 103 Early\r\n\r\n"),
    "L7 empty lines": (b"", b"\r\n"),
    "L7 chunk size": (CHUNKED, b"0"),
    "L7 chunk extension": (CHUNKED + b"1;", b"x"),
    "L7 trailer": (CHUNKED + b"0\r\nX:", b"y"),
    "L7 chunks": (CHUNKED, b"1\r\n.\r\n"),
    "L7 body": (H + b"Content-Length: 1000000\r\n\r\n", b"x"),
    "L7 body without end": (H + b"\r\n", b"x"),
}


@pytest.mark.parametrize("case", SLOW)
async def test_what_is_slow_ends_by_the_deadline(case):
    """sock_read does not help against a peer that keeps talking: total does."""
    begin, more = SLOW[case]
    async with Endless(begin, more, 0.03) as server, aiohttp.ClientSession() as session:
        begun = time.monotonic()
        limits = aiohttp.ClientTimeout(total=0.3, sock_read=0.2)
        found = await outcome(session, server.url, timeout=limits)
        # Sixteen interim responses, four empty lines, sixteen zeros are limits, too.
        assert found in ("TimeoutError", REFUSED, BROKEN)
        assert time.monotonic() - begun < 10
        assert session.connector._pool.in_use == 0


@pytest.mark.parametrize("begin", [b"", b"HTTP/1.1 2", H + b"X: y\r\n", CHUNKED + b"5\r\nhe", CHUNKED + b"5"])
async def test_who_falls_silent_is_given_up_L7(begin):
    async with Endless(begin, b"", 5.0) as server, aiohttp.ClientSession() as session:
        assert await outcome(session, server.url, timeout=aiohttp.ClientTimeout(sock_read=0.1)) == "SocketTimeoutError"
        assert await outcome(session, server.url, timeout=aiohttp.ClientTimeout(total=0.1)) == "TimeoutError"
        assert session.connector._pool.in_use == 0


async def test_a_head_in_single_bytes_costs_no_more_than_its_length_L3(origin):
    """8 KB, byte by byte: if every byte were searched again with each, 32 million would be."""
    origin.plays(H + b"X: " + b"y" * 8000 + b"\r\nContent-Length: 2\r\n\r\nok", cut=True)
    async with aiohttp.ClientSession() as session:
        assert await outcome(session, origin.url) == (200, b"ok")


async def test_a_body_nobody_reads_stays_with_the_server_L6():
    async with Endless(H + b"\r\n", bytes(2**16)) as server, aiohttp.ClientSession() as session:
        tracemalloc.start()
        try:
            async with session.get(server.url) as response:
                await asyncio.sleep(0.3)
                _, peak = tracemalloc.get_traced_memory()
                assert response.content._size <= 2**20
        finally:
            tracemalloc.stop()
        assert peak < 2**22
    assert server.sent < 2**24


COOKIES = {
    "L10 thousands of cookies": b"".join(b"Set-Cookie: c%d=1\r\n" % number for number in range(120)),
    "L10 a cookie of 8 KB": b"Set-Cookie: a=" + b"x" * 8000 + b"\r\n",
    "L10 thousands of attributes": b"Set-Cookie: a=1" + b"; x=y" * 1600 + b"\r\n",
    "L11 Max-Age beyond all time": b"Set-Cookie: a=1; Max-Age=100000000000000000000000000\r\n",
    "L11 Max-Age before all time": b"Set-Cookie: a=1; Max-Age=-100000000000000000000000000\r\n",
    "L11 Max-Age in other digits": "Set-Cookie: a=1; Max-Age=１０\r\n".encode(),
    "L11 Expires in 99999": b"Set-Cookie: a=1; Expires=Wed, 01 Jan 99999 00:00:00 GMT\r\n",
    "L11 Expires in 1": b"Set-Cookie: a=1; Expires=Mon, 01 Jan 0001 00:00:00 GMT\r\n",
    "L11 Expires on the 99th": b"Set-Cookie: a=1; Expires=Mon, 99 Jan 2030 99:99:99 GMT\r\n",
    "L13 spaces": b"Set-Cookie: a" + b" " * 8000 + b"b\r\nSet-Cookie: a=x" + b" " * 8000 + b"y\r\n",
    "L13 quotes": b'Set-Cookie: a="' + b'\\"' * 4000 + b"\r\n",
}


@pytest.mark.parametrize("case", COOKIES)
async def test_hostile_cookies_are_dropped_or_clamped(origin, case):
    origin.plays(H + COOKIES[case] + b"Content-Length: 2\r\n\r\nok")
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        for _ in range(2):
            assert await outcome(session, origin.url) == (200, b"ok")
        assert len(session.cookie_jar) <= 50
    assert len(origin.requests[1]) < 10_000


# L13: fields whose parsers backtrack in other clients.
REPEATED = [
    " ",
    ",",
    ";",
    "=",
    '"',
    "<",
    "a ",
    "a;",
    "a=b;",
    "; ",
    ', "',
    '\\"',
    "<a>;",
    "<a>; rel=",
    "%41",
    "a/b;",
    'Digest a="',
    "/",
    "\t",
    "(",
]


@pytest.mark.parametrize("name", ["Set-Cookie", "Link", "Content-Disposition", "Content-Type", "WWW-Authenticate"])
async def test_no_field_takes_long_to_read_L13(origin, name):
    """Eight fields of 8 KB each, of any of the repeats: what backtracks takes seconds for one."""
    digest = aiohttp.DigestAuthMiddleware("user", "password")
    begun = time.process_time()
    count = 0
    async with aiohttp.ClientSession(middlewares=[digest], cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        for unit in REPEATED:
            for begin, end in (("", ""), ("a", "b"), ("a=x", "y"), ("a; b=", "\x80"), ("<", ""), ('x a="', "")):
                value = begin + (unit * 8000)[: 8100 - len(begin)] + end
                line = f"{name}: {value}\r\n".encode("latin-1")
                origin.plays(b"HTTP/1.1 401 No\r\n" + line * 7 + b"Content-Length: 2\r\n\r\n{}")
                count += 1
                try:
                    async with session.get(origin.url) as response:
                        with warnings.catch_warnings():
                            warnings.simplefilter("ignore", RuntimeWarning)  # headers that cannot be read
                            _ = response.links, response.content_type, response.charset, response.cookies
                            _ = response.content_disposition
                except (aiohttp.ClientError, ValueError):
                    pass
    assert time.process_time() - begun < count * 0.5


async def test_many_hosts_leave_nothing_behind_L12():
    """Neither the cache of names nor the pool grows with the hosts that have been asked for."""

    class Nowhere(aiohttp.ThreadedResolver):
        async def resolve(self, host, port=0, family=0):
            return await super().resolve("127.0.0.1", port, family)

    connector = aiohttp.TCPConnector(resolver=Nowhere(), dns_cache_max_size=100)
    async with aiohttp.ClientSession(connector=connector) as session:
        for number in range(400):
            assert await outcome(session, f"http://h{number}.test:1/") == "ClientConnectorError"
        assert len(connector._resolver._kept) <= 100
        assert connector._pool.in_use == connector._pool.idle == connector._pool.waiting == 0


@pytest.mark.parametrize(
    "charset", ["zlib_codec", "../x", "hex", "idna", "punycode", "rot13", "\xff", "a" * 8000, "undefined", "base64"]
)
async def test_a_charset_is_one_of_text_L15(origin, charset):
    head = H + f'Content-Type: text/plain; charset="{charset}"\r\n'.encode("latin-1")
    origin.plays(head + b"Content-Length: 4\r\n\r\n" + "tö".encode() + b"x")
    async with aiohttp.ClientSession() as session, session.get(origin.url) as response:
        assert await response.text() == "töx"


async def test_deeply_nested_json_is_an_error_L16(origin):
    body = b"[" * 200_000
    origin.plays(H + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    async with aiohttp.ClientSession() as session, session.get(origin.url) as response:
        with pytest.raises((RecursionError, json.JSONDecodeError)):
            await response.json()
        assert await outcome(session, origin.url) == (200, body)


async def test_a_resolver_that_never_answers_L8():
    class Silent(aiohttp.ThreadedResolver):
        async def resolve(self, host, port=0, family=0):
            await asyncio.sleep(60)
            raise AssertionError

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=Silent())) as session:
        limits = aiohttp.ClientTimeout(total=0.1)
        assert await outcome(session, "http://a.test/", timeout=limits) == "TimeoutError"
        limits = aiohttp.ClientTimeout(connect=0.1)
        assert await outcome(session, "http://a.test/", timeout=limits) == "ConnectionTimeoutError"
        assert session.connector._pool.in_use == 0


# L14: multipart responses.
@pytest.mark.parametrize(
    "body",
    [
        b"--b\r\n" + b"X: y\r\n" * 100_000,
        b"--b\r\nX: " + b"y" * 1_000_000,
        b"--b\r\n" * 1000 + b"\r\n",
        b"".join(b"--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" for _ in range(1000)),
        b"x" * 10_000_000,
        b"\r\n" * 1_000_000,
    ],
)
async def test_hostile_multipart_ends_in_an_error_or_a_part_L14(origin, body):
    head = H + b"Content-Type: multipart/mixed; boundary=b\r\nContent-Length: %d\r\n\r\n" % len(body)
    origin.script([origin.WAIT, head + body, origin.STALL])

    async def walk(reader, depth=0):
        assert depth < 100
        while (part := await reader.next()) is not None:
            if isinstance(part, aiohttp.MultipartReader):
                await walk(part, depth + 1)
            else:
                await part.read()

    async with aiohttp.ClientSession() as session, session.get(origin.url) as response, asyncio.timeout(20):
        with pytest.raises((ValueError, aiohttp.ClientError, HttpProcessingError)):
            await walk(aiohttp.MultipartReader.from_response(response))
