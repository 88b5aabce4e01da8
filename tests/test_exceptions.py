"""Errors as values: what they say, and that they travel between processes."""

import pickle
import ssl

import pytest
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

import aiohttp_client as aiohttp
from aiohttp_client import exceptions
from aiohttp_client._net.target import ConnectionKey

URL_ = URL("https://h.example/x")
INFO = aiohttp.RequestInfo(URL_, "GET", CIMultiDictProxy(CIMultiDict([("A", "1"), ("A", "2")])), URL_)
HEADERS = CIMultiDictProxy(CIMultiDict(Server="s"))
KEY = ConnectionKey("h.example", 443, True)
REFUSED = OSError(111, "refused")


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (
            exceptions.ClientResponseError(INFO, (), status=404, message="No", headers=HEADERS),
            "404, message='No', url=",
        ),
        (exceptions.ContentTypeError(INFO, (), status=200, message="type"), "200, message='type'"),
        (exceptions.ClientHttpProxyError(INFO, (), status=407), "407, message=''"),
        (exceptions.TooManyRedirects(INFO, (object(),)), "0, message=''"),
        (exceptions.WSServerHandshakeError(INFO, (), status=400), "400"),
        (exceptions.ClientOSError(5, "io"), "[Errno 5] io"),
        (exceptions.ClientConnectorError(KEY, REFUSED), "Cannot connect to host h.example:443 ssl:default [refused]"),
        (exceptions.ClientConnectorDNSError(KEY, OSError(None, "no name")), "[no name]"),
        (exceptions.ClientConnectorDNSError(KEY, OSError("only text")), "[only text]"),
        (exceptions.ClientProxyConnectionError(KEY._replace(proxy=URL("http://p.example:1")), REFUSED), "[refused]"),
        (exceptions.ClientConnectorError(KEY._replace(ssl=ssl.create_default_context()), REFUSED), "SSLContext"),
        (exceptions.UnixClientConnectorError("/p", KEY, REFUSED), "unix socket /p ssl:default [refused]"),
        (exceptions.ClientConnectorSSLError(KEY, ssl.SSLError(1, "bad record")), "[bad record]"),
        (exceptions.ClientConnectorCertificateError(KEY, ssl.CertificateError("expired")), "ssl:True [SSLCert"),
        (exceptions.ServerDisconnectedError(b"HTTP/1."), "HTTP/1."),
        (exceptions.ServerFingerprintMismatch(b"a" * 32, b"b" * 32, "h", 1), "aaa"),
        (exceptions.SocketTimeoutError("silent"), "silent"),
        (exceptions.InvalidURL("http://", "no host"), "http:// - no host"),
        (exceptions.InvalidUrlRedirectClientError("x", "y"), "x - y"),
        (exceptions.NonHttpUrlRedirectClientError("ftp://x"), "ftp://x"),
        (exceptions.WebSocketError(1002, "bad frame"), "bad frame"),
        (exceptions.LineTooLong(b"x" * 100, 5), "over the limit of 5"),
        (exceptions.InvalidHeader(b"x"), "invalid header"),
        (exceptions.BadStatusLine(b"x"), "bad status line"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_errors_can_be_sent_to_another_process(error, shown):
    assert shown in str(error)
    arrived = pickle.loads(pickle.dumps(error))
    assert type(arrived) is type(error) and str(arrived) == str(error)
    facts, expected = vars(arrived), vars(error)
    assert facts.keys() == expected.keys()
    if isinstance(error, exceptions.ClientResponseError):
        assert arrived.request_info == INFO and arrived.status == error.status
        assert arrived.history == (), "responses hold connections of their process"
        assert arrived.headers == error.headers


async def test_errors_of_real_requests_can_be(origin, web, certificates):
    origin.plays(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")
    tls = await web.tls("unknown authority")
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=certificates.client())) as session:
        for url, kind in (
            (f"{web.url}/missing", aiohttp.ClientResponseError),
            (origin.url, aiohttp.TooManyRedirects),
            (tls, aiohttp.ClientConnectorCertificateError),
            ("http://127.0.0.1:1/", aiohttp.ClientConnectorError),
        ):
            with pytest.raises(kind) as caught:
                await session.get(url, raise_for_status=True, ssl=certificates.client())
            assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
