"""Peers that take without giving, give without end, or cut what they say: memory is bounded, order is kept."""

import asyncio
import gc
import tracemalloc
import weakref

import pytest
from wsframes import frame, opened

import aiohttp_client as aiohttp
from aiohttp_client import WSMsgType

TEXT, BINARY, CLOSE, PING, PONG = 0x81, 0x82, 0x88, 0x89, 0x8A


async def connected(session, peer, **options):
    ws = await session.ws_connect(peer.url, **options)
    return ws, await peer.connected()


async def test_messages_behind_the_handshake_slow_the_peer_down_too(ws_peer):
    ws_peer.answer = lambda request: opened(request) + frame(TEXT) * 100_000
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer)
        sent = 0
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                while True:
                    await side.send(frame(BINARY, bytes(60_000)))
                    sent += 1
        assert sent < 200  # what sockets hold, and half a megabyte
        for _ in range(100_000):
            assert (await ws.receive()).type is WSMsgType.TEXT
        for _ in range(sent):
            assert len(await ws.receive_bytes()) == 60_000
        side.reset()


@pytest.mark.parametrize("kind", [0x01, 0x02])
async def test_a_message_in_tiny_fragments_takes_little_more_than_its_size(ws_peer, kind):
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer, max_msg_size=1_000_000)
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            await side.send(frame(kind, b"ab"), *[frame(0x00, b"cd") * 1000] * 400, frame(PING))
            assert await side.frame() == (PONG, b"")
            taken = tracemalloc.get_traced_memory()[0] - before
        finally:
            tracemalloc.stop()
        assert taken < 4_000_000
        await side.send(frame(0x80))
        assert len((await ws.receive()).data) == 800_002
        side.reset()


async def test_giving_up_on_sends_does_not_fill_the_memory(ws_peer):
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer)
        given_up = 0
        for n in range(200):
            try:
                await asyncio.wait_for(ws.send_bytes(n.to_bytes(2, "big") + bytes(100_000)), 0.002)
            except TimeoutError:
                given_up += 1
        assert given_up > 50
        assert ws._connection.transport.get_write_buffer_size() < 2**20
        sending = asyncio.create_task(ws.send_str("last"))
        received = []
        while (found := await side.frame())[0] != TEXT:
            received.append(int.from_bytes(found[1][:2], "big"))
        await sending
        assert received == sorted(received) and 200 - given_up <= len(received) < 150
        side.reset()


@pytest.mark.parametrize("deflate", [False, True])
async def test_messages_go_out_in_the_order_of_the_calls(ws_peer, deflate):
    import zlib

    def answer(request):
        extension = b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n" if deflate else b"\r\n"
        return opened(request)[:-2] + extension

    ws_peer.answer = answer
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer, compress=15 if deflate else 0)
        sizes = [200_000, 10, 17_000, 1, 300_000, 0, 100, 20_000] * 5
        sends = [ws.send_bytes(n.to_bytes(2, "big") + bytes(size)) for n, size in enumerate(sizes)]
        sending = asyncio.gather(*sends)
        inflate = zlib.decompressobj(wbits=-15)
        order = []
        for _ in sizes:
            first, payload = await side.frame()
            if first == 0xC2:
                payload = inflate.decompress(payload + b"\x00\x00\xff\xff")
            order.append(int.from_bytes(payload[:2], "big"))
        await sending
        assert order == list(range(len(sizes)))
        side.reset()


@pytest.mark.parametrize("heartbeat", [None, 5.0])
async def test_a_forgotten_websocket_is_closed(ws_peer, heartbeat):
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer, heartbeat=heartbeat)
        forgotten = weakref.ref(ws)
        with pytest.warns(ResourceWarning, match="Unclosed WebSocket"):
            del ws
            gc.collect()
        assert forgotten() is None
        assert await side.frame() is None
        await asyncio.sleep(0.01)
        assert session.connector._pool.in_use == 0


async def test_one_forgotten_after_a_limit_has_passed_is_closed_too(ws_peer):
    class Held:
        pass

    async def wait_in_vain(ws):
        held = Held()
        with pytest.raises(TimeoutError):
            await ws.receive(timeout=0.01)
        return weakref.ref(held)

    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer)
        held = await wait_in_vain(ws)
        await asyncio.sleep(0)  # the loop's own frame holds the task it ran last until it runs another
        gc.collect()
        assert held() is None
        with pytest.warns(ResourceWarning, match="Unclosed WebSocket"):
            del ws
            gc.collect()
        assert await side.frame() is None


