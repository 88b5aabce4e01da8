"""F: where a response ends, and who decides that (RFC 9112 §6, §7): smuggling, splitting, truncation.

Every answer comes whole and in single bytes, from a server that hangs up behind it and from one that does not: the
outcome is the same, no byte is taken for another response, and the next request gets its own answer.
"""

import gzip
import zlib

import pytest
from attacked import BROKEN, OK, REFUSED

H = b"HTTP/1.1 200 OK\r\n"
T = H + b"Transfer-Encoding: chunked\r\n\r\n"
LAST = b"0\r\n\r\n"
POISON = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"


def length(value):
    return H + b"Content-Length: " + value + b"\r\n\r\n" + b"x" * 42


def transfer(value):
    return H + b"Transfer-Encoding: " + value + b"\r\n\r\n2\r\nab\r\n" + LAST


def size(line):
    return T + line + b"\r\nab\r\n" + LAST


def line(status_line):
    return status_line + b"\r\nContent-Length: 2\r\n\r\nok"


def field(given):
    return H + given + b"\r\nContent-Length: 2\r\n\r\nok"


# The head itself is bad: nobody gets a response.
HEADS = {
    "F1 length and chunked": H + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "F1 chunked and length": H + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    "F1 length and identity": H + b"Content-Length: 3\r\nTransfer-Encoding: identity\r\n\r\nabc",
    "F2 two lengths": H + b"Content-Length: 42\r\nContent-Length: 30\r\n\r\n" + b"x" * 42,
    "F2 a list": length(b"42,30"),
    "F2 a list that ends in nothing": length(b"30,"),
    "F2 a list that begins with nothing": length(b",30"),
    "F2 empty": length(b""),
    "F2 a second, empty one": H + b"Content-Length: 42\r\nContent-Length:\r\n\r\n" + b"x" * 42,
    "F3 the same twice": H + b"Content-Length: 42\r\nContent-Length: 42\r\n\r\n" + b"x" * 42,
    "F3 a list of the same": length(b"42,42"),
    **{
        f"F4 {value!r}": length(value)
        for value in (
            b"+2",
            b"-0",
            b"-1",
            b"0x2",
            b"0_2",
            b"1e1",
            b"2Z",
            b"2;2",
            b"2 2",
            "２".encode(),
            "²".encode(),
            b"\xa02",
            b"2\0",
        )
    },
    "F5 2**63": length(b"9223372036854775808"),
    "F5 2**64 + 2": length(b"18446744073709551618"),
    "F5 twenty digits": length(b"9" * 20),
    "F6 chunked twice": transfer(b"chunked, chunked"),
    "F6 in two fields": transfer(b"chunked\r\nTransfer-Encoding: chunked"),
    "F7 empty": transfer(b""),
    "F9 a folded name": H + b"Transfer-\r\nEncoding: chunked\r\n\r\n2\r\nab\r\n" + LAST,
    "F9 folded": transfer(b"\r\n chunked"),
    "F19 a space before the colon": H + b"Content-Length : 5\r\n\r\nhello",
    "F19 a tab before the colon": H + b"Content-Length\t: 5\r\n\r\nhello",
    "F19 chunked, a space before the colon": H + b"Transfer-Encoding : chunked\r\n\r\n" + LAST,
    "F20 a folded length": H + b"Content-Length:\r\n 5\r\n\r\nhello",
    "F20 a length folded in two": H + b"Content-Length: 4\r\n 2\r\n\r\n" + b"x" * 42,
    "F21 bare CR in a value": field(b"A: b\rc"),
    "F21 bare CR in a name": field(b"A\rB: c"),
    "F21 bare CR in the reason": line(b"HTTP/1.1 200 O\rK"),
    "F21 CR CR LF": field(b"A: b\r"),
    "F21 the end of the head": H + b"A: b\r\n\rX\r\nContent-Length: 2\r\n\r\nok",
    "F22 mixed ends of lines": b"HTTP/1.1 200 OK\r\nA: b\nContent-Length: 2\r\n\r\nok",
    "F22 mixed ends of the head": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\nok",
    "F23 NUL in a name": field(b"A\0: b"),
    "F23 NUL in a value": field(b"A: b\0c"),
    "F23 NUL at its end": field(b"A: b\0"),
    "F23 NUL in the reason": line(b"HTTP/1.1 200 O\0K"),
    **{f"F24 {bytes([byte])!r}": field(b"A: b" + bytes([byte]) + b"c") for byte in (0x01, 0x0B, 0x0C, 0x1B, 0x7F)},
    **{
        f"F25 {name!r}": field(name)
        for name in (b": a", b":", b"no colon", b"(a): b", b"a b: c", b"\xef: a", b"a@b: c", b'"a": b')
    },
    "F26 a length behind NBSP": length(b"\xa02"),
    "F26 a length before NEL": length(b"2\x85"),
    "F26 a length behind VT": length(b"\x0b2"),
    **{
        f"F27 {given!r}": line(given)
        for given in (
            b"HTTP/1.32 200 OK",
            b"HTTP/1.2 200 OK",
            b"HTTP/1 200 OK",
            b"http/1.1 200 OK",
            b"HTTP/4294967297.1 200 OK",
            b"HTTP/1.1\t200 OK",
            b"HTTP/1.1  200 OK",
            b"ICY 200 OK",
            b"RTSP/1.1 200 OK",
            b"ICE/1.1 200 OK",
            b"HTTP/2.0 200 OK",
        )
    },
    **{
        f"F28 {status!r}": line(b"HTTP/1.1 " + status + b" OK")
        for status in (b"20", b"2000", b"+20", b"2_0", b"099", b"000", b"001", "２００".encode(), b"-20", b"")
    },
    "F30 a body without a head": b"<html>HTTP/0.9</html>",
}


