# cython: language_level=3, boundscheck=False, wraparound=False, freethreading_compatible=True
"""Compiled twin of aiohttp_client/_pure/head.py, which says what is accepted and why.

One pass over the bytes checks them and reads the few fields that frame the body. Whatever is no
complete and valid head is handed to the pure twin, which finds the words for what is wrong, mends
it, or sees that more has to come: that is rare, and so both say the same.
"""

cimport cython
from cpython.bytearray cimport PyByteArray_AS_STRING, PyByteArray_GET_SIZE
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdint cimport int64_t, uint8_t
from libc.string cimport memchr

from multidict import CIMultiDict, CIMultiDictProxy

from aiohttp_client._http import MAX_LEADING_EMPTY_LINES, HttpVersion10, HttpVersion11
from aiohttp_client.hdrs import INTERNED, intern_name

cdef extern from "ascii.h" nogil:
    const uint8_t IS_TOKEN
    const uint8_t IS_DIGIT
    const uint8_t octet_class[256]
    void init_octets() noexcept
    size_t skip_class(const unsigned char *s, size_t at, size_t end, uint8_t wanted) noexcept
    size_t skip_text(const unsigned char *s, size_t at, size_t end) noexcept
    bint equals_lower(const unsigned char *s, size_t size, const char *word, size_t word_size) noexcept

init_octets()

cdef object _VERSION_10 = HttpVersion10
cdef object _VERSION_11 = HttpVersion11
cdef dict _INTERNED = INTERNED
cdef size_t _MAX_SKIPPED = 2 * MAX_LEADING_EMPTY_LINES
cdef int64_t _MAX_LENGTH = 0x7FFFFFFFFFFFFFFF

# What fields mean for the framing.
cdef struct Facts:
    int64_t length
    bint close
    bint keep_alive
    bint upgrade_token
    bint upgrade_field
    bint has_cookies
    bint transfer_coded
    int transfer_codings
    int chunked_count
    bint chunked_last
    int coding_fields
    const unsigned char *coding
    size_t coding_size

# Where the parts of a field line are.
cdef struct Field:
    Py_ssize_t colon
    Py_ssize_t value
    Py_ssize_t size
    Py_ssize_t after


@cython.final
@cython.freelist(64)
cdef class ResponseHead:
    @property
    def reason(self):
        return PyUnicode_DecodeUTF8(PyBytes_AS_STRING(self._head) + self._reason, self._reason_size, "surrogateescape")

    @property
    def raw_headers(self):
        if self._raw_headers is None:
            self._raw_headers = tuple(self._split(False))
        return self._raw_headers

    @property
    def headers(self):
        if self._headers is None:
            self._headers = CIMultiDictProxy(CIMultiDict(self._split(True)))
        return self._headers

    def values(self, bytes name not None):
        cdef const char *s = PyBytes_AS_STRING(self._head)
        cdef Py_ssize_t at = self._fields, end = PyBytes_GET_SIZE(self._head)
        cdef Py_ssize_t size = PyBytes_GET_SIZE(name)
        cdef Field field
        cdef list found = []
        while at < end:
            field = _field_at(s, at, end)
            if equals_lower(<const unsigned char *>s + at, field.colon - at, PyBytes_AS_STRING(name), size):
                found.append(PyUnicode_DecodeUTF8(s + field.value, field.size, "surrogateescape"))
            at = field.after
        return found

    cdef list _split(self, bint decoded):
        """The fields as pairs: of bytes, or decoded."""
        cdef const char *s = PyBytes_AS_STRING(self._head)
        cdef Py_ssize_t at = self._fields, end = PyBytes_GET_SIZE(self._head)
        cdef list pairs = []
        cdef Field field
        cdef bytes raw
        cdef object name
        while at < end:
            field = _field_at(s, at, end)
            raw = PyBytes_FromStringAndSize(s + at, field.colon - at)
            if decoded:
                name = _INTERNED.get(raw)
                if name is None:
                    name = intern_name(raw)
                pairs.append((name, PyUnicode_DecodeUTF8(s + field.value, field.size, "surrogateescape")))
            else:
                pairs.append((raw, PyBytes_FromStringAndSize(s + field.value, field.size)))
            at = field.after
        return pairs


cdef inline Field _field_at(const char *s, Py_ssize_t at, Py_ssize_t end) noexcept:
    """The field whose line begins at at: it was checked to be a token, a colon, text and CRLF, which memchr will find."""
    cdef Field field
    cdef Py_ssize_t stop
    field.colon = <const char *>memchr(s + at, c":", end - at) - s
    stop = <const char *>memchr(s + field.colon, c"\r", end - field.colon) - s
    field.after = stop + 2
    field.value = field.colon + 1
    while field.value < stop and (s[field.value] == c" " or s[field.value] == c"\t"):
        field.value += 1
    while stop > field.value and (s[stop - 1] == c" " or s[stop - 1] == c"\t"):
        stop -= 1
    field.size = stop - field.value
    return field


