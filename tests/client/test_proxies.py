"""Requests by way of proxies: tinyproxy and proxy.py, and a scripted one for what they do not do."""

import pytest
from proxies import LOGIN, PASSWORD

import aiohttp_client as aiohttp
from aiohttp_client.exceptions import ClientHttpProxyError, ClientProxyConnectionError

AUTH = aiohttp.BasicAuth(LOGIN, PASSWORD)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def trusting(certificates, **options):
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=certificates.client()), **options)


async def test_plain_requests_go_through_tinyproxy(web, tinyproxy):
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{web.url}/echo?a=1", data=b"body", proxy=tinyproxy.url) as response:
            echo = await response.json()
    assert (echo["method"], echo["path_qs"], echo["body"]) == ("POST", "/echo?a=1", "body")
    assert any(name.lower() == "via" and "tinyproxy" in value for name, value in echo["headers"])


async def test_tls_goes_through_a_tunnel_of_tinyproxy_and_is_pooled(web, tinyproxy, certificates):
    url = await web.tls()
    async with trusting(certificates, proxy=tinyproxy.url) as session:
        for _ in range(3):
            async with session.get(f"{url}/echo") as response:
                headers = dict((await response.json())["headers"])
        assert session.connector._pool.idle == 1
    assert "Via" not in headers and "Proxy-Authorization" not in headers


async def test_a_large_body_comes_whole_through_a_tunnel(nginx, tinyproxy, certificates):
    async with trusting(certificates, proxy=tinyproxy.url) as session:
        async with session.get(f"{nginx.tls_url}/big") as response:
            assert await response.read() == nginx.big.read_bytes()


@pytest.mark.parametrize("how", ["proxy_auth", "userinfo", "proxy_headers"])
@pytest.mark.parametrize("tls", [False, True])
async def test_credentials_for_the_proxy_are_sent_to_it_alone(web, tinyproxy, certificates, how, tls):
    url = await web.tls() if tls else web.url
    options = {
        "proxy_auth": {"proxy": tinyproxy.auth_url, "proxy_auth": AUTH},
        "userinfo": {"proxy": tinyproxy.auth_url.replace("//", f"//{LOGIN}:{PASSWORD}@")},
        "proxy_headers": {"proxy": tinyproxy.auth_url, "proxy_headers": {"Proxy-Authorization": AUTH.encode()}},
    }[how]
    async with trusting(certificates) as session:
        async with session.get(f"{url}/echo", **options) as response:
            assert response.status == 200
            headers = {name.lower() for name, _ in (await response.json())["headers"]}
    assert "proxy-authorization" not in headers


async def test_a_proxy_that_refuses_a_tunnel_says_so_without_showing_credentials(web, tinyproxy, certificates):
    url = await web.tls()
    async with trusting(certificates) as session:
        with pytest.raises(ClientHttpProxyError) as caught:
            await session.get(url, proxy=tinyproxy.auth_url.replace("//", "//user:wrong@"))
    assert caught.value.status in (401, 407)
    assert caught.value.headers
    assert "wrong" not in repr(caught.value) + str(caught.value)


async def test_a_plain_request_gets_the_refusal_of_the_proxy_as_its_response(web, tinyproxy):
    async with aiohttp.ClientSession() as session:
        async with session.get(web.url, proxy=tinyproxy.auth_url) as response:
            assert response.status in (401, 407)


@pytest.mark.parametrize("tls", [False, True])
async def test_proxy_py_with_credentials(web, proxy_py, certificates, tls):
    url = await web.tls() if tls else web.url
    async with trusting(certificates, proxy=proxy_py.url, proxy_auth=AUTH) as session:
        async with session.get(f"{url}/json") as response:
            assert await response.json() == {"server": "aiohttp.web"}
        wrong = session.get(f"{url}/json", proxy_auth=aiohttp.BasicAuth("user", "wrong"))
        if tls:
            with pytest.raises(ClientHttpProxyError, match="407"):
                await wrong
        else:
            async with wrong as response:
                assert response.status == 407


