"""Request bodies that are written while the response is awaited."""

import asyncio
import gc
import gzip
import io
import os
import socket
import tempfile
import threading
import zlib

import pytest

import aiohttp_client as aiohttp

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
BIG = bytes(range(256)) * 8192  # 2 MiB


def head_and_body(request):
    head, _, body = request.partition(b"\r\n\r\n")
    return dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:]), body


def unchunked(body):
    plain = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        plain += body[: int(size, 16)]
        assert body[int(size, 16) :][:2] == b"\r\n"
        body = body[int(size, 16) + 2 :]
    return plain


async def sent(origin, data, **options):
    """(headers, body as sent) of a POST of data."""
    origin.plays(OK)
    async with aiohttp.ClientSession() as session:
        async with session.post(origin.url, data=data, **options) as response:
            assert await response.read() == b"ok"
        assert (session.connector._pool.in_use, session.connector._pool.idle) == (0, 1)
    return head_and_body(origin.requests[-1])


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "report.csv"
    path.write_bytes(BIG)
    return path


async def test_a_file_is_streamed_with_its_length_and_closed(origin, file):
    opened = file.open("rb")
    headers, body = await sent(origin, opened)
    assert body == BIG and headers["Content-Length"] == str(len(BIG))
    assert headers["Content-Type"] == "text/csv"
    assert opened.closed


async def test_a_file_is_sent_from_its_position_on(origin, file):
    with file.open("rb") as opened:
        opened.seek(1000)
        headers, body = await sent(origin, opened)
    assert body == BIG[1000:] and headers["Content-Length"] == str(len(BIG) - 1000)


async def test_a_file_that_grows_meanwhile_is_sent_as_long_as_was_said(origin, file):
    with file.open("rb") as opened, file.open("ab", buffering=0) as growing:
        form = aiohttp.FormData({"file": opened, "after": b"x"})
        payload = form()
        growing.write(b"more")
        headers, body = await sent(origin, payload)
    assert len(body) == int(headers["Content-Length"]) and b"more" not in body
    assert body.endswith(b"--" + payload.boundary.encode() + b"--\r\n")


@pytest.mark.parametrize("as_form", [False, True])
@pytest.mark.parametrize("kind", ["gzip", "named", "spooled"])
async def test_other_kinds_of_files(origin, tmp_path, kind, as_form):
    content = b"cells;" * 2000
    if kind == "gzip":
        # Its descriptor is that of the compressed file, which is shorter.
        path = tmp_path / "cells.gz"
        path.write_bytes(gzip.compress(content))
        opened = gzip.GzipFile(path)
    else:
        opened = {"named": tempfile.NamedTemporaryFile, "spooled": tempfile.SpooledTemporaryFile}[kind]()
        opened.write(content)
        opened.seek(0)
    headers, body = await sent(origin, {"file": opened} if as_form else opened)
    if "Transfer-Encoding" in headers:
        assert kind == "gzip"
        body = unchunked(body)
    assert (content in body and b"form-data; name=" in body) if as_form else body == content
    opened.close()


async def test_files_that_cannot_be_read(origin, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"content")
    origin.plays(OK)
    async with aiohttp.ClientSession() as session:
        with path.open("ab") as for_writing, pytest.raises(ValueError, match="for writing only"):
            await session.post(origin.url, data=for_writing)
        with pytest.raises(ValueError, match="closed file"):
            await session.post(origin.url, data=for_writing)
        form = aiohttp.FormData({"file": path.open("rb")})
        async with session.post(origin.url, data=form) as response:
            assert response.status == 200
        with pytest.raises(aiohttp.ClientConnectionError, match="open it again"):
            await session.post(origin.url, data=form)
        assert session.connector._pool.in_use == 0


async def test_text_files(origin, tmp_path):
    path = tmp_path / "text"
    path.write_text("Größe\n" * 1000, encoding="utf-16")
    headers, body = await sent(origin, path.open(encoding="utf-16"))
    assert unchunked(body) == ("Größe\n" * 1000).encode()
    assert headers["Content-Type"] == "text/plain; charset=utf-8"


async def test_a_pipe_has_no_length(origin):
    reading, writing = os.pipe()
    os.write(writing, b"through a pipe")
    os.close(writing)
    headers, body = await sent(origin, os.fdopen(reading, "rb"))
    assert headers["Transfer-Encoding"] == "chunked" and "Content-Length" not in headers
    assert unchunked(body) == b"through a pipe"


async def test_files_in_memory(origin):
    data = io.BytesIO(b"skip" + BIG)
    data.seek(4)
    headers, body = await sent(origin, data)
    assert body == BIG and headers["Content-Length"] == str(len(BIG)) and not data.closed
    headers, body = await sent(origin, io.StringIO("Größe"))
    assert body == "Größe".encode() and headers["Content-Type"] == "text/plain; charset=utf-8"


