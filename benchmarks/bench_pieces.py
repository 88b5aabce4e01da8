"""The pieces of a request beside aiohttp's: the URL, the request head, the stream of a body, the cookies to send.

python -m pytest benchmarks/bench_pieces.py
"""

import asyncio
import importlib
from collections.abc import Iterable
from typing import Any

import pytest
from multidict import CIMultiDict
from yarl import URL

NAMES = ("aiohttp_client", "aiohttp")
HEADERS = CIMultiDict(
    {
        "Host": "127.0.0.1:8080",
        "Accept": "*/*",
        "Accept-Encoding": "gzip, deflate, br, zstd",
        "User-Agent": "benchmark/1.0",
        "X-Request-Id": "1f2e3d4c5b6a79880716253443526170",
    }
)


def test_request_head(benchmark: Any) -> None:
    from aiohttp_client._wire.serialize import field_lines

    assert benchmark(lambda: field_lines(HEADERS.items())).count(b"\r\n") == len(HEADERS)


def test_request_head_of_aiohttp(benchmark: Any) -> None:
    writer = pytest.importorskip("aiohttp._http_writer")
    assert benchmark(writer._serialize_headers, "GET / HTTP/1.1", HEADERS).endswith(b"\r\n\r\n")


@pytest.mark.parametrize("distinct", [False, True])
def test_target(benchmark: Any, distinct: bool) -> None:
    from aiohttp_client._net.target import target_of

    numbers = iter(range(10**9))

    def target() -> Any:
        return target_of(
            f"http://127.0.0.1:8080/page/{next(numbers)}?q=1" if distinct else "http://127.0.0.1:8080/page?q=1"
        )

    assert benchmark(target).key.port == 8080


@pytest.mark.parametrize("name", NAMES)
def test_stream_of_64_pieces(benchmark: Any, name: str) -> None:
    streams = pytest.importorskip(f"{name}.streams")
    piece = bytes(4096)

    class Source:
        _reading_paused = False

        def pause_reading(self) -> None: ...
        def resume_reading(self, *_: object) -> None: ...

    loop = asyncio.new_event_loop()

    async def read() -> int:
        stream = streams.StreamReader(Source(), 2**16, loop=loop)
        size = 0
        for _ in range(64):
            stream.feed_data(piece)
            size += len(await stream.read(65536))
        return size

    try:
        assert benchmark(lambda: loop.run_until_complete(read())) == 64 * len(piece)
    finally:
        loop.close()


def _jar(name: str, cookies: Iterable[tuple[dict[str, str], str]]) -> Any:
    """A jar of the client of that name with cookies, each with the host they are of."""

    async def filled() -> Any:  # aiohttp makes one only where a loop runs
        jar = importlib.import_module(name).CookieJar()
        for given, host in cookies:
            jar.update_cookies(given, URL(f"http://{host}/"))
        return jar

    return asyncio.run(filled())


@pytest.mark.parametrize("others", [0, 5000])
@pytest.mark.parametrize("name", NAMES)
def test_cookies_to_send(benchmark: Any, name: str, others: int) -> None:
    cookies = [({f"name-{number}": "value"}, f"site-{number % 1000}.test") for number in range(others)]
    jar = _jar(name, [*cookies, ({"session": "1", "theme": "dark"}, "example.test")])
    assert len(benchmark(jar.filter_cookies, URL("http://example.test/"))) == 2


@pytest.mark.parametrize("others", [0, 3000])
@pytest.mark.parametrize("name", NAMES)
def test_cookies_received(benchmark: Any, name: str, others: int) -> None:
    jar = _jar(name, [({"session": "1"}, f"site-{number}.test") for number in range(others)])
    lines = ["session=abcdef0123456789; Path=/; HttpOnly; Max-Age=3600"]
    benchmark(jar.update_cookies_from_headers, lines, URL("http://example.test/"))
    assert [(cookie.key, cookie["path"]) for cookie in jar][others:] == [("session", "/")]
