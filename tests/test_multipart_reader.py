"""Multipart bodies read part by part."""

import asyncio
import base64
import gzip
import zlib

import aiohttp as theirs
import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict

import aiohttp_client as aiohttp
from aiohttp_client import MultipartReader, MultipartWriter, StreamReader
from aiohttp_client.exceptions import BadHttpMessage, InvalidHeader, LineTooLong

HEADERS = {"Content-Type": "multipart/mixed; boundary=B"}
FORM = {"Content-Type": 'multipart/form-data; boundary="B"'}


def stream_of(body, step=None):
    stream = StreamReader()
    for at in range(0, len(body), step or len(body) or 1):
        stream.feed_data(body[at : at + (step or len(body))])
    stream.feed_eof()
    return stream


def reader_of(body, headers=HEADERS, step=None, **options):
    return MultipartReader(headers, stream_of(body, step), **options)


async def everything(reader):
    """[(headers, body or list of parts)]"""
    found = []
    async for part in reader:
        if isinstance(part, MultipartReader):
            found.append(await everything(part))
        else:
            found.append((dict(part.headers), bytes(await part.read())))
    return found


BODIES = {
    "one part": (b"--B\r\nX: 1\r\n\r\nbody\r\n--B--\r\n", [({"X": "1"}, b"body")]),
    "two parts": (b"--B\r\n\r\na\r\n--B\r\n\r\nb\r\n--B--\r\n", [({}, b"a"), ({}, b"b")]),
    "no parts": (b"--B--\r\n", []),
    "no line break at the end": (b"--B\r\n\r\na\r\n--B--", [({}, b"a")]),
    "an empty part": (b"--B\r\n\r\n\r\n--B--", [({}, b"")]),
    "an empty part without its line break": (b"--B\r\nX: 1\r\n\r\n--B--", [({"X": "1"}, b"")]),
    "bare LF": (b"--B\nX: 1\n\nbody\n--B--\n", [({"X": "1"}, b"body")]),
    "padding": (b"--B \t \r\n\r\na\r\n--B-- \t\r\n", [({}, b"a")]),
    "preamble and epilogue": (
        b"This is a message.\r\nIgnore --B this\r\n--B\r\n\r\na\r\n--B--\r\nepilogue\r\n--B\r\n\r\nno part\r\n",
        [({}, b"a")],
    ),
    "things like delimiters": (
        b"--B\r\n\r\n--BX\r\n --B\r\n-B\r\n--\r\nx--B\r\n\r\n--B-x\r\n--B--x\r\n--B--",
        [({}, b"--BX\r\n --B\r\n-B\r\n--\r\nx--B\r\n\r\n--B-x\r\n--B--x")],
    ),
    "a line break that belongs to the body": (b"--B\r\n\r\na\r\n\r\n--B--", [({}, b"a\r\n")]),
    "a lone CR in front": (b"--B\r\n\r\na\r\r\n--B--", [({}, b"a\r")]),
    "folded header": (b"--B\r\nX: 1\r\n  2\r\n\r\na\r\n--B--", [({"X": "1 2"}, b"a")]),
    "Content-Length hides a delimiter": (
        b"--B\r\nContent-Length: 9\r\n\r\nx\r\n--B\r\nx\r\n--B--",
        [({"Content-Length": "9"}, b"x\r\n--B\r\nx")],
    ),
    "binary": (b"--B\r\n\r\n" + bytes(range(256)) + b"\r\n--B--", [({}, bytes(range(256)))]),
    "nested": (
        b"--B\r\nContent-Type: multipart/mixed; boundary=C\r\n\r\n"
        b"--C\r\n\r\n1\r\n--C\r\n\r\n2\r\n--C--\r\n\r\n--B\r\n\r\nouter\r\n--B--\r\n",
        [[({}, b"1"), ({}, b"2")], ({}, b"outer")],
    ),
    "nested with a longer boundary": (
        b"--B\r\nContent-Type: multipart/mixed; boundary=BB\r\n\r\n--BB\r\n\r\n1\r\n--BB--\r\n--B--\r\n",
        [[({}, b"1")]],
    ),
}


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("step", [None, 1, 2, 3, 7])
async def test_parts_are_found_however_the_bytes_are_cut(body, step):
    raw, expected = BODIES[body]
    assert await everything(reader_of(raw, step=step)) == expected


