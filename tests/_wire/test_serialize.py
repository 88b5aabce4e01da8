import pytest

from aiohttp_client._wire.serialize import canonical_method, field_lines


def test_fields_are_lines_in_order_and_repeated_names_are_kept():
    assert field_lines([("B", "2"), ("A", "1"), ("B", "3")]) == b"B: 2\r\nA: 1\r\nB: 3\r\n"


def test_values_are_utf8_and_may_hold_tabs():
    assert field_lines([("X", "a\tä")]) == "X: a\tä\r\n".encode()


@pytest.mark.parametrize("evil", ["a\r\nB: c", "a\rb", "a\nb", "a\0b", "\x1b[31m", "a\x7f", "\x01"])
def test_a_value_cannot_end_its_line(evil):
    with pytest.raises(ValueError, match="X-Evil holds a control character"):
        field_lines([("X-Ok", "fine"), ("X-Evil", evil)])


@pytest.mark.parametrize("name", ["", "X Y", "X:", "X\r\nY", "é", "X\t", "(x)", "X\0"])
def test_a_name_is_a_token(name):
    with pytest.raises(ValueError, match="not a token"):
        field_lines([(name, "v")])


@pytest.mark.parametrize("field", [("X", 1), ("X", None), ("X", b"v"), (b"X", "v")])
def test_names_and_values_are_str(field):
    with pytest.raises(TypeError, match="must be str"):
        field_lines([field])


def test_a_lone_surrogate_is_refused_with_a_reason():
    with pytest.raises(ValueError, match="UTF-8"):
        field_lines([("X", "\ud800")])


def test_methods_are_upper_case_tokens():
    assert canonical_method("get") == "GET"
    assert canonical_method("M-SEARCH") == "M-SEARCH"


@pytest.mark.parametrize("method", ["", "GE T", "GET / HTTP/1.1\r\nX: y", "GÉT", "GET\n", "a:b"])
def test_a_method_that_is_no_token_is_refused(method):
    with pytest.raises(ValueError, match="not a token"):
        canonical_method(method)


def test_a_method_must_be_str():
    with pytest.raises(TypeError, match="method must be str"):
        canonical_method(b"GET")


class Liar(str):
    """Says of itself that all is well."""

    def isprintable(self):
        return True

    def __format__(self, spec):
        return "X: b\r\nEvil: 1\r\nY"

    def __str__(self):
        return "X"


def test_a_str_of_another_kind_is_checked_and_sent_as_it_is():
    with pytest.raises(ValueError, match="control character"):
        field_lines([("X", Liar("a\r\nEvil: 1"))])
    with pytest.raises(ValueError, match="not a token"):
        field_lines([(Liar("X: b\r\nEvil"), "a")])
    assert field_lines([(Liar("X-Good"), Liar("a"))]) == field_lines([("X-Good", "a")]) == b"X-Good: a\r\n"
