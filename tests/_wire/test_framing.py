"""RFC 9112 §6.3, item by item."""

from types import SimpleNamespace

import pytest

from aiohttp_client._wire.framing import CHUNKED, UNTIL_CLOSE, body_length

ANY = {"length": 9, "chunked": False, "transfer_coded": False}


def head(status=200, length=-1, chunked=False, transfer_coded=False):
    return SimpleNamespace(status=status, length=length, chunked=chunked, transfer_coded=transfer_coded or chunked)


@pytest.mark.parametrize("status", [100, 103, 199, 204, 304])
@pytest.mark.parametrize("fields", [{"length": 9}, {"chunked": True}, {}])
def test_some_statuses_never_have_a_body(status, fields):
    assert body_length(head(status, **fields), "GET") == 0


@pytest.mark.parametrize("fields", [{"length": 9}, {"chunked": True}, {}])
def test_an_answer_to_head_never_has_a_body(fields):
    assert body_length(head(**fields), "HEAD") == 0


def test_a_tunnel_starts_at_once_whatever_the_length_fields_say():
    assert body_length(head(length=9), "CONNECT") == 0
    assert body_length(head(chunked=True), "CONNECT") == 0


def test_a_refused_tunnel_has_a_body():
    assert body_length(head(407, length=9), "CONNECT") == 9


def test_chunked_where_it_is_the_final_coding():
    assert body_length(head(chunked=True), "GET") == CHUNKED


def test_another_final_coding_lasts_until_close():
    assert body_length(head(transfer_coded=True), "GET") == UNTIL_CLOSE


def test_content_length():
    assert body_length(head(length=0), "GET") == 0
    assert body_length(head(length=9), "POST") == 9


def test_without_any_length_the_body_lasts_until_close():
    assert body_length(head(), "GET") == UNTIL_CLOSE
