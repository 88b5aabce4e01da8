"""DecodingFeed: between a connection and a stream, in bounded steps."""

import asyncio
import gzip

import pytest

from aiohttp_client._wire.coding import decoder_for
from aiohttp_client.decoding import DecodingFeed
from aiohttp_client.exceptions import ClientPayloadError


class Source:
    def __init__(self):
        self.paused = False

    def pause_reading(self):
        self.paused = True

    def resume_reading(self):
        self.paused = False


def feed_for(coding="gzip", source=None, limit=2**18):
    return DecodingFeed(decoder_for(coding), source, limit, loop=asyncio.get_running_loop())


async def test_coded_bytes_become_plain_ones():
    feed = feed_for()
    data = gzip.compress(b"hello")
    feed.feed_data(data[:10])
    feed.feed_data(data[10:])
    feed.feed_eof()
    assert await feed.stream.read() == b"hello"
    assert (feed.stream.total_bytes, feed.stream.total_raw_bytes) == (5, len(data))


async def test_a_bomb_stays_coded_until_it_is_read():
    source = Source()
    feed = feed_for(source=source, limit=2**16)
    bomb = gzip.compress(bytes(50_000_000))
    feed.feed_data(bomb)
    assert source.paused
    assert feed.stream.total_bytes <= 4 * 2**16
    feed.feed_data(b"")
    feed.feed_eof()
    assert feed.stream.total_bytes <= 4 * 2**16, "the end of the response is no reason to decode it all"
    total = 0
    async for piece in feed.stream.iter_chunked(2**16):
        total += len(piece)
        assert feed.stream.total_bytes - total <= 4 * 2**16
    assert total == 50_000_000


async def test_after_the_end_the_source_is_somebody_else_s():
    source = Source()
    feed = feed_for(source=source, limit=1000)
    feed.feed_data(gzip.compress(bytes(100_000)))
    assert source.paused
    feed.feed_eof()
    source.paused = "theirs"
    assert len(await feed.stream.read()) == 100_000
    assert source.paused == "theirs"


async def test_the_source_goes_on_when_the_reader_does():
    source = Source()
    feed = feed_for(source=source, limit=1000)
    feed.feed_data(gzip.compress(bytes(100_000)))
    read = 0
    while source.paused:
        read += len(await feed.stream.read(500))
    assert read >= 100_000 - 2 * 1000, "what is left undecoded would have been enough"
    feed.feed_eof()


async def test_bad_data_is_an_error_behind_the_good():
    source = Source()
    feed = feed_for(source=source)
    data = gzip.compress(b"hello") + b"garbage"
    feed.feed_data(data[:-7])
    feed.feed_data(data[-7:])
    assert await feed.stream.read(5) == b"hello"
    with pytest.raises(ClientPayloadError, match="Can not decode content-encoding: gzip"):
        await feed.stream.read(5)
    assert not source.paused
    feed.feed_data(b"more")
    feed.feed_eof()


async def test_an_early_end_is_an_error():
    feed = feed_for()
    feed.feed_data(gzip.compress(b"hello" * 1000)[:-4])
    feed.feed_eof()
    with pytest.raises(ClientPayloadError, match="ends early"):
        await feed.stream.read()


async def test_an_error_of_the_connection_reaches_the_reader():
    feed = feed_for()
    feed.feed_data(gzip.compress(b"hello")[:8])
    feed.set_exception(LookupError("broken"))
    with pytest.raises(LookupError):
        await feed.stream.read()


async def test_chunks_keep_their_ends():
    feed = feed_for("deflate")
    import zlib

    compressor = zlib.compressobj()
    feed.begin_http_chunk_receiving()
    for text in (b"one", b"two"):
        feed.feed_data(compressor.compress(text) + compressor.flush(zlib.Z_SYNC_FLUSH))
        feed.end_http_chunk_receiving()
    feed.feed_data(compressor.flush())
    feed.end_http_chunk_receiving()
    feed.feed_eof()
    assert [chunk async for chunk in feed.stream.iter_chunks()] == [(b"one", True), (b"two", True)]
