"""StreamReader: what each way of reading gives, whoever feeds whenever."""

import asyncio

import pytest

from aiohttp_client import EMPTY_PAYLOAD, StreamReader
from aiohttp_client.exceptions import LineTooLong


class Source:
    """Remembers whether it is paused."""

    def __init__(self):
        self.paused = False
        self.log = []

    def pause_reading(self):
        assert not self.paused
        self.paused = True
        self.log.append("pause")

    def resume_reading(self):
        assert self.paused
        self.paused = False
        self.log.append("resume")


def fed(*pieces, eof=True, chunked=False):
    stream = StreamReader()
    if chunked:
        stream.begin_http_chunk_receiving()
    for piece in pieces:
        stream.feed_data(piece)
        if chunked:
            stream.end_http_chunk_receiving()
    if eof:
        stream.feed_eof()
    return stream


async def later(stream, *pieces):
    """Feed pieces, a loop turn apart, then the end."""
    for piece in pieces:
        await asyncio.sleep(0)
        stream.feed_data(piece)
    await asyncio.sleep(0)
    stream.feed_eof()


async def test_read_gives_what_is_there_up_to_n():
    stream = fed(b"abc", b"def", b"g")
    assert await stream.read(0) == b""
    assert await stream.read(2) == b"ab"
    assert await stream.read(3) == b"cde"
    assert await stream.read(100) == b"fg"
    assert await stream.read(1) == b""
    assert stream.at_eof()


async def test_read_all_waits_for_the_end():
    stream = StreamReader()
    feeding = asyncio.create_task(later(stream, b"ab", b"", b"cd"))
    assert await stream.read() == b"abcd"
    assert await stream.read() == b""
    await feeding


async def test_one_piece_is_not_copied():
    piece = b"x" * 1000
    assert await fed(piece).read() is piece
    assert await fed(piece).readany() is piece
    assert await fed(piece).read(1000) is piece


async def test_readany():
    stream = fed(b"ab", b"cd", eof=False)
    assert await stream.readany() == b"abcd"
    feeding = asyncio.create_task(later(stream, b"ef"))
    assert await stream.readany() == b"ef"
    assert await stream.readany() == b""
    await feeding


async def test_readexactly():
    stream = fed(b"ab", b"cd")
    assert await stream.readexactly(0) == b""
    assert await stream.readexactly(3) == b"abc"
    with pytest.raises(asyncio.IncompleteReadError) as caught:
        await stream.readexactly(5)
    assert (caught.value.partial, caught.value.expected) == (b"d", 5)


async def test_lines():
    stream = fed(b"one\ntw", b"o\n\nfo", b"ur")
    assert await stream.readline() == b"one\n"
    assert [line async for line in stream] == [b"two\n", b"\n", b"four"]
    assert await stream.readline() == b""


@pytest.mark.parametrize("size", range(1, 8))
async def test_a_separator_may_straddle_pieces(size):
    data = b"a--b-" + b"---c--"
    stream = StreamReader()
    feeding = asyncio.create_task(later(stream, *[data[at : at + size] for at in range(0, len(data), size)]))
    parts = []
    while part := await stream.readuntil(b"--"):
        parts.append(part)
    assert parts == [b"a--", b"b---"[:3], b"--", b"c--"]
    await feeding


@pytest.mark.parametrize("size", range(1, 6))
async def test_a_separator_that_begins_like_the_data_before_it(size):
    data = b"aab" + b"aaab" + b"abaab" + b"aa"
    stream = StreamReader()
    feeding = asyncio.create_task(later(stream, *[data[at : at + size] for at in range(0, len(data), size)]))
    assert [await stream.readuntil(b"aab") for _ in range(5)] == [b"aab", b"aaab", b"abaab", b"aa", b""]
    await feeding


async def test_what_is_behind_a_line_stays_where_it_is():
    """Thousands of lines in a piece: putting the rest back after each would copy it thousands of times."""
    piece = b"one\ntwo\nthree"
    stream = fed(piece)
    assert (await stream.readline(), await stream.readline()) == (b"one\n", b"two\n")
    assert stream._buffer[0] is piece
    assert await stream.read() == b"three"


