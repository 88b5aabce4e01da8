"""C: cookies are for whom their server may set them for, and nobody else gets or replaces them (RFC 6265bis)."""

import pickle

import pytest
from yarl import URL

import aiohttp_client as aiohttp


def sent(jar, url):
    return sorted(f"{name}={morsel.value}" for name, morsel in jar.filter_cookies(URL(url)).items())


def jar_with(*answers, **options):
    """A jar that has seen answers: (URL, Set-Cookie)."""
    jar = aiohttp.CookieJar(**options)
    for url, line in answers:
        jar.update_cookies_from_headers([line], URL(url))
    return jar


# A cookie set by a host, and where it must not go, or must.
TOSSED = {
    "C1 a suffix without a dot": ("http://example.com/", "a=1; Domain=ample.com", "http://ample.com/", False),
    "C1 a stranger": ("http://evil.test/", "a=1; Domain=bank.test", "http://bank.test/", False),
    "C1 a subdomain of oneself": ("http://a.test/", "a=1; Domain=b.a.test", "http://b.a.test/", False),
    "C1 a sibling": ("http://x.a.test/", "a=1; Domain=y.a.test", "http://y.a.test/", False),
    "C1 the parent": ("http://x.a.test/", "a=1; Domain=a.test", "http://y.a.test/", True),
    "C1 the parent, with a dot and in capitals": ("http://x.a.test/", "a=1; Domain=.A.TEST", "http://a.test/", True),
    "C2 a top-level domain": ("http://a.test/", "a=1; Domain=test", "http://b.test/", False),
    "C2 a top-level domain with a dot": ("http://a.test/", "a=1; Domain=.test", "http://b.test/", False),
    "C2 a top-level domain in capitals": ("http://a.test/", "a=1; Domain=TEST", "http://b.test/", False),
    "C2 a dot behind a top-level domain": ("http://a.test/", "a=1; Domain=test.", "http://b.test/", False),
    "C3 an address": ("http://127.0.0.1/", "a=1", "http://127.0.0.1/", False),
    "C3 part of an address": ("http://127.0.0.1/", "a=1; Domain=0.0.1", "http://9.0.0.1/", False),
    "C4 Secure to http": ("https://a.test/", "a=1; Secure", "http://a.test/", False),
    "C4 Secure to https": ("https://a.test/", "a=1; Secure", "https://a.test/", True),
    "C4 Secure to wss": ("https://a.test/", "a=1; Secure", "wss://a.test/", True),
    "C4 Secure to ws": ("https://a.test/", "a=1; Secure", "ws://a.test/", False),
    "C5 __Host- with a domain": (
        "https://a.test/",
        "__Host-a=1; Secure; Path=/; Domain=a.test",
        "https://a.test/",
        False,
    ),
    "C5 __Host- with a path": ("https://a.test/", "__Host-a=1; Secure; Path=/x", "https://a.test/x", False),
    "C5 __Host- not Secure": ("https://a.test/", "__Host-a=1; Path=/", "https://a.test/", False),
    "C5 __Host- by http": ("http://a.test/", "__Host-a=1; Secure; Path=/", "https://a.test/", False),
    "C5 __Host- as it should be": ("https://a.test/", "__Host-a=1; Secure; Path=/", "https://a.test/", True),
    "C5 __HOST- in capitals": ("http://a.test/", "__HOST-a=1; Path=/", "http://a.test/", False),
    "C5 __Secure- not Secure": ("https://a.test/", "__Secure-a=1", "https://a.test/", False),
    "C5 __secure- in small letters": ("http://a.test/", "__secure-a=1", "http://a.test/", False),
    "C5 no name, a value that is one": ("http://a.test/", "=__Host-a=1", "https://a.test/", False),
    "C6 host-only to a subdomain": ("http://a.test/", "a=1", "http://x.a.test/", False),
    "C6 host-only to the host": ("http://a.test/", "a=1", "http://a.test/", True),
    "C7 a path that begins alike": ("http://a.test/", "a=1; Path=/foo", "http://a.test/foobar", False),
    "C7 a path below": ("http://a.test/", "a=1; Path=/foo", "http://a.test/foo/bar", True),
    "C7 the default path": ("http://a.test/x/y", "a=1", "http://a.test/z", False),
    "C7 a path that is encoded": ("http://a.test/", "a=1; Path=/a/b", "http://a.test/a%2Fb", False),
    "C8 a control character": ("http://a.test/", "a=1\x01", "http://a.test/", False),
    "C8 CR": ("http://a.test/", "a=1\r\nX: y", "http://a.test/", False),
    "C8 NUL in the name": ("http://a.test/", "a\0=1", "http://a.test/", False),
    "C9 an unknown SameSite": ("http://a.test/", "a=1; SameSite=Whatever", "http://a.test/", True),
}