async def test_a_peer_that_said_close_is_not_asked_whether_it_is_there(ws_peer):
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer, heartbeat=0.05, autoclose=False)
        await side.send(frame(TEXT, b"last"), frame(CLOSE, b"\x0f\xa1"))
        await asyncio.sleep(0.2)
        assert await ws.receive_str() == "last"
        assert (await ws.receive()).type is WSMsgType.CLOSE
        await asyncio.sleep(0.2)
        assert await ws.close() is True
        assert ws.close_code == 4001 and ws.exception() is None
        assert await side.frame() == (CLOSE, b"\x03\xe8")


@pytest.mark.parametrize("deflate", [False, True])
async def test_any_view_can_be_sent(ws_peer, deflate):
    if deflate:
        ws_peer.answer = lambda request: opened(request)[:-2] + b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer, compress=15 if deflate else 0)
        every_other = memoryview(b"a1b2c3")[::2]
        integers = memoryview(bytearray(8)).cast("i")
        for compress in (None, 0):
            for view, plain in ((every_other, b"abc"), (integers, bytes(8))):
                await ws.send_bytes(view, compress)
                if not deflate or compress == 0:
                    assert await side.frame() == (BINARY, plain)
                else:
                    assert (await side.frame())[0] == 0xC2
        side.reset()


async def test_a_sender_that_gives_up_takes_no_other_along(ws_peer):
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer)
        sends = [asyncio.create_task(ws.send_bytes(bytes([n]) + bytes(3_000_000))) for n in range(6)]
        await asyncio.sleep(0.05)
        assert not sends[3].done()
        for n in (1, 3, 4):
            sends[n].cancel()
        received = []
        while 5 not in received:
            received.append((await side.frame())[1][0])
        done = await asyncio.gather(*sends, return_exceptions=True)
        assert done[0] is done[2] is done[5] is None and isinstance(done[3], asyncio.CancelledError)
        # One that was cancelled behind the writing has gone out; whole, and in its place.
        assert received == sorted(set(received)) and {0, 2, 5} <= set(received) <= {0, 1, 2, 5}
        side.reset()


async def test_close_waits_for_no_line_of_senders(ws_peer):
    async with aiohttp.ClientSession() as session:
        limit = aiohttp.ClientWSTimeout(ws_close=0.1)
        ws, _ = await connected(session, ws_peer, timeout=limit)
        sends = [asyncio.create_task(ws.send_bytes(bytes(8_000_000))) for _ in range(4)]
        await asyncio.sleep(0.05)
        async with asyncio.timeout(5):
            assert await ws.close() is True
        assert ws.close_code == 1006
        for result in await asyncio.gather(*sends, return_exceptions=True):
            assert isinstance(result, aiohttp.ClientConnectionResetError)


async def test_cancelled_while_compressing_the_message_goes_out_whole(ws_peer):
    import zlib

    ws_peer.answer = lambda request: opened(request)[:-2] + b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer, compress=15)
        large = bytes(range(256)) * 20_000
        for turns in range(6):
            sending = asyncio.create_task(ws.send_bytes(large))
            for _ in range(turns):
                await asyncio.sleep(0)
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            await ws.send_str(f"after {turns} turns")
        inflate = zlib.decompressobj(wbits=-15)
        texts = []
        while len(texts) < 6:
            first, payload = await side.frame()
            message = inflate.decompress(payload + b"\x00\x00\xff\xff")
            if first == 0xC1:
                texts.append(message)
            else:
                assert message == large
        assert texts == [b"after %d turns" % turns for turns in range(6)]
        side.reset()


@pytest.mark.parametrize("many", [2, 5])
async def test_any_number_of_tasks_may_close(ws_peer, many):
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer)
        receiving = asyncio.create_task(ws.receive())
        await asyncio.sleep(0.01)
        closing = [asyncio.create_task(ws.close()) for _ in range(many)]
        assert (await side.frame())[0] == CLOSE
        await side.send(frame(CLOSE, b"\x03\xe8"))
        assert sorted(await asyncio.gather(*closing)) == [False] * (many - 1) + [True]
        assert (await receiving).type is WSMsgType.CLOSING
        assert await side.frame() is None and ws.close_code == 1000


