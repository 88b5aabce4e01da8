"""A large body received straight into its place, past the stream it would otherwise be buffered in."""

from __future__ import annotations

import asyncio
from typing import Protocol, TypeAlias

from .._backend import chunks

WholeBody: TypeAlias = chunks.WholeBody

# Bytes received at a time in place: whoever empties the socket in one go lets the sender run dry.
_READ = 256 * 1024


class Collector(Protocol):
    """A Connection, which gets everything that is not the body."""

    def collected(self, body: WholeBody) -> None: ...
    def eof_received(self) -> bool: ...
    def connection_lost(self, exc: Exception | None) -> None: ...
    def pause_writing(self) -> None: ...
    def resume_writing(self) -> None: ...


class Collecting(asyncio.BufferedProtocol):
    """Stands in for a Connection while its transport reads straight into a body."""

    __slots__ = ("_body", "_connection")

    def __init__(self, connection: Collector, body: WholeBody) -> None:
        self._connection = connection
        self._body = body

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._body.room()[:_READ]

    def buffer_updated(self, nbytes: int) -> None:
        self._body.fill(nbytes)
        self._connection.collected(self._body)

    def eof_received(self) -> bool:
        return self._connection.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._connection.connection_lost(exc)

    def pause_writing(self) -> None:
        self._connection.pause_writing()

    def resume_writing(self) -> None:
        self._connection.resume_writing()


class CollectingExactly(Collecting):
    """The same where bytes behind the body are as good as those in it: they are left for who comes next."""

    __slots__ = ()

    def get_buffer(self, sizehint: int) -> memoryview:
        body = self._body
        return body.room()[: min(_READ, body.left)]