cdef ResponseHead _judge(data, limits, Py_ssize_t searched):
    """What the pure twin says; it is loaded when first asked: its regular expressions are a millisecond of an import."""
    from aiohttp_client._pure.head import parse_head as parse
    cdef ResponseHead head
    cdef bytes reason
    judged = parse(data, limits, searched)
    if judged is None:
        return None
    reason = (judged._reason or b"").strip(b" \t")
    head = ResponseHead.__new__(ResponseHead)
    head._head = reason + judged._fields
    head._reason = 0
    head._reason_size = head._fields = len(reason)
    head.end = judged.end
    head.status = judged.status
    head.version = judged.version
    head.length = judged.length
    head.chunked = judged.chunked
    head.transfer_coded = judged.transfer_coded
    head.keep_alive = judged.keep_alive
    head.upgrade = judged.upgrade
    head.has_cookies = judged.has_cookies
    head.coding = judged.coding
    return head


cdef void _note_tokens(Facts *facts, const unsigned char *s, size_t size, bint is_transfer) noexcept:
    """Go through the comma-separated value of Connection or Transfer-Encoding."""
    cdef size_t at = 0, start, stop
    while at <= size:
        start = at
        while at < size and s[at] != c",":
            at += 1
        stop = at
        while start < stop and (s[start] == c" " or s[start] == c"\t"):
            start += 1
        while stop > start and (s[stop - 1] == c" " or s[stop - 1] == c"\t"):
            stop -= 1
        if is_transfer:
            if stop > start:
                facts.transfer_codings += 1
                facts.chunked_last = equals_lower(s + start, stop - start, "chunked", 7)
                facts.chunked_count += facts.chunked_last
        elif equals_lower(s + start, stop - start, "close", 5):
            facts.close = True
        elif equals_lower(s + start, stop - start, "keep-alive", 10):
            facts.keep_alive = True
        elif equals_lower(s + start, stop - start, "upgrade", 7):
            facts.upgrade_token = True
        at += 1


cdef bint _note_length(Facts *facts, const unsigned char *s, size_t size) noexcept:
    """False if it is no length, or not the first."""
    cdef int64_t number = 0
    cdef int digit
    cdef size_t i
    if size == 0 or facts.length >= 0:
        return False
    for i in range(size):
        if not octet_class[s[i]] & IS_DIGIT:
            return False
        digit = s[i] - c"0"
        if number > (_MAX_LENGTH - digit) // 10:
            return False
        number = number * 10 + digit
    facts.length = number
    return True


cdef inline bint _note(Facts *facts, const unsigned char *name, size_t name_size,
                       const unsigned char *value, size_t size) noexcept:
    """Take what a field means for the framing, if it means anything; False if it makes no sense."""
    if name_size == 10:
        if equals_lower(name, 10, "connection", 10):
            _note_tokens(facts, value, size, False)
        elif equals_lower(name, 10, "set-cookie", 10):
            facts.has_cookies = True
    elif name_size == 14:
        if equals_lower(name, 14, "content-length", 14):
            return _note_length(facts, value, size)
    elif name_size == 17:
        if equals_lower(name, 17, "transfer-encoding", 17):
            facts.transfer_coded = True
            _note_tokens(facts, value, size, True)
            return size > 0
    elif name_size == 16:
        if equals_lower(name, 16, "content-encoding", 16):
            facts.coding_fields += 1
            facts.coding = value
            facts.coding_size = size
    elif name_size == 7:
        if equals_lower(name, 7, "upgrade", 7):
            facts.upgrade_field = True
    return True


