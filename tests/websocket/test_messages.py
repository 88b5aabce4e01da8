"""Messages both ways, against a peer that does exactly what the test says."""

import asyncio
import json
import random

import pytest
from wsframes import frame

import aiohttp_client as aiohttp
from aiohttp_client import WSMsgType
from aiohttp_client._net.wsconnection import _PIECE

TEXT, BINARY, CLOSE, PING, PONG = 0x81, 0x82, 0x88, 0x89, 0x8A


async def connected(session, peer, **options):
    """(our end, the peer's)"""
    ws = await session.ws_connect(peer.url, **options)
    return ws, await peer.connected()


async def ended(ws, side):
    """Close both ends, politely."""
    closing = asyncio.create_task(ws.close())
    while (received := await side.frame()) is not None and received[0] != CLOSE:
        pass
    await side.send(frame(CLOSE, b"\x03\xe8"))
    await closing


async def test_all_ways_to_send(ws_peer):
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer)
        await ws.send_str("Тест")
        await ws.send_bytes(b"bytes")
        await ws.send_bytes(bytearray(b"array"))
        await ws.send_bytes(memoryview(b"a view")[2:])
        await ws.send_json({"a": "я"})
        await ws.send_json_bytes({"a": 1}, dumps=lambda value: json.dumps(value).encode())
        await ws.send_frame(b"frame", WSMsgType.TEXT)
        await ws.ping("привет")
        await ws.pong(b"pong")
        await ws.send_str("")
        expected = [
            (TEXT, "Тест".encode()),
            (BINARY, b"bytes"),
            (BINARY, b"array"),
            (BINARY, b"view"),
            (TEXT, json.dumps({"a": "я"}).encode()),
            (BINARY, b'{"a": 1}'),
            (TEXT, b"frame"),
            (PING, "привет".encode()),
            (PONG, b"pong"),
            (TEXT, b""),
        ]
        assert [await side.frame() for _ in expected] == expected
        await ended(ws, side)


async def test_large_messages_are_written_in_pieces_that_make_up_one_frame(ws_peer):
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer)
        noise = random.Random(6455).randbytes(1_000_003)
        for size in (_PIECE - 1, _PIECE, _PIECE + 1, 2 * _PIECE, len(noise)):
            for payload in (noise[:size], bytearray(noise[:size]), memoryview(noise)[:size], memoryview(noise)[::-1]):
                expected = bytes(payload)
                sending = asyncio.create_task(ws.send_bytes(payload))
                assert await side.frame() == (BINARY, expected)
                await sending
        words = memoryview(bytes(range(256)) * 4096).cast("I")  # of four bytes each
        await ws.send_bytes(words)
        assert await side.frame() == (BINARY, words.tobytes())
        await ended(ws, side)


async def test_a_large_message_to_a_peer_that_hangs_up_in_the_middle(ws_peer):
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer)
        side.reset()
        with pytest.raises(aiohttp.ClientConnectionResetError):
            for _ in range(100):
                await ws.send_bytes(bytes(2**20))
                await asyncio.sleep(0)  # the loop may hear of the reset
        assert (await ws.receive()).type is WSMsgType.CLOSED


async def test_what_cannot_be_sent(ws_peer):
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer)
        for call, error in (
            (ws.send_str(b"bytes"), TypeError),
            (ws.send_bytes("text"), TypeError),
            (ws.send_json({1, 2}), TypeError),
            (ws.ping(5), TypeError),
            (ws.ping(bytes(126)), ValueError),
            (ws.pong("я" * 63), ValueError),
            (ws.close(code=1005), ValueError),
            (ws.close(code=5000), ValueError),
            (ws.close(message=bytes(124)), ValueError),
        ):
            with pytest.raises(error):
                await call
        assert not ws.closed
        await ended(ws, side)
        for call in (ws.send_str("x"), ws.send_bytes(b"x"), ws.ping(), ws.send_json(1)):
            with pytest.raises(aiohttp.ClientConnectionResetError, match="closing transport"):
                await call


