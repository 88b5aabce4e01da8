# What other compiled modules know of _ext/head.pyx.

cimport cython
from libc.stdint cimport int64_t


@cython.final
cdef class ResponseHead:
    cdef readonly Py_ssize_t end
    cdef readonly int status
    cdef readonly int64_t length
    cdef readonly bint chunked
    cdef readonly bint transfer_coded
    cdef readonly bint keep_alive
    cdef readonly bint upgrade
    cdef readonly bint has_cookies
    cdef readonly str coding
    cdef readonly object version
    cdef bytes _head  # status line and fields; ends in the CRLF of the last of them
    cdef Py_ssize_t _reason
    cdef Py_ssize_t _reason_size
    cdef Py_ssize_t _fields  # where the field lines begin
    cdef tuple _raw_headers
    cdef object _headers
    cdef list _split(self, bint decoded)
