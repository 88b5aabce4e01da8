"""What a session is made with, what it tells of that, and how it ends."""

import asyncio
import gc
import json
from http import HTTPMethod

import pytest
from multidict import CIMultiDict, MultiDict

import aiohttp_client as aiohttp

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def test_a_session_needs_a_running_loop():
    with pytest.raises(RuntimeError, match="no running event loop"):
        aiohttp.ClientSession()


async def test_the_defaults():
    async with aiohttp.ClientSession() as session:
        assert session.timeout == aiohttp.ClientTimeout(total=300, sock_connect=30)
        assert isinstance(session.connector, aiohttp.TCPConnector) and isinstance(session.cookie_jar, aiohttp.CookieJar)
        assert session.loop is asyncio.get_running_loop()
        assert session.json_serialize is json.dumps
        assert (session.headers, session.skip_auto_headers, session.trace_configs) == ({}, frozenset(), [])
        assert (session.auth, session.version) == (None, aiohttp.HttpVersion11)
        assert session.connector_owner and session.auto_decompress and session.requote_redirect_url
        assert not (session.closed or session.trust_env or session.raise_for_status)


async def test_a_session_tells_what_it_was_made_with():
    jar, traces, auth = aiohttp.DummyCookieJar(), [aiohttp.TraceConfig()], aiohttp.BasicAuth("a", "b")
    async with aiohttp.ClientSession(
        headers=[("X", "1"), ("x", "2")],
        skip_auto_headers=["Accept"],
        cookie_jar=jar,
        trace_configs=traces,
        auth=auth,
        version=(1, 0),
        connector_owner=False,
        auto_decompress=False,
        requote_redirect_url=False,
        trust_env=True,
        raise_for_status=True,
        json_serialize=str,
        connector=aiohttp.TCPConnector(),
        loop=asyncio.get_running_loop(),
    ) as session:
        assert session.headers.getall("X") == ["1", "2"] and "accept" in session.skip_auto_headers
        assert session.cookie_jar is jar and session.trace_configs == traces and session.auth == auth
        assert session.version == aiohttp.HttpVersion10 and session.json_serialize is str
        assert session.trust_env and session.raise_for_status
        assert not (session.connector_owner or session.auto_decompress or session.requote_redirect_url)
        session.requote_redirect_url = True
        assert session.requote_redirect_url
        session.anything = "of the user's"  # which aiohttp's users do
        connector = session.connector
    assert session.closed and session.connector is None and not connector.closed
    await connector.close()


@pytest.mark.parametrize(
    ("options", "timeout"),
    [
        ({"timeout": None}, aiohttp.ClientTimeout(total=300, sock_connect=30)),
        ({"timeout": aiohttp.ClientTimeout(sock_read=1)}, aiohttp.ClientTimeout(sock_read=1)),
        ({"read_timeout": 7}, aiohttp.ClientTimeout(total=7, sock_connect=30)),
        ({"read_timeout": None}, aiohttp.ClientTimeout(sock_connect=30)),
        ({"conn_timeout": 7}, aiohttp.ClientTimeout(total=300, connect=7, sock_connect=30)),
    ],
)
async def test_timeouts_by_their_new_and_old_names(options, timeout):
    async with aiohttp.ClientSession(**options) as session:
        assert session.timeout == timeout


async def test_what_the_user_hands_in_is_never_changed(origin):
    origin.plays(OK)
    given = {
        "headers": CIMultiDict([("X", "1"), ("Host", "h"), ("Content-Type", "a/b")]),
        "params": MultiDict([("a", "1")]),
        "cookies": {"c": "d"},
        "json": {"q": [1]},
        "skip_auto_headers": ["Accept"],
        "middlewares": [],
    }
    before = {name: value.copy() for name, value in given.items()}
    own = {"headers": CIMultiDict(Y="1"), "cookies": {"s": "1"}, "skip_auto_headers": ["User-Agent"]}
    async with aiohttp.ClientSession(**own) as session:
        await session.post(origin.url, **given)
        session.headers["Z"] = "1"
    assert given == before
    assert own == {"headers": CIMultiDict(Y="1"), "cookies": {"s": "1"}, "skip_auto_headers": ["User-Agent"]}


async def test_what_is_more_than_a_str_or_bytes_is_sent_as_one(origin):
    class Raw(bytes):
        pass

    class Name(str):
        __slots__ = ()

    origin.plays(OK)
    async with aiohttp.ClientSession() as session:
        for method in (HTTPMethod.POST, Name("POST"), Name("purge")):
            await session.request(method, Name(origin.url), data=Raw(b"body"), headers={Name("X-Own"): Name("1")})
    lines = [request.partition(b" ")[0] for request in origin.requests]
    assert lines == [b"POST", b"POST", b"PURGE"]
    assert all(b"\r\nX-Own: 1\r\n" in request and request.endswith(b"body") for request in origin.requests)


