"""Which cookies are kept and where they go."""

import json
import os
import stat
import time
from http.cookies import Morsel, SimpleCookie

import pytest
from yarl import URL

from aiohttp_client import CookieJar, DummyCookieJar
from aiohttp_client._wire.cookies import parse_cookie_header, parse_date, parse_set_cookie

HERE = URL("http://www.example.com/dir/page")


def jar_of(*lines, url=HERE, **options):
    jar = CookieJar(**options)
    jar.update_cookies_from_headers(lines, URL(url))
    return jar


def sent(jar, url):
    return {name: morsel.coded_value for name, morsel in jar.filter_cookies(URL(url)).items()}


@pytest.mark.parametrize(
    ("line", "name", "value", "coded"),
    [
        ("a=b", "a", "b", "b"),
        ("  a = b ; Path=/", "a", "b", "b"),
        ("a=", "a", "", ""),
        ("a=b=c", "a", "b=c", "b=c"),
        ('a="b c"', "a", "b c", '"b c"'),
        ('a="b;c"; Path=/', "a", "b;c", '"b;c"'),
        ('a="x\\054y\\"z"', "a", 'x,y"z', '"x\\054y\\"z"'),
        ('a={"k":1}', "a", '{"k":1}', '{"k":1}'),
        ("a/b:c=d", "a/b:c", "d", "d"),
        ("a=\u00e4", "a", "\u00e4", "\u00e4"),
    ],
)
def test_set_cookie(line, name, value, coded):
    morsel = parse_set_cookie(line)
    assert (morsel.key, morsel.value, morsel.coded_value) == (name, value, coded)


@pytest.mark.parametrize("line", ["", "a", "=b", "a b=c", "a=b\x00", "a=b\r\nc", "a\x01=b", "a=" + "x" * 4096])
def test_what_is_no_cookie(line):
    assert parse_set_cookie(line) is None


def test_attributes():
    morsel = parse_set_cookie(
        'a=b; PATH="/x"; domain=.Example.com; Max-Age=5; expires=Thu, 01 Jan 2099 00:00:00 GMT; '
        "Secure; HttpOnly; SameSite=Lax; unknown=1; comment=" + "x" * 2000
    )
    assert (morsel["path"], morsel["domain"], morsel["max-age"]) == ("/x", ".Example.com", "5")
    assert morsel["secure"] is True and morsel["httponly"] is True and morsel["samesite"] == "Lax"
    assert morsel["comment"] == ""


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("Wed, 09 Jun 2021 10:18:14 GMT", 1623233894),
        ("Wednesday, 09-Jun-21 10:18:14 GMT", 1623233894),
        ("Wed Jun  9 10:18:14 2021", 1623233894),
        ("9 jun 1970 1:2:3", 13741323),
        ("Thu, 31 Feb 2021 10:18:14 GMT", None),
        ("Wed, 09 Jun 1600 10:18:14 GMT", None),
        ("Wed, 09 Jun 2021 24:18:14 GMT", None),
        ("tomorrow", None),
        ("", None),
        ("\u0661\u0662 Jun 2021 10:18:14", None),
    ],
)
def test_dates(text, date):
    assert parse_date(text) == date


@pytest.mark.parametrize(
    ("attributes", "goes_to", "stays_from"),
    [
        ("", ["http://www.example.com/dir/other", "http://www.example.com/dir"], ["http://a.www.example.com/dir/"]),
        ("; Path=/", ["http://www.example.com/", "https://www.example.com:99/x"], ["http://example.com/"]),
        ("; Path=/dir/page", ["http://www.example.com/dir/page/x"], ["http://www.example.com/dir/pages"]),
        ("; Path=/; Domain=example.com", ["http://example.com", "http://b.example.com/"], ["http://badexample.com/"]),
        ("; Path=/; Domain=.EXAMPLE.com", ["http://example.com/"], ["http://com/", "http://example.com.evil.test/"]),
        ("; Path=/; Secure", ["https://www.example.com/", "wss://www.example.com/"], ["http://www.example.com/"]),
        ("; Path=relative", ["http://www.example.com/dir/x"], ["http://www.example.com/"]),
    ],
)
def test_where_a_cookie_goes(attributes, goes_to, stays_from):
    jar = jar_of(f"a=b{attributes}")
    for url in goes_to:
        assert sent(jar, url) == {"a": "b"}, url
    for url in stays_from:
        assert sent(jar, url) == {}, url


