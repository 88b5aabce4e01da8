# cython: language_level=3, boundscheck=False, wraparound=False, freethreading_compatible=True
"""Compiled twin of aiohttp_client/_pure/chunks.py, which says what is accepted and why.

Size lines of digits alone, data and the CRLF behind it are read here; lines with more to them,
or that come in parts, are judged by the pure twin's functions.
"""

cimport cython
from cpython.buffer cimport PyBuffer_FillInfo
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport int64_t
from libc.string cimport memchr

from aiohttp_client.exceptions import BadHttpMessage

cdef enum State:
    SIZE
    DATA
    DATA_END
    TRAILER


cdef object _twin():
    """The pure twin, loaded when first needed: its regular expressions are a millisecond of an import."""
    from aiohttp_client._pure import chunks
    return chunks


cdef inline int _hex(unsigned char octet) noexcept:
    """Value of a hex digit, -1 for anything else."""
    if c"0" <= octet <= c"9":
        return octet - c"0"
    octet |= 0x20
    if c"a" <= octet <= c"f":
        return octet - c"a" + 10
    return -1


@cython.final
cdef class ChunkDecoder:
    cdef readonly bint done
    cdef readonly bytes rest
    cdef readonly object error
    cdef State _state
    cdef int64_t _left
    cdef object _limits
    cdef bytearray _line
    cdef Py_ssize_t _extensions
    cdef Py_ssize_t _fields
    cdef Py_ssize_t _trailer_size

    def __cinit__(self, limits):
        self._limits = limits
        self._state = SIZE
        self._line = bytearray()
        self.rest = b""

    def feed(self, bytes data not None):
        cdef list pieces = []
        if self.error is None and not self.done:
            try:
                self._feed(data, pieces)
            except BadHttpMessage as error:
                self.error = error
        return pieces

    cdef int _feed(self, bytes data, list pieces) except -1:
        # data is held by the caller and bytes do not change: s stays valid whatever Python runs.
        cdef const unsigned char *s = <const unsigned char *>PyBytes_AS_STRING(data)
        cdef Py_ssize_t size = PyBytes_GET_SIZE(data), at = 0, i, start, taken
        cdef int64_t number
        cdef int digit
        cdef bint ends
        while at < size:
            if self._state == SIZE:
                number = 0
                i = at
                # 15 digits cannot overflow; a longer size is the twin's.
                while i < size and i - at < 15:
                    digit = _hex(s[i])
                    if digit < 0:
                        break
                    number = number * 16 + digit
                    i += 1
                if len(self._line) == 0 and i > at and i + 1 < size and s[i] == c"\r" and s[i + 1] == c"\n":
                    at = i + 2
                    self._begin(number)
                else:
                    at = self._read_line(data, s, at, size)
            elif self._state == DATA:
                start = at
                taken = size - at if self._left > size - at else <Py_ssize_t>self._left
                self._left -= taken
                at += taken
                ends = False
                if self._left == 0:
                    if at + 1 < size and s[at] == c"\r" and s[at + 1] == c"\n":
                        at += 2
                        ends = True
                        self._state = SIZE
                    else:
                        self._state = DATA_END
                if taken == size:
                    pieces.append((data, ends))
                else:
                    pieces.append((PyBytes_FromStringAndSize(<const char *>s + start, taken), ends))
            elif self._state == DATA_END:
                at = self._read_data_end(data, s, at, size, pieces)
            else:
                at = self._read_line(data, s, at, size)
                if self.done:
                    self.rest = data[at:]
                    return 0
        return 0

    cdef inline void _begin(self, int64_t size) noexcept:
        self._left = size
        self._state = DATA if size else TRAILER

    cdef Py_ssize_t _read_data_end(
        self, bytes data, const unsigned char *s, Py_ssize_t at, Py_ssize_t size, list pieces
    ) except -1:
        while at < size and len(self._line) < 2:
            self._line.append(s[at])
            at += 1
            if not b"\r\n".startswith(self._line):
                # The twin looks at two bytes where it has two.
                if len(self._line) == 1 and at < size:
                    self._line.append(s[at])
                raise _twin().bad_data_end(bytes(self._line))
        if len(self._line) == 2:
            self._line.clear()
            self._state = SIZE
            if pieces and not (<tuple>pieces[len(pieces) - 1])[1]:
                pieces[len(pieces) - 1] = ((<tuple>pieces[len(pieces) - 1])[0], True)
            else:
                pieces.append((b"", True))
        return at

    cdef Py_ssize_t _read_line(
        self, bytes data, const unsigned char *s, Py_ssize_t at, Py_ssize_t size
    ) except -1:
        """Read a size line or a trailer field, or as much as there is of it."""
        cdef const unsigned char *found = <const unsigned char *>memchr(s + at, c"\n", size - at)
        cdef Py_ssize_t end
        cdef bytes line
        if found == NULL:
            self._line += data[at:]
            _twin().check_unfinished(bytes(self._line), self._limits, is_size=self._state == SIZE)
            return size
        end = found - s + 1
        line = bytes(self._line) + data[at:end]
        self._line.clear()
        if self._state == SIZE:
            number, extension = _twin().chunk_size(line, self._limits, self._extensions)
            self._extensions += extension
            self._begin(number)
        elif line == b"\r\n":
            self.done = True
        else:
            self._fields += 1
            self._trailer_size += len(line)
            _twin().check_trailer(line, self._limits, self._fields, self._trailer_size)
        return end


