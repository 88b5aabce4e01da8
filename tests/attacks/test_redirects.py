"""R: where a redirect leads, and what it must not take there (RFC 9110 §15.4).

Credentials are for an origin: scheme, host and port. Every pair of origins that differ in one of these or more is
tried, with every way to give credentials, over real TLS.
"""

import asyncio
import itertools
import ssl

import pytest
from attacked import OK, REFUSED, outcome

import aiohttp_client as aiohttp


class Origins:
    """Servers at scheme://host:port for two schemes, three hosts and two ports each; requests by origin."""

    HOSTS = ("a.test", "b.a.test", "c.test")

    def __init__(self, certificates):
        self._certificates = certificates
        self.seen = []  # (origin, raw request)
        self.answer = lambda origin, path: OK
        self._servers = []

    async def start_for_test(self):
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._certificates.authority.issue_cert(*self.HOSTS).configure_cert(context)
        self.ports = {}
        for scheme, tls in (("http", None), ("https", context)):
            for name in ("one", "two"):
                server = await asyncio.start_server(
                    lambda *streams, s=scheme: self._serve(s, *streams), "127.0.0.1", 0, ssl=tls
                )
                self._servers.append(server)
                self.ports[scheme, name] = server.sockets[0].getsockname()[1]

    async def stop_for_test(self):
        for server in self._servers:
            server.close()
            await server.wait_closed()

    def all(self):
        return [f"{scheme}://{host}:{port}" for (scheme, _), port in self.ports.items() for host in self.HOSTS]

    async def _serve(self, scheme, reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:-2])
                port = writer.get_extra_info("sockname")[1]
                # Which host it is for is what the Host line says, unless that is one of the caller's own.
                origin = f"{scheme}://{fields['Host'].partition(':')[0]}:{port}"
                self.seen.append((origin, head))
                writer.write(self.answer(origin, head.split(b" ")[1].decode()))
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()


@pytest.fixture
def origins(certificates):
    return Origins(certificates)


class Local(aiohttp.ThreadedResolver):
    async def resolve(self, host, port=0, family=0):
        return await super().resolve("127.0.0.1", port, family)


def session_for(certificates, **options):
    connector = aiohttp.TCPConnector(ssl=certificates.client(), resolver=Local())
    return aiohttp.ClientSession(connector=connector, **options)


def moved(location, status=302):
    return f"HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


SECRET = "c2VjcmV0"
BASIC = aiohttp.BasicAuth("user", "secret")
# Every way to say who one is; the marks are what must not arrive elsewhere.
WAYS = {
    "Authorization": {"request": {"headers": {"Authorization": f"Bearer {SECRET}"}}},
    "authorization twice, R2": {"request": {"headers": [("authorization", SECRET), ("AUTHORIZATION", f"x {SECRET}")]}},
    "Cookie, R2": {"request": {"headers": [("Cookie", f"a={SECRET}"), ("COOKIE", f"b={SECRET}")]}},
    "cookies=": {"request": {"cookies": {"a": SECRET}}},
    "Proxy-Authorization": {"request": {"headers": {"proxy-authorization": SECRET}}},
    "headers of the session": {"session": {"headers": {"Authorization": SECRET, "Cookie": f"a={SECRET}"}}},
    "auth=": {"request": {"auth": BASIC}},
    "auth of the session": {"session": {"auth": BASIC}},
    "userinfo": {"userinfo": "user:secret@"},
    "Host, R7": {"request": {"headers": {"Host": f"{SECRET}.test"}}},
}
MARKS = (SECRET.encode(), BASIC.encode().encode())


def marked(head):
    return any(mark in head for mark in MARKS)


@pytest.mark.parametrize("way", WAYS)
async def test_credentials_stay_with_their_origin_over_all_schemes_hosts_and_ports_R1(origins, certificates, way):
    """From each origin to each: they arrive where the origin is the same, and nowhere else."""
    given = WAYS[way]
    every = origins.all()
    async with session_for(certificates, **given.get("session", {})) as session:
        for start, goal in itertools.product(every, every):
            origins.seen.clear()
            origins.answer = lambda origin, path, goal=goal: moved(f"{goal}/goal") if path == "/start" else OK
            url = start.replace("://", f"://{given.get('userinfo', '')}") + "/start"
            async with session.get(url, **given.get("request", {})) as response:
                assert response.status == 200
            (_, first), (_, second) = origins.seen
            assert marked(first)
            assert marked(second) is (start == goal), (start, goal)


