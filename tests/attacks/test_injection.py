"""I: no string of the caller's becomes a line of its own: refused before anything is sent, or encoded.

What is refused is a ValueError (InvalidURL is one), raised before a connection is made.
"""

import asyncio

import pytest
from attacked import OK

import aiohttp_client as aiohttp
from aiohttp_client import FormData, MultipartWriter

# Each would be a header of its own, or end the head.
ENDS = ["a\r\nX-Evil: 1", "a\nX-Evil: 1", "a\rX-Evil: 1", "a\r\n\r\nGET /evil HTTP/1.1", "a\0b", "a\x0bb", "a\x7fb"]
# Characters whose lower byte is CR or LF, and the line ends of Unicode: encoded, not cut off.
LOOKALIKES = ["\u010a", "\u010d", "\u560a", "\u0085", "\u2028", "\u2029"]


async def pieces():
    yield b"piece"


def field(**options):
    form = FormData()
    form.add_field("a", options.pop("value", "b"), **options)
    return form


def part(value, headers):
    writer = MultipartWriter()
    writer.append(value, headers)
    return writer


def nested(headers):
    writer = MultipartWriter()
    writer.append(part(b"x", headers))
    return writer


# What a request can be told, each with a hostile string in it. Callables are given it.
STRINGS = {
    "I1 method": lambda evil: {"method": evil},
    "I4 header value": lambda evil: {"headers": {"X": evil}},
    "I4 header name": lambda evil: {"headers": {evil: "x"}},
    "I4 Host": lambda evil: {"headers": {"Host": evil}},
    "I4 User-Agent": lambda evil: {"headers": {"User-Agent": evil}},
    "I4 Content-Type": lambda evil: {"headers": {"Content-Type": evil}, "data": b"x"},
    "I5 cookie name": lambda evil: {"cookies": {evil: "x"}},
    "I5 Cookie header": lambda evil: {"headers": {"Cookie": evil}},
    "I6 field name": lambda evil: {"data": {evil: b"x"}},
    "I6 file name": lambda evil: {"data": lambda: field(filename=evil)},
    "I6 content type of a field": lambda evil: {"data": field(content_type=evil)},
    "I6 content type of a streamed field": lambda evil: {"data": field(value=pieces(), content_type=evil)},
    "I6 names unquoted": lambda evil: {"data": lambda: FormData({evil: b"x"}, quote_fields=False)},
    "I6 boundary": lambda evil: {"data": lambda: FormData({"a": b"b"}, boundary=evil)},
    "I6 boundary of a writer": lambda evil: {"data": lambda: MultipartWriter("mixed", evil)},
    "I6 kind of multipart": lambda evil: {"data": MultipartWriter(evil)},
    "I6 header of a part": lambda evil: {"data": part(b"x", {"X": evil})},
    "I6 name of a part's header": lambda evil: {"data": part(b"x", {evil: "x"})},
    "I6 header of a streamed part": lambda evil: {"data": part(pieces(), {"X": evil})},
    "I6 header of a coded part": lambda evil: {"data": part(b"x", {"X": evil, "Content-Encoding": "gzip"})},
    "I6 header of a part within a part": lambda evil: {"data": lambda: nested({"X": evil})},
    "I6 content type of a payload": lambda evil: {"data": aiohttp.BytesPayload(b"x", content_type=evil)},
    "I7 server_hostname": lambda evil: {"server_hostname": evil},
}


async def refused(origin, error=ValueError, method="POST", **options):
    """The request raises error, before a connection is made, and the session is as good as before."""
    origin.plays(OK)
    before = origin.connections
    async with aiohttp.ClientSession() as session:
        with pytest.raises(error):  # making the body may be what is refused
            if callable(options.get("data")):
                options["data"] = options["data"]()
            await session.request(method, origin.url, **options)
        await asyncio.sleep(0)
        assert origin.connections == before
        assert session.connector._pool.in_use == 0
        async with session.get(origin.url) as response:
            assert await response.read() == b"ok"


