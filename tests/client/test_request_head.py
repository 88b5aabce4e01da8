"""What is sent, byte by byte."""

import enum

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict

import aiohttp_client as aiohttp
from aiohttp_client import HttpVersion10
from aiohttp_client._http import SERVER_SOFTWARE
from aiohttp_client._wire.coding import ACCEPT_ENCODING

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
AUTO = f"Accept: */*\r\nAccept-Encoding: {ACCEPT_ENCODING}\r\nUser-Agent: {SERVER_SOFTWARE}\r\n"


async def sent(origin, method="GET", path="/", session_options=None, **options):
    """The request as the origin received it, with its host line shortened to 'Host: h'."""
    origin.plays(OK)
    async with aiohttp.ClientSession(**(session_options or {})) as session:
        async with session.request(method, f"{origin.url}{path}", **options):
            pass
    return origin.requests[-1].decode().replace(f"Host: {origin.url.partition('//')[2]}\r\n", "Host: h\r\n")


async def test_a_plain_get(origin):
    assert await sent(origin, path="/a?b=c") == f"GET /a?b=c HTTP/1.1\r\nHost: h\r\n{AUTO}\r\n"


async def test_session_headers_come_first_and_request_headers_override_in_place(origin):
    request = await sent(
        origin,
        session_options={"headers": [("X-One", "1"), ("X-Two", "2")]},
        headers=[("x-one", "a"), ("X-One", "b"), ("X-Three", "3")],
    )
    assert request == f"GET / HTTP/1.1\r\nHost: h\r\nx-one: a\r\nX-Two: 2\r\nX-One: b\r\nX-Three: 3\r\n{AUTO}\r\n"


async def test_auto_headers_can_be_skipped_and_replaced(origin):
    request = await sent(origin, headers={"Accept": "text/html"}, skip_auto_headers=["user-agent", "Accept-Encoding"])
    assert request == "GET / HTTP/1.1\r\nHost: h\r\nAccept: text/html\r\n\r\n"


async def test_session_wide_skipping(origin):
    request = await sent(
        origin,
        "POST",
        session_options={"skip_auto_headers": ["User-Agent", "Accept", "accept-encoding", "Content-Type"]},
    )
    assert request == "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"


async def test_a_host_header_of_the_caller_replaces_ours_and_stays_first(origin):
    request = await sent(origin, headers={"X": "1", "Host": "other.example"})
    assert request == f"GET / HTTP/1.1\r\nHost: other.example\r\nX: 1\r\n{AUTO}\r\n"


async def test_changes_of_session_headers_affect_later_requests(origin):
    origin.plays(OK)
    async with aiohttp.ClientSession() as session:
        async with session.get(origin.url):
            pass
        session.headers["X-Later"] = "yes"
        async with session.get(origin.url):
            pass
        del session.headers["X-Later"]
        async with session.get(origin.url):
            pass
    assert [b"X-Later: yes\r\n" in request for request in origin.requests] == [False, True, False]


@pytest.mark.parametrize(
    ("options", "fields", "body"),
    [
        ({"data": b"\x00data"}, "Content-Length: 5\r\nContent-Type: application/octet-stream\r\n", "\x00data"),
        ({"data": bytearray(b"ab")}, "Content-Length: 2\r\nContent-Type: application/octet-stream\r\n", "ab"),
        ({"data": memoryview(b"ab")}, "Content-Length: 2\r\nContent-Type: application/octet-stream\r\n", "ab"),
        ({"data": "Тест"}, "Content-Length: 8\r\nContent-Type: text/plain; charset=utf-8\r\n", "Тест"),
        ({"text": "Тест"}, "Content-Length: 8\r\nContent-Type: text/plain; charset=utf-8\r\n", "Тест"),
        ({"json": {"a": 1}}, "Content-Length: 8\r\nContent-Type: application/json\r\n", '{"a": 1}'),
        ({"json": []}, "Content-Length: 2\r\nContent-Type: application/json\r\n", "[]"),
        ({"data": b""}, "Content-Length: 0\r\nContent-Type: application/octet-stream\r\n", ""),
        ({}, "Content-Length: 0\r\nContent-Type: application/octet-stream\r\n", ""),
    ],
)
async def test_bodies(origin, options, fields, body):
    assert await sent(origin, "POST", **options) == f"POST / HTTP/1.1\r\nHost: h\r\n{AUTO}{fields}\r\n{body}"


