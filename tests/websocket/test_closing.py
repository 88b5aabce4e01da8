"""How WebSockets end: by either side, by both, by faults, by silence (RFC 6455 §7)."""

import asyncio

import pytest
from wsframes import frame

import aiohttp_client as aiohttp
from aiohttp_client import WSMsgType

TEXT, CLOSE, PING, PONG = 0x81, 0x88, 0x89, 0x8A
BYE = frame(CLOSE, b"\x03\xe8")


async def connected(session, peer, **options):
    ws = await session.ws_connect(peer.url, **options)
    return ws, await peer.connected()


async def settled(session):
    """The slot is free, at the latest a few turns from now."""
    for _ in range(20):
        await asyncio.sleep(0.005)
        if not session.connector._pool.in_use:
            return
    raise AssertionError("the connection was not given back")


async def test_we_close(ws_peer):
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer)
        closing = asyncio.create_task(ws.close(code=4001, message="done"))
        assert await side.frame() == (CLOSE, b"\x0f\xa1done")
        assert not closing.done()
        await side.send(frame(TEXT, b"too late"), frame(CLOSE, b"\x0f\xa2"))
        assert await closing is True
        assert ws.closed and ws.close_code == 4002 and ws.exception() is None
        assert await ws.close() is False
        assert await ws.receive() == await ws.receive() == (WSMsgType.CLOSED, None, None)
        assert [message async for message in ws] == []
        assert await side.frame() is None
        await settled(session)


async def test_the_peer_closes(ws_peer):
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer)
        await side.send(frame(TEXT, b"last"), frame(CLOSE, b"\x0f\xa1" + "причина".encode()))
        assert await ws.receive_str() == "last"
        assert await ws.receive() == (WSMsgType.CLOSE, 4001, "причина")
        assert ws.closed and ws.close_code == 4001
        assert await side.frame() == (CLOSE, b"\x03\xe8")
        assert await side.frame() is None
        assert (await ws.receive()).type is WSMsgType.CLOSED
        await settled(session)


async def test_a_close_without_a_code_is_answered_at_once(ws_peer):
    """IMP-W4."""
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer)
        await side.send(frame(CLOSE))
        async with asyncio.timeout(1):
            assert await ws.receive() == (WSMsgType.CLOSE, 0, "")
        assert ws.close_code == 1005
        assert await side.frame() == (CLOSE, b"\x03\xe8")


async def test_both_close_at_once(ws_peer):
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer)
        await side.send(BYE)
        await asyncio.sleep(0.01)
        async with asyncio.timeout(1):
            assert await ws.close(code=4000) is True
        assert ws.close_code == 1000
        assert await side.frame() == (CLOSE, b"\x0f\xa0")


async def test_without_autoclose_the_caller_answers(ws_peer):
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer, autoclose=False)
        await side.send(BYE)
        assert (await ws.receive()).type is WSMsgType.CLOSE
        assert not ws.closed and ws.close_code == 1000
        await ws.close(code=4000)
        assert await side.frame() == (CLOSE, b"\x0f\xa0")
        ws, side = await connected(session, ws_peer, autoclose=False)
        await side.send(BYE)
        assert (await ws.receive()).type is WSMsgType.CLOSE
        assert (await ws.receive()).type is WSMsgType.CLOSED  # whoever goes on receiving has not understood
        assert ws.closed and await side.frame() == (CLOSE, b"\x03\xe8")


async def test_a_peer_that_does_not_answer_has_until_ws_close(ws_peer):
    async with aiohttp.ClientSession() as session:
        limit = aiohttp.ClientWSTimeout(ws_close=0.05)
        ws, side = await connected(session, ws_peer, timeout=limit)
        assert await ws.close() is True
        assert ws.close_code == 1006 and isinstance(ws.exception(), TimeoutError)
        assert await side.frame() == (CLOSE, b"\x03\xe8") and await side.frame() is None
        await settled(session)


async def test_a_peer_that_goes_on_talking_has_no_longer(ws_peer):
    """IMP-W7."""
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer, timeout=aiohttp.ClientWSTimeout(ws_close=0.1))

        async def talk():
            while True:
                await side.send(frame(TEXT, b"and another thing"))
                await asyncio.sleep(0.005)

        talking = asyncio.create_task(talk())
        async with asyncio.timeout(2):
            await ws.close()
        assert ws.close_code == 1006
        talking.cancel()
        await asyncio.gather(talking, return_exceptions=True)


async def test_close_is_heard_behind_messages_nobody_wanted(ws_peer):
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer)
        sending = asyncio.create_task(side.send(*[frame(0x82, bytes(60_000))] * 100, BYE))
        await asyncio.sleep(0.1)
        async with asyncio.timeout(5):
            await ws.close()
        await sending
        assert ws.close_code == 1000


@pytest.mark.parametrize("how", ["hang_up", "reset"])
async def test_a_connection_that_is_lost(ws_peer, how):
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer)
        await side.send(frame(TEXT, b"first"), frame(TEXT, b"second"))
        receiving = asyncio.create_task(ws.receive_str())
        assert await receiving == "first"
        getattr(side, how)()
        await asyncio.sleep(0.02)
        assert await ws.receive_str() == "second"
        assert await ws.receive() == (WSMsgType.CLOSED, None, None)
        assert ws.closed and ws.close_code == 1006
        assert await ws.close() is False
        await settled(session)