@pytest.mark.parametrize(
    ("body", "error", "words"),
    [
        (b"", ValueError, "Could not find starting boundary b'--B'"),
        (b"nothing of the kind", ValueError, "starting boundary"),
        (b"--C\r\n\r\na\r\n--C--", ValueError, "starting boundary"),
        (b"--B\r\n", ValueError, "within the headers"),
        (b"--B\r\nX: 1\r\n", ValueError, "within the headers"),
        (b"--B\r\n\r\nhalf", ValueError, "within a part"),
        (b"--B\r\n\r\nhalf\r\n--B", ValueError, "within a part"),
        (b"--B\r\nContent-Length: 5\r\n\r\nhalf", ValueError, "within a part"),
        (b"--B\r\nContent-Length: 2\r\n\r\nhalf\r\n--B--", ValueError, "not end with its Content-Length"),
        (b"--B\r\nContent-Length: 6\r\n\r\nhalf\r\n--B--", ValueError, "not end with its"),
        (b"--B\r\nContent-Length: -2\r\n\r\nhalf\r\n--B--", ValueError, "must be a number"),
        (b"--B\r\nno colon\r\n\r\na\r\n--B--", InvalidHeader, "no colon"),
        (b"--B\r\nX Y: 1\r\n\r\na\r\n--B--", InvalidHeader, "X Y"),
        (b"--B\r\n" + b"X: 1\r\n" * 129 + b"\r\na\r\n--B--", BadHttpMessage, "128"),
        (b"--B\r\nX: " + b"y" * 9000 + b"\r\n\r\na\r\n--B--", LineTooLong, "8192"),
    ],
)
@pytest.mark.parametrize("step", [None, 1])
async def test_bodies_that_are_not_multipart(body, error, words, step):
    with pytest.raises(error, match=words):
        await everything(reader_of(body, step=step))


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "", "multipart/mixed", "multipart/mixed; boundary=", f"multipart/mixed; boundary={'b' * 71}"],
)
def test_headers_must_name_a_multipart_and_its_boundary(content_type):
    with pytest.raises(ValueError):
        MultipartReader({"Content-Type": content_type}, StreamReader())


async def test_parts_that_are_not_read_are_skipped():
    body = b"".join(b"--B\r\nN: %d\r\n\r\n" % n + bytes(100_000) + b"\r\n" for n in range(3)) + b"--B--"
    reader = reader_of(body, step=1000)
    assert [part.headers["N"] async for part in reader] == ["0", "1", "2"]
    assert reader.at_eof() and await reader.next() is None
    reader = reader_of(BODIES["nested"][0], step=3)
    await reader.next()  # the nested one, unread
    assert bytes(await (await reader.next()).read()) == b"outer"
    reader = reader_of(BODIES["nested"][0])
    await reader.release()
    assert reader.at_eof()


async def test_all_ways_to_read_a_part():
    raw = b"--B\r\n\r\nline 1\r\nline 2\nline 3\r\n--B--"

    async def part():
        return await reader_of(raw, step=5).next()

    lines = await part()
    assert [await lines.readline() for _ in range(5)] == [b"line 1\r\n", b"line 2\n", b"line 3", b"", b""]
    assert lines.at_eof()
    chunks = await part()
    pieces = []
    while piece := await chunks.read_chunk(4):
        assert len(piece) <= 4
        pieces.append(piece)
    assert b"".join(pieces) == b"line 1\r\nline 2\nline 3"
    assert [bytes(item) async for item in await part()] == [b"line 1\r\nline 2\nline 3"]
    assert await (await part()).text() == "line 1\r\nline 2\nline 3"
    both = await part()
    assert await both.readline() == b"line 1\r\n"
    assert await both.read() == b"line 2\nline 3"
    assert await both.read() == b"" and await both.next() is None
    released = await part()
    await released.release()
    assert released.at_eof()
    with pytest.raises(ValueError, match="size"):
        await released.read_chunk(0)


async def one(headers, body, of=HEADERS, **options):
    reader = reader_of(b"--B\r\n" + headers + b"\r\n\r\n" + body + b"\r\n--B--", of, step=7, **options)
    return await reader.next()


async def test_text_json_and_forms():
    cyrillic = await one(b"Content-Type: text/plain; charset=windows-1251", "Тест".encode("windows-1251"))
    assert await cyrillic.text() == "Тест"
    assert await (await one(b"Content-Type: text/plain", "Тест".encode())).text() == "Тест"
    assert await (await one(b"A: b", "Тест".encode("koi8-r"))).text(encoding="koi8-r") == "Тест"
    assert await (await one(b"A: b", b'{"a": [1]}')).json() == {"a": [1]}
    assert await (await one(b"A: b", b"")).json() is None
    assert await (await one(b"A: b", b"a=b&c=&%D1%8F=+")).form() == [("a", "b"), ("c", ""), ("я", " ")]
    with pytest.raises(ValueError, match="utf-8"):
        await (await one(b"A: b", b"\xff=1")).form()


