"""The chunked transfer coding on every backend (RFC 9112 §7.1)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiohttp_client._http import MAX_CHUNK_EXTENSIONS, HeadLimits
from aiohttp_client.exceptions import InvalidHeader, LineTooLong, TransferEncodingError

LIMITS = HeadLimits()


def decode(chunks, data, cuts=(), limits=LIMITS):
    """(chunks as bytes, payload behind the last end, done, rest, class of error) of data fed in pieces."""
    decoder = chunks.ChunkDecoder(limits)
    whole, current, rest = [], b"", b""
    start = 0
    for end in [*cuts, len(data)]:
        if decoder.done:
            rest += data[start:end]
        for payload, ends in decoder.feed(data[start:end]):
            current += payload
            if ends:
                whole.append(current)
                current = b""
        if decoder.done and not rest:
            rest = decoder.rest
        start = end
    return whole, current, decoder.done, rest, type(decoder.error) if decoder.error else None


@pytest.fixture
def decoded(codecs):
    """decode(), after asserting that no cut makes a difference."""

    def decoded(data, limits=LIMITS):
        whole = decode(codecs[1], data, limits=limits)
        if len(data) < 300:
            for cut in range(1, len(data)):
                assert decode(codecs[1], data, [cut], limits) == whole, cut
        if len(data) < 20_000:
            assert decode(codecs[1], data, range(1, len(data)), limits) == whole
        return whole

    return decoded


@pytest.mark.parametrize(
    ("data", "chunks"),
    [
        (b"0\r\n\r\n", []),
        (b"00000000\r\n\r\n", []),
        (b"5\r\nhello\r\n0\r\n\r\n", [b"hello"]),
        (b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", [b"abc", b"de"]),
        (b"A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", [b"0123456789", b"0123456789"]),
        (b"0000000000000002\r\n\r\n\r\n0\r\n\r\n", [b"\r\n"]),
        (b'2;ext\r\nab\r\n0;last="x y"\r\n\r\n', [b"ab"]),
        (b"2;a=b;\tc\xff\r\nab\r\n0\r\n\r\n", [b"ab"]),
        (b"2\r\nab\r\n0\r\nTrailer: x\r\nContent-Length: 9\r\n\r\n", [b"ab"]),
    ],
)
@pytest.mark.parametrize("rest", [b"", b"HTTP/1.1 200 OK\r\n\r\n", b"\r\n"])
def test_bodies(decoded, data, chunks, rest):
    assert decoded(data + rest) == (chunks, b"", True, rest, None)


def test_an_unfinished_body_is_neither_done_nor_wrong(codecs):
    data = b"5;x\r\nhello\r\n0\r\nA: b\r\n\r\n"
    for end in range(len(data)):
        assert decode(codecs[1], data[:end])[2:] == (False, b"", None)


@pytest.mark.parametrize(
    "size",
    [
        b"", b" 2", b"2 ", b"\t2", b"+2", b"-2", b"-0", b"0x2", b"0_2", b"g", b"2g", b"2.0", b"2\x0b", "２".encode(), b"\x00",
        b"ffffffffffffffff", b"fffffffffffffffe", b"8000000000000000", b"0" * 17, b"1" + b"0" * 16, b"2 ;x", b"2;\x00", b"2;a\x7f",
        b"2;a\rb", b"2\r", b"2;a\r\r", b"x" * 50,
    ],
)  # fmt: skip
def test_other_size_lines_are_refused(decoded, size):
    whole, current, done, _, error = decoded(b"1\r\n.\r\n" + size + b"\r\nab\r\n0\r\n\r\n")
    assert (whole, current, done, error) == ([b"."], b"", False, TransferEncodingError)


@pytest.mark.parametrize(
    "data", [b"2\nab\r\n0\r\n\r\n", b"2;a\nab\r\n0\r\n\r\n", b"2;x\n\r\nab\r\n", b"0\n\n", b"0\n\r\n"]
)
def test_bare_line_feeds_are_refused(decoded, data):
    assert decoded(data)[2:] == (False, b"", TransferEncodingError)


@pytest.mark.parametrize("end", [b"XX", b"\n", b"\rX", b"0\r\n\r\n", b"\n\n", b" \r\n"])
def test_data_must_be_followed_by_crlf(decoded, end):
    whole, current, done, _, error = decoded(b"2\r\nab" + end + b"0\r\n\r\n")
    assert (whole, current, done, error) == ([], b"ab", False, TransferEncodingError)


@pytest.mark.parametrize(
    "line", [b"no colon", b": x", b"A : b", b"A: \x00", b"A: b\rc", b" A: b", b"A: b\x7f", b"A: b\nC: d"]
)
def test_trailers_are_checked_like_fields(decoded, line):
    assert decoded(b"2\r\nab\r\n0\r\nX: y\r\n" + line + b"\r\n\r\n")[2:] == (False, b"", InvalidHeader)


@pytest.mark.parametrize("start", [b"GET", b"zz", b"HTTP/1.1 200", b"\n", b"\r\n"])
def test_what_can_never_become_a_size_is_not_waited_for(codecs, start):
    decoder = codecs[1].ChunkDecoder(LIMITS)
    assert decoder.feed(start) == []
    assert isinstance(decoder.error, TransferEncodingError)
    assert repr(start)[2:-1] in str(decoder.error)
    assert decoder.feed(b"2\r\nab\r\n") == []


@pytest.mark.parametrize(
    ("limits", "fits", "too_long"),
    [
        (HeadLimits(line=5), b"2;abc\r\nab\r\n0\r\n\r\n", b"2;abcd\r\nab\r\n0\r\n\r\n"),
        (HeadLimits(field=3), b"0\r\nA: bc\r\n\r\n", b"0\r\nA: bcd\r\n\r\n"),
        (HeadLimits(fields=2), b"0\r\nA:\r\nB:\r\n\r\n", b"0\r\nA:\r\nB:\r\nC:\r\n\r\n"),
        (HeadLimits(total=8), b"0\r\nA:\r\nB:\r\n\r\n", b"0\r\nA:\r\nB:b\r\n\r\n"),
    ],
)
def test_limits(decoded, limits, fits, too_long):
    assert decoded(fits, limits)[2:] == (True, b"", None)
    assert decoded(too_long, limits)[2:] == (False, b"", LineTooLong)


@pytest.mark.parametrize(
    ("limits", "data", "error"),
    [
        (HeadLimits(line=5), b"2;abcd\n\n", TransferEncodingError),
        (HeadLimits(line=5), b"2;abcdefgh\xff\x00\r\n", LineTooLong),
        (HeadLimits(line=5), b"123456g\xcb\n", LineTooLong),
        (HeadLimits(line=5), b"12345g7\r\n", TransferEncodingError),
        (HeadLimits(field=3), b"0\r\nA: bcdefgh\x00\r\n\r\n", LineTooLong),
        (HeadLimits(field=3), b"0\r\nA: b\x00defgh\r\n\r\n", InvalidHeader),
    ],
)
def test_what_is_wrong_in_front_of_a_limit_is_said_however_it_is_cut(decoded, limits, data, error):
    assert decoded(data, limits)[2:] == (False, b"", error)


@pytest.mark.parametrize("line", [b"2;" + b"x" * 10**6, b"0\r\nA: " + b"x" * 10**6])
def test_a_line_that_never_ends_is_refused_at_its_limit(codecs, line):
    decoder = codecs[1].ChunkDecoder(LIMITS)
    fed = 0
    while decoder.error is None:
        decoder.feed(line[fed : fed + 100])
        fed += 100
        assert fed < 9000
    assert isinstance(decoder.error, LineTooLong)


def test_extensions_are_limited_in_total(codecs):
    decoder = codecs[1].ChunkDecoder(LIMITS)
    chunk = b"1;" + b"x" * 999 + b"\r\n.\r\n"
    count = 0
    while decoder.error is None:
        decoder.feed(chunk)
        count += 1
    assert isinstance(decoder.error, LineTooLong)
    assert count == MAX_CHUNK_EXTENSIONS // 1000 + 1


def test_payload_that_is_a_whole_feed_is_not_copied(codecs):
    decoder = codecs[1].ChunkDecoder(LIMITS)
    decoder.feed(b"ffff\r\n")
    data = b"x" * 1000
    assert decoder.feed(data)[0][0] is data


def test_many_tiny_chunks(codecs):
    """Linear: 300 000 chunks of a byte, in segments of 64 KiB."""
    data = b"1\r\n.\r\n" * 300_000 + b"0\r\n\r\n"
    decoder = codecs[1].ChunkDecoder(LIMITS)
    count = 0
    for at in range(0, len(data), 65536):
        count += sum(ends for _, ends in decoder.feed(data[at : at + 65536]))
    assert decoder.done and count == 300_000


PARTS = st.sampled_from(
    [
        b"0\r\n\r\n", b"0\r\n", b"\r\n", b"5\r\nhello\r\n", b"5\r\nhell", b"1;x\r\n.\r\n", b"\r", b"\n", b"2", b"A", b";x", b" ", b"A: b\r\n",
        b"hello", b"\x00", b"\xff", b"ffffffffffffffff\r\n", b"00", b"x" * 30,
    ]
)  # fmt: skip


@settings(max_examples=800, deadline=None)
@given(st.lists(PARTS, max_size=8).map(b"".join), st.data())
def test_backends_and_cuts_agree(backends, data, draw):
    limits = draw.draw(st.sampled_from([LIMITS, HeadLimits(10, 10, 2, 20)]))
    cuts = sorted(draw.draw(st.lists(st.integers(1, len(data)), max_size=5))) if data else []
    expected = decode(backends["py"][1], data, limits=limits)
    for name, (_, chunks, _) in backends.items():
        assert decode(chunks, data, limits=limits) == expected, name
        assert decode(chunks, data, cuts, limits) == expected, (name, cuts)


# -- WholeBody


@pytest.mark.parametrize("size", [0, 1, 7, 100_000, 5_000_000])
@pytest.mark.parametrize("step", [1, 3, 65536])
def test_a_whole_body_is_what_was_filled_in(backend, size, step):
    if step < 65536 and size > 100_000:
        return
    body = backend[1].WholeBody(size)
    expected = (bytes(range(251)) * (size // 251 + 1))[:size]
    while body.left:
        room = body.room()
        assert len(room) == body.left + 1
        piece = expected[size - body.left :][:step]
        room[: len(piece)] = piece
        del room
        body.fill(len(piece))
    assert body.result() == expected


def test_one_byte_too_many_is_seen_and_not_part_of_the_body(backend):
    body = backend[1].WholeBody(3)
    body.room()[:4] = b"abcX"
    body.fill(4)
    assert body.left == -1
    result = body.result()
    assert result == b"abc" and len(result) == 3 and hash(result) == hash(b"abc")
