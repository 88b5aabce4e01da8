"""Response heads: bytes → ResponseHead (RFC 9112 §4, §5), in pure Python.

Every byte is checked once, by one regular expression; what a caller rarely looks at (header dict,
raw headers, reason) is made from the kept bytes when asked for, and then cannot fail.

Strict, for a response two programs read differently is an attack, but for these leniencies,
which all backends share (tests/parity/test_head.py has a case for each):

    leniency                                             RFC 9112   who needs it
    no reason, with or without the space before it       §4         many embedded servers, some proxies
    up to four empty lines in front of the status line   §2.2       servers that end a body with CRLF too much
    bytes 0x80-0xFF in values and reason (obs-text)      §5.5       file names in Content-Disposition, cookies
    LF in place of CRLF, if all lines of a head have it  §2.2       scripts and devices that write their own heads
    a field value folded over lines, but not of one      §5.2       old servers; user agents must unfold
    that frames the body

A head is judged when it is complete, or over the limit of its size, so the outcome does not
depend on how it was cut into segments. Only what cannot even begin a status line is refused at once.
"""

from __future__ import annotations

import functools
import re

from multidict import CIMultiDict, CIMultiDictProxy

from .._http import MAX_LEADING_EMPTY_LINES, HeadLimits, HttpVersion, HttpVersion10, HttpVersion11
from ..exceptions import BadHttpMessage, BadStatusLine, InvalidHeader, LineTooLong
from ..hdrs import INTERNED, intern_name

_TEXT = rb"[\t\x20-\x7e\x80-\xff]*+"
_STATUS_LINE = rb"HTTP/1\.([01]) ([1-9][0-9][0-9])(?: (" + _TEXT + rb"))?\r\n"
_FIELD_LINE = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++:" + _TEXT + rb"\r\n"
_match_head = re.compile(_STATUS_LINE + rb"((?:" + _FIELD_LINE + rb")*+)\r\n").match
_is_status_line = re.compile(_STATUS_LINE).fullmatch
_is_field_line = re.compile(_FIELD_LINE).fullmatch
# An empty line, however its lines end: one that mixes them must be refused, not waited for.
_find_end = re.compile(rb"\n\r?\n").search
_find_fields = re.compile(rb"([^:\r]++):[ \t]*+([^\r]*+)\r\n").findall
# The fields that say something of the message's framing or of its connection, each behind a line feed, in lower case.
_find_framing = re.compile(
    rb"\n(connection|content-(?:encoding|length)|set-cookie|transfer-encoding|upgrade):"
    rb"[ \t]*+([^\r \t]*+(?:[ \t]++[^\r \t]++)*+)"
).findall

_unfold = functools.partial(re.compile(rb"[ \t]*+\r\n[ \t]++").sub, b" ")
# A line of white space only is an empty line to some; what frames the body must leave no doubt.
_must_not_be_unfolded = re.compile(
    rb"\n[ \t]++\r|^(?:content-length|transfer-encoding)[^\n]*\n[ \t]", re.IGNORECASE | re.MULTILINE
).search

_BEGINNING = b"HTTP/1."
_MAX_LENGTH = 2**63 - 1
_VERSIONS = {b"0": HttpVersion10, b"1": HttpVersion11}