async def test_all_ways_to_receive(ws_peer):
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer)
        await side.send(
            frame(TEXT, b"text"),
            frame(BINARY, b"bytes"),
            frame(TEXT, b'{"a": 1}'),
            frame(TEXT, b"[2]"),
            frame(TEXT, b"it"),
        )
        assert await ws.receive_str() == "text"
        assert await ws.receive_bytes() == b"bytes"
        assert await ws.receive_json() == {"a": 1}
        message = await ws.receive()
        assert (message.type, message.data, message.extra, message.json()) == (WSMsgType.TEXT, "[2]", "", [2])
        kind, data, _ = await anext(ws)
        assert (kind, data) == (WSMsgType.text, "it")
        await side.send(frame(TEXT, b"text"), frame(BINARY, b"bytes"))
        with pytest.raises(aiohttp.WSMessageTypeError, match=r"WSMsgType.TEXT.*is not WSMsgType.BINARY"):
            await ws.receive_bytes()
        with pytest.raises(TypeError, match=r"b'bytes' is not WSMsgType.TEXT"):
            await ws.receive_str()
        await ended(ws, side)
        with pytest.raises(aiohttp.WSMessageTypeError, match="CLOSED"):
            await ws.receive_str()


async def test_text_may_come_as_bytes(ws_peer):
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer, decode_text=False)
        await side.send(frame(TEXT, b"\xff"))
        assert await ws.receive() == (WSMsgType.TEXT, b"\xff", "")
        await ended(ws, side)


async def test_messages_one_byte_at_a_time_with_pings_between(ws_peer):
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer)
        raw = frame(0x01, b"Hel") + frame(PING, b"?") + frame(0x80, b"lo") + frame(BINARY, bytes(300))
        for at in range(len(raw)):
            await side.send(raw[at : at + 1])
            await asyncio.sleep(0)
        assert await ws.receive_str() == "Hello"
        assert await ws.receive_bytes() == bytes(300)
        assert await side.frame() == (PONG, b"?")
        await ended(ws, side)


async def test_pings_are_answered_without_anybody_receiving(ws_peer):
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer)
        await side.send(frame(PING, b"there?"))
        assert await side.frame() == (PONG, b"there?")
        await ended(ws, side)


async def test_without_autoping_they_are_messages(ws_peer):
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer, autoping=False)
        await side.send(frame(PING, b"1"), frame(PONG, b"2"))
        assert await ws.receive() == (WSMsgType.PING, b"1", "")
        assert await ws.receive() == (WSMsgType.PONG, b"2", "")
        await ended(ws, side)


async def test_one_task_receives_and_many_send(ws_peer):
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer)
        receiving = asyncio.create_task(ws.receive_str())
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="Concurrent call to receive"):
            await ws.receive()
        await asyncio.gather(*[ws.send_str(f"{n}" * 1000) for n in range(10)])
        assert [(await side.frame())[1][:1] for _ in range(10)] == [b"%d" % n for n in range(10)]
        await side.send(frame(TEXT, b"at last"))
        assert await receiving == "at last"
        await ended(ws, side)


async def test_giving_up_on_receive_leaves_the_socket_as_it_was(ws_peer):
    """IMP-W5."""
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer)
        with pytest.raises(TimeoutError):
            await ws.receive(timeout=0.02)
        with pytest.raises(TimeoutError):
            await ws.receive_str(timeout=0.02)
        task = asyncio.create_task(ws.receive())
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ws.close_code is None and not ws.closed and ws.exception() is None
        await side.send(frame(TEXT, b"still there"))
        assert await ws.receive_str() == "still there"
        await ended(ws, side)
        assert ws.close_code == 1000


async def test_a_limit_for_every_receive(ws_peer):
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer, timeout=aiohttp.ClientWSTimeout(ws_receive=0.02, ws_close=1))
        with pytest.raises(TimeoutError):
            await ws.receive()
        await ended(ws, side)


async def test_a_limit_that_passes_as_a_message_comes_loses_none(ws_peer):
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer)
        limit = 0.004

        async def send_around_the_limit():
            for number in range(100):
                # The moment is what is tested: from 1 ms before the limit to 1 ms after.
                await asyncio.sleep(limit + (number - 50) * 2e-5)
                await side.send(frame(TEXT, b"%d" % number))

        sending = asyncio.create_task(send_around_the_limit())
        received, timed_out = [], 0
        while len(received) < 100:
            try:
                received.append(await ws.receive_str(timeout=limit))
            except TimeoutError as error:
                assert str(error) == "no message was received within 0.004 s"
                timed_out += 1
                assert timed_out < 1000
        assert received == [str(number) for number in range(100)] and timed_out
        await sending
        await ended(ws, side)


@pytest.mark.parametrize("opcode", [1.5, 2.0, "1", None])
async def test_an_opcode_of_the_wrong_type_is_refused(ws_peer, opcode):
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer)
        with pytest.raises(TypeError):
            await ws.send_frame(b"frame", opcode)
        await ws.send_str("the first")
        assert await side.frame() == (0x81, b"the first")
        await ended(ws, side)


