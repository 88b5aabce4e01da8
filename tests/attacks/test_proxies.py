"""X: a proxy is trusted with carrying bytes, and is not the origin."""

import pytest
from attacked import OK, outcome

import aiohttp_client as aiohttp

REFUSED = "ClientHttpProxyError"
UNREACHABLE = "ClientProxyConnectionError"
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n"

# What a proxy answers to CONNECT: nothing of it is the origin's answer.
ANSWERS = {
    **{
        f"X1 {status}": (
            b"HTTP/1.1 %d X\r\nLocation: http://evil/\r\nSet-Cookie: a=proxy\r\nContent-Length: 2\r\n\r\nok" % status,
            REFUSED,
        )
        for status in (201, 204, 302, 303, 307, 308, 401, 403, 407, 500, 502, 504)
    },
    "X1 101": (b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", REFUSED),
    "X2 interim responses without end": (b"HTTP/1.1 103 Early\r\n\r\n" * 1000, REFUSED),
    "X2 two answers": (ESTABLISHED + b"\r\n" + ESTABLISHED + b"\r\n", REFUSED),
    "X2 with a body": (ESTABLISHED + b"Content-Length: 2\r\n\r\nok", REFUSED),
    "X2 with chunks": (ESTABLISHED + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", REFUSED),
    "X3 an answer to what has not been asked": (ESTABLISHED + b"\r\n" + OK, REFUSED),
    "X3 one byte": (ESTABLISHED + b"\r\n\x16", REFUSED),
    "X4 garbage": (b"SSH-2.0-proxy\r\n", REFUSED),
    "X4 an endless line": (b"HTTP/1.1 200 " + b"x" * 100_000, REFUSED),
    "X4 fields without end": (ESTABLISHED + b"X: y\r\n" * 20_000, REFUSED),
    "X4 two lengths and a transfer coding": (
        ESTABLISHED + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        REFUSED,
    ),
    "X4 nothing": (b"", UNREACHABLE),
    "X4 half a head": (ESTABLISHED, UNREACHABLE),
}


@pytest.mark.parametrize("case", ANSWERS)
async def test_an_answer_to_connect_is_never_the_origins(origin, case):
    answer, error = ANSWERS[case]
    origin.script([origin.WAIT, answer, *([0.01, origin.CLOSE] if error == UNREACHABLE else [origin.STALL])])
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        assert await outcome(session, "https://target.example/", proxy=origin.url) == error
        assert len(session.cookie_jar) == 0
        assert session.connector._pool.in_use == 0 and not session.connector._open, "X9: no socket is left"
    assert len(origin.requests) == 1, "nothing is followed"


@pytest.mark.parametrize("scheme", ["https", "wss"])
async def test_what_each_is_told_X5_X7(origin, scheme):
    """CONNECT says nothing of the request; ws and wss go through tunnels, too."""
    origin.script([origin.WAIT, b"HTTP/1.1 403 No\r\n\r\n"])
    secrets = {"Authorization": "secret", "Cookie": "a=secret", "X-Own": "secret"}
    async with aiohttp.ClientSession(headers=secrets, cookies={"b": "secret"}, auth=None) as session:
        options = {"proxy": origin.url, "proxy_auth": aiohttp.BasicAuth("p", "q")}
        with pytest.raises(aiohttp.ClientHttpProxyError):
            if scheme == "wss":
                await session.ws_connect("wss://target.example/secret", **options)
            else:
                await session.get("https://target.example/secret", **options)
    (request,) = origin.requests
    assert request.startswith(b"CONNECT target.example:443 HTTP/1.1\r\n") and b"secret" not in request
    assert b"Proxy-Authorization: Basic cDpx\r\n" in request


async def test_a_header_of_a_cgi_is_no_proxy_X6(origin, monkeypatch):
    """HTTP_PROXY is the Proxy header of a client where there is a REQUEST_METHOD (httpoxy)."""
    origin.plays(OK)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("REQUEST_METHOD", "GET")
    async with aiohttp.ClientSession(trust_env=True) as session:
        assert await outcome(session, origin.url) == (200, b"ok")


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("https://target.example/", "http://user:secret@127.0.0.1:1"),
        ("http://target.example/", "http://user:secret@127.0.0.1:1"),
        ("http://target.example/", "http://user:secret@"),
        ("http://target.example/", "http://user:secret@h:99999"),
        ("http://target.example/", "socks5://user:secret@h"),
        ("http://user:secret@127.0.0.1:1/", None),
        ("http://user:secret@127.1/", None),
        ("http://user:secret@h:99999/", None),
        ("ftp://user:secret@h/", None),
    ],
)
async def test_passwords_are_in_no_error_X8(origin, url, proxy):
    async with aiohttp.ClientSession() as session:
        with pytest.raises((aiohttp.ClientError, ValueError)) as caught:
            await session.get(url, proxy=proxy)
    assert "secret" not in f"{caught.value} {caught.value!r}"


async def test_passwords_are_in_no_error_of_a_response_X8_K8(origin):
    origin.plays(b"HTTP/1.1 404 No\x1b[31m".replace(b"\x1b", b"\xff") + b"\r\nContent-Length: 0\r\n\r\n")
    secrets = {"Cookie": "a=secret", "Proxy-Authorization": "secret"}
    auth = aiohttp.BasicAuth("user", "secret")
    async with aiohttp.ClientSession(auth=auth, headers=secrets) as session, session.get(origin.url) as response:
        with pytest.raises(aiohttp.ClientResponseError) as caught:
            response.raise_for_status()
    shown = f"{caught.value} {caught.value!r} {response!r} {auth!r} {session!r} {response.request_info!r}"
    assert "secret" not in shown and auth.encode() not in shown and "Authorization" in shown
    assert caught.value.request_info.headers["Authorization"] == auth.encode()
