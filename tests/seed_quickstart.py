"""The client quickstart, call by call, as its readers would run it.

    python tests/seed_quickstart.py [uvloop]

Each function is one passage of it, with its own spelling (`import aiohttp_client as aiohttp`, the
hosts httpbin.org, api.github.com, python.org and example.org). The hosts are played on loopback by
httpbin and, for the WebSocket, aiohttp.web: a resolver sends every name there, and the certificates
are those of a private authority. What the passages do not say (an `await` left out, a stream that
never ends) is written beside the line.
"""

import asyncio
import base64
import contextlib
import hashlib
import importlib
import json
import logging
import os
import pathlib
import socket
import ssl
import sys
import tempfile
import threading
import time
import warnings

import httpbin
import trustme
from aiohttp import web
from multidict import MultiDict
from werkzeug.serving import make_server
from yarl import URL

import aiohttp_client as aiohttp
from aiohttp_client import FormData, StreamReader
from aiohttp_client.abc import AbstractResolver

HOSTS = ("httpbin.org", "api.github.com", "github.com", "python.org", "example.org", "example.com")
REPORT = b"\xd0\xcf\x11\xe0 report"
EVENTS = json.dumps([{"created_at": "2015-06-12T14:06:22Z", "text": "Тест"}], ensure_ascii=False)


def application(environ, start_response):
    """httpbin, and the one page of api.github.com."""
    if environ["PATH_INFO"] == "/events":
        body = EVENTS.encode("windows-1251") if environ.get("QUERY_STRING") == "cyrillic" else EVENTS.encode()
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]
    # httpbin takes chunked bodies only from servers it knows to undo the chunks, as this one does, too.
    environ["SERVER_SOFTWARE"] = "gunicorn/23"
    return httpbin.app(environ, start_response)


