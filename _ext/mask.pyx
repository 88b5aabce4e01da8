# cython: language_level=3, boundscheck=False, wraparound=False, freethreading_compatible=True
"""Compiled twin of aiohttp_client/_pure/mask.py."""

from cpython.bytearray cimport PyByteArray_AS_STRING, PyByteArray_GET_SIZE
from libc.stdint cimport uint64_t
from libc.string cimport memcpy


def mask(key, data):
    cdef const unsigned char[::1] view
    cdef unsigned char octets[4]
    cdef unsigned char *at
    cdef uint64_t word, repeated
    cdef Py_ssize_t size, i = 0
    if not isinstance(data, bytearray):
        raise TypeError(f"data must be a bytearray, got {type(data).__name__}")
    view = key
    if view.shape[0] != 4:
        raise ValueError(f"a masking key has 4 bytes, got {view.shape[0]}")
    for i in range(4):
        octets[i] = view[i]
    memcpy(&repeated, octets, 4)
    memcpy((<unsigned char *>&repeated) + 4, octets, 4)
    # No Python code runs from here on, so data cannot be resized under us.
    at = <unsigned char *>PyByteArray_AS_STRING(data)
    size = PyByteArray_GET_SIZE(data)
    i = 0
    while i + 8 <= size:  # whole words inside data; compilers make this a vector loop
        memcpy(&word, at + i, 8)
        word ^= repeated
        memcpy(at + i, &word, 8)
        i += 8
    while i < size:
        at[i] ^= octets[i & 3]  # i started as a multiple of 4
        i += 1
