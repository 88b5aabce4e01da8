"""Z: bombs, and what is coded wrongly. Memory is measured: a body nobody reads does not grow."""

import asyncio
import gzip
import tracemalloc
import zlib

import pytest
from attacked import BROKEN, OK, outcome

import aiohttp_client as aiohttp
from aiohttp_client._wire.wsdeflate import Deflater

SIZE = 2**26  # 64 MiB of zeros
LINE = (b"x" * 8191 + b"\n") * (SIZE // 8192)


def brotlied(data):
    return pytest.importorskip("brotli").compress(data, quality=1)


def zstandard(data):
    try:
        from compression import zstd
    except ImportError:
        zstd = pytest.importorskip("backports.zstd")
    return zstd.compress(data)


CODINGS = {"gzip": lambda data: gzip.compress(data, 6), "deflate": zlib.compress, "br": brotlied, "zstd": zstandard}
_coded = {}


def coded(coding, data):
    key = coding, data[:10], len(data)
    if key not in _coded:
        _coded[key] = CODINGS[coding](data)
    return _coded[key]


def head(coding, body, *, chunked=False):
    frame = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % len(body)
    return b"HTTP/1.1 200 OK\r\nContent-Encoding: " + coding.encode() + b"\r\n" + frame + b"\r\n\r\n"


class Measured:
    """The most that was allocated within."""

    def __enter__(self):
        tracemalloc.start()
        return self

    def __exit__(self, *error):
        self.peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()


async def in_pieces(response):
    return sum([len(piece) async for piece in response.content.iter_any()])


async def in_chunks(response):
    return sum([len(piece) async for piece in response.content.iter_chunked(65536)])


async def as_they_came(response):
    return sum([len(piece) async for piece, _ in response.content.iter_chunks()])


async def in_lines(response):
    return sum([len(line) async for line in response.content])


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("how", [in_pieces, in_chunks, as_they_came])
@pytest.mark.parametrize("coding", CODINGS)
async def test_a_bomb_that_is_streamed_takes_no_room_Z1(origin, coding, how, chunked):
    body = coded(coding, bytes(SIZE))
    pieces = [body]
    if chunked:
        pieces = [b"%x\r\n%b\r\n" % (len(body), body), b"0\r\n\r\n"]
    origin.script([origin.WAIT, head(coding, body, chunked=chunked), *pieces, origin.STALL])
    with Measured() as measured:
        async with aiohttp.ClientSession() as session, session.get(origin.url) as response:
            assert await how(response) == SIZE
    assert measured.peak < SIZE // 8


@pytest.mark.parametrize("coding", CODINGS)
async def test_a_bomb_read_in_lines_takes_no_room_Z1(origin, coding):
    body = coded(coding, LINE)
    origin.script([origin.WAIT, head(coding, body) + body, origin.STALL])
    with Measured() as measured:
        async with aiohttp.ClientSession() as session, session.get(origin.url) as response:
            assert await in_lines(response) == SIZE
    assert measured.peak < SIZE // 8


@pytest.mark.parametrize("coding", CODINGS)
async def test_a_bomb_is_one_line_too_long_Z1(origin, coding):
    body = coded(coding, bytes(SIZE))
    origin.script([origin.WAIT, head(coding, body) + body, origin.STALL])
    with Measured() as measured:
        async with aiohttp.ClientSession() as session, session.get(origin.url) as response:
            with pytest.raises(ValueError, match="limit"):
                await in_lines(response)
    assert measured.peak < SIZE // 4


@pytest.mark.parametrize("coding", CODINGS)
async def test_a_bomb_that_nobody_reads_stays_coded_Z1_Z6(origin, coding):
    """Not read, released, closed: nothing is decoded to find the end of it."""
    body = coded(coding, bytes(SIZE))
    origin.script([origin.WAIT, head(coding, body), body, origin.WAIT, OK], [origin.WAIT, OK, origin.STALL])
    with Measured() as measured:
        async with aiohttp.ClientSession() as session:
            async with session.get(origin.url) as response:
                await asyncio.sleep(0.05)
                response.release()
            assert await outcome(session, origin.url) == (200, b"ok")
    assert measured.peak < SIZE // 16


@pytest.mark.parametrize("how", ["read", "text", "json"])
@pytest.mark.parametrize("coding", CODINGS)
async def test_a_bomb_that_is_wanted_whole_takes_what_it_is_Z1(origin, coding, how):
    """Whoever asks for all of it gets it; decoding takes no more than that, and a copy where text is made of it."""
    body = coded(coding, b" " * (SIZE // 4 - 1) + b"1")
    origin.script([origin.WAIT, head(coding, body), body, origin.STALL])
    with Measured() as measured:
        async with aiohttp.ClientSession() as session, session.get(origin.url) as response:
            if how == "read":
                assert len(await response.read()) == SIZE // 4
            elif how == "text":
                assert len(await response.text()) == SIZE // 4
            else:
                assert await response.json(content_type=None) == 1
    assert measured.peak < SIZE


@pytest.mark.parametrize("count", [1, 10, 1000])
async def test_codings_on_codings_stay_as_they_are_Z2(origin, count):
    codings = ", ".join(["gzip"] * (count + 1))
    body = b"x"
    for _ in range(3):
        body = gzip.compress(body)
    origin.plays(head(codings, body) + body)
    async with aiohttp.ClientSession() as session:
        assert await outcome(session, origin.url) == (200, body)
    lines = b"Content-Encoding: gzip\r\n" * 2 + b"Content-Length: %d\r\n\r\n" % len(body)
    origin.plays(b"HTTP/1.1 200 OK\r\n" + lines + body)
    async with aiohttp.ClientSession() as session:
        assert await outcome(session, origin.url) == (200, body)


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
async def test_a_hundred_thousand_empty_members_Z3(origin, coding):
    body = coded(coding, b"") * 100_000
    origin.script([origin.WAIT, head(coding, body), body, origin.STALL])
    async with aiohttp.ClientSession() as session:
        assert await outcome(session, origin.url) == BROKEN


PLAIN = b"The quick brown fox jumps over the lazy dog. " * 50


@pytest.mark.parametrize("in_one", [False, True])
@pytest.mark.parametrize("fault", ["truncated", "garbage behind", "garbage", "checksum", "nothing"])
@pytest.mark.parametrize("coding", CODINGS)
async def test_what_is_coded_wrongly_is_an_error_Z4(origin, coding, fault, in_one):
    good = coded(coding, PLAIN)
    body = {
        "truncated": good[:-1],
        "garbage behind": good + b"garbage",
        "garbage": b"\xff garbage " + good,
        "checksum": good[:-6] + bytes([good[-6] ^ 0xFF]) + good[-5:],
        "nothing": b"",
    }[fault]
    origin.script(
        [origin.WAIT, head(coding, body) + body if in_one else head(coding, body), *([] if in_one else [0.01, body])]
    )
    async with aiohttp.ClientSession() as session:
        found = await outcome(session, origin.url)
    if fault == "nothing":
        assert found == (200, b"")
    elif fault == "checksum" and coding in ("br", "zstd"):
        assert found == BROKEN or found[1] != PLAIN, "these have no checksum, or none that must be there"
    else:
        assert found == BROKEN


async def test_an_unknown_coding_is_left_alone_Z4(origin):
    origin.plays(head("x-unknown", b"coded") + b"coded")
    async with aiohttp.ClientSession() as session:
        assert await outcome(session, origin.url) == (200, b"coded")


async def test_a_window_too_large_is_refused_Z5(origin):
    """RFC 9659 §3: 8 MiB. The frame says 2 GiB; nothing of the kind is allocated."""
    zstandard(b"")
    body = b"\x28\xb5\x2f\xfd\x00" + bytes([(31 - 10) << 3]) + b"\x01\x00\x00"
    origin.plays(head("zstd", body) + body)
    with Measured() as measured:
        async with aiohttp.ClientSession() as session:
            assert await outcome(session, origin.url) == BROKEN
    assert measured.peak < 2**24


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
@pytest.mark.parametrize("coding", CODINGS)
async def test_no_body_needs_no_decoder_Z7(origin, coding, method, status):
    origin.plays(b"HTTP/1.1 %d X\r\nContent-Encoding: %b\r\nContent-Length: 9\r\n\r\n" % (status, coding.encode()))
    async with aiohttp.ClientSession() as session:
        assert await outcome(session, origin.url, method) == (status, b"")


async def test_undecoded_bodies_keep_their_bytes_and_headers_Z8(origin):
    body = gzip.compress(PLAIN)[:100]
    origin.plays(head("gzip", body).replace(b"200 OK\r\n", b"206 Partial\r\nContent-Range: bytes 0-99/500\r\n") + body)
    async with aiohttp.ClientSession(auto_decompress=False) as session, session.get(origin.url) as response:
        assert (await response.read(), response.headers["Content-Encoding"]) == (body, "gzip")


@pytest.mark.parametrize("limit", [2**16, 2**22])
async def test_a_bomb_in_a_websocket_message_W10(ws_peer, limit):
    """64 MiB in one message of 64 KiB: refused as it passes the limit, not when it is all there."""
    from wsframes import frame

    bomb = Deflater(15, forgets=False).deflate(bytes(SIZE))
    raw = frame(0xC1, bomb)
    with Measured() as measured:
        from aiohttp_client._wire.wsdeflate import Inflater
        from aiohttp_client._wire.wsframes import MessageReader

        reader = MessageReader(max_size=limit, inflater=Inflater(15, forgets=False))
        reader.feed(raw)
        while reader.message() is not None:
            pass
    assert reader.error.code == 1009
    assert measured.peak < 3 * limit + 2**20
