"""Opening a WebSocket: what is sent, and what the answer must say."""

import asyncio
import re

import pytest

import aiohttp_client as aiohttp
from aiohttp_client._wire.wshandshake import accept_value

HELLO = b"\x81\x05Hello"


def key_of(request):
    return re.search(rb"\r\nSec-WebSocket-Key: (.*?)\r\n", request)[1].decode()


def answer(request, *, status=b"101 Switching Protocols", extra=b"", **changes):
    """A good answer, but for changes: a header by its name with _ for -, None to leave it out."""
    fields = {
        "Upgrade": b"websocket",
        "Connection": b"Upgrade",
        "Sec_WebSocket_Accept": accept_value(key_of(request)).encode(),
        **changes,
    }
    lines = b"".join(
        name.replace("_", "-").encode() + b": " + value + b"\r\n" for name, value in fields.items() if value is not None
    )
    return b"HTTP/1.1 " + status + b"\r\n" + lines + b"\r\n" + extra


async def test_what_is_sent(origin):
    origin.answers(lambda request: answer(request, extra=b"\x88\x02\x03\xe8"))
    async with aiohttp.ClientSession(headers={"X-Session": "1"}, cookies={"a": "b"}) as session:
        options = {"protocols": iter(("chat", "superchat")), "origin": "http://o.example", "compress": 12}
        async with session.ws_connect(origin.url + "/p", params={"q": 1}, headers={"X": "2"}, **options) as ws:
            assert (ws.protocol, ws.compress) == (None, 0)
    lines = origin.requests[0].split(b"\r\n")
    assert lines[0] == b"GET /p?q=1 HTTP/1.1"
    for line in (
        b"X-Session: 1",
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Version: 13",
        b"Sec-WebSocket-Protocol: chat,superchat",
        b"Origin: http://o.example",
        b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits; server_max_window_bits=12",
        b"X: 2",
        b"Cookie: a=b",
    ):
        assert line in lines, line


async def test_the_key_is_ours_and_a_new_one_each_time(origin):
    origin.answers(lambda request: answer(request, extra=b"\x88\x00"))
    async with aiohttp.ClientSession() as session:
        for _ in range(2):
            async with session.ws_connect(origin.url, headers={"Sec-WebSocket-Key": "mine"}):
                pass
    keys = {key_of(request) for request in origin.requests}
    assert len(keys) == 2 and "mine" not in keys


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"Upgrade": b"WebSocket"},
        {"Connection": b"keep-alive, upgrade"},
        {"Sec_WebSocket_Protocol": b"superchat"},
        {"Sec_WebSocket_Extensions": b"permessage-deflate; server_no_context_takeover"},
    ],
)
@pytest.mark.parametrize("cut", [False, True])
async def test_answers_that_open_a_websocket(origin, changes, cut):
    """Frames that come along with the answer are not lost."""
    origin.answers(lambda request: answer(request, extra=HELLO + b"\x88\x02\x03\xe8", **changes), cut=cut)
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(origin.url, protocols=("chat", "superchat"), compress=15) as ws:
            assert ws.protocol == ("superchat" if "Sec_WebSocket_Protocol" in changes else None)
            assert ws.compress == (15 if "Sec_WebSocket_Extensions" in changes else 0)
            assert await ws.receive_str() == "Hello"
            assert (await ws.receive()).type is aiohttp.WSMsgType.CLOSE
        assert ws.close_code == 1000
        assert session.connector._pool.in_use == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"status": b"200 OK", "Content_Length": b"0"}, "Invalid response status"),
        ({"status": b"426 Upgrade Required", "Content_Length": b"0"}, "Invalid response status"),
        ({"Upgrade": None}, "Invalid upgrade header"),
        ({"Upgrade": b"h2c"}, "Invalid upgrade header"),
        ({"Connection": None}, "Invalid connection header"),
        ({"Connection": b"keep-alive"}, "Invalid connection header"),
        ({"Sec_WebSocket_Accept": None}, "Invalid challenge response"),
        ({"Sec_WebSocket_Accept": b"AAAAAAAAAAAAAAAAAAAAAAAAAAA="}, "Invalid challenge response"),
        ({"Sec_WebSocket_Extensions": b"x-other"}, "x-other was not offered"),
        ({"Sec_WebSocket_Extensions": b"permessage-deflate; foo=1"}, "Extension for deflate not supported; foo=1"),
        ({"Sec_WebSocket_Extensions": b"permessage-deflate; server_max_window_bits=99"}, "Invalid window size"),
    ],
)
async def test_answers_that_open_none(origin, changes, message):
    origin.answers(lambda request: answer(request, **changes))
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await session.ws_connect(origin.url, compress=15)
        assert message in caught.value.message
        assert caught.value.status == int(changes.get("status", b"101")[:3])
        assert caught.value.headers is not None and str(caught.value.request_info.real_url) == origin.url
        assert session.connector._pool.in_use == 0