async def test_lines_have_a_limit():
    stream = fed(b"x" * 11 + b"\n")
    with pytest.raises(LineTooLong, match="limit of 10") as caught:
        await stream.readline(max_line_length=10)
    assert isinstance(caught.value, ValueError)
    assert await fed(b"x" * 9 + b"\n").readuntil(max_size=10) == b"x" * 9 + b"\n"
    with pytest.raises(ValueError, match="separator is empty"):
        await fed(b"x").readuntil(b"")


async def test_a_line_of_a_megabyte_in_small_pieces():
    stream = StreamReader(limit=2**20)
    for _ in range(16_000):
        stream.feed_data(b"x" * 64)
    stream.feed_data(b"\nrest")
    stream.feed_eof()
    assert len(await stream.readline()) == 16_000 * 64 + 1
    assert await stream.read() == b"rest"


async def test_chunks_have_ends():
    stream = fed(b"abc", b"de", chunked=True)
    assert await stream.readchunk() == (b"abc", True)
    assert [chunk async for chunk in stream.iter_chunks()] == [(b"de", True)]
    assert await stream.readchunk() == (b"", False)


async def test_a_chunk_in_pieces_ends_once():
    stream = StreamReader()
    stream.begin_http_chunk_receiving()
    stream.feed_data(b"ab")
    assert await stream.readchunk() == (b"ab", False)
    stream.feed_data(b"c")
    stream.end_http_chunk_receiving()
    stream.feed_data(b"d")
    stream.end_http_chunk_receiving()
    assert await stream.readchunk() == (b"c", True)
    assert await stream.readchunk() == (b"d", True)
    stream.feed_data(b"e")
    assert await stream.readchunk() == (b"e", False)
    waiting = asyncio.create_task(stream.readchunk())
    await asyncio.sleep(0)
    stream.end_http_chunk_receiving()
    assert await waiting == (b"", True)
    stream.feed_eof()
    assert await stream.readchunk() == (b"", False)


async def test_reading_past_chunk_ends_otherwise():
    stream = fed(b"abc", b"de", b"fg", chunked=True)
    assert await stream.read(4) == b"abcd"
    assert await stream.readchunk() == (b"e", True)
    assert await stream.read() == b"fg"


async def test_without_chunks_pieces_are_given_as_they_came():
    stream = fed(b"ab", b"cd")
    assert [chunk async for chunk in stream.iter_chunks()] == [(b"ab", False), (b"cd", False)]
    with pytest.raises(RuntimeError, match="not begun"):
        fed(b"x", eof=False).end_http_chunk_receiving()
    with pytest.raises(RuntimeError, match="middle"):
        fed(b"x", eof=False).begin_http_chunk_receiving()


async def test_iteration():
    assert [piece async for piece in fed(b"abcdefg", b"hi").iter_chunked(4)] == [b"abcd", b"efgh", b"i"]
    assert [piece async for piece in fed(b"ab", b"cd").iter_any()] == [b"abcd"]
    assert [piece async for piece in fed().iter_any()] == []


async def test_reading_without_waiting():
    stream = fed(b"abc", eof=False)
    assert stream.read_nowait(2) == b"ab"
    assert stream.read_nowait() == b"c"
    assert stream.read_nowait() == b""
    waiting = asyncio.create_task(stream.read(1))
    await asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="waiting"):
        stream.read_nowait()
    stream.feed_eof()
    await waiting


async def test_data_can_be_put_back():
    stream = fed(b"abcd")
    assert await stream.read(2) == b"ab"
    stream.unread_data(b"XY")
    assert await stream.read() == b"XYcd"


async def test_there_is_one_reader():
    stream = StreamReader()
    first = asyncio.create_task(stream.read(1))
    await asyncio.sleep(0)
    for name in ("read", "readany", "readline", "readchunk"):
        with pytest.raises(RuntimeError, match="already waiting for incoming data"):
            await getattr(stream, name)()
    stream.feed_data(b"x")
    assert await first == b"x"


async def test_a_cancelled_reader_leaves_room_for_the_next():
    stream = StreamReader()
    first = asyncio.create_task(stream.read(1))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    stream.feed_data(b"x")
    assert await stream.read(1) == b"x"


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("waits", [False, True])
async def test_an_error_ends_reading(waits, chunked):
    stream = fed(b"abc", eof=False, chunked=chunked)
    if waits:
        await stream.read(3)
        reading = asyncio.create_task(stream.read(1))
        await asyncio.sleep(0)
        stream.set_exception(LookupError("broken"))
        with pytest.raises(LookupError):
            await reading
    stream.set_exception(LookupError("broken"))
    assert isinstance(stream.exception(), LookupError)
    for _ in range(2):
        for read in (stream.read, stream.readany, stream.readline, stream.readchunk, stream.wait_eof):
            with pytest.raises(LookupError, match="broken"):
                await read()
        with pytest.raises(LookupError):
            stream.read_nowait()


