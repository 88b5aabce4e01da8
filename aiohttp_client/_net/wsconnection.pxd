# What wsconnection.py is compiled with: its class as a C struct, its methods called without a look-up.

cimport cython

from aiohttp_client._net.connection cimport Connection
from aiohttp_client._net.waiter cimport Waiter
from aiohttp_client._wire.wsframes cimport MessageReader

cdef Py_ssize_t _LOW, _OVERHEAD, _BATCH, _KEYS
cdef int _FIN, _DEFLATED
cdef object _frame, _piece

@cython.final
cdef class WSConnection:
    cdef object _loop
    cdef Connection _connection
    cdef MessageReader _reader
    cdef public object transport  # tests put themselves between
    cdef readonly object ready, error, peer_close
    cdef readonly bint is_full, lost
    cdef bint _autoping, _collects, _discarding, _paused, _told
    cdef object _queue, _waiter, _unanswered, _grace, _heartbeat
    cdef list _drainers
    cdef bytes _keys
    cdef readonly Py_ssize_t _queued
    cdef Py_ssize_t _key_at
    cpdef bint refill(self) except -1
    cpdef news(self)
    cpdef interrupt(self)
    cpdef time_out(self, error)
    cdef bint _has_news(self) except -1
    cdef _wake_soon(self)
    @cython.locals(at=Py_ssize_t, first=int)
    cpdef send(self, opcode, payload, bint deflated=*)
    cpdef data_received(self, data)
    cdef _wake_drainers(self)
    cdef _parse(self)
    @cython.locals(size=Py_ssize_t)
    cdef _arrived(self, list messages, Py_ssize_t size)
    cdef _queue_alone(self, message)
    cdef _handle(self, message)
    cdef _pong(self, data)
    cdef _fail(self, error)
    cdef _forget(self)
    cdef _pause(self)
    cdef _go_on(self)
