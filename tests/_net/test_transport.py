"""The transport of plain connections on asyncio's selector loops: what it does is what the loops' own do."""

import asyncio
import hashlib
import os
import socket
import struct

import pytest

from aiohttp_client._net import engine
from aiohttp_client._net.transport import SelectorTransport, connected

MANY = 4 * 1024 * 1024
_SYSTEM_KEEPS = 64 * 1024  # so that most of that has to wait for the peer


class Recorder(asyncio.Protocol):
    """Keeps what it is told."""

    def __init__(self, *, stays_open=False):
        self.received = bytearray()
        self.told = []
        self.stays_open = stays_open
        self.changed = asyncio.Event()

    def connection_made(self, transport):
        self.told.append("made")

    def data_received(self, data):
        self.received += data
        self.changed.set()

    def eof_received(self):
        self.tell("eof")
        return self.stays_open

    def pause_writing(self):
        self.tell("pause")

    def resume_writing(self):
        self.tell("resume")

    def connection_lost(self, error):
        self.error = error
        self.tell("lost")

    def tell(self, what):
        self.told.append(what)
        self.changed.set()

    async def until(self, what):
        while not (what in self.told if isinstance(what, str) else len(self.received) >= what):
            self.changed.clear()
            await self.changed.wait()


@pytest.fixture(params=["ours", "the loop's"])
def connect(request):
    """Connects a protocol to a socket, by our transport or by the loop's own; gives the transport and the peer."""

    async def connect(protocol):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SYSTEM_KEEPS)
            ours = socket.create_connection(listener.getsockname())
            peer, _ = listener.accept()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SYSTEM_KEEPS)
        ours.setblocking(False)
        peer.setblocking(False)
        loop = asyncio.get_running_loop()
        if request.param == "ours":
            transport = connected(loop, ours, protocol)
        else:
            transport, _ = await loop.create_connection(lambda: protocol, sock=ours)
        opened.append((transport, peer))
        return transport, peer

    opened = []
    yield connect
    for _, peer in opened:
        peer.close()


async def ended(transport, protocol):
    transport.abort()
    await protocol.until("lost")


async def read(peer, count):
    loop, data = asyncio.get_running_loop(), bytearray()
    while len(data) < count and (piece := await loop.sock_recv(peer, 65536)):
        data += piece
    return bytes(data)


def reset(peer):
    """Close it with an RST, as a system does for a process that dies with bytes unread."""
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


async def test_what_comes_is_received_and_what_is_written_is_sent(connect):
    protocol = Recorder()
    transport, peer = await connect(protocol)
    loop = asyncio.get_running_loop()
    transport.write(b"question")
    assert await read(peer, 8) == b"question"
    await loop.sock_sendall(peer, b"answer")
    await protocol.until(6)
    assert protocol.received == b"answer"
    assert transport.get_extra_info("peername") == peer.getsockname()
    assert transport.get_extra_info("sockname") == peer.getpeername()
    assert transport.get_extra_info("socket").fileno() >= 0
    assert transport.get_extra_info("sslcontext") is None
    assert transport.get_extra_info("nothing", "a default") == "a default"
    assert transport.get_protocol() is protocol
    assert transport.is_reading()
    await ended(transport, protocol)
    assert protocol.told == ["made", "lost"]
    assert protocol.error is None


async def test_much_comes_whole(connect):
    protocol = Recorder()
    transport, peer = await connect(protocol)
    sent = os.urandom(MANY)
    await asyncio.get_running_loop().sock_sendall(peer, sent)
    await protocol.until(MANY)
    assert hashlib.sha256(protocol.received).digest() == hashlib.sha256(sent).digest()
    await ended(transport, protocol)


async def test_the_end_of_what_comes_closes(connect):
    protocol = Recorder()
    transport, peer = await connect(protocol)
    peer.close()
    await protocol.until("lost")
    assert protocol.told == ["made", "eof", "lost"]
    assert protocol.error is None
    assert transport.is_closing()
    assert not transport.is_reading()