async def test_limits_may_be_any_number_or_none(origin):
    origin.plays(OK)
    for limit in (None, 0, True, 2.5, float("inf")):
        connector = aiohttp.TCPConnector(limit=limit, limit_per_host=limit)
        assert (connector.limit, connector.limit_per_host) == (limit, limit)
        async with aiohttp.ClientSession(connector=connector) as session:
            answers = await asyncio.gather(*[session.get(origin.url) for _ in range(5)])
        assert [answer.status for answer in answers] == [200] * 5


async def test_tls_options_of_the_session_hold_for_its_requests(web, certificates):
    url = await web.tls() + "/json"
    async with aiohttp.ClientSession(ssl=certificates.client()) as session:
        async with session.get(url) as response:
            assert response.status == 200
        with pytest.raises(aiohttp.ServerFingerprintMismatch):
            await session.get(url, ssl=aiohttp.Fingerprint(bytes(32)))


async def test_classes_of_the_user(origin, ws_peer):
    class Response(aiohttp.ClientResponse):
        async def json(self, **options):
            return "mine"

    class WithConstructor(aiohttp.ClientResponse):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            self.noted = self.method

    class Request(aiohttp.ClientRequest):
        def head(self):
            self.headers["X-Own"] = "1"
            return super().head()

    class WebSocket(aiohttp.ClientWebSocketResponse):
        async def close(self, *, code=4000, message=b""):
            return await super().close(code=code, message=message)

    origin.plays(OK)
    async with aiohttp.ClientSession(
        response_class=Response, request_class=Request, ws_response_class=WebSocket
    ) as session:
        async with session.get(origin.url) as response:
            assert type(response) is Response and await response.json() == "mine"
        ws = await session.ws_connect(ws_peer.url)
        assert type(ws) is WebSocket
        side = await ws_peer.connected()
        closing = asyncio.create_task(ws.close())
        opcode, payload = await side.frame()
        assert (opcode & 0x0F, payload) == (8, (4000).to_bytes(2, "big"))
        side.writer.transport.abort()
        await closing
    assert b"\r\nX-Own: 1\r\n" in origin.requests[0]
    async with aiohttp.ClientSession(response_class=WithConstructor) as session:
        async with session.get(origin.url) as response:
            assert response.noted == "GET" and await response.text() == "ok"


async def test_locations_are_sent_as_written_if_asked(origin):
    hop = b"HTTP/1.1 302 Found\r\n%b: /%%7Ea%%2fb\r\nContent-Length: 0\r\n\r\n"
    origin.answers(lambda request: hop % (b"URI" if b"/uri" in request else b"Location") if b"/to" in request else OK)
    for requote in (True, False):
        async with aiohttp.ClientSession(requote_redirect_url=requote) as session:
            await session.get(f"{origin.url}/to")
            await session.get(f"{origin.url}/to/uri")  # the field's name before RFC 2068
    paths = [request.split(b" ")[1] for request in origin.requests if b"/to" not in request]
    assert paths == [b"/~a%2Fb", b"/~a%2Fb", b"/%7Ea%2fb", b"/%7Ea%2fb"]


# -- the end


async def test_with_alone_is_refused():
    session = aiohttp.ClientSession()
    with pytest.raises(TypeError, match="Use async with instead"):
        with session:
            pass
    await session.close()


async def test_a_detached_session_is_closed_and_its_connector_is_not(origin):
    session = aiohttp.ClientSession()
    connector = session.connector
    session.detach()
    assert session.closed and not connector.closed
    with pytest.raises(RuntimeError, match="Session is closed"):
        await session.get(origin.url)
    await connector.close()


@pytest.mark.parametrize("debug", [False, True])
async def test_an_unclosed_session_tells_where_it_was_made_in_debug_mode(debug):
    loop = asyncio.get_running_loop()
    noticed = []
    handler = loop.get_exception_handler()
    loop.set_exception_handler(lambda loop, context: noticed.append(context))
    was, _ = loop.get_debug(), loop.set_debug(debug)
    try:
        session = aiohttp.ClientSession()
        with pytest.warns(ResourceWarning, match="Unclosed client session"):
            del session
            gc.collect()
    finally:
        loop.set_debug(was)
        loop.set_exception_handler(handler)
    (context,) = noticed
    assert context["message"] == "Unclosed client session" and context["client_session"].closed
    assert ("source_traceback" in context) is debug
    if debug:
        assert context["source_traceback"][-2].filename == __file__
    noticed.clear()


async def test_module_level_request_takes_what_a_session_does(origin):
    origin.answers(lambda request: b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    async with aiohttp.request(
        "GET",
        origin.url,
        cookies={"a": "b"},
        headers={"X": "1"},
        params={"q": "1"},
        timeout=aiohttp.ClientTimeout(total=9),
        version=aiohttp.HttpVersion10,
    ):
        pass
    head = origin.requests[0]
    assert head.startswith(b"GET /?q=1 HTTP/1.0\r\n") and b"\r\nCookie: a=b\r\n" in head and b"\r\nX: 1\r\n" in head
    with pytest.raises(aiohttp.InvalidUrlClientError):  # and leaves no session behind
        await aiohttp.request("GET", "/no-host")
