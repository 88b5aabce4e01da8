"""A body on its way from a connection into a stream: where it ends, and what is still to come."""

from __future__ import annotations

from typing import TypeAlias

from .._backend import chunks
from ..decoding import DecodingFeed, Feed
from ..exceptions import ClientPayloadError, HttpProcessingError
from ..streams import StreamReader
from .collecting import WholeBody
from .faults import truncation

ChunkDecoder: TypeAlias = chunks.ChunkDecoder

# From this size on, a body that is wanted whole is received in its place: the change of protocols has its price.
_WORTH_COLLECTING = 256 * 1024
# Up to this size: the room is made when all we have of the body is what its server says of its length.
_MOST_COLLECTED = 256 * 1024 * 1024


class IncomingBody:
    """What did not come along with its head.

    left: bytes still to come, or UNTIL_CLOSE, or CHUNKED (RFC 9112 §6.3).
    """

    __slots__ = ("_chunks", "_feed", "_length", "_surplus", "left")

    def __init__(self, length: int, chunks: ChunkDecoder | None, feed: Feed) -> None:
        self.left = self._length = length
        self._surplus = False
        self._chunks = chunks
        self._feed = feed
        if chunks is not None:
            feed.begin_http_chunk_receiving()

    @property
    def ended(self) -> bool:
        """Whether all of it has come."""
        return self._chunks.done if self._chunks is not None else self.left == 0

    @property
    def surplus(self) -> bool:
        """Whether something has come behind the end."""
        return bool(self._chunks.rest) if self._chunks is not None else self._surplus

    @property
    def error(self) -> HttpProcessingError | None:
        """What is wrong with its chunks."""
        return None if self._chunks is None else self._chunks.error

    def receive(self, data: bytes) -> None:
        """Pass on what has come."""
        if self._chunks is not None:
            feed_pieces(self._feed, self._chunks.feed(data))
            return
        left, size = self.left, len(data)
        if left >= 0:
            if size > left:
                self._surplus = True
                data = data[:left]
            self.left = max(0, left - size)
        self._feed.feed_data(data)

    def end(self) -> None:
        """All of it is there."""
        self._feed.feed_eof()

    def fail(self, error: Exception) -> None:
        # What arrived before the peer's fault is as good as ever; our own decision to stop is not late.
        self._feed.set_exception(error, after_data=isinstance(error, ClientPayloadError))

    def truncation(self) -> HttpProcessingError:
        """What is wrong if nothing more comes."""
        return truncation(self._length, self._length - self.left)

    def collect(self) -> WholeBody | None:
        """Room for all of it, with what has come in it, if it is worth that: neither small nor huge, not coded."""
        feed = self._feed
        if not _WORTH_COLLECTING <= self.left <= _MOST_COLLECTED or isinstance(feed, DecodingFeed) or feed.has_reader:
            return None
        arrived = feed.read_nowait()
        body = WholeBody(len(arrived) + self.left)
        body.room()[: len(arrived)] = arrived
        body.fill(len(arrived))
        return body

    def collected(self, body: WholeBody) -> None:
        """receive() for what has come into body."""
        self.left = max(0, body.left)
        self._surplus = body.left < 0
        if self.ended:
            assert isinstance(self._feed, StreamReader)
            self._feed.total_bytes = self._length


def feed_pieces(feed: Feed, pieces: list[tuple[bytes, bool]]) -> None:
    """Hand the pieces of a chunked body to a stream, with the marks of where chunks end."""
    for data, ends_chunk in pieces:
        feed.feed_data(data)
        if ends_chunk:
            feed.end_http_chunk_receiving()
