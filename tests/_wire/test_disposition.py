"""Content-Disposition as it is received."""

import time
import warnings

import pytest

from aiohttp_client import content_disposition_filename, parse_content_disposition
from aiohttp_client._wire.disposition import (
    BadContentDispositionHeader,
    BadContentDispositionParam,
    content_disposition,
)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, (None, {})),
        ("", (None, {})),
        ("inline", ("inline", {})),
        ("ATTACHMENT", ("attachment", {})),
        ('attachment; filename="foo.html"', ("attachment", {"filename": "foo.html"})),
        ("attachment; FILENAME=foo.html", ("attachment", {"filename": "foo.html"})),
        ("attachment ;filename = foo.html ; a=b", ("attachment", {"filename": "foo.html", "a": "b"})),
        (r'attachment; filename="a\"b\\c;d"', ("attachment", {"filename": 'a"b\\c;d'})),
        ('attachment; filename="/etc/passwd"', ("attachment", {"filename": "etc/passwd"})),
        ('attachment; filename="\\\\\\\\host\\\\x"', ("attachment", {"filename": "host\\x"})),
        ("attachment; filename*=UTF-8''%D1%82%D0%B5%D1%81%D1%82", ("attachment", {"filename*": "тест"})),
        ("attachment; filename*=iso-8859-1'en'%A3.txt", ("attachment", {"filename*": "£.txt"})),
        ("attachment; filename*=utf-8''%2Fetc%2Fpasswd", ("attachment", {"filename*": "etc/passwd"})),
        ("attachment; filename*0=foo; filename*1=.html", ("attachment", {"filename*0": "foo", "filename*1": ".html"})),
        ("form-data; name=файл", None),
        ('form-data; name="файл"', ("form-data", {"name": "файл"})),
        ('form-data; name=""', ("form-data", {"name": ""})),
    ],
)
def test_what_can_be_read(header, expected):
    if expected is None:
        with pytest.warns(BadContentDispositionParam):
            assert parse_content_disposition(header) == ("form-data", {})
        return
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert parse_content_disposition(header) == expected


@pytest.mark.parametrize(
    "header",
    [
        '"inline"',
        "in line; a=b",
        "; filename=x",
        "attachment; filename=foo bar.txt",
        'attachment; filename="open',
        "attachment; filename=a; filename=b",
        "attachment; =x",
        "attachment filename=x",
        "attachment; filename",
        "attachment; filename*=\"utf-8''x\"",
    ],
)
def test_a_bad_header_counts_as_none(header):
    with pytest.warns(BadContentDispositionHeader):
        assert parse_content_disposition(header) == (None, {})


@pytest.mark.parametrize(
    ("header", "parameters"),
    [
        ("attachment; filename=x;", {"filename": "x"}),
        ("attachment; filename*=x; a=b", {"a": "b"}),
        ("attachment; filename*=no-such-charset''x; a=b", {"a": "b"}),
        ("attachment; filename*=utf-8''%FF; a=b", {"a": "b"}),
    ],
)
def test_a_bad_parameter_is_left_out(header, parameters):
    with pytest.warns(BadContentDispositionParam):
        assert parse_content_disposition(header) == ("attachment", parameters)


@pytest.mark.parametrize(
    ("parameters", "filename"),
    [
        ({}, None),
        ({"filename": "a"}, "a"),
        ({"filename": "a", "filename*": "b"}, "b"),
        ({"filename*0": "foo.", "filename*1": "html"}, "foo.html"),
        ({"filename*0": "foo.", "filename*2": "html"}, "foo."),
        ({"filename*1": "html"}, None),
        ({"filename*0*": "UTF-8''foo-%c3%a4", "filename*1": ".html"}, "foo-ä.html"),
        ({"filename*0*": "nonsense''x"}, None),
        ({"filename*0": "foo", "filename*01": "bar"}, "foo"),
    ],
)
def test_which_filename_counts(parameters, filename):
    assert content_disposition_filename(parameters) == filename


def test_another_parameter_by_name():
    assert content_disposition_filename({"name*": "я", "name": "x"}, "name") == "я"


@pytest.mark.parametrize("name", ["plain.txt", 'quo"te\\', "тест ;.txt", "100%.txt"])
def test_what_is_sent_unquoted_is_read(name):
    sent = content_disposition("attachment", {"filename": name}, quote_fields=False)
    assert parse_content_disposition(sent)[1]["filename"] == name.lstrip("\\/")


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_hostile_headers_take_linear_time():
    for piece in ('; a="', ";", '; a="\\', "; a=b", '"', "; a*0=b", "\\", "; filename*=utf-8''%"):
        seconds = []
        for count in (2_000, 20_000):
            begun = time.process_time()
            parse_content_disposition("attachment" + piece * count)
            seconds.append(time.process_time() - begun)
        assert seconds[1] < 30 * seconds[0] + 0.05, piece
