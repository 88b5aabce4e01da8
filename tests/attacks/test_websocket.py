"""W: a WebSocket's server keeps to RFC 6455 and RFC 7692 or is told so, and costs no more than it should."""

import asyncio
import re
import tracemalloc

import pytest
from attacked import outcome
from wsframes import frame

import aiohttp_client as aiohttp
from aiohttp_client._wire.wsdeflate import Deflater, Inflater
from aiohttp_client._wire.wsframes import MessageReader
from aiohttp_client._wire.wshandshake import accept_value

CLOSE = frame(0x88, b"\x03\xe8")


def accepted(request, *lines, behind=b""):
    key = re.search(rb"\r\nSec-WebSocket-Key: (.*?)\r\n", request)[1].decode()
    head = [
        b"HTTP/1.1 101 Switching Protocols",
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Accept: " + accept_value(key).encode(),
        *lines,
    ]
    return b"\r\n".join(head) + b"\r\n\r\n" + behind


def opens(*behind, lines=()):
    """The steps of a server that accepts, and then sends behind."""
    return ["wait", lambda request: accepted(request, *lines), *behind]


# Answers that open none, given the request. What is refused closes its connection.
ANSWERS = {
    "W1 200": lambda request: b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "W1 no Upgrade": lambda request: accepted(request).replace(b"Upgrade: websocket\r\n", b""),
    "W1 Upgrade to something like it": lambda request: accepted(request).replace(b": websocket", b": websocket2"),
    "W1 no Connection": lambda request: accepted(request).replace(b"Connection: Upgrade\r\n", b""),
    "W1 Connection to something like it": lambda request: accepted(request).replace(b": Upgrade", b": Upgraded"),
    "W1 no Accept": lambda request: re.sub(rb"Sec-WebSocket-Accept: .*\r\n", b"", accepted(request)),
    "W1 a short Accept": lambda request: re.sub(rb"(Accept: .*).\r\n", rb"\1\r\n", accepted(request)),
    "W1 Accept in capitals": lambda request: re.sub(
        rb"(Accept: )(.*)\r\n", lambda m: m[1] + m[2].swapcase() + b"\r\n", accepted(request)
    ),
    "W1 the key itself": lambda request: re.sub(
        rb"Accept: .*\r\n", b"Accept: " + re.search(rb"Key: (.*)\r\n", request)[1] + b"\r\n", accepted(request)
    ),
    "W2 an extension that was not offered": lambda request: accepted(request, b"Sec-WebSocket-Extensions: x-other"),
    **{
        f"W2 {parameters}": lambda request, parameters=parameters: accepted(
            request, f"Sec-WebSocket-Extensions: permessage-deflate; {parameters}".encode()
        )
        for parameters in (
            "unknown",
            "unknown=1",
            "client_max_window_bits=7",
            "client_max_window_bits=16",
            'client_max_window_bits=""',
            "client_max_window_bits=99",
            "server_max_window_bits=7",
            "server_max_window_bits=99",
            "server_max_window_bits",
            "server_no_context_takeover; server_no_context_takeover",
            "client_max_window_bits=10; client_max_window_bits=11",
            "server_no_context_takeover=1",
            "client_max_window_bits=1e1",
        )
    },
    "W2 the same twice": lambda request: accepted(
        request, b"Sec-WebSocket-Extensions: permessage-deflate, permessage-deflate"
    ),
}


@pytest.mark.parametrize("case", ANSWERS)
async def test_an_answer_that_opens_no_websocket(origin, case):
    origin.answers(ANSWERS[case])
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(origin.url, compress=15)
        assert session.connector._pool.in_use == 0
        assert session.connector._pool.idle == (case == "W1 200"), "that one is a response like any other"


async def test_deflate_that_was_not_offered_W2(origin):
    origin.answers(lambda request: accepted(request, b"Sec-WebSocket-Extensions: permessage-deflate"))
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError, match="not offered"):
            await session.ws_connect(origin.url)


async def test_a_subprotocol_that_was_not_asked_for_is_none_W2(origin):
    """A leniency: servers send their default. It does not become ws.protocol."""
    origin.script(opens(CLOSE, origin.STALL, lines=[b"Sec-WebSocket-Protocol: evil"]))
    async with aiohttp.ClientSession() as session, session.ws_connect(origin.url, protocols=["chat"]) as ws:
        assert ws.protocol is None


@pytest.mark.parametrize("size", [100, 10**7])
async def test_what_a_refusal_says_is_bounded_W1(origin, size):
    origin.script(
        [origin.WAIT, b"HTTP/1.1 403 No\r\nContent-Length: %d\r\n\r\n" % size + b"x" * min(size, 10**6), origin.STALL]
    )
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await session.ws_connect(origin.url)
        assert len(caught.value.body) == min(size, 65536)
        assert session.connector._pool.in_use == 0


