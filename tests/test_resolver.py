"""Resolvers: the system's, and c-ares."""

import asyncio
import socket
import sys
import time

import pytest

import aiohttp_client as aiohttp
from aiohttp_client.resolver import CachedResolver

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
RESOLVERS = [aiohttp.ThreadedResolver, aiohttp.AsyncResolver]


@pytest.mark.parametrize("resolver_class", RESOLVERS)
async def test_names_become_addresses(resolver_class, origin):
    origin.plays(OK)
    resolver = resolver_class()
    try:
        found = await resolver.resolve("localhost", origin.port, socket.AF_INET)
        assert {(r["hostname"], r["host"], r["port"], r["family"]) for r in found} == {
            ("localhost", "127.0.0.1", origin.port, socket.AF_INET)
        }
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=resolver)) as session:
            async with session.get(origin.named_url) as response:
                assert response.status == 200
        with pytest.raises(OSError):
            await resolver.resolve("does-not-exist.invalid", 80, socket.AF_INET)
    finally:
        await resolver.close()


async def test_slow_names_do_not_hold_up_the_loops_own_threads(monkeypatch):
    """16 lookups that hang, and a file can still be read."""
    done = []

    def hang(*question):
        done.append(question)
        time.sleep(0.2)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    resolver = aiohttp.ThreadedResolver()
    lookups = [asyncio.create_task(resolver.resolve(f"n{i}.example")) for i in range(16)]
    await asyncio.sleep(0)
    assert await asyncio.get_running_loop().run_in_executor(None, lambda: len(done)) <= 8
    for lookup in lookups:
        lookup.cancel()
    await asyncio.gather(*lookups, return_exceptions=True)
    await resolver.close()


async def test_the_async_resolver_says_what_it_needs(monkeypatch):
    monkeypatch.setitem(sys.modules, "aiodns", None)
    with pytest.raises(RuntimeError, match="aiodns"):
        aiohttp.AsyncResolver()


class Counting(aiohttp.abc.AbstractResolver):
    def __init__(self):
        self.asked = 0

    async def resolve(self, host, port=0, family=socket.AF_INET):
        self.asked += 1
        await asyncio.sleep(0.01)
        return [
            {"hostname": host, "host": f"127.0.0.{i}", "port": port, "family": 2, "proto": 0, "flags": 0}
            for i in (1, 2, 3)
        ]

    async def close(self):
        pass


async def test_answers_are_kept_and_rotated():
    resolver = CachedResolver(Counting(), ttl=10, max_size=2)
    firsts = [(await resolver.resolve("a", 80, 0))[0]["host"] for _ in range(4)]
    assert firsts == ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.1"]
    for host in ("b", "c", "a"):
        await resolver.resolve(host, 80, 0)
    assert resolver.resolver.asked == 4  # a was the least recently used of two


async def test_giving_up_on_a_lookup_does_not_disturb_others():
    resolver = CachedResolver(Counting(), ttl=10, max_size=2)
    first = asyncio.create_task(resolver.resolve("a", 80, 0))
    second = asyncio.create_task(resolver.resolve("a", 80, 0))
    await asyncio.sleep(0)
    first.cancel()
    assert len(await second) == 3
    assert resolver.resolver.asked == 1