cdef extern from *:
    """
    #if defined(__linux__)
    #include <stdint.h>
    #include <sys/mman.h>
    #endif

    /* A body of 100 MB takes 25 000 page faults, which cost more than its copy; with huge pages, 50. */
    static void advise_huge_pages(char *at, Py_ssize_t size) {
    #if defined(__linux__) && defined(MADV_HUGEPAGE)
        const uintptr_t page = (uintptr_t)1 << 21;
        uintptr_t begin = ((uintptr_t)at + page - 1) & ~(page - 1);
        uintptr_t end = ((uintptr_t)at + (uintptr_t)size) & ~(page - 1);
        if (end > begin)
            (void)madvise((void *)begin, end - begin, MADV_HUGEPAGE); /* advice: nothing is lost without */
    #endif
    }
    """
    void advise_huge_pages(char *at, Py_ssize_t size) noexcept nogil


@cython.final
cdef class WholeBody:
    cdef bytes _bytes
    cdef Py_ssize_t _at
    cdef Py_ssize_t _size
    cdef int _exports

    def __init__(self, Py_ssize_t size):
        if size < 0:
            raise ValueError(f"size must not be negative, got {size}")
        self._bytes = PyBytes_FromStringAndSize(NULL, size)
        self._size = size
        self._at = 0
        advise_huge_pages(PyBytes_AS_STRING(self._bytes), size)

    @property
    def size(self):
        return self._size

    @property
    def left(self):
        return self._size - self._at

    def room(self):
        return memoryview(self)

    def __getbuffer__(self, Py_buffer *buffer, int flags):
        # The byte behind a bytes object's data is its terminating NUL: room for the one too many.
        if self._bytes is None:
            raise BufferError("the body has been taken")
        PyBuffer_FillInfo(
            buffer, self, PyBytes_AS_STRING(self._bytes) + self._at, self._size - self._at + 1, False, flags
        )
        self._exports += 1

    def __releasebuffer__(self, Py_buffer *buffer):
        self._exports -= 1

    def fill(self, Py_ssize_t count):
        if count < 0 or count > self._size - self._at + 1:
            raise ValueError(f"count is {count}, there was room for {self._size - self._at + 1}")
        self._at += count

    def result(self):
        cdef bytes body = self._bytes
        if self._exports:
            raise BufferError("the room is still in use")
        PyBytes_AS_STRING(body)[self._size] = 0
        self._bytes = None
        return body