async def test_a_content_type_of_the_caller_is_kept(origin):
    request = await sent(origin, "POST", data=b"a,b", headers={"Content-Type": "text/csv"})
    assert request == f"POST / HTTP/1.1\r\nHost: h\r\nContent-Type: text/csv\r\n{AUTO}Content-Length: 3\r\n\r\na,b"


@pytest.mark.parametrize(
    ("method", "fields"),
    [
        ("GET", ""),
        ("HEAD", ""),
        ("OPTIONS", ""),
        ("DELETE", "Content-Length: 0\r\n"),
        ("PURGE", "Content-Length: 0\r\n"),
        ("PUT", "Content-Length: 0\r\nContent-Type: application/octet-stream\r\n"),
        ("PATCH", "Content-Length: 0\r\nContent-Type: application/octet-stream\r\n"),
    ],
)
async def test_requests_without_a_body(origin, method, fields):
    assert await sent(origin, method.lower()) == f"{method} / HTTP/1.1\r\nHost: h\r\n{AUTO}{fields}\r\n"


async def test_a_get_may_have_a_body(origin):
    request = await sent(origin, "GET", data=b"x")
    assert request.endswith("Content-Length: 1\r\nContent-Type: application/octet-stream\r\n\r\nx")


async def test_a_large_body_arrives_whole(origin):
    body = bytes(range(256)) * 4096 * 4
    origin.plays(OK)
    async with aiohttp.ClientSession() as session, session.post(origin.url, data=body) as response:
        assert response.status == 200
    assert origin.requests[0].partition(b"\r\n\r\n")[2] == body


async def test_json_serializers(origin):
    options = {"json_serialize": lambda value: f"<{value}>"}
    assert (await sent(origin, "POST", session_options=options, json=5)).endswith("\r\n\r\n<5>")
    options["json_serialize_bytes"] = lambda value: b"bytes"
    assert (await sent(origin, "POST", session_options=options, json=5)).endswith("\r\n\r\nbytes")


async def test_http_10_asks_to_keep_the_connection(origin):
    request = await sent(origin, session_options={"version": HttpVersion10})
    assert request == f"GET / HTTP/1.0\r\nHost: h\r\n{AUTO}Connection: keep-alive\r\n\r\n"


async def test_force_close_says_so(origin):
    request = await sent(origin, session_options={"connector": aiohttp.TCPConnector(force_close=True)})
    assert request == f"GET / HTTP/1.1\r\nHost: h\r\n{AUTO}Connection: close\r\n\r\n"