async def test_a_waiting_receiver_learns_of_the_loss(ws_peer):
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer)
        receiving = asyncio.create_task(ws.receive())
        await asyncio.sleep(0.01)
        side.hang_up()
        assert (await receiving).type is WSMsgType.CLOSED
        ws, side = await connected(session, ws_peer)
        closing = asyncio.create_task(ws.close())
        await side.frame()
        side.hang_up()
        assert await closing is True and ws.close_code == 1006


async def test_another_task_may_close(ws_peer):
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer)
        receiving = asyncio.create_task(ws.receive())
        await asyncio.sleep(0.01)
        closing = asyncio.create_task(ws.close())
        assert (await receiving).type is WSMsgType.CLOSING
        await side.send(BYE)
        assert await closing is True and ws.close_code == 1000
        ws, side = await connected(session, ws_peer)

        async def loop():
            return [message async for message in ws]

        receiving = asyncio.create_task(loop())
        await asyncio.sleep(0.01)
        closing = asyncio.create_task(ws.close())
        await side.send(BYE)
        await closing
        assert await receiving == []


async def test_a_cancelled_close_leaves_nothing(ws_peer):
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer)
        closing = asyncio.create_task(ws.close())
        assert (await side.frame())[0] == CLOSE
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        assert ws.closed and ws.close_code == 1006
        assert await side.frame() is None
        await settled(session)


async def test_the_session_may_be_closed_first(ws_peer):
    session = aiohttp.ClientSession()
    ws, _ = await connected(session, ws_peer)
    receiving = asyncio.create_task(ws.receive())
    await asyncio.sleep(0.01)
    await session.close()
    assert (await receiving).type is WSMsgType.CLOSED
    assert await ws.close() is False


@pytest.mark.parametrize(
    ("raw", "code"),
    [(frame(0x83), 1002), (frame(0xC1, b"x"), 1002), (frame(TEXT, b"\xff"), 1007), (frame(0x82, size=2**40), 1009)],
)
async def test_a_violation_is_told_and_ends_it(ws_peer, raw, code):
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer)
        await side.send(frame(TEXT, b"before"), raw, frame(TEXT, b"after"))
        found = [message async for message in ws]
        assert [message.type for message in found] == [WSMsgType.TEXT, WSMsgType.ERROR]
        assert found[1].data.code == code and ws.close_code == code
        assert ws.exception() is found[1].data
        assert await side.frame() == (CLOSE, code.to_bytes(2, "big"))
        side.hang_up()
        assert (await ws.receive()).type is WSMsgType.CLOSED
        await settled(session)


async def test_a_violation_ends_it_even_if_nobody_looks_and_nobody_hangs_up(ws_peer):
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer)
        await side.send(frame(TEXT, b"before") + frame(0x83))
        assert await side.frame() == (CLOSE, b"\x03\xea")
        assert await side.frame() is None
        await settled(session)
        assert await ws.receive_str() == "before"
        assert (await ws.receive()).type is WSMsgType.ERROR


# -- heartbeat


async def test_a_silent_peer_is_asked_and_given_up(ws_peer):
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer, heartbeat=0.1)
        receiving = asyncio.create_task(ws.receive())
        assert await side.frame() == (PING, b"")
        message = await receiving
        assert message.type is WSMsgType.ERROR and isinstance(message.data, aiohttp.ServerTimeoutError)
        assert "No PONG received after 0.05 seconds" in str(message.data)
        assert ws.closed and ws.close_code == 1006 and ws.exception() is message.data
        assert (await ws.receive()).type is WSMsgType.CLOSED
        assert await side.frame() is None


async def test_a_peer_that_answers_is_kept(ws_peer):
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer, heartbeat=0.3)
        for _ in range(3):
            assert await side.frame() == (PING, b"")
            await side.send(frame(PONG))
        await side.send(frame(TEXT, b"here"))
        assert await ws.receive_str() == "here"
        side.reset()


async def test_any_data_counts_as_life(ws_peer):
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer, heartbeat=0.2)
        piece = frame(0x82, bytes(2000))
        for at in range(0, len(piece), 100):  # one frame, slowly
            await side.send(piece[at : at + 100])
            await asyncio.sleep(0.02)
        assert await ws.receive_bytes() == bytes(2000)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await side.frame()
        side.reset()


async def test_a_peer_we_do_not_listen_to_is_not_silent(ws_peer):
    async with aiohttp.ClientSession() as session:
        ws, side = await connected(session, ws_peer, heartbeat=0.1)
        sending = asyncio.create_task(side.send(*[frame(0x82, bytes(60_000))] * 200))
        await asyncio.sleep(0.5)
        assert not ws.closed and ws.exception() is None
        for _ in range(200):
            assert len(await ws.receive_bytes()) == 60_000
        await sending
        side.reset()
