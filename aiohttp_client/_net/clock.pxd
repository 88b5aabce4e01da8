# What clock.py is compiled with: its classes as C structs, their methods called without a look-up.

cdef class Clock:
    cdef readonly object loop
    cdef readonly dict _coarse, _exact
    cdef readonly object _rests
    cdef readonly set _armed
    cdef readonly object _timer
    cpdef start(self)
    cpdef watch(self, RestLane lane)
    cpdef unwatch(self, RestLane lane)


cdef class Lane:
    cdef readonly object seconds
    cpdef arm(self, owner)
    cpdef disarm(self, owner)


cdef class CoarseLane(Lane):
    cdef Clock _clock
    cdef object _now
    cdef readonly dict armed_at


cdef class RestLane(Lane):
    cdef object __weakref__
    cdef Clock _clock
    cdef readonly object when
    cdef readonly dict owners
    cpdef expire(self)


cdef class ExactLane(Lane):
    cdef object _loop
    cdef readonly dict _timers
    cdef _when(self)


cdef class UntilLane(ExactLane):
    cdef object _at
