import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from yarl import URL

from aiohttp_client._wire.urls import plain_base, plainly_joined

_BASES = [
    *("http://h", "http://h/", "https://h:8443", "https://h:8443/v1/", "http://h:80", "http://h?x=1", "http://h#f"),
    *("http://u:p@h", "http://u:p@h/a/b/", "http://[::1]/%7e/", "http://h/v1/?x=/#/", "HTTPS://\u00e4.test/\u00e4/"),
]


@given(
    base=st.sampled_from(_BASES),
    reference=st.text() | st.text("ab1._~-/", max_size=8) | st.text("a./:?#%\\ \n", max_size=6),
)
@example("http://h/v1/", "a/../b")
@example("http://h/v1/", "a/.b")
@example("http://h/v1/", "a/\n")
@example("http://h/v1/", "http://other/x")
@example("http://h", "http:///x")
@example("http://h", "80")
@example("http://h", "-evil.test/x")
def test_what_is_joined_as_text_is_what_yarl_joins(base, reference):
    text = plainly_joined(plain_base(URL(base)), reference)
    assert not text or str(URL(text)) == str(URL(base).join(URL(reference)))


@pytest.mark.parametrize("reference", ["items", "items/1", "a.b/c..d", "items/", "~x/y-z_"])
def test_plain_references_need_no_yarl(reference):
    for base in _BASES:
        assert plainly_joined(plain_base(URL(base)), reference) == str(URL(base).join(URL(reference)))


@pytest.mark.parametrize("reference", ["http://other/x?y#z", "https://other"])
def test_what_is_absolute_is_left_alone(reference):
    assert plainly_joined("http://h/", reference) == reference


@pytest.mark.parametrize("reference", ["", "/", "//other/x", "?q", "#f", "a?b", "..", "a/.", "a//b", "x:y", "a b", "ä"])
def test_others_are_for_yarl_to_join(reference):
    assert plainly_joined("http://h/v1/", reference) == ""


@pytest.mark.parametrize(
    "base",
    [
        *(URL("http://h/%7Eu/", encoded=True), URL("http://h/%2fa/", encoded=True), URL("http://h/a b/", encoded=True)),
        *(URL("unix://h/a/"), URL("tcp://h/"), URL("ws://h/")),
    ],
)
def test_bases_that_text_does_not_stand_for(base):
    assert plain_base(base) == ""
    assert plainly_joined(plain_base(base), "items") == ""
