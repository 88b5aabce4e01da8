"""WebSocket masking on every backend (RFC 6455 §5.3)."""

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
