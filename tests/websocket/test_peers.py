"""Against WebSocket servers nobody here wrote: websockets, aiohttp.web, uvicorn and hypercorn."""

import asyncio
import contextlib
import logging

import pytest
from aiohttp import WSMsgType as TheirType
from aiohttp import web

import aiohttp_client as aiohttp

BIG = "Ж" * 500_000


@contextlib.asynccontextmanager
async def websockets_server(deflate, context=None):
    import websockets

    async def handler(ws):
        with contextlib.suppress(websockets.ConnectionClosed):
            async for message in ws:
                if message == "bye":
                    await ws.close(4000, "you said so")
                    return
                await ws.send(message)

    options = {
        "compression": "deflate" if deflate else None,
        "max_size": None,
        "subprotocols": ["chat"],
        "ssl": context,
    }
    async with websockets.serve(handler, "127.0.0.1", 0, **options) as server:
        yield server.sockets[0].getsockname()[1]


@contextlib.asynccontextmanager
async def aiohttp_web(deflate, context=None):
    async def handler(request):
        ws = web.WebSocketResponse(protocols=["chat"], compress=deflate, max_msg_size=0)
        await ws.prepare(request)
        async for message in ws:
            if message.data == "bye":
                await ws.close(code=4000, message=b"you said so")
            elif message.type is TheirType.TEXT:
                await ws.send_str(message.data)
            elif message.type is TheirType.BINARY:
                await ws.send_bytes(message.data)
        return ws

    app = web.Application()
    app.router.add_get("/", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    try:
        yield site._server.sockets[0].getsockname()[1]
    finally:
        await runner.cleanup()


async def asgi_echo(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    assert (await receive())["type"] == "websocket.connect"
    await send({"type": "websocket.accept", "subprotocol": "chat" if "chat" in scope["subprotocols"] else None})
    while (event := await receive())["type"] == "websocket.receive":
        if event.get("text") == "bye":
            await send({"type": "websocket.close", "code": 4000, "reason": "you said so"})
            return
        key = "text" if event.get("text") is not None else "bytes"
        await send({"type": "websocket.send", key: event[key]})


@contextlib.asynccontextmanager
async def uvicorn_server(deflate, context=None):
    import uvicorn

    config = uvicorn.Config(
        asgi_echo,
        port=0,
        log_level="critical",
        ws="wsproto",
        ws_per_message_deflate=deflate,
        ws_max_size=2**25,
        lifespan="off",
    )
    server = uvicorn.Server(config)
    server.config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.force_exit = True
        await server.shutdown()


@contextlib.asynccontextmanager
async def hypercorn_server(deflate, context=None):
    import socket

    import hypercorn.asyncio
    import hypercorn.config

    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    config = hypercorn.config.Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.websocket_max_message_size = 2**25
    config.graceful_timeout = 0.1
    config.errorlog = logging.getLogger("hypercorn.silent")
    stop = asyncio.Event()
    serving = asyncio.create_task(hypercorn.asyncio.serve(asgi_echo, config, shutdown_trigger=stop.wait))
    try:
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                break
            await asyncio.sleep(0.01)
        yield port
    finally:
        stop.set()
        await serving


SERVERS = {
    "websockets": websockets_server,
    "aiohttp.web": aiohttp_web,
    "uvicorn": uvicorn_server,
    "hypercorn": hypercorn_server,
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("deflate", [False, True])
@pytest.mark.parametrize("server", SERVERS)
async def test_echo_and_both_orders_of_closing(server, deflate):
    async with SERVERS[server](deflate) as port, aiohttp.ClientSession() as session:
        url = f"ws://127.0.0.1:{port}/"
        options = {"protocols": ("chat", "other"), "compress": 15 if deflate else 0, "max_msg_size": 0}
        async with session.ws_connect(url, **options) as ws:
            assert ws.protocol == "chat"
            if server != "hypercorn":  # which compresses if it is offered, and cannot be told otherwise
                assert bool(ws.compress) == deflate
            for text in ("", "x", "Тест", "x" * 126, "x" * 65536, BIG):
                await ws.send_str(text)
                assert await ws.receive_str() == text
                await ws.send_bytes(text.encode())
                assert await ws.receive_bytes() == text.encode()
            await ws.ping(b"are you there?")
            await asyncio.gather(*[ws.send_str(str(n) * n) for n in range(50)])
            assert [await ws.receive_str() for _ in range(50)] == [str(n) * n for n in range(50)]
        assert (ws.close_code, ws.closed) == (1000, True)
        async with session.ws_connect(url, protocols=("chat",)) as ws:
            await ws.send_str("bye")
            message = await ws.receive()
            assert (message.type, message.data, message.extra) == (aiohttp.WSMsgType.CLOSE, 4000, "you said so")
            assert ws.close_code == 4000
        assert session.connector._pool.in_use == 0


@pytest.mark.parametrize("server", ["websockets", "aiohttp.web"])
async def test_over_tls(server, certificates):
    async with SERVERS[server](True, certificates.server()) as port:
        connector = aiohttp.TCPConnector(ssl=certificates.client())
        async with aiohttp.ClientSession(f"https://localhost:{port}/", connector=connector) as session:
            async with session.ws_connect("", compress=15, protocols=("chat",)) as ws:
                await ws.send_str(BIG)
                assert await ws.receive_str() == BIG
                await ws.send_bytes(BIG.encode(), compress=0)
                assert await ws.receive_bytes() == BIG.encode()
                await ws.send_str("small")
                assert await ws.receive_str() == "small"
            assert ws.close_code == 1000


@pytest.mark.parametrize("tls", [False, True])
async def test_through_a_proxy(tls, tinyproxy, certificates):
    """A tunnel, with and without TLS: what is not HTTP is nothing a proxy could understand (RFC 6455 §4.1)."""
    async with websockets_server(False, certificates.server() if tls else None) as port:
        connector = aiohttp.TCPConnector(ssl=certificates.client())
        async with aiohttp.ClientSession(connector=connector) as session:
            scheme = "wss" if tls else "ws"
            url = f"{scheme}://localhost:{port}/"
            async with session.ws_connect(url, protocols=("chat",), proxy=tinyproxy.url) as ws:
                await ws.send_str("through")
                assert await ws.receive_str() == "through"
