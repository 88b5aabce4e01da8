"""Host names to addresses: getaddrinfo in threads, and a cache in front of any resolver."""

from __future__ import annotations

import asyncio
import socket
from collections import OrderedDict
from collections.abc import Sequence

from .abc import AbstractResolver, ResolveResult

_NUMERIC = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
_NAME = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV


class ThreadedResolver(AbstractResolver):
    """getaddrinfo() of the system, in the loop's default executor."""

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._loop = loop

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        loop = self._loop or asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family, flags=socket.AI_ADDRCONFIG)
        results: list[ResolveResult] = []
        for family_, _, proto, _, sockaddr in found:
            address = str(sockaddr[0])
            if family_ == socket.AF_INET6:
                if len(sockaddr) < 3:
                    continue  # Python built without IPv6 returns these
                if sockaddr[3]:
                    # A link-local address is only usable with its zone, which only getnameinfo writes down.
                    address, _ = await loop.getnameinfo(sockaddr, _NAME)
            results.append(
                ResolveResult(
                    hostname=host, host=address, port=int(sockaddr[1]), family=family_, proto=proto, flags=_NUMERIC
                )
            )
        return results

    async def close(self) -> None:
        pass


# aiodns does not follow the system's configuration in every case, so it is never chosen unasked.
DefaultResolver = ThreadedResolver


class CachedResolver:
    """A resolver's answers, kept for ttl seconds, each use starting with the next address.

    Concurrent lookups of one name share a task; giving up on one does not disturb the others.
    Failures are not kept. The least recently used of max_size names is dropped.
    """

    def __init__(self, resolver: AbstractResolver, *, ttl: float | None, max_size: int, use_cache: bool = True) -> None:
        self.resolver = resolver
        self._ttl = ttl
        self._max_size = max_size if use_cache else 0
        self._kept: OrderedDict[tuple[str, int], tuple[float, list[ResolveResult], int]] = OrderedDict()
        self._running: dict[tuple[str, int], asyncio.Task[list[ResolveResult]]] = {}

    async def resolve(self, host: str, port: int, family: socket.AddressFamily) -> Sequence[ResolveResult]:
        """Addresses of host; raises OSError, also for an empty answer."""
        key = (host, port)
        loop = asyncio.get_running_loop()
        kept = self._kept.get(key)
        if kept is not None:
            until, addresses, turn = kept
            if loop.time() < until:
                self._kept[key] = (until, addresses, turn + 1)
                self._kept.move_to_end(key)
                start = turn % len(addresses)
                return addresses[start:] + addresses[:start]
            del self._kept[key]
        task = self._running.get(key)
        if task is None:
            task = self._running[key] = loop.create_task(self._lookup(host, port, family))
            task.add_done_callback(lambda done: self._forget(key, done))
        return await asyncio.shield(task)

    async def _lookup(self, host: str, port: int, family: socket.AddressFamily) -> list[ResolveResult]:
        addresses = await self.resolver.resolve(host, port, family=family)
        if not addresses:
            raise OSError(None, f"the resolver knows no address of {host}")
        if self._max_size:
            until = float("inf") if self._ttl is None else asyncio.get_running_loop().time() + self._ttl
            while len(self._kept) >= self._max_size:
                self._kept.popitem(last=False)
            self._kept[host, port] = (until, addresses, 1)
        return addresses

    def _forget(self, key: tuple[str, int], task: asyncio.Task[list[ResolveResult]]) -> None:
        self._running.pop(key, None)
        if not task.cancelled():
            task.exception()  # whoever waited has it; nobody may have

    def clear(self, host: str | None = None, port: int | None = None) -> None:
        """Forget one name, or all."""
        if host is not None and port is not None:
            self._kept.pop((host, port), None)
        elif host is not None or port is not None:
            raise ValueError("give both host and port to forget one name, or neither to forget all")
        else:
            self._kept.clear()

    async def close(self) -> None:
        """Stop lookups under way; whoever waits for them gets CancelledError turned by the connector."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        self._kept.clear()
