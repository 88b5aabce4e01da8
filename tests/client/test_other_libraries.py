"""What libraries for mocking, recording, caching, SOCKS and address filters take hold of inside a session.

As aioresponses, vcrpy, pook, aiohttp-client-cache and aiohttp-socks do it. Each of these is a name with an
underscore and yet part of the contract: they are used everywhere, and break their users when it changes.
"""

import asyncio
import gc
import socket
from unittest import mock

import pytest
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

import aiohttp_client as aiohttp

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def made_by_hand(method, url, body, *, status=200, response_class=aiohttp.ClientResponse):
    """As aioresponses builds them."""
    loop = asyncio.get_running_loop()
    headers = CIMultiDict({"Content-Type": "application/json; charset=utf-8", "Content-Length": str(len(body))})
    response = response_class(
        method,
        URL(url),
        request_info=aiohttp.RequestInfo(URL(url), method, CIMultiDictProxy(CIMultiDict()), URL(url)),
        writer=None,
        continue100=None,
        timer=aiohttp.helpers.TimerNoop(),
        traces=[],
        loop=loop,
        session=None,
        stream_writer=None,
    )
    response.cookies.load("a=b")
    response._headers = CIMultiDictProxy(headers)
    response._raw_headers = tuple((name.encode(), value.encode()) for name, value in headers.items())
    response.status, response.reason = status, "Mocked"
    response.content = aiohttp.StreamReader(aiohttp.client_proto.ResponseHandler(loop=loop), limit=2**16, loop=loop)
    response.content.feed_data(body)
    response.content.feed_eof()
    return response


async def test_all_methods_go_through_one_coroutine_that_can_be_replaced(monkeypatch):
    asked = []

    async def request(session, method, url, **options):
        asked.append((method, url))
        return made_by_hand(method, url, b'{"a": 1}')

    monkeypatch.setattr(aiohttp.client.ClientSession, "_request", request)
    url = "http://x.example/"
    async with aiohttp.ClientSession() as session:
        for verb in ("get", "head", "post", "put", "patch", "delete", "options"):
            async with getattr(session, verb)(url) as response:
                assert await response.json() == {"a": 1}
        await session.request("QUERY", url)
        # The answer is no handshake, and says so: this got there, too.
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url)
    methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY", "GET"]
    assert asked == [(method, url) for method in methods]


async def test_a_response_made_by_hand_is_like_any_other():
    response = made_by_hand("GET", "http://x.example/a#b", b'{"a": 1}', status=404)
    assert (response.status, response.reason, response.ok, response.method) == (404, "Mocked", False, "GET")
    assert (str(response.url), str(response.real_url), response.host) == (
        "http://x.example/a",
        "http://x.example/a#b",
        "x.example",
    )
    assert (response.content_type, response.charset, response.content_length) == ("application/json", "utf-8", 8)
    assert response.cookies["a"].value == "b" and response.raw_headers[0][0] == b"Content-Type"
    assert (response.history, response.links, response.content_disposition) == ((), {}, None)
    assert repr(response).startswith("<ClientResponse(http://x.example/a) [404 Mocked]>")
    assert (await response.text(), await response.json(), await response.read()) == ('{"a": 1}', {"a": 1}, b'{"a": 1}')
    with pytest.raises(aiohttp.ClientResponseError) as caught:
        response.raise_for_status()
    assert (caught.value.status, caught.value.message) == (404, "Mocked")
    response.close()
    assert response.closed and response._released and response._body == b'{"a": 1}'


async def test_a_response_made_by_hand_may_have_content_of_its_own():
    class Content(aiohttp.streams.EmptyStreamReader):
        async def read(self, n=-1):
            return b"mine"

    response = made_by_hand("GET", "http://x.example/", b"")
    response.content = Content()
    assert await response.read() == b"mine"


async def test_a_recorded_response_gets_its_body_at_once():
    class Recorded(aiohttp.ClientResponse):
        def __init__(self, method, url, **options):
            super().__init__(method, url, **options)
            self._body = b"recorded"

    response = made_by_hand("GET", "http://x.example/", b"", response_class=Recorded)
    assert await response.read() == b"recorded"


async def test_headers_of_session_and_request_together():
    async with aiohttp.ClientSession(headers={"A": "1", "B": "1"}) as session:
        headers = session._prepare_headers({"B": "2", "C": "3"})
    assert isinstance(headers, CIMultiDict) and dict(headers) == {"A": "1", "B": "2", "C": "3"}


async def test_inherited_headers_describe_content():
    class Cached(aiohttp.helpers.HeadersMixin):
        headers = CIMultiDictProxy(CIMultiDict({"content-type": "Text/Plain; charset=latin-1", "content-length": "5"}))

    assert (Cached().content_type, Cached().charset, Cached().content_length) == ("text/plain", "latin-1", 5)


class TunnelConnector(aiohttp.TCPConnector):
    """Connects with a StreamWriter, as SOCKS libraries do, which would close the transport when collected."""

    failure = None

    async def _wrap_create_connection(self, *args, addr_infos, req, timeout, client_error=None, ssl=None, **options):
        if self.failure is not None:
            raise self.failure
        _, writer = await asyncio.open_connection(
            *addr_infos[0][4], ssl=ssl, server_hostname=options["server_hostname"]
        )
        protocol = aiohttp.client_proto.ResponseHandler(loop=self._loop)
        protocol.writer = writer
        writer.transport.set_protocol(protocol)
        protocol.connection_made(writer.transport)
        return writer.transport, protocol


