"""WSConnection: the protocol that takes a transport over after a 101, and keeps it until its end.

What arrives is parsed as far as the queue has room, and no further; then the transport is paused.
Pings are answered as they come, whether anybody reads messages or not; while the peer does not
read, only the last one is (RFC 6455 §5.5.3), so that pings cannot fill the memory. A peer that
breaks the protocol is told so when the messages before have been received, so that they can be
answered, or a moment later; and given another moment to hang up.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable, Iterator
from operator import length_hint

from .._backend import mask as frames
from .._wire.wsframes import MessageReader
from .._wire.wsmessages import WSMessage, WSMsgType
from ..exceptions import ClientConnectionResetError, WebSocketError
from .connection import Connection, Received
from .waiter import Awaited

_frame = frames.frame
_FIN = 0x80
_DEFLATED = 0x40  # RSV1

# Bytes of messages waiting to be received: above the one the transport is paused, below the other it goes on.
_HIGH = 2 * 2**18
_LOW = 2**18
# What a message in the queue takes besides its data.
_OVERHEAD = 128
# Messages looked for at a time.
_BATCH = 512
# Seconds until a peer that broke the protocol is told so, at the latest, and that it then has to hang up.
_GRACE = 1.0
# Masking keys made at a time: they must not be predictable (RFC 6455 §5.3), and the system is asked for each block.
_KEYS = 4096


class WSConnection(asyncio.Protocol):
    """The WebSocket end of a connection; made by taking over what connection got a 101 on."""

    def __init__(
        self,
        connection: Connection,
        exchange: Awaited[Received],
        reader: MessageReader,
        *,
        autoping: bool,
    ) -> None:
        self._loop = connection._loop
        self._connection = connection
        self._reader = reader
        self._autoping = autoping
        # Messages found together, and their bytes, overhead included; texts and binaries only, or one of another kind.
        self._queue: deque[tuple[list[WSMessage], int]] = deque()
        self._queued = 0  # bytes of all
        # Messages taken together: whoever receives takes from here, and take()s when there are no more.
        self.ready: Iterator[WSMessage] = iter(())
        self._waiter: asyncio.Future[None] | None = None
        self._paused = False
        self._discarding = False
        self._drained: asyncio.Future[None] | None = None  # pending while the transport wants no more
        self._unanswered: bytes | None = None  # the last ping that came meanwhile
        self._keys = b""
        self._key_at = 0
        self._grace: asyncio.TimerHandle | None = None
        self._told = False
        self.lost = False  # nothing comes and nothing goes any more
        self.error: Exception | None = None  # why
        self.peer_close: WSMessage | None = None  # the peer's CLOSE
        self.on_data: Callable[[], None] | None = None
        self.transport = connection.hand_over(exchange, self)

    # -- for the response

    def take(self) -> WSMessage | None:
        """The next message if there is one, when nothing is ready; those that are like it are, then."""
        if not self._queue:
            return None
        messages, size = self._queue.popleft()
        self._queued -= size
        if messages[0].type is WSMsgType.ERROR:
            self._tell_violation()
        self.ready = iter(messages)
        if self._paused and self._queued < _LOW:
            self._go_on()
        return next(self.ready)

    async def wait(self) -> None:
        """Until there is a message, or nothing will come any more, or interrupt() is called."""
        waiter = self._waiter = self._loop.create_future()
        try:
            await waiter
        finally:
            if self._waiter is waiter:  # close() may wait by now
                self._waiter = None

    def interrupt(self) -> None:
        """Let who waits look again."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def send(self, opcode: int, payload: bytes | bytearray | memoryview, *, deflated: bool = False) -> None:
        """Write a whole message or control frame. Raises ClientConnectionResetError if nothing goes any more."""
        transport = self.transport
        if self.lost or transport.is_closing():
            raise ClientConnectionResetError("Cannot write to closing transport")
        at = self._key_at
        if at == len(self._keys):
            self._keys = os.urandom(4 * _KEYS)
            at = 0
        self._key_at = at + 4
        first = _FIN | opcode | (_DEFLATED if deflated else 0)
        transport.write(_frame(first, self._keys[at : at + 4], payload))

    async def drain(self) -> None:
        """Wait until the peer has read what was sent, but for a little. Raises ClientConnectionResetError."""
        if self._drained is not None:
            await self._drained

    @property
    def is_paused(self) -> bool:
        """Whether the peer is not listened to, because nobody receives what it said."""
        return self._paused

    @property
    def must_drain(self) -> bool:
        return self._drained is not None

    def discard(self) -> None:
        """Nobody wants messages any more: drop those that are there and those that come, but for CLOSE."""
        self._discarding = True
        self._forget()
        if self._paused:
            self._go_on()

    def close(self) -> None:
        """Close once what has been sent is out, but do not wait long for that."""
        if not self.lost:
            self._give_grace()
            self.transport.close()
            self._connection.let_go()

    def abort(self) -> None:
        """Close at once; nobody wants messages any more."""
        self._forget()
        self._end_grace()
        self.transport.abort()
        self._connection.let_go()

    def _forget(self) -> None:
        self._queue.clear()
        self._queued = 0
        self.ready = iter(())

    # -- for the loop

    def data_received(self, data: bytes) -> None:
        if self.on_data is not None:
            self.on_data()
        if not self._reader.ended:
            self._reader.feed(data)
            self._parse()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        self._end_grace()
        if self.error is None:
            self.error = exc
        if self._drained is not None and not self._drained.done():
            self._drained.set_exception(ClientConnectionResetError("the connection was lost"))
            self._drained.exception()  # nobody may be waiting
        self.interrupt()
        self._connection.connection_lost(exc)

    def pause_writing(self) -> None:
        self._drained = self._loop.create_future()

    def resume_writing(self) -> None:
        drained, self._drained = self._drained, None
        if drained is not None and not drained.done():
            drained.set_result(None)
        ping, self._unanswered = self._unanswered, None
        if ping is not None:
            self._pong(ping)

    # -- messages

    def _parse(self) -> None:
        reader, queue = self._reader, self._queue
        before = len(queue)
        while self._queued <= _HIGH:
            found, size = reader.batch(_BATCH)
            if found:
                self._put(found, size)
                continue
            message = reader.message()
            if message is None:
                break
            self._handle(message)
        else:
            self._pause()
        if reader.error is not None and self.error is None:
            self._fail(reader.error)
        if len(queue) > before:
            self.interrupt()

    def _put(self, messages: list[WSMessage], size: int) -> None:
        if not self._discarding:
            size += _OVERHEAD * len(messages)
            self._queue.append((messages, size))
            self._queued += size

    def _handle(self, message: WSMessage) -> None:
        kind, data, _ = message
        if kind is WSMsgType.CLOSE:
            self.peer_close = message
            self.interrupt()
        elif kind is WSMsgType.PING and self._autoping:
            self._pong(data)
            return
        elif kind is WSMsgType.PONG and self._autoping:
            return
        self._put([message], len(data) if isinstance(data, (str, bytes)) else 0)

    def _pong(self, data: bytes) -> None:
        if self._drained is not None:
            self._unanswered = data
        elif not self.transport.is_closing():
            self.send(WSMsgType.PONG, data)

    def _fail(self, error: WebSocketError) -> None:
        """The peer broke the protocol."""
        self.error = error
        if self._queue or length_hint(self.ready):
            self._grace = self._loop.call_later(_GRACE, self._tell_violation)
        else:
            self._tell_violation()
        self._put([WSMessage(WSMsgType.ERROR, error, None)], 0)
        self.interrupt()

    def _tell_violation(self) -> None:
        """Say CLOSE, once, and hang up when the peer does, or a moment later."""
        error = self.error
        if isinstance(error, WebSocketError) and not self._told and not self.transport.is_closing():
            self._told = True
            self.send(WSMsgType.CLOSE, error.code.to_bytes(2, "big"))
            self._give_grace()

    def _give_grace(self) -> None:
        self._end_grace()
        self._grace = self._loop.call_later(_GRACE, self.transport.abort)

    def _end_grace(self) -> None:
        if self._grace is not None:
            self._grace.cancel()
            self._grace = None

    def _pause(self) -> None:
        if not self._paused and not self.transport.is_closing():
            self._paused = True
            self.transport.pause_reading()

    def _go_on(self) -> None:
        self._paused = False
        self._parse()  # what had arrived before the pause
        if not self._paused and not self.transport.is_closing():
            self.transport.resume_reading()