def parse_head(data, limits, Py_ssize_t searched=0):
    cdef const unsigned char *s
    cdef size_t size, start = 0, at, stop, name, colon, value
    cdef Py_ssize_t max_line, max_field, max_fields, max_total, count = 0
    cdef size_t reason, reason_size, fields
    cdef Facts facts
    cdef ResponseHead head

    if isinstance(data, bytes):
        s = <const unsigned char *>PyBytes_AS_STRING(data)
        size = PyBytes_GET_SIZE(data)
    elif isinstance(data, bytearray):
        s = <const unsigned char *>PyByteArray_AS_STRING(data)
        size = PyByteArray_GET_SIZE(data)
    else:
        raise TypeError(f"data must be bytes or bytearray, got {type(data).__name__}")
    if not isinstance(limits, tuple):
        raise TypeError(f"limits must be HeadLimits, got {limits!r}")
    max_line, max_field, max_fields, max_total = <tuple>limits

    while start < _MAX_SKIPPED and start + 1 < size and s[start] == c"\r" and s[start + 1] == c"\n":
        start += 2
    if searched > 0 and not _ends_behind(s, size, max(<Py_ssize_t>start, searched - 3)):
        return _judge(data, limits, searched)

    # "HTTP/1.x nnn", then a space and a reason, or CR: 13 octets, which the size covers.
    at = start
    if not (size - at > 12
            and s[at] == c"H" and s[at + 1] == c"T" and s[at + 2] == c"T" and s[at + 3] == c"P" and s[at + 4] == c"/"
            and s[at + 5] == c"1" and s[at + 6] == c"." and (s[at + 7] == c"0" or s[at + 7] == c"1")
            and s[at + 8] == c" " and c"1" <= s[at + 9] <= c"9"
            and octet_class[s[at + 10]] & IS_DIGIT and octet_class[s[at + 11]] & IS_DIGIT):
        return _judge(data, limits, searched)
    at += 12
    stop = at
    if s[at] == c" ":
        at += 1
        stop = skip_text(s, at, size)
    if <Py_ssize_t>(stop - at) > max_line:
        return _judge(data, limits, searched)
    reason = at
    at = stop
    while reason < stop and (s[reason] == c" " or s[reason] == c"\t"):
        reason += 1
    while stop > reason and (s[stop - 1] == c" " or s[stop - 1] == c"\t"):
        stop -= 1
    reason_size = stop - reason

    facts.length = -1
    facts.close = facts.keep_alive = facts.upgrade_token = facts.upgrade_field = False
    facts.has_cookies = facts.transfer_coded = facts.chunked_last = False
    facts.transfer_codings = facts.chunked_count = facts.coding_fields = 0
    fields = at + 2
    while True:
        # Here a line must end; at is never beyond size.
        if not (at + 1 < size and s[at] == c"\r" and s[at + 1] == c"\n"):
            return _judge(data, limits, searched)
        at += 2
        name = at
        at = skip_class(s, at, size, IS_TOKEN)
        if at == name:
            break
        if not (at < size and s[at] == c":"):
            return _judge(data, limits, searched)
        colon = at
        at += 1
        while at < size and (s[at] == c" " or s[at] == c"\t"):
            at += 1
        value = at
        at = skip_text(s, at, size)
        stop = at
        while stop > value and (s[stop - 1] == c" " or s[stop - 1] == c"\t"):
            stop -= 1
        count += 1
        if (count > max_fields or <Py_ssize_t>((colon - name) + (stop - value)) > max_field
                or not _note(&facts, s + name, colon - name, s + value, stop - value)):
            return _judge(data, limits, searched)
    if not (at + 1 < size and s[at] == c"\r" and s[at + 1] == c"\n"):
        return _judge(data, limits, searched)
    if <Py_ssize_t>(at + 2) > max_total:
        return _judge(data, limits, searched)

    head = ResponseHead.__new__(ResponseHead)
    head.end = at + 2
    head.status = (s[start + 9] - c"0") * 100 + (s[start + 10] - c"0") * 10 + (s[start + 11] - c"0")
    head.version = _VERSION_11 if s[start + 7] == c"1" else _VERSION_10
    head.length = facts.length
    head.transfer_coded = facts.transfer_coded
    head.chunked = facts.chunked_last
    head.keep_alive = not facts.close and (s[start + 7] == c"1" or facts.keep_alive)
    if facts.transfer_coded:
        if facts.length >= 0 or facts.chunked_count > 1 or facts.transfer_codings == 0:
            return _judge(data, limits, searched)
        if s[start + 7] == c"0" or not facts.chunked_last:
            head.keep_alive = False
    head.upgrade = facts.upgrade_token and facts.upgrade_field
    head.has_cookies = facts.has_cookies
    head._head = PyBytes_FromStringAndSize(<const char *>s + start, at - start)
    head._reason = reason - start
    head._reason_size = reason_size
    head._fields = fields - start
    if facts.coding_fields == 0:
        head.coding = ""
    elif facts.coding_fields == 1:
        head.coding = PyBytes_FromStringAndSize(<const char *>facts.coding, facts.coding_size).lower().decode("latin-1")
    else:
        head.coding = ", ".join(
            [pair[1].lower().decode("latin-1") for pair in head.raw_headers if pair[0].lower() == b"content-encoding"]
        )
    return head


cdef bint _ends_behind(const unsigned char *s, size_t size, size_t at) noexcept:
    """Whether there is an empty line, however its lines end, whose first LF is at or behind at."""
    cdef const unsigned char *found
    while at < size:
        found = <const unsigned char *>memchr(s + at, c"\n", size - at)
        if found == NULL:
            return False
        at = found - s + 1
        if at < size and s[at] == c"\n":
            return True
        if at + 1 < size and s[at] == c"\r" and s[at + 1] == c"\n":
            return True
    return False