@pytest.mark.parametrize("raw", [b"\xff" * 1000, b"\x00", frame(TEXT, b"late"), frame(CLOSE, b"\x03\xe9"), frame(PING)])
async def test_what_comes_behind_close_is_ignored(ws_peer, raw):
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer)
        await side.send(frame(CLOSE, b"\x0f\xa1") + raw)
        assert await ws.receive() == (WSMsgType.CLOSE, 4001, "")
        assert ws.close_code == 4001 and ws.exception() is None
        assert await side.frame() == (CLOSE, b"\x03\xe8") and await side.frame() is None
        ws, side = await connected(session, ws_peer)
        closing = asyncio.create_task(ws.close())
        assert (await side.frame())[0] == CLOSE
        await side.send(frame(CLOSE, b"\x0f\xa1") + raw)
        assert await closing and ws.close_code == 4001


async def receive(ws, side):
    return (await ws.receive()).type is WSMsgType.CLOSED


async def close(ws, side):
    return await ws.close()


async def close_after_a_close(ws, side):
    await side.send(frame(CLOSE, b"\x03\xe8"))
    await asyncio.sleep(0.01)
    return await ws.close()


async def send(ws, side):
    try:
        while True:
            await ws.send_bytes(bytes(100_000))
    except aiohttp.ClientConnectionResetError:
        return (await ws.receive()).type is WSMsgType.CLOSED


async def receive_behind_a_fault(ws, side):
    await side.send(frame(TEXT, b"first") + frame(0x83))
    await asyncio.sleep(0.01)
    kinds = [(await ws.receive()).type for _ in range(3)]
    return kinds == [WSMsgType.TEXT, WSMsgType.ERROR, WSMsgType.CLOSED]


async def receive_a_large_message(ws, side):
    await side.send(frame(BINARY, bytes(300_000), size=2_000_000))
    return (await ws.receive()).type is WSMsgType.CLOSED


@pytest.mark.parametrize("how", ["reset", "hang_up", "half_close"])
@pytest.mark.parametrize(
    "doing", [receive, close, close_after_a_close, send, receive_behind_a_fault, receive_a_large_message]
)
async def test_a_peer_that_goes_away_whatever_is_going_on(ws_peer, doing, how):
    """No hang, no exception but those that are promised, the slot given back."""
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer, timeout=aiohttp.ClientWSTimeout(ws_close=5))
        going_on = asyncio.create_task(doing(ws, side))
        await asyncio.sleep(0.05)
        if how == "half_close":
            side.writer.write_eof()
        else:
            getattr(side, how)()
        async with asyncio.timeout(4):
            assert await going_on is True
        assert ws.closed and ws.close_code is not None
        await ws.close()
        for _ in range(200):
            await asyncio.sleep(0.005)
            if not session.connector._pool.in_use:
                return
        raise AssertionError("the connection was not given back")


@pytest.mark.parametrize("turns", range(5))
async def test_whatever_is_cancelled_the_websocket_goes_on(ws_peer, turns):
    """receive(), with and without a limit, and sends, given up after so many turns of the loop."""
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer)
        sent = 0
        for call in (ws.receive, lambda: ws.receive(timeout=5), lambda: ws.send_bytes(b"x"), lambda: ws.ping()):
            task = asyncio.create_task(call())
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            sent += (await asyncio.gather(task, return_exceptions=True))[0] is None
        assert ws.close_code is None and not ws.closed and ws.exception() is None
        for n in range(3):  # cancelled when the message is there already: it is not lost
            task = asyncio.create_task(ws.receive())
            await side.send(frame(TEXT, b"%d" % n))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            done = (await asyncio.gather(task, return_exceptions=True))[0]
            message = await ws.receive() if isinstance(done, BaseException) else done
            assert message.data == str(n)
        for _ in range(sent):
            assert (await side.frame())[0] in (BINARY, PING)
        await ws.send_str("still there")
        assert await side.frame() == (TEXT, b"still there")
        side.reset()


async def test_a_peer_that_trickles(ws_peer):
    """Each byte alone, and a heartbeat that hears them; the end of a message does not wait for more."""
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer, heartbeat=0.2)
        raw = frame(0x01, "яя".encode()[:3]) + frame(0x80, "яя".encode()[3:] + b"!") + frame(BINARY, b"x" * 130)
        receiving = asyncio.create_task(ws.receive_str())
        for at in range(len(raw)):
            await side.send(raw[at : at + 1])
            await asyncio.sleep(0.005)
        assert await receiving == "яя!" and await ws.receive_bytes() == b"x" * 130
        side.reset()


async def test_pings_without_end_from_a_peer_that_does_not_read(ws_peer):
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer)
        side.writer.transport.pause_reading()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                while True:
                    await side.send(frame(PING, bytes(125)) * 1000)
        assert ws._connection.transport.get_write_buffer_size() < 2**20
        assert ws._connection._queued == 0
        side.reset()