async def test_userinfo_is_sent_as_credentials(origin):
    origin.plays(OK)
    async with aiohttp.ClientSession() as session:
        async with session.get(origin.url.replace("://", "://me:p%40ss@")) as response:
            assert response.url.user is None
    assert b"\r\nAuthorization: Basic bWU6cEBzcw==\r\n" in origin.requests[0]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"headers": {"X": "a\r\nEvil: 1"}}, ValueError, "control character"),
        ({"headers": {"X\r\nEvil": "1"}}, ValueError, "not a token"),
        ({"headers": {"X": "a\0"}}, ValueError, "control character"),
        ({"headers": {"X Y": "1"}}, ValueError, "not a token"),
        ({"headers": {"": "1"}}, ValueError, "not a token"),
        ({"headers": {"X": 1}}, TypeError, "must be str"),
        ({"headers": {"Content-Length": "7"}, "data": b"x"}, ValueError, "not the size of the body"),
        ({"headers": {"Content-Length": "+1"}, "data": b"x"}, ValueError, "expected one number of digits"),
        ({"headers": {"Transfer-Encoding": "gzip"}, "data": b"x"}, ValueError, "only chunked"),
        ({"headers": {"Transfer-Encoding": "chunked"}}, ValueError, "leave the header out"),
        ({"headers": {"Content-Length": "1"}, "data": b"x", "chunked": True}, ValueError, "leave Content-Length"),
        ({"headers": {"Transfer-Encoding": "chunked"}, "data": b"x", "chunked": True}, ValueError, "leave"),
        ({"headers": {"Content-Encoding": "gzip"}, "data": b"x", "compress": "gzip"}, ValueError, "give one of them"),
        ({"data": b"x", "compress": "br"}, ValueError, "'deflate' or 'gzip'"),
        ({"data": b"x", "json": 1}, ValueError, "use one of them"),
        ({"data": b"x", "text": "y"}, ValueError, "use one of them"),
        ({"text": b"y"}, TypeError, "text must be str"),
        ({"data": 5}, TypeError, "data must be"),
        ({"ssl": "yes"}, TypeError, "ssl must be"),
        ({"ssl": False, "verify_ssl": False}, ValueError, "mean the same"),
        ({"fingerprint": b"short"}, ValueError, "SHA-256"),
        ({"timeout": "5"}, TypeError, "timeout must be"),
        ({"params": {"a": None}}, TypeError, ""),
        ({"params": {"a": True}}, TypeError, ""),
        ({"params": {"a": b"x"}}, TypeError, ""),
        ({"params": {"a": float("nan")}}, ValueError, ""),
        ({"cookies": "a=b"}, ValueError, ""),
        ({"middlewares": 5}, TypeError, "sequence of middlewares, got 5"),
        ({"middlewares": aiohttp.DigestAuthMiddleware("a", "b")}, TypeError, "sequence of middlewares"),
        ({"upload_tracker": True}, TypeError, "UploadTracker, got bool"),
        ({"headers": "X: 1"}, ValueError, ""),
        ({"headers": {"X": None}}, TypeError, "must be str"),
        ({"headers": {"X": b"1"}}, TypeError, "must be str"),
        ({"method": None}, TypeError, "method must be str, got NoneType"),
        ({"method": "GE T"}, ValueError, "not a token"),
        ({"method": "GET / HTTP/1.1\r\nX: y"}, ValueError, "not a token"),
    ],
)
async def test_misuse_is_refused_before_anything_is_sent(origin, options, error, message):
    options = dict(options)
    origin.plays(OK)
    async with aiohttp.ClientSession() as session:
        with pytest.raises(error, match=message or "."):
            await session.request(options.pop("method", "POST"), origin.url, **options)
        assert origin.connections == 0
        async with session.get(origin.url) as response:  # and the session is none the worse
            assert response.status == 200


@pytest.mark.parametrize("url", [None, 5, b"http://127.0.0.1/", ["http://127.0.0.1/"]])
async def test_what_is_no_url_is_named(url):
    async with aiohttp.ClientSession() as session:
        with pytest.raises(TypeError, match="url must be str or yarl.URL, got"):
            await session.get(url)
        with pytest.raises(TypeError):
            await session.get(url, params={"a": "b"})


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"base_url": "/relative/"}, ValueError),
        ({"base_url": "http://h/no-slash"}, ValueError),
        ({"timeout": 5}, ValueError),
        ({"timeout": aiohttp.ClientTimeout(), "read_timeout": 1}, ValueError),
        ({"timeout": aiohttp.ClientTimeout(), "conn_timeout": 1}, ValueError),
        ({"auth": ("a", "b")}, TypeError),
        ({"cookies": "a=b"}, ValueError),
        ({"headers": {"A": 5}}, TypeError),
        ({"middlewares": 5}, TypeError),
        ({"ssl": "no"}, TypeError),
        ({"no_such_option": 1}, TypeError),
    ],
)
async def test_misuse_of_a_session_is_refused_and_leaves_nothing(options, error):
    with pytest.raises(error):
        aiohttp.ClientSession(**options)