@pytest.mark.parametrize("tls", [False, True])
async def test_a_proxy_over_tls_and_tls_within_it(web, proxy_py, certificates, tls):
    url = await web.tls() if tls else web.url
    async with trusting(certificates, proxy=proxy_py.tls_url) as session:
        for _ in range(2):
            async with session.get(f"{url}/json") as response:
                assert await response.json() == {"server": "aiohttp.web"}


async def test_the_certificate_of_the_target_is_verified_within_a_tunnel(web, tinyproxy, certificates):
    async with trusting(certificates, proxy=tinyproxy.url) as session:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.get(await web.tls("other host"))
        good = aiohttp.Fingerprint(certificates.digest())
        async with session.get(f"{await web.tls()}/json", ssl=good) as response:
            assert response.status == 200
        with pytest.raises(aiohttp.ServerFingerprintMismatch):
            await session.get(await web.tls(), ssl=aiohttp.Fingerprint(bytes(32)))


async def test_a_proxy_that_is_not_there_is_named(web, origin):
    await origin.refuses()
    async with aiohttp.ClientSession() as session:
        for url in (web.url, web.url.replace("http", "https")):
            with pytest.raises(ClientProxyConnectionError) as caught:
                await session.get(url, proxy=origin.url)
            assert caught.value.port == origin.port
        for name in ("proxy.invalid", "no..name", "x" * 64):
            with pytest.raises(aiohttp.ClientConnectorDNSError):
                await session.get(web.url, proxy=f"http://{name}:3128")


async def test_connect_says_only_what_is_meant_for_the_proxy(origin):
    """A session's own Authorization must not get to the proxy."""
    origin.script([origin.WAIT, b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"])
    secret = {"Authorization": "Bearer T", "X-Session": "1"}
    async with aiohttp.ClientSession(headers=secret) as session:
        with pytest.raises(ClientHttpProxyError, match="403"):
            await session.get("https://target.example/", proxy=origin.url, proxy_headers={"X-Proxy": "2"})
    assert origin.requests[0] == (
        b"CONNECT target.example:443 HTTP/1.1\r\nHost: target.example:443\r\n"
        b"User-Agent: " + origin.requests[0].partition(b"User-Agent: ")[2].partition(b"\r\n")[0] + b"\r\n"
        b"X-Proxy: 2\r\n\r\n"
    )


async def test_a_plain_request_names_its_target_in_absolute_form(origin):
    origin.plays(OK)
    async with aiohttp.ClientSession() as session:
        async with session.get("http://target.example:8080/p%20q?a=b", proxy=origin.url, proxy_auth=AUTH) as response:
            assert await response.text() == "ok"
            assert str(response.url) == "http://target.example:8080/p%20q?a=b"
    head = origin.requests[0]
    assert head.startswith(b"GET http://target.example:8080/p%20q?a=b HTTP/1.1\r\nHost: target.example:8080\r\n")
    assert b"Proxy-Authorization: " + AUTH.encode().encode() in head


async def test_different_proxies_and_credentials_never_share_a_connection(origin):
    origin.plays(OK)
    async with aiohttp.ClientSession() as session:
        for options in ({}, {"proxy_auth": AUTH}, {"proxy_headers": {"X": "1"}}, {}):
            async with session.get("http://target.example/", proxy=origin.url, **options) as response:
                await response.read()
    assert origin.connections == 3


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (b"HTTP/1.1 502 Bad\r\nContent-Length: 3\r\n\r\nbad", ClientHttpProxyError, "502"),
        (b"HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic\r\n\r\n", ClientHttpProxyError, "407"),
        (b"HTTP/1.1 200 OK\r\n\r\nsurplus", ClientHttpProxyError, "surplus"),
        (b"rubbish\r\n\r\n", ClientHttpProxyError, "status line"),
        (b"HTTP/1.1 200", ClientProxyConnectionError, "without an answer"),
    ],
)
async def test_what_a_proxy_may_answer_to_connect(origin, answer, error, words):
    origin.script([origin.WAIT, answer, origin.CLOSE])
    async with aiohttp.ClientSession() as session:
        with pytest.raises(error, match=words):
            await session.get("https://target.example/", proxy=origin.url)
        assert session.connector._pool.in_use == 0


