# What framing.py is compiled with.

from libc.stdint cimport int64_t

from aiohttp_client._speedups.head cimport ResponseHead as CompiledHead

cpdef int64_t body_length(CompiledHead head, method)
