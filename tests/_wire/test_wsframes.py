"""Frames made into messages, on every backend, at every split (RFC 6455 §5)."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsframes import frame

from aiohttp_client._backend import chunks
from aiohttp_client._wire.wsdeflate import Deflater, Inflater
from aiohttp_client._wire.wsframes import MessageReader, close_code_of
from aiohttp_client._wire.wsmessages import WSMessage, WSMsgType

TEXT, BINARY, CLOSE, PING, PONG = (WSMsgType(kind) for kind in (1, 2, 8, 9, 10))
MAX = 70_000


def read(raw, step=None, *, deflate=False, decode_text=True, max_size=MAX):
    """(messages, error) of raw, fed step bytes at a time."""
    reader = MessageReader(
        max_size=max_size, inflater=Inflater(15, forgets=False) if deflate else None, decode_text=decode_text
    )
    messages = []
    step = step or len(raw) or 1
    for at in range(0, len(raw), step):
        reader.feed(raw[at : at + step])
        while True:
            found, _ = reader.batch(100)
            messages += found
            if found:
                continue
            message = reader.message()
            if message is None:
                break
            messages.append(message)
    assert all(type(message) is WSMessage for message in messages)
    return [whole(message) for message in messages], reader.error


def whole(message):
    """As it is received."""
    return message._replace(data=message.data.result()) if isinstance(message.data, chunks.WholeBody) else message


def deflated(*payloads):
    deflater = Deflater(15, forgets=False)
    return b"".join(frame(0xC1, deflater.deflate(payload)) for payload in payloads)


LONG = "я" * 20_000
GOOD = {
    "text": (frame(0x81, b"Hello"), [(TEXT, "Hello", "")]),
    "empty": (frame(0x81) + frame(0x82), [(TEXT, "", ""), (BINARY, b"", "")]),
    "binary": (frame(0x82, bytes(range(256))), [(BINARY, bytes(range(256)), "")]),
    "each length": (
        b"".join(frame(0x82, bytes(size)) for size in (125, 126, 127, 65535, 65536)),
        [(BINARY, bytes(size), "") for size in (125, 126, 127, 65535, 65536)],
    ),
    "long text": (frame(0x81, LONG.encode()), [(TEXT, LONG, "")]),
    "exactly the limit": (frame(0x82, bytes(MAX)), [(BINARY, bytes(MAX), "")]),
    "fragments": (frame(0x01, b"Hel") + frame(0x80, b"lo"), [(TEXT, "Hello", "")]),
    "fragments that cut a character": (
        frame(0x01, "я".encode()[:1]) + frame(0x00) + frame(0x80, "я".encode()[1:]),
        [(TEXT, "я", "")],
    ),
    "fragments of nothing": (frame(0x02) + frame(0x00) + frame(0x80), [(BINARY, b"", "")]),
    "control frames between fragments": (
        frame(0x01, b"Hel") + frame(0x89, b"ping") + frame(0x8A, b"pong") + frame(0x80, b"lo"),
        [(PING, b"ping", ""), (PONG, b"pong", ""), (TEXT, "Hello", "")],
    ),
    "masked all the same": (
        frame(0x81, b"Hello", key=b"\x37\xfa\x21\x3d")
        + frame(0x02, b"abc", key=b"1234")
        + frame(0x80, b"defgh", key=b"5678"),
        [(TEXT, "Hello", ""), (BINARY, b"abcdefgh", "")],
    ),
    "close": (frame(0x88, b"\x03\xe8bye"), [(CLOSE, 1000, "bye")]),
    "close without a code": (frame(0x88), [(CLOSE, 0, "")]),
    "rubbish behind close": (frame(0x88, b"\x0f\xa0") + b"\xff\xff" + frame(0x81, b"x"), [(CLOSE, 4000, "")]),
}


@pytest.mark.parametrize("case", GOOD)
@pytest.mark.parametrize("step", [None, 1, 2, 3, 7, 1000])
def test_messages_however_the_bytes_are_cut(case, step):
    raw, expected = GOOD[case]
    if step and len(raw) / step > 100_000:
        step = 11
    assert read(raw, step) == (expected, None)


BAD = {
    "RSV1 without deflate": (frame(0xC1, b"x"), 1002),
    "RSV2": (frame(0xA1, b"x"), 1002),
    "RSV3": (frame(0x91, b"x"), 1002),
    "opcode 3": (frame(0x83), 1002),
    "opcode 15": (frame(0x8F), 1002),
    "fragmented ping": (frame(0x09), 1002),
    "long ping": (frame(0x89, bytes(126)), 1002),
    "long close": (frame(0x88, bytes(126)), 1002),
    "continuation of nothing": (frame(0x80, b"x"), 1002),
    "text within a fragmented message": (frame(0x01, b"a") + frame(0x81, b"b"), 1002),
    "binary within a fragmented message": (frame(0x02, b"a") + frame(0x02, b"b"), 1002),
    "half a close code": (frame(0x88, b"\x03"), 1002),
    "invalid UTF-8": (frame(0x81, b"a\xffb"), 1007),
    "UTF-8 that ends early": (frame(0x81, "я".encode()[:1]), 1007),
    "a surrogate": (frame(0x81, b"\xed\xa0\x80"), 1007),
    "invalid UTF-8 across fragments": (frame(0x01, b"\xd1") + frame(0x80, b"\x00"), 1007),
    "UTF-8 that ends early in fragments": (frame(0x01, b"\xd1") + frame(0x80), 1007),
    "invalid UTF-8 in a reason": (frame(0x88, b"\x03\xe8\xff"), 1007),
    "a byte too long": (frame(0x82, bytes(MAX + 1)), 1009),
    "fragments that are too long together": (frame(0x02, bytes(MAX)) + frame(0x80, b"x"), 1009),
    "16 bits for a short length": (b"\x82\x7e\x00\x05Hello", 1002),
    "64 bits for a short length": (b"\x82\x7f" + bytes(7) + b"\x05Hello", 1002),
    "a length with the highest bit": (b"\x82\x7f\x80" + bytes(7), 1002),
    "a gigabyte announced": (frame(0x82, size=2**30), 1009),
    "the largest length after a fragment": (frame(0x02, b"x") + frame(0x80, size=2**63 - 1), 1009),
    **{
        f"close code {code}": (frame(0x88, code.to_bytes(2, "big")), 1002)
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)
    },
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("step", [None, 1, 2, 5])
def test_violations_have_their_code_and_spare_what_came_before(case, step):
    raw, code = BAD[case]
    if step == 1 and len(raw) > 10_000:
        step = 999
    messages, error = read(frame(0x81, b"before") + raw + frame(0x81, b"after"), step)
    assert messages == [(TEXT, "before", "")]
    assert error.code == code and str(error)


@pytest.mark.parametrize("case", [case for case, (raw, _) in BAD.items() if len(raw) < 300])
def test_violations_are_the_same_wherever_the_bytes_are_cut(case):
    raw, code = BAD[case]
    raw = frame(0x81, b"before") + raw + frame(0x81, b"after")
    for at in range(1, len(raw)):
        reader = MessageReader(max_size=MAX)
        found = []
        for piece in (raw[:at], raw[at:]):
            reader.feed(piece)
            found += reader.batch(10)[0]
            while (message := reader.message()) is not None:
                found.append(message)
        assert (found, reader.error.code) == ([(TEXT, "before", "")], code), at


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 3999, 4000, 4999])
def test_codes_that_may_be_sent(code):
    (close,), error = read(frame(0x88, code.to_bytes(2, "big")))
    assert error is None and close_code_of(close) == code


def test_a_close_without_code_means_1005():
    (close,), _ = read(frame(0x88))
    assert close_code_of(close) == 1005


def test_bad_utf8_is_known_before_the_frame_is_complete():
    reader = MessageReader(max_size=0)
    reader.feed(frame(0x81, b"a\xff" + bytes(1000))[:10])
    assert reader.message() is None
    assert reader.error.code == 1007


def test_too_large_a_frame_is_known_by_its_header():
    reader = MessageReader(max_size=100)
    reader.feed(frame(0x82, bytes(101))[:2])
    assert reader.message() is None
    assert reader.error.code == 1009


def test_text_may_be_left_undecoded():
    raw = frame(0x81, b"\xff") + frame(0x01, b"a") + frame(0x80, b"\xff") + frame(0x82, b"b")
    assert read(raw, decode_text=False) == ([(TEXT, b"\xff", ""), (TEXT, b"a\xff", ""), (BINARY, b"b", "")], None)


@pytest.mark.parametrize("at_once", [1, 65_000, 1_000_000])
def test_the_rest_of_a_large_message_may_be_put_in_its_place(at_once):
    reader = MessageReader(max_size=0)
    data = bytes(range(250)) * 4000
    reader.feed(frame(0x82, data)[:100])
    assert reader.message() is None and reader.body is not None
    assert (reader.body.size, reader.body.left) == (1_000_000, 1_000_000 - 90)
    first = reader.body.left - 3 if at_once == 1 else min(at_once, reader.body.left)
    with reader.body.room() as room:
        room[:first] = data[90 : 90 + first]
    reader.body.fill(first)
    assert (reader.message() is None) == (reader.body is not None)
    if reader.body is not None:
        reader.feed(data[90 + first :] + frame(0x82, b"next"))  # as good, if slower
        assert whole(reader.message()) == (BINARY, data, "")
        assert reader.body is None and reader.batch(1)[0] == [(BINARY, b"next", "")]


@pytest.mark.parametrize(
    "raw",
    [
        frame(0x82, bytes(200), size=60_000),
        frame(0x81, b"x" * 200, size=1_000_000),
        frame(0x02, bytes(200), size=1_000_000),
        frame(0xC2, bytes(200), size=1_000_000),
        frame(0x82, bytes(200), size=2**40),
    ],
)
def test_no_place_is_made_for_what_is_small_or_changed_or_incredible(raw):
    reader = MessageReader(max_size=0, inflater=Inflater(15, forgets=False))
    reader.feed(raw)
    assert reader.message() is None and reader.body is None and reader.error is None


def test_no_limit():
    assert read(frame(0x82, bytes(5_000_000)), 65536, max_size=0)[1] is None


@pytest.mark.parametrize("step", [None, 1, 3])
def test_deflate_takes_context_over(step):
    raw = deflated(b"Hello", b"Hello", b"", "я".encode() * 50)
    expected = [(TEXT, "Hello", ""), (TEXT, "Hello", ""), (TEXT, "", ""), (TEXT, "я" * 50, "")]
    assert read(raw, step, deflate=True) == (expected, None)


def test_deflated_fragments_and_plain_messages_between():
    compressed = Deflater(15, forgets=False).deflate(b"Hello")
    raw = (
        frame(0x41, compressed[:2])
        + frame(0x89)
        + frame(0x80, compressed[2:])
        + frame(0x81, b"plain")
        + frame(0x82, b"b")
    )
    assert read(raw, deflate=True)[0] == [(PING, b"", ""), (TEXT, "Hello", ""), (TEXT, "plain", ""), (BINARY, b"b", "")]


def test_the_example_of_rfc_7692():
    """§7.2.3.1, and two blocks of §7.2.3.5: the last one says it is the last."""
    assert read(bytes((0xC1, 7, 0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00)), deflate=True)[0] == [(TEXT, "Hello", "")]
    final = bytes((0xC1, 8, 0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00))
    assert read(final * 2, deflate=True)[0] == [(TEXT, "Hello", "")] * 2


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (frame(0xC1, b"\xff\xff\xff\xff"), 1007),
        (frame(0xC1, Deflater(15, forgets=False).deflate(b"\xff")), 1007),
        (frame(0xC2, Deflater(15, forgets=False).deflate(bytes(MAX + 1))), 1009),
        (frame(0xC2, Deflater(15, forgets=False).deflate(bytes(500_000_000))), 1009),
        (frame(0x41, b"\x00") + frame(0xC0, b""), 1002),
        (frame(0xE1, b""), 1002),
        (frame(0xC2, b"\x03\x00" * 1100), 1002),
    ],
)
def test_compressed_data_that_is_refused(raw, code):
    assert read(raw, deflate=True)[1].code == code


def test_exactly_the_limit_decompressed():
    raw = frame(0xC2, Deflater(15, forgets=False).deflate(bytes(MAX)))
    assert read(raw, deflate=True) == ([(BINARY, bytes(MAX), "")], None)


@pytest.mark.parametrize("bits", range(9, 16))
@pytest.mark.parametrize("forgets", [False, True])
def test_both_sides_of_deflate_agree(bits, forgets):
    deflater, inflater = Deflater(bits, forgets=forgets), Inflater(bits, forgets=forgets)
    for message in (b"", b"abc" * 1000, b"abc" * 1000, bytes(range(256)) * 300):
        assert inflater.inflate(deflater.deflate(message), 0) == message


def test_what_a_server_compressed_with_another_level():
    raw = zlib.compressobj(9, wbits=-15)
    data = raw.compress(b"x" * 50_000) + raw.flush(zlib.Z_SYNC_FLUSH)
    assert read(frame(0xC2, data[:-4]), deflate=True)[0] == [(BINARY, b"x" * 50_000, "")]


@pytest.mark.parametrize("first", [0x81, 0x82, 0x02])
@pytest.mark.parametrize("size", [2**31, 2**32 + 5, 2**63 - 1])
@pytest.mark.parametrize("mask", [0, 0x80])
def test_of_a_frame_larger_than_anything_what_comes_is_kept(first, size, mask):
    header = bytes([first, mask | 127]) + size.to_bytes(8, "big") + bytes(4 if mask else 0)
    assert read(frame(0x81, b"before") + header + b"abc", max_size=0) == ([(TEXT, "before", "")], None)
    for step in (1, 3):
        assert read(header + b"abc" * 100, step, max_size=0) == ([], None)


@given(st.lists(st.tuples(st.sampled_from([0x81, 0x82]), st.text(max_size=200)), max_size=20), st.integers(1, 50))
def test_what_is_framed_is_read(messages, step):
    raw = b"".join(frame(first, text.encode()) for first, text in messages)
    expected = [(TEXT, text, "") if first == 0x81 else (BINARY, text.encode(), "") for first, text in messages]
    assert read(raw, step) == (expected, None)


@given(st.binary(max_size=200), st.integers(1, 20))
def test_any_bytes_are_read_or_refused_however_they_are_cut(raw, step):
    whole, pieces = read(raw), read(raw, step)
    assert whole[0] == pieces[0]
    assert (whole[1] and whole[1].code) == (pieces[1] and pieces[1].code)
