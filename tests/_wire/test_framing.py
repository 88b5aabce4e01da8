"""RFC 9112 §6.3, item by item."""

import pytest

from aiohttp_client._backend import head as heads
from aiohttp_client._http import DEFAULT_LIMITS
from aiohttp_client._wire.framing import CHUNKED, UNTIL_CLOSE, body_length

LENGTH = "Content-Length: 9\r\n"
IN_CHUNKS = "Transfer-Encoding: chunked\r\n"


def head(fields="", status=200):
    return heads.parse_head(f"HTTP/1.1 {status} Word\r\n{fields}\r\n".encode(), DEFAULT_LIMITS)


@pytest.mark.parametrize("status", [100, 103, 199, 204, 304])
@pytest.mark.parametrize("fields", [LENGTH, IN_CHUNKS, ""])
def test_some_statuses_never_have_a_body(status, fields):
    assert body_length(head(fields, status), "GET") == 0


@pytest.mark.parametrize("fields", [LENGTH, IN_CHUNKS, ""])
def test_an_answer_to_head_never_has_a_body(fields):
    assert body_length(head(fields), "HEAD") == 0


def test_a_tunnel_starts_at_once_whatever_the_length_fields_say():
    assert body_length(head(LENGTH), "CONNECT") == 0
    assert body_length(head(IN_CHUNKS), "CONNECT") == 0


def test_a_refused_tunnel_has_a_body():
    assert body_length(head(LENGTH, 407), "CONNECT") == 9


def test_chunked_where_it_is_the_final_coding():
    assert body_length(head(IN_CHUNKS), "GET") == CHUNKED


def test_another_final_coding_lasts_until_close():
    assert body_length(head("Transfer-Encoding: gzip\r\n"), "GET") == UNTIL_CLOSE


def test_content_length():
    assert body_length(head("Content-Length: 0\r\n"), "GET") == 0
    assert body_length(head(LENGTH), "POST") == 9


def test_without_any_length_the_body_lasts_until_close():
    assert body_length(head(), "GET") == UNTIL_CLOSE