class ResponseHead:
    """A checked response head.

    end: index of the first body byte.
    status, reason, version: the status line.
    length: Content-Length, -1 if absent.
    transfer_coded: whether there is a Transfer-Encoding; chunked: whether chunked is its last coding.
    keep_alive: what version and Connection say (RFC 9112 §9.3); False too where the framing is doubtful.
    upgrade: Connection lists upgrade and there is an Upgrade field (RFC 9110 §7.8).
    has_cookies: there is a Set-Cookie field.
    coding: Content-Encoding in lower case, several lines joined with ", "; "" if absent.
    """

    __slots__ = (
        "_fields",
        "_headers",
        "_raw_headers",
        "_reason",
        "chunked",
        "coding",
        "end",
        "has_cookies",
        "keep_alive",
        "length",
        "status",
        "transfer_coded",
        "upgrade",
        "version",
    )

    def __init__(self, end: int, minor: bytes, status: bytes, reason: bytes | None, fields: bytes) -> None:
        """Raises InvalidHeader or BadHttpMessage for fields that frame no body, or two."""
        self.end = end
        self.status = int(status)
        self.version: HttpVersion = _VERSIONS[minor]
        self._reason = reason
        self._fields = fields
        self._headers: CIMultiDictProxy[str] | None = None
        self._raw_headers: tuple[tuple[bytes, bytes], ...] | None = None

        found = _find_framing(b"\n" + fields.lower())
        framing = dict(found)
        if len(framing) < len(found):
            framing = _joined(found)
        connection = framing.get(b"connection")
        tokens = () if connection is None else _tokens(connection)
        coding = framing.get(b"content-encoding")
        self.coding = "" if coding is None else coding.decode("latin-1")
        self.has_cookies = b"set-cookie" in framing
        self.upgrade = b"upgrade" in framing and b"upgrade" in tokens
        # 9.3: close wins; then 1.1 persists, and 1.0 does if it says so.
        self.keep_alive = b"close" not in tokens and (minor == b"1" or b"keep-alive" in tokens)
        length = framing.get(b"content-length")
        transfer = framing.get(b"transfer-encoding")
        if transfer is None:
            self.transfer_coded = self.chunked = False
            self.length = -1 if length is None else _checked_length(length)
            return
        if length is not None:
            # §6.3 item 3: an attempt to smuggle, or a broken intermediary; it ought to be handled as an error.
            raise BadHttpMessage(
                f"both Transfer-Encoding {transfer!r} and Content-Length {length!r}, expected one of them"
            )
        # Next to another that names a coding an empty field would be an empty list element, but parsers differ there.
        if any(name == b"transfer-encoding" and not value for name, value in found):
            raise InvalidHeader(b"Transfer-Encoding: ", "a transfer coding")
        self.transfer_coded = True
        self.length = -1
        self.chunked = _is_chunked(transfer)
        if minor == b"0" or not self.chunked:
            self.keep_alive = False  # §6.1: with 1.0 the framing is faulty, else the body ends with the connection

    @property
    def reason(self) -> str:
        return "" if self._reason is None else self._reason.strip(b" \t").decode("utf-8", "surrogateescape")

    @property
    def raw_headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """(name, value) as received, SP and HTAB around the value removed."""
        raw = self._raw_headers
        if raw is None:
            raw = tuple((name, value.rstrip(b" \t")) for name, value in _find_fields(self._fields))
            self._raw_headers = raw
        return raw

    @property
    def headers(self) -> CIMultiDictProxy[str]:
        """The fields by name; values are UTF-8, other bytes in them surrogates."""
        headers = self._headers
        if headers is None:
            interned = INTERNED.get
            headers = self._headers = CIMultiDictProxy(
                CIMultiDict(
                    [
                        (interned(name) or intern_name(name), value.decode("utf-8", "surrogateescape"))
                        for name, value in self.raw_headers
                    ]
                )
            )
        return headers

    def values(self, name: bytes) -> list[str]:
        """Those of the fields of that name, which is given in lower case, without making all of headers."""
        return [value.decode("utf-8", "surrogateescape") for own, value in self.raw_headers if own.lower() == name]


def parse_head(data: bytes | bytearray, limits: HeadLimits, searched: int = 0) -> ResponseHead | None:
    """Parse a status line and field lines (RFC 9112 §4, §5).

    None: the empty line that ends them has not arrived; call again with more bytes, and with
    searched=len(data) so that they are searched but once.
    Raises BadStatusLine, InvalidHeader, LineTooLong or BadHttpMessage for anything a peer should
    not have sent, bar the leniencies listed above."""
    start = _skip_empty_lines(data) if data[:1] == b"\r" else 0
    if start < 0:
        return None
    end = None
    if searched > start:
        end = _find_end(data, max(start, searched - 3))
        if end is None:
            _check_incomplete(data, start, limits)
            return None
    match = _match_head(data, start)
    if match is None:
        end = end or _find_end(data, start)
        if end is None:
            _check_incomplete(data, start, limits)
            return None
        # What is too long as it came is not made to fit: in pieces it would be refused before its end.
        mended = mended_head(bytes(data[start : end.end()])) if end.end() <= limits.total else None
        if mended is None:
            raise _fault(bytes(data[: end.end()]), start, limits) or BadHttpMessage("the head cannot be parsed")
        head = parse_head(mended, limits)
        assert head is not None
        head.end = end.end()
        return head
    minor, status, reason, fields = match.groups()
    after = match.end()
    max_line, max_field, max_fields, max_total = limits
    if (
        after > max_total
        or len(fields) > max_field
        or fields.count(b"\n") > max_fields
        or (reason and len(reason) > max_line)
    ):
        fault = _fault(bytes(data[:after]), start, limits)
        if fault is not None:
            raise fault
    return ResponseHead(after, minor, status, reason, bytes(fields))


