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
