import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from multidict import MultiDict
from yarl import URL

from aiohttp_client._wire.query import with_params, with_plain_params

BASE = URL("http://h/p")


@pytest.mark.parametrize(
    ("params", "query"),
    [
        ({"key1": "value1", "key2": "value2"}, "key1=value1&key2=value2"),
        ([("key", "value1"), ("key", "value2")], "key=value1&key=value2"),
        (MultiDict([("b", "1"), ("a", "2"), ("b", "3")]), "b=1&a=2&b=3"),
        ({"n": 1, "f": 1.5, "l": ["x", "y"]}, "n=1&f=1.5&l=x&l=y"),
        ({"k": "a b&c=d/ä+%"}, "k=a+b%26c%3Dd/%C3%A4%2B%25"),
        ("key=value+1", "key=value+1"),
        ("key=a%2Bb", "key=a%2Bb"),
        ("key=100%", "key=100%25"),
        ("a b", "a+b"),
        ("q=ä", "q=%C3%A4"),
        ("x=1#y", "x=1%23y"),
        ("a=b\r\nc", "a=b%0D%0Ac"),
    ],
)
def test_params_become_the_query(params, query):
    assert with_params(BASE, params).raw_query_string == query


def test_params_are_appended_to_a_query_that_is_there():
    assert str(with_params(URL("http://h/p?a=1#f"), {"a": "2"})) == "http://h/p?a=1&a=2#f"
    assert str(with_params(URL("http://h/p?a=1#f"), "a=2")) == "http://h/p?a=1&a=2#f"


@pytest.mark.parametrize("nothing", [None, {}, [], "", ()])
def test_no_params_leave_no_question_mark(nothing):
    assert with_params(BASE, nothing) == BASE
    assert "?" not in str(with_params(BASE, nothing))


@pytest.mark.parametrize("value", [True, None, b"x", object()])
def test_values_that_have_no_text_form_are_refused(value):
    with pytest.raises(TypeError):
        with_params(BASE, {"k": value})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_that_are_no_numbers_are_refused(value):
    with pytest.raises(ValueError):
        with_params(BASE, {"k": value})


# -- without yarl

_texts = st.text() | st.text("abcXYZ019._~-") | st.text("a-%&=+ #?/\n", max_size=4)


@given(
    url=st.sampled_from(["http://h", "http://h/", "https://h:8443/p/q", "http://user:p@h/p", "HTTP://H/%7e"]),
    params=st.dictionaries(_texts, _texts | st.integers() | st.booleans() | st.floats(), min_size=1),
)
@example("http://h/p", {"": ""})
@example("http://h/p", {"a": "b\n"})
@example("http://h/p", {"a&b": "c"})
def test_what_is_put_together_as_text_is_what_yarl_makes_of_it(url, params):
    text = with_plain_params(url, params)
    assert not text or str(URL(text)) == str(with_params(URL(url), params))


@pytest.mark.parametrize("params", [{"a": "b"}, {"a": -1, "b_.~-": "x.y"}, {"a": ""}])
def test_plain_params_need_no_yarl(params):
    assert with_plain_params("http://h/p", params) == str(with_params(BASE, params))


@pytest.mark.parametrize("url", ["http://h/p?", "http://h/p?a=1", "http://h/p#f"])
def test_where_params_go_in_a_url_that_goes_on_is_for_yarl_to_say(url):
    assert with_plain_params(url, {"a": "b"}) == ""