@pytest.mark.parametrize("evil", ENDS)
@pytest.mark.parametrize("place", STRINGS)
async def test_no_string_ends_its_line(origin, place, evil):
    await refused(origin, **STRINGS[place](evil))


@pytest.mark.parametrize("name", ["", "X Y", " X", "X:", "Ä", "(X)", 'X"'])
async def test_a_header_name_is_a_token_I4(origin, name):
    await refused(origin, headers={name: "x"})


@pytest.mark.parametrize("method", ["", "GE T", "GÉT", "GET ", "G:T"])
async def test_a_method_is_a_token_I1(origin, method):
    await refused(origin, method=method)


@pytest.mark.parametrize("evil", ENDS)
@pytest.mark.parametrize("place", ["value", "name", "credentials"])
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_what_a_proxy_is_told_cannot_end_its_line_I7(origin, place, evil, scheme):
    headers = {"value": {"X": evil}, "name": {evil: "x"}, "credentials": {"Proxy-Authorization": evil}}[place]
    async with aiohttp.ClientSession() as session:
        with pytest.raises(ValueError, match=r"token|control"):
            await session.get(f"{scheme}://target.example/", proxy=origin.url, proxy_headers=headers)
        with pytest.raises(ValueError, match=r"token|control"):
            await session.ws_connect(f"{scheme}://target.example/", proxy=origin.url, proxy_headers=headers)
    assert origin.connections == 0


@pytest.mark.parametrize("evil", [*ENDS, "", "a, b", "a b", "ä"])
async def test_a_subprotocol_is_a_token_I7(origin, evil):
    async with aiohttp.ClientSession() as session:
        with pytest.raises(ValueError, match="subprotocol"):
            await session.ws_connect(origin.url, protocols=["chat", evil])
    assert origin.connections == 0


@pytest.mark.parametrize("evil", ENDS)
async def test_the_origin_and_headers_of_a_websocket_I7(origin, evil):
    async with aiohttp.ClientSession() as session:
        for options in ({"origin": evil}, {"headers": {"X": evil}}, {"headers": {evil: "x"}}, {"method": evil}):
            with pytest.raises(ValueError, match=r"token|control"):
                await session.ws_connect(origin.url, **options)
    assert origin.connections == 0


@pytest.mark.parametrize("evil", ["", ".example.com", "a b", "a\tb", "a" * 254])
async def test_a_name_no_certificate_can_be_for_I7(origin, evil):
    """To the ssl module some of these mean that the name is not checked."""
    await refused(origin, server_hostname=evil)
    await refused(origin, TypeError, server_hostname=5)


# What is encoded instead: (options, what the request line or a header must be).
LINE = "a\r\nX-Evil: 1"
ENCODED = {
    "I3 path": ({"path": f"/{LINE}"}, b"GET /aX-Evil:%201 HTTP/1.1\r\n"),  # RFC 3986 appendix C: line ends are no part
    "I3 encoded path": ({"path": "/a%0d%0aX-Evil:1"}, b"GET /a%0D%0AX-Evil:1 HTTP/1.1\r\n"),
    "I3 query": ({"path": "/", "params": {"q": LINE}}, b"GET /?q=a%0D%0AX-Evil:+1 HTTP/1.1\r\n"),
    "I3 NUL": ({"path": "/a\0b"}, b"GET /a%00b HTTP/1.1\r\n"),
    "I3 space": ({"path": "/a b"}, b"GET /a%20b HTTP/1.1\r\n"),
    "I5 cookie value": ({"path": "/", "cookies": {"a": LINE}}, b'\r\nCookie: a="a\\015\\012X-Evil: 1"\r\n'),
    "I5 cookie value with a semicolon": ({"path": "/", "cookies": {"a": "b; c=d"}}, b'\r\nCookie: a="b\\073 c=d"\r\n'),
    "I11 credentials": (
        {"path": "/", "auth": aiohttp.BasicAuth("a\r\nX", "b\r\n")},
        b"Authorization: Basic YQ0KWDpiDQo=\r\n",
    ),
}