@pytest.mark.parametrize("domain", ["other.com", "ample.com", "com", ".com", "b.www.example.com", "1.2.3.4"])
def test_domains_that_are_not_the_host_s(domain):
    assert len(jar_of(f"a=b; Domain={domain}")) == 0


def test_a_single_label_host_may_name_itself():
    assert sent(jar_of("a=b; Domain=localhost", url="http://localhost/"), "http://localhost/") == {"a": "b"}


def test_ip_addresses_need_unsafe():
    assert len(jar_of("a=b", url="http://127.0.0.1/")) == 0
    jar = jar_of("a=b", url="http://127.0.0.1/", unsafe=True)
    assert sent(jar, "http://127.0.0.1/") == {"a": "b"}
    assert sent(jar, "http://127.0.0.2/") == sent(jar, "http://0.0.1/") == {}


def test_shared_cookies_go_everywhere():
    jar = CookieJar()
    jar.update_cookies({"a": "1"})
    jar.update_cookies([("b", "2")])
    for url in ("http://x.test/", "http://127.0.0.1/y", "https://z/"):
        assert sent(jar, url) == {"a": "1", "b": "2"}


def test_the_closest_domain_then_the_longest_path_wins():
    jar = jar_of("a=1; Domain=example.com; Path=/dir/page", "a=2; Path=/", "a=3; Path=/dir", "b=4; Domain=example.com")
    assert sent(jar, HERE) == {"a": "3", "b": "4"}


@pytest.mark.parametrize(
    ("attributes", "kept"),
    [
        ("; Max-Age=0", False),
        ("; Max-Age=-1", False),
        ("; Max-Age=100", True),
        ("; Max-Age=" + "9" * 30, True),
        ("; Expires=Thu, 01 Jan 1970 00:00:01 GMT", False),
        ("; Expires=Thu, 01 Jan 2099 00:00:01 GMT", True),
        ("; Expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=100", True),
        ("; Expires=Thu, 01 Jan 2099 00:00:01 GMT; Max-Age=0", False),
        ("; Expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=soon", False),  # IMP-K2
        ("; Expires=nonsense", True),
    ],
)
def test_expiry(attributes, kept):
    assert len(jar_of("a=old", f"a=b{attributes}")) == int(kept)


def test_time_passes(monkeypatch):
    jar = jar_of("a=b; Max-Age=10", "c=d")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 9)
    assert sent(jar, HERE) == {"a": "b", "c": "d"}
    monkeypatch.setattr(time, "time", lambda: now + 11)
    assert sent(jar, HERE) == {"c": "d"}
    assert [morsel.key for morsel in jar] == ["c"] and len(jar) == 1


def test_http_does_not_overwrite_what_https_has_set():
    jar = jar_of("a=secret; Secure; Path=/", url="https://www.example.com/")
    jar.update_cookies_from_headers(["a=evil; Path=/"], URL("http://www.example.com/"))
    assert sent(jar, "https://www.example.com/") == {"a": "secret"}


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("__Secure-a=b; Secure", True),
        ("__Secure-a=b", False),
        ("__secure-a=b", False),
        ("__Host-a=b; Secure; Path=/", True),
        ("__Host-a=b; Secure; Path=/; Domain=example.com", False),
        ("__Host-a=b; Secure", False),
        ("__HOST-a=b; Path=/", False),
    ],
)
def test_names_that_promise_something(line, kept):
    assert len(jar_of(line, url="https://example.com/")) == int(kept)