def mended_head(head: bytes) -> bytes | None:
    """A whole head with its lines ended by CRLF and unfolded; None if there is nothing that may be mended.

    Only a head all of bare LFs is: one among CRLFs is rather the work of somebody who got a value in."""
    if not head.startswith(_BEGINNING):
        return None
    status, end, fields = (head if b"\r" in head else head.replace(b"\n", b"\r\n")).partition(b"\r\n")
    if not _must_not_be_unfolded(fields):
        fields = _unfold(fields)
    mended = status + end + fields
    return None if mended == head else mended


def _skip_empty_lines(data: bytes | bytearray) -> int:
    """Index of the status line; -1 if that has not begun."""
    start = 0
    while data.startswith(b"\r\n", start):
        start += 2
        if start > 2 * MAX_LEADING_EMPTY_LINES:
            raise BadStatusLine(bytes(data[:80]))
    return -1 if start == len(data) or data[start:] == b"\r" else start


def _check_incomplete(data: bytes | bytearray, start: int, limits: HeadLimits) -> None:
    """Refuse what can never become a head."""
    beginning = data[start : start + len(_BEGINNING)]
    if not _BEGINNING.startswith(beginning):
        raise BadStatusLine(bytes(data[start : start + 80]))
    if len(data) > limits.total:
        raise _fault(bytes(data), start, limits) or LineTooLong(bytes(data), limits.total, "response head")


def _fault(head: bytes, start: int, limits: HeadLimits) -> BadHttpMessage | None:
    """The first thing wrong with a head, in the order of its bytes; it may be cut off after limits.total."""
    if not head.startswith(_BEGINNING, start):
        return BadStatusLine(head[start : start + 80])
    end = start
    for number, line in enumerate(_lines(head[start:])):
        end += len(line)
        if end > limits.total:
            return LineTooLong(head, limits.total, "response head")
        if number == 0:
            if not _is_status_line(line):
                return BadStatusLine(line.removesuffix(b"\r\n"))
            if len(line) - len(b"HTTP/1.1 200 \r\n") > limits.line:
                return LineTooLong(line, limits.line, "status line")
        elif line == b"\r\n":
            break
        elif not _is_field_line(line):
            return InvalidHeader(line.removesuffix(b"\r\n"))
        elif _field_size(line) > limits.field:
            return LineTooLong(line, limits.field, "header field")
        elif number > limits.fields:
            return LineTooLong(line, limits.fields, "number of header fields")
    return None


# Lines as HTTP knows them: bytes.splitlines() also splits at a bare CR.
_lines = re.compile(rb"[^\n]*+\n|[^\n]++").findall


def _field_size(line: bytes) -> int:
    name, _, value = line.partition(b":")
    return len(name) + len(value.strip(b" \t\r\n"))


# -- fields that frame the message


def _joined(found: list[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """The values of the fields by name, those of repeated ones joined with ', ' (RFC 9110 §5.3)."""
    values: dict[bytes, list[bytes]] = {}
    for name, value in found:
        values.setdefault(name, []).append(value)
    return {name: b", ".join(several) for name, several in values.items()}


def _tokens(value: bytes) -> list[bytes]:
    return [token.strip(b" \t") for token in value.split(b",")]


def _is_chunked(transfer: bytes) -> bool:
    """Whether chunked is the last transfer coding (RFC 9112 §6.1)."""
    codings = [coding for coding in _tokens(transfer) if coding]
    if not codings:
        raise InvalidHeader(b"Transfer-Encoding: " + transfer, "a transfer coding")
    if codings.count(b"chunked") > 1:
        raise InvalidHeader(b"Transfer-Encoding: " + transfer, "chunked applied once")
    return codings[-1] == b"chunked"


def _checked_length(value: bytes) -> int:
    # isdigit() of bytes knows ASCII only; int() alone would take "+1", "1_0" and other scripts' digits.
    if not value.isdigit():
        raise InvalidHeader(b"Content-Length: " + value, "one number of ASCII digits")
    digits = value.lstrip(b"0") or b"0"
    if len(digits) > 19 or int(digits) > _MAX_LENGTH:
        raise InvalidHeader(b"Content-Length: " + value, "a number below 2**63")
    return int(digits)
