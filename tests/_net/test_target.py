import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from aiohttp_client._net.target import target_of
from aiohttp_client.exceptions import InvalidUrlClientError, NonHttpUrlClientError

TAIL_CHARACTERS = "abcXYZ019-._~!$&'()*+,;=:@/?%#[] \\|^`{}\"<>ä\u20ac"


def test_a_target_is_the_rest_of_the_request_line_and_host():
    target = target_of("http://example.com/a/b?c=d#e")
    assert target.tail == b" /a/b?c=d HTTP/1.1\r\nHost: example.com\r\n"
    assert target.key[:3] == ("example.com", 80, False)
    assert target.url == URL("http://example.com/a/b?c=d#e")


@pytest.mark.parametrize(
    ("url", "host_line", "host", "port"),
    [
        ("http://Example.COM", b"example.com", "example.com", 80),
        ("http://example.com:80/", b"example.com", "example.com", 80),
        ("http://example.com:8080/", b"example.com:8080", "example.com", 8080),
        ("https://example.com:443/", b"example.com", "example.com", 443),
        ("https://example.com:80/", b"example.com:80", "example.com", 80),
        ("http://[::1]:8080/", b"[::1]:8080", "::1", 8080),
        ("http://b\u00fccher.example/", b"xn--bcher-kva.example", "xn--bcher-kva.example", 80),
        ("http://127.0.0.1/", b"127.0.0.1", "127.0.0.1", 80),
    ],
)
def test_host_line_and_key(url, host_line, host, port):
    target = target_of(url)
    assert target.tail.endswith(b"\r\nHost: " + host_line + b"\r\n")
    assert target.key[:2] == (host, port)


@given(st.text(TAIL_CHARACTERS, max_size=24))
def test_the_short_way_agrees_with_yarl(tail):
    """A text whose origin is known may skip yarl: the outcome must be the same as without."""
    target_of("http://known.example/")  # from here on the origin is known
    text = "http://known.example/" + tail
    try:
        expected = URL(text)
    except ValueError:
        with pytest.raises(InvalidUrlClientError):
            target_of(text)
        return
    for target in (target_of(text), target_of(expected)):
        assert target.request_target == expected.raw_path_qs.encode()
        assert target.url == expected
        assert target.key[:3] == ("known.example", 80, False)


@pytest.mark.parametrize("url", [URL("http://known.example"), URL("http://known.examplex"), URL("http://known.exampl")])
def test_an_origin_that_begins_like_a_known_one_is_another(url):
    for known in ("http://known.example/", URL("http://known.example/a")):
        target_of(known)
    assert target_of(url).key.host == url.host
    assert target_of(str(url)).key.host == url.host


@pytest.mark.parametrize("prefix", ["http://h?x=", "http://h#", "http://u:p@h", "http://h\\@g"])
def test_a_slash_behind_the_path_does_not_make_an_origin(prefix):
    """A query may hold the first slash; what stands before it is no origin to remember."""
    for text in (prefix + "/one", prefix + "/two"):
        try:
            expected = URL(text)
        except ValueError:
            with pytest.raises(InvalidUrlClientError):
                target_of(text)
            continue
        target = target_of(text)
        assert target.request_target == expected.raw_path_qs.encode()
        assert target.key.host == expected.raw_host


def test_userinfo_becomes_an_authorization_and_leaves_the_url():
    target = target_of("http://user:p%40ss@h/")
    assert target.authorization == "Basic dXNlcjpwQHNz"
    assert str(target.url) == "http://h/"


@pytest.mark.parametrize(
    "url",
    [
        "/x",
        "",
        "http:///x",
        "//127.0.0.1/",
        "http://",
        "http://h:0/",
        "http://h:99999/",
        "http://[::1/",
        "http://[::1]x@",
    ],
)
def test_unusable_urls(url):
    with pytest.raises(InvalidUrlClientError) as caught:
        target_of(url)
    assert str(caught.value.url) == url
    assert caught.value.description


@pytest.mark.parametrize(
    "host",
    ["a b.example", "a\0b", "a%00b", "a%20b", f"{'a' * 64}.example", ".".join(["a" * 60] * 5), "a..b", ".a", "a,b"],
)
def test_what_is_no_host_name_is_not_looked_up(host):
    with pytest.raises(InvalidUrlClientError):
        target_of(f"http://{host}/")


@pytest.mark.parametrize("host", ["2130706433", "127.1", "0177.0.0.1", "127.0.0.1.", "0x7f000001", "1.2.3.4.5"])
def test_numbers_that_only_some_read_as_an_address_are_refused(host):
    with pytest.raises(InvalidUrlClientError, match="canonical IPv4"):
        target_of(f"http://{host}/")


@pytest.mark.parametrize("url", ["ftp://h/", "file:///etc/passwd", "mailto:x@y", "httpx://h/"])
def test_other_schemes(url):
    with pytest.raises(NonHttpUrlClientError):
        target_of(url)


@pytest.mark.parametrize("url", [5, None, b"http://h/", object()])
def test_other_types(url):
    with pytest.raises(TypeError, match="str or yarl.URL"):
        target_of(url)


@pytest.mark.parametrize("path", ["/a b", "/a\r\nX: y", "/\u00e4", "/a\0"])
def test_an_encoded_url_cannot_break_the_request_line(path):
    with pytest.raises(InvalidUrlClientError, match="percent-encoded"):
        target_of(URL.build(scheme="http", host="h", path=path, encoded=True))


def test_an_encoded_url_is_sent_as_it_is():
    assert target_of(URL("http://h/%30%2f", encoded=True)).request_target == b"/%30%2f"


def test_a_full_cache_still_answers_right():
    for n in range(80_000):
        assert target_of(f"http://many.example/{n}").request_target == b"/%d" % n
    for n in range(40_000):
        assert target_of(f"http://host{n}.example/").key.host == f"host{n}.example"


@pytest.mark.parametrize("others", [0, 1, 3, 7, 15])
def test_what_is_asked_for_often_is_kept(others):
    """Also by turns with what is asked for once."""
    made = set()
    for n in range(1000):
        made.add(target_of(f"http://hot.example/{others}"))  # of this case alone: no other has had it kept
        for other in range(others):
            target_of(f"http://hot.example/{others}/{n}/{other}")
    assert len(made) < 500


def test_long_urls_are_not_kept():
    made = [target_of("http://long.example/" + 300 * "x") for _ in range(300)]
    assert len(set(made)) == 300


def test_most_of_what_is_asked_for_once_is_not_kept():
    urls = [f"http://once.example/{n}" for n in range(1600)]
    made = [target_of(url) for url in urls]
    assert sum(target_of(url) is target for url, target in zip(urls, made, strict=True)) < 300
