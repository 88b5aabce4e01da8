"""What a response gives, whole and in pieces."""

import asyncio
import gzip
import json
import zlib

import pytest
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

import aiohttp_client as aiohttp


def answer(body=b"", headers=(), status="200 OK"):
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{lines}\r\n".encode() + body


@pytest.fixture
def opened(origin):
    """opened(bytes, **options) gives (session, response) of a GET answered by bytes."""

    class Opened:
        def __init__(self, raw, method="GET", path="/", **options):
            origin.plays(raw)
            self.session = aiohttp.ClientSession()
            self.request = self.session.request(method, origin.url + path, **options)

        async def __aenter__(self):
            return await self.request

        async def __aexit__(self, *exc_info):
            await self.session.close()

    return Opened


async def test_the_status_line_and_the_headers(opened, origin):
    async with opened(answer(b"{}", [("Content-Type", "Text/HTML; charset=KOI8-R"), ("X-A", "1"), ("x-a", "2")])) as r:
        assert (r.status, r.reason, r.version, r.ok, r.method) == (200, "OK", aiohttp.HttpVersion11, True, "GET")
        assert isinstance(r.headers, CIMultiDictProxy)
        assert r.headers.getall("x-A") == ["1", "2"]
        assert r.raw_headers[1:] == (
            (b"Content-Type", b"Text/HTML; charset=KOI8-R"),
            (b"X-A", b"1"),
            (b"x-a", b"2"),
        )
        assert (r.content_type, r.charset, r.content_length) == ("text/html", "KOI8-R", 2)
        assert r.history == ()
        assert repr(r).startswith(f"<ClientResponse({origin.url}/) [200 OK]>")


async def test_urls(opened, origin):
    async with opened(answer(), path="/a?b=c#part", params={"d": "e"}) as r:
        assert str(r.real_url) == f"{origin.url}/a?b=c&d=e#part"
        assert r.url == r.url_obj == URL(f"{origin.url}/a?b=c&d=e")
        assert r.host == "127.0.0.1"
        assert r.request_info.url == r.url and r.request_info.real_url == r.real_url
        assert r.request_info.method == "GET"
        assert r.request_info.headers["Host"] == origin.url.partition("//")[2]


def test_request_info_may_be_made_without_a_real_url():
    url, headers = URL("http://h/"), CIMultiDictProxy(CIMultiDict())
    assert aiohttp.RequestInfo(url, "GET", headers) == (url, "GET", headers, url)
    assert aiohttp.RequestInfo(url, "GET", headers, URL("http://h/#x")).real_url.fragment == "x"


async def test_a_missing_reason_is_empty(opened):
    async with opened(answer(status="404 ").replace(b"404 \r", b"404\r")) as r:
        assert (r.status, r.reason, r.ok) == (404, "", False)
        assert "[404 None]" in repr(r)


async def test_the_body_is_kept(opened):
    async with opened(answer(b"hello")) as r:
        assert await r.read() == b"hello"
        assert await r.read() == b"hello"
        assert await r.text() == "hello"
        assert r.closed and r.connection is None


async def test_a_body_that_was_read_stays_readable_after_the_context(opened):
    """IMP-R1."""
    async with opened(answer(b'{"a": 1}', [("Content-Type", "application/json")])) as r:
        async with r:
            await r.read()
        assert await r.read() == b'{"a": 1}'
        assert await r.text() == '{"a": 1}'
        assert await r.json() == {"a": 1}


async def test_a_body_that_was_not_read_is_gone_after_the_context(opened):
    """Whether it had arrived with the head must make no difference."""
    async with opened(answer(b"hello")) as r:
        async with r:
            pass
        with pytest.raises(aiohttp.ClientConnectionError, match="Connection closed"):
            await r.read()
        with pytest.raises(aiohttp.ClientConnectionError, match="Connection closed"):
            await r.content.read()
        assert r.status == 200 and r.headers["Content-Length"] == "5"


async def test_release_may_be_awaited(opened):
    async with opened(answer(b"hello")) as r:
        await r.release()
        r.release()
        r.close()


@pytest.mark.parametrize(
    ("headers", "body", "text"),
    [
        ([("Content-Type", "text/plain; charset=windows-1251")], "Тест".encode("cp1251"), "Тест"),
        ([("Content-Type", 'text/plain; charset="utf-16"')], "Тест".encode("utf-16"), "Тест"),
        ([("Content-Type", "text/plain")], "Тест".encode(), "Тест"),
        ([("Content-Type", "text/plain; charset=no-such-thing")], "Тест".encode(), "Тест"),
        ([("Content-Type", "text/plain; charset=hex")], b"Test", "Test"),
        ([("Content-Type", "text/plain; charset=../x")], b"Test", "Test"),
        ([], b"", ""),
    ],
)
async def test_text(opened, headers, body, text):
    async with opened(answer(body, headers)) as r:
        assert await r.text() == text