@pytest.mark.parametrize("way", WAYS)
async def test_what_was_dropped_does_not_come_back_R3_R4(origins, certificates, way):
    """a → b → b → a: they are gone for good, even where they came from."""
    given = WAYS[way]
    a, b = (f"https://{host}:{origins.ports['https', 'one']}" for host in ("a.test", "c.test"))
    hops = {"/start": f"{b}/2", "/2": f"{b}/3", "/3": f"{a}/4", "/4": f"{a}/5"}
    origins.answer = lambda origin, path: moved(hops[path]) if path in hops else OK
    async with session_for(certificates, **given.get("session", {})) as session:
        async with session.get(
            a.replace("://", f"://{given.get('userinfo', '')}") + "/start", **given.get("request", {})
        ):
            pass
    assert [marked(head) for _, head in origins.seen] == [True, False, False, False, False]


async def test_other_spellings_are_no_other_origin_and_a_dot_is_R1(origins, certificates):
    """Case and a default port change nothing; a host with a dot behind it is another name."""
    port = origins.ports["http", "one"]
    for goal, same in ((f"HTTP://A.TEST:{port}", True), (f"http://a.test.:{port}", False)):
        origins.seen.clear()
        origins.answer = lambda origin, path, goal=goal: moved(f"{goal}/goal") if path == "/start" else OK
        async with session_for(certificates) as session:
            async with session.get(f"http://a.test:{port}/start", headers={"Authorization": SECRET}):
                pass
        assert [marked(head) for _, head in origins.seen] == [True, same]


async def test_cookies_go_where_the_server_that_set_them_says_R13_C11(origins, certificates):
    """Set by a redirect: host-only not to another host; with Domain to its subdomains, not to strangers."""
    one = origins.ports["http", "one"]
    hops = {
        "/start": (f"http://b.a.test:{one}/2", "Set-Cookie: host=1\r\nSet-Cookie: wide=1; Domain=a.test"),
        "/2": (f"http://c.test:{one}/3", "Set-Cookie: tossed=1; Domain=a.test\r\nSet-Cookie: evil=1; Domain=c.test"),
        "/3": (f"http://a.test:{one}/4", "Set-Cookie: other=1"),
    }

    def answer(origin, path):
        if path not in hops:
            return OK
        goal, cookies = hops[path]
        return moved(goal).replace(b"\r\n\r\n", f"\r\n{cookies}\r\n\r\n".encode())

    origins.answer = answer
    async with session_for(certificates) as session:
        async with session.get(f"http://a.test:{one}/start"):
            pass
    sent = [head.partition(b"\r\nCookie: ")[2].partition(b"\r\n")[0] for _, head in origins.seen]
    assert sent == [b"", b"wide=1", b"", b"host=1; tossed=1; wide=1"]


async def test_secure_cookies_do_not_follow_to_http_R14_C4(origins, certificates):
    https, http = (f"{scheme}://a.test:{origins.ports[scheme, 'one']}" for scheme in ("https", "http"))
    cookies = b"\r\nSet-Cookie: a=1; Secure\r\nSet-Cookie: __Host-b=1; Secure; Path=/\r\nSet-Cookie: c=1\r\n\r\n"
    origins.answer = lambda origin, path: moved(f"{http}/2").replace(b"\r\n\r\n", cookies) if path == "/1" else OK
    async with session_for(certificates) as session:
        async with session.get(f"{https}/1"):
            pass
        async with session.get(f"{https}/3"):
            pass
    sent = [head.partition(b"\r\nCookie: ")[2].partition(b"\r\n")[0] for _, head in origins.seen]
    assert sent == [b"", b"c=1", b"__Host-b=1; a=1; c=1"]


@pytest.mark.parametrize("first", ["digest", "basic"])
async def test_a_challenge_of_another_origin_is_not_answered_R5(origins, certificates, first):
    """Credentials for a are not offered to b, whatever b asks for."""
    a, b = (f"http://{host}:{origins.ports['http', 'one']}" for host in ("a.test", "c.test"))
    challenge = b'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"\r\nWWW-Authenticate: Basic realm="r"\r\n'
    refusal = b"HTTP/1.1 401 No\r\n" + challenge + b"Content-Length: 0\r\n\r\n"
    origins.answer = lambda origin, path: refusal if "c.test" in origin else moved(f"{b}/2")
    options = (
        {"middlewares": [aiohttp.DigestAuthMiddleware("user", "secret")]} if first == "digest" else {"auth": BASIC}
    )
    async with session_for(certificates, **options) as session, session.get(f"{a}/1") as response:
        assert response.status == 401
    assert all(b"Authorization" not in head for origin, head in origins.seen if "c.test" in origin)