async def test_the_order_of_all_there_is(origin):
    async def body():
        yield b"x"

    origin.plays(OK)
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(headers={"X-Session": "1"}, connector=connector) as session:
        await session.post(
            origin.url,
            headers={"X": "1"},
            cookies={"b": "1", "a": "2"},
            auth=aiohttp.BasicAuth("u", "p"),
            data=body(),
            compress=True,
        )
    head = origin.requests[0].partition(b"\r\n\r\n")[0].decode()
    assert [line.partition(":")[0] for line in head.split("\r\n")[1:]] == [
        "Host",
        "X-Session",
        "X",
        "Accept",
        "Accept-Encoding",
        "User-Agent",
        "Cookie",
        "Authorization",
        "Content-Encoding",
        "Content-Type",
        "Transfer-Encoding",
        "Connection",
    ]
    assert "\r\nCookie: a=2; b=1\r\n" in head


async def test_credentials_cannot_be_given_twice(origin):
    origin.plays(OK)
    own, url = aiohttp.BasicAuth("a", "b"), origin.url.replace("://", "://me:pw@")
    async with aiohttp.ClientSession() as session:
        for where, options in [
            (url, {"headers": {"Authorization": "Bearer x"}}),
            (origin.url, {"headers": {"Authorization": "Bearer x"}, "auth": own}),
            (url, {"auth": own}),
        ]:
            with pytest.raises(ValueError, match="twice|combine"):
                await session.get(where, **options)
        with pytest.raises(TypeError, match="BasicAuth"):
            await session.get(origin.url, auth=("a", "b"))


async def test_basic_auth(origin):
    own, other = aiohttp.BasicAuth("a", "b"), aiohttp.BasicAuth("c", "ä", "utf-8")
    assert (await sent(origin, auth=own)).count("Authorization: Basic YTpi\r\n") == 1
    session_options = {"auth": own}
    assert "Authorization: Basic YTpi\r\n" in await sent(origin, session_options=session_options)
    request = await sent(origin, session_options=session_options, auth=other)
    assert other.encode() in request and own.encode() not in request


async def test_auth_of_a_session_does_not_follow_a_redirect_elsewhere(origin):
    """IMP-9."""
    hop = f"HTTP/1.1 302 Found\r\nLocation: {origin.named_url}/b\r\nContent-Length: 0\r\n\r\n".encode()
    origin.answers(lambda request: hop if b" /a " in request else OK)
    auth = aiohttp.BasicAuth("a", "b")
    async with aiohttp.ClientSession(auth=auth) as session, session.get(f"{origin.url}/a"):
        pass
    async with aiohttp.ClientSession(f"{origin.named_url}/", auth=auth) as session, session.get(f"{origin.url}/b"):
        pass
    assert [b"Authorization" in request for request in origin.requests] == [True, False, False]


async def test_an_unknown_keyword_is_refused_at_the_call():
    async with aiohttp.ClientSession() as session:
        with pytest.raises(TypeError, match="colour"):
            session.get("http://h/", colour="red")


VALUE = st.text("abc \t\u00e4", max_size=5)
FIELD = st.tuples(st.sampled_from(["Accept", "X-A", "x-a", "User-Agent", "X-B", "authorization", "Cookie"]), VALUE)
GIVEN = st.sampled_from(["accept", "X-A", "x-a", "X-C", "Cookie", "Authorization", "Content-Type", "Host"]), VALUE


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    method=st.sampled_from(["GET", "POST", "DELETE", "HEAD"]),
    body=st.sampled_from([None, b"", b"abc"]),
    session_headers=st.lists(FIELD, max_size=3),
    given=st.one_of(st.none(), st.dictionaries(*GIVEN, max_size=4)),
    cookies=st.sampled_from([(), (("a", "1"), ("b", "2"))]),
    authorization=st.sampled_from([None, "Basic dTpw"]),
)
def test_the_dict_and_the_ready_pieces_mean_the_same_bytes(
    method, body, session_headers, given, cookies, authorization
):
    """Looking at request.headers must not change what is sent."""
    from aiohttp_client._http import HttpVersion11
    from aiohttp_client._net.policy import ReadPolicy
    from aiohttp_client._net.target import target_of
    from aiohttp_client.body import Content
    from aiohttp_client.request import ClientRequest, HeadTemplate
    from aiohttp_client.timeouts import NO_TIMEOUT

    template = HeadTemplate(CIMultiDict(session_headers), frozenset(), HttpVersion11, force_close=False)
    target = target_of("http://example.com/p?q")

    def request():
        return ClientRequest(
            method,
            target,
            template,
            None,
            target.key,
            ReadPolicy(),
            NO_TIMEOUT,
            None,
            0.0,
            {
                **({} if body is None else {"content": Content(body, "application/octet-stream")}),
                **({} if given is None else {"given_headers": given}),
                **({"cookies": cookies} if cookies else {}),
                **({} if authorization is None else {"authorization": authorization}),
            },
        )

    if authorization is not None and "Authorization" in CIMultiDict([*session_headers, *(given or {}).items()]):
        with pytest.raises(ValueError, match="twice"):
            request()
        return
    plain, looked_at = request(), request()
    assert looked_at.headers["Host"] == (given or {}).get("Host", "example.com")
    assert plain.head() == looked_at.head()