async def test_a_refusal_keeps_what_it_said(origin):
    for body in (b"no entry", b"x" * 100_000):
        origin.plays(b"HTTP/1.1 403 No\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                await session.ws_connect(origin.url)
        assert caught.value.body == body[:65536]


async def test_redirects_and_refusals_of_the_network(origin):
    origin.answers(
        lambda request: (
            answer(request, extra=b"\x88\x00")
            if b"GET /ws " in request
            else b"HTTP/1.1 302 F\r\nLocation: /ws\r\nContent-Length: 0\r\n\r\n"
        )
    )
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(origin.url.replace("http", "ws")):
            pass
        await origin.refuses()
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.ws_connect(origin.url)


async def test_a_server_that_does_not_answer_runs_into_the_limits_of_the_session(origin):
    origin.script([origin.WAIT, origin.STALL])
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=0.1)) as session:
        with pytest.raises(TimeoutError):
            await session.ws_connect(origin.url)
        assert session.connector._pool.in_use == 0


async def test_the_limits_of_the_session_end_with_the_handshake(origin):
    origin.script([origin.WAIT, answer, 0.3, HELLO, b"\x88\x00"])
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=0.2, sock_read=0.1)) as session:
        async with session.ws_connect(origin.url) as ws:
            assert await ws.receive_str() == "Hello"


@pytest.mark.parametrize("compress", [1, 8, 16, -1])
async def test_window_sizes_that_cannot_be_offered(compress):
    async with aiohttp.ClientSession() as session:
        with pytest.raises(ValueError, match="9 to 15"):
            await session.ws_connect("http://127.0.0.1:1", compress=compress)


async def test_cookies_go_along_and_are_kept_on_the_way(origin):
    hop = b"HTTP/1.1 302 F\r\nLocation: /ws\r\nSet-Cookie: hop=1\r\nContent-Length: 0\r\n\r\n"
    origin.answers(lambda request: hop if b"GET /r " in request else answer(request, Set_Cookie=b"ws=2; Path=/"))
    async with aiohttp.ClientSession() as session:
        ws = await session.ws_connect(origin.named_url + "/r")
        assert b"\r\nCookie: hop=1\r\n" in origin.requests[1]
        assert {cookie.key: cookie.value for cookie in session.cookie_jar} == {"hop": "1", "ws": "2"}
    assert (await ws.receive()).type is aiohttp.WSMsgType.CLOSED


@pytest.mark.parametrize(
    "options",
    [
        {"protocols": ("a\r\nX: y",)},
        {"origin": "http://x\r\nY: z"},
        {"headers": {"X": "a\nb"}},
        {"headers": {"Upgrade": "websocket\r\nX: y"}},
        {"method": "GET / HTTP/1.1\r\nX:"},
    ],
)
async def test_nothing_can_be_injected(origin, options):
    async with aiohttp.ClientSession() as session:
        with pytest.raises(ValueError):
            await session.ws_connect(origin.url, **options)
    assert not origin.requests


async def test_no_ssl_is_an_old_way_to_say_the_usual(origin):
    origin.answers(lambda request: answer(request, extra=b"\x88\x00"))
    async with aiohttp.ClientSession() as session:
        with pytest.warns(DeprecationWarning, match="ssl=True"):
            ws = await session.ws_connect(origin.url, ssl=None)
        await ws.close()


async def test_old_ways_to_say_how_long(origin):
    origin.answers(lambda request: answer(request, extra=b"\x88\x00"))
    async with aiohttp.ClientSession() as session:
        with pytest.warns(DeprecationWarning, match="ws_close"):
            ws = await session.ws_connect(origin.url, timeout=3.0, receive_timeout=2.0)
        assert ws._timeout == aiohttp.ClientWSTimeout(ws_receive=2.0, ws_close=3.0)
        await ws.close()


async def test_a_websocket_that_is_not_awaited_says_so():
    async with aiohttp.ClientSession() as session:
        with pytest.warns(RuntimeWarning, match="never awaited"):
            session.ws_connect("http://127.0.0.1:1")
            import gc

            gc.collect()


async def test_middlewares_traces_and_auth_see_the_handshake(origin):
    origin.answers(lambda request: answer(request, extra=b"\x88\x00"))
    seen = []

    async def middleware(request, handler):
        seen.append(request.headers["Upgrade"])
        request.headers["X-Middleware"] = "1"
        return await handler(request)

    trace = aiohttp.TraceConfig()

    @trace.on_request_end
    async def end(session, context, params):
        seen.append(params.response.status)

    async with aiohttp.ClientSession(middlewares=[middleware], trace_configs=[trace]) as session:
        async with session.ws_connect(origin.url, auth=aiohttp.BasicAuth("u", "p")):
            pass
    assert seen == ["websocket", 101]
    assert b"X-Middleware: 1" in origin.requests[0] and b"Authorization: Basic" in origin.requests[0]


async def test_a_101_that_nobody_asked_for_is_a_response(origin):
    origin.script(
        [
            origin.WAIT,
            b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nother protocol",
            origin.STALL,
        ]
    )
    async with aiohttp.ClientSession() as session:
        response = await session.get(origin.url)
        assert response.status == 101 and response.connection is not None
        assert await response.read() == b""
        assert response.connection is not None and not response.closed
        assert session.connector._pool.in_use == 1
        response.close()
        assert session.connector._pool.in_use == 0


async def test_a_slot_is_taken_until_the_websocket_ends(origin):
    origin.answers(lambda request: answer(request))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:
        ws = await session.ws_connect(origin.url)
        assert session.connector._pool.in_use == 1
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await session.ws_connect(origin.url)
        closing = asyncio.create_task(ws.close())
        await asyncio.sleep(0.02)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        assert ws.close_code == 1006
        await asyncio.sleep(0.02)
        assert session.connector._pool.in_use == 0
