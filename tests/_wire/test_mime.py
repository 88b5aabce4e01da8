import pytest

from aiohttp_client._wire.mime import is_json, parse_content_type, text_codec


@pytest.mark.parametrize(
    ("value", "parsed"),
    [
        ("text/html", ("text/html", None)),
        ("Text/HTML; Charset=UTF-8", ("text/html", "UTF-8")),
        ('text/plain;charset="utf-8"', ("text/plain", "utf-8")),
        ('text/plain; charset="a\\"b"', ("text/plain", 'a"b')),
        ("text/plain; format=flowed; charset = koi8-r", ("text/plain", "koi8-r")),
        ("text/plain;", ("text/plain", None)),
        (" application/json ", ("application/json", None)),
        ("", ("application/octet-stream", None)),
        ("text", ("application/octet-stream", None)),
        ("text/", ("application/octet-stream", None)),
        ("text/a b", ("application/octet-stream", None)),
        ("text/html, text/plain", ("application/octet-stream", None)),
    ],
)
def test_content_types(value, parsed):
    assert parse_content_type(value) == parsed


@pytest.mark.parametrize(
    ("given", "expected", "fits"),
    [
        ("application/json", "application/json", True),
        ("Application/JSON; charset=utf-8", "application/json", True),
        ("application/vnd.api+json", "application/json", True),
        ("application/jsonx", "application/json", True),
        ("image/svg+json", "application/json", True),
        ("text/json", "application/json", False),
        ("text/html", "application/json", False),
        ("", "application/json", False),
        ("text/json; charset=x", "text/json", True),
        ("text/html", "text/json", False),
    ],
)
def test_json_types(given, expected, fits):
    assert is_json(given, expected) is fits


@pytest.mark.parametrize(
    ("charset", "codec"),
    [
        ("utf-8", "utf-8"),
        ("UTF8", "utf-8"),
        ("latin-1", "iso8859-1"),
        ("utf-16", "utf-16"),
        ("utf-32", "utf-32"),
        ("no-such-thing", None),
        ("hex", None),
        ("zlib_codec", None),
        ("rot13", None),
        ("idna", None),
        ("punycode", None),
        ("../../etc", None),
        ("a\0b", None),
        ("", None),
    ],
)
def test_only_codecs_of_text(charset, codec):
    """security: a charset is the peer's word, and Python has codecs that inflate."""
    assert text_codec(charset) == codec