class ToLoopback(AbstractResolver):
    """Every name is here, whatever port is asked for: the servers cannot have 80 and 443."""

    def __init__(self, ports):
        self._ports = ports

    async def resolve(self, host, port=0, family=socket.AF_INET):
        assert host in HOSTS, host
        port = self._ports[host, port] if (host, port) in self._ports else self._ports[port]
        return [{"hostname": host, "host": "127.0.0.1", "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}]

    async def close(self):
        pass


@contextlib.asynccontextmanager
async def the_net():
    """(a function that makes connectors to it, a folder with the files named)"""
    authority = trustme.CA()
    server_context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*HOSTS).configure_cert(server_context)
    client_context = ssl.create_default_context()
    authority.configure_trust(client_context)
    plain = make_server("127.0.0.1", 0, application, threaded=True)
    secure = make_server("127.0.0.1", 0, application, threaded=True, ssl_context=server_context)
    threads = [threading.Thread(target=server.serve_forever, daemon=True) for server in (plain, secure)]
    for thread in threads:
        thread.start()
    runner = web.AppRunner(chat_application())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    ports = {80: plain.port, 443: secure.port, ("example.org", 80): site._server.sockets[0].getsockname()[1]}
    with tempfile.TemporaryDirectory() as folder:
        before = pathlib.Path.cwd()
        os.chdir(folder)  # the passages name files without a folder
        pathlib.Path("report.xls").write_bytes(REPORT)
        pathlib.Path("massive-body").write_bytes(os.urandom(300_000))
        pathlib.Path("huge_file").write_bytes(b"0123456789" * 20_000)
        try:
            yield lambda: aiohttp.TCPConnector(resolver=ToLoopback(ports), ssl=client_context)
        finally:
            os.chdir(before)
            await runner.cleanup()
            for server, thread in zip((plain, secure), threads, strict=True):
                server.shutdown()
                thread.join()
                server.server_close()


def chat_application():
    async def websocket(request):
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        await ws.send_str("question")
        assert (await ws.receive()).data == "question/answer"
        await ws.send_str("close cmd")
        async for _ in ws:
            pass
        return ws

    app = web.Application()
    app.router.add_get("/websocket", websocket)
    return app


# -- Make a Request


async def make_a_request(connector):
    async with aiohttp.ClientSession(connector=connector()) as session:
        async with session.get("https://api.github.com/events") as resp:
            assert resp.status == 200
            assert await resp.text() == EVENTS


async def other_methods(connector):
    async with aiohttp.ClientSession(connector=connector()) as session:
        # Each is sent when awaited.
        for request in (
            session.post("http://httpbin.org/post", data=b"data"),
            session.put("http://httpbin.org/put", data=b"data"),
            session.delete("http://httpbin.org/delete"),
            session.head("http://httpbin.org/get"),
            session.options("http://httpbin.org/get"),
            session.patch("http://httpbin.org/patch", data=b"data"),
        ):
            async with request as resp:
                assert resp.status == 200
                if resp.method in ("POST", "PUT", "PATCH"):
                    assert (await resp.json())["data"] == "data"


async def a_request_that_is_not_awaited_says_so(connector):
    async with aiohttp.ClientSession(connector=connector()) as session:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            session.post("http://httpbin.org/post", data=b"data")
        assert any("never awaited" in str(warning.message) for warning in caught)


# -- Passing Parameters In URLs


async def passing_parameters(connector):
    async with aiohttp.ClientSession(connector=connector()) as session:
        params = {"key1": "value1", "key2": "value2"}
        async with session.get("http://httpbin.org/get", params=params) as resp:
            # In the order given; the passage has them the other way round.
            assert str(resp.url) == "http://httpbin.org/get?key1=value1&key2=value2"
        for params in ([("key", "value1"), ("key", "value2")], MultiDict([("key", "value1"), ("key", "value2")])):
            async with session.get("http://httpbin.org/get", params=params) as r:
                assert str(r.url) == "http://httpbin.org/get?key=value1&key=value2"
                assert (await r.json())["args"] == {"key": ["value1", "value2"]}
        async with session.get("http://httpbin.org/get", params="key=value+1") as r:
            assert str(r.url) == "http://httpbin.org/get?key=value+1"


async def canonical_urls(connector):
    # The passage has another "/" in it.
    assert str(URL("http://example.com/путь%30?a=%31")) == "http://example.com/%D0%BF%D1%83%D1%82%D1%8C0?a=1"
    async with aiohttp.ClientSession(connector=connector()) as session:
        async with session.get(URL("http://example.com/anything/путь%30?a=%31")) as resp:
            assert resp.url.raw_path == "/anything/%D0%BF%D1%83%D1%82%D1%8C0"
        async with session.get(URL("http://example.com/%30", encoded=True)) as resp:
            assert resp.url.raw_path == "/%30"


# -- Response Content and Status Code, Binary Response Content, JSON


async def response_content(connector):
    async with aiohttp.ClientSession(connector=connector()) as session:
        async with session.get("https://api.github.com/events") as resp:
            assert resp.status == 200
            assert (await resp.text()).startswith('[{"created_at": "2015')
            assert (await resp.read()).startswith(b'[{"created_at": "2015')
        async with session.get("https://api.github.com/events?cyrillic") as resp:
            assert await resp.text(encoding="windows-1251") == EVENTS
        for coding in ("gzip", "deflate"):
            async with session.get(f"http://httpbin.org/{coding}") as resp:
                assert b'"Accept-Encoding"' in await resp.read()


async def json_request(connector):
    url = "http://httpbin.org/post"
    async with aiohttp.ClientSession(connector=connector()) as session:
        async with session.post(url, json={"test": "object"}) as resp:
            assert (await resp.json())["json"] == {"test": "object"}

    def dumps(value):  # where the passage takes ujson's
        return json.dumps(value, separators=(",", ":"))

    async with aiohttp.ClientSession(connector=connector(), json_serialize=dumps) as session:
        async with session.post(url, json={"test": "object"}) as resp:
            assert (await resp.json())["data"] == '{"test":"object"}'


async def json_response(connector):
    async with aiohttp.ClientSession(connector=connector()) as session:
        async with session.get("https://api.github.com/events") as resp:
            assert (await resp.json())[0]["created_at"] == "2015-06-12T14:06:22Z"


# -- Streaming Response Content


async def streaming_response(connector):
    filename, chunk_size = "downloaded", 1000
    async with aiohttp.ClientSession(connector=connector()) as session:
        async with session.get("https://api.github.com/events") as resp:
            assert await resp.content.read(10) == b'[{"created'
        async with session.get("http://httpbin.org/bytes/50000?seed=1") as resp:
            with open(filename, "wb") as fd:
                while True:
                    chunk = await resp.content.read(chunk_size)
                    if not chunk:
                        break
                    fd.write(chunk)
        async with session.get("http://httpbin.org/bytes/50000?seed=1") as resp:
            assert pathlib.Path(filename).read_bytes() == await resp.read()


# -- More complicated POST requests


async def complicated_posts(connector):
    url = "http://httpbin.org/post"
    async with aiohttp.ClientSession(connector=connector()) as session:
        payload = {"key1": "value1", "key2": "value2"}
        async with session.post(url, data=payload) as resp:
            assert (await resp.json())["form"] == payload
        async with session.post(url, data=b"\x00Binary-data\x00") as resp:
            echo = await resp.json()
            assert echo["data"].strip("\x00") == "Binary-data"
            assert echo["headers"]["Content-Type"] == "application/octet-stream"
        async with session.post(url, json={"example": "test"}) as resp:
            assert (await resp.json())["json"] == {"example": "test"}
        async with session.post(url, text="Тест") as resp:
            echo = await resp.json()
            assert echo["data"] == "Тест"
            assert echo["headers"]["Content-Type"] == "text/plain; charset=utf-8"


# -- Post a Multipart-Encoded File


async def multipart_file(connector):
    url = "http://httpbin.org/post"
    async with aiohttp.ClientSession(connector=connector()) as session:
        files = {"file": open("report.xls", "rb")}  # the passage's own; the request closes it
        async with await session.post(url, data=files) as resp:
            received = (await resp.json())["files"]["file"]
            assert base64.b64decode(received.partition("base64,")[2]) == REPORT
        assert files["file"].closed
        data = FormData()
        data.add_field(
            "file",
            open("report.xls", "rb"),
            filename="report.xls",
            content_type="application/vnd.ms-excel",
        )
        async with await session.post(url, data=data) as resp:
            echo = await resp.json()
            assert echo["files"]["file"].startswith("data:application/vnd.ms-excel")


# -- Streaming uploads


async def streaming_uploads(connector):
    async with aiohttp.ClientSession(connector=connector()) as session:
        with open("massive-body", "rb") as f:
            async with await session.post("http://httpbin.org/post", data=f) as resp:
                assert (await resp.json())["headers"]["Content-Length"] == "300000"

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)

            @aiohttp.streamer
            def file_sender(writer, file_name=None):
                with open(file_name, "rb") as f:
                    chunk = f.read(2**16)
                    while chunk:
                        yield from writer.write(chunk)
                        chunk = f.read(2**16)

        async with session.post("http://httpbin.org/post", data=file_sender(file_name="huge_file")) as resp:
            assert json.loads(await resp.text())["data"] == "0123456789" * 20_000