async def test_the_end_of_what_comes_need_not_be_that_of_what_is_sent(connect):
    protocol = Recorder(stays_open=True)
    transport, peer = await connect(protocol)
    peer.shutdown(socket.SHUT_WR)
    await protocol.until("eof")
    assert not transport.is_closing()
    transport.write(b"still here")
    assert await read(peer, 10) == b"still here"
    transport.close()
    await protocol.until("lost")


async def test_a_reset_is_told_as_what_it_is(connect):
    protocol = Recorder()
    _, peer = await connect(protocol)
    reset(peer)
    await protocol.until("lost")
    assert protocol.told == ["made", "lost"]
    assert isinstance(protocol.error, ConnectionResetError)


async def test_what_the_system_does_not_take_is_kept_and_sent_in_order(connect):
    protocol = Recorder()
    transport, peer = await connect(protocol)
    pieces = [bytes([number % 251]) * (number * 37 % 5000) for number in range(3000)]
    for piece in pieces:
        transport.write(piece)
    kept = transport.get_write_buffer_size()
    assert kept > 64 * 1024
    assert protocol.told == ["made", "pause"]
    sent = b"".join(pieces)
    assert await read(peer, len(sent)) == sent
    await protocol.until("resume")
    assert protocol.told == ["made", "pause", "resume"]
    assert transport.get_write_buffer_size() == 0
    await ended(transport, protocol)


@pytest.mark.parametrize("kind", [bytes, bytearray, lambda data: memoryview(bytearray(data))])
async def test_one_large_write_of_any_kind(connect, kind):
    protocol = Recorder()
    transport, peer = await connect(protocol)
    sent = os.urandom(MANY)
    transport.write(kind(sent))
    assert transport.get_write_buffer_size() > 0
    assert await read(peer, MANY) == sent
    await ended(transport, protocol)


async def test_writelines(connect):
    protocol = Recorder()
    transport, peer = await connect(protocol)
    transport.writelines([b"one", b"", b"two"])
    assert await read(peer, 6) == b"onetwo"
    await ended(transport, protocol)


async def test_what_is_not_bytes_is_refused(connect):
    protocol = Recorder()
    transport, _ = await connect(protocol)
    with pytest.raises(TypeError, match="str"):
        transport.write("text")
    assert not transport.is_closing()
    await ended(transport, protocol)


async def test_closing_sends_the_rest_first(connect):
    protocol = Recorder()
    transport, peer = await connect(protocol)
    sent = os.urandom(MANY)
    transport.write(sent)
    transport.close()
    transport.close()
    assert transport.is_closing()
    assert protocol.told == ["made", "pause"]
    assert await read(peer, MANY + 1) == sent  # and the end
    await protocol.until("lost")
    assert protocol.error is None


async def test_aborting_does_not(connect):
    protocol = Recorder()
    transport, peer = await connect(protocol)
    transport.write(bytes(MANY))
    transport.close()
    transport.abort()
    transport.abort()
    await protocol.until("lost")
    assert len(await read(peer, MANY)) < MANY


async def test_connection_lost_is_told_in_a_later_turn(connect):
    protocol = Recorder()
    transport, _ = await connect(protocol)
    transport.abort()
    assert protocol.told == ["made"]
    await protocol.until("lost")


async def test_what_is_written_after_the_end_is_not_sent(connect):
    protocol = Recorder()
    transport, peer = await connect(protocol)
    transport.close()
    transport.write(b"late")
    await protocol.until("lost")
    assert await read(peer, 1) == b""


async def test_writing_to_who_has_gone(connect):
    protocol = Recorder()
    transport, peer = await connect(protocol)
    transport.pause_reading()
    peer.close()
    for _ in range(100):
        if transport.is_closing():
            break
        transport.write(b"hello?")
        await asyncio.sleep(0.001)  # the system says no to a later write than the first
    await protocol.until("lost")
    assert isinstance(protocol.error, ConnectionError)