async def test_an_error_behind_the_data_comes_where_the_end_would():
    """IMP-S2."""
    stream = fed(b"abc", b"def", eof=False)
    stream.set_exception(LookupError("cut off"), after_data=True)
    assert await stream.read(4) == b"abcd"
    assert stream.read_nowait(1) == b"e"
    with pytest.raises(LookupError):
        await stream.read()
    with pytest.raises(LookupError):
        await stream.readany()


async def test_the_source_is_paused_and_resumed():
    source = Source()
    stream = StreamReader(source, limit=10)
    assert stream.get_read_buffer_limits() == (10, 20)
    stream.feed_data(b"x" * 20)
    assert not source.paused
    stream.feed_data(b"x")
    assert source.paused
    stream.feed_data(b"x")  # what was on its way
    await stream.read(12)
    assert source.paused
    await stream.read(1)
    assert not source.paused
    assert source.log == ["pause", "resume"]


async def test_many_tiny_chunks_pause_the_source_too():
    source = Source()
    stream = StreamReader(source, limit=160)
    stream.begin_http_chunk_receiving()
    fed_before = 0
    while not source.paused:
        stream.feed_data(b".")
        stream.end_http_chunk_receiving()
        fed_before += 1
    assert fed_before == 11
    while source.paused:
        assert (await stream.readchunk())[1]
    assert stream.total_bytes == 11


async def test_the_end_lets_the_source_go():
    source = Source()
    stream = StreamReader(source, limit=1)
    stream.feed_data(b"xxxx")
    stream.feed_eof()
    assert not source.paused
    source.paused = True  # somebody else's from here on
    assert await stream.read() == b"xxxx"
    assert source.paused


async def test_larger_pieces_raise_the_limits():
    stream = StreamReader(Source(), limit=10)
    stream.set_read_chunk_size(5)
    assert stream.get_read_buffer_limits() == (10, 20)
    stream.iter_chunked(100)
    assert stream.get_read_buffer_limits() == (100, 200)


async def test_callbacks_at_the_end():
    called = []
    stream = fed(b"x", eof=False)
    stream.on_eof(lambda: called.append(1))
    waiting = asyncio.create_task(stream.wait_eof())
    await asyncio.sleep(0)
    assert not called and not stream.is_eof()
    stream.feed_eof()
    stream.feed_eof()
    assert called == [1] and stream.is_eof() and not stream.at_eof()
    stream.on_eof(lambda: called.append(2))
    assert called == [1, 2]
    await waiting
    await stream.wait_eof()
    with pytest.raises(AssertionError, match="after feed_eof"):
        stream.feed_data(b"x")


async def test_the_stream_says_how_it_is():
    assert repr(fed(b"abc")) == "<StreamReader 3 bytes eof>"
    assert "low=5 high=10" in repr(StreamReader(limit=5))
    stream = fed(b"abc")
    assert (stream.total_bytes, stream.total_raw_bytes, stream.total_compressed_bytes) == (3, 3, None)


async def test_the_empty_stream_stays_empty():
    """IMP-S3: however often it is read; it is shared by all."""
    for _ in range(3):
        assert [chunk async for chunk in EMPTY_PAYLOAD.iter_chunks()] == []
        assert await EMPTY_PAYLOAD.readchunk() == (b"", False)
        assert await EMPTY_PAYLOAD.read() == await EMPTY_PAYLOAD.readline() == await EMPTY_PAYLOAD.readuntil() == b""
        with pytest.raises(asyncio.IncompleteReadError):
            await EMPTY_PAYLOAD.readexactly(1)
        EMPTY_PAYLOAD.feed_data(b"x")
        EMPTY_PAYLOAD.set_exception(LookupError())
        EMPTY_PAYLOAD.unread_data(b"x")
    assert EMPTY_PAYLOAD.at_eof() and EMPTY_PAYLOAD.total_bytes == 0