@pytest.mark.parametrize(
    ("headers", "coded"),
    [
        (b"Content-Transfer-Encoding: base64", b"SGVsbG8s\r\nIFdvcmxk\r\nIQ=="),
        (b"Content-Transfer-Encoding: quoted-printable", b"Hello,=20=\r\nWorld!"),
        (b"Content-Transfer-Encoding: BINARY", b"Hello, World!"),
        (b"Content-Transfer-Encoding: 8bit", b"Hello, World!"),
        (b"Content-Encoding: gzip", gzip.compress(b"Hello, World!")),
        (b"Content-Encoding: deflate", zlib.compress(b"Hello, World!")),
        (b"Content-Encoding: deflate", zlib.compress(b"Hello, World!")[2:-4]),
        (b"Content-Encoding: identity", b"Hello, World!"),
        (
            b"Content-Encoding: gzip\r\nContent-Transfer-Encoding: base64",
            base64.b64encode(gzip.compress(b"Hello, World!")),
        ),
    ],
)
async def test_encodings_of_parts(headers, coded):
    part = await one(headers, coded)
    assert await part.read(decode=True) == b"Hello, World!"
    part = await one(headers, coded)
    raw = await part.read()
    assert raw == coded
    assert part.decode(raw) == b"Hello, World!"
    assert b"".join([piece async for piece in part.decode_iter(raw)]) == b"Hello, World!"


async def test_chunks_of_base64_can_each_be_decoded():
    part = await one(b"Content-Transfer-Encoding: base64", b"SGVs\r\nbG8sIFdv\r\ncmxkIQ==")
    decoded = b""
    while chunk := await part.read_chunk(5):
        decoded += part.decode(chunk)
    assert decoded == b"Hello, World!"


@pytest.mark.parametrize(
    ("headers", "body", "error"),
    [
        (b"Content-Encoding: br", b"x", RuntimeError),
        (b"Content-Transfer-Encoding: uuencode", b"x", RuntimeError),
        (b"Content-Encoding: gzip", b"no gzip", ValueError),
        (b"Content-Encoding: gzip", gzip.compress(b"cut off")[:-3], ValueError),
        (b"Content-Transfer-Encoding: base64", b"a", ValueError),
    ],
)
async def test_encodings_that_cannot_be_undone(headers, body, error):
    with pytest.raises(error):
        await (await one(headers, body)).read(decode=True)
    part = await one(headers, body)
    with pytest.raises(error):
        part.decode(await part.read())


async def test_a_bomb_stops_at_client_max_size():
    bomb = gzip.compress(bytes(50_000_000))
    part = await one(b"Content-Encoding: gzip", bomb, client_max_size=1_000_000)
    with pytest.raises(ValueError, match="client_max_size"):
        await part.read(decode=True)

    class TooLarge(Exception):
        pass

    part = await one(b"A: b", b"x" * 1000, client_max_size=100, max_size_error_cls=TooLarge)
    with pytest.raises(TooLarge):
        await part.read()
    part = await one(b"Content-Encoding: gzip", bomb, client_max_size=1_000_000)
    raw = b"".join([chunk async for chunk in _chunks(part)])
    with pytest.raises(ValueError, match="client_max_size"):
        part.decode(raw)


async def _chunks(part):
    while chunk := await part.read_chunk(1000):
        yield chunk


async def test_names_of_form_parts():
    part = await one(b'Content-Disposition: form-data; name="field"; filename="/../file.txt"', b"x", FORM)
    assert (part.name, part.filename) == ("field", "../file.txt")
    part = await one(b"A: b", b"x", FORM)
    assert (part.name, part.filename) == (None, None)


async def test_the_charset_field_of_a_form_is_its_default():
    body = (
        b'--B\r\nContent-Disposition: form-data; name="_charset_"\r\n\r\nkoi8-r\r\n'
        b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + "Тест".encode("koi8-r") + b"\r\n--B--"
    )
    reader = reader_of(body, FORM)
    part = await reader.next()
    assert (part.name, await part.text()) == ("a", "Тест")
    reader = reader_of(body.replace(b"koi8-r", b"k" * 32), FORM)
    with pytest.raises(RuntimeError, match="charset"):
        await reader.next()


async def test_content_length_and_encoding_mean_nothing_in_a_form():
    """RFC 7578 §4.7, §4.8."""
    part = await one(b"Content-Length: 1\r\nContent-Encoding: gzip", b"plain", FORM)
    assert await part.read(decode=True) == b"plain"