@pytest.mark.parametrize("case", ENCODED)
async def test_what_has_an_encoding_is_encoded(origin, case):
    options, expected = ENCODED[case]
    options = dict(options)
    origin.plays(OK)
    async with aiohttp.ClientSession() as session:
        async with session.get(origin.url + options.pop("path"), **options):
            pass
    (request,) = origin.requests
    assert expected in request
    assert b"\r\nX-Evil" not in request and request.count(b"\r\n\r\n") == 1


@pytest.mark.parametrize("sign", LOOKALIKES)
async def test_characters_are_never_cut_down_to_a_byte_I3(origin, sign):
    origin.plays(OK)
    options = {"headers": {"X": f"a{sign}X-Evil: 1"}, "data": {"f": f"a{sign}b"}}
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{origin.url}/a{sign}X-Evil:1?q={sign}", **options):
            pass
    (request,) = origin.requests
    assert f"X: a{sign}X-Evil: 1\r\n".encode() in request
    assert b"\nX-Evil" not in request and b"\rX-Evil" not in request


@pytest.mark.parametrize("path", ["/a b", "/a\r\nX-Evil: 1", "/ä", "/a\0"])
async def test_a_url_that_says_it_is_encoded_must_be_I3(origin, path):
    from yarl import URL

    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.InvalidURL):
            await session.get(URL(origin.url + path, encoded=True))
    assert origin.connections == 0


@pytest.mark.parametrize("quote", [True, False])
async def test_a_cookie_value_is_one_cookie_whether_quoted_or_not_I5(origin, quote):
    """A semicolon within quotes, set for a whole domain by one host of it, would be another cookie of any name."""
    origin.plays(OK.replace(b"\r\n\r\n", b'\r\nSet-Cookie: a="x; __Host-session=evil"\r\n\r\n'))
    jar = aiohttp.CookieJar(unsafe=True, quote_cookie=quote)
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        for _ in range(2):
            async with session.get(origin.url):
                pass
    assert b'Cookie: a="x; __Host-session=evil"\r\n' in origin.requests[1]


async def test_a_server_gets_its_own_bytes_back_I5(origin):
    """Bytes that are no UTF-8, in a cookie, must not make every later request to its server fail."""
    origin.plays(OK.replace(b"\r\n\r\n", b"\r\nSet-Cookie: a=\xff\xe9; Path=/\r\nSet-Cookie: b=\xc3\xa4\r\n\r\n"))
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        for _ in range(2):
            async with session.get(origin.url):
                pass
    assert b"Cookie: a=\xff\xe9; b=\xc3\xa4\r\n" in origin.requests[1]


# I8: how a body is framed is ours to say; who says something else is told so.
@pytest.mark.parametrize(
    "options",
    [
        {"data": b"abc", "headers": {"Content-Length": "2"}},
        {"data": b"abc", "headers": {"Content-Length": "4"}},
        {"data": b"abc", "headers": {"Content-Length": "-3"}},
        {"data": b"abc", "headers": {"Content-Length": "+3"}},
        {"data": b"abc", "headers": {"Content-Length": "３"}},
        {"data": b"abc", "headers": [("Content-Length", "3"), ("Content-Length", "3")]},
        {"data": b"abc", "headers": {"Transfer-Encoding": "gzip"}},
        {"data": b"abc", "headers": {"Transfer-Encoding": "chunked, identity"}},
        {"data": b"abc", "chunked": True, "headers": {"Content-Length": "3"}},
        {"headers": {"Content-Length": "5"}, "method": "GET"},
        {"headers": {"Transfer-Encoding": "chunked"}, "method": "GET"},
    ],
)
async def test_a_framing_that_is_not_true_is_refused_I8(origin, options):
    await refused(origin, **options)