async def test_netrc_speaks_for_hosts_it_names_R5_U7(origins, certificates, tmp_path, monkeypatch):
    """Its default entry is for hosts that the caller has chosen, not for those that a redirect has."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine a.test login for-a password x\ndefault login for-all password x\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("no_proxy", "*")
    port = origins.ports["http", "one"]
    origins.answer = lambda origin, path: {
        "/1": moved(f"http://c.test:{port}/2"),
        "/2": moved(f"http://a.test:{port}/3"),
    }.get(path, OK)
    async with session_for(certificates, trust_env=True) as session:
        async with session.get(f"http://a.test:{port}/1"):
            pass
        async with session.get(f"http://c.test:{port}/4"):
            pass
    logins = [
        aiohttp.BasicAuth.decode(value).login
        if (value := head.partition(b"Authorization: ")[2].partition(b"\r\n")[0].decode())
        else None
        for _, head in origins.seen
    ]
    assert logins == ["for-a", None, "for-a", "for-all"]


async def test_each_hop_has_its_own_proxy_R6(origin, monkeypatch):
    """The environment names a proxy, with a password, for http only: what is in no_proxy is not asked by way of it."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("http_proxy", f"http://user:secret@127.0.0.1:{origin.port}")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    origin.answers(lambda request: moved(f"{origin.url}/2") if b"a.example" in request else OK)
    async with aiohttp.ClientSession(trust_env=True) as session:
        async with session.get("http://a.example/1") as response:
            assert response.status == 200
    through, direct = origin.requests
    assert through.startswith(b"GET http://a.example/1 ") and BASIC.encode().encode() in through
    assert direct.startswith(b"GET /2 ") and b"Proxy-Authorization" not in direct


# R8: what becomes of the method and of the body's description.
@pytest.mark.parametrize("status", [301, 302, 303])
async def test_a_body_that_is_dropped_is_not_described_R8(origin, status):
    origin.answers(lambda request: moved("/2", status) if b" /1 " in request else OK)
    described = {"Content-Type": "x/y", "Content-Language": "en", "Content-Encoding": "x", "Content-Location": "/x"}
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{origin.url}/1", data=b"body", headers=described):
            pass
    second = origin.requests[-1]
    assert second.startswith(b"GET /2 ") and second.endswith(b"\r\n\r\n")
    assert b"\r\nContent-" not in second and b"Transfer-Encoding" not in second


@pytest.mark.parametrize("status", [307, 308])
async def test_a_body_that_is_used_up_is_not_sent_empty_R9(origin, status):
    origin.answers(lambda request: moved("/2", status) if b" /1 " in request else OK)

    async def body():
        yield b"once"

    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientPayloadError, match="only once") as caught:
            await session.post(f"{origin.url.replace('//', '//u:secret@')}/1", data=body())
        assert "secret" not in str(caught.value)
    assert len(origin.requests) == 1


LOCATIONS = {
    "file:///etc/passwd": "NonHttpUrlRedirectClientError",
    "ftp://h/": "NonHttpUrlRedirectClientError",
    "javascript:alert(1)": "NonHttpUrlRedirectClientError",
    "data:text/plain,x": "NonHttpUrlRedirectClientError",
    "ws://h/": "NonHttpUrlRedirectClientError",
    "unix:///x": "NonHttpUrlRedirectClientError",
    "http://": "InvalidUrlRedirectClientError",
    "http:///x": "InvalidUrlRedirectClientError",
    "//": "InvalidUrlRedirectClientError",
    "http://h:99999/": "InvalidUrlRedirectClientError",
    "http://h:0/": "InvalidUrlRedirectClientError",
    "http://h:8_0/": "InvalidUrlRedirectClientError",
    "http://h:x/": "InvalidUrlRedirectClientError",
    "http://[::1/": "InvalidUrlRedirectClientError",
    "http://2130706433/": "InvalidUrlRedirectClientError",
    "http://0x7f.1/": "InvalidUrlRedirectClientError",
    "http://a b/": "InvalidUrlRedirectClientError",
    "http://a%00b/": "InvalidUrlRedirectClientError",
    "http://good\\@evil/": "InvalidUrlRedirectClientError",
    f"http://{'a' * 300}/": "InvalidUrlRedirectClientError",
}


