"""The sixteen signals: which, in which order, with what."""

import asyncio
from types import SimpleNamespace

import pytest
from yarl import URL

import aiohttp_client as aiohttp
from aiohttp_client.abc import AbstractResolver
from aiohttp_client.tracing import _SIGNALS

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
MOVED = b"HTTP/1.1 302 F\r\nLocation: /end\r\nContent-Length: 0\r\n\r\n"


def recorder(**options):
    """(configuration, what it was told: (signal without on_, params))."""
    told = []
    config = aiohttp.TraceConfig(**options)
    for name in _SIGNALS.values():

        async def record(session, context, params, name=name):
            told.append((name.removeprefix("on_"), params))

        getattr(config, name).append(record)
    return config, told


def names(told):
    return [name for name, _ in told]


class Loopback(AbstractResolver):
    async def resolve(self, host, port=0, family=0):
        await asyncio.sleep(0)
        return [{"hostname": host, "host": "127.0.0.1", "port": port, "family": 2, "proto": 0, "flags": 0}]

    async def close(self):
        pass


def tracing(config, **options):
    return aiohttp.ClientSession(trace_configs=[config], connector=aiohttp.TCPConnector(resolver=Loopback(), **options))


def test_there_are_sixteen_signals():
    assert len(_SIGNALS) == 16
    assert all(hasattr(aiohttp, params.__name__) for params in _SIGNALS)


async def test_the_order_for_new_reused_and_cached(origin):
    origin.plays(OK)
    config, told = recorder()
    url = f"http://named.example:{origin.port}/"
    async with tracing(config) as session:
        async with session.get(url) as response:
            await response.read()
        assert names(told) == [
            "request_start",
            "connection_create_start",
            "dns_cache_miss",
            "dns_resolvehost_start",
            "dns_resolvehost_end",
            "connection_create_end",
            "request_headers_sent",
            "request_end",
            "response_chunk_received",
        ]
        told.clear()
        async with session.post(url, data=b"body") as response:
            await response.text()
        assert names(told) == [
            "request_start",
            "connection_reuseconn",
            "request_headers_sent",
            "request_chunk_sent",
            "request_end",
            "response_chunk_received",
        ]
        told.clear()
        async with session.get(url) as first, session.get(url):
            pass
        del first
        assert "connection_create_start" not in names(told)


