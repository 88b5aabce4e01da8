"""Redirects over the wire: what each hop is sent."""

import pytest
from yarl import URL

import aiohttp_client as aiohttp


def redirect(location, status=302, extra=""):
    return f"HTTP/1.1 {status} Moved\r\nLocation: {location}\r\n{extra}Content-Length: 0\r\n\r\n".encode()


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture
def moves(origin):
    """moves(status, location): /here redirects there, everything else is ok."""

    def moves(status=302, location="/there"):
        origin.answers(lambda request: redirect(location, status) if b" /here" in request.split(b"\r\n")[0] else OK)

    return moves


def lines(request):
    return request.partition(b"\r\n\r\n")[0].decode().split("\r\n")


@pytest.mark.parametrize(
    ("status", "method", "second", "body"),
    [
        (301, "GET", "GET", b""),
        (302, "POST", "GET", b""),
        (303, "PUT", "GET", b""),
        (303, "HEAD", "HEAD", b""),
        (307, "POST", "POST", b"data"),
        (308, "PUT", "PUT", b"data"),
        (301, "DELETE", "DELETE", b"data"),
    ],
)
async def test_methods_and_bodies(origin, moves, status, method, second, body):
    moves(status)
    data = b"data" if method not in ("GET", "HEAD") else None
    headers = {"Content-Type": "text/x-own", "X-Own": "kept"} if data else {"X-Own": "kept"}
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"{origin.url}/here", data=data, headers=headers, allow_redirects=True) as response,
    ):
        assert response.status == 200
        assert [hop.status for hop in response.history] == [status]
        assert response.history[0].url.path == "/here" and response.url.path == "/there"
        assert response.method == second
    assert lines(origin.requests[1])[0] == f"{second} /there HTTP/1.1"
    assert origin.requests[1].partition(b"\r\n\r\n")[2] == body
    assert "X-Own: kept" in lines(origin.requests[1])
    # IMP-7: what describes a body goes with it.
    assert ("Content-Type: text/x-own" in lines(origin.requests[1])) is bool(body)
    assert origin.connections == 1


async def test_head_does_not_follow_unless_asked(origin, moves):
    moves()
    async with aiohttp.ClientSession() as session, session.head(f"{origin.url}/here") as response:
        assert response.status == 302


async def test_not_following(origin, moves):
    moves()
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{origin.url}/here", allow_redirects=False) as response:
            assert (response.status, response.headers["Location"], response.history) == (302, "/there", ())


@pytest.mark.parametrize("status", [300, 304, 305])
async def test_other_statuses_are_not_redirects(origin, moves, status):
    moves(status)
    async with aiohttp.ClientSession() as session, session.get(f"{origin.url}/here") as response:
        assert response.status == status


async def test_without_location_the_response_is_returned(origin):
    """IMP-8: and is not its own history."""
    origin.plays(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n")
    async with aiohttp.ClientSession() as session, session.get(origin.url) as response:
        assert (response.status, response.history) == (302, ())


async def test_the_limit(origin):
    origin.plays(redirect("/again"))
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.TooManyRedirects) as caught:
            await session.get(f"{origin.url}/first", max_redirects=3)
        assert len(caught.value.history) == 3
        assert caught.value.request_info.url.path == "/first"
        with pytest.raises(aiohttp.TooManyRedirects) as caught:
            await session.get(origin.url)
        assert len(caught.value.history) == 10
        assert session.connector._pool.in_use == 0


@pytest.mark.parametrize(
    ("location", "error"),
    [
        ("ftp://h/", aiohttp.NonHttpUrlRedirectClientError),
        ("javascript:alert(1)", aiohttp.NonHttpUrlRedirectClientError),
        ("http://127.1/", aiohttp.InvalidUrlRedirectClientError),
        ("http://h:99999/", aiohttp.InvalidUrlRedirectClientError),
        ("http://[::1/", aiohttp.InvalidUrlRedirectClientError),
        ("//[::1]x@", aiohttp.InvalidUrlRedirectClientError),
    ],
)
async def test_locations_that_cannot_be_followed(origin, moves, location, error):
    moves(location=location)
    async with aiohttp.ClientSession() as session:
        with pytest.raises(error) as caught:
            await session.get(f"{origin.url}/here")
        assert isinstance(caught.value, aiohttp.RedirectClientError)
        assert session.connector._pool.in_use == 0


async def test_credentials_stay_with_their_origin(origin):
    """Another host name is another origin, even at the same address; what was dropped does not come back."""
    there, back = f"http://localhost:{origin.port}", origin.url

    def answer(request):
        path = request.split(b" ")[1]
        hops = {b"/1": f"{back}/2", b"/2": f"{there}/3", b"/3": f"{there}/4", b"/4": f"{back}/5"}
        return redirect(hops[path]) if path in hops else OK

    origin.answers(answer)
    headers = [
        ("Authorization", "Bearer secret"),
        ("authorization", "second secret"),
        ("Cookie", "c=secret"),
        ("Proxy-Authorization", "secret"),
        ("Host", "own.example"),
        ("X-Own", "kept"),
    ]
    async with aiohttp.ClientSession(headers={"cookie": "session=secret"}) as session:
        async with session.get(f"{back}/1", headers=headers) as response:
            assert response.status == 200
    secret = [request.count(b"secret") for request in origin.requests]
    assert secret == [4, 4, 0, 0, 0]
    hosts = [lines(request)[1] for request in origin.requests]
    other = f"Host: localhost:{origin.port}"
    assert hosts == ["Host: own.example"] * 2 + [other] * 2 + [f"Host: 127.0.0.1:{origin.port}"]
    assert all(b"X-Own: kept" in request for request in origin.requests)


