"""What an attack comes to: the outcome of a request that is answered with bytes, and of the one behind it."""

import asyncio

import aiohttp_client as aiohttp

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
# What may become of an attack, besides the (status, body) of a response.
REFUSED = "ClientResponseError"  # there is no response
BROKEN = "ClientPayloadError"  # there is one, its body is an error


async def outcome(session, url, method="GET", **options):
    """(status, body), or the name of the documented error; never a hang."""
    async with asyncio.timeout(20):
        try:
            async with session.request(method, url, **options) as response:
                return response.status, await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            return type(error).__name__


class Attacked:
    """A client and a server that answers with bytes; then with what is right, on whatever connection it is asked."""

    def __init__(self, origin):
        self._origin = origin

    async def by(self, raw, *, cut=False, closes=False, method="GET", **options):
        """(outcome of the request answered with raw, whether its connection was used again).

        The next request must get its own answer. cut: in single bytes; closes: the server hangs up behind raw."""
        origin = self._origin
        sent = [step for byte in raw for step in (bytes([byte]), 0)] if cut else [raw]
        behind = [0.002, origin.CLOSE] if closes else [origin.WAIT, OK, origin.STALL]
        origin.script([origin.WAIT, *sent, *behind], [origin.WAIT, OK, origin.STALL])
        before = origin.connections
        async with aiohttp.ClientSession() as session:
            first = await outcome(session, origin.url, method, **options)
            assert session.connector._pool.in_use == 0
            if closes or cut:
                # What comes behind a response when the next request is out, no client can tell from its answer.
                await asyncio.sleep(0.005)
            assert await outcome(session, origin.url) == (200, b"ok"), "the next request got another answer"
        return first, origin.connections == before + 1


class Listening:
    """A server in the loop of the test, over TLS if there is a context; serve() gets each connection."""

    def __init__(self, context=None):
        self._context = context
        self._tasks = set()

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *error):
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader, writer):
        self._tasks.add(asyncio.current_task())
        try:
            await self.serve(reader, writer)
        finally:
            writer.transport.abort()
