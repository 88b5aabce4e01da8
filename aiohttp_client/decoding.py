"""DecodingFeed: coded bytes in, plain bytes into a StreamReader, in bounded steps.

It stands between a connection and a stream and speaks to each the language it knows: to the
connection that of a StreamReader being fed, to the stream that of a source to be paused. While
the stream has enough, coded bytes stay coded here, and the connection is paused.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TypeAlias

from ._wire.coding import Decoder, decoder_for
from .exceptions import ClientPayloadError, ContentEncodingError
from .streams import Source, StreamReader


class DecodingFeed:
    """Feeds stream with what decoder makes of the data; source is paused when that is too much."""

    __slots__ = ("_decoder", "_ended", "_failed", "_limit", "_paused", "_pumping", "_queue", "_source", "stream")

    def __init__(
        self,
        decoder: Decoder,
        source: Source | None,
        limit: int = 2**18,
        *,
        loop: asyncio.AbstractEventLoop,
        stream_class: type[StreamReader] = StreamReader,
    ) -> None:
        self._decoder = decoder
        self._source = source
        self._limit = limit
        # Coded data not decoded yet; None where a chunk of the transfer coding has ended.
        self._queue: deque[bytes | None] = deque()
        self._paused = False
        self._pumping = False
        self._ended = False
        self._failed = False
        self.stream = stream_class(self, limit, loop=loop)
        self.stream.total_compressed_bytes = 0

    # -- for the connection

    def begin_http_chunk_receiving(self) -> None:
        self.stream.begin_http_chunk_receiving()

    def feed_data(self, data: bytes) -> None:
        if self._failed or not data:
            return
        assert self.stream.total_compressed_bytes is not None
        self.stream.total_compressed_bytes += len(data)
        self._queue.append(data)
        self._pump()

    def end_http_chunk_receiving(self) -> None:
        self._queue.append(None)
        self._pump()

    def feed_eof(self) -> None:
        """The body has arrived; from here on the connection may be somebody else's."""
        self._ended = True
        self._source = None
        self._pump()

    def set_exception(self, exc: BaseException, *, after_data: bool = False) -> None:
        self._failed = True
        self._source = None
        self._queue.clear()
        self.stream.set_exception(exc, after_data=after_data)

    # -- for the stream

    def pause_reading(self) -> None:
        self._paused = True
        if self._source is not None:
            self._source.pause_reading()

    def resume_reading(self) -> None:
        self._paused = False
        self._pump()
        if not self._paused and self._source is not None:
            self._source.resume_reading()

    def _pump(self) -> None:
        """Decode until the stream has enough or nothing is left."""
        if self._pumping or self._failed:
            return  # feeding the stream may pause or resume us
        self._pumping = True
        try:
            self._decode()
        except ContentEncodingError as error:
            failure = ClientPayloadError(str(error))
            failure.__cause__ = error
            source = self._source
            self.set_exception(failure, after_data=True)
            if source is not None and self._paused:
                source.resume_reading()  # the rest is dropped as it comes
        finally:
            self._pumping = False

    def _decode(self) -> None:
        decoder, queue, stream = self._decoder, self._queue, self.stream
        while not self._paused:
            if not decoder.needs_input:
                stream.feed_data(decoder.decode(b"", self._limit))
            elif queue:
                data = queue.popleft()
                if data is None:
                    stream.end_http_chunk_receiving()
                else:
                    stream.feed_data(decoder.decode(data, self._limit))
            else:
                break
        if self._ended and not queue and decoder.needs_input:
            decoder.finish()
            self._ended = False
            stream.feed_eof()


# What the bytes of a body are fed to.
Feed: TypeAlias = StreamReader | DecodingFeed


def feed_of(
    coding: str,
    source: Source | None,
    limit: int,
    stream_class: type[StreamReader],
    *,
    loop: asyncio.AbstractEventLoop,
) -> tuple[Feed, StreamReader]:
    """What to feed a body in coding to, "" for none, and the stream it comes out of: the same, if there is nothing
    to decode. Raises ContentEncodingError for a coding that cannot be decoded."""
    decoder = decoder_for(coding) if coding else None
    if decoder is None:
        stream = stream_class(source, limit, loop=loop)
        return stream, stream
    feed = DecodingFeed(decoder, source, limit, loop=loop, stream_class=stream_class)
    return feed, feed.stream