@pytest.mark.parametrize("case", TOSSED)
def test_where_a_cookie_goes(case):
    setter, line, goal, goes = TOSSED[case]
    assert bool(sent(jar_with((setter, line)), goal)) is goes


@pytest.mark.parametrize(
    ("later", "value"),
    [
        (("http://a.test/", "a=evil"), "a=good"),
        (("http://a.test/", "a=evil; Secure"), "a=good"),
        (("http://a.test/", "a=; Max-Age=0"), "a=good"),
        (("http://x.a.test/", "a=evil; Domain=a.test"), "a=good"),
        (("http://x.a.test/", "a=evil; Domain=a.test; Path=/login"), "a=good"),
        (("http://a.test/", "a=evil; Path=/login"), "a=good"),
        (("https://a.test/", "a=new; Secure"), "a=new"),
    ],
)
def test_what_https_has_set_http_and_others_do_not_replace_C4(later, value):
    """ "Leave secure cookies alone": nor shadow it on a path of its own; a subdomain's is for the domain at most."""
    jar = jar_with(("https://a.test/", "a=good; Secure"), later)
    assert value in sent(jar, "https://a.test/login")


def test_a_host_only_cookie_stays_so_C6(tmp_path):
    jar = jar_with(("http://a.test/", "a=1"), ("http://x.a.test/", "a=2; Domain=a.test"))
    jar.save(tmp_path / "jar")
    loaded = aiohttp.CookieJar()
    loaded.load(tmp_path / "jar")
    for one in (jar_with(("http://a.test/", "b=1")), loaded):
        assert "b=1" not in sent(one, "http://x.a.test/") and "a=1" not in sent(one, "http://x.a.test/")


@pytest.mark.parametrize(
    "content",
    [
        pickle.dumps({"a": 1}),
        b"cos\nsystem\n(S'exit 1'\ntR.",
        b"",
        b"[]",
        b'{"a|/": 5}',
        b'{"a|/": {"n": {"value": []}}}',
        b'{"a|/": {"n": {"key": "n"}}}',
        b'{"a|/": {"n": {"key": "n", "value": "v", "coded_value": "v", "expires_timestamp": "x"}}}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_a_file_that_holds_something_else_runs_nothing_and_changes_nothing_C10(tmp_path, content):
    (tmp_path / "jar").write_bytes(content)
    jar = jar_with(("http://a.test/", "a=1"))
    try:
        jar.load(tmp_path / "jar")
    except ValueError:
        assert sent(jar, "http://a.test/") == ["a=1"]
    else:
        assert len(jar) == 0


def test_a_saved_jar_is_its_owners_C10(tmp_path):
    """Mode 0600, and a symbolic link in its place is replaced, not followed."""
    (tmp_path / "elsewhere").write_text("precious")
    (tmp_path / "jar").symlink_to(tmp_path / "elsewhere")
    jar_with(("http://a.test/", "a=1")).save(tmp_path / "jar")
    assert (tmp_path / "elsewhere").read_text() == "precious"
    assert not (tmp_path / "jar").is_symlink() and (tmp_path / "jar").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("line", ["a=" + "x" * 4096, "x" * 4096 + "=1", "a=1; Path=/" + "x" * 2000])
def test_what_is_too_long_is_not_kept_as_such_L10(line):
    jar = jar_with(("http://a.test/", line))
    assert all(len(cookie.key) + len(cookie.value) <= 4096 and len(cookie["path"]) <= 1024 for cookie in jar)


def test_the_dummy_keeps_nothing_C12():
    jar = aiohttp.DummyCookieJar()
    jar.update_cookies_from_headers(["a=1"], URL("http://a.test/"))
    assert len(jar) == 0 and not jar.filter_cookies(URL("http://a.test/"))