@pytest.mark.parametrize("status", [301, 302, 307, 401, 407])
async def test_a_handshake_that_is_answered_otherwise_W3(origin, status):
    """Redirects are followed as those of a GET, credentials stay behind; others are refusals."""
    other = f"ws://localhost:{origin.port}/there"
    head = f"HTTP/1.1 {status} X\r\nLocation: {other}\r\nContent-Length: 0\r\n\r\n".encode()
    origin.answers(lambda request: accepted(request, behind=CLOSE) if b"/there" in request else head)
    async with aiohttp.ClientSession() as session:
        opening = session.ws_connect(origin.url.replace("http", "ws"), headers={"Authorization": "secret"})
        if status < 400:
            async with opening:
                pass
            assert b"secret" not in origin.requests[1]
        else:
            with pytest.raises(aiohttp.WSServerHandshakeError, match=str(status)):
                await opening
            assert len(origin.requests) == 1


@pytest.mark.parametrize("raw", [b"X: y\r\n" * 20_000, b"X: " + b"y" * 100_000])
async def test_an_endless_answer_W3(origin, raw):
    origin.script([origin.WAIT, b"HTTP/1.1 101 Switching\r\n" + raw, origin.STALL])
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientResponseError, match="limit"):
            await session.ws_connect(origin.url)


# What the peer does wrong, and the code it is told. W4 (masked frames) and RSV1 on control frames are leniencies.
VIOLATIONS = {
    "W5 RSV1 without deflate": (frame(0xC1, b"x"), 1002),
    "W5 RSV1 on a continuation": (frame(0x01, b"x") + frame(0xC0, b"x"), 1002),
    "W5 RSV2": (frame(0xA1, b"x"), 1002),
    "W5 RSV3": (frame(0x91, b"x"), 1002),
    **{
        f"W6 opcode {opcode:#x}": (frame(0x80 | opcode, b"x"), 1002)
        for opcode in (3, 4, 5, 6, 7, 0xB, 0xC, 0xD, 0xE, 0xF)
    },
    "W6 a long ping": (frame(0x89, bytes(126)), 1002),
    "W6 half a ping": (frame(0x09, b"x"), 1002),
    "W6 a continuation of nothing": (frame(0x80, b"x"), 1002),
    "W6 a message within a message": (frame(0x01, b"a") + frame(0x81, b"b"), 1002),
    "W8 16 bits for a short length": (b"\x82\x7e\x00\x05Hello", 1002),
    "W8 64 bits for a short length": (b"\x82\x7f" + bytes(6) + b"\xff\xff" + bytes(65535), 1002),
    "W8 the highest bit": (b"\x82\x7f\x80" + bytes(7), 1002),
    "W8 2**63 - 1 behind a fragment": (frame(0x02, b"x") + frame(0x80, size=2**63 - 1), 1009),
    "W8 a GiB": (frame(0x82, size=2**30), 1009),
    "W9 fragments beyond the limit": (frame(0x02, bytes(3000)) + frame(0x00, bytes(3000)), 1009),
    "W11 UTF-8": (frame(0x81, b"\xff"), 1007),
    "W11 cut short": (frame(0x81, b"\xc3"), 1007),
    "W11 a surrogate": (frame(0x81, b"\xed\xa0\x80"), 1007),
    "W11 overlong": (frame(0x81, b"\xc0\xaf"), 1007),
    "W11 across fragments": (frame(0x01, b"\xc3") + frame(0x80, b"\x28"), 1007),
    "W11 in a reason": (frame(0x88, b"\x03\xe8\xff"), 1007),
    **{
        f"W12 code {code}": (frame(0x88, code.to_bytes(2, "big")), 1002)
        for code in (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535)
    },
    "W12 half a code": (frame(0x88, b"\x03"), 1002),
    "W12 a long reason": (frame(0x88, b"\x03\xe8" + b"x" * 124), 1002),
}


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("case", VIOLATIONS)
async def test_a_violation_has_its_code_and_ends_the_connection(origin, case, cut):
    """The messages before it are received; what comes behind is not (W16); the peer is told why."""
    raw, code = VIOLATIONS[case]
    good, bad = frame(0x81, b"before"), raw + frame(0x81, b"behind") * 100
    told = asyncio.get_running_loop().create_future()

    async def serve(reader, writer):
        try:
            writer.write(accepted(await reader.readuntil(b"\r\n\r\n"), behind=good))
            if cut and len(raw) < 1000:
                for byte in bad:
                    writer.write(bytes([byte]))
                    await asyncio.sleep(0)
            else:
                writer.write(bad)
            told.set_result(await reader.read())
        except (OSError, RuntimeError):
            pass  # it has hung up
        finally:
            if not told.done():
                told.set_result(b"")
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with aiohttp.ClientSession() as session, session.ws_connect(url, max_msg_size=5000) as ws:
        assert await ws.receive_str() == "before"
        message = await ws.receive()
        assert (message.type, message.data.code) == (aiohttp.WSMsgType.ERROR, code)
        assert (await ws.receive()).type is aiohttp.WSMsgType.CLOSED and ws.close_code == code
    answer = await told
    if answer:
        assert answer[:2] == b"\x88\x82" and bytes(
            a ^ b for a, b in zip(answer[6:8], answer[2:4], strict=True)
        ) == code.to_bytes(2, "big")
    server.close()
    await server.wait_closed()