@pytest.mark.parametrize("closes", [False, True])
@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("case", HEADS)
async def test_a_head_that_can_be_read_in_two_ways_is_refused(attacked, case, cut, closes):
    assert await attacked.by(HEADS[case], cut=cut, closes=closes) == (REFUSED, False)


# The head is good, the chunks are not: reading the body says so, at once, whether the server hangs up or not.
CHUNKS = {
    **{
        f"F10 {digits!r}": size(digits)
        for digits in (
            b"0x2",
            b"+2",
            b"-2",
            b"0_2",
            b" 2",
            b"\t2",
            b"2 ",
            b'"2"',
            b"",
            b"g",
            b"2g",
            b"2.0",
            "２".encode(),
            b"2\x0b",
            b"-0",
            b"0x",
        )
    },
    "F11 seventeen digits": size(b"1" + b"0" * 16),
    "F11 16 f": size(b"f" * 16),
    "F11 2**64 - 2": size(b"fffffffffffffffe"),
    "F11 a million zeros": size(b"0" * 10**6),
    "F12 bare LF": T + b"2\nab\r\n0\r\n\r\n",
    "F12 bare CR": T + b"2\rab\r\n0\r\n\r\n",
    "F12 CR X": T + b"2\rX\r\nab\r\n0\r\n\r\n",
    "F12 bare LF behind the last chunk": T + b"2\r\nab\r\n0\n\n",
    "F12 rubbish behind the last chunk": T + b"2\r\nab\r\n0\r\nXX\r\n\r\n",
    "F13 no CRLF behind the data": T + b"2\r\nabXX0\r\n\r\n",
    "F13 LF behind the data": T + b"2\r\nab\n0\r\n\r\n",
    "F13 more data than said": T + b"2\r\nabc\r\n0\r\n\r\n",
    "F14 LF in an extension": size(b"2;a\nb"),
    "F14 CR in an extension": size(b"2;a\rb"),
    "F14 CR CR before an extension": size(b"2\r\r;ABCD"),
    "F14 NUL in an extension": size(b"2;\0"),
    "F15 an endless extension": T + b"2;" + b"x" * 8300,
    "F15 extensions larger than what they come with": T + (b"1;" + b"x" * 8000 + b"\r\n.\r\n") * 20,
    "F17 a trailer without a name": T + b"2\r\nab\r\n0\r\n: x\r\n\r\n",
    "F17 a trailer without a colon": T + b"2\r\nab\r\n0\r\nx\r\n\r\n",
    "F17 NUL in a trailer": T + b"2\r\nab\r\n0\r\nA: \0\r\n\r\n",
    "F17 bare CR in a trailer": T + b"2\r\nab\r\n0\r\nA: b\rc\r\n\r\n",
    "F17 129 trailers": T + b"2\r\nab\r\n0\r\n" + b"A: b\r\n" * 129 + b"\r\n",
    "F17 an endless trailer": T + b"2\r\nab\r\n0\r\nA: " + b"x" * 8300,
    "F17 100 000 trailers": T + b"2\r\nab\r\n0\r\n" + b"A: b\r\n" * 100_000 + b"\r\n",
}


