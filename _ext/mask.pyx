# cython: language_level=3, boundscheck=False, wraparound=False, freethreading_compatible=True
"""Compiled twin of aiohttp_client/_pure/mask.py."""

from cpython.buffer cimport PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdint cimport uint64_t
from libc.string cimport memcpy


cdef void _mask(const unsigned char *octets, const unsigned char *source, unsigned char *target, Py_ssize_t size) noexcept nogil:
    """target = source XOR the repeated key; the two may be the same."""
    cdef uint64_t word, repeated
    cdef Py_ssize_t i = 0
    memcpy(&repeated, octets, 4)
    memcpy((<unsigned char *>&repeated) + 4, octets, 4)
    while i + 8 <= size:  # whole words inside; compilers make this a vector loop
        memcpy(&word, source + i, 8)
        word ^= repeated
        memcpy(target + i, &word, 8)
        i += 8
    while i < size:
        target[i] = source[i] ^ octets[i & 3]  # i started as a multiple of 4
        i += 1


cdef int _octets(key, unsigned char *octets) except -1:
    # Not a typed memoryview: Cython's code for those is half of this module's size.
    cdef Py_buffer view
    if type(key) is bytes and PyBytes_GET_SIZE(key) == 4:  # a view would cost more than the masking
        memcpy(octets, PyBytes_AS_STRING(key), 4)
        return 0
    PyObject_GetBuffer(key, &view, PyBUF_SIMPLE)
    try:
        if view.len != 4:
            raise ValueError(f"a masking key has 4 bytes, got {view.len}")
        memcpy(octets, view.buf, 4)
    finally:
        PyBuffer_Release(&view)
    return 0


def mask(key, data):
    cdef unsigned char octets[4]
    cdef Py_buffer view
    if not isinstance(data, bytearray):
        raise TypeError(f"data must be a bytearray, got {type(data).__name__}")
    _octets(key, octets)
    # Until it is released, data cannot be resized under us, not even by a thread without the GIL.
    PyObject_GetBuffer(data, &view, PyBUF_WRITABLE)
    _mask(octets, <unsigned char *>view.buf, <unsigned char *>view.buf, view.len)
    PyBuffer_Release(&view)


def frame(int first, key, payload):
    cdef unsigned char octets[4]
    cdef Py_buffer view
    _octets(key, octets)
    if type(payload) is bytes:
        return _piece(
            first, octets, <const unsigned char *>PyBytes_AS_STRING(payload), PyBytes_GET_SIZE(payload),
            0, PyBytes_GET_SIZE(payload),
        )
    PyObject_GetBuffer(payload if isinstance(payload, bytearray) else bytes(payload), &view, PyBUF_SIMPLE)
    try:
        return _piece(first, octets, <const unsigned char *>view.buf, view.len, 0, view.len)
    finally:
        PyBuffer_Release(&view)


def piece(int first, key, payload, Py_ssize_t begin, Py_ssize_t end):
    cdef unsigned char octets[4]
    cdef Py_buffer view
    _octets(key, octets)
    if begin < 0 or begin & 3:
        raise ValueError(f"begin must be a multiple of 4, got {begin}")
    PyObject_GetBuffer(payload, &view, PyBUF_SIMPLE)
    try:
        begin = min(begin, view.len)
        end = min(max(begin, end), view.len)
        return _piece(first, octets, <const unsigned char *>view.buf, view.len, begin, end)
    finally:
        PyBuffer_Release(&view)


cdef bytes _piece(
    int first, const unsigned char *octets, const unsigned char *source, Py_ssize_t size, Py_ssize_t begin, Py_ssize_t end
):
    """The bytes from begin to end of a payload of size, masked; behind the head of the frame if they are its first."""
    cdef unsigned char *target
    cdef Py_ssize_t head = 0, i
    cdef bytes made
    if begin == 0:
        head = 2 if size < 126 else 4 if size < 65536 else 10
    made = PyBytes_FromStringAndSize(NULL, (head + 4 if head else 0) + end - begin)
    target = <unsigned char *>PyBytes_AS_STRING(made)
    if head:
        target[0] = <unsigned char>first
        if head == 2:
            target[1] = <unsigned char>(0x80 | size)
        else:
            target[1] = 0xFE if head == 4 else 0xFF
            for i in range(head - 2):  # big endian, in the bytes behind the second one
                target[head - 1 - i] = <unsigned char>((<uint64_t>size) >> (8 * i))
        memcpy(target + head, octets, 4)
        target += head + 4
    _mask(octets, source + begin, target, end - begin)
    return made


cdef extern from *:
    """
    /* A tuple of the class kind, without the tuple and the call that kind(...) would cost. */
    static PyObject *message_of(PyObject *kind, PyObject *label, PyObject *payload, PyObject *extra) {
        PyTypeObject *type = (PyTypeObject *)kind;
        PyObject *made = type->tp_alloc(type, 3);
        if (made == NULL)
            return NULL;
        Py_INCREF(label); Py_INCREF(payload); Py_INCREF(extra);
        PyTuple_SET_ITEM(made, 0, label);
        PyTuple_SET_ITEM(made, 1, payload);
        PyTuple_SET_ITEM(made, 2, extra);
        return made;
    }
    """
    object message_of(object kind, object label, object payload, object extra)


def scan(bytes data not None, Py_ssize_t at, Py_ssize_t limit, Py_ssize_t most, message, text, binary):
    cdef const unsigned char *start = <const unsigned char *>PyBytes_AS_STRING(data)
    cdef Py_ssize_t end = PyBytes_GET_SIZE(data), begin, size, count = 0
    cdef unsigned char first
    cdef bint is_text
    cdef list found = []
    cdef object payload
    if not (isinstance(message, type) and issubclass(message, tuple)):
        raise TypeError(f"message must be a class of tuples, got {message!r}")
    if at < 0:
        raise ValueError(f"at must not be negative, got {at}")
    while at + 2 <= end and count < most:  # two bytes of a frame are inside
        first = start[at]
        if first == 0x81 and text is not None:
            is_text = True
        elif first == 0x82:
            is_text = False
        else:
            break
        size = start[at + 1]
        begin = at + 2
        if size == 126:
            begin = at + 4
            if begin > end:
                break
            size = (start[at + 2] << 8) | start[at + 3]
            if size < 126:
                break
        elif size > 126:
            break
        if begin + size > end or size > limit:
            break
        if is_text:
            try:
                payload = PyUnicode_DecodeUTF8(<const char *>start + begin, size, NULL)
            except UnicodeDecodeError:
                break
            found.append(message_of(message, text, payload, ""))
        else:
            payload = PyBytes_FromStringAndSize(<const char *>start + begin, size)
            found.append(message_of(message, binary, payload, ""))
        count += 1
        at = begin + size
    return found, at