async def test_a_connector_may_connect_in_its_own_way(origin, web, certificates):
    origin.plays(OK)
    async with aiohttp.ClientSession(connector=TunnelConnector()) as session:
        for _ in range(2):
            async with session.get(origin.url) as response:
                gc.collect()
                assert await response.read() == b"ok"
        assert origin.connections == 1
        async with session.get(await web.tls() + "/json", ssl=certificates.client()) as response:
            assert response.status == 200
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.get(await web.tls() + "/json")


@pytest.mark.parametrize(
    ("failure", "error"),
    [(ConnectionRefusedError(111, "no"), aiohttp.ClientConnectorError), (ZeroDivisionError(), ZeroDivisionError)],
)
async def test_a_connector_that_fails_in_its_own_way(origin, failure, error):
    async with aiohttp.ClientSession(connector=TunnelConnector(limit=1)) as session:
        session.connector.failure = failure
        for _ in range(2):  # the slot is free again
            with pytest.raises(error):
                await session.get(origin.url)


async def test_a_connector_may_refuse_addresses(origin):
    """Protection against requests into a private network, as it is commonly written: literal addresses, too."""

    class PublicOnly(aiohttp.TCPConnector):
        async def _resolve_host(self, host, port, traces=None):
            addresses = await super()._resolve_host(host, port, traces)
            if any(address["host"].startswith("127.") for address in addresses):
                raise OSError(None, "not a public address")
            return addresses

    async with aiohttp.ClientSession(connector=PublicOnly(family=socket.AF_INET)) as session:
        for url in (origin.url, origin.named_url):
            with pytest.raises(aiohttp.ClientConnectorDNSError, match="not a public address"):
                await session.get(url)
    assert origin.connections == 0


async def test_idle_connections_can_be_looked_at(web, certificates):
    """The recipe "wait until the TLS transports are closed", found in many applications."""
    async with aiohttp.ClientSession() as session:
        async with session.get(await web.tls() + "/json", ssl=certificates.client()) as response:
            await response.read()
        [[(connection, since)]] = session.connector._conns.values()
        assert connection.transport.get_extra_info("sslcontext") is not None
        assert since <= asyncio.get_running_loop().time()
        lost = asyncio.Event()
        ssl_protocol = getattr(connection.transport, "_ssl_protocol", None)
        if ssl_protocol is None:  # the loop has another TLS, and the recipe nothing to wait for
            return
        connection_lost = ssl_protocol.connection_lost
        ssl_protocol.connection_lost = lambda error: (connection_lost(error), lost.set())
    await lost.wait()


# -- helpers


@pytest.mark.parametrize(
    ("mimetype", "parts", "parameters"),
    [
        ("", ("", "", ""), {}),
        ("*", ("*", "*", ""), {}),
        ("Text/HTML", ("text", "html", ""), {}),
        ('application/vnd.x+json; Charset=utf-8; q="a b"', ("application", "vnd.x", "json"), None),
    ],
)
def test_media_types_in_parts(mimetype, parts, parameters):
    parsed = aiohttp.helpers.parse_mimetype(mimetype)
    assert (parsed.type, parsed.subtype, parsed.suffix) == parts
    assert parsed.parameters == ({"charset": "utf-8", "q": "a b"} if parameters is None else parameters)


def test_addresses_and_names():
    addresses = ["127.0.0.1", "::1", "fe80::1%eth0", "a.example", "1.2.3", "", None]
    assert [aiohttp.helpers.is_ip_address(host) for host in addresses] == [True] * 3 + [False] * 4


def test_credentials_are_taken_out_of_a_url():
    strip = aiohttp.helpers.strip_auth_from_url
    assert strip(URL("http://u:p@h/x?y#z")) == (URL("http://h/x?y#z"), aiohttp.BasicAuth("u", "p"))
    assert strip(URL("http://h/")) == (URL("http://h/"), None)


def test_the_proxy_of_the_environment(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://u:p@proxy.example:3128")
    monkeypatch.setenv("no_proxy", "near.example")
    proxy_of = aiohttp.helpers.get_env_proxy_for_url
    assert proxy_of(URL("http://far.example/")) == (URL("http://proxy.example:3128"), aiohttp.BasicAuth("u", "p"))
    with pytest.raises(LookupError, match="near.example"):
        proxy_of(URL("http://near.example/"))


async def test_the_coroutine_can_be_replaced_by_a_mock():
    answer = object()
    with mock.patch.object(aiohttp.ClientSession, "_request", return_value=answer) as asked:
        async with aiohttp.ClientSession() as session:
            assert await session.get("http://x.example/", headers={"A": "b"}, no_option_of_ours=1) is answer
    asked.assert_awaited_once_with("GET", "http://x.example/", headers={"A": "b"}, no_option_of_ours=1)


def test_mocks_of_a_response_have_what_a_response_has():
    for name in ("status", "version", "method", "reason", "headers", "cookies", "history", "read", "json"):
        assert hasattr(mock.MagicMock(spec_set=aiohttp.ClientResponse), name), name
    response = mock.Mock(spec_set=aiohttp.ClientResponse)
    response.status = 200
    assert not hasattr(mock.MagicMock(spec_set=aiohttp.ClientResponse), "colour")


async def test_a_response_that_never_met_our_constructor():
    class Fake(aiohttp.ClientResponse):
        def __init__(self):
            self._body = b"abc"

    response = Fake()
    assert await response.read() == b"abc"
    assert (response.status, response.version, response.reason) == (None, None, None)
    assert response.closed and response.connection is None
    async with response:
        pass
    with pytest.raises(AttributeError, match="colour"):
        response.colour  # noqa: B018


async def test_who_answers_in_a_server_s_place_can_see_what_the_session_would_raise():
    async with aiohttp.ClientSession(raise_for_status=True) as session:
        assert session._raise_for_status is session.raise_for_status is True
