"""Bodies in and out as users write them: type checkers have to accept it, and to know what comes out."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, assert_type

from multidict import CIMultiDict

import aiohttp_client as aiohttp
from aiohttp_client.payload import PAYLOAD_REGISTRY, Order


async def all_ways_to_read(stream: aiohttp.StreamReader) -> None:
    assert_type(await stream.read(), bytes)
    assert_type(await stream.readany(), bytes)
    assert_type(await stream.readexactly(4), bytes)
    assert_type(await stream.readline(max_line_length=2**20), bytes)
    assert_type(await stream.readuntil(b"\r\n"), bytes)
    assert_type(await stream.readchunk(), tuple[bytes, bool])
    assert_type(stream.read_nowait(10), bytes)
    assert_type(stream.exception(), BaseException | None)
    assert_type(stream.total_bytes, int)
    assert_type(stream.total_compressed_bytes, int | None)
    async for piece in stream.iter_any():
        assert_type(piece, bytes)
    stream.on_eof(lambda: print(stream.at_eof()))
    await stream.wait_eof()


async def save(response: aiohttp.ClientResponse, path: Path) -> int:
    with path.open("wb") as file:
        return sum([file.write(piece) async for piece in response.content.iter_chunked(2**16)])


async def fed_by_a_task(session: aiohttp.ClientSession) -> None:
    stream = aiohttp.StreamReader()

    async def feed() -> None:
        stream.feed_data(b"piece")
        stream.feed_eof()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(feed())
        await session.post("http://example.org", data=stream)


async def piped(session: aiohttp.ClientSession) -> None:
    async with session.get("http://a.example") as source:
        async with session.put("http://b.example", data=source.content, headers={"X": "1"}) as response:
            assert_type(response.ok, bool)


async def files(session: aiohttp.ClientSession, path: Path) -> None:
    with path.open("rb") as binary, path.open() as text:
        for data in (binary, text, io.BytesIO(b"x"), io.StringIO("x"), {"file": binary}, memoryview(b"x")):
            await session.post("http://example.org", data=data, compress="gzip", chunked=True, expect100=True)


async def tracked(session: aiohttp.ClientSession) -> None:
    tracker = aiohttp.UploadTracker()
    async with session.post("http://example.org", data=b"x" * 2**20, upload_tracker=tracker) as response:
        assert_type(response.output_size, int)


class Point:
    x = y = 0


@aiohttp.payload_type(Point)
class PointPayload(aiohttp.BytesPayload):
    def __init__(self, value: Point, **options: Any) -> None:
        super().__init__(f"{value.x},{value.y}".encode(), content_type="text/plain", **options)


class Own(aiohttp.Payload[dict[str, int]]):
    async def write(self, writer: aiohttp.abc.AbstractStreamWriter) -> None:
        await writer.write(json.dumps(self._value).encode())
        await writer.drain()

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return json.dumps(self._value)


def payloads() -> None:
    PAYLOAD_REGISTRY.register(Own, dict, order=Order.try_last)
    payload = aiohttp.get_payload(b"x")
    assert_type(payload, aiohttp.Payload[Any])
    assert_type(payload.size, int | None)
    assert_type(payload.headers, CIMultiDict[str])
    payload.set_content_disposition("attachment", filename="x.txt")
    aiohttp.JsonPayload({"a": 1}, dumps=lambda value: json.dumps(value, sort_keys=True))


def multipart() -> aiohttp.MultipartWriter:
    with aiohttp.MultipartWriter("mixed", boundary="b") as writer:
        part = writer.append(b"bytes", {"X-Part": "1"})
        assert_type(part, aiohttp.Payload[Any])
        writer.append_json({"a": [1]})
        writer.append_form([("a", "b")])
        writer.append_form({"a": "b"})
    assert_type(writer.boundary, str)
    assert_type(len(writer), int)
    return writer


async def parts(response: aiohttp.ClientResponse) -> None:
    async for part in aiohttp.MultipartReader.from_response(response):
        if isinstance(part, aiohttp.BodyPartReader):
            assert_type(part.name, str | None)
            assert_type(part.filename, str | None)
            assert_type(await part.read(decode=True), bytearray)
            assert_type(await part.text(), str)
            assert_type(await part.form(), list[tuple[str, str]])
            while chunk := await part.read_chunk(2**16):
                assert_type(chunk, bytes)
        else:
            assert_type(part, aiohttp.MultipartReader)
            assert_type(await part.next(), aiohttp.BodyPartReader | aiohttp.MultipartReader | None)


@aiohttp.streamer
async def written(writer: aiohttp.abc.AbstractStreamWriter, count: int) -> None:
    for _ in range(count):
        await writer.write(b"piece")


async def streamed(session: aiohttp.ClientSession) -> None:
    async def lines() -> AsyncIterator[bytes]:
        for number in range(3):
            yield json.dumps(number).encode() + b"\n"

    await session.post("http://example.org", data=written(5))
    await session.post("http://example.org", data=lines())


async def queue() -> None:
    items: aiohttp.DataQueue[int] = aiohttp.DataQueue(asyncio.get_running_loop())
    items.feed_data(1, 1)
    assert_type(await items.read(), int)
    async for item in items:
        assert_type(item, int)