async def a_stream_fed_from_another_response(connector):
    async def feed_stream(resp, stream):
        h = hashlib.sha256()
        while True:
            chunk = await resp.content.readany()
            if not chunk:
                break
            h.update(chunk)
            stream.feed_data(chunk)
        stream.feed_eof()  # not in the passage: without it the upload would never end
        return h.hexdigest()

    loop = asyncio.get_running_loop()
    async with aiohttp.ClientSession(connector=connector()) as session:
        resp = await session.get("http://httpbin.org/get")  # the passage leaves the await out
        stream = StreamReader()
        upload = loop.create_task(session.post("http://httpbin.org/post", data=stream))
        file_hash = await feed_stream(resp, stream)
        async with await upload as echo:
            sent = (await echo.json())["data"].encode()
        assert hashlib.sha256(sent).hexdigest() == file_hash


async def an_await_left_out_is_named(connector):
    async with aiohttp.ClientSession(connector=connector()) as session:
        resp = session.get("http://httpbin.org/get")
        try:
            resp.content  # noqa: B018
        except AttributeError as error:
            assert "await session.get" in str(error)
        else:
            raise AssertionError("a request that was not awaited has no content")
        resp.close()


async def connecting_get_and_post(connector):
    async with aiohttp.ClientSession(connector=connector()) as session:
        r = await session.get("http://python.org/bytes/5000?seed=2")
        async with await session.post("http://httpbin.org/post", data=r.content) as resp:
            assert (await resp.json())["headers"]["Transfer-Encoding"] == "chunked"
        assert r.closed


# -- Websockets


async def websockets(connector):
    session = aiohttp.ClientSession(connector=connector())
    answered = []
    async with session.ws_connect("http://example.org/websocket") as ws:
        async for msg in ws:
            if msg.type == aiohttp.WSMsgType.TEXT:
                if msg.data == "close cmd":
                    await ws.close()
                    break
                answered.append(msg.data)
                await ws.send_str(msg.data + "/answer")
            elif msg.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR):
                break
    assert answered == ["question"]
    assert ws.close_code == 1000
    await session.close()


# -- Timeouts


async def timeouts(connector):
    async with aiohttp.ClientSession(connector=connector()) as session:
        assert session.timeout.total == 5 * 60
        for timeout in (60, None, 0):
            async with session.get("https://github.com/get", timeout=timeout) as r:
                assert r.status == 200
        begun = time.monotonic()
        try:
            # async_timeout.timeout() of the passage is asyncio.timeout() today.
            async with asyncio.timeout(0.05):
                async with session.get("https://github.com/delay/5") as r:
                    await r.text()
        except TimeoutError:
            pass
        else:
            raise AssertionError("the time-out did not end the request")
        assert time.monotonic() - begun < 4


PASSAGES = [
    make_a_request,
    other_methods,
    a_request_that_is_not_awaited_says_so,
    passing_parameters,
    canonical_urls,
    response_content,
    json_request,
    json_response,
    streaming_response,
    complicated_posts,
    multipart_file,
    streaming_uploads,
    a_stream_fed_from_another_response,
    an_await_left_out_is_named,
    connecting_get_and_post,
    websockets,
    timeouts,
]


async def main():
    async with the_net() as connector:
        for passage in PASSAGES:
            await passage(connector)
            print(f"{passage.__name__.replace('_', ' '):<45} ok")


if __name__ == "__main__":
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with asyncio.Runner(
        loop_factory=importlib.import_module("uvloop").new_event_loop if sys.argv[1:] else None
    ) as loop:
        loop.run(main())
    print(f"{len(PASSAGES)} passages, backend {aiohttp.BACKEND}, Python {sys.version.split()[0]}")
