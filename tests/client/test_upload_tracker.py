"""UploadTracker, and what a response says of its request's body."""

import asyncio

import pytest

import aiohttp_client as aiohttp

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
MOVED = b"HTTP/1.1 307 F\r\nLocation: /end\r\nContent-Length: 0\r\n\r\n"
BIG = bytes(20_000_000)


@pytest.mark.parametrize("data", [b"body", BIG])
async def test_a_tracker_counts_up_to_the_whole_body(origin, data):
    origin.plays(OK)
    tracker = aiohttp.UploadTracker()
    assert (tracker.attempts, tracker.bytes_written, tracker.upload_complete.done()) == (0, 0, False)
    async with aiohttp.ClientSession() as session:
        await session.post(origin.url, data=data, upload_tracker=tracker)
        assert await tracker.upload_complete is None
    assert (tracker.attempts, tracker.bytes_written) == (1, len(data))


async def test_a_tracker_grows_no_faster_than_the_server_reads(origin):
    origin.script([b"", 0.3, origin.WAIT, OK])
    tracker = aiohttp.UploadTracker()
    async with aiohttp.ClientSession() as session:
        task = asyncio.create_task(session.post(origin.url, data=BIG, upload_tracker=tracker)._coroutine)
        await asyncio.sleep(0.15)
        assert 0 < tracker.bytes_written < len(BIG)
        assert not tracker.upload_complete.done()
        await task
    assert tracker.bytes_written == len(BIG)


async def test_a_redirect_is_another_attempt(origin):
    origin.answers(lambda request: OK if b"/end" in request else MOVED)
    tracker = aiohttp.UploadTracker()
    async with aiohttp.ClientSession() as session:
        await session.post(origin.url, data=b"body", upload_tracker=tracker)
    assert (tracker.attempts, tracker.bytes_written) == (2, 4)


async def test_a_tracker_serves_one_request(origin):
    origin.plays(OK)
    tracker = aiohttp.UploadTracker()
    async with aiohttp.ClientSession() as session:
        await session.post(origin.url, data=b"body", upload_tracker=tracker)
        with pytest.raises(RuntimeError, match="already bound"):
            await session.post(origin.url, data=b"body", upload_tracker=tracker)


async def test_nothing_to_upload_is_complete(origin):
    origin.plays(OK)
    tracker = aiohttp.UploadTracker()
    async with aiohttp.ClientSession() as session:
        await session.get(origin.url, upload_tracker=tracker)
    assert (tracker.attempts, tracker.bytes_written, await tracker.upload_complete) == (0, 0, None)


async def test_an_upload_that_is_not_wanted_is_aborted(origin):
    origin.script([0.05, b"HTTP/1.1 413 Too much\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", origin.STALL])

    async def endless():
        while True:
            yield bytes(100_000)
            await asyncio.sleep(0)

    tracker = aiohttp.UploadTracker()
    async with aiohttp.ClientSession() as session:
        async with session.post(origin.url, data=endless(), upload_tracker=tracker) as response:
            assert response.status == 413
        with pytest.raises(aiohttp.UploadAbortedError):
            await tracker.upload_complete


async def test_a_request_that_finds_no_connection_aborts_its_upload(origin):
    await origin.refuses()
    tracker = aiohttp.UploadTracker()
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.post(origin.url, data=b"body", upload_tracker=tracker)
    assert tracker.attempts == 0
    assert isinstance(tracker.upload_complete.exception(), aiohttp.UploadAbortedError)


async def test_what_breaks_the_body_breaks_the_upload(origin):
    origin.plays(OK)

    async def broken():
        yield b"some"
        raise KeyError("source")

    tracker = aiohttp.UploadTracker()
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectionError):
            await session.post(origin.url, data=broken(), upload_tracker=tracker)
    assert isinstance(tracker.upload_complete.exception(), KeyError)


def test_a_tracker_needs_a_loop():
    with pytest.raises(RuntimeError):
        aiohttp.UploadTracker()


@pytest.mark.parametrize("chunked", [None, True])
async def test_output_size_counts_all_that_was_sent(origin, chunked):
    origin.plays(OK)
    async with aiohttp.ClientSession() as session:
        for options in ({}, {"data": b"body", "chunked": chunked}):
            async with session.post(origin.url, **options) as response:
                await response.upload_complete
                assert response.output_size == len(origin.requests[-1])
                await response.wait_for_close()


async def test_upload_complete_waits_for_the_upload(origin):
    origin.script([0.05, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", origin.WAIT, b"ok"])
    more = asyncio.Event()

    async def slowly():
        yield b"first"
        await more.wait()
        yield b"last"

    async with aiohttp.ClientSession() as session:
        async with session.post(origin.url, data=slowly()) as response:
            assert not response.upload_complete.done()
            more.set()
            await response.upload_complete
            assert await response.text() == "ok"