async def test_async_generators_go_in_chunks(origin):
    async def pieces():
        yield b"one "
        yield b""  # must not end the body
        yield bytearray(b"two ")
        await asyncio.sleep(0)
        yield memoryview(b"three")

    headers, body = await sent(origin, pieces())
    assert body == b"4\r\none \r\n4\r\ntwo \r\n5\r\nthree\r\n0\r\n\r\n"
    assert headers["Content-Type"] == "application/octet-stream"


async def test_a_stream_fed_by_another_task(origin):
    """As the quickstart has it, with the feed_eof() it forgot."""
    stream = aiohttp.StreamReader()
    sending = asyncio.create_task(sent(origin, stream))
    for number in range(10):
        await asyncio.sleep(0)
        stream.feed_data(b"piece %d;" % number)
    stream.feed_eof()
    _, body = await sending
    assert unchunked(body) == b"".join(b"piece %d;" % number for number in range(10))


async def test_one_response_is_piped_into_another_request(origin, web):
    async with aiohttp.ClientSession() as session:
        r = await session.get(f"{web.url}/chunks?count=500")
        _, body = await sent(origin, r.content)
    assert unchunked(body) == b"".join(b"chunk %d;" % number for number in range(500))


async def test_streamers(origin, file):
    """As the quickstart has them: a generator, a coroutine function, and without being called."""

    @aiohttp.streamer
    def file_sender(writer, file_name=file):
        with open(file_name, "rb") as opened:
            chunk = opened.read(2**16)
            while chunk:
                yield from writer.write(chunk)
                chunk = opened.read(2**16)

    @aiohttp.streamer
    async def parts(writer, count):
        for number in range(count):
            await writer.write(b"part %d;" % number)

    for data, expected in [
        (file_sender(file_name=file), BIG),
        (file_sender, BIG),
        (parts(3), b"part 0;part 1;part 2;"),
    ]:
        headers, body = await sent(origin, data)
        assert headers["Transfer-Encoding"] == "chunked" and unchunked(body) == expected


async def test_a_payload_as_it_is(origin):
    payload = aiohttp.JsonPayload({"a": 1}, headers={"X-Part": "1"})
    headers, body = await sent(origin, payload)
    assert (headers["Content-Type"], headers["X-Part"], body) == ("application/json", "1", b'{"a": 1}')
    headers, body = await sent(origin, aiohttp.BytesPayload(b"x", headers={"X-Part": "2"}, filename="a.json"))
    assert (headers["Content-Type"], headers["X-Part"], body) == ("application/octet-stream", "2", b"x")


@pytest.mark.parametrize("options", [{"chunked": True}, {"headers": {"Transfer-Encoding": "chunked"}}])
async def test_chunks_on_request(origin, options):
    headers, body = await sent(origin, b"data", **options)
    assert headers["Transfer-Encoding"] == "chunked" and "Content-Length" not in headers
    assert body == b"4\r\ndata\r\n0\r\n\r\n"


async def test_chunked_false_and_chunked_without_a_body_mean_nothing(origin):
    """IMP-4."""
    headers, body = await sent(origin, b"data", chunked=False)
    assert (headers["Content-Length"], body) == ("4", b"data")
    headers, body = await sent(origin, None, chunked=True)
    assert (headers["Content-Length"], body) == ("0", b"")


@pytest.mark.parametrize(
    ("compress", "coding", "decode"),
    [(True, "deflate", zlib.decompress), ("deflate", "deflate", zlib.decompress), ("gzip", "gzip", gzip.decompress)],
)
async def test_compression(origin, file, compress, coding, decode):
    for data in (BIG, file.open("rb")):
        headers, body = await sent(origin, data, compress=compress)
        assert (headers["Content-Encoding"], headers["Transfer-Encoding"]) == (coding, "chunked")
        assert decode(unchunked(body)) == BIG
        assert len(body) < len(BIG) // 10
    headers, body = await sent(origin, b"", compress=compress)
    assert "Content-Encoding" not in headers and body == b""


async def test_a_length_of_the_caller_for_a_body_of_unknown_size(origin):
    async def pieces():
        yield b"12345"
        yield b"67890"

    headers, body = await sent(origin, pieces(), headers={"Content-Length": "10"})
    assert (headers["Content-Length"], body) == ("10", b"1234567890")
    headers, body = await sent(origin, pieces(), headers={"Content-Length": "7"})
    assert body == b"1234567", "more would be read as the next request"
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectionError, match="ended after 10 bytes, expected the 11"):
            await session.post(origin.url, data=pieces(), headers={"Content-Length": "11"})
        assert session.connector._pool.in_use == 0