async def test_userinfo_of_the_url_is_kept_for_its_origin_only(origin):
    answers = {
        b"/1": redirect("/2"),
        b"/2": redirect(f"http://localhost:{origin.port}/3" if hasattr(origin, "port") else "/"),
    }
    origin.answers(lambda request: answers.get(request.split(b" ")[1], OK))
    async with aiohttp.ClientSession() as session:
        async with session.get(origin.url.replace("://", "://me:pw@") + "/1") as response:
            assert response.status == 200
    assert [b"Authorization: Basic" in request for request in origin.requests] == [True, True, False]


async def test_userinfo_in_location_is_used(origin, moves):
    moves(location=origin.url.replace("://", "://me:pw@") + "/there")
    async with aiohttp.ClientSession() as session, session.get(f"{origin.url}/here") as response:
        assert response.url.user is None
    assert "Authorization: Basic bWU6cHc=" in lines(origin.requests[1])


async def test_fragments_and_encodings(origin, moves):
    moves(location="/a%2Fb?x=%C3%A4#part")
    async with aiohttp.ClientSession() as session, session.get(f"{origin.url}/here#old") as response:
        assert str(response.real_url) == f"{origin.url}/a%2Fb?x=%C3%A4#part"
        assert response.url.fragment == ""
    assert lines(origin.requests[1])[0] == "GET /a%2Fb?x=%C3%A4 HTTP/1.1"


async def test_params_belong_to_the_first_hop(origin, moves):
    moves(location="/there")
    async with aiohttp.ClientSession() as session, session.get(f"{origin.url}/here", params={"a": "b"}):
        pass
    assert [lines(request)[0].split()[1] for request in origin.requests] == ["/here?a=b", "/there"]


async def test_a_large_redirect_body_is_not_read(origin):
    body = b"x" * 5_000_000
    origin.answers(
        lambda request: (
            redirect("/there").replace(b"Content-Length: 0", b"Content-Length: %d" % len(body)) + body
            if b"/here" in request.split(b"\r\n")[0]
            else OK
        )
    )
    async with aiohttp.ClientSession() as session, session.get(f"{origin.url}/here") as response:
        assert await response.read() == b"ok"
    assert origin.connections == 2


async def test_base_url(origin):
    origin.plays(OK)
    async with aiohttp.ClientSession(f"{origin.url}/api/v1/") as session:
        for url in ("x", "/x", "../x", "?a=1", f"{origin.url}/own"):
            async with session.get(url):
                pass
    paths = [lines(request)[0].split()[1] for request in origin.requests]
    assert paths == ["/api/v1/x", "/x", "/api/x", "/api/v1/?a=1", "/own"]


@pytest.mark.parametrize(
    ("base", "url", "params", "sent"),
    [
        ("{}", "x/1", None, "/x/1"),
        ("{}", "80", None, "/80"),
        ("{}", "-evil.test/x", {"q": 1}, "/-evil.test/x?q=1"),
        ("{}?a=1", "x", None, "/x"),
        ("{}#f", "x", {"a": "b"}, "/x?a=b"),
        ("{}/v1/", "x", {"a": "b c"}, "/v1/x?a=b+c"),
        ("{}/v1/", "x?a=1", {"b": 2}, "/v1/x?a=1&b=2"),
        ("{}/%7Eu/", "x", {"a": "b"}, "/%7Eu/x?a=b"),
        ("{}/v1/", "{}/own", {"a": "b"}, "/own?a=b"),
    ],
)
async def test_references_stay_with_the_host_of_base_url(origin, base, url, params, sent):
    origin.plays(OK)
    async with aiohttp.ClientSession(URL(base.format(origin.url), encoded=True)) as session:
        async with session.get(url.format(origin.url), params=params) as response:
            assert response.url.host == URL(origin.url).host and response.url.port == URL(origin.url).port
    assert lines(origin.requests[0])[0].split()[1] == sent


async def test_what_is_said_of_an_unusable_url_does_not_tell_the_params():
    async with aiohttp.ClientSession() as session:
        for url in ("http://api\\host/", "http://h:port/"):
            with pytest.raises(aiohttp.InvalidURL) as caught:
                await session.get(url, params={"key": "secret"})
            assert "secret" not in f"{caught.value!s}{caught.value!r}"


@pytest.mark.parametrize("base", ["/relative/", "http://h/no-slash", "//h/"])
async def test_unusable_base_urls(base):
    with pytest.raises(ValueError, match="base_url"):
        aiohttp.ClientSession(base)
