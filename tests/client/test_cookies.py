"""Cookies over the wire: set by responses, sent by requests, and never to strangers."""

from http.cookies import SimpleCookie

import aiohttp_client as aiohttp
from aiohttp_client.abc import AbstractCookieJar


def setting(*lines, body=b"", status="200 OK", extra=""):
    fields = "".join(f"Set-Cookie: {line}\r\n" for line in lines)
    return f"HTTP/1.1 {status}\r\n{fields}{extra}Content-Length: {len(body)}\r\n\r\n".encode() + body


def cookie_line(request):
    lines = [line for line in request.decode().split("\r\n") if line.lower().startswith("cookie:")]
    assert len(lines) <= 1
    return lines[0].partition(": ")[2] if lines else None


async def test_what_a_response_sets_the_next_request_sends(origin):
    origin.answers(lambda request: setting("b=2; Path=/", "a=1; Path=/", "c=3; Path=/other"))
    async with aiohttp.ClientSession() as session:
        async with session.get(origin.named_url) as response:
            assert {name: morsel.value for name, morsel in response.cookies.items()} == {"a": "1", "b": "2", "c": "3"}
        async with session.get(origin.named_url):
            pass
        assert len(session.cookie_jar) == 3
    assert [cookie_line(request) for request in origin.requests] == [None, "a=1; b=2"]


async def test_error_responses_and_redirects_set_cookies_too(origin):
    def answer(request):
        if b" /1 " in request:
            return setting("hop=1; Path=/", status="302 Found", extra="Location: /2\r\n")
        return setting("denied=1; Path=/", status="401 No")

    origin.answers(answer)
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{origin.named_url}/1") as response:
            assert response.status == 401
            assert "hop" in response.history[0].cookies and "hop" not in response.cookies
        async with session.get(f"{origin.named_url}/3"):
            pass
    assert [cookie_line(request) for request in origin.requests] == [None, "hop=1", "denied=1; hop=1"]


async def test_cookies_of_session_request_and_header_are_one_line(origin):
    origin.answers(lambda request: setting())
    own = {"b": "request", "c": "x y"}
    async with aiohttp.ClientSession(cookies={"a": "session", "b": "session"}) as session:
        async with session.get(origin.named_url, cookies=own, headers={"Cookie": "d=header; a=header"}):
            pass
        async with session.get(origin.named_url):
            pass
    assert cookie_line(origin.requests[0]) == 'a=session; b=request; c="x y"; d=header'
    assert cookie_line(origin.requests[1]) == "a=session; b=session"
    assert own == {"b": "request", "c": "x y"}


async def test_cookies_of_a_request_stay_with_its_origin(origin):
    other = origin.named_url.replace("localhost", "127.0.0.1")

    def answer(request):
        hops = {b"/1": f"{origin.named_url}/2", b"/2": f"{other}/3", b"/3": f"{origin.named_url}/4"}
        location = hops.get(request.split(b" ")[1])
        return setting(status="302 Found", extra=f"Location: {location}\r\n") if location else setting()

    origin.answers(answer)
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{origin.named_url}/1", cookies={"secret": "1"}) as response:
            assert response.status == 200
    assert [cookie_line(request) for request in origin.requests] == ["secret=1", "secret=1", None, None]


class ShortestJar(AbstractCookieJar):
    """What a jar has to have, as users write them: one value for each name, sent everywhere."""

    def __init__(self):
        self.kept = {}

    def __iter__(self):
        return iter(self.kept.values())

    def __len__(self):
        return len(self.kept)

    def clear(self, predicate=None):
        self.kept.clear()

    def clear_domain(self, domain):
        self.kept.clear()

    def update_cookies(self, cookies, response_url=None):
        self.kept.update(cookies)

    def filter_cookies(self, request_url):
        found = SimpleCookie()
        found.update(self.kept)
        return found


async def test_a_jar_of_the_user_s_own(origin):
    origin.plays(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/x\r\nSet-Cookie: broken\r\nContent-Length: 0\r\n\r\n")
    jar = ShortestJar()
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        for _ in range(2):
            async with session.get(origin.url, cookies={"own": "1"}):
                pass
        assert session.cookie_jar is jar
    assert cookie_line(origin.requests[1]) == "a=b; own=1"
    assert (jar.quote_cookie, jar.unsafe, jar.host_only_cookies, jar.treat_as_secure_origin) == (
        True,
        False,
        frozenset(),
        frozenset(),
    )
    assert {key: cookie["a"].value for key, cookie in jar.cookies.items()} == {("", "/x"): "b"}


async def test_the_dummy_jar(origin):
    origin.answers(lambda request: setting("a=1; Path=/"))
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        for _ in range(2):
            async with session.get(origin.named_url) as response:
                assert response.cookies["a"].value == "1"
    assert [cookie_line(request) for request in origin.requests] == [None, None]


async def test_cookies_of_httpbin(httpbin):
    url = httpbin.url.replace("127.0.0.1", "localhost")
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{url}/cookies/set?k1=v1&k2=v2") as response:
            assert (await response.json())["cookies"] == {"k1": "v1", "k2": "v2"}
        async with session.get(f"{url}/cookies/delete?k1") as response:
            assert (await response.json())["cookies"] == {"k2": "v2"}
