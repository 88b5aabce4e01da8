# cython: language_level=3, annotation_typing=False, auto_pickle=False, freethreading_compatible=True
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
from collections.abc import Iterator
from operator import length_hint

from .._backend import mask as frames
from .._wire.wsframes import MessageReader
from .._wire.wsmessages import WSMessage, WSMsgType
from ..exceptions import ClientConnectionResetError, ServerTimeoutError, WebSocketError
from .collecting import CollectingExactly, WholeBody
from .connection import Connection, Received
from .heartbeat import Heartbeat
from .waiter import Awaited, Waiter

_frame, _piece = frames.frame, frames.piece
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
# Larger messages are masked and written in pieces of this size. The memory of one serves for the next, which the
# processor still has in its caches; from 128 KiB on glibc would fetch it anew from the system, page by page. And it is
# above the 64 KiB up to which uvloop keeps what is written until the end of its turn.
_PIECE = 96 * 1024
# Masking keys made at a time: they must not be predictable (RFC 6455 §5.3), and the system is asked for each block.
_KEYS = 4096


class WSConnection:
    """The WebSocket end of a connection; made by taking over what connection got a 101 on.

    heartbeat: seconds of silence after which the peer is asked whether it is there; None to never ask.
    It has the methods of asyncio.Protocol, but compiled it cannot inherit from a class of Python's."""

    __slots__ = (
        "_autoping",
        "_collects",
        "_connection",
        "_discarding",
        "_drainers",
        "_grace",
        "_heartbeat",
        "_key_at",
        "_keys",
        "_loop",
        "_paused",
        "_queue",
        "_queued",
        "_reader",
        "_told",
        "_unanswered",
        "_waiter",
        "error",
        "is_full",
        "lost",
        "peer_close",
        "ready",
        "transport",
    )

    def __init__(
        self,
        connection: Connection,
        exchange: Awaited[Received],
        reader: MessageReader,
        *,
        autoping: bool,
        heartbeat: float | None = None,
    ) -> None:
        self._loop = connection._loop
        self._connection = connection
        self._reader = reader
        self._autoping = autoping
        # Messages found together, and their bytes, overhead included; texts and binaries only, or one of another kind.
        self._queue: deque[tuple[list[WSMessage], int]] = deque()
        self._queued = 0  # bytes of all
        # Messages to be received: whoever does takes from here, and calls refill() when there are no more.
        self.ready: Iterator[WSMessage] = iter(())
        self._waiter: Awaited[None] | None = None
        self._discarding = False
        self.is_full = False  # the transport wants no more
        self._drainers: list[asyncio.Future[None]] = []
        self._unanswered: bytes | None = None  # the last ping that came meanwhile
        self._keys = b""
        self._key_at = 0
        self._grace: asyncio.TimerHandle | None = None
        self._told = False
        self.lost = False  # nothing comes and nothing goes any more
        self.error: Exception | None = None  # why
        self.peer_close: WSMessage | None = None  # the peer's CLOSE
        self.transport, behind = connection.hand_over(exchange, self)  # type: ignore[arg-type]  # it has the methods, see the class
        self._paused = True
        # aiofastnet's TLS does not notice a change of protocols while it delivers what it has decrypted.
        self._collects = self.transport.get_extra_info("sslcontext") is None
        self._heartbeat = Heartbeat(self._loop, heartbeat, self) if heartbeat else None
        reader.feed(behind)
        self._go_on()

    # -- for the response

    def refill(self) -> bool:
        """Make ready what has come, when nothing is ready; whether something had."""
        if not self._queue:
            return False
        messages, size = self._queue.popleft()
        self._queued -= size
        kind, data, extra = messages[0]
        if kind is WSMsgType.ERROR:
            self._tell_violation()
        elif isinstance(data, WholeBody):
            messages = [WSMessage(kind, data.result(), extra)]
        self.ready = iter(messages)
        if self._paused and self._queued < _LOW:
            self._go_on()
        return True

    def news(self) -> Awaited[None]:
        """To be awaited by one at a time: something has come, or nothing will any more, or interrupt() was called."""
        waiter: Awaited[None] = self._connection.new_waiter()
        self._waiter = waiter
        return waiter

    def interrupt(self) -> None:
        """Let who waits look again."""
        self._has_news()
        self._wake_soon()

    def time_out(self, error: TimeoutError) -> None:
        """Who waits for news has waited for too long."""
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            self._waiter = None  # or the error's traceback would hold who waited, and all they hold, as long as we live
            waiter.set_exception(error)

    def _has_news(self) -> bool:
        """Somebody who waits for news has them, to be woken by whoever called; whether somebody does."""
        waiter = self._waiter
        if waiter is None or waiter.done():
            return False
        waiter.set_result(None)
        return True

    def _wake_soon(self) -> None:
        if isinstance(self._waiter, Waiter):
            self._waiter.wake_soon()

    def send(self, opcode: int, payload: bytes | bytearray | memoryview, deflated: bool = False) -> None:
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
        key = self._keys[at : at + 4]
        size = payload.nbytes if isinstance(payload, memoryview) else len(payload)
        if size <= _PIECE:
            transport.write(_frame(first, key, payload))
            return
        if isinstance(payload, memoryview):
            payload = payload.cast("B") if payload.c_contiguous else payload.tobytes()
        for begin in range(0, size, _PIECE):
            if transport.is_closing():  # it has found out that nobody reads
                return
            transport.write(_piece(first, key, payload, begin, begin + _PIECE))

    async def drain(self) -> None:
        """Wait until the peer has read what was sent, but for a little. Raises ClientConnectionResetError."""
        while self.is_full:
            if self.lost:
                raise ClientConnectionResetError("the connection was lost")
            # One for each who waits: a task that is cancelled takes what it waits for along.
            drainer = self._loop.create_future()
            self._drainers.append(drainer)
            try:
                await drainer
            finally:
                self._drainers.remove(drainer)

    @property
    def is_paused(self) -> bool:
        """Whether the peer is not listened to, because nobody receives what it said."""
        return self._paused

    @property
    def is_open(self) -> bool:
        """Whether it has not begun to end."""
        return not self.lost and not self.transport.is_closing()

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
        self.stop_heartbeat()
        self.transport.abort()
        self._connection.let_go()

    def stop_heartbeat(self) -> None:
        if self._heartbeat is not None:
            self._heartbeat.stop()
            self._heartbeat = None

    def _forget(self) -> None:
        self._queue.clear()
        self._queued = 0
        self.ready = iter(())

    # -- for the heartbeat

    def ask(self) -> None:
        """Send a PING."""
        if self.is_open:
            self.send(WSMsgType.PING, b"")

    def give_up(self, error: ServerTimeoutError) -> None:
        """The peer is not there any more."""
        self.error = error
        self.abort()

    # -- for the loop

    def data_received(self, data: bytes) -> None:
        if self._heartbeat is not None:
            self._heartbeat.hear()
        if not self._reader.ended:
            self._reader.feed(data)
            self._parse()
            self._connection.wake(self._waiter)

    def collected(self, body: WholeBody) -> None:
        """More of a large message has been put in its place."""
        if self._heartbeat is not None:
            self._heartbeat.hear()
        if not body.left:
            self.transport.set_protocol(self)  # type: ignore[arg-type]  # it has the methods, see the class
            self._parse()
            self.interrupt()  # who receives must not go on here: the loop still holds the place

    def eof_received(self) -> bool:
        self._give_grace()  # what is still to be sent may have no reader any more
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        self._end_grace()
        self.stop_heartbeat()
        if self.error is None:
            self.error = exc
        self._wake_drainers()
        self.interrupt()
        self._connection.connection_lost(exc)

    def pause_writing(self) -> None:
        self.is_full = True

    def resume_writing(self) -> None:
        self.is_full = False
        self._wake_drainers()
        ping, self._unanswered = self._unanswered, None
        if ping is not None:
            self._pong(ping)

    def _wake_drainers(self) -> None:
        for drainer in self._drainers:
            if not drainer.done():
                drainer.set_result(None)

    # -- messages

    def _parse(self) -> None:
        reader = self._reader
        while self._queued <= _HIGH:
            found, size = reader.batch(_BATCH)
            if found:
                self._arrived(found, size)
                if reader.exhausted and self._queued <= _HIGH:
                    return
                continue
            message = reader.message()
            if message is None:
                break
            self._handle(message)
        else:
            self._pause()
        if reader.body is not None and self._collects:
            self.transport.set_protocol(CollectingExactly(self, reader.body))
        if reader.error is not None and self.error is None:
            self._fail(reader.error)

    def _arrived(self, messages: list[WSMessage], size: int) -> None:
        """Give messages to who waits for them; else they wait for somebody."""
        if self._discarding:
            return
        if self._has_news() and not self._queue:
            # Who waits has taken all that was ready.
            self.ready = iter(messages)
            return
        size += _OVERHEAD * len(messages)
        self._queue.append((messages, size))
        self._queued += size

    def _queue_alone(self, message: WSMessage) -> None:
        if not self._discarding:
            data = message.data
            size = data.size if isinstance(data, WholeBody) else len(data) if isinstance(data, (str, bytes)) else 0
            size += _OVERHEAD
            self._queue.append(([message], size))
            self._queued += size
        self._has_news()

    def _handle(self, message: WSMessage) -> None:
        kind, data, _ = message
        if kind is WSMsgType.CLOSE:
            self.peer_close = message
            self.stop_heartbeat()  # it has nothing more to say
        elif kind is WSMsgType.PING and self._autoping:
            self._pong(data)
            return
        elif kind is WSMsgType.PONG and self._autoping:
            return
        self._queue_alone(message)

    def _pong(self, data: bytes) -> None:
        if self.is_full:
            self._unanswered = data
        elif not self.transport.is_closing():
            self.send(WSMsgType.PONG, data)

    def _fail(self, error: WebSocketError) -> None:
        """The peer broke the protocol."""
        self.error = error
        self.stop_heartbeat()
        if self._queue or length_hint(self.ready):
            self._grace = self._loop.call_later(_GRACE, self._tell_violation)
        else:
            self._tell_violation()
        self._queue_alone(WSMessage(WSMsgType.ERROR, error, None))

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
        self._wake_soon()
