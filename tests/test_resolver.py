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


@pytest.mark.parametrize(
    ("options", "asked"), [({"ttl": 0}, 3), ({"ttl": None}, 1), ({"ttl": 10, "use_cache": False}, 3)]
)
async def test_how_long_answers_are_kept(options, asked):
    resolver = CachedResolver(Counting(), max_size=2, **options)
    for _ in range(3):
        assert len(await resolver.resolve("a", 80, 0)) == 3
    assert resolver.resolver.asked == asked


async def test_a_failure_is_told_to_all_who_wait_and_not_kept():
    class Failing(Counting):
        async def resolve(self, host, port=0, family=socket.AF_INET):
            if not await super().resolve(host, port, family) or self.asked == 1:
                raise OSError(None, "no such name")
            return []

    resolver = CachedResolver(Failing(), ttl=10, max_size=2)
    lookups = [asyncio.create_task(resolver.resolve("a", 80, 0)) for _ in range(3)]
    assert [str(error) for error in await asyncio.gather(*lookups, return_exceptions=True)] == [
        "[Errno None] no such name"
    ] * 3
    with pytest.raises(OSError, match="knows no address of a"):
        await resolver.resolve("a", 80, 0)
    assert resolver.resolver.asked == 2


async def test_names_are_forgotten_by_host_and_port_or_all():
    async with aiohttp.TCPConnector(resolver=Counting()) as connector:
        cache = connector._resolver
        for _ in range(2):
            await cache.resolve("a", 80, 0)
            await cache.resolve("a", 81, 0)
            connector.clear_dns_cache("a", 80)
        assert cache.resolver.asked == 3
        for half in ({"host": "a"}, {"port": 80}):
            with pytest.raises(ValueError, match="give both"):
                connector.clear_dns_cache(**half)


async def test_a_resolver_of_the_caller_is_theirs_to_close(origin):
    class Closing(Counting):
        closed = False

        async def close(self):
            self.closed = True

    resolver = Closing()
    await aiohttp.TCPConnector(resolver=resolver).close()
    assert not resolver.closed


async def test_a_trailing_dot_is_looked_up_but_is_no_part_of_a_certificate_s_name(web, certificates):
    names = []

    class Knows(Counting):
        async def resolve(self, host, port=0, family=socket.AF_INET):
            names.append(host)
            return (await super().resolve(host, port, family))[:1]

    url = (await web.tls()).replace("127.0.0.1", "localhost")
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=Knows())) as session:
        for dot in ("", "."):
            url_ = url.replace("localhost", f"localhost{dot}")
            async with session.get(f"{url_}/json", ssl=certificates.client()) as response:
                assert response.status == 200
        with pytest.raises(aiohttp.InvalidURL, match="no host name"):
            await session.get("http://localhost../")
    assert names == ["localhost", "localhost."]


@pytest.mark.parametrize("limit", ["connect", "total"])
async def test_a_lookup_counts_for_connect_and_total_but_not_for_sock_connect(limit):
    class Slow(Counting):
        async def resolve(self, host, port=0, family=socket.AF_INET):
            await asyncio.Event().wait()

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=Slow())) as session:
        with pytest.raises(TimeoutError, match=limit) as caught:
            timeout = aiohttp.ClientTimeout(**{"total": None, "sock_connect": 0.01, limit: 0.05})
            await session.get("http://a.example/", timeout=timeout)
        assert "sock_connect" not in str(caught.value)


@pytest.mark.parametrize("close_first", [False, True])
async def test_a_connector_closed_during_a_lookup(close_first):
    """The lookup is cancelled; who waits gets an error, not that, unless cancelled as well."""

    class Slow(Counting):
        async def resolve(self, host, port=0, family=socket.AF_INET):
            await asyncio.Event().wait()

    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=Slow()))
    requests = [asyncio.create_task(session.get("http://a.example/")) for _ in range(3)]
    await asyncio.sleep(0.01)
    if not close_first:
        requests[0].cancel()
    closing = session.connector.close()
    if close_first:
        requests[0].cancel()
    await closing
    first, *others = await asyncio.gather(*requests, return_exceptions=True)
    assert isinstance(first, asyncio.CancelledError)
    assert [type(error) for error in others] == [aiohttp.ClientConnectionError] * 2
    await session.close()
