"""Parsing response heads: our three backends beside httptools and aiohttp.

    python -m pytest benchmarks/bench_head.py

"lazy" is all that is needed to frame the body; "headers" reads the header dict as well.
"""

import importlib
from typing import Any

import pytest

from aiohttp_client._http import DEFAULT_LIMITS

SMALL = (
    b"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Mon, 23 Nov 2026 13:00:00 GMT\r\n"
    b"Content-Type: application/json\r\nContent-Length: 56\r\nConnection: keep-alive\r\n"
    b'ETag: "6561d0f2-38"\r\nLast-Modified: Mon, 23 Nov 2026 12:00:00 GMT\r\nAccept-Ranges: bytes\r\n'
    b"Cache-Control: no-cache\r\nVary: Accept\r\n"
    b"X-Request-Id: 1f2e3d4c5b6a798807162534435111111111111111111111111111111111\r\n\r\n"
)
assert len(SMALL) == 358, len(SMALL)
LARGE = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 56\r\n"
    + b"".join(b"X-Field-Number-%02d: %s\r\n" % (number, b"value " * 11) for number in range(39))
    + b"\r\n"
)
HEADS = {"358 bytes, 11 fields": SMALL, f"{len(LARGE)} bytes, 40 fields": LARGE}
BACKENDS = {"c": "_speedups", "httptools": "_llhttp", "py": "_pure"}


@pytest.fixture(params=HEADS)
def data(request: pytest.FixtureRequest) -> bytes:
    return HEADS[request.param] + b"x" * 56


@pytest.fixture(params=BACKENDS)
def parse_head(request: pytest.FixtureRequest) -> Any:
    return importlib.import_module(f"aiohttp_client.{BACKENDS[request.param]}.head").parse_head


def test_lazy(benchmark: Any, parse_head: Any, data: bytes) -> None:
    head = benchmark(parse_head, data, DEFAULT_LIMITS)
    assert (head.status, head.length, head.end) == (200, 56, len(data) - 56)


def test_headers(benchmark: Any, parse_head: Any, data: bytes) -> None:
    headers = benchmark(lambda: parse_head(data, DEFAULT_LIMITS).headers)
    assert headers["content-length"] == "56"


def test_httptools_with_header_callbacks(benchmark: Any, data: bytes) -> None:
    httptools = pytest.importorskip("httptools")

    class Collects:
        def __init__(self) -> None:
            self.headers: list[tuple[bytes, bytes]] = []
            self.done = False

        def on_header(self, name: bytes, value: bytes) -> None:
            self.headers.append((name, value))

        def on_message_complete(self) -> None:
            self.done = True

    def parse() -> Any:
        collects = Collects()
        httptools.HttpResponseParser(collects).feed_data(data)
        return collects

    assert benchmark(parse).done


def test_aiohttp(benchmark: Any, data: bytes) -> None:
    import asyncio

    parser = pytest.importorskip("aiohttp.http_parser")
    base_protocol = importlib.import_module("aiohttp.base_protocol")
    loop = asyncio.new_event_loop()
    protocol = base_protocol.BaseProtocol(loop)

    def parse() -> Any:
        messages, _, _ = parser.HttpResponseParser(protocol, loop, 2**16).feed_data(data)
        return messages[0][0]

    try:
        assert benchmark(parse).code == 200
    finally:
        loop.close()