@pytest.mark.parametrize("closes", [False, True])
@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("case", CHUNKS)
async def test_chunks_that_are_none_break_the_body(attacked, case, cut, closes):
    raw = CHUNKS[case]
    assert await attacked.by(raw, cut=cut and len(raw) < 10_000, closes=closes) == (BROKEN, False)


# The server hangs up too early.
CUT_SHORT = {
    "F35 in the body": (H + b"Content-Length: 9\r\n\r\nhalf", BROKEN),
    "F35 in a chunk": (T + b"9\r\nhalf", BROKEN),
    "F35 without the last chunk": (T + b"2\r\nab\r\n", BROKEN),
    "F35 without the last CRLF": (T + b"2\r\nab\r\n0\r\n", BROKEN),
    "F35 in a size": (T + b"2\r\nab\r\n1", BROKEN),
    "F35 in the trailers": (T + b"2\r\nab\r\n0\r\nA: b\r\n", BROKEN),
    "F35 in the head": (H + b"Content-Le", "ServerDisconnectedError"),
    "F35 in front of the head": (b"", "ServerDisconnectedError"),
    "F35 behind an interim response": (b"HTTP/1.1 103 Early\r\n\r\n", "ServerDisconnectedError"),
    "F5 the largest length there is": (H + b"Content-Length: 9223372036854775807\r\n\r\nhalf", BROKEN),
}


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("case", CUT_SHORT)
async def test_what_is_cut_short_is_an_error(attacked, case, cut):
    raw, error = CUT_SHORT[case]
    assert await attacked.by(raw, cut=cut, closes=True) == (error, False)


# Good responses, some of them with something behind: (what the server sends, what comes out, whether the connection
# can be used again).
RESPONSES = {
    "F3 one length": (H + b"Content-Length: 2\r\n\r\nok", (200, b"ok"), True),
    "F6 an empty list element": (transfer(b", chunked ,"), (200, b"ab"), True),
    "F8 chunks from HTTP/1.0": (
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
        (200, b"ab"),
        False,
    ),
    "F11 sixteen digits": (size(b"0" * 15 + b"2"), (200, b"ab"), True),
    "F14 an extension": (size(b'2;a=b;c="d e"'), (200, b"ab"), True),
    "F18 trailers that mean something elsewhere": (
        T + b"2\r\nab\r\n0\r\nContent-Length: 99\r\nTransfer-Encoding: gzip\r\nSet-Cookie: a=b\r\nLocation: /\r\n\r\n",
        (200, b"ab"),
        True,
    ),
    "F29 no reason": (line(b"HTTP/1.1 200 "), (200, b"ok"), True),
    "F29 no reason and no space": (line(b"HTTP/1.1 200"), (200, b"ok"), True),
    "F28 999": (line(b"HTTP/1.1 999 Odd"), (999, b"ok"), True),
    "F31 a 204 with a length": (b"HTTP/1.1 204 No\r\nContent-Length: 9\r\n\r\n", (204, b""), True),
    "F31 a 204 with a body": (b"HTTP/1.1 204 No\r\nContent-Length: 46\r\n\r\n" + POISON, (204, b""), False),
    "F31 a 304 with a body": (b"HTTP/1.1 304 Not\r\nContent-Length: 46\r\n\r\n" + POISON, (304, b""), False),
    "F31 a 304 with chunks": (
        b"HTTP/1.1 304 Not\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n" + LAST,
        (304, b""),
        False,
    ),
    "F32 interim responses": (
        b"HTTP/1.1 100 C\r\n\r\n" * 2 + b"HTTP/1.1 103 E\r\nLink: <x>\r\n\r\nHTTP/1.1 199 M\r\n\r\n" + OK,
        (200, b"ok"),
        True,
    ),
    "F32 an interim response with a length": (b"HTTP/1.1 100 C\r\nContent-Length: 44\r\n\r\n" + OK, (200, b"ok"), True),
    "F32 a 205 with a length": (b"HTTP/1.1 205 Reset\r\nContent-Length: 2\r\n\r\nok", (205, b"ok"), True),
    "F37 more than the length": (OK + POISON, (200, b"ok"), False),
    "F37 more than the chunks": (T + b"2\r\nok\r\n0\r\n\r\n" + POISON, (200, b"ok"), False),
    "F37 CRLF behind a body": (OK + b"\r\n", (200, b"ok"), False),
}