def read(raw, **options):
    reader = MessageReader(**options)
    messages = []
    for at in range(0, len(raw), 65536):
        reader.feed(raw[at : at + 65536])
        while (message := reader.message()) is not None:
            messages.append(message)
    return messages, reader.error


@pytest.mark.parametrize("opcode", [0x01, 0x02])
def test_many_small_fragments_take_no_more_room_than_their_bytes_W9(opcode):
    """An object for every two bytes would be thirty times as much."""
    count = 60_000
    raw = frame(opcode, b"ab") + frame(0x00, b"cd") * (count - 2) + frame(0x80, b"ef")
    tracemalloc.start()
    try:
        messages, error = read(raw, max_size=2 * count)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert error is None
    data = messages[0].data
    assert (data if opcode == 2 else data.encode()) == b"ab" + b"cd" * (count - 2) + b"ef"
    assert peak < 6 * len(data)


def test_empty_fragments_are_nothing_W9_W17():
    raw = frame(0x02) + frame(0x00) * 50_000 + frame(0x80, b"x")
    tracemalloc.start()
    try:
        ((_, data, _),), error = read(raw, max_size=100)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (data, error) == (b"x", None) and peak < 2**20


@pytest.mark.parametrize(("surplus", "code"), [(-1, None), (0, None), (1, 1009), (2, 1009), (10**6, 1009)])
def test_the_limit_is_that_of_what_is_inflated_W10(surplus, code):
    limit = 10_000
    raw = frame(0xC2, Deflater(15, forgets=False).deflate(bytes(limit + surplus)))
    messages, error = read(raw, max_size=limit, inflater=Inflater(15, forgets=False))
    assert (error and error.code) == code
    assert [len(message.data) for message in messages] == ([] if code else [limit + surplus])


@pytest.mark.parametrize("payload", [b"garbage", b"\xff" * 100, b"\x07"])
def test_garbage_that_should_be_deflate_W10(payload):
    messages, error = read(frame(0xC2, payload), max_size=1000, inflater=Inflater(15, forgets=False))
    assert messages == [] and error.code in (1002, 1007)


async def test_a_flood_of_pings_is_answered_once_W13(origin):
    """The peer does not read: what we would answer is forgotten but for the last."""

    async def serve(reader, writer):
        try:
            writer.write(accepted(await reader.readuntil(b"\r\n\r\n")))
            for _ in range(40):
                writer.write(frame(0x89, b"x" * 125) * 1000)
                await writer.drain()
            await asyncio.sleep(0.1)
        except OSError:
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    tracemalloc.start()
    try:
        async with aiohttp.ClientSession() as session, session.ws_connect(url) as ws:
            await ws.receive()
            assert ws._connection.transport.get_write_buffer_size() < 2**20
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    server.close()
    await server.wait_closed()
    assert peak < 2**23


async def test_masking_keys_differ_and_the_callers_buffer_stays_as_it_was_W14_K7(origin):
    origin.script(opens(origin.STALL))
    sent = bytearray(b"payload" * 100)
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(origin.url, timeout=aiohttp.ClientWSTimeout(ws_close=0.1)) as ws,
    ):
        keys = set()
        write = ws._connection.transport.write
        for _ in range(50):
            frames = []

            class Spy:
                def __init__(self, transport):
                    self._transport = transport

                def write(self, data, frames=frames):
                    frames.append(bytes(data))
                    write(data)

                def __getattr__(self, name):
                    return getattr(self._transport, name)

            ws._connection.transport, real = Spy(ws._connection.transport), ws._connection.transport
            await ws.send_bytes(sent)
            ws._connection.transport = real
            keys.add(b"".join(frames)[4:8])
        assert len(keys) == 50 and bytes(4) not in keys
    assert sent == b"payload" * 100


async def test_a_close_that_is_not_answered_W12(origin):
    origin.script(opens(origin.STALL))
    async with aiohttp.ClientSession() as session:
        ws = await session.ws_connect(origin.url, timeout=aiohttp.ClientWSTimeout(ws_close=0.1))
        assert await ws.close()
        assert ws.close_code == 1006
        with pytest.raises(aiohttp.ClientConnectionResetError):
            await ws.send_str("W15: behind the end")
        assert session.connector._pool.in_use == 0
        assert await outcome(session, "http://127.0.0.1:1/") == "ClientConnectorError"
