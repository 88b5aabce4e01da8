"""Bytes and meaning: HTTP's syntax without sockets, loops or clocks."""

from .._backend import compiled_first

compiled_first(__path__)