@pytest.mark.parametrize(
    ("content_type", "encoding"),
    [
        ("text/plain; charset=latin-1", "iso8859-1"),
        ("text/plain; CHARSET=UTF8", "utf-8"),
        ("application/json", "utf-8"),
        ("application/rdap", "utf-8"),
        ("application/json; charset=cp1251", "cp1251"),
        ("text/html", "the resolver's"),
        ("application/rdap+json", "the resolver's"),
    ],
)
async def test_the_encoding_of_a_text(origin, content_type, encoding):
    origin.plays(answer(b"x", [("Content-Type", content_type)]))
    async with aiohttp.ClientSession(fallback_charset_resolver=lambda response, body: "the resolver's") as session:
        async with session.get(origin.url) as r:
            await r.read()
            assert r.get_encoding() == encoding


async def test_an_upgrade_nobody_asked_for_is_returned_with_its_connection(origin):
    origin.script([origin.WAIT, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", origin.STALL])
    async with aiohttp.ClientSession() as session:
        async with session.get(origin.url) as r:
            assert (r.status, await r.read()) == (101, b"")
            assert r.connection is not None and not r.closed
        assert r.connection is None and r.closed
        assert session.connector._pool.in_use == session.connector._pool.idle == 0


async def test_text_with_an_encoding_of_the_caller(opened):
    async with opened(answer("Тест".encode("cp1251"))) as r:
        assert await r.text(encoding="windows-1251") == "Тест"
        with pytest.raises(UnicodeDecodeError):
            await r.text()
        assert await r.text(errors="replace") != ""


async def test_the_fallback_charset_is_asked_for(origin):
    origin.plays(answer("Тест".encode("koi8-r")))
    async with aiohttp.ClientSession(fallback_charset_resolver=lambda response, body: "koi8-r") as session:
        async with session.get(origin.url) as r:
            with pytest.raises(RuntimeError, match="not yet read"):
                r.get_encoding()
            assert await r.text() == "Тест"


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", "application/vnd.x+json"]
)
async def test_json(opened, content_type):
    async with opened(answer(json.dumps({"ключ": [1, None]}).encode(), [("Content-Type", content_type)])) as r:
        assert await r.json() == {"ключ": [1, None]}


async def test_a_response_class_may_have_headers_of_its_own(origin):
    class Mended(aiohttp.ClientResponse):
        @property
        def headers(self):
            return CIMultiDictProxy(CIMultiDict({"Content-Type": "application/json", "Set-Cookie": "mended=1"}))

    origin.plays(answer(b"[]", [("Content-Type", "text/html; charset=latin-1"), ("Set-Cookie", "sent=1")]))
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(response_class=Mended, cookie_jar=jar) as session, session.get(origin.url) as r:
        assert (r.content_type, r.charset, await r.json()) == ("application/json", None, [])
    assert [cookie.key for cookie in jar] == ["mended"]


async def test_what_content_type_says_is_the_same_before_and_after_all_headers_are_made(opened):
    async with opened(
        answer(b"[]", [("content-TYPE", "application/json; charset=latin-1"), ("Content-Type", "x/y")])
    ) as r:
        before = r.content_type, r.charset, await r.json(), r.get_encoding()
        assert r.headers.getall("Content-Type") == ["application/json; charset=latin-1", "x/y"]
        assert before == (r.content_type, r.charset, await r.json(), r.get_encoding())
        assert before == ("application/json", "latin-1", [], "iso8859-1")


async def test_json_of_something_else(opened):
    async with opened(answer(b"[]", [("Content-Type", "text/html")])) as r:
        with pytest.raises(aiohttp.ContentTypeError, match="text/html.*content_type=None") as caught:
            await r.json()
        assert caught.value.status == 200
        assert await r.json(content_type=None) == []
        assert await r.json(content_type="text/html", loads=lambda text: text * 2) == "[][]"


@pytest.mark.parametrize("body", [b"", b" \r\n "])
async def test_json_of_nothing_is_none(opened, body):
    async with opened(answer(body, [("Content-Type", "application/json")])) as r:
        assert await r.json() is None


async def test_json_that_is_none(opened):
    async with opened(answer(b"{", [("Content-Type", "application/json")])) as r:
        with pytest.raises(ValueError):
            await r.json()


async def test_content_streams_what_came_with_the_head(opened):
    async with opened(answer(b"0123456789")) as r:
        assert await r.content.read(4) == b"0123"
        assert await r.content.readexactly(3) == b"456"
        assert await r.read() == b"789"
        assert r.content.at_eof()


async def test_content_after_read_is_at_its_end(opened):
    async with opened(answer(b"0123456789")) as r:
        await r.read()
        assert await r.content.read() == b""
        assert r.content.total_bytes == r.content.total_raw_bytes == 10


@pytest.mark.parametrize("cut", [False, True])
async def test_the_stream_knows_the_size_of_a_body_however_it_arrived(origin, cut):
    body = zlib.compress(b"text" * 100)
    origin.plays(answer(body, [("Content-Encoding", "deflate")]), cut=cut)
    async with aiohttp.ClientSession() as session:
        async with session.get(origin.url) as r:
            await r.read()
            assert (r.content.total_bytes, r.content.total_raw_bytes) == (400, len(body))


@pytest.mark.parametrize("cut", [False, True])
async def test_chunks_keep_their_ends(origin, cut):
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    origin.plays(raw, cut=cut)
    async with aiohttp.ClientSession() as session, session.get(origin.url) as r:
        chunks, current = [], b""
        async for data, ends in r.content.iter_chunks():
            current += data
            if ends:
                chunks.append(current)
                current = b""
        assert (chunks, current) == ([b"abc", b"de"], b"")


CODED = {
    "gzip": gzip.compress(b"hello " * 1000),
    "GZip": gzip.compress(b"hello " * 1000),
    "deflate": zlib.compress(b"hello " * 1000),
}


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("coding", CODED)
async def test_content_codings(origin, coding, cut):
    origin.plays(answer(CODED[coding], [("Content-Encoding", coding)]), cut=cut)
    async with aiohttp.ClientSession() as session:
        async with session.get(origin.url) as r:
            assert await r.read() == b"hello " * 1000
            assert r.headers["Content-Encoding"] == coding
        async with session.get(origin.url) as r:
            assert b"".join([piece async for piece in r.content.iter_chunked(100)]) == b"hello " * 1000
        async with session.get(origin.url, auto_decompress=False) as r:
            assert await r.read() == CODED[coding]
    assert origin.connections == 1


@pytest.mark.parametrize("coding", ["identity", "x-unknown", "gzip, gzip"])
async def test_other_codings_are_left_alone(opened, coding):
    async with opened(answer(b"raw", [("Content-Encoding", coding)])) as r:
        assert await r.read() == b"raw"


@pytest.mark.parametrize("method", ["HEAD", "GET"])
async def test_no_body_needs_no_decoding(opened, method):
    async with opened(answer(b"", [("Content-Encoding", "gzip")]), method=method) as r:
        assert await r.read() == b""


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize(
    "coded", [CODED["gzip"][:-9], CODED["deflate"][:-3], b"not coded at all", CODED["gzip"] + b"junk"]
)
async def test_a_coded_body_that_is_broken(origin, coded, cut):
    coding = "deflate" if coded[:1] == b"x" else "gzip"
    origin.plays(answer(coded, [("Content-Encoding", coding)]), cut=cut)
    async with aiohttp.ClientSession() as session:
        async with session.get(origin.url) as r:
            with pytest.raises(aiohttp.ClientPayloadError, match=coding):
                await r.read()
        async with session.get(origin.url) as r:
            with pytest.raises(aiohttp.ClientPayloadError, match=coding):
                async for _ in r.content.iter_any():
                    pass


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("body", [b"Content-Length: 9\r\n\r\nhalf", b"Content-Encoding: gzip\r\n\r\nnone"])
async def test_a_body_that_could_not_be_read_gives_the_same_error_again(origin, body, cut):
    origin.plays(b"HTTP/1.1 200 OK\r\nConnection: close\r\n" + body, cut=cut)
    async with aiohttp.ClientSession() as session:
        async with session.get(origin.url) as r:
            with pytest.raises(aiohttp.ClientPayloadError) as first:
                await r.read()
        for read in (r.read, r.text, r.json):
            with pytest.raises(aiohttp.ClientPayloadError) as again:
                await read()
            assert again.value is first.value


async def test_a_slow_reader_slows_the_server_down(origin):
    """Back-pressure: what is not read stays with the server."""
    body = b"x" * 20_000_000
    origin.plays(answer(body))
    async with aiohttp.ClientSession(read_bufsize=2**16) as session:
        async with session.get(origin.url) as r:
            await r.content.read(1)
            await asyncio.sleep(0.05)
            assert r.content.total_bytes < 2_000_000
            assert len(await r.read()) == len(body) - 1
        async with session.get(origin.url) as r:
            assert sum([len(piece) async for piece in r.content.iter_chunked(2**16)]) == len(body)
    assert origin.connections == 1


@pytest.mark.parametrize("in_context", [True, False])
async def test_raise_for_status(opened, in_context):
    async with opened(answer(b"why", status="404 Not Found")) as r:
        if in_context:
            async with r:
                with pytest.raises(aiohttp.ClientResponseError):
                    r.raise_for_status()
                assert await r.text() == "why"
        else:
            with pytest.raises(aiohttp.ClientResponseError) as caught:
                r.raise_for_status()
            error = caught.value
            assert (error.status, error.message, error.history) == (404, "Not Found", ())
            assert error.headers["Content-Length"] == "3"
            assert error.request_info == r.request_info
            assert str(error) == f"404, message='Not Found', url='{r.url}'"
            with pytest.raises(aiohttp.ClientConnectionError):
                await r.read()


async def test_raise_for_status_of_session_and_request(origin):
    origin.plays(answer(b"", status="500 Oops"))
    async with aiohttp.ClientSession(raise_for_status=True) as session:
        with pytest.raises(aiohttp.ClientResponseError, match="500"):
            await session.get(origin.url)
        async with session.get(origin.url, raise_for_status=False) as r:
            assert r.status == 500

        async def teapot(response):
            raise LookupError(response.status)

        with pytest.raises(LookupError, match="500"):
            await session.get(origin.url, raise_for_status=teapot)
    assert origin.connections == 1


async def test_requests_can_be_awaited_entered_and_made_tasks_of(origin):
    origin.plays(answer(b"hello"))
    async with aiohttp.ClientSession() as session:
        r = await session.get(origin.url)
        assert await r.read() == b"hello"
        async with session.get(origin.url) as r:
            assert await r.read() == b"hello"
        task = asyncio.create_task(session.get(origin.url))
        assert await (await task).read() == b"hello"
        r = await asyncio.wait_for(session.get(origin.url), 5)
        assert r.status == 200
        request = session.get(origin.url)
        await request
        with pytest.raises(RuntimeError, match="already awaited"):
            await request
        request = session.get(origin.url)
        with pytest.raises(AttributeError, match="await session.get"):
            request.content  # noqa: B018  # the attribute access is the test
        request.close()


async def test_module_level_request(origin):
    origin.plays(answer(b"hello"))
    async with aiohttp.request("GET", origin.url) as r:
        assert await r.read() == b"hello"
    connector = aiohttp.TCPConnector()
    async with aiohttp.request("GET", origin.url, connector=connector) as r:
        assert await r.read() == b"hello"
    assert not connector.closed
    await connector.close()


async def test_links_by_relation(origin):
    origin.plays(
        b'HTTP/1.1 200 OK\r\nLink: </page?p=2>; rel="next"; title="Two", <b>; rel=last\r\n'
        b"Link: <http://other.example/x>, <//[::1]x@>, <y>; rel\r\nContent-Length: 0\r\n\r\n"
    )
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{origin.url}/a/page") as response:
            links = response.links
    # Without a relation it is known by its URL as written.
    assert list(links) == ["next", "last", "http://other.example/x", "y"]
    assert str(links["y"]["url"]) == f"{origin.url}/a/y"
    assert str(links["next"]["url"]) == f"{origin.url}/page?p=2"
    assert (links["next"]["title"], links["next"]["rel"]) == ("Two", "next")
    assert str(links["last"]["url"]) == f"{origin.url}/a/b"


async def test_content_disposition_of_a_response(origin):
    origin.answers(
        lambda request: (
            b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
            + (b"Content-Disposition: attachment; filename*=utf-8''%D1%8F; a=b\r\n" if b"/file" in request else b"")
            + b"\r\n"
        )
    )
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{origin.url}/file") as response:
            disposition = response.content_disposition
        async with session.get(origin.url) as response:
            assert response.content_disposition is None
    assert (disposition.type, disposition.filename) == ("attachment", "я")
    assert dict(disposition.parameters) == {"filename*": "я", "a": "b"}
    with pytest.raises(AttributeError):
        disposition.filename = "other"
