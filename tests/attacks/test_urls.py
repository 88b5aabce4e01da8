"""U: a URL means one host and port, and that is who is connected to."""

import ipaddress

import pytest
from attacked import OK, outcome
from yarl import URL

import aiohttp_client as aiohttp
from aiohttp_client.exceptions import UnixClientConnectorError

# What names no host and port that everybody agrees on is refused, and never looked up.
REFUSED = [
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0177.0.0.1/",
    "http://127.1/",
    "http://127.0.0.1./",
    "http://0x7f.1/",
    "http://1.2.3.4.5/",
    "http://[::1/",
    "http://::1/",
    "http://[::1]x/",
    "http://[x]/",
    "http://[1:2]/",
    "http://h:0/",
    "http://h:65536/",
    "http://h:-1/",
    "http://h:1:2/",
    "http://h:８０/",
    "http://h:8_0/",
    "http://h:+80/",
    "http://h: 80/",
    "http://h:0x50/",
    "http://℀.test/",
    "http://a%00b/",
    "http://a%0d%0ab/",
    "http://a b/",
    "http://a\0b/",
    "http://*.test/",
    "http://a..b/",
    "http://.a/",
    "http://" + "a" * 64 + ".test/",
    "http://" + ".".join(["a" * 60] * 5) + "/",
    "http://good\\@evil/",
    "http://good\\evil/",
    "http:///x",
    "http://",
    "http:",
    "http:path",
    "//h/",
    "/x",
    "",
    "http://user@/",
    "http://:80/",
]


@pytest.mark.parametrize("url", REFUSED)
async def test_what_names_nobody_is_refused_U2_U3_U4_U5_U6(url):
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=Never())) as session:
        with pytest.raises(aiohttp.InvalidURL):
            await session.get(url)
        with pytest.raises(aiohttp.InvalidURL):
            await session.ws_connect(url.replace("http:", "ws:"))


class Never(aiohttp.ThreadedResolver):
    async def resolve(self, host, port=0, family=0):
        raise AssertionError(f"{host} is looked up")


@pytest.mark.parametrize(
    "url",
    [
        "http://a@b@{}/",
        "http://{}#@evil/",
        "http://{}/@evil",
        "http://{}?@evil/",
        "http://good%2F@{}/",
        "http://good%23@{}/",
        "http://evil:80@{}/",
        "http://{}/\\@evil",
        "http://evil%40@{}/",
    ],
)
async def test_who_is_connected_to_is_the_host_of_the_url_U1(origin, url):
    """One parser: what yarl says of a URL, and so what a filter of the caller's sees, is who gets the request."""
    origin.plays(OK)
    url = url.format(f"127.0.0.1:{origin.port}")
    assert (URL(url).host, URL(url).port) == ("127.0.0.1", origin.port)
    async with aiohttp.ClientSession() as session:
        assert await outcome(session, url) == (200, b"ok")
    assert f"\r\nHost: 127.0.0.1:{origin.port}\r\n".encode() in origin.requests[0]


@pytest.mark.parametrize(
    ("url", "host", "line"),
    [
        ("http://straße.test/", "xn--strae-oqa.test", "xn--strae-oqa.test"),
        ("http://BÜCHER.test/", "xn--bcher-kva.test", "xn--bcher-kva.test"),
        ("http://a。b/", "a.b", "a.b"),
        ("http://a.test./", "a.test.", "a.test"),
        ("http://a_b.test/", "a_b.test", "a_b.test"),
    ],
)
async def test_names_are_looked_up_as_they_are_said_to_the_server_U5(origin, url, host, line):
    origin.plays(OK)
    asked = []

    class Local(aiohttp.ThreadedResolver):
        async def resolve(self, host, port=0, family=0):
            asked.append(host)
            (found,) = await super().resolve("127.0.0.1", origin.port, family)
            return [found]

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=Local())) as session:
        assert await outcome(session, url) == (200, b"ok")
    assert asked == [host]
    assert f"\r\nHost: {line}\r\n".encode() in origin.requests[0]


@pytest.mark.parametrize("written", ["[::1%25lo]", "[::1%lo]", "[::ffff:127.0.0.1]"])
async def test_addresses_of_ipv6_U3(written):
    """A zone (RFC 6874) says by which interface, and is nobody else's business: it is not sent."""
    import asyncio
    import contextlib

    heads = []

    async def serve(reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        writer.close()

    try:
        server = await asyncio.start_server(serve, "127.0.0.1" if "ffff" in written else "::1", 0)
    except OSError:
        pytest.skip("there is no IPv6 here")
    port = server.sockets[0].getsockname()[1]
    async with aiohttp.ClientSession() as session:
        assert await outcome(session, f"http://{written}:{port}/") == (200, b"ok")
    server.close()
    await server.wait_closed()
    # How Python writes it: with CPython 3.13, mapped addresses end as they do in IPv4.
    host = f"[{ipaddress.ip_address('::ffff:127.0.0.1')}]" if "ffff" in written else "[::1]"
    assert f"\r\nHost: {host}:{port}\r\n".encode() in heads[0]


@pytest.mark.parametrize("path", ["/no/such/socket", "/", "/tmp/\0x", "/" + "x" * 200, "\\\\host\\share"])
async def test_paths_that_are_no_sockets_U8_U9(path):
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(path=path)) as session:
        with pytest.raises((UnixClientConnectorError, ValueError)):
            await session.get("http://localhost/")
        assert session.connector._pool.in_use == 0


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://h/", "data:,x", "javascript:alert(1)", "gopher://h/", "unix:///x"]
)
async def test_other_schemes_are_not_spoken_U8(url):
    async with aiohttp.ClientSession() as session:
        with pytest.raises((aiohttp.NonHttpUrlClientError, aiohttp.InvalidURL)):
            await session.get(url)


async def test_the_address_dialled_is_seen_by_the_callers_hooks_U10(origin):
    """A name whose address changes between a check and the connection: the check belongs where the address is used."""
    import socket

    origin.plays(OK)
    seen = []

    def factory(info):
        seen.append(info[4][0])
        if info[4][0] == "127.0.0.1" and len(seen) > 1:
            raise OSError("not within our own network")
        return socket.socket(*info[:3])

    class Rebinds(aiohttp.ThreadedResolver):
        async def resolve(self, host, port=0, family=0):
            return await super().resolve("127.0.0.1", port, family)

    connector = aiohttp.TCPConnector(resolver=Rebinds(), socket_factory=factory, force_close=True, use_dns_cache=False)
    async with aiohttp.ClientSession(connector=connector) as session:
        assert await outcome(session, f"http://a.test:{origin.port}/") == (200, b"ok")
        assert await outcome(session, f"http://a.test:{origin.port}/") == "ClientConnectorError"
    assert seen == ["127.0.0.1"] * 2 and origin.connections == 1
