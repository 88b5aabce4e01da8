"""Code as users write it: type checkers have to accept it, and to know what comes out (test_typing.py)."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from http.cookies import SimpleCookie
from types import SimpleNamespace
from typing import Any, assert_type

from multidict import CIMultiDict, CIMultiDictProxy, MultiDict
from yarl import URL

import aiohttp_client as aiohttp
import aiohttp_client.http_exceptions
from aiohttp_client.client_reqrep import ConnectionKey
from aiohttp_client.helpers import BasicAuth, strip_auth_from_url


async def simple() -> str:
    async with aiohttp.ClientSession() as session:
        assert_type(session, aiohttp.ClientSession)
        async with session.get("http://example.org", params={"a": 1, "b": ["x", "y"]}) as response:
            assert_type(response, aiohttp.ClientResponse)
            assert_type(response.status, int)
            assert_type(response.headers, CIMultiDictProxy[str])
            assert_type(response.url, URL)
            assert_type(response.content, aiohttp.StreamReader)
            assert_type(await response.read(), bytes)
            assert_type(response.history, tuple[aiohttp.ClientResponse, ...])
            return await response.text()


async def awaited(session: aiohttp.ClientSession) -> None:
    response = await session.post(URL("http://example.org"), json={"a": [1, None]}, headers={"X": "1"})
    assert_type(response, aiohttp.ClientResponse)
    task = asyncio.create_task(session.get("http://example.org", headers=[("A", "1"), ("A", "2")]))
    assert_type(await task, aiohttp.ClientResponse)
    first, second = await asyncio.gather(session.get("http://a.example"), session.head("http://b.example"))
    assert_type(first, aiohttp.ClientResponse)
    second.release()
    response.raise_for_status()
    await response.release()
    async with aiohttp.request("PUT", "http://example.org", data=b"x") as other:
        assert_type(other, aiohttp.ClientResponse)


async def all_options(context: ssl.SSLContext) -> aiohttp.ClientSession:
    async def check(response: aiohttp.ClientResponse) -> None: ...

    connector = aiohttp.TCPConnector(limit=10, limit_per_host=2, ssl=context, ttl_dns_cache=None, force_close=False)
    return aiohttp.ClientSession(
        "http://example.org/api/",
        connector=connector,
        headers=CIMultiDict([("A", "b")]),
        cookies={"a": "b"},
        auth=aiohttp.BasicAuth("user", "password"),
        timeout=aiohttp.ClientTimeout(total=10, sock_read=1.5),
        cookie_jar=aiohttp.DummyCookieJar(),
        raise_for_status=check,
        trust_env=True,
        json_serialize=lambda value: str(value),
        trace_configs=[aiohttp.TraceConfig()],
        middlewares=[aiohttp.DigestAuthMiddleware("user", "password")],
    )


async def bodies(session: aiohttp.ClientSession) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"piece"

    form = aiohttp.FormData({"a": "b"})
    form.add_field("file", b"content", filename="name", content_type="text/plain")
    writer = aiohttp.MultipartWriter("mixed")
    writer.append("text")
    for data in (b"bytes", "text", {"a": "b"}, [("a", "b")], MultiDict(a="b"), form, pieces(), writer):
        await session.post("http://example.org", data=data, timeout=5, ssl=False, allow_redirects=False)


async def streams(response: aiohttp.ClientResponse) -> None:
    async for line in response.content:
        assert_type(line, bytes)
    async for chunk in response.content.iter_chunked(1024):
        assert_type(chunk, bytes)
    async for data, ends in response.content.iter_chunks():
        assert_type(data, bytes)
        assert_type(ends, bool)
    assert_type(response.cookies, SimpleCookie)
    value: Any = await response.json(content_type=None)
    print(value)


def tracing() -> aiohttp.TraceConfig[SimpleNamespace]:
    async def on_start(
        session: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestStartParams
    ) -> None:
        context.begun = asyncio.get_running_loop().time()
        params.headers["X-Trace"] = "1"
        assert_type(params.url, URL)

    config = aiohttp.TraceConfig()
    assert_type(config, aiohttp.TraceConfig[SimpleNamespace])
    config.on_request_start.append(on_start)
    return config


async def middleware(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    request.headers["Authorization"] = "Bearer token"
    return await handler(request)


as_middleware: aiohttp.ClientMiddlewareType = middleware


def errors(error: aiohttp.ClientError) -> str:
    if isinstance(error, aiohttp.ClientResponseError):
        return f"{error.status} {error.message} {error.request_info.real_url}"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"{error.host}:{error.port}"
    return str(error)


def by_other_paths(error: BaseException, url: URL) -> aiohttp.BasicAuth | None:
    if isinstance(error, aiohttp.client_exceptions.ClientConnectorError):
        assert_type(error, aiohttp.ClientConnectorError)
        print(aiohttp.http.SERVER_SOFTWARE, ConnectionKey)
    if isinstance(error, aiohttp_client.http_exceptions.BadHttpMessage | aiohttp.exceptions.LineTooLong):
        assert_type(error.message, str)
    print(aiohttp.client.DEFAULT_TIMEOUT, aiohttp.client._RequestContextManager, aiohttp.connector.TCPConnector)
    stripped, auth = strip_auth_from_url(url)
    assert_type(stripped, URL)
    assert_type(auth, BasicAuth | None)
    return auth