@pytest.mark.parametrize("closes", [False, True])
@pytest.mark.parametrize("case", RESPONSES)
async def test_a_good_response_is_not_spoiled_by_what_is_behind_it(attacked, case, closes):
    raw, expected, reused = RESPONSES[case]
    assert await attacked.by(raw, closes=closes) == (expected, reused and not closes)


@pytest.mark.parametrize("case", RESPONSES)
async def test_what_comes_in_single_bytes_comes_out_the_same(attacked, case):
    raw, expected, reused = RESPONSES[case]
    assert await attacked.by(raw, cut=True) == (expected, reused)


@pytest.mark.parametrize(
    "raw",
    [
        H + b"Content-Length: 46\r\n\r\n" + POISON,
        H + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
    ],
)
async def test_an_answer_to_head_has_no_body_F31(attacked, raw):
    assert await attacked.by(raw, method="HEAD") == ((200, b""), False)


# A final coding that is not chunked, or none at all: only the end of the connection ends the body.
UNTIL_CLOSE = {
    **{
        f"F7 {value!r}": transfer(value)
        for value in (
            b"xchunked",
            b"identity",
            b"chunked, gzip",
            b'"chunked"',
            b"chunked;q=1",
            b"\xa0chunked",
            b"chunkedchunked",
        )
    },
    "F36 no length": H + b"\r\n2\r\nab\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("case", UNTIL_CLOSE)
async def test_a_body_without_a_known_end_lasts_to_the_end(attacked, case, cut):
    assert await attacked.by(UNTIL_CLOSE[case], cut=cut, closes=True) == ((200, b"2\r\nab\r\n0\r\n\r\n"), False)


async def test_a_coding_behind_a_control_character_is_refused_F7(attacked):
    assert await attacked.by(transfer(b"\x0bchunked")) == (REFUSED, False)


async def test_300_000_chunks_of_a_byte_F16(attacked):
    """Linear time: a few seconds at most on a slow machine, and all of it arrives."""
    raw = T + b"1\r\n.\r\n" * 300_000 + LAST
    assert await attacked.by(raw) == ((200, b"." * 300_000), True)


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("GZIP", gzip.compress(b"plain")),
        ("gzip", gzip.compress(b"plain")),
        ("deflate", zlib.compress(b"plain")),
        ("Deflate", zlib.compress(b"plain")[2:-4]),
    ],
)
async def test_codings_by_all_their_names_F40(attacked, coding, body):
    raw = H + b"Content-Encoding: %b\r\nContent-Length: %d\r\n\r\n" % (coding.encode(), len(body)) + body
    assert await attacked.by(raw) == ((200, b"plain"), True)
