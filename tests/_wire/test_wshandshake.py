"""The opening handshake as text (RFC 6455 §4, RFC 7692 §7)."""

import pytest

from aiohttp_client._wire.wshandshake import (
    Deflate,
    HandshakeError,
    accept_value,
    chosen_protocol,
    deflate_agreed,
    deflate_offer,
    has_token,
    is_key,
    new_key,
)


def test_the_example_of_the_rfc():
    """RFC 6455 §1.3."""
    assert accept_value("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def test_keys_are_16_bytes_and_differ():
    assert is_key(new_key()) and new_key() != new_key()
    assert not is_key("short") and not is_key("!")


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        (["Upgrade"], True),
        (["keep-alive, UPGRADE"], True),
        (["keep-alive", "x ,upgrade"], True),
        (["upgraded"], False),
        ([], False),
    ],
)
def test_tokens_of_lists(fields, found):
    assert has_token(fields, "upgrade") is found


def test_what_is_offered():
    assert deflate_offer(15) == "permessage-deflate; client_max_window_bits"
    assert deflate_offer(9) == "permessage-deflate; client_max_window_bits; server_max_window_bits=9"


@pytest.mark.parametrize(
    ("answers", "agreed"),
    [
        ([], None),
        ([""], None),
        (["permessage-deflate"], Deflate()),
        (["Permessage-Deflate"], Deflate()),
        (["permessage-deflate; client_max_window_bits=10"], Deflate(client_bits=10)),
        (['permessage-deflate; client_max_window_bits="10"'], Deflate(client_bits=10)),
        (["permessage-deflate ;server_max_window_bits=8"], Deflate(server_bits=8)),
        (["permessage-deflate; client_no_context_takeover"], Deflate(client_forgets=True)),
        (
            ["permessage-deflate; server_no_context_takeover; server_max_window_bits = 12"],
            Deflate(server_forgets=True, server_bits=12),
        ),
    ],
)
def test_what_a_server_may_answer(answers, agreed):
    assert deflate_agreed(answers, 15) == agreed


@pytest.mark.parametrize(
    ("answer", "offered"),
    [
        ("permessage-deflate", 0),
        ("x-webkit-deflate-frame", 15),
        ("permessage-deflate, permessage-deflate", 15),
        ("permessage-deflate; foo=1", 15),
        ("permessage-deflate; foo", 15),
        ("permessage-deflate; client_max_window_bits=8", 15),
        ("permessage-deflate; client_max_window_bits=16", 15),
        ("permessage-deflate; client_max_window_bits=010", 15),
        ("permessage-deflate; client_max_window_bits", 15),
        ("permessage-deflate; server_max_window_bits=99", 15),
        ("permessage-deflate; server_max_window_bits=12", 10),
        ("permessage-deflate; client_no_context_takeover=1", 15),
        ("permessage-deflate; client_no_context_takeover; client_no_context_takeover", 15),
        ("permessage-deflate; client_max_window_bits=10; client_max_window_bits=10", 15),
        ("permessage-deflate; =1", 15),
        ("permessage-deflate x", 15),
    ],
)
def test_what_it_may_not(answer, offered):
    with pytest.raises(HandshakeError):
        deflate_agreed([answer], offered)


@pytest.mark.parametrize(
    ("answers", "protocol"),
    [([], None), (["b"], "b"), (["x, b"], "b"), (["x", "a"], "a"), (["b,a"], "b"), (["B"], None), (["x"], None)],
)
def test_the_subprotocol(answers, protocol):
    assert chosen_protocol(answers, ("a", "b")) == protocol