@pytest.mark.parametrize("kind", ["generator", "stream"])
async def test_a_source_that_fails(origin, kind):
    async def fails():
        yield b"some"
        raise LookupError("no more")

    stream = aiohttp.StreamReader()
    stream.feed_data(b"some")
    stream.set_exception(LookupError("no more"))
    origin.plays(OK)
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectionError, match="no more") as caught:
            await session.post(origin.url, data=fails() if kind == "generator" else stream)
        assert isinstance(caught.value.__cause__, LookupError)
        assert (session.connector._pool.in_use, session.connector._pool.idle) == (0, 0)
        async with session.get(origin.url) as response:
            assert response.status == 200


async def test_a_source_of_something_else(origin):
    async def text():
        yield "str"

    origin.plays(OK)
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectionError, match="must give bytes, got str"):
            await session.post(origin.url, data=text())


@pytest.mark.parametrize("data", [5, object(), [b"x"], (piece for piece in [b"x"])])
async def test_what_is_no_body(origin, data):
    async with aiohttp.ClientSession() as session:
        with pytest.raises(TypeError, match="data must be|a form is made of"):
            await session.post(origin.url, data=data)


async def test_http_10_has_no_chunks(origin):
    async def pieces():
        yield b"x"

    async with aiohttp.ClientSession(version=aiohttp.HttpVersion10) as session:
        with pytest.raises(ValueError, match=r"HTTP/1\.0 does not have"):
            await session.post(origin.url, data=pieces())


@pytest.mark.parametrize("length", [b"Content-Length: 9\r\n", b"Transfer-Encoding: chunked\r\n"])
async def test_an_early_response_that_the_loop_has_not_read_when_writing_fails(length):
    """The server has refused and hung up while the client was busy: its next write fails, the response is there."""
    refusal = b"9\r\ntoo large\r\n0\r\n\r\n" if b"chunked" in length else b"too large"

    def refuse():
        with listener.accept()[0] as connection:
            assert connection.recv(100)  # not all of it: closing resets
            assert client_is_busy.wait(10)
            connection.sendall(b"HTTP/1.1 413 Too Large\r\n" + length + b"\r\n" + refusal)

    async def pieces():
        yield BIG[:10_000]
        await asyncio.sleep(0.01)  # it goes out
        client_is_busy.set()
        server.join()
        for _ in range(3):
            yield b"more"

    client_is_busy = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=refuse)
        server.start()
        async with aiohttp.ClientSession() as session:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
            async with session.post(url, data=pieces()) as response:
                assert (response.status, await response.text()) == (413, "too large")


async def test_an_early_response_ends_the_upload(origin):
    """413 after the first bytes of an endless body: the caller gets it, with its body."""
    taken = 0

    async def endless():
        nonlocal taken
        while True:
            taken += 65536
            yield bytes(65536)

    refusal = b"HTTP/1.1 413 Too Large\r\nContent-Length: 9\r\n\r\ntoo large"
    origin.script([0.05, refusal, origin.STALL])
    async with aiohttp.ClientSession() as session:
        async with session.post(origin.url, data=endless()) as response:
            assert (response.status, await response.text()) == (413, "too large")
        taken_then = taken
        await asyncio.sleep(0.05)
        assert taken == taken_then
        assert (session.connector._pool.in_use, session.connector._pool.idle) == (0, 0)


@pytest.mark.parametrize("end", ["cancelled", "timed out", "answered", "closed"])
async def test_a_generator_that_is_not_wanted_any_more_is_closed(origin, end):
    """At once: it may hold a file or a transaction."""
    closed = asyncio.Event()

    async def pieces():
        try:
            while True:
                yield bytes(65536)
        finally:
            await asyncio.sleep(0)
            closed.set()

    answer = b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n" if end == "answered" else b""
    origin.script([0.05, answer, 10])
    async with aiohttp.ClientSession() as session:
        timeout = 0.1 if end == "timed out" else None
        posting = asyncio.create_task(session.post(origin.url, data=pieces(), timeout=timeout))
        if end in ("cancelled", "closed"):
            await asyncio.sleep(0.1)
            posting.cancel() if end == "cancelled" else await session.close()
        (result,) = await asyncio.gather(posting, return_exceptions=True)
        assert isinstance(result, aiohttp.ClientResponse) == (end == "answered")
        gc.disable()
        try:
            await asyncio.wait_for(closed.wait(), 5)
        finally:
            gc.enable()


async def test_a_slow_server_slows_the_upload_down(origin):
    taken = 0

    async def pieces():
        nonlocal taken
        for _ in range(1000):
            taken += 65536
            yield bytes(65536)

    origin.script([0.2, origin.RESET])
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectionError):
            await session.post(origin.url, data=pieces())
        assert taken < 30_000_000
        assert session.connector._pool.in_use == 0


