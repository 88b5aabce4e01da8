import pytest
from yarl import URL

from aiohttp_client._wire.redirect import next_hop
from aiohttp_client.exceptions import InvalidUrlRedirectClientError, NonHttpUrlRedirectClientError

HERE = URL("http://a.test/dir/page?q=1")


def hop(location, method="GET", status=302, url=HERE, requote=True):
    return next_hop(method, url, status, location, requote=requote)


@pytest.mark.parametrize(
    ("status", "method", "follows", "keeps_body"),
    [
        (301, "GET", "GET", True),
        (301, "HEAD", "HEAD", True),
        (301, "POST", "GET", False),
        (301, "PUT", "PUT", True),
        (302, "POST", "GET", False),
        (302, "DELETE", "DELETE", True),
        (303, "GET", "GET", False),
        (303, "HEAD", "HEAD", True),
        (303, "POST", "GET", False),
        (303, "PUT", "GET", False),
        (303, "DELETE", "GET", False),
        (307, "POST", "POST", True),
        (308, "PATCH", "PATCH", True),
        (308, "GET", "GET", True),
    ],
)
def test_what_becomes_of_method_and_body(status, method, follows, keeps_body):
    next_ = hop("/x", method, status)
    assert (next_.method, next_.keeps_body) == (follows, keeps_body)


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/x", "http://a.test/x"),
        ("x", "http://a.test/dir/x"),
        ("../x", "http://a.test/x"),
        ("?z=2", "http://a.test/dir/page?z=2"),
        ("//b.test/x", "http://b.test/x"),
        ("https://b.test", "https://b.test"),
        ("http:/x", "http://a.test/x"),
        ("http:x", "http://a.test/dir/x"),
        ("/a b", "http://a.test/a%20b"),
        ("/ä", "http://a.test/%C3%A4"),
        ("/\udce4", "http://a.test/%E4"),
        ("/x#part", "http://a.test/x#part"),
    ],
)
def test_location_is_resolved(location, url):
    assert str(hop(location).url) == url


def test_an_encoded_location_is_kept_when_asked():
    assert hop("/a%2fb%30").url.raw_path == "/a%2Fb0"
    assert hop("/a%2fb%30", requote=False).url.raw_path == "/a%2fb%30"


@pytest.mark.parametrize(
    ("location", "same"),
    [
        ("/x", True),
        ("http://a.test:80/x", True),
        ("http://A.test/x", True),
        ("https://a.test/x", False),
        ("http://a.test:81/x", False),
        ("http://b.a.test/x", False),
        ("http://user@a.test/x", True),
    ],
)
def test_an_origin_is_scheme_host_and_port(location, same):
    assert hop(location).same_origin is same


@pytest.mark.parametrize("location", ["ftp://b.test/x", "file:///etc/passwd", "javascript:alert(1)", "ws://b.test/"])
def test_other_schemes_are_not_followed(location):
    with pytest.raises(NonHttpUrlRedirectClientError, match=location[:2]):
        hop(location)


@pytest.mark.parametrize("location", ["wss://b.test/x", "https://b.test/x", "/x"])
def test_a_websocket_may_be_sent_on_to_another(location):
    url = URL("wss://b.test/first")
    assert hop(location, url=url).url in (URL("wss://b.test/x"), URL("https://b.test/x"))


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    "location", ["http://", "http:///x", "//", "///x", "http://[::1/", "http://b.test:99999/", "http://b.test:x/"]
)
def test_unusable_locations_say_what_was_received(location, scheme):
    with pytest.raises(InvalidUrlRedirectClientError) as caught:
        hop(location, url=URL(f"{scheme}://a.test/"))
    assert caught.value.url == location
    assert caught.value.description
