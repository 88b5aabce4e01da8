# cython: language_level=3, annotation_typing=False, auto_pickle=False, freethreading_compatible=True
"""The transport of plain connections on asyncio's selector loops.

asyncio's own is Python for each read and each write, and each read asks for a quarter of a megabyte. This one is
compiled where there is a compiler, and asks for as much as came lately. uvloop's and the proactor's transports are
compiled already; TLS is another matter (engine.py).
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Any

# What one read asks for: the first is enough for most small responses, the last is what asyncio reads at once.
_LEAST = 16 * 1024
_MOST = 256 * 1024
# Unsent bytes above which a protocol is asked to pause, and those down to which it stays paused, as asyncio's.
_HIGH = 64 * 1024
_LOW = 16 * 1024
# Pieces that go out by one system call.
_TOGETHER = 64


class SelectorTransport:
    """asyncio.Transport over a connected socket that does not block; it owns the socket from now on."""

    __slots__ = (
        "_closing",
        "_descriptor",
        "_extra",
        "_gone",
        "_high",
        "_is_buffered",
        "_loop",
        "_low",
        "_protocol",
        "_reads",
        "_size",
        "_socket",
        "_unsent",
        "_unsent_size",
        "_wants_pause",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, sock: socket.socket, protocol: asyncio.BaseProtocol) -> None:
        self._loop = loop
        self._socket = sock
        self._descriptor = sock.fileno()
        self._extra = {"socket": sock, "sockname": _name(sock.getsockname), "peername": _name(sock.getpeername)}
        self._closing = False
        self._gone = False  # connection_lost() has been called, or is about to be
        self._reads = False
        self._size = _LEAST
        self._unsent: deque[bytes | memoryview] | None = None
        self._unsent_size = 0
        self._high, self._low = _HIGH, _LOW
        self._wants_pause = False
        self.set_protocol(protocol)

    def __repr__(self) -> str:
        state = "closed" if self._gone else "closing" if self._closing else "open"
        return f"<SelectorTransport {state} {self._extra['peername']} unsent={self._unsent_size}>"

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._extra.get(name, default)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol: Any = protocol
        self._is_buffered = isinstance(protocol, asyncio.BufferedProtocol)

    def get_protocol(self) -> asyncio.BaseProtocol:
        protocol: asyncio.BaseProtocol = self._protocol
        return protocol

    # -- reading

    def is_reading(self) -> bool:
        return self._reads

    def pause_reading(self) -> None:
        if self._reads:
            self._reads = False
            self._loop.remove_reader(self._descriptor)

    def resume_reading(self) -> None:
        if not self._reads and not self._closing:
            self._reads = True
            self._loop.add_reader(self._descriptor, self.readable)

    def readable(self) -> None:
        """For the loop: bytes have come, or the end."""
        if not self._reads:
            return
        protocol = self._protocol
        data = b""
        try:
            if self._is_buffered:
                count = self._socket.recv_into(protocol.get_buffer(-1))
            else:
                data = self._socket.recv(self._size)
                count = len(data)
        except (BlockingIOError, InterruptedError):
            return  # the selector was mistaken
        except OSError as error:
            self._drop(error)
            return
        try:
            if not count:
                self._ended()
            elif self._is_buffered:
                protocol.buffer_updated(count)
            else:
                if count == self._size and count < _MOST:
                    self._size = count * 4
                elif count < self._size // 4 and self._size > _LEAST:
                    self._size = self._size // 4
                protocol.data_received(data)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            # A mistake of the protocol's, of any kind: the loop is told, and so is the protocol.
            self._loop.call_exception_handler(
                {
                    "message": "Fatal error: a protocol cannot take what was received",
                    "exception": error,
                    "transport": self,
                    "protocol": protocol,
                }
            )
            self._drop(error)

    def _ended(self) -> None:
        if self._protocol.eof_received():
            self.pause_reading()
        else:
            self.close()

    # -- writing

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        if high is None:
            high = _HIGH if low is None else 4 * low
        if low is None:
            low = high // 4
        if not 0 <= low <= high:
            raise ValueError(f"high ({high!r}) must be at least low ({low!r}), and low at least 0")
        self._high, self._low = high, low
        self._tell_if_full()

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return self._low, self._high

    def get_write_buffer_size(self) -> int:
        return self._unsent_size

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send data, or keep what the system does not take at once; nothing after close() or a failure."""
        if not isinstance(data, bytes):
            data = memoryview(data).cast("B")
        sent, size = 0, len(data)
        if not size or self._closing:
            return
        if not self._unsent_size:
            try:
                sent = self._socket.send(data)
            except (BlockingIOError, InterruptedError):
                pass
            except OSError as error:
                self._drop(error)
                return
            if sent == size:
                return
            self._loop.add_writer(self._descriptor, self.writable)
        if self._unsent is None:
            self._unsent = deque()
        # What is not ours to keep may change before it is sent.
        rest = memoryview(data)[sent:]
        self._unsent.append(rest if isinstance(data, bytes) else bytes(rest))
        self._unsent_size += size - sent
        self._tell_if_full()

    def writelines(self, pieces: Any) -> None:
        self.write(b"".join(pieces))

    def writable(self) -> None:
        """For the loop: the system takes more."""
        unsent = self._unsent
        if not unsent:
            return
        try:
            if len(unsent) > 1 and hasattr(self._socket, "sendmsg"):
                sent = self._socket.sendmsg(list(islice(unsent, _TOGETHER)))
            else:
                sent = self._socket.send(unsent[0])
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._drop(error)
            return
        self._unsent_size -= sent
        while sent:
            piece = unsent.popleft()
            if sent < len(piece):
                unsent.appendleft(memoryview(piece)[sent:])
                break
            sent -= len(piece)
        if not self._unsent_size:
            self._unsent = None
            self._loop.remove_writer(self._descriptor)
            if self._closing:
                self._lose(None)
        if self._wants_pause and self._unsent_size <= self._low:
            self._wants_pause = False
            self._protocol.resume_writing()

    def _tell_if_full(self) -> None:
        if self._unsent_size > self._high and not self._wants_pause:
            self._wants_pause = True
            self._protocol.pause_writing()

    def can_write_eof(self) -> bool:
        return False  # HTTP/1.1 and WebSocket have ends of their own

    # -- the end

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        """Take no more; close when what is unsent is out. connection_lost() follows in a later turn of the loop."""
        if not self._closing:
            self.pause_reading()
            self._closing = True
            if not self._unsent_size:
                self._lose(None)

    def abort(self) -> None:
        """Close without sending what is unsent."""
        self._drop(None)

    def _drop(self, error: BaseException | None) -> None:
        if self._gone:
            return
        if self._unsent_size:
            self._unsent, self._unsent_size = None, 0
            self._loop.remove_writer(self._descriptor)
        self.pause_reading()
        self._closing = True
        self._lose(error)

    def _lose(self, error: BaseException | None) -> None:
        self._gone = True
        self._loop.call_soon(self.lost, error)

    def lost(self, error: BaseException | None) -> None:
        """For the loop: a turn later, so that who closes need not expect to be told meanwhile."""
        try:
            self._protocol.connection_lost(error)
        finally:
            self._socket.close()
            self._protocol = None


def connected(
    loop: asyncio.AbstractEventLoop, sock: socket.socket, protocol: asyncio.BaseProtocol
) -> asyncio.Transport:
    """Let protocol have what comes from sock, and send to it, by the transport given back."""
    # asyncio.Transport only by its methods: compiled, it cannot inherit from a class of Python's.
    transport: Any = SelectorTransport(loop, sock, protocol)
    protocol.connection_made(transport)
    transport.resume_reading()
    made: asyncio.Transport = transport
    return made


def _name(of: Callable[[], Any]) -> Any:
    try:
        return of()
    except OSError:  # the peer has gone already
        return None
