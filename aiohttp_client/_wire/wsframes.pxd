# What wsframes.py is compiled with: its class as a C struct, its methods called without a look-up.

cimport cython

cdef object _scan, _TEXT, _BINARY

@cython.final
cdef class MessageReader:
    cdef readonly object error, body
    cdef readonly bint ended, exhausted
    cdef bint _decode_text, _fin, _compressed
    cdef object _max_size, _inflater, _key, _opcode, _decoder, _left, _size
    cdef bytes _buffer
    cdef Py_ssize_t _at, _masked, _firm
    cdef list _pieces
    cpdef feed(self, data)
    @cython.locals(begin=Py_ssize_t, at=Py_ssize_t, buffer=bytes)
    cpdef batch(self, Py_ssize_t most)
    cpdef message(self)
    @cython.locals(buffer=bytes, at=Py_ssize_t, there=Py_ssize_t, head=Py_ssize_t, behind=Py_ssize_t)
    cdef _header(self)
    cdef _check(self, first, opcode, fin, size)
    cdef _begin(self, opcode, compressed)
    cdef bint _is_whole(self, size)
    cdef _collected(self, body)
    @cython.locals(buffer=bytes, at=Py_ssize_t, taken=Py_ssize_t)
    cdef bint _take(self) except -1
    cdef _keep(self, piece)
    cdef _complete(self)
    cdef _control(self, opcode, payload)