async def test_what_is_unsent_when_the_peer_goes_is_dropped(connect):
    protocol = Recorder()
    transport, peer = await connect(protocol)
    transport.pause_reading()
    transport.write(bytes(MANY))
    reset(peer)
    await protocol.until("lost")
    assert isinstance(protocol.error, ConnectionError)


async def test_reading_can_pause(connect):
    protocol = Recorder()
    transport, peer = await connect(protocol)
    transport.pause_reading()
    transport.pause_reading()
    assert not transport.is_reading()
    await asyncio.get_running_loop().sock_sendall(peer, b"early")
    await asyncio.sleep(0.02)  # nothing is to happen, and nothing tells of that
    assert protocol.received == b""
    transport.resume_reading()
    transport.resume_reading()
    await protocol.until(5)
    await ended(transport, protocol)
    transport.resume_reading()
    assert not transport.is_reading()


async def test_the_protocol_can_change_and_give_the_place_of_what_comes(connect):
    protocol = Recorder()
    transport, peer = await connect(protocol)
    place, filled = bytearray(MANY), asyncio.Event()

    class Buffered(asyncio.BufferedProtocol):
        count = 0

        def get_buffer(self, sizehint):
            return memoryview(place)[self.count :]

        def buffer_updated(self, nbytes):
            self.count += nbytes
            if self.count == MANY:
                transport.set_protocol(protocol)
                filled.set()

    transport.set_protocol(Buffered())
    sent = os.urandom(MANY)
    sending = asyncio.create_task(asyncio.get_running_loop().sock_sendall(peer, sent + b"behind"))
    await filled.wait()
    await sending
    await protocol.until(6)
    assert place == sent
    assert protocol.received == b"behind"
    await ended(transport, protocol)


async def test_limits_of_what_is_unsent(connect):
    protocol = Recorder()
    transport, peer = await connect(protocol)
    assert transport.get_write_buffer_limits()[1] == 64 * 1024  # the other is 16 KiB, but for uvloop's: 16
    transport.set_write_buffer_limits(high=2 * MANY)
    assert transport.get_write_buffer_limits() == (MANY // 2, 2 * MANY)
    transport.set_write_buffer_limits(low=1000)
    assert transport.get_write_buffer_limits() == (1000, 4000)
    transport.set_write_buffer_limits(high=2 * MANY, low=0)
    transport.write(bytes(MANY))
    assert protocol.told == ["made"]
    with pytest.raises(ValueError, match="must be"):
        transport.set_write_buffer_limits(high=1, low=2)
    assert len(await read(peer, MANY)) == MANY
    await ended(transport, protocol)


async def test_a_protocol_that_fails_is_told_of_and_its_connection_lost():
    told = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: told.append(context))

    class Failing(Recorder):
        def data_received(self, data):
            raise OSError("a mistake of the protocol's, not a fault of the socket")

    ours, peer = socket.socketpair()
    with peer:
        ours.setblocking(False)
        protocol = Failing()
        transport = connected(loop, ours, protocol)
        peer.send(b"data")
        await protocol.until("lost")
    (context,) = told
    assert context["exception"] is protocol.error
    assert context["protocol"] is protocol
    assert context["transport"] is transport


async def test_which_loops_have_it():
    """uvloop's is better, and the proactor has no selector."""
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname())
        ours.setblocking(False)
        protocol = Recorder()
        transport, made = await engine.create_connection(
            lambda: protocol, context=None, will_start_tls=False, sock=ours, server_hostname=None
        )
        assert made is protocol
        assert isinstance(transport, SelectorTransport) is isinstance(loop, asyncio.SelectorEventLoop)
        if isinstance(transport, SelectorTransport):
            assert repr(transport) == f"<SelectorTransport open {listener.getsockname()} unsent=0>"
        await ended(transport, protocol)
        if isinstance(transport, SelectorTransport):
            assert repr(transport) == f"<SelectorTransport closed {listener.getsockname()} unsent=0>"
