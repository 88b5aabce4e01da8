"""Sockets and time: who talks to whom, when, and for how long; knows nothing of sessions."""

from .._backend import compiled_first

compiled_first(__path__)
