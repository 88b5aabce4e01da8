"""WSSender: the messages of any number of tasks, one after the other in the order of the calls.

A message goes out at once if none is before it and the peer reads. Otherwise tasks stand in line,
and one that gives up there has sent nothing: a peer that does not read costs one message, not one
for each attempt. Large messages are compressed in another thread, and then the line waits: what
comes later is compressed with them as its dictionary (RFC 7692 §7.2.3.2).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from .._wire.wsdeflate import Deflater
from .._wire.wsmessages import WSMsgType
from ..exceptions import ClientConnectionResetError
from .wsconnection import WSConnection

_DATA = (WSMsgType.TEXT, WSMsgType.BINARY)
# Messages from this size on are compressed in another thread.
_THREAD = 16 * 1024


class WSSender:
    """Sends for one WebSocket; deflater: if messages are compressed."""

    __slots__ = ("_connection", "_deflater", "_in_line", "_line", "_thread", "ended")

    def __init__(self, connection: WSConnection, deflater: Deflater | None) -> None:
        self._connection = connection
        self._deflater = deflater
        self._in_line = 0  # tasks that hold the lock or wait for it
        self._line = asyncio.Lock()
        self._thread: asyncio.Task[None] | None = None  # waits for a message that is compressed in another thread
        self.ended = False  # by finish()

    def send(
        self, opcode: WSMsgType, payload: bytes | bytearray | memoryview, compress: int | None = None
    ) -> Awaitable[None] | None:
        """Send a message or control frame; if that takes time, to be awaited at once.

        compress=0: do not compress it. Raises ClientConnectionResetError when nothing goes any more."""
        connection = self._connection
        if self.ended:
            raise ClientConnectionResetError("Cannot write to closing transport")
        if opcode in _DATA:
            deflater = self._deflater if compress != 0 else None
            if self._in_line or connection.is_full or (deflater is not None and len(payload) > _THREAD):
                return self._send_in_line(opcode, bytes(payload), deflater)
            self._send_now(opcode, payload, deflater)
        else:
            connection.send(opcode, payload)  # control frames may stand between any two others (RFC 6455 §5.4)
        return connection.drain() if connection.is_full else None

    async def finish(self) -> None:
        """Nothing more is sent but what cannot be stopped."""
        self.ended = True
        if self._thread is not None:
            await asyncio.wait([self._thread])

    def _send_now(self, opcode: WSMsgType, payload: bytes | bytearray | memoryview, deflater: Deflater | None) -> None:
        if deflater is None:
            self._connection.send(opcode, payload)
        else:
            self._connection.send(opcode, deflater.deflate(bytes(payload)), deflated=True)

    async def _send_in_line(self, opcode: WSMsgType, payload: bytes, deflater: Deflater | None) -> None:
        connection = self._connection
        self._in_line += 1
        try:
            await self._line.acquire()
        except BaseException:
            self._in_line -= 1
            raise
        thread: asyncio.Task[None] | None = None
        try:
            await connection.drain()
            if self.ended:
                raise ClientConnectionResetError("Cannot write to closing transport")
            if deflater is not None and len(payload) > _THREAD:
                # Once begun it must be finished, or the peer's window would not be ours any more.
                thread = self._thread = asyncio.create_task(self._deflate(opcode, payload, deflater))
                await asyncio.shield(thread)
            else:
                self._send_now(opcode, payload, deflater)
        finally:
            if thread is None or thread.done():
                self._step_out()
            else:
                thread.add_done_callback(self._step_out)
        await connection.drain()

    async def _deflate(self, opcode: WSMsgType, payload: bytes, deflater: Deflater) -> None:
        loop = asyncio.get_running_loop()
        self._connection.send(opcode, await loop.run_in_executor(None, deflater.deflate, payload), deflated=True)

    def _step_out(self, thread: asyncio.Task[None] | None = None) -> None:
        """The next one, please; thread: has gone on when whoever waited for it had given up."""
        if thread is not None and not thread.cancelled():
            thread.exception()  # nobody else will look
        self._thread = None
        self._in_line -= 1
        self._line.release()
