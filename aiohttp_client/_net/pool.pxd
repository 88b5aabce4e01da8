# What pool.py is compiled with: its class as a C struct, its methods called without a look-up.

cimport cython

from aiohttp_client._net.waiter cimport Batch


@cython.final
cdef class Pool:
    cdef object _loop, _now
    cdef readonly dict _idle
    cdef Py_ssize_t _idle_count
    cdef readonly dict _in_use_by_key
    cdef dict _queues
    cdef object _turns
    cdef readonly object _sweeper
    cdef readonly bint _closed
    cdef readonly Py_ssize_t in_use
    cdef readonly object limit
    cdef readonly object limit_per_host
    cdef readonly object keepalive
    cdef readonly Batch woken
    cpdef take_idle(self, key)
    cpdef bint take_slot(self, key)
    cdef bint _has_room(self, key)
    cdef _take_slot(self, key)
    cdef _pop_idle(self, key)
    cpdef release(self, connection)
    cpdef free_slot(self, key)
    cpdef bint discard(self, connection)
    cpdef make_room(self)
    cdef _offer_turn(self, key)
    cdef _hand_over(self)
    cdef _drop_empty_queue(self, key, queue)