@pytest.mark.parametrize(
    ("given", "added", "lines"),
    [
        ({}, (), "X-S: 1\r\nAccept: */*\r\n"),
        ({"X-A": "b", "x-a": "c"}, (), "X-S: 1\r\nX-A: b\r\nx-a: c\r\nAccept: */*\r\n"),
        ({"accept": "a/b"}, (("Cookie", "a=1"),), "X-S: 1\r\naccept: a/b\r\nCookie: a=1\r\n"),
        ({"Cookie": "b=2"}, (("Cookie", "a=1"),), ""),
        ({"x-s": "2"}, (), ""),
        ({"content-TYPE": "a/b"}, (), ""),
        ([("X-A", "b")], (), ""),
    ],
)
def test_fields_that_replace_none_need_no_dict(given, added, lines):
    from aiohttp_client._http import HttpVersion11
    from aiohttp_client.head_template import HeadTemplate

    skip = frozenset({"accept-encoding", "user-agent"})
    template = HeadTemplate(CIMultiDict({"X-S": "1"}), skip, HttpVersion11, force_close=False)
    assert template.lines_with(given, added) == lines.encode()


def test_many_sets_of_names_are_not_all_remembered():
    from aiohttp_client._http import HttpVersion11
    from aiohttp_client.head_template import HeadTemplate

    template = HeadTemplate(CIMultiDict({"Authorization": "Bearer x"}), frozenset(), HttpVersion11, force_close=False)
    assert template.plain and template.lines.startswith(b"Authorization: Bearer x\r\n")
    for n in range(1000):
        lines = template.lines_with({f"X-{n}": "1", "accept": "a/b"}, ())
        assert lines.count(b"\r\n") == 5 and f"X-{n}: 1\r\naccept: a/b\r\n".encode() in lines
    assert len(template._beside) <= 64


class Name(str, enum.Enum):  # noqa: UP042  # a StrEnum would format as what it is
    AUTH = "Authorization"
    VALUE = "Bearer x"


@pytest.mark.parametrize("kind", [dict, list, CIMultiDict])
async def test_members_of_an_enum_are_the_str_they_are(origin, kind):
    given = [(Name.AUTH, Name.VALUE), ("X-B", "c")]
    assert "\r\nAuthorization: Bearer x\r\n" in await sent(origin, headers=kind(given))
    assert "\r\nAuthorization: Bearer y\r\n" in await sent(origin, headers={"Authorization": "Bearer y"})


async def test_a_request_keeps_the_session_headers_it_began_with(origin):
    origin.plays(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
    async with aiohttp.ClientSession() as session:
        response = await session.get(origin.url, auth=aiohttp.BasicAuth("u", "p"))
        session.headers["Authorization"] = "Bearer later"
        session.headers["X-Later"] = "1"
        assert response.request_info.headers["Authorization"] == "Basic dTpw"
        assert "X-Later" not in response.request_info.headers


async def test_a_middleware_may_mend_what_cannot_be_sent(origin):
    async def mends(request, handler):
        request.headers["X-N"] = str(request.headers["X-N"]).replace("\n", " ")
        return await handler(request)

    for value in (5, "a\nb"):
        request = await sent(origin, headers={"X-N": value}, middlewares=[mends])
        assert "\r\nX-N: " + str(value).replace("\n", " ") + "\r\n" in request
