"""Host names to addresses: getaddrinfo in threads, and a cache in front of any resolver."""

from __future__ import annotations

import asyncio
import concurrent.futures
import socket
import sys
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from enum import Enum
from typing import Any

from .abc import AbstractResolver, ResolveResult

_NUMERIC = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
_NAME = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV
# Lookups at a time. A name server that does not answer must not hold up files and whatever else
# uses the loop's own executor, nor these the names.
_THREADS = 8


class Lookup(Enum):
    """What a lookup comes to: an answer is there, or on its way; there is none; it is asked for; it has come."""

    HIT = "hit"
    MISS = "miss"
    START = "start"
    END = "end"


Tell = Callable[[Lookup], Awaitable[None]]


class ThreadedResolver(AbstractResolver):
    """getaddrinfo() of the system, in a few threads of its own."""

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._loop = loop
        self._threads: concurrent.futures.ThreadPoolExecutor | None = None

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        loop = self._loop or asyncio.get_running_loop()
        if self._threads is None:
            self._threads = concurrent.futures.ThreadPoolExecutor(_THREADS, thread_name_prefix="resolver")
        # Windows does not count the loopback interface as configured.
        flags = 0 if sys.platform == "win32" and host == "localhost" else socket.AI_ADDRCONFIG
        try:
            found = await loop.run_in_executor(
                self._threads, socket.getaddrinfo, host, port, family, socket.SOCK_STREAM, 0, flags
            )
        except UnicodeError as error:  # of the codec getaddrinfo() passes names through
            raise OSError(None, f"{host!r} is no host name: {error}") from error
        results: list[ResolveResult] = []
        for family_, _, proto, _, sockaddr in found:
            address = str(sockaddr[0])
            if family_ == socket.AF_INET6:
                if len(sockaddr) < 3:
                    continue  # Python built without IPv6 returns these
                if sockaddr[3]:
                    # A link-local address is only usable with its zone, which only getnameinfo writes down.
                    address, _ = await loop.run_in_executor(self._threads, socket.getnameinfo, sockaddr, _NAME)
            results.append(
                ResolveResult(
                    hostname=host, host=address, port=int(sockaddr[1]), family=family_, proto=proto, flags=_NUMERIC
                )
            )
        return results

    async def close(self) -> None:
        threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown(wait=False, cancel_futures=True)


class AsyncResolver(AbstractResolver):
    """c-ares by way of aiodns, which takes options. Raises RuntimeError if aiodns is not installed."""

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None, **options: Any) -> None:
        try:
            import aiodns
        except ImportError as error:
            raise RuntimeError("Resolver requires aiodns library: pip install aiodns") from error
        self._resolver = aiodns.DNSResolver(loop=loop or asyncio.get_running_loop(), **options)
        self._error: type[Exception] = aiodns.error.DNSError

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        try:
            found = await self._resolver.getaddrinfo(
                host, port=port, type=socket.SOCK_STREAM, family=family, flags=socket.AI_ADDRCONFIG
            )
        except self._error as error:
            raise OSError(None, str(error.args[-1] if error.args else error)) from error
        results: list[ResolveResult] = []
        for node in found.nodes:
            sockaddr: Any = node.addr  # of the family
            address = sockaddr[0].decode("ascii")
            scope = sockaddr[3] if node.family == socket.AF_INET6 and len(sockaddr) > 3 else 0
            results.append(
                ResolveResult(
                    hostname=host,
                    host=f"{address}%{scope}" if scope else address,
                    port=sockaddr[1],
                    family=node.family,
                    proto=0,
                    flags=_NUMERIC,
                )
            )
        return results

    async def close(self) -> None:
        await self._resolver.close()


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

    async def resolve(
        self, host: str, port: int, family: socket.AddressFamily, tell: Tell | None = None
    ) -> Sequence[ResolveResult]:
        """Addresses of host; raises OSError, also for an empty answer. tell is awaited with what happens."""
        key = (host, port)
        loop = asyncio.get_running_loop()
        kept = self._kept.get(key)
        if kept is not None:
            until, addresses, turn = kept
            if loop.time() < until:
                self._kept[key] = (until, addresses, turn + 1)
                self._kept.move_to_end(key)
                start = turn % len(addresses)
                if tell is not None:
                    await tell(Lookup.HIT)
                return addresses[start:] + addresses[:start]
            del self._kept[key]
        task = self._running.get(key)
        if task is not None:
            if tell is not None:
                await tell(Lookup.HIT)
            return await asyncio.shield(task)
        task = self._running[key] = loop.create_task(self._lookup(host, port, family))
        task.add_done_callback(lambda done: self._forget(key, done))
        if tell is not None:
            if self._max_size:
                await tell(Lookup.MISS)
            await tell(Lookup.START)
        addresses = await asyncio.shield(task)
        if tell is not None:
            await tell(Lookup.END)
        return addresses

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
