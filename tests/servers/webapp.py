"""A real aiohttp.web application in the test's loop, plain and over TLS."""

import asyncio

from aiohttp import web


class WebServer:
    """url and tls(kind) after the test has begun."""

    def __init__(self, certificates):
        self._certificates = certificates

    async def start_for_test(self):
        app = web.Application(client_max_size=2**30)
        app.router.add_route("*", "/echo", self._echo)
        app.router.add_get("/json", self._json)
        app.router.add_get("/chunks", self._chunks)
        app.router.add_get("/slow", self._slow)
        app.router.add_get("/coded", self._coded)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        self.url = f"http://127.0.0.1:{await self._listen(None)}"

    async def tls(self, kind="good"):
        """The URL of a listener with that certificate, by the name localhost."""
        return f"https://localhost:{await self._listen(self._certificates.server(kind))}"

    async def unix(self, path, kind=None):
        """Listen at path, over TLS if a kind of certificate is named."""
        context = self._certificates.server(kind) if kind else None
        await web.UnixSite(self._runner, str(path), ssl_context=context).start()

    async def _listen(self, context):
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        return site._server.sockets[0].getsockname()[1]

    async def stop_for_test(self):
        await self._runner.cleanup()

    async def _json(self, request):
        return web.json_response({"server": "aiohttp.web"})

    async def _echo(self, request):
        body = await request.read()
        return web.json_response(
            {
                "method": request.method,
                "path_qs": request.path_qs,
                "headers": list(request.headers.items()),
                "body": body.decode("latin-1"),
            }
        )

    async def _chunks(self, request):
        response = web.StreamResponse()
        await response.prepare(request)
        for number in range(int(request.query["count"])):
            await response.write(b"chunk %d;" % number)
        await response.write_eof()
        return response

    async def _slow(self, request):
        await asyncio.sleep(float(request.query["seconds"]))
        return web.Response(text="slow")

    async def _coded(self, request):
        response = web.Response(body=b"coded " * 10_000)
        response.enable_compression(web.ContentCoding(request.query["coding"]))
        return response