def test_origins_that_are_treated_as_secure():
    jar = jar_of(
        "a=b; Secure; Path=/", url="http://127.0.0.1:80/", unsafe=True, treat_as_secure_origin="http://127.0.0.1"
    )
    assert sent(jar, "http://127.0.0.1/") == {"a": "b"}
    assert sent(jar, "http://127.0.0.1:81/") == {}


def test_values_come_back_as_they_were_set():
    """RFC 6265 §5.4: what a server has set it gets back byte for byte."""
    for value in ('{"a": [1, 2]}', '"quoted"', "", "a=b==", "x,y z", '"', "\u00e4"):
        assert sent(jar_of(f"a={value}; Path=/"), HERE) == {"a": value}


def test_values_of_the_caller_are_quoted_where_they_must_be():
    jar = CookieJar()
    jar.update_cookies({"a": "x y;z", "b": "plain"})
    assert sent(jar, HERE) == {"a": '"x y\\073z"', "b": "plain"}
    jar = CookieJar(quote_cookie=False)
    jar.update_cookies({"a": "x y"})
    assert sent(jar, HERE) == {"a": "x y"}


def test_morsels_and_simple_cookies():
    made = SimpleCookie()
    made["a"] = "1"
    made["a"]["domain"] = "example.com"
    jar = CookieJar()
    jar.update_cookies(made, URL("http://example.com/"))
    jar.update_cookies({"b": made["a"]}, URL("http://example.com/"))
    assert sent(jar, "http://sub.example.com/") == {"a": "1", "b": "1"}
    assert all(isinstance(morsel, Morsel) for morsel in jar)


def test_clearing():
    jar = jar_of("a=1; Domain=example.com", "b=2", url="http://www.example.com/")
    jar.update_cookies_from_headers(["c=3"], URL("http://other.com/"))
    jar.clear(lambda morsel: morsel.key == "a")
    assert len(jar) == 2
    jar.clear_domain("example.com")
    assert [morsel.key for morsel in jar] == ["c"]
    jar.clear()
    assert len(jar) == 0 and list(jar) == []


def test_views():
    jar = jar_of("a=1", "b=2; Domain=example.com; Path=/x")
    assert jar.cookies[("www.example.com", "/dir")]["a"].value == "1"
    assert jar.cookies[("example.com", "/x")]["b"].value == "2"
    assert jar.host_only_cookies == {("www.example.com", "/dir", "a")}


def test_limits():
    jar = jar_of(*[f"n{number}=v" for number in range(100)])
    assert len(jar) == 50, "of one response"
    jar = CookieJar()
    for number in range(200):
        jar.update_cookies_from_headers([f"n{number}=v; Path=/"], HERE)
    assert 150 <= len(jar) <= 180
    names = {morsel.key for morsel in jar}
    assert "n199" in names and "n0" not in names
    assert len(sent(jar, HERE)) == 150
    jar = CookieJar()
    for number in range(4000):
        jar.update_cookies_from_headers(["a=v"], URL(f"http://h{number}.test/"))
    assert 3000 <= len(jar) <= 3300
    jar = jar_of(*[f"n{number}={'v' * 1000}; Path=/" for number in range(20)])
    assert sum(len(name) + len(value) + 3 for name, value in sent(jar, HERE).items()) <= 8190


def test_saving_and_loading(tmp_path):
    jar = jar_of("a=1; Max-Age=1000; Secure", 'b="x y"; Domain=example.com; Path=/', "gone=1; Max-Age=1")
    path = tmp_path / "jar"
    jar.save(path)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    loaded = CookieJar()
    loaded.update_cookies({"replaced": "1"})
    loaded.load(path)
    url = "https://www.example.com/dir/"
    assert sent(loaded, url) == sent(jar, url)
    assert loaded.host_only_cookies == jar.host_only_cookies
    assert os.listdir(tmp_path) == ["jar"]


