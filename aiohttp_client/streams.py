"""StreamReader: a body as it arrives, buffered, with back-pressure.

Data waits in a deque of the pieces it came in; reading takes whole pieces where it can, so a byte
is copied once at most, and nothing is joined twice. There is one waiter, for there is one reader.
When more than twice the limit is buffered the source is paused, below the limit it goes on.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any

from .data_queue import DataQueue as DataQueue
from .data_queue import EofStream as EofStream
from .data_queue import FlowControlDataQueue as FlowControlDataQueue
from .data_queue import Source as Source
from .exceptions import LineTooLong

# Bytes of a line, or of what else readuntil() looks for, where the buffer's limits do not allow
# more: JSON written as lines has long ones, a peer that never ends its line must not fill the memory.
_LONGEST_LINE = 2 * 2**20


class StreamReader:
    """A stream of bytes with one reader.

    protocol: paused and resumed as the buffer fills and drains; without one the stream is a pipe
        in memory, of any length. limit: bytes buffered before that, low water; twice as many are high water.
    total_bytes: fed so far; total_raw_bytes: the same before decoding;
    total_compressed_bytes: None unless the body is coded.
    """

    __slots__ = (
        "_at",
        "_buffer",
        "_chunk_ends",
        "_eof",
        "_eof_callbacks",
        "_eof_waiter",
        "_error",
        "_error_at_end",
        "_high",
        "_last_end",
        "_loop",
        "_low",
        "_paused",
        "_read",
        "_size",
        "_source",
        "_waiter",
        "total_bytes",
        "total_compressed_bytes",
    )

    def __init__(
        self,
        protocol: Source | None = None,
        limit: int = 2**18,
        *,
        timer: object = None,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._source = protocol
        self._low = limit
        self._high = 2 * limit
        self._loop = loop
        self._buffer: deque[bytes] = deque()
        self._at = 0  # how much of the first piece has been read
        self._size = 0  # unread bytes
        self._read = 0  # bytes read since the beginning
        self._chunk_ends: deque[int] | None = None  # positions since the beginning, not yet reported
        self._last_end = 0
        self._eof = False
        self._error: BaseException | None = None
        self._error_at_end = False
        self._waiter: asyncio.Future[None] | None = None
        self._eof_waiter: asyncio.Future[None] | None = None
        self._eof_callbacks: list[Callable[[], None]] = []
        self._paused = False
        self.total_bytes = 0
        self.total_compressed_bytes: int | None = None

    def __repr__(self) -> str:
        facts = [f"{self._size} bytes"] if self._size else []
        if self._eof:
            facts.append("eof")
        if self._low != 2**18:
            facts.append(f"low={self._low} high={self._high}")
        if self._waiter is not None:
            facts.append(f"w={self._waiter!r}")
        if self._error is not None:
            facts.append(f"e={self._error!r}")
        return f"<{' '.join(['StreamReader', *facts])}>"

    @property
    def total_raw_bytes(self) -> int:
        return self.total_bytes if self.total_compressed_bytes is None else self.total_compressed_bytes

    def get_read_buffer_limits(self) -> tuple[int, int]:
        """(low, high) water in bytes."""
        return self._low, self._high

    def set_read_chunk_size(self, n: int) -> None:
        """Let pieces of n bytes fit: raise low water to n if it is less."""
        if n > self._low:
            self._low = n
            self._high = 2 * n

    # -- feeding

    def feed_data(self, data: bytes, size: int = 0) -> bool:
        """Append data; size is accepted and ignored. Returns False."""
        if self._eof:
            raise AssertionError("feed_data after feed_eof")
        if not data:
            return False
        length = len(data)
        self._size += length
        self.total_bytes += length
        self._buffer.append(data)
        if self._waiter is not None:
            self._wake()
        if self._size > self._high:
            self._pause()
        return False

    def begin_http_chunk_receiving(self) -> None:
        """Chunk ends will be reported; to be said before any data."""
        if self._chunk_ends is None:
            if self.total_bytes:
                raise RuntimeError("chunks begin in the middle: data has been fed without them")
            self._chunk_ends = deque()

    def end_http_chunk_receiving(self) -> None:
        """The data fed so far ends a chunk."""
        ends = self._chunk_ends
        if ends is None:
            raise RuntimeError("a chunk ends that has not begun: call begin_http_chunk_receiving() first")
        if self.total_bytes == self._last_end:
            return  # nothing came out of it, as may be with a coded body
        self._last_end = self.total_bytes
        ends.append(self.total_bytes)
        # Tiny chunks weigh little as bytes, but each has a mark.
        if len(ends) > max(4, self._low // 16):
            self._pause()
        if self._waiter is not None:
            self._wake()

    def feed_eof(self) -> None:
        """No more data will come; the source is let go."""
        if self._eof:
            return
        self._eof = True
        self._resume()
        self._source = None
        self._wake()
        waiter, self._eof_waiter = self._eof_waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)
        callbacks, self._eof_callbacks = self._eof_callbacks, []
        for callback in callbacks:
            self._call(callback)

    def set_exception(
        self, exc: BaseException, cause: BaseException | None = None, *, after_data: bool = False
    ) -> None:
        """Make reading raise exc: at once, or with after_data only where the buffered data ends."""
        if cause is not None:
            exc.__cause__ = cause
        self._error = exc
        self._error_at_end = after_data
        self._source = None
        self._eof_callbacks.clear()
        self._wake()
        waiter, self._eof_waiter = self._eof_waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_exception(exc)

    def unread_data(self, data: bytes) -> None:
        """Put data back in front of what is buffered."""
        if not data:
            return
        if self._at:
            self._buffer[0] = self._buffer[0][self._at :]
            self._at = 0
        self._buffer.appendleft(data)
        self._size += len(data)
        self._read -= len(data)

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _pause(self) -> None:
        if self._source is not None and not self._paused:
            self._paused = True
            self._source.pause_reading()

    def _resume(self) -> None:
        if self._paused:
            self._paused = False
            if self._source is not None:
                self._source.resume_reading()

    # -- state

    @property
    def has_reader(self) -> bool:
        """Whether somebody waits for data."""
        return self._waiter is not None

    def exception(self) -> BaseException | None:
        return self._error

    def is_eof(self) -> bool:
        """Whether all data has been fed."""
        return self._eof

    def at_eof(self) -> bool:
        """Whether all data has been fed and read."""
        return self._eof and not self._size

    def on_eof(self, callback: Callable[[], None]) -> None:
        """Call back when all data has been fed: now, if that is so."""
        if self._eof:
            self._call(callback)
        else:
            self._eof_callbacks.append(callback)

    def _call(self, callback: Callable[[], None]) -> None:
        try:
            callback()
        except Exception as error:
            (self._loop or asyncio.get_event_loop()).call_exception_handler(
                {"message": "Exception in an on_eof callback", "exception": error}
            )

    async def wait_eof(self) -> None:
        """Wait until all data has been fed. Raises what reading would."""
        if self._eof:
            return
        if self._error is not None:
            raise self._error
        if self._eof_waiter is not None:
            raise RuntimeError("wait_eof() called while another coroutine is already waiting for it")
        self._eof_waiter = self._future()
        try:
            await self._eof_waiter
        finally:
            self._eof_waiter = None

    # -- reading

    async def read(self, n: int = -1) -> bytes:
        """Up to n bytes as soon as there are any; everything up to the end if n is negative. b"" at the end."""
        if n < 0:
            pieces: list[bytes] = []
            while await self._more("read"):
                pieces.append(self._take(self._size))
            return pieces[0] if len(pieces) == 1 else b"".join(pieces)
        if n == 0:
            self._raise_error()
            return b""
        await self._more("read")
        return self._take(n)

    async def readany(self) -> bytes:
        """All that is buffered, waiting for some if nothing is. b"" at the end."""
        await self._more("readany")
        return self._take(self._size)

    async def readexactly(self, n: int) -> bytes:
        """n bytes. Raises asyncio.IncompleteReadError if the data ends before."""
        self._raise_error()
        pieces: list[bytes] = []
        left = n
        while left > 0:
            if not await self._more("readexactly"):
                partial = b"".join(pieces)
                raise asyncio.IncompleteReadError(partial, n)
            pieces.append(self._take(left))
            left -= len(pieces[-1])
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def readline(self, *, max_line_length: int | None = None) -> bytes:
        """A line with its LF; what is left at the end; b"" behind that. Raises LineTooLong, see readuntil()."""
        return await self.readuntil(b"\n", max_size=max_line_length)

    async def readuntil(self, separator: bytes = b"\n", *, max_size: int | None = None) -> bytes:
        """Data up to and with separator; what is left at the end; b"" behind that.

        Raises LineTooLong, which is a ValueError, if that is more than max_size bytes (2 MiB if not
        given, or high water if that is more); ValueError for an empty separator."""
        if not separator:
            raise ValueError("separator is empty, expected at least one byte")
        limit = max_size or max(self._high, _LONGEST_LINE)
        line = bytearray()  # what came in the pieces before
        overlap = len(separator) - 1
        while await self._more("readuntil"):
            piece, at = self._buffer[0], self._at
            end = 0  # of the line in this piece, where it has one
            if line and overlap:
                seam = bytes(line[-overlap:])
                found = (seam + piece[at : at + overlap]).find(separator)
                if found >= 0:
                    end = at + found + len(separator) - len(seam)
            if not end:
                found = piece.find(separator, at)
                if found >= 0:
                    end = found + len(separator)
            # Only the line leaves its piece: to put thousands of others back each time would copy them as often.
            taken = self._take_piece(end - at if end else len(piece))
            if len(line) + len(taken) > limit:
                raise LineTooLong(bytes(line[:80] + taken[:80])[:80], limit)
            if end and not line:
                return taken
            line += taken
            if end:
                break
        return bytes(line)

    async def readchunk(self) -> tuple[bytes, bool]:
        """(data, whether a chunk of the transfer coding ends behind it); (b"", False) at the end.

        Data is the rest of a chunk whose end is known, else one piece as it came."""
        while True:
            if self._error is not None and not self._error_at_end:
                raise self._error
            ends = self._chunk_ends
            if ends:
                end = ends[0]
                if end <= self._read + self._size:
                    ends.popleft()
                    if end > self._read:
                        return self._take(end - self._read), True
                    return b"", True
            if not await self._more("readchunk", or_chunk_end=True):
                return b"", False
            if not self._chunk_ends:
                return self._take_piece(self._size), False

    def read_nowait(self, n: int = -1) -> bytes:
        """Up to n buffered bytes, all if n is negative. Raises RuntimeError if a reader waits."""
        self._raise_error()
        if self._waiter is not None and not self._waiter.done():
            raise RuntimeError("read_nowait() called while a coroutine is waiting for incoming data")
        return self._take(self._size if n < 0 else n)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return _Iterator(self.readline)

    def iter_chunked(self, n: int) -> AsyncIterator[bytes]:
        """Pieces of at most n bytes, of n where there is enough."""
        self.set_read_chunk_size(n)
        return _Iterator(lambda: self.read(n))

    def iter_any(self) -> AsyncIterator[bytes]:
        """Whatever is there each time."""
        return _Iterator(self.readany)

    async def iter_chunks(self) -> AsyncIterator[tuple[bytes, bool]]:
        """readchunk() until the end."""
        while True:
            chunk = await self.readchunk()
            if chunk == (b"", False):
                return
            yield chunk

    def _raise_error(self) -> None:
        if self._error is not None and not (self._error_at_end and self._size):
            raise self._error

    async def _more(self, caller: str, *, or_chunk_end: bool = False) -> bool:
        """Wait for data, or for the end of a chunk; False at the end. Raises the error set, if it is its time."""
        while not self._size:
            if self._error is not None:
                raise self._error
            if self._eof:
                return False
            if self._waiter is not None:
                raise RuntimeError(f"{caller}() called while another coroutine is already waiting for incoming data")
            waiter = self._waiter = self._future()
            try:
                await waiter
            finally:
                if self._waiter is waiter:
                    self._waiter = None
            if or_chunk_end and self._chunk_ends:
                return True
        if self._error is not None and not self._error_at_end:
            raise self._error
        return True

    def _future(self) -> asyncio.Future[None]:
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
        return loop.create_future()

    def _take(self, n: int) -> bytes:
        """Up to n of the buffered bytes."""
        if n <= 0 or not self._size:
            return b""
        piece = self._take_piece(n)
        if len(piece) == n or not self._size:
            return piece
        pieces = [piece]
        left = n - len(piece)
        while left and self._size:
            piece = self._take_piece(left)
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces)

    def _take_piece(self, n: int) -> bytes:
        """Up to n bytes of the first piece."""
        first = self._buffer[0]
        at = self._at
        if len(first) - at > n:
            self._at = at + n
            piece = first[at : at + n]
        else:
            self._buffer.popleft()
            self._at = 0
            piece = first[at:] if at else first
        size = len(piece)
        self._size -= size
        self._read += size
        ends = self._chunk_ends
        if ends:
            # Read in another way than by chunks: marks behind us mean nothing any more, one right here still does.
            while ends and ends[0] < self._read:
                ends.popleft()
        if self._paused and self._size < self._low and (not ends or len(ends) <= max(4, self._low // 16) // 2):
            self._resume()
        return piece


class _Iterator:
    """Reads until nothing comes."""

    __slots__ = ("_read",)

    def __init__(self, read: Any) -> None:
        self._read = read

    def __aiter__(self) -> _Iterator:
        return self

    async def __anext__(self) -> bytes:
        data: bytes = await self._read()
        if not data:
            raise StopAsyncIteration
        return data


class EmptyStreamReader(StreamReader):
    """The stream of all bodies that are known to be empty: it has ended, and stays so."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__()
        self._eof = True

    def feed_data(self, data: bytes, size: int = 0) -> bool:
        return False

    def set_exception(
        self, exc: BaseException, cause: BaseException | None = None, *, after_data: bool = False
    ) -> None:
        """Nothing: it is shared, and one response's end is not another's."""

    def unread_data(self, data: bytes) -> None:
        """Nothing, for the same reason."""

    def set_read_chunk_size(self, n: int) -> None:
        """Nothing, for the same reason."""

    def begin_http_chunk_receiving(self) -> None:
        """Nothing, for the same reason."""


EMPTY_PAYLOAD = EmptyStreamReader()