async def test_expect_100_continue(origin):
    head_seen = []

    async def serve(reader, writer):
        head_seen.append(await reader.readuntil(b"\r\n\r\n"))
        await asyncio.sleep(0.02)
        assert not reader._buffer, "nothing of the body may come before the 100"
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        head_seen.append(await reader.readexactly(4))
        writer.write(OK)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with aiohttp.ClientSession() as session:
        async with session.post(url, data=b"data", expect100=True) as response:
            assert await response.read() == b"ok"
        assert session.connector._pool.idle == 1
    assert b"\r\nExpect: 100-continue\r\n" in head_seen[0] and head_seen[1] == b"data"
    server.close()
    await server.wait_closed()


async def test_nothing_is_expected_without_a_body(origin):
    """RFC 9110 §10.1.1: a client must not send 100-continue with a request that has no content."""
    origin.plays(OK)
    async with aiohttp.ClientSession() as session:
        await session.post(origin.url, expect100=True)
    assert b"Expect" not in origin.requests[0]


async def test_expect_100_refused(origin):
    """The final response in place of the 100: the body is not sent, and the connection not used again."""
    origin.script([0.02, b"HTTP/1.1 417 No\r\nContent-Length: 2\r\n\r\nno", origin.STALL])
    async with aiohttp.ClientSession() as session:
        async with session.post(origin.url, data=b"data", headers={"expect": "100-Continue"}) as response:
            assert (response.status, await response.read()) == (417, b"no")
        assert session.connector._pool.idle == 0


@pytest.mark.parametrize("kind", ["file", "bytesio", "bytes"])
async def test_a_redirect_sends_the_body_again(origin, file, kind):
    data = file.open("rb") if kind == "file" else io.BytesIO(BIG) if kind == "bytesio" else BIG
    moved = b"HTTP/1.1 307 Moved\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n"
    origin.answers(lambda request: moved if request.startswith(b"POST /here") else OK)
    async with aiohttp.ClientSession() as session, session.post(f"{origin.url}/here", data=data) as response:
        assert response.status == 200
    assert [head_and_body(request)[1] for request in origin.requests] == [BIG, BIG]
    if kind == "file":
        assert data.closed


@pytest.mark.parametrize("end", ["answered", "redirected", "refused", "cancelled", "raised"])
async def test_a_file_is_closed_however_the_request_ends(origin, file, end):
    moved = b"HTTP/1.1 303 See Other\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n"
    missing = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    answer = {"redirected": moved, "raised": missing}.get(end, OK)
    origin.answers(lambda request: answer if request.startswith(b"POST") else OK)
    if end == "refused":
        await origin.refuses()
    if end == "cancelled":
        origin.script([10])
    opened = file.open("rb")
    async with aiohttp.ClientSession() as session:
        data = {"file": opened} if end == "cancelled" else opened
        posting = asyncio.create_task(session.post(origin.url, data=data, raise_for_status=end == "raised"))
        if end == "cancelled":
            await asyncio.sleep(0.05)
            posting.cancel()
        await asyncio.gather(posting, return_exceptions=True)
        await asyncio.sleep(0.01)
        assert opened.closed


async def test_a_body_that_can_be_sent_once_is_not_redirected(origin):
    async def pieces():
        yield b"once"

    origin.plays(b"HTTP/1.1 307 Moved\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n")
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientPayloadError, match="can be sent only once"):
            await session.post(origin.url, data=pieces())
        assert len(origin.requests) == 1 and session.connector._pool.in_use == 0


async def test_a_stale_connection_and_a_file(origin, file):
    origin.script([origin.WAIT, OK, origin.CLOSE], [origin.WAIT, OK, origin.STALL])
    async with aiohttp.ClientSession() as session:
        async with session.get(origin.url) as response:
            await response.read()
        async with session.put(origin.url, data=file.open("rb")) as response:
            assert response.status == 200
    assert head_and_body(origin.requests[-1])[1] == BIG


@pytest.mark.parametrize("turns", range(8))
async def test_a_cancelled_upload_leaves_nothing(origin, file, turns):
    origin.script([0.01, origin.STALL])
    async with aiohttp.ClientSession() as session:
        opened = file.open("rb")
        task = asyncio.create_task(session.post(origin.url, data=opened))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert session.connector._pool.in_use == 0
        opened.close()


async def test_a_missing_payload_class():
    with pytest.raises(aiohttp.payload.LookupError, match="nothing is registered"):
        aiohttp.get_payload(5)


async def test_payload_classes_of_the_user(origin):
    class Point:
        x, y = 1, 2

    @aiohttp.payload_type(Point)
    class PointPayload(aiohttp.BytesPayload):
        def __init__(self, value, **options):
            super().__init__(b"%d,%d" % (value.x, value.y), content_type="text/x-point", **options)

    headers, body = await sent(origin, Point())
    assert (headers["Content-Type"], headers["Content-Length"], body) == ("text/x-point", "3", b"1,2")
