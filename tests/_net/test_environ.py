"""What trust_env reads: proxies, no_proxy, netrc."""

import logging

import pytest
from yarl import URL

import aiohttp_client as aiohttp
from aiohttp_client._net.environ import is_bypassed, netrc_authorization, proxy_from_env
from aiohttp_client._wire.auth import encode_basic_auth

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
MOVED = b"HTTP/1.1 302 F\r\nLocation: %b/end\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture(autouse=True)
def bare(monkeypatch, tmp_path):
    """No proxies, and a home folder without a netrc file."""
    for scheme in ("http", "https", "ws", "wss", "all", "no"):
        monkeypatch.delenv(f"{scheme}_proxy", raising=False)
        monkeypatch.delenv(f"{scheme.upper()}_PROXY", raising=False)
    monkeypatch.delenv("NETRC", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.mark.parametrize(
    ("host", "port", "no_proxy", "bypassed"),
    [
        ("example.com", 80, "", False),
        ("example.com", 80, "*", True),
        ("example.com", 80, "example.com", True),
        ("example.com", 80, "EXAMPLE.com.", True),
        ("example.com.", 80, "example.com", True),
        ("www.example.com", 80, "example.com", True),
        ("www.example.com", 80, ".example.com", True),
        ("www.example.com", 80, "*.example.com", True),
        ("notexample.com", 80, "example.com", False),
        ("example.com", 80, "other.com, example.com ,", True),
        ("example.com", 80, "example.com:80", True),
        ("example.com", 8080, "example.com:80", False),
        ("example.com", 80, " , .", False),
        ("10.1.2.3", 80, "10.0.0.0/8", True),
        ("10.1.2.3", 80, "10.1.2.4/31", False),
        ("10.1.2.3", 80, "10.1.2.3", True),
        ("10.1.2.3", 80, "10.1.2.3:8080", False),
        ("10.1.2.3", 8080, "10.1.2.3:8080", True),
        ("10.1.2.3", 80, "1.2.3", False),
        ("10.1.2.3", 80, "2001:db8::/32", False),
        ("2001:db8::1", 80, "2001:db8::/32", True),
        ("::1", 80, "::1", True),
        ("::1", 8080, "[::1]:8080", True),
        ("::1", 80, "[::1]:8080", False),
        ("10.1.2.3.example", 80, "10.0.0.0/8", False),
    ],
)
def test_no_proxy(host, port, no_proxy, bypassed):
    assert is_bypassed(host, port, no_proxy) is bypassed


async def test_the_scheme_chooses_the_proxy(monkeypatch):
    assert await proxy_from_env(URL("http://a.example/")) is None
    monkeypatch.setenv("http_proxy", "http://one.example:1")
    monkeypatch.setenv("https_proxy", "two.example:2")
    assert await proxy_from_env(URL("http://a.example/")) == URL("http://one.example:1")
    assert await proxy_from_env(URL("https://a.example/")) == URL("http://two.example:2")
    monkeypatch.delenv("https_proxy")
    assert await proxy_from_env(URL("https://a.example/")) is None
    monkeypatch.setenv("all_proxy", "http://three.example:3")
    assert await proxy_from_env(URL("https://a.example/")) == URL("http://three.example:3")


async def test_a_proxy_that_is_no_url_is_ignored_with_a_warning(monkeypatch, caplog):
    monkeypatch.setenv("http_proxy", "http://[broken")
    with caplog.at_level(logging.WARNING, "aiohttp_client"):
        assert await proxy_from_env(URL("http://a.example/")) is None
    assert "not a URL" in caplog.text


async def test_netrc_is_read_again_when_it_changes(monkeypatch, tmp_path):
    assert await netrc_authorization("a.example") is None
    path = tmp_path / "my-netrc"
    monkeypatch.setenv("NETRC", str(path))
    assert await netrc_authorization("a.example") is None
    path.write_text("machine a.example login user password päss\n", "utf-8")
    assert await netrc_authorization("a.example") == encode_basic_auth("user", "päss")
    assert await netrc_authorization("b.example") is None
    path.write_text("machine a.example login other password p\ndefault login d password longer\n")
    assert await netrc_authorization("a.example") == encode_basic_auth("other", "p")
    assert await netrc_authorization("b.example") == encode_basic_auth("d", "longer")


@pytest.mark.parametrize(
    "content", [b"machine", b"nonsense here", b"\xff\xfe", b"machine a.example login a:b password c"]
)
async def test_a_netrc_that_cannot_be_used_is_logged_and_no_more(monkeypatch, tmp_path, caplog, content):
    path = tmp_path / ".netrc"
    path.write_bytes(content)
    path.chmod(0o600)
    with caplog.at_level(logging.WARNING, "aiohttp_client"):
        assert await netrc_authorization("a.example") is None
    assert str(path) in caplog.text


async def test_netrc_is_the_last_to_be_asked(origin, monkeypatch, tmp_path):
    origin.plays(OK)
    path = tmp_path / "netrc"
    path.write_text("machine 127.0.0.1 login net password rc\n")
    monkeypatch.setenv("NETRC", str(path))
    own = aiohttp.BasicAuth("own", "one")
    async with aiohttp.ClientSession(trust_env=True) as session:
        await session.get(origin.url)
        await session.get(origin.url, headers={"Authorization": "Bearer T"})
        await session.get(origin.url, auth=own)
        await session.get(origin.url.replace("//", "//in:url@"))
    async with aiohttp.ClientSession() as session:
        await session.get(origin.url)
    sent = [dict(line.split(b": ", 1) for line in r.split(b"\r\n") if b": " in line) for r in origin.requests]
    expected = [encode_basic_auth("net", "rc"), "Bearer T", own.encode(), encode_basic_auth("in", "url"), None]
    assert [fields.get(b"Authorization") for fields in sent] == [e and e.encode() for e in expected]


async def test_netrc_of_another_host_is_used_after_a_redirect_to_it(origin, monkeypatch, tmp_path):
    origin.answers(lambda request: OK if b"/end" in request else MOVED % origin.named_url.encode())
    path = tmp_path / "netrc"
    path.write_text("machine 127.0.0.1 login first password a\nmachine localhost login second password b\n")
    monkeypatch.setenv("NETRC", str(path))
    async with aiohttp.ClientSession(trust_env=True) as session:
        await session.get(origin.url)
    assert encode_basic_auth("first", "a").encode() in origin.requests[0]
    assert encode_basic_auth("second", "b").encode() in origin.requests[1]


async def test_netrc_speaks_for_the_proxy_too(origin, monkeypatch, tmp_path):
    origin.plays(OK)
    path = tmp_path / "netrc"
    path.write_text("machine 127.0.0.1 login proxy password p\n")
    monkeypatch.setenv("NETRC", str(path))
    monkeypatch.setenv("http_proxy", origin.url)
    async with aiohttp.ClientSession(trust_env=True) as session:
        await session.get("http://a.example/")
    assert b"Proxy-Authorization: " + encode_basic_auth("proxy", "p").encode() in origin.requests[0]
    assert b"\r\nAuthorization" not in origin.requests[0]