@pytest.mark.parametrize("content", [b"", b"\x80\x04pickle", b"[]", b'{"a|/": {"n": 5}}', b'{"a|/": {"n": {}}}', b"{"])
def test_loading_something_else_changes_nothing(tmp_path, content):
    path = tmp_path / "jar"
    path.write_bytes(content)
    jar = jar_of("a=1")
    with pytest.raises(ValueError, match="no cookies that save"):
        jar.load(path)
    assert len(jar) == 1


def test_an_expired_cookie_is_not_loaded(tmp_path):
    path = tmp_path / "jar"
    entry = {"key": "a", "value": "b", "coded_value": "b", "expires_timestamp": 1.0}
    path.write_text(json.dumps({"h.test|/": {"a": entry}}))
    jar = CookieJar()
    jar.load(path)
    assert len(jar) == 0


def test_the_dummy_keeps_nothing():
    jar = DummyCookieJar()
    jar.update_cookies({"a": "b"})
    jar.update_cookies_from_headers(["a=b"], HERE)
    jar.clear()
    jar.clear_domain("x")
    assert len(jar) == 0 and list(jar) == [] and not jar.filter_cookies(HERE)


def test_cookie_headers_are_taken_apart():
    assert parse_cookie_header('a=1; b="x"; ; c; =d; e=f=g') == [("a", "1"), ("b", '"x"'), ("e", "f=g")]


# -- what https has set, http neither overwrites nor hides (RFC 6265bis §5.7)


@pytest.mark.parametrize(
    ("kept_at", "line", "url", "taken"),
    [
        ("https://h.test/", "a=2", "http://h.test/", False),
        ("https://h.test/", "a=2", "https://h.test/", True),
        ("https://h.test/", "b=2", "http://h.test/", True),
        ("https://h.test/", "a=2; Domain=h.test", "http://sub.h.test/", False),
        ("https://h.test/", "a=2", "http://sub.h.test/", False),
        ("https://sub.h.test/", "a=2", "http://h.test/", False),
        ("https://sub.h.test/", "a=2", "http://other.h.test/", True),
        ("https://sub.h.test/", "a=2", "http://ub.h.test/", True),
        ("https://localhost/", "a=2", "http://app.localhost/", False),
        ("https://app.localhost/", "a=2", "http://localhost/", False),
        ("https://app.localhost/", "a=2", "http://other.localhost/", True),
        ("https://h.test/x/", "a=2; Path=/", "http://h.test/", True),
        ("https://h.test/", "a=2; Path=/x", "http://h.test/", False),
    ],
)
def test_cookies_of_https_are_safe_from_http(kept_at, line, url, taken, tmp_path):
    jar = jar_of("a=1; Secure", url=kept_at)
    jar.save(tmp_path / "jar")
    loaded = CookieJar()
    loaded.load(tmp_path / "jar")
    for one in (jar, loaded):
        one.update_cookies_from_headers([line], URL(url))
        assert (line[:3] in {f"{cookie.key}={cookie.value}" for cookie in one}) is taken


@pytest.mark.parametrize("forget", ["clear", "clear_domain", "predicate", "expiry"])
def test_cookies_of_https_that_are_gone_keep_nobody_out(forget):
    jar = jar_of("a=1; Secure", "a=2; Secure; Path=/x", url="https://sub.h.test/")
    jar.update_cookies_from_headers(["a=3"], URL("http://h.test/"))
    assert len(jar) == 2
    if forget == "clear":
        jar.clear()
    elif forget == "clear_domain":
        jar.clear_domain("h.test")
    elif forget == "predicate":
        jar.clear(lambda cookie: True)
    else:
        jar.update_cookies_from_headers(["a=; Max-Age=0", "a=; Max-Age=0; Path=/x"], URL("https://sub.h.test/"))
    assert len(jar) == 0
    jar.update_cookies_from_headers(["a=3"], URL("http://h.test/"))
    assert [cookie.value for cookie in jar] == ["3"]
    assert not jar._secure