async def test_a_limit_of_the_wrong_type_changes_nothing(ws_peer):
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer)
        with pytest.raises(TypeError):
            await ws.receive(timeout="soon")
        await side.send(frame(TEXT, b"still there"))
        assert await ws.receive_str() == "still there"
        await ended(ws, side)


async def test_a_message_of_exactly_the_limit_passes(ws_peer):
    """IMP-W6."""
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer)
        await side.send(frame(BINARY, bytes(4 * 2**20)))
        assert len(await ws.receive_bytes()) == 4 * 2**20
        await side.send(frame(BINARY, bytes(4 * 2**20 + 1)))
        message = await ws.receive()
        assert message.type is WSMsgType.ERROR and message.data.code == 1009
        assert ws.close_code == 1009 and ws.closed


@pytest.mark.parametrize("tls", [False, True])
async def test_large_messages_with_others_right_behind(ws_peer, certificates, tls):
    """They are received in their place, to the last byte, and what follows is not."""
    if tls:
        await ws_peer.speaks_tls(certificates.server())
    large = bytes(range(256)) * 4000
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=certificates.client())) as session:
        ws, side = await connected(session, ws_peer, heartbeat=10)
        whole = frame(TEXT, b"before") + frame(BINARY, large) + frame(PING, b"?") + frame(TEXT, b"after")
        sending = asyncio.create_task(side.send(whole + frame(BINARY, large), *[frame(BINARY, large)] * 3))
        assert await ws.receive_str() == "before"
        assert await ws.receive_bytes() == large
        assert await ws.receive_str() == "after"
        for _ in range(4):
            assert await ws.receive_bytes() == large
        await sending
        assert await side.frame() == (PONG, b"?")
        for n in range(5):  # however it is cut
            await side.send(whole[: 60_000 * n + 9], whole[60_000 * n + 9 : -n - 3], whole[-n - 3 :])
            assert [len((await ws.receive()).data) for _ in range(3)] == [6, len(large), 5]
            assert await side.frame() == (PONG, b"?")
        await side.send(frame(BINARY, large)[:500_000])
        await asyncio.sleep(0.01)
        assert await ws_closed_at_once(ws, side)


async def ws_closed_at_once(ws, side):
    """Closing in the middle of a large message does not wait for its end, but for CLOSE behind it."""
    closing = asyncio.create_task(ws.close())
    assert (await side.frame())[0] == CLOSE
    await side.send(bytes(1_024_010 - 500_000), frame(CLOSE, b"\x03\xe8"))
    return await closing and ws.close_code == 1000


async def test_nobody_receives_and_the_peer_is_slowed_down(ws_peer):
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer)
        sent = 0
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                while True:
                    await side.send(frame(BINARY, bytes(60_000)))
                    sent += 1
        assert sent < 1000
        assert ws._connection._queued < 2**20
        for _ in range(sent):
            assert len(await ws.receive_bytes()) == 60_000
        side.reset()


async def test_many_tiny_messages_do_not_fill_the_memory(ws_peer):
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer)
        writing = asyncio.create_task(side.send(frame(TEXT) * 100_000))
        await asyncio.sleep(0.2)
        assert ws._connection._queued < 2**20
        for _ in range(100_000):
            assert (await ws.receive())[1] == ""
        await writing
        await ended(ws, side)


async def test_a_peer_that_does_not_read_slows_us_down(ws_peer):
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                while True:
                    await ws.send_bytes(bytes(100_000))
        assert ws._connection.transport.get_write_buffer_size() < 2**20
        # Of the pings that come now only the last will be answered (RFC 6455 §5.5.3).
        await side.send(*[frame(PING, b"%d" % n) for n in range(1000)])
        await asyncio.sleep(0.05)
        assert ws._connection.transport.get_write_buffer_size() < 2**20
        pongs = []
        while not pongs:
            first, payload = await side.frame()
            if first == PONG:
                pongs.append(payload)
        assert pongs == [b"999"]
        side.reset()


async def test_a_sender_that_waits_learns_of_the_end(ws_peer):
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer)

        async def send():
            while True:
                await ws.send_bytes(bytes(100_000))

        sending = asyncio.create_task(send())
        await asyncio.sleep(0.1)
        side.reset()
        with pytest.raises(aiohttp.ClientConnectionResetError):
            await sending
        assert (await ws.receive()).type is WSMsgType.CLOSED


async def test_extra_info(ws_peer):
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer)
        assert ws.get_extra_info("peername")[0] == "127.0.0.1"
        assert ws.get_extra_info("nothing", "default") == "default"
        assert not ws.client_notakeover
        await ended(ws, side)
