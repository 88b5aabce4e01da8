# What waiter.py is compiled with: its classes as C structs, their methods called without a look-up.

cimport cython


@cython.final
cdef class Batch:
    cdef readonly object loop
    cdef list _ready
    cdef object done
    cdef add(self, Waiter waiter)
    @cython.locals(waiter=Waiter, ready=list)
    cpdef begin(self)


@cython.final
cdef class Waiter:
    cdef Batch _batch
    cdef readonly object _loop
    cdef public bint _asyncio_future_blocking
    cdef public object _callback  # ci/cancel_fuzz.py puts itself between
    cdef readonly object _context
    cdef object _result, _error
    cdef bint _is_done
    cpdef bint done(self)
    cpdef set_result(self, result)
    cpdef set_exception(self, error)
    cpdef wake(self)
    cpdef wake_soon(self)
    cdef go_on(self)


@cython.locals(ours=Waiter)
cpdef settle(waiter, result)
