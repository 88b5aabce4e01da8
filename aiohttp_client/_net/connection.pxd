# What connection.py is compiled with: its class as a C struct, its methods called without a look-up.
# What comes from callers is object: a subclass of str or bytes is no str or bytes to Cython.

cimport cython
from libc.stdint cimport int64_t

from aiohttp_client._net.clock cimport Lane
from aiohttp_client._wire.framing cimport body_length
from aiohttp_client._net.pool cimport Pool
from aiohttp_client._net.waiter cimport Waiter, settle
from aiohttp_client._speedups.head cimport ResponseHead as CompiledHead

cdef int IDLE, HEAD, BODY, UPGRADED
cdef int64_t UNTIL_CLOSE, CHUNKED
cdef Py_ssize_t _FEW


@cython.final
cdef class Connection:
    cdef readonly object _loop
    cdef Pool _pool
    cdef readonly object key
    cdef readonly object lost
    cdef readonly object transport
    cdef readonly bint closed, force_close, used, silent
    cdef bint _resumes, _leased, _sent_body, _all_sent, _keeps, _paused, _tls
    cdef int _reading, _interim
    cdef Lane _deadline
    cdef object _waiter, _method, _policy, _upload, _continue, _drained, _partial, _incoming
    cpdef send(self, method, head, body, policy, Lane deadline)
    cpdef expect(self, method, policy, Lane deadline)
    cpdef new_waiter(self)
    @cython.locals(ours=Waiter)
    cpdef wake(self, waiter)
    cpdef hold(self)
    cpdef bint is_busy_with(self, waiter)
    cpdef abandon(self, waiter)
    cpdef close(self)
    cdef _give_back(self)
    cpdef resume_reading(self)
    cpdef data_received(self, data)
    @cython.locals(head=CompiledHead, searched=Py_ssize_t, whole=bytes, length=int64_t, surplus=int64_t)
    cdef _head_received(self, data)
    cdef _upgraded(self, CompiledHead head, bytes behind)
    cdef _body_begins(self, CompiledHead head, data, int64_t length)
    cdef _body_received(self, data)
    cdef _body_goes_on(self)
    cdef _answer(self, CompiledHead head, body, bint surplus)
    cdef _body_ends(self)
    cdef _exchange_ends(self, bint surplus)
    cdef _disarm(self)
    cdef _ended(self, exc)
    cdef _fail(self, error)
