"""WebSocket masking on every backend (RFC 6455 §5.3)."""

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

KEY = b"\x37\xfa\x21\x3d"


def test_the_example_of_the_rfc(codecs):
    """RFC 6455 §5.7."""
    data = bytearray(b"Hello")
    codecs[2].mask(KEY, data)
    assert data == b"\x7f\x9f\x4d\x51\x58"


@pytest.mark.parametrize("size", [*range(20), 1023, 1024, 1025, 4099, 2**16 + 3])
def test_byte_i_is_masked_with_key_byte_i_mod_4(codecs, size):
    data = bytearray(i % 251 for i in range(size))
    expected = bytes(byte ^ KEY[i % 4] for i, byte in enumerate(data))
    codecs[2].mask(KEY, data)
    assert data == expected


@given(st.binary(min_size=4, max_size=4), st.binary(max_size=3000))
def test_backends_agree_and_masking_twice_restores(backends, key, data):
    results = set()
    for _, _, mask in backends.values():
        masked = bytearray(data)
        mask.mask(key, masked)
        results.add(bytes(masked))
        mask.mask(key, masked)
        assert masked == data
    assert len(results) == 1


@pytest.mark.parametrize("key", [b"", b"123", b"12345"])
def test_a_key_has_four_bytes(codecs, key):
    with pytest.raises(ValueError, match=f"4 bytes, got {len(key)}"):
        codecs[2].mask(key, bytearray(b"x"))


@pytest.mark.parametrize("data", [b"x", memoryview(bytearray(b"x")), "x", None])
def test_only_a_bytearray_can_be_masked_in_place(codecs, data):
    with pytest.raises(TypeError, match="must be a bytearray"):
        codecs[2].mask(KEY, data)


# -- frame() and scan()


@given(st.integers(0, 255), st.binary(min_size=4, max_size=4), st.binary(max_size=300))
def test_frames_agree(backends, first, key, payload):
    made = {
        mask.frame(first, key, kind(payload))
        for _, _, mask in backends.values()
        for kind in (bytes, bytearray, memoryview)
    }
    assert len(made) == 1
    head = (
        bytes((first, 0x80 | len(payload)))
        if len(payload) < 126
        else bytes((first, 0xFE)) + len(payload).to_bytes(2, "big")
    )
    assert made.pop() == head + key + bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, 1_000_003])
def test_the_length_of_a_frame(codecs, size):
    made = codecs[2].frame(0x82, bytes(4), bytes(size))
    head = {
        1: bytes((0x82, 0x80 | size % 128)),
        2: b"\x82\xfe" + size.to_bytes(8, "big")[-2:],
        3: b"\x82\xff" + size.to_bytes(8, "big"),
    }
    assert made == head[1 if size < 126 else 2 if size < 65536 else 3] + bytes(4 + size)


@pytest.mark.parametrize(
    "payload", [b"", bytearray(b"abc"), memoryview(b"abcdef")[::2], memoryview(bytes(8)).cast("H")]
)
def test_whatever_has_bytes_can_be_framed(codecs, payload):
    assert codecs[2].frame(0x82, bytes(4), payload)[6:] == bytes(payload)


def test_a_frame_needs_a_key_of_four_bytes(codecs):
    with pytest.raises(ValueError, match="4 bytes"):
        codecs[2].frame(0x82, b"123", b"")


@given(
    st.integers(0, 255),
    st.binary(min_size=4, max_size=4),
    st.binary(max_size=300),
    st.integers(1, 40).map(lambda number: 4 * number),
)
def test_pieces_make_up_a_frame(backends, first, key, payload, size):
    for _, _, mask in backends.values():
        for kind in (bytes, bytearray, memoryview):
            pieces = [mask.piece(first, key, kind(payload), 0, size)]
            pieces += [
                mask.piece(first, key, kind(payload), begin, begin + 8) for begin in range(size, len(payload), 8)
            ]
            assert mask.frame(first, key, payload) == b"".join(pieces)


@pytest.mark.parametrize(("key", "begin"), [(b"1234", 2), (b"1234", -4), (b"123", 0)])
def test_a_piece_begins_where_the_key_does(codecs, key, begin):
    with pytest.raises(ValueError, match="multiple of 4|4 bytes"):
        codecs[2].piece(0x82, key, b"payload", begin, 8)


def test_scan_stops_at_whatever_is_not_simple(codecs):
    scan = codecs[2].scan
    simple = b"\x81\x02hi\x82\x01\xff\x82\x7e\x00\x7e" + bytes(126)
    found = [("T", "hi", ""), ("B", b"\xff", ""), ("B", bytes(126), "")]
    for rest in (
        b"",
        b"\x81",
        b"\x81\x03hi",
        b"\x01\x00",
        b"\x89\x00",
        b"\xc1\x00",
        b"\x81\x80" + bytes(4),
        b"\x81\x7e\x00",
        b"\x81\x7e\x00\x01x",
        b"\x81\x01\xff",
        b"\x82\x7f" + bytes(8),
    ):
        assert scan(simple + rest, 0, 1000, 100, tuple, "T", "B") == (found, len(simple))
    assert scan(b"xx" + simple, 2, 1000, 100, tuple, "T", "B") == (found, len(simple) + 2)
    assert scan(simple, 0, 1000, 2, tuple, "T", "B") == (found[:2], 7)
    assert scan(simple, 0, 125, 100, tuple, "T", "B") == (found[:2], 7)
    assert scan(simple, 0, 1000, 100, tuple, None, "B") == ([], 0)
    assert scan(simple, len(simple), 1000, 100, tuple, "T", "B") == ([], len(simple))


@given(st.binary(max_size=100), st.integers(0, 110), st.integers(0, 100), st.integers(0, 5))
def test_scans_agree(backends, data, at, limit, most):
    results = {repr(mask.scan(data, at, limit, most, tuple, "T", "B")) for _, _, mask in backends.values()}
    assert len(results) == 1


class Named(NamedTuple):
    kind: str
    data: object
    extra: str


def test_messages_are_of_the_class_given(codecs):
    scan = codecs[2].scan
    (message,), _ = scan(b"\x82\x01x", 0, 10, 10, Named, "T", "B")
    assert type(message) is Named and message == ("B", b"x", "")
    for other in (list, "tuple", None):
        with pytest.raises(TypeError):
            scan(b"\x82\x01x", 0, 10, 10, other, "T", "B")
