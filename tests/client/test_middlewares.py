"""Middlewares around each exchange, and the request they see."""

import asyncio
import hashlib
import re

import pytest

import aiohttp_client as aiohttp

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
MOVED = b"HTTP/1.1 307 F\r\nLocation: /end\r\nContent-Length: 0\r\n\r\n"


async def test_the_first_is_outermost_and_a_request_may_have_its_own(origin):
    origin.plays(OK)
    order = []

    def named(name):
        async def middleware(request, handler):
            order.append(f"{name} in")
            response = await handler(request)
            order.append(f"{name} out {response.status}")
            return response

        return middleware

    async with aiohttp.ClientSession(middlewares=[named("a"), named("b")]) as session:
        await session.get(origin.url)
        assert order == ["a in", "b in", "b out 200", "a out 200"]
        order.clear()
        await session.get(origin.url, middlewares=[named("c")])
        assert order == ["c in", "c out 200"]
        order.clear()
        await session.get(origin.url, middlewares=())
        assert order == []


async def test_headers_set_by_a_middleware_are_sent_on_each_hop(origin):
    origin.answers(lambda request: OK if b"/end" in request else MOVED)
    seen = []

    async def tag(request, handler):
        seen.append((request.method, request.url.path, request.host, request.is_ssl()))
        request.headers["X-Tag"] = str(len(seen))
        return await handler(request)

    async with aiohttp.ClientSession(middlewares=[tag]) as session:
        async with session.post(origin.url, data=b"body") as response:
            assert response.request_info.headers["X-Tag"] == "2"
    assert seen == [("POST", "/", "127.0.0.1", False), ("POST", "/end", "127.0.0.1", False)]
    assert b"X-Tag: 1\r\n" in origin.requests[0] and b"X-Tag: 2\r\n" in origin.requests[1]
    assert origin.requests[1].endswith(b"\r\n\r\nbody")


async def test_a_middleware_may_send_again_or_not_at_all(origin):
    answers = iter([OK.replace(b"200", b"503"), OK.replace(b"200", b"503"), OK])
    origin.answers(lambda request: next(answers))

    async def again(request, handler):
        while True:
            response = await handler(request)
            if response.status != 503:
                return response
            response.release()

    async def refuse(request, handler):
        raise PermissionError("not that host")

    async with aiohttp.ClientSession() as session:
        async with session.put(origin.url, data=b"x", middlewares=[again]) as response:
            assert response.status == 200
        assert len(origin.requests) == 3
        with pytest.raises(PermissionError):
            await session.get(origin.url, middlewares=[refuse])
        assert session.connector._pool.in_use == 0