@pytest.mark.parametrize("location", LOCATIONS)
async def test_locations_that_lead_nowhere_R10(origin, location):
    origin.answers(lambda request: moved(location) if b" /1 " in request else OK)
    async with aiohttp.ClientSession() as session:
        assert await outcome(session, f"{origin.url}/1") == LOCATIONS[location]
        assert session.connector._pool.in_use == 0
    assert len(origin.requests) == 1


@pytest.mark.parametrize(
    ("location", "line"),
    [
        (b"/\xff\xe9", b"GET /%FF%E9 HTTP/1.1"),
        (b"/a b", b"GET /a%20b HTTP/1.1"),
        ("/ä".encode(), b"GET /%C3%A4 HTTP/1.1"),
        (b"/%0d%0aX-Evil:1", b"GET /%0D%0AX-Evil:1 HTTP/1.1"),
        (b"/" + b"a" * 8000, b"GET /" + b"a" * 8000 + b" HTTP/1.1"),
        (b"?q", b"GET /1?q HTTP/1.1"),
    ],
)
async def test_locations_that_are_made_usable_R10(origin, location, line):
    head = b"HTTP/1.1 302 Moved\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n"
    origin.answers(lambda request: head if request.startswith(b"GET /1 ") else OK)
    async with aiohttp.ClientSession() as session, session.get(f"{origin.url}/1") as response:
        assert response.status == 200
    assert origin.requests[1].partition(b"\r\n")[0] == line


@pytest.mark.parametrize("location", [b"/\rX", b"/\0", b"/" + b"a" * 1_000_000])
async def test_a_location_that_is_no_field_is_refused_R10(attacked, location):
    raw = b"HTTP/1.1 302 Moved\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n"
    assert await attacked.by(raw) == (REFUSED, False)


async def test_userinfo_is_not_inherited_and_not_shown_R11(origin):
    """A relative Location keeps the origin, and so who we are; one with userinfo says who we are there."""
    origin.answers(
        lambda request: moved("/2") if b" /1 " in request else moved("ftp://me:hidden@h/") if b" /2 " in request else OK
    )
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.NonHttpUrlRedirectClientError) as caught:
            await session.get(f"{origin.url.replace('//', '//u:secret@')}/1")
    assert "hidden" not in str(caught.value) + repr(caught.value)
    assert all(b"Referer" not in request and b"secret@" not in request for request in origin.requests)


@pytest.mark.parametrize("endless", [False, True])
async def test_the_body_of_a_redirect_is_not_read_R12(origin, endless):
    """Neither a bomb nor a body without end holds the client up: it is not decoded, and its connection is closed."""
    import gzip

    bomb = gzip.compress(bytes(2**26))
    head = b"HTTP/1.1 302 Moved\r\nLocation: /2\r\nContent-Encoding: gzip\r\n"
    head += b"Transfer-Encoding: chunked\r\n\r\n" if endless else b"Content-Length: %d\r\n\r\n" % len(bomb)
    body = (
        [b"%x\r\n%b\r\n" % (len(bomb), bomb)] * 3 + [origin.STALL] if endless else [bomb, origin.WAIT, OK, origin.STALL]
    )
    origin.script([origin.WAIT, head, *body], [origin.WAIT, OK, origin.STALL])
    async with aiohttp.ClientSession() as session:
        assert await outcome(session, f"{origin.url}/1") == (200, b"ok")
        assert session.connector._pool.in_use == 0


async def test_redirects_have_an_end_L5(origin):
    origin.plays(moved("/again"))
    async with aiohttp.ClientSession() as session:
        assert await outcome(session, origin.url) == "TooManyRedirects"
    assert len(origin.requests) == 10


async def test_the_total_time_spans_all_hops_L5(origin):
    origin.script([step for _ in range(9) for step in (origin.WAIT, 0.1, moved("/again"))])
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=0.25)) as session:
        assert await outcome(session, origin.url) == "TimeoutError"
        assert session.connector._pool.in_use == 0
    assert len(origin.requests) < 5
