import pytest
from yarl import URL

from aiohttp_client import BasicAuth, encode_basic_auth


def test_encoding():
    assert encode_basic_auth("Aladdin", "open sesame") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    assert BasicAuth("\u00e4", "x").encode() == "Basic 5Dp4"
    assert BasicAuth("\u00e4", "x", "utf-8").encode() == "Basic w6Q6eA=="
    assert BasicAuth("me").password == ""


def test_decoding():
    assert BasicAuth.decode("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==") == BasicAuth("Aladdin", "open sesame")
    assert BasicAuth.decode(" basic  bWU6cHc6eA== ") == BasicAuth("me", "pw:x")


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("Basic", "Could not parse"),
        ("Bearer x", "Unknown authorization method Bearer"),
        ("Basic !", "Invalid base64"),
        ("Basic bWU=", "Invalid credentials"),
    ],
)
def test_what_cannot_be_decoded(header, message):
    with pytest.raises(ValueError, match=message):
        BasicAuth.decode(header)


def test_from_url():
    assert BasicAuth.from_url(URL("http://me:p%40ss@h/")) == BasicAuth("me", "p@ss")
    assert BasicAuth.from_url(URL("http://h/")) is None
    with pytest.raises(TypeError, match=r"yarl\.URL"):
        BasicAuth.from_url("http://me@h/")


@pytest.mark.parametrize("arguments", [(None,), ("me", None), ("m:e", "pw")])
def test_what_is_no_login(arguments):
    with pytest.raises(ValueError):
        BasicAuth(*arguments)


def test_a_colon_cannot_be_encoded():
    with pytest.raises(ValueError, match="colon"):
        encode_basic_auth("a:b")