async def test_a_middleware_may_use_the_session(origin):
    origin.answers(lambda request: b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ntoken" if b"/login" in request else OK)

    async def login(request, handler):
        async with request.session.post(f"{origin.url}/login", middlewares=()) as response:
            request.headers["Authorization"] = await response.text()
        return await handler(request)

    async with aiohttp.ClientSession(middlewares=[login]) as session:
        await session.get(origin.url)
    assert b"Authorization: token\r\n" in origin.requests[1]


async def pieces():
    yield b"one"
    yield b"two"


@pytest.mark.parametrize(
    ("body", "fields", "sent"),
    [
        (b"bytes", b"Content-Length: 5\r\nContent-Type: application/octet-stream\r\n", b"bytes"),
        ("text", b"Content-Length: 4\r\nContent-Type: text/plain; charset=utf-8\r\n", b"text"),
        ({"a": "b"}, b"Content-Length: 3\r\nContent-Type: application/x-www-form-urlencoded\r\n", b"a=b"),
        (
            pieces,
            b"Transfer-Encoding: chunked\r\nContent-Type: application/octet-stream\r\n",
            b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n",
        ),
        (None, b"Content-Length: 0\r\n", b""),
    ],
)
@pytest.mark.parametrize("before", [b"before", pieces, None])
async def test_update_body_says_anew_how_long_and_of_what_type(origin, before, body, fields, sent):
    origin.plays(OK)

    async def replace(request, handler):
        await request.update_body(body() if callable(body) else body)
        return await handler(request)

    async with aiohttp.ClientSession(middlewares=[replace]) as session:
        await session.post(origin.url, data=before() if callable(before) else before)
    head, _, received = origin.requests[0].partition(b"\r\n\r\n")
    for field in fields.split(b"\r\n")[:-1]:
        assert field in head.split(b"\r\n")
    assert head.lower().count(b"content-length") + head.lower().count(b"transfer-encoding") == 1
    assert received == sent


async def test_update_body_closes_what_it_replaces(origin, tmp_path):
    origin.plays(OK)
    (tmp_path / "file").write_bytes(b"file")

    async def replace(request, handler):
        assert await request.body.as_bytes() == b"file"
        await request.update_body(b"other")
        return await handler(request)

    file = (tmp_path / "file").open("rb")
    async with aiohttp.ClientSession(middlewares=[replace]) as session:
        await session.post(origin.url, data=file)
    assert file.closed
    assert origin.requests[0].endswith(b"\r\n\r\nother")


async def test_assigning_a_body_warns_where_a_file_stays_open(origin, tmp_path):
    origin.plays(OK)
    (tmp_path / "file").write_bytes(b"file")

    async def replace(request, handler):
        with pytest.warns(ResourceWarning, match="update_body"):
            request.body = b"other"
        return await handler(request)

    with (tmp_path / "file").open("rb") as file:
        async with aiohttp.ClientSession(middlewares=[replace]) as session:
            await session.post(origin.url, data=file)
    assert origin.requests[0].endswith(b"\r\n\r\nother")


async def test_the_body_a_middleware_sees(origin):
    origin.plays(OK)
    seen = []

    async def look(request, handler):
        seen.append(request.body if request.body == b"" else await request.body.as_bytes())
        return await handler(request)

    async with aiohttp.ClientSession(middlewares=[look]) as session:
        await session.get(origin.url)
        await session.post(origin.url, json={"a": 1})
    assert seen == [b"", b'{"a": 1}']


async def test_a_body_that_can_be_sent_once_is_not_sent_twice(origin):
    origin.plays(OK)

    async def twice(request, handler):
        (await handler(request)).release()
        return await handler(request)

    async with aiohttp.ClientSession(middlewares=[twice]) as session:
        with pytest.raises(aiohttp.ClientPayloadError, match="only once"):
            await session.post(origin.url, data=pieces())
        await session.post(origin.url, data=b"as often as you like")


async def test_the_total_time_includes_middlewares(origin):
    origin.plays(OK)

    async def slow(request, handler):
        await asyncio.sleep(10)
        return await handler(request)

    async with aiohttp.ClientSession(middlewares=[slow]) as session:
        with pytest.raises(TimeoutError, match="total timeout"):
            await session.get(origin.url, timeout=0.05)


async def test_the_attributes_of_a_request(origin):
    seen = []

    async def look(request, handler):
        seen.append(request)
        return await handler(request)

    origin.plays(OK)
    async with aiohttp.ClientSession(middlewares=[look], skip_auto_headers=["Accept"]) as session:
        await session.get(f"{origin.url}/p?q=1#frag", proxy_headers={"X": "1"}, proxy=origin.url)
        (request,) = seen
        assert str(request.url).endswith("/p?q=1") and request.original_url.fragment == "frag"
        assert request.session is session and request.version == aiohttp.HttpVersion11
        assert (request.host, request.port) == ("127.0.0.1", origin.port)
        assert request.connection_key.host == "127.0.0.1"
        assert str(request.proxy) == origin.url and request.proxy_auth is None
        assert request.proxy_headers["x"] == "1"
        assert request.ssl is True and request.server_hostname is None
        assert request.skip_auto_headers == {"accept"}
        assert request.response_class is aiohttp.ClientResponse
        assert request.chunked is False and request.compress is None
        assert request.timeout is session.timeout
        assert request.request_info.method == "GET"


# -- Digest


def digest_server(origin, *, algorithm="MD5", qop="auth", stale_after=None, **extra):
    """Have origin ask for Digest; count how often it had to."""
    state = {"nonce": 0, "refused": 0, "used": 0}
    hashes = {"MD5": "md5", "SHA": "sha1", "SHA-256": "sha256", "SHA-512": "sha512"}
    name = algorithm.upper().removesuffix("-SESS")

    def digest(*parts):
        return hashlib.new(hashes[name], ":".join(parts).encode()).hexdigest()

    def answer(request):
        head, _, body = request.partition(b"\r\n\r\n")
        line = re.search(rb"\r\nAuthorization: Digest (.*)", head)
        given = dict(re.findall(r'(\w+)="?([^",]*)"?', line[1].decode())) if line else {}
        nonce = f"nonce{state['nonce']}"
        if given.get("nonce") == nonce:
            state["used"] += 1
            method, uri, _ = head.decode().split(" ", 2)
            secret = digest("user", "realm", "secret")
            if algorithm.upper().endswith("-SESS"):
                secret = digest(secret, nonce, given["cnonce"])
            action = (
                digest(method, uri, digest(body.decode())) if given.get("qop") == "auth-int" else digest(method, uri)
            )
            parts = [given["nc"], given["cnonce"], given["qop"]] if qop else []
            right = given["response"] == digest(secret, nonce, *parts, action) and given["uri"] == uri
            right = right and (not qop or int(given["nc"], 16) == state["used"])
            if right and state["used"] != stale_after:
                return OK
        state["refused"] += 1
        state["nonce"] += 1
        state["used"] = 0
        fields = {"realm": '"realm"', "nonce": f'"nonce{state["nonce"]}"', "algorithm": algorithm}
        if qop:
            fields["qop"] = f'"{qop}"'
        fields.update(extra)
        line = ", ".join(f"{name}={value}" for name, value in fields.items())
        asked = f'WWW-Authenticate: Basic realm="b", Digest {line}'.encode()
        return b"HTTP/1.1 401 Who\r\n" + asked + b"\r\nContent-Length: 0\r\n\r\n"

    origin.answers(answer)
    return state


@pytest.mark.parametrize("algorithm", ["MD5", "SHA", "SHA-256", "SHA-512", "MD5-sess", "sha-256-SESS"])
@pytest.mark.parametrize("qop", ["auth", "auth-int", "auth,auth-int", ""])
async def test_digest_answers_and_goes_on_counting(origin, algorithm, qop):
    state = digest_server(origin, algorithm=algorithm, qop=qop, opaque='"o p"')
    async with aiohttp.ClientSession(middlewares=[aiohttp.DigestAuthMiddleware("user", "secret")]) as session:
        for number in range(3):
            async with session.post(f"{origin.url}/a?b={number}", data=b"body") as response:
                assert response.status == 200
    assert state["refused"] == 1 and len(origin.requests) == 4
    assert origin.connections == 1
    assert b'opaque="o p"' in origin.requests[1]


async def test_digest_without_preemption_is_asked_each_time(origin):
    state = digest_server(origin)
    middleware = aiohttp.DigestAuthMiddleware("user", "secret", preemptive=False)
    async with aiohttp.ClientSession(middlewares=[middleware]) as session:
        for _ in range(2):
            async with session.get(origin.url) as response:
                assert response.status == 200
    assert state["refused"] == 2


async def test_a_stale_nonce_is_replaced(origin):
    state = digest_server(origin, stale_after=2)
    async with aiohttp.ClientSession(middlewares=[aiohttp.DigestAuthMiddleware("user", "secret")]) as session:
        for _ in range(3):
            async with session.get(origin.url) as response:
                assert response.status == 200
    assert state["refused"] == 3


async def test_wrong_credentials_are_tried_once(origin):
    digest_server(origin)
    async with aiohttp.ClientSession(middlewares=[aiohttp.DigestAuthMiddleware("user", "wrong")]) as session:
        async with session.get(origin.url) as response:
            assert response.status == 401
    assert len(origin.requests) == 2


async def test_digest_credentials_stay_with_their_origin(origin):
    digest_server(origin)
    middleware = aiohttp.DigestAuthMiddleware("user", "secret")
    async with aiohttp.ClientSession(middlewares=[middleware]) as session:
        await session.get(origin.url)
        async with session.get(origin.named_url) as response:  # the same server by another name
            assert response.status == 401
    assert b"Authorization" not in origin.requests[-1]


async def test_the_domain_of_a_challenge_says_where_it_holds(origin):
    state = digest_server(origin, domain='"/private /also/"')
    async with aiohttp.ClientSession(middlewares=[aiohttp.DigestAuthMiddleware("user", "secret")]) as session:
        await session.get(f"{origin.url}/private/1")
        for path, preemptive in (("/private/2", True), ("/private", True), ("/also/x", True), ("/privateer", False)):
            before = len(origin.requests)
            await session.get(origin.url + path)
            assert (b"Authorization" in origin.requests[before]) == preemptive, path
    assert state["refused"] == 2


async def test_what_is_no_url_in_a_challenges_domain_holds_nowhere(origin):
    state = digest_server(origin, domain='"http:// //[::1]x@ http://[::1 http://h:99999/ mailto:x"')
    async with aiohttp.ClientSession(middlewares=[aiohttp.DigestAuthMiddleware("user", "secret")]) as session:
        for _ in range(2):
            async with session.get(origin.url) as response:
                assert response.status == 200
    assert state["refused"] == 1


@pytest.mark.parametrize(
    ("challenge", "words"),
    [
        ('Digest nonce="n"', "realm"),
        ('Digest realm="r"', "nonce"),
        ('Digest realm="r", nonce=""', "nonce"),
        ('Digest realm="r", nonce="n", algorithm=MD4', "MD4"),
        ('Digest realm="r", nonce="n", qop="auth-conf"', "auth-conf"),
    ],
)
async def test_a_challenge_that_cannot_be_answered_is_an_error(origin, challenge, words):
    origin.plays(f"HTTP/1.1 401 Who\r\nWWW-Authenticate: {challenge}\r\nContent-Length: 0\r\n\r\n".encode())
    async with aiohttp.ClientSession(middlewares=[aiohttp.DigestAuthMiddleware("user", "secret")]) as session:
        with pytest.raises(aiohttp.ClientError, match=words):
            await session.get(origin.url)


async def test_other_schemes_are_left_alone(origin):
    origin.plays(b'HTTP/1.1 401 Who\r\nWWW-Authenticate: Basic realm="Digest nonce=x"\r\nContent-Length: 0\r\n\r\n')
    async with aiohttp.ClientSession(middlewares=[aiohttp.DigestAuthMiddleware("user", "secret")]) as session:
        async with session.get(origin.url) as response:
            assert response.status == 401
    assert len(origin.requests) == 1


@pytest.mark.parametrize("credentials", [(None, "p"), ("u", None), ("u:v", "p")])
def test_digest_credentials_must_be_usable(credentials):
    with pytest.raises(ValueError):
        aiohttp.DigestAuthMiddleware(*credentials)


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256", "SHA-512"])
async def test_digest_with_httpbin(httpbin, algorithm):
    middleware = aiohttp.DigestAuthMiddleware("user", "pass")
    async with aiohttp.ClientSession(middlewares=[middleware]) as session:
        for qop in ("auth", "auth-int"):
            async with session.get(f"{httpbin.url}/digest-auth/{qop}/user/pass/{algorithm}") as response:
                assert response.status == 200
                assert (await response.json())["authenticated"] is True
