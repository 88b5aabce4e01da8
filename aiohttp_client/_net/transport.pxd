# What transport.py is compiled with: its class as a C struct, its methods called without a look-up.

cimport cython

cdef Py_ssize_t _LEAST, _MOST


@cython.final
cdef class SelectorTransport:
    cdef object _loop, _socket, _descriptor, _protocol, _unsent
    cdef dict _extra
    cdef bint _closing, _gone, _is_buffered, _reads, _wants_pause
    cdef Py_ssize_t _size, _unsent_size, _high, _low
    cpdef set_protocol(self, protocol)
    cpdef pause_reading(self)
    cpdef resume_reading(self)
    @cython.locals(count=Py_ssize_t)
    cpdef readable(self)
    @cython.locals(sent=Py_ssize_t, size=Py_ssize_t)
    cpdef write(self, data)
    @cython.locals(sent=Py_ssize_t)
    cpdef writable(self)
    cdef _tell_if_full(self)
    cdef _ended(self)
    cpdef close(self)
    cdef _drop(self, error)
    cdef _lose(self, error)
    cpdef lost(self, error)
