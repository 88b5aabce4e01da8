"""ClientWebSocketResponse: a WebSocket, its messages, its heartbeat and its end (RFC 6455)."""

from __future__ import annotations

import asyncio
import json
import warnings
from types import TracebackType
from typing import Any, Self

from ._net.wsconnection import WSConnection
from ._net.wssender import WSSender
from ._wire.wsdeflate import Deflater
from ._wire.wsframes import close_code_of
from ._wire.wshandshake import Deflate
from ._wire.wsmessages import CLOSED, CLOSING, WSCloseCode, WSMessage, WSMsgType, may_be_sent
from .exceptions import ClientConnectionResetError, ServerTimeoutError, WebSocketError, WSMessageTypeError
from .response import ClientResponse
from .timeouts import ClientWSTimeout
from .typedefs import JSONBytesEncoder, JSONDecoder, JSONEncoder

_TEXT = WSMsgType.TEXT
_BINARY = WSMsgType.BINARY
_PLAIN = frozenset((_TEXT, _BINARY, WSMsgType.PING, WSMsgType.PONG))

_MAX_CONTROL = 125  # bytes of payload (RFC 6455 §5.5)


class ClientWebSocketResponse:
    """A WebSocket: one task receives, any number of tasks send.

    protocol: the subprotocol agreed on, or None. compress: bits of our compression window, 0 if
    messages are not compressed. close_code: None while open; the peer's code, 1005 if it gave
    none, 1006 if the connection broke.
    """

    def __init__(
        self,
        response: ClientResponse,
        connection: WSConnection,
        *,
        protocol: str | None,
        timeout: ClientWSTimeout,
        autoclose: bool,
        deflate: Deflate | None,
    ) -> None:
        self._response = response
        self._connection = connection
        self._protocol = protocol
        self._timeout = timeout
        self._autoclose = autoclose
        self._deflate = deflate
        deflater = None if deflate is None else Deflater(deflate.client_bits, forgets=deflate.client_forgets)
        self._sender = WSSender(connection, deflater)
        self._loop = asyncio.get_running_loop()
        self._closed = False
        self._receiving = False
        self._interrupted = False  # close() has been called while somebody receives
        self._must_close = False  # a CLOSE has been received, and autoclose is off
        self._close_code: int | None = None
        self._exception: BaseException | None = None

    def __del__(self) -> None:
        connection = self.__dict__.get("_connection")
        if connection is None or self._closed or not connection.is_open or self._loop.is_closed():
            return
        connection.abort()
        warnings.warn(
            f"Unclosed WebSocket to {self._response.url.origin()}: use it with async with, or call close()",
            ResourceWarning,
            source=self,
            stacklevel=1,
        )

    # -- what it is

    @property
    def closed(self) -> bool:
        return self._closed

    @property
    def close_code(self) -> int | None:
        return self._close_code

    @property
    def protocol(self) -> str | None:
        return self._protocol

    @property
    def compress(self) -> int:
        return 0 if self._deflate is None else self._deflate.client_bits

    @property
    def client_notakeover(self) -> bool:
        """Whether each of our messages is compressed without the ones before."""
        return self._deflate is not None and self._deflate.client_forgets

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """What the transport knows: "peername", "ssl_object", …"""
        return self._connection.transport.get_extra_info(name, default)

    def exception(self) -> BaseException | None:
        """What went wrong, if something did."""
        return self._exception

    # -- sending

    async def ping(self, message: bytes | str = b"") -> None:
        """Send PING; message of up to 125 bytes comes back in a PONG."""
        waiting = self._sender.send(WSMsgType.PING, _control_payload(message))
        if waiting is not None:
            await waiting

    async def pong(self, message: bytes | str = b"") -> None:
        """Send PONG, asked for or not."""
        waiting = self._sender.send(WSMsgType.PONG, _control_payload(message))
        if waiting is not None:
            await waiting

    async def send_str(self, data: str, compress: int | None = None) -> None:
        """Send a text message; compress=0 sends this one uncompressed.

        Waits while the peer reads too slowly. Raises TypeError for anything but str,
        ClientConnectionResetError if the WebSocket is closed or closing."""
        if not isinstance(data, str):
            raise TypeError(f"data argument must be str ({type(data).__name__})")
        waiting = self._sender.send(_TEXT, data.encode("utf-8"), compress)
        if waiting is not None:
            await waiting

    async def send_bytes(self, data: bytes | bytearray | memoryview, compress: int | None = None) -> None:
        """Send a binary message; see send_str()."""
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise TypeError(f"data argument must be byte-ish ({type(data).__name__})")
        waiting = self._sender.send(_BINARY, data, compress)
        if waiting is not None:
            await waiting

    async def send_json(self, data: Any, compress: int | None = None, *, dumps: JSONEncoder = json.dumps) -> None:
        """Send data as JSON in a text message."""
        await self.send_str(dumps(data), compress)

    async def send_json_bytes(self, data: Any, compress: int | None = None, *, dumps: JSONBytesEncoder) -> None:
        """Send data as JSON in a binary message."""
        await self.send_bytes(dumps(data), compress)

    async def send_frame(self, message: bytes, opcode: WSMsgType, compress: int | None = None) -> None:
        """Send a whole message of any kind."""
        waiting = self._sender.send(opcode, message, compress)
        if waiting is not None:
            await waiting

    # -- receiving

    async def receive(self, timeout: float | None = None) -> WSMessage:
        """The next message.

        CLOSE: the peer's, data is its code, extra its reason; answered if autoclose. CLOSED:
        nothing will come any more, now and for ever. CLOSING: another task closes. ERROR: data is
        what went wrong. Raises TimeoutError after timeout seconds, ws_receive of the WebSocket's
        timeout if not given; RuntimeError if another task is receiving."""
        if self._receiving:
            raise RuntimeError("Concurrent call to receive() is not allowed")
        for message in self._connection.ready:
            return message
        if self._closed:
            return CLOSED
        if self._must_close:
            await self.close()
            return CLOSED
        connection = self._connection
        limit = timeout or self._timeout.ws_receive
        timer = None if limit is None else self._loop.call_later(limit, self._time_out, limit)
        taken = None
        self._receiving = True
        try:
            while taken is None and not self._interrupted:
                if not connection.refill():
                    if connection.lost:
                        break
                    await connection.news()
                taken = next(connection.ready, None)
        finally:
            self._receiving = False
            if timer is not None:
                timer.cancel()
        if taken is None:
            return self._nothing_more()
        if taken.type not in _PLAIN:
            await self._ended_by(taken)
        return taken

    def _time_out(self, limit: float) -> None:
        if not self._interrupted:  # else what waits is close()
            self._connection.time_out(TimeoutError(f"no message was received within {limit} s"))

    def _nothing_more(self) -> WSMessage:
        if self._interrupted:
            self._interrupted = False
            return CLOSING
        self._closed = True
        self._close_code = WSCloseCode.ABNORMAL_CLOSURE
        if self._connection.error is not None:
            self._exception = self._connection.error
            if isinstance(self._exception, ServerTimeoutError):
                return WSMessage(WSMsgType.ERROR, self._exception, None)
        return CLOSED

    async def _ended_by(self, message: WSMessage) -> None:
        """message is CLOSE or ERROR."""
        if message.type is WSMsgType.ERROR:
            error: WebSocketError = message.data
            self._closed = True
            self._close_code = error.code
            self._exception = error
        else:
            self._close_code = close_code_of(message)
            if self._autoclose:
                if not self._closed:
                    await self.close()
            else:
                self._must_close = True

    async def receive_str(self, *, timeout: float | None = None) -> str:
        """The next message, a text. Raises WSMessageTypeError for anything else."""
        message = await self.receive(timeout)
        if message[0] is not _TEXT or not isinstance(message[1], str):
            raise _wrong_type(message, _TEXT)
        return message[1]

    async def receive_bytes(self, *, timeout: float | None = None) -> bytes:
        """The next message, a binary one. Raises WSMessageTypeError for anything else."""
        message = await self.receive(timeout)
        if message[0] is not _BINARY:
            raise _wrong_type(message, _BINARY)
        data: bytes = message[1]
        return data

    async def receive_json(self, *, loads: JSONDecoder = json.loads, timeout: float | None = None) -> Any:
        """The next message, a text, as JSON."""
        return loads(await self.receive_str(timeout=timeout))

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> WSMessage:
        for message in self._connection.ready:
            return message
        message = await self.receive()
        if message.type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED):
            raise StopAsyncIteration
        return message

    # -- the end

    async def close(self, *, code: int = WSCloseCode.OK, message: bytes | str = b"") -> bool:
        """Say CLOSE, wait for the peer's, at most ws_close seconds, and close the connection.

        Messages that come meanwhile are dropped. False if it was closed already. Raises ValueError
        for a code that may not be sent, or a reason that makes more than 125 bytes with it."""
        payload = _close_payload(code, message)
        if self._receiving:
            self._interrupted = True
            self._connection.interrupt()
        if self._closed:
            return False
        self._closed = True
        connection = self._connection
        connection.stop_heartbeat()
        try:
            await self._sender.finish()
            connection.send(WSMsgType.CLOSE, payload)
        except ClientConnectionResetError as error:
            self._gone(connection.error or error)
            return True
        except BaseException:
            self._gone(None)
            raise
        connection.discard()
        try:
            async with asyncio.timeout(self._timeout.ws_close):
                while connection.peer_close is None and not connection.lost and connection.error is None:
                    await connection.news()
        except TimeoutError as error:
            self._gone(error)
            return True
        except BaseException:
            self._gone(None)
            raise
        if connection.peer_close is None:
            self._gone(connection.error or ClientConnectionResetError("the peer hung up without CLOSE"))
        else:
            self._close_code = close_code_of(connection.peer_close)
            connection.close()
        return True

    def _gone(self, error: BaseException | None) -> None:
        self._close_code = WSCloseCode.ABNORMAL_CLOSURE
        self._exception = error
        self._connection.abort()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def _control_payload(message: bytes | str) -> bytes:
    if not isinstance(message, (bytes, str)):
        raise TypeError(f"message must be bytes or str, got {type(message).__name__}")
    payload = message.encode("utf-8") if isinstance(message, str) else message
    if len(payload) > _MAX_CONTROL:
        raise ValueError(f"the message of a control frame has at most {_MAX_CONTROL} bytes, got {len(payload)}")
    return payload


def _close_payload(code: int, message: bytes | str) -> bytes:
    if not may_be_sent(code):
        raise ValueError(f"close code {code} may not be sent, expected 1000-1003, 1007-1014 or 3000-4999")
    reason = message.encode("utf-8") if isinstance(message, str) else message
    if len(reason) > _MAX_CONTROL - 2:
        raise ValueError(f"the reason of a CLOSE has at most {_MAX_CONTROL - 2} bytes, got {len(reason)}")
    return code.to_bytes(2, "big") + reason


def _wrong_type(message: WSMessage, expected: WSMsgType) -> WSMessageTypeError:
    return WSMessageTypeError(f"Received message {message.type!r}:{message.data!r} is not WSMsgType.{expected.name}")