async def test_multipart_within_multipart_has_an_end():
    headers = b"Content-Type: multipart/mixed; boundary=B%d\r\n\r\n"
    body = b"".join(b"--B%d\r\n" % depth + headers % (depth + 1) for depth in range(1000))
    reader = MultipartReader({"Content-Type": "multipart/mixed; boundary=B0"}, stream_of(body))
    with pytest.raises(ValueError, match="32 deep"):
        for _ in range(1000):
            reader = await reader.next()


async def test_a_large_part_is_streamed_with_bounded_memory():
    class Endless(StreamReader):
        __slots__ = ("left",)

        async def readany(self):
            if self.left == 0:
                return b""
            self.left -= 1
            return b"--B\r\n\r\n" if self.left == 800 else b"\r\n--B--" if self.left == 0 else bytes(2**16)

    stream = Endless()
    stream.left = 801
    part = await MultipartReader(HEADERS, stream).next()
    total = 0
    async for chunk in _chunks(part):
        total += len(chunk)
        assert len(part._source.buffer) < 2**18
    assert total == 799 * 2**16


async def test_endless_padding_and_headers_are_no_way_to_fill_the_memory():
    for body in (b"--B" + b" " * 300 + b"\r\n\r\n", b"--B\r\nX: " + b"y" * 10_000):
        with pytest.raises((ValueError, BadHttpMessage)):
            await everything(reader_of(body, step=64))


fields = st.dictionaries(st.sampled_from(["X-A", "X-B", "X-C"]), st.text("abc ;=", max_size=9), max_size=2)
parts = st.lists(st.tuples(fields, st.binary(max_size=300)), max_size=5)
boundaries = st.text("abB-'()+_,./:=?", min_size=1, max_size=12)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(parts, boundaries, st.integers(1, 40), st.sampled_from(["", "gzip", "deflate"]))
def test_what_is_written_is_read(parts, boundary, step, coding):
    async def main():
        writer = MultipartWriter("mixed", boundary)
        for headers, body in parts:
            fields = CIMultiDict(headers)
            if coding:
                fields["Content-Encoding"] = coding
            writer.append(body, fields)
        raw = await writer.as_bytes()
        if any(b"--" + boundary.encode() in body for _, body in parts) and coding:
            return  # a coded part has no length to hide a delimiter behind
        reader = MultipartReader(writer.headers, stream_of(raw, step))
        found = []
        async for part in reader:
            own = {name: value for name, value in part.headers.items() if name.startswith("X-")}
            found.append((own, bytes(await part.read(decode=True))))
        assert found == [({n: v.strip(" ") for n, v in headers.items()}, body) for headers, body in parts]

    asyncio.run(main())


# -- responses


async def test_parts_of_a_response_of_aiohttp_web():
    async def handler(request):
        with theirs.MultipartWriter("mixed") as writer:
            writer.append("text")
            writer.append_json({"a": 1})
            writer.append(b"x" * 300_000, {"Content-Encoding": "gzip"})
        return web.Response(body=writer)

    app = web.Application()
    app.router.add_get("/", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}/"
    try:
        async with aiohttp.ClientSession() as session:
            response = await session.get(url)
            wrapper = MultipartReader.from_response(response)
            assert await (await wrapper.next()).text() == "text"
            assert await (await wrapper.next()).json() == {"a": 1}
            assert await (await wrapper.next()).read(decode=True) == b"x" * 300_000
            assert await wrapper.next() is None
            assert wrapper.at_eof() and response.closed
            assert session.connector._pool.idle == 1
            async with session.get(url) as response:
                reader = MultipartReader(response.headers, response.content)
                assert len([part async for part in reader]) == 3
            async with session.get(url) as response:
                assert len([part async for part in MultipartReader.from_response(response)]) == 3
    finally:
        await runner.cleanup()


async def test_a_response_that_is_not_multipart_is_named(origin):
    origin.plays(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok")
    async with aiohttp.ClientSession() as session:
        async with session.get(origin.url) as response:
            with pytest.raises(ValueError, match="text/plain"):
                MultipartReader.from_response(response)


async def test_a_part_may_be_the_body_of_a_request(origin):
    origin.plays(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    disposition = b'Content-Disposition: attachment; filename="a.txt"\r\nContent-Encoding: gzip'
    async with aiohttp.ClientSession() as session:
        await session.post(origin.url, data=await one(disposition, gzip.compress(b"content")))
    head, _, body = origin.requests[0].partition(b"\r\n\r\n")
    assert b"Transfer-Encoding: chunked" in head and b"Content-Type: text/plain" in head
    assert body == b"7\r\ncontent\r\n0\r\n\r\n"