async def test_an_answer_to_connect_may_come_in_pieces_behind_an_interim_one(origin):
    pieces = [bytes([byte]) for byte in b"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 418 Pot\r\n\r\n"]
    origin.script([origin.WAIT, *pieces])
    async with aiohttp.ClientSession() as session:
        with pytest.raises(ClientHttpProxyError, match="418"):
            await session.get("https://target.example/", proxy=origin.url)


async def test_a_proxy_that_stalls_runs_into_the_limits(origin):
    origin.script([origin.WAIT, origin.STALL])
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ConnectionTimeoutError):
            await session.get("https://t.example/", proxy=origin.url, timeout=aiohttp.ClientTimeout(sock_connect=0.1))
        with pytest.raises(TimeoutError):
            await session.get("https://t.example/", proxy=origin.url, timeout=0.1)
        assert session.connector._pool.in_use == 0


async def test_a_redirect_goes_through_the_proxy_again(origin):
    origin.answers(
        lambda request: (
            OK
            if b"/end" in request
            else b"HTTP/1.1 302 F\r\nLocation: http://b.example/end\r\nContent-Length: 0\r\n\r\n"
        )
    )
    async with aiohttp.ClientSession(proxy=origin.url, proxy_auth=AUTH) as session:
        async with session.get("http://a.example/") as response:
            assert await response.text() == "ok"
    assert origin.requests[1].startswith(b"GET http://b.example/end HTTP/1.1\r\n")
    assert b"Proxy-Authorization" in origin.requests[1]


@pytest.mark.parametrize(
    ("proxy", "error"),
    [
        ("socks5://127.0.0.1:1", ValueError),
        ("http://", aiohttp.InvalidURL),
        ("//nowhere", ValueError),
        ("proxy.example:3128", aiohttp.InvalidURL),
        (b"http://127.0.0.1:1", TypeError),
    ],
)
async def test_a_proxy_must_be_a_url_with_http_or_https(proxy, error):
    async with aiohttp.ClientSession() as session:
        with pytest.raises(error):
            await session.get("http://127.0.0.1:1/", proxy=proxy)
        with pytest.raises(error):
            aiohttp.ClientSession(proxy=proxy)


async def test_credentials_for_a_proxy_must_be_basic_auth():
    async with aiohttp.ClientSession() as session:
        with pytest.raises(TypeError, match="BasicAuth"):
            await session.get("http://127.0.0.1:1/", proxy="http://127.0.0.1:1", proxy_auth=("a", "b"))
    with pytest.raises(TypeError, match="BasicAuth"):
        aiohttp.ClientSession(proxy_auth="user")


async def test_trust_env_uses_the_proxy_of_the_environment(origin, monkeypatch):
    origin.plays(OK)
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", f"http://user:secret@127.0.0.1:{origin.port}")
    monkeypatch.setenv("no_proxy", "127.0.0.0/8")
    async with aiohttp.ClientSession(trust_env=True) as session:
        async with session.get("http://a.example/"):
            pass
        async with session.get(origin.url):
            pass
        monkeypatch.setenv("no_proxy", "a.example")
        async with session.get(origin.url):
            pass
    async with aiohttp.ClientSession() as session:
        async with session.get(origin.url):
            pass
    lines = [request.partition(b"\r\n")[0] for request in origin.requests]
    absolute = f"GET http://127.0.0.1:{origin.port}/ HTTP/1.1".encode()
    assert lines == [b"GET http://a.example/ HTTP/1.1", b"GET / HTTP/1.1", absolute, b"GET / HTTP/1.1"]
    assert b"Proxy-Authorization: " + AUTH.encode().encode() in origin.requests[0]
    assert b"Proxy-Authorization" not in origin.requests[1]


async def test_an_empty_proxy_is_none(origin, monkeypatch):
    """As proxy=os.environ.get("PROXY", "") gives it."""
    origin.plays(OK)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    async with aiohttp.ClientSession(trust_env=True, proxy="") as session:
        async with session.get(origin.url):
            pass
    async with aiohttp.ClientSession(trust_env=True, proxy="http://127.0.0.1:1") as session:
        async with session.get(origin.url, proxy=""):
            pass
        with pytest.raises(aiohttp.ClientProxyConnectionError):
            await session.get(origin.url)
    assert [request.partition(b"\r\n")[0] for request in origin.requests] == [b"GET / HTTP/1.1"] * 2