async def test_a_cached_name_an_address_and_no_cache(origin):
    origin.plays(OK.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n"))
    config, told = recorder()
    async with tracing(config) as session:
        for url in (f"http://named.example:{origin.port}/", f"http://named.example:{origin.port}/", origin.url):
            told.clear()
            await (await session.get(url)).read()
            yield_names = [name for name in names(told) if name.startswith("dns")]
            if url == origin.url:
                assert yield_names == []
        assert len(told) == 6
    async with tracing(config, use_dns_cache=False) as session:
        told.clear()
        await (await session.get(f"http://named.example:{origin.port}/")).read()
        assert [name for name in names(told) if "dns" in name] == ["dns_resolvehost_start", "dns_resolvehost_end"]


async def test_the_second_lookup_hits_the_cache(origin):
    origin.plays(OK.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n"))
    config, told = recorder()
    async with tracing(config) as session:
        for _ in range(2):
            told.clear()
            await (await session.get(f"http://named.example:{origin.port}/")).read()
    assert [name for name in names(told) if "dns" in name] == ["dns_cache_hit"]


async def test_a_full_pool_queues(origin):
    origin.plays(OK)
    config, told = recorder()
    async with tracing(config, limit=1) as session:
        first = await session.get(f"{origin.url}/1")
        await first.read()
        origin.script([origin.WAIT, 0.02, OK, origin.WAIT, OK])
    async with tracing(config, limit=1) as session:
        told.clear()
        await asyncio.gather(session.get(origin.url), session.get(origin.url))
    assert names(told).count("connection_queued_start") == 1
    at = names(told).index("connection_queued_end")
    assert names(told)[at + 1] == "connection_reuseconn"


async def test_redirects_are_told_between_the_hops(origin):
    origin.answers(lambda request: OK if b"/end" in request else MOVED)
    config, told = recorder()
    async with tracing(config) as session:
        await session.post(origin.url, data=b"x")
    assert [name for name in names(told) if name.startswith("request")] == [
        "request_start",
        "request_headers_sent",
        "request_chunk_sent",
        "request_redirect",
        "request_headers_sent",
        "request_end",
    ]
    redirect = dict(told)["request_redirect"]
    assert (redirect.method, redirect.response.status) == ("POST", 302)
    end = dict(told)["request_end"]
    assert end.url == URL(f"{origin.url}/end") and end.response.status == 200


async def test_failures_are_told_with_the_exception(origin):
    origin.script([origin.WAIT, origin.CLOSE])
    config, told = recorder()
    async with tracing(config) as session:
        with pytest.raises(aiohttp.ServerDisconnectedError) as caught:
            await session.get(origin.url)
        assert names(told)[-1] == "request_exception"
        assert told[-1][1].exception is caught.value
        assert "request_end" not in names(told)
        told.clear()
        origin.plays(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")
        with pytest.raises(aiohttp.ClientResponseError):
            await session.get(origin.url, raise_for_status=True)
        assert names(told)[-1] == "request_exception"
        told.clear()
        with pytest.raises(aiohttp.InvalidUrlClientError):
            await session.get("/nowhere")
        assert told == []


async def test_a_cancelled_request_is_told(origin):
    origin.script([origin.WAIT, origin.STALL])
    config, told = recorder()
    async with tracing(config) as session:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await session.get(origin.url)
    assert isinstance(told[-1][1].exception, asyncio.CancelledError)


async def test_headers_given_at_the_start_are_sent_on_every_hop(origin):
    """What instrumentation libraries do to propagate a trace."""
    origin.answers(lambda request: OK if b"/end" in request else MOVED)
    config = aiohttp.TraceConfig()

    @config.on_request_start
    async def start(session, context, params):
        params.headers["Traceparent"] = "00-1"
        del params.headers["X-Session"]

    async with aiohttp.ClientSession(trace_configs=[config], headers={"X-Session": "1"}) as session:
        await session.get(origin.url, headers={"X-Request": "2"})
    for request in origin.requests:
        assert b"Traceparent: 00-1\r\n" in request and b"X-Request: 2\r\n" in request
        assert b"X-Session" not in request
    assert dict(session.headers) == {"X-Session": "1"}


async def test_context_is_made_once_per_request_from_its_own_argument(origin):
    origin.plays(OK)
    seen = []
    config = aiohttp.TraceConfig(lambda trace_request_ctx: SimpleNamespace(given=trace_request_ctx, sent=0))

    @config.on_request_headers_sent
    async def sent(session, context, params):
        context.sent += 1

    @config.on_request_end
    async def end(session, context, params):
        seen.append((context.given, context.sent))

    async with aiohttp.ClientSession(trace_configs=[config]) as session:
        await session.get(origin.url, trace_request_ctx={"id": 1})
        await session.get(origin.url)
    assert seen == [({"id": 1}, 1), (None, 1)]


async def test_the_default_context_is_a_namespace(origin):
    origin.plays(OK)
    config = aiohttp.TraceConfig()
    assert config.trace_config_ctx({"a": 1}).trace_request_ctx == {"a": 1}


async def test_a_failing_callback_fails_the_request_and_leaves_no_connection(origin):
    origin.plays(OK)
    for name in ("on_request_start", "on_connection_create_end", "on_request_headers_sent", "on_request_end"):
        config = aiohttp.TraceConfig()

        async def fail(session, context, params):
            raise KeyError("callback")

        getattr(config, name).append(fail)
        async with aiohttp.ClientSession(trace_configs=[config]) as session:
            with pytest.raises(KeyError):
                await session.get(origin.url)
            assert session.connector._pool.in_use == 0, name


async def test_a_configuration_of_a_session_is_frozen():
    config = aiohttp.TraceConfig()
    async with aiohttp.ClientSession(trace_configs=[config]) as session:
        assert session.trace_configs == [config]
        with pytest.raises(RuntimeError):
            config.on_request_end.append(print)


async def test_chunks_are_told_as_they_are_read(origin):
    origin.script([origin.WAIT, b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc", 0.02, b"def"])
    config, told = recorder()
    async with tracing(config) as session:
        async with session.get(origin.url) as response:
            assert await response.content.readany() == b"abc"
            assert await response.content.readexactly(3) == b"def"
    assert [p.chunk for name, p in told if name == "response_chunk_received"] == [b"abc", b"def"]


@pytest.mark.parametrize("stream", [False, True])
async def test_read_tells_the_whole_body_once(origin, stream):
    body = [b"abcdef"] if not stream else [b"abc", 0.02, b"def"]
    origin.script([origin.WAIT, b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n" + body[0], *body[1:]])
    config, told = recorder()
    async with tracing(config) as session:
        async with session.get(origin.url) as response:
            assert await response.read() == b"abcdef"
            assert await response.text() == "abcdef"
    assert [p.chunk for name, p in told if name == "response_chunk_received"] == [b"abcdef"]


async def test_pieces_of_an_upload_are_told_before_compression(origin):
    origin.plays(OK)
    config, told = recorder()

    async def pieces():
        yield b"one"
        yield b"two"

    async with tracing(config) as session:
        await session.post(origin.url, data=pieces(), compress="gzip")
    assert [p.chunk for name, p in told if name == "request_chunk_sent"] == [b"one", b"two"]


async def test_several_configurations_are_told_in_their_order(origin):
    origin.plays(OK)
    order = []
    configs = []
    for number in (1, 2):
        config = aiohttp.TraceConfig()

        async def start(session, context, params, number=number):
            order.append(number)

        config.on_request_start.append(start)
        configs.append(config)
    async with aiohttp.ClientSession(trace_configs=configs) as session:
        await session.get(origin.url)
    assert order == [1, 2]
