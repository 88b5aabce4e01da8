"""Content codings undone: right, bounded, and never half."""

import gzip
import os
import zlib

import pytest

from aiohttp_client._wire import coding
from aiohttp_client._wire.coding import decode_whole, decoder_for, set_zlib_backend
from aiohttp_client.exceptions import ContentEncodingError

PLAIN = b"".join(b"line %d of a page that compresses well\n" % number for number in range(300))


def raw_deflate(data):
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


def brotli(data):
    library = pytest.importorskip(coding._installed(coding._BROTLI) or "brotli", reason="br is an optional extra")
    return library.compress(data)


def zstd(data):
    library = pytest.importorskip(
        coding._installed(coding._ZSTD) or "backports.zstd", reason="zstd is an optional extra"
    )
    return library.compress(data)


CODINGS = {
    "gzip": ("gzip", gzip.compress),
    "gzip of two members": ("gzip", lambda data: gzip.compress(data[:500]) + gzip.compress(data[500:])),
    "deflate": ("deflate", zlib.compress),
    "raw deflate": ("deflate", raw_deflate),
    "br": ("br", brotli),
    "zstd": ("zstd", zstd),
    "zstd of two frames": ("zstd", lambda data: zstd(data[:500]) + zstd(data[500:])),
}


@pytest.fixture(params=CODINGS)
def coded(request):
    """(coding, PLAIN in it)."""
    name, encode = CODINGS[request.param]
    return name, encode(PLAIN)


def decode(name, pieces, step=2**18):
    """Decode pieces fed one after the other, no more than about step bytes at a time."""
    decoder = decoder_for(name)
    decoded = b""
    for piece in pieces:
        output = decoder.decode(piece, step)
        decoded += output
        while not decoder.needs_input:
            output = decoder.decode(b"", step)
            decoded += output
    decoder.finish()
    return decoded


def test_whole(coded):
    name, data = coded
    assert decode_whole(name, data) == PLAIN
    assert decode(name, [data]) == PLAIN


def test_in_single_bytes_and_at_every_cut(coded):
    name, data = coded
    assert decode(name, [data[at : at + 1] for at in range(len(data))]) == PLAIN
    for cut in range(0, len(data), 7):
        assert decode(name, [data[:cut], data[cut:]]) == PLAIN


def test_in_small_steps(coded):
    name, data = coded
    assert decode(name, [data], step=100) == PLAIN


def test_truncated_anywhere_is_an_error(coded):
    """IMP-R5: half a page must not pass for a page."""
    name, data = coded
    whole_members = {len(gzip.compress(PLAIN[:500]))} if name == "gzip" else set()
    if name == "zstd":
        whole_members = {len(zstd(PLAIN[:500]))}
    for cut in range(1, len(data)):
        if cut in whole_members and decode_is_whole(name, data[:cut]):
            continue  # a member is a body, too
        with pytest.raises(ContentEncodingError, match=name):
            decode_whole(name, data[:cut])


def decode_is_whole(name, data):
    try:
        return decode_whole(name, data) == PLAIN[:500]
    except ContentEncodingError:
        return False


def test_garbage_behind_the_end_is_an_error(coded):
    name, data = coded
    with pytest.raises(ContentEncodingError, match=name):
        decode_whole(name, data + b"garbage")


def test_garbage_behind_the_end_that_comes_later_is_an_error(coded):
    name, data = coded
    with pytest.raises(ContentEncodingError, match=name):
        decode(name, [data, b"\x03\x00"])  # an empty body in bare deflate


def test_garbage_is_an_error(coded):
    name, _ = coded
    with pytest.raises(ContentEncodingError, match=f"Can not decode content-encoding: {name}"):
        decode_whole(name, b"this was never coded")


def test_nothing_is_nothing(coded):
    assert decode_whole(coded[0], b"") == b""


def test_a_wrong_checksum_is_an_error():
    data = bytearray(gzip.compress(PLAIN))
    data[-5] ^= 1
    with pytest.raises(ContentEncodingError, match="gzip"):
        decode_whole("gzip", bytes(data))


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
def test_a_bomb_comes_out_in_bounded_steps(name):
    bomb = CODINGS[name][1](bytes(64_000_000))
    assert len(bomb) < 100_000
    decoder = decoder_for(name)
    step, total = 2**16, 0
    data = bomb
    while True:
        output = decoder.decode(data, step)
        assert len(output) <= 2 * step
        total += len(output)
        data = b""
        if decoder.needs_input:
            break
    decoder.finish()
    assert total == 64_000_000


@pytest.mark.parametrize(("name", "encode"), [("gzip", gzip.compress), ("zstd", zstd)])
def test_empty_members_are_limited(name, encode):
    empty = encode(b"")
    assert decode_whole(name, empty * 1024) == b""
    with pytest.raises(ContentEncodingError, match="1025 (members|frames) with 0 bytes"):
        decode_whole(name, empty * 1025)
    with pytest.raises(ContentEncodingError, match=r"with 10\d\d bytes"):
        decode_whole(name, encode(b"x") * 2000)


@pytest.mark.parametrize(("name", "encode", "lines"), [("gzip", gzip.compress, 1), ("zstd", zstd, 50)])
def test_members_with_something_in_them_are_not(name, encode, lines):
    """Logs that are appended to, and BGZF: gigabytes of members of some kilobytes."""
    line = b"a line of a log, as long as such lines usually are, with a number and an address in it: %d\n"
    records = [(line % number) * lines for number in range(2000)]
    coded, expected = b"".join(map(encode, records)), b"".join(records)
    assert decode(name, [coded[at : at + 65536] for at in range(0, len(coded), 65536)]) == expected


@pytest.mark.parametrize("name", ["identity", "x-gzip", "gzip, gzip", "", "GZIP", "compress"])
def test_other_codings_are_left_alone(name):
    assert decoder_for(name) is None
    assert decode_whole(name, b"as it is") == b"as it is"


def test_a_missing_library_says_what_to_install(monkeypatch):
    monkeypatch.setattr(coding, "_BROTLI", ("no_such_module",))
    monkeypatch.setattr(coding, "_ZSTD", ("no_such.module",))
    with pytest.raises(ContentEncodingError, match="pip install brotli"):
        decoder_for("br")
    with pytest.raises(ContentEncodingError, match=r"pip install backports\.zstd"):
        decoder_for("zstd")


def test_what_is_asked_for_can_be_decoded():
    for name in coding.ACCEPT_ENCODING.split(", "):
        assert decoder_for(name) is not None


def test_another_zlib():
    class Counting:
        error = zlib.error
        compressobj = staticmethod(zlib.compressobj)
        used = 0

        def decompressobj(self, **options):
            self.used += 1
            return zlib.decompressobj(**options)

    other = Counting()
    set_zlib_backend(other)
    try:
        assert decode_whole("gzip", gzip.compress(PLAIN)) == PLAIN
        assert other.used == 1
    finally:
        set_zlib_backend(zlib)
    with pytest.raises(TypeError, match="expected a module with zlib's interface"):
        set_zlib_backend(os)