async def test_length_and_chunks_never_go_out_together_I8(origin):
    origin.plays(OK)
    headers = {"Content-Length": "3", "Transfer-Encoding": "chunked"}
    async with aiohttp.ClientSession() as session, session.post(origin.url, data=b"abc", headers=headers):
        pass
    assert b"Content-Length" not in origin.requests[0] and origin.requests[0].endswith(b"\r\n\r\n3\r\nabc\r\n0\r\n\r\n")


@pytest.mark.parametrize(("length", "sent"), [(3, b"abc"), (9, None)])
async def test_no_more_and_no_less_than_the_length_is_sent_I8(origin, length, sent):
    """Bytes beyond it would be the next request; without those that lack the next request would be the body."""
    origin.plays(OK)

    async def body():
        yield b"ab"
        yield b"cdef"

    async with aiohttp.ClientSession() as session:
        request = session.post(origin.url, data=body(), headers={"Content-Length": str(length)})
        if sent is None:
            with pytest.raises(aiohttp.ClientError, match="ended after 6 bytes"):
                await request
        else:
            async with request as response:
                assert response.status == 200
        async with session.get(origin.url) as response:
            assert await response.read() == b"ok"
    assert [request.partition(b"\r\n\r\n")[2] for request in origin.requests] == ([sent, b""] if sent else [b""])


async def test_an_empty_piece_does_not_end_a_chunked_body_I9(origin):
    origin.plays(OK)

    async def body():
        for piece in (b"", b"a", b"", b"GET /evil HTTP/1.1\r\n\r\n", b""):
            yield piece

    async with aiohttp.ClientSession() as session, session.post(origin.url, data=body()) as response:
        assert response.status == 200
    assert origin.requests[0].endswith(b"\r\n\r\n1\r\na\r\n16\r\nGET /evil HTTP/1.1\r\n\r\n\r\n0\r\n\r\n")


async def test_a_body_that_fails_is_not_ended_I9(origin):
    origin.plays(OK)

    async def body():
        yield b"half"
        raise OSError("the source is gone")

    async with aiohttp.ClientSession() as session:
        with pytest.raises((aiohttp.ClientError, OSError)):
            await session.post(origin.url, data=body())
        assert session.connector._pool.in_use == session.connector._pool.idle == 0
    assert origin.requests == [], "the server has not seen the end of a request"


# I10: what a challenge quotes is quoted again; bytes stay bytes.
@pytest.mark.parametrize(
    ("challenge", "answer"),
    [
        (rb'realm="r\"e\\alm", nonce="n\"x", opaque="o\""', rb'realm="r\"e\\alm", nonce="n\"x", '),
        (b'realm="r\xff", nonce="n"', b'realm="r\xff", nonce="n", '),
    ],
)
async def test_a_hostile_challenge_is_answered_as_it_was_put_I10(origin, challenge, answer):
    unauthorized = b"HTTP/1.1 401 No\r\nWWW-Authenticate: Digest " + challenge + b"\r\nContent-Length: 0\r\n\r\n"
    origin.answers(lambda request: OK if b"Authorization" in request else unauthorized)
    digest = aiohttp.DigestAuthMiddleware('us"er\\', "password")
    async with aiohttp.ClientSession(middlewares=[digest]) as session, session.get(origin.url) as response:
        assert response.status == 200
    assert rb'username="us\"er\\", ' in origin.requests[1] and answer in origin.requests[1]


@pytest.mark.parametrize("version", [("1", "1\r\nX-Evil: 1"), (1, "1"), "11", (1,), (1, 1, 1)])
async def test_a_version_is_two_numbers_I2(origin, version):
    with pytest.raises((TypeError, ValueError)):
        async with aiohttp.ClientSession(version=version) as session, session.get(origin.url):
            pass
    assert origin.connections == 0
