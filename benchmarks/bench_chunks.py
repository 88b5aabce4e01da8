"""Decoding the chunked transfer coding: a MiB in chunks of 1 KiB and of 16 bytes.

python -m pytest benchmarks/bench_chunks.py
"""

import importlib
from typing import Any

import pytest

from aiohttp_client._http import DEFAULT_LIMITS

BODY = bytes(range(256)) * 4096
BACKENDS = {"c": "_speedups", "py": "_pure"}


def chunked(size: int) -> bytes:
    chunks = [b"%x\r\n%b\r\n" % (size, BODY[at : at + size]) for at in range(0, len(BODY), size)]
    return b"".join(chunks) + b"0\r\n\r\n"


@pytest.fixture(params=[1024, 16])
def segments(request: pytest.FixtureRequest) -> list[bytes]:
    """The coded body as it comes from a socket, 64 KiB at a time."""
    data = chunked(request.param)
    return [data[at : at + 65536] for at in range(0, len(data), 65536)]


@pytest.mark.parametrize("backend", BACKENDS)
def test_ours(benchmark: Any, backend: str, segments: list[bytes]) -> None:
    decoder_class = importlib.import_module(f"aiohttp_client.{BACKENDS[backend]}.chunks").ChunkDecoder

    def decode() -> list[bytes]:
        decoder = decoder_class(DEFAULT_LIMITS)
        return [payload for segment in segments for payload, _ in decoder.feed(segment)]

    assert b"".join(benchmark(decode)) == BODY


def test_httptools(benchmark: Any, segments: list[bytes]) -> None:
    httptools = pytest.importorskip("httptools")

    class Collects:
        def __init__(self) -> None:
            self.body: list[bytes] = []
            self.on_body = self.body.append

    def decode() -> list[bytes]:
        collects = Collects()
        parser = httptools.HttpResponseParser(collects)
        parser.feed_data(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for segment in segments:
            parser.feed_data(segment)
        return collects.body

    assert b"".join(benchmark(decode)) == BODY
