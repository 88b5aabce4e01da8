"""What the gates in ci/ talk to: aiohttp.web in a process of its own, which ends when its input does.

Every answer says which request it is for: the nonce in the query comes back. Prints its ports, plain and TLS.
Arguments: files of a certificate chain and of its key."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import logging
import ssl
import sys
from collections import Counter

from aiohttp import WSMsgType, web

LARGE = 300_000
_posted: Counter[str] = Counter()


async def echo(request: web.Request) -> web.Response:
    return web.Response(text=request.query["n"])


async def large(request: web.Request) -> web.Response:
    nonce = request.query["n"]
    return web.Response(text=(nonce * (LARGE // len(nonce) + 1))[:LARGE])


async def stream(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for number in range(10):
        await response.write(f"{request.query['n']} {number}\n".encode())
        await asyncio.sleep(0)
    await response.write_eof()
    return response


async def redirect(request: web.Request) -> web.Response:
    left = int(request.query["left"])
    nonce = request.query["n"]
    raise web.HTTPFound(f"/redirect?left={left - 1}&n={nonce}" if left else f"/echo?n={nonce}")


async def upload(request: web.Request) -> web.Response:
    """The digest of the body; /posted says how often a nonce came."""
    _posted[request.query["n"]] += 1
    body = await request.read()
    return web.Response(text=f"{request.query['n']} {hashlib.sha256(body).hexdigest()}")


async def posted(request: web.Request) -> web.Response:
    twice = sum(count > 1 for count in _posted.values())
    answer = web.json_response({"nonces": len(_posted), "twice": twice})
    _posted.clear()
    return answer


async def never(request: web.Request) -> web.Response:
    await asyncio.Event().wait()
    raise AssertionError("set by nobody")


async def websocket(request: web.Request) -> web.WebSocketResponse:
    ws = web.WebSocketResponse(compress=request.query.get("deflate") == "1")
    await ws.prepare(request)
    async for message in ws:
        if message.type is WSMsgType.TEXT:
            await ws.send_str(message.data)
    return ws


async def main() -> None:
    app = web.Application(client_max_size=2**26)
    app.router.add_get("/echo", echo)
    app.router.add_get("/large", large)
    app.router.add_get("/stream", stream)
    app.router.add_get("/redirect", redirect)
    app.router.add_post("/upload", upload)
    app.router.add_get("/posted", posted)
    app.router.add_get("/never", never)
    app.router.add_get("/ws", websocket)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, keepalive_timeout=600)
    await runner.setup()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    ports = []
    for tls in (None, context):
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls, backlog=4096)
        await site.start()
        assert site._server is not None
        ports.append(site._server.sockets[0].getsockname()[1])  # type: ignore[attr-defined]
    gc.freeze()
    print(*ports, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    logging.disable()  # of clients that hang up: that is what they are here for
    try:
        import uvloop
    except ImportError:
        asyncio.run(main())
    else:
        uvloop.run(main())
