"""Interfaces a user may implement."""

from __future__ import annotations

import socket
from abc import ABC, abstractmethod
from typing import TypedDict


class ResolveResult(TypedDict):
    """One address of a host."""

    hostname: str  # the name that was asked for
    host: str  # the address as text
    port: int
    family: int  # socket.AF_*
    proto: int  # usually 0
    flags: int  # socket.AI_*


class AbstractResolver(ABC):
    """Turns host names into addresses."""

    @abstractmethod
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """All addresses of host, best first. Raises OSError if there are none."""

    @abstractmethod
    async def close(self) -> None:
        """Free what the resolver holds."""


class AbstractStreamWriter(ABC):
    """Where a Payload writes itself to: a request body on its way out."""

    buffer_size: int = 0  # bytes taken since the last drain
    output_size: int = 0  # bytes handed to the transport, framing included
    length: int | None = None  # bytes of body still to come, if that is known

    @abstractmethod
    async def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """Take a piece of the body; waits while the peer is slow to read.

        Raises ClientConnectionResetError if the connection is gone."""

    @abstractmethod
    async def write_eof(self, chunk: bytes = b"") -> None:
        """The body ends, behind chunk."""

    @abstractmethod
    async def drain(self) -> None:
        """Wait until there is room for more."""

    @abstractmethod
    def enable_compression(self, encoding: str = "deflate", strategy: int | None = None) -> None:
        """Compress what follows, "deflate" or "gzip"."""

    @abstractmethod
    def enable_chunking(self) -> None:
        """Frame what follows in chunks (RFC 9112 §7.1)."""
