"""Response heads on every backend: what is accepted, what is refused, and that all agree."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from multidict import CIMultiDictProxy

from aiohttp_client import hdrs
from aiohttp_client._http import HeadLimits, HttpVersion10, HttpVersion11
from aiohttp_client.exceptions import BadHttpMessage, BadStatusLine, InvalidHeader, LineTooLong

LIMITS = HeadLimits()
OK = b"HTTP/1.1 200 OK\r\n"


def facts(head):
    """All a head says, as a comparable value."""
    for name, _ in head.raw_headers:
        assert head.values(name.lower()) == head.headers.getall(name.decode())
    return {
        "end": head.end,
        "status": head.status,
        "reason": head.reason,
        "version": head.version,
        "length": head.length,
        "chunked": head.chunked,
        "transfer_coded": head.transfer_coded,
        "keep_alive": head.keep_alive,
        "upgrade": head.upgrade,
        "has_cookies": head.has_cookies,
        "coding": head.coding,
        "raw_headers": head.raw_headers,
        "headers": list(head.headers.items()),
    }


def outcome(parse_head, data, limits=LIMITS, cuts=()):
    """Facts, error class, or None, of data that arrives in pieces ending at cuts."""
    searched = 0
    for end in [*cuts, len(data)]:
        try:
            head = parse_head(data[:end] if end == len(data) else bytearray(data[:end]), limits, searched)
        except BadHttpMessage as error:
            return type(error)
        if head is not None:
            return facts(head)
        searched = end
    return None


def test_the_values_of_one_name(codecs):
    head = codecs[0].parse_head(OK + b"A: 1\r\nAb:\r\naB: 2\r\nC-d: \t\xc3\xa4 \xff\t\r\na: 3\r\n\r\n", LIMITS)
    assert [head.values(name) for name in (b"a", b"ab", b"c-d", b"c", b"")] == [
        ["1", "3"],
        ["", "2"],
        ["ä \udcff"],
        [],
        [],
    ]


@pytest.fixture
def parse(codecs):
    """Parse whole; assert that no cut makes a difference."""

    def parse(data, limits=LIMITS):
        whole = outcome(codecs[0].parse_head, data, limits)
        for cut in range(1, len(data)) if len(data) < 400 else ():
            assert outcome(codecs[0].parse_head, data, limits, [cut]) == whole, cut
        if len(data) < 2000:
            assert outcome(codecs[0].parse_head, data, limits, range(1, len(data))) == whole
        head = codecs[0].parse_head(data, limits)
        # Mended ones, too: compiled code takes no other class for its own.
        assert head is None or type(head) is codecs[0].ResponseHead
        return head

    return parse


NGINX = (
    b"HTTP/1.1 200 OK\r\n"
    b"Server: nginx/1.22.1\r\n"
    b"Date: Mon, 23 Nov 2026 13:00:00 GMT\r\n"
    b"Content-Type: application/json\r\n"
    b"Content-Length: 56\r\n"
    b"Connection: keep-alive\r\n"
    b'ETag: "6561d0f2-38"\r\n'
    b"X-Request-Id: 1f2e3d4c\r\n"
    b"Cache-Control: no-cache\r\n"
    b"\r\n"
)


def test_a_usual_head(parse):
    head = parse(NGINX + b'{"body": 1}')
    assert facts(head) == {
        "end": len(NGINX),
        "status": 200,
        "reason": "OK",
        "version": HttpVersion11,
        "length": 56,
        "chunked": False,
        "transfer_coded": False,
        "keep_alive": True,
        "upgrade": False,
        "has_cookies": False,
        "coding": "",
        "raw_headers": tuple(tuple(line.split(b": ", 1)) for line in NGINX.split(b"\r\n")[1:-2]),
        "headers": [tuple(line.decode().split(": ", 1)) for line in NGINX.split(b"\r\n")[1:-2]],
    }
    assert isinstance(head.headers, CIMultiDictProxy)
    assert head.headers is head.headers and head.raw_headers is head.raw_headers
    assert head.headers["content-LENGTH"] == "56"
    assert next(name for name in head.headers if name == "Content-Length") is hdrs.INTERNED[b"Content-Length"]


def test_names_that_come_again_are_made_once_while_there_is_room(codecs, monkeypatch):
    parse = codecs[0].parse_head
    lines = b"HTTP/1.1 200 OK\r\nX-Kept-1: a\r\n" + b"L" * 65 + b": b\r\n\r\n"

    def names():
        return list(parse(lines, LIMITS).headers)

    hdrs.INTERNED.pop(b"X-Kept-1", None)
    with monkeypatch.context() as full:
        full.setattr(hdrs, "_MOST_INTERNED", 0)
        assert [new is old for new, old in zip(names(), names(), strict=True)] == [False, False]
    assert [new is old for new, old in zip(names(), names(), strict=True)] == [True, False]
    assert names() == ["X-Kept-1", "L" * 65]


def test_an_incomplete_head_is_none(codecs):
    for end in range(len(NGINX)):
        assert codecs[0].parse_head(NGINX[:end], LIMITS) is None


def test_only_the_head_s_own_bytes_are_kept(codecs):
    data = bytearray(NGINX + b"x" * 100)
    head = codecs[0].parse_head(data, LIMITS)
    data[:] = b"?" * len(data)
    assert head.headers["Server"] == "nginx/1.22.1" and head.reason == "OK"


@pytest.mark.parametrize(
    ("line", "status", "reason", "version"),
    [
        (b"HTTP/1.1 200 OK", 200, "OK", HttpVersion11),
        (b"HTTP/1.0 404 Not Found", 404, "Not Found", HttpVersion10),
        (b"HTTP/1.1 999 ", 999, "", HttpVersion11),
        (b"HTTP/1.1 100", 100, "", HttpVersion11),
        (b"HTTP/1.1 200  \t two words\t ", 200, "two words", HttpVersion11),
        ("HTTP/1.1 200 Größe".encode(), 200, "Größe", HttpVersion11),
        (b"HTTP/1.1 200 \xff", 200, "\udcff", HttpVersion11),
    ],
)
def test_status_lines(parse, line, status, reason, version):
    head = parse(line + b"\r\n\r\n")
    assert (head.status, head.reason, head.version) == (status, reason, version)
    assert head.raw_headers == () and len(head.headers) == 0


@pytest.mark.parametrize(
    "line",
    [
        b"HTTP/1.1 20 OK",
        b"HTTP/1.1 2000 OK",
        b"HTTP/1.1 099 OK",
        b"HTTP/1.1 000 OK",
        b"HTTP/1.1 +20 OK",
        b"HTTP/1.1 2_0 OK",
        "HTTP/1.1 ２００ OK".encode(),
        b"HTTP/1.1 200OK",
        b"HTTP/1.1  200 OK",
        b"HTTP/1.1\t200 OK",
        b"HTTP/1.1 200\tOK",
        b"HTTP/1.1",
        b"HTTP/1.2 200 OK",
        b"HTTP/1.32 200 OK",
        b"HTTP/2.0 200 OK",
        b"HTTP/1 200 OK",
        b"HTTP/01.1 200 OK",
        b"http/1.1 200 OK",
        b"HTTP/4294967297.1 200 OK",
        b"ICY 200 OK",
        b"RTSP/1.1 200 OK",
        b" HTTP/1.1 200 OK",
        b"HTTP/1.1 200 O\x00K",
        b"HTTP/1.1 200 O\x0bK",
        b"HTTP/1.1 200 O\x7fK",
        b"HTTP/1.1 200 O\rK",
        b"SSH-2.0-OpenSSH_9.2",
        b"<html>",
    ],
)
def test_other_status_lines_are_refused_with_what_was_received(parse, line):
    with pytest.raises(BadStatusLine, match="expected HTTP/1.0 or HTTP/1.1") as caught:
        parse(line + b"\r\nA: b\r\n\r\n")
    assert caught.value.line in line + b"\r\nA: b\r\n\r\n" and caught.value.line
    assert caught.value.code == 400


@pytest.mark.parametrize(
    "data", [b"SSH-2.0", b"220 mail ESMTP\r\n", b"<", b"\x16\x03\x01", b"\nHTTP/1.1 200 OK", b"\r\n\r\nX"]
)
def test_what_can_never_become_a_status_line_is_not_waited_for(codecs, data):
    with pytest.raises(BadStatusLine):
        codecs[0].parse_head(data, LIMITS)


def test_up_to_four_empty_lines_in_front_are_skipped(parse):
    """RFC 9112 §2.2."""
    for count in range(5):
        head = parse(b"\r\n" * count + OK + b"A: b\r\n\r\nbody")
        assert head.end == 2 * count + len(OK) + 8
        assert head.raw_headers == ((b"A", b"b"),)
    with pytest.raises(BadStatusLine):
        parse(b"\r\n" * 5 + OK + b"\r\n")


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        (b"A:b", b"A", b"b"),
        (b"A: b", b"A", b"b"),
        (b"A: \t b \t ", b"A", b"b"),
        (b"A:", b"A", b""),
        (b"A: \t ", b"A", b""),
        (b"A: b: c", b"A", b"b: c"),
        (b"!#$%&'*+-.^_`|~09azAZ: b", b"!#$%&'*+-.^_`|~09azAZ", b"b"),
        (b"A: b\tc", b"A", b"b\tc"),
        (b"A: \x80\xff", b"A", b"\x80\xff"),
        (b"A: \xa0b\x85", b"A", b"\xa0b\x85"),
        (b"A: " + b"x" * 100 + b"\t" + b"y" * 100, b"A", b"x" * 100 + b"\t" + b"y" * 100),
    ],
)
def test_fields(parse, line, name, value):
    head = parse(OK + b"X: y\r\n" + line + b"\r\nZ:\r\n\r\n")
    assert head.raw_headers == ((b"X", b"y"), (name, value), (b"Z", b""))
    assert head.headers[name.decode()] == value.decode("utf-8", "surrogateescape")


@pytest.mark.parametrize(
    "line",
    [
        b"no colon",
        b": no name",
        b"A : b",
        b"A\t: b",
        b"A b: c",
        b"(A): b",
        b"\xefA: b",
        b"A\x00: b",
        b"A: b\x00",
        b"A: \x00",
        b"A: b\x01c",
        b"A: b\x0bc",
        b"A: b\x7fc",
        b"A: b\x1b[31m",
        b"A: b\rc",
        b"A: b\r",
        b"A: b\r\n \r\n\tfolded",
        b"A: b\r\n ",
        b"Content-Length:\r\n 5",
        b"Content-Length: 5\r\n\t5",
        b"A: b\r\n folded\r\ntransfer-encoding: gzip,\r\n chunked",
        b"A: b\r\n fol\x00ded",
        b"A\r\n : b",
        b"A: b\nC: d",
        b"Transfer-\r\nEncoding: chunked",
        b"A: 1234567\x00",
        b"A: 12345678\x1f",
        b"A: \t234567\x80\x1f",
    ],
)
def test_other_fields_are_refused_with_what_was_received(parse, line):
    with pytest.raises(InvalidHeader) as caught:
        parse(OK + b"X: y\r\n" + line + b"\r\n\r\n")
    assert caught.value.hdr
    assert repr(caught.value.hdr)[2:-1] in str(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nA: b\n\n",
        b"HTTP/1.1 200 OK\r\nA: b\n\r\n",
        b"HTTP/1.1 200 OK\nA: b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\r\n\n",
        b"HTTP/1.1 200 OK\r\nA: b\r\r\n\r\n",
    ],
)
def test_bare_line_feeds_among_others_are_refused_not_waited_for(parse, data):
    with pytest.raises(BadHttpMessage):
        parse(data)


@pytest.mark.parametrize(
    ("fields", "raw_headers"),
    [
        (b"A: b\r\n folded\r\n", [(b"A", b"b folded")]),
        (b"A: b \t\r\n\t  folded\r\n again\r\nC: d\r\n", [(b"A", b"b folded again"), (b"C", b"d")]),
        (b"A:\r\n b\r\nContent-Length: 5\r\n", [(b"A", b"b"), (b"Content-Length", b"5")]),
        (b"A: b\nContent-Length: 5\n", [(b"A", b"b"), (b"Content-Length", b"5")]),
        (b"A: b\n folded\nC: d\n", [(b"A", b"b folded"), (b"C", b"d")]),
        (b"", []),
    ],
)
@pytest.mark.parametrize("before", [b"", b"\r\n"])
def test_folded_values_and_heads_of_bare_line_feeds(parse, fields, raw_headers, before):
    end = b"\r\n" if b"\r" in fields else b"\n"
    raw = before + b"HTTP/1.1 200 OK" + end + fields + end
    head = parse(raw + b"body\n\n")
    assert (head.end, head.status, head.reason) == (len(raw), 200, "OK")
    assert list(head.raw_headers) == raw_headers
    assert head.length == (5 if b"Content-Length" in fields else -1)


@pytest.mark.parametrize("fields", [b" A: b\r\n", b"\tA: b\r\nC: d\r\n", b" A: b\n"])
def test_the_status_line_is_not_folded(parse, fields):
    end = b"\r\n" if b"\r" in fields else b"\n"
    with pytest.raises(InvalidHeader, match="A: b"):
        parse(b"HTTP/1.1 200 OK" + end + fields + end)


@pytest.mark.parametrize("limits", [LIMITS, HeadLimits(total=200, field=100)])
def test_limits_hold_for_folded_values(parse, limits):
    with pytest.raises(LineTooLong):
        parse(OK + b"A: b" + b"\r\n" + b" " * limits.total + b"\r\n folded" * limits.field + b"\r\n\r\n", limits)


@pytest.mark.parametrize(
    ("fields", "length"),
    [
        (b"Content-Length: 0", 0),
        (b"content-length:5", 5),
        (b"CONTENT-LENGTH: \t 5 \t", 5),
        (b"Content-Length: 0000000000000000000000000000005", 5),
        (b"Content-Length: 9223372036854775807", 2**63 - 1),
        (b"X-Content-Length: 5", -1),
        (b"Content-Lengthy: 5", -1),
        (b"X: y\\r\\nContent-Length: 5", -1),
    ],
)
def test_content_length(parse, fields, length):
    head = parse(OK + fields + b"\r\n\r\n")
    assert (head.length, head.chunked, head.transfer_coded) == (length, False, False)


@pytest.mark.parametrize(
    "value",
    [
        b"", b"-1", b"-0", b"+2", b"0x2", b"0_2", b"1e1", b"2Z", b"2;2", b"2 2", b"42,30", b"42, 42", b"30,", b",30",
        "２".encode(), "²".encode(), b"\xa02", b"2\x85", b"9223372036854775808", b"18446744073709551618", b"9" * 20, b"9" * 5000,
    ],
)  # fmt: skip
def test_other_lengths_are_refused(parse, value):
    with pytest.raises(InvalidHeader, match="Content-Length"):
        parse(OK + b"Content-Length: " + value + b"\r\n\r\n")


@pytest.mark.parametrize(("one", "two"), [(b"42", b"30"), (b"42", b"42"), (b"42", b""), (b"", b"42")])
def test_repeated_content_lengths_are_refused(parse, one, two):
    """RFC 9112 §6.3 item 5: smuggling, not a choice; equal ones are no better."""
    with pytest.raises(InvalidHeader, match="Content-Length"):
        parse(OK + b"Content-Length: " + one + b"\r\nA: b\r\ncontent-length: " + two + b"\r\n\r\n")


@pytest.mark.parametrize(
    ("fields", "chunked", "keep_alive"),
    [
        (b"Transfer-Encoding: chunked", True, True),
        (b"transfer-encoding:  CHUNKED ", True, True),
        (b"Transfer-Encoding: gzip, chunked", True, True),
        (b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked", True, True),
        (b"Transfer-Encoding: , chunked ,", True, True),
        (b"Transfer-Encoding: identity", False, False),
        (b"Transfer-Encoding: xchunked", False, False),
        (b"Transfer-Encoding: chunked, gzip", False, False),
        (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip", False, False),
        (b'Transfer-Encoding: "chunked"', False, False),
        (b"Transfer-Encoding: chunked;q=1", False, False),
        (b"Transfer-Encoding: \xa0chunked", False, False),
    ],
)
def test_transfer_encoding(parse, fields, chunked, keep_alive):
    head = parse(OK + fields + b"\r\n\r\n")
    assert (head.chunked, head.transfer_coded, head.keep_alive, head.length) == (chunked, True, keep_alive, -1)


@pytest.mark.parametrize(
    "value",
    [b"chunked, chunked", b"chunked\r\nTransfer-Encoding: chunked", b"", b" , ", b"\r\nTransfer-Encoding: chunked"],
)
def test_transfer_encodings_that_mean_nothing_are_refused(parse, value):
    with pytest.raises(InvalidHeader, match="Transfer-Encoding"):
        parse(OK + b"Transfer-Encoding: " + value + b"\r\n\r\n")


@pytest.mark.parametrize("transfer", [b"chunked", b"gzip", b"identity"])
@pytest.mark.parametrize("length_first", [True, False])
def test_both_length_and_transfer_encoding_are_refused(parse, transfer, length_first):
    """RFC 9112 §6.3 item 3."""
    fields = [b"Content-Length: 3\r\n", b"Transfer-Encoding: " + transfer + b"\r\n"]
    with pytest.raises(BadHttpMessage, match="both Transfer-Encoding"):
        parse(OK + b"".join(fields if length_first else reversed(fields)) + b"\r\n")


def test_what_is_said_of_a_field_has_no_white_space_around(parse):
    fields = b"Transfer-Encoding:\t chunked \t\r\nContent-Length: 5\t\r\nSet-Cookie: a\r\n"
    for more in (b"", b"Set-Cookie: b\r\n"):
        with pytest.raises(BadHttpMessage, match="both Transfer-Encoding b'chunked' and Content-Length b'5', expected"):
            parse(OK + fields + more + b"\r\n")


def test_codings_on_several_lines_are_joined(parse):
    assert parse(OK + b"Content-Encoding: GZIP \r\ncontent-encoding:\tbr\r\n\r\n").coding == "gzip, br"
    assert parse(OK + b"Content-Encoding:\r\nContent-Encoding: \r\n\r\n").coding == ", "


def test_transfer_encoding_of_http_10_is_not_trusted_further(parse):
    head = parse(b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n")
    assert (head.chunked, head.keep_alive) == (True, False)


@pytest.mark.parametrize(
    ("version", "fields", "keep_alive"),
    [
        (b"1", b"", True),
        (b"0", b"", False),
        (b"1", b"Connection: close", False),
        (b"1", b"Connection: CLOSE", False),
        (b"1", b"Connection: keep-alive, close", False),
        (b"1", b"Connection: keep-alive\r\nConnection: close", False),
        (b"1", b"Connection: close\r\nConnection: keep-alive", False),
        (b"1", b"Connection: close-something", True),
        (b"1", b"Connection: x,close ,y", False),
        (b"0", b"Connection: keep-alive", True),
        (b"0", b"Connection: Keep-Alive, Foo", True),
        (b"0", b"Connection: keep-alive, close", False),
        (b"0", b"Keep-Alive: timeout=5", False),
        (b"1", b"Proxy-Connection: close", True),
    ],
)
def test_keep_alive(parse, version, fields, keep_alive):
    assert (
        parse(b"HTTP/1." + version + b" 200 OK\r\n" + fields + (b"\r\n" if fields else b"") + b"\r\n").keep_alive
        is keep_alive
    )


@pytest.mark.parametrize(
    ("fields", "upgrade"),
    [
        (b"Connection: Upgrade\r\nUpgrade: websocket", True),
        (b"Upgrade: websocket\r\nConnection: keep-alive, upgrade", True),
        (b"Upgrade: websocket", False),
        (b"Connection: Upgrade", False),
        (b"Connection: upgraded\r\nUpgrade: websocket", False),
    ],
)
def test_upgrade(parse, fields, upgrade):
    assert parse(b"HTTP/1.1 101 Switching Protocols\r\n" + fields + b"\r\n\r\n").upgrade is upgrade


@pytest.mark.parametrize(
    ("fields", "coding"),
    [
        (b"X: y", ""),
        (b"Content-Encoding: GZip", "gzip"),
        (b"content-encoding: \tbr ", "br"),
        (b"Content-Encoding:", ""),
        (b"Content-Encoding: gzip, gzip", "gzip, gzip"),
        (b"Content-Encoding: gzip\r\nA: b\r\nContent-Encoding: BR", "gzip, br"),
        (b"Content-Encoding: \xc4", "\xc4"),
    ],
)
def test_coding(parse, fields, coding):
    assert parse(OK + fields + b"\r\n\r\n").coding == coding


def test_cookies_are_noticed(parse):
    assert parse(OK + b"set-COOKIE: a=b\r\n\r\n").has_cookies
    assert not parse(OK + b"X: Set-Cookie: a=b\r\n\r\n").has_cookies


@pytest.mark.parametrize(
    ("limits", "fits", "too_long"),
    [
        (HeadLimits(line=5), b"HTTP/1.1 200 12345\r\n\r\n", b"HTTP/1.1 200 123456\r\n\r\n"),
        (HeadLimits(field=5), OK + b"AB: 123\r\n\r\n", OK + b"AB: 1234\r\n\r\n"),
        (HeadLimits(field=5), OK + b"AB:    123   \r\n\r\n", OK + b"ABCDEF:\r\n\r\n"),
        (HeadLimits(fields=2), OK + b"A:\r\nB:\r\n\r\n", OK + b"A:\r\nB:\r\nC:\r\n\r\n"),
        (HeadLimits(total=30), OK + b"A: 123456\r\n\r\n", OK + b"A: 1234567\r\n\r\n"),
        (HeadLimits(total=21), b"\r\n" + OK + b"\r\n", b"\r\n\r\n" + OK + b"\r\n"),
    ],
)
def test_limits(parse, limits, fits, too_long):
    assert parse(fits, limits) is not None
    with pytest.raises(LineTooLong) as caught:
        parse(too_long, limits)
    assert isinstance(caught.value, ValueError)
    assert str(caught.value.limit) in str(caught.value)


@pytest.mark.parametrize(
    "data", [OK + b"A: " + b"x" * 100_000, OK + b"A: b\r\n" * 20_000, b"HTTP/1.1 200 " + b"x" * 100_000]
)
def test_a_head_that_never_ends_is_refused_at_its_limit(codecs, data):
    received = bytearray()
    with pytest.raises(LineTooLong):
        for at in range(0, len(data), 1000):
            searched = len(received)
            received += data[at : at + 1000]
            assert codecs[0].parse_head(received, LIMITS, searched) is None
            assert len(received) <= LIMITS.total


def test_a_large_head_in_single_bytes(codecs):
    """Linear: a search that began anew with each byte would look at 2·10⁹ of them."""
    data = OK + b"".join(b"X-Field-%d: %s\r\n" % (n, b"v" * 480) for n in range(127)) + b"\r\n"
    received = bytearray()
    for at in range(len(data) - 1):
        received.append(data[at])
        assert codecs[0].parse_head(received, LIMITS, at) is None
    received.append(data[-1])
    head = codecs[0].parse_head(received, LIMITS, len(data) - 1)
    assert len(head.raw_headers) == 127 and head.end == len(data)


@pytest.mark.parametrize("data", [None, "HTTP/1.1 200 OK\r\n\r\n", 5])
def test_other_types(codecs, data):
    with pytest.raises((TypeError, AttributeError)):
        codecs[0].parse_head(data, LIMITS)


PARTS = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 404\r\n", b"HTTP/1.1 204 \r\n", b"\r\n", b"\n", b"\r", b" ", b"\t", b":", b"A: b\r\n",
        b"Content-Length: 5\r\n", b"Content-Length: ", b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: gzip, chunked\r\n",
        b"Connection: close, keep-alive\r\n", b"Connection: upgrade\r\n", b"Upgrade: x\r\n", b"Content-Encoding: gzip\r\n",
        b"Set-Cookie: a=b\r\n", b"\x00", b"\xff", b"\x7f", b"chunked", b"\r\n folded", b"\n\t", b",", b"0", b"9" * 19, b"x" * 40, b"X-Y: \tz \t\r\n", b"\x80: a\r\n",
    ]
)  # fmt: skip
HEADS = st.one_of(
    st.lists(PARTS, max_size=10).map(b"".join),
    st.lists(PARTS, max_size=6).map(lambda parts: b"HTTP/1.1 200 OK\r\n" + b"".join(parts) + b"\r\n\r\n"),
    st.tuples(st.integers(0, len(NGINX) - 1), st.binary(min_size=1, max_size=3)).map(
        lambda edit: NGINX[: edit[0]] + edit[1] + NGINX[edit[0] + 1 :]
    ),
)


@settings(max_examples=800, deadline=None)
@given(HEADS, st.data())
def test_backends_and_cuts_agree(backends, data, draw):
    """Same facts or same class of error from every backend, whole and in pieces."""
    limits = draw.draw(st.sampled_from([LIMITS, HeadLimits(20, 20, 3, 200)]))
    cuts = sorted(draw.draw(st.lists(st.integers(1, len(data)), max_size=5))) if data else []
    expected = outcome(backends["py"][0].parse_head, data, limits)
    for name, (head, _, _) in backends.items():
        whole = outcome(head.parse_head, data, limits)
        assert whole == expected, name
        assert outcome(head.parse_head, data, limits, cuts) == whole, (name, cuts)


# What llhttp by itself accepts and all our backends refuse. (The other way round there is nothing:
# the test above would find it, for the httptools backend refuses what either of the two refuses.)
DELIBERATE = [
    # (head, rule, why)
    (b"HTTP/1.1 099 OK\r\n\r\n", "RFC 9110 §15", "the first digit of a status is 1 to 9"),
    (b"HTTP/1.1 000 OK\r\n\r\n", "RFC 9110 §15", "the same"),
    (b"HTTP/2.0 200 OK\r\n\r\n", "RFC 9112 §2.3", "another major version is another syntax"),
    (b"HTTP/0.9 200 OK\r\n\r\n", "RFC 9112 §2.3", "0.9 has no status line"),
    (b"RTSP/1.0 200 OK\r\n\r\n", "RFC 9112 §2.3", "another protocol"),
    (b"ICE/1.0 200 OK\r\n\r\n", "RFC 9112 §2.3", "another protocol"),
    (b"\r\n" * 5 + OK + b"\r\n", "RFC 9112 §2.2", "empty lines without end would keep us waiting"),
    (b"\n" + OK + b"\r\n", "RFC 9112 §2.2", "a bare LF is no empty line"),
    (b"\r" + OK + b"\r\n", "RFC 9112 §2.2", "a bare CR is none either"),
    (b"HTTP/1.1 200 O\x00K\r\n\r\n", "RFC 9112 §4", "control characters in the reason reach logs and terminals"),
    (b"HTTP/1.1 200 O\x0bK\r\n\r\n", "RFC 9112 §4", "the same"),
    (b"HTTP/1.1 200 O\x7fK\r\n\r\n", "RFC 9112 §4", "the same"),
    (OK + b"Content-Length: 9223372036854775808\r\n\r\n", "RFC 9110 §8.6", "no signed 64-bit number holds it"),
    (OK + b"Transfer-Encoding: chunked, chunked\r\n\r\n", "RFC 9112 §6.1", "chunked must not be applied twice"),
    (OK + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", "RFC 9112 §6.1", "the same"),
]


@pytest.mark.parametrize("head", [head for head, _, _ in DELIBERATE])
def test_stricter_than_llhttp_on_purpose(codecs, head):
    httptools = pytest.importorskip("httptools")

    class Sees:
        complete = False

        def on_headers_complete(self):
            self.complete = True

    sees = Sees()
    httptools.HttpResponseParser(sees).feed_data(head)
    assert sees.complete
    with pytest.raises(BadHttpMessage):
        codecs[0].parse_head(head, LIMITS)
