"""Link fields."""

import pytest

from aiohttp_client._wire.links import parse_links


@pytest.mark.parametrize(
    ("value", "links"),
    [
        ("", []),
        ("<http://a.example>", [("http://a.example", [])]),
        ('<http://a.example>; rel="next"', [("http://a.example", [("rel", "next")])]),
        ("<a>; rel=next, <b>;rel=last", [("a", [("rel", "next")]), ("b", [("rel", "last")])]),
        ('<a,b;c>; title="x, <y>; \\"z\\""; REL=next', [("a,b;c", [("title", 'x, <y>; "z"'), ("rel", "next")])]),
        ("<a>; crossorigin; rel=preload", [("a", [("crossorigin", ""), ("rel", "preload")])]),
        ("rubbish, <b>; rel=x", [("b", [("rel", "x")])]),
        ("<a>; =broken, <b>; rel=x", [("a", []), ("b", [("rel", "x")])]),
        ("<unclosed; rel=x", []),
        ('<a>; rel="unclosed', [("a", [("rel", "")])]),
    ],
)
def test_links(value, links):
    assert list(parse_links(value)) == links
