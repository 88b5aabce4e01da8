"""A server that sends what real servers never would.

    origin.plays(b"HTTP/1.1 200 OK…")              the answer to every request
    origin.plays(raw, cut=True)                    in single bytes, a loop turn apart
    origin.answers(lambda request: bytes)          depending on the request
    origin.script(step, step, …)                   one connection after another, each a list of steps

Steps of a script, carried out in order on its connection:
    WAIT            read one whole request
    bytes           send them
    a function      send what it makes of the last request
    CLOSE, RESET    end the connection, politely or not
    HALF_CLOSE      end our direction only
    STALL           do nothing until the client goes away
    a number        wait so many seconds
The last list serves all further connections. requests holds what came, raw, connections how many.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct

WAIT, CLOSE, RESET, HALF_CLOSE, STALL = "wait", "close", "reset", "half close", "stall"


class Origin:
    WAIT, CLOSE, RESET, HALF_CLOSE, STALL = WAIT, CLOSE, RESET, HALF_CLOSE, STALL

    def __init__(self):
        self.requests: list[bytes] = []
        self.connections = 0
        self._answer = lambda request: b"HTTP/1.1 500 No script\r\nContent-Length: 0\r\n\r\n"
        self._cut = False
        self._scripts = None
        self._tls = None
        self._tasks = set()

    def plays(self, answer, *, cut=False):
        self.answers(lambda request: answer, cut=cut)

    def answers(self, answer, *, cut=False):
        self._answer, self._cut, self._scripts = answer, cut, None

    def script(self, *connections):
        self._scripts = [list(steps) for steps in connections]
        self._served = 0

    @property
    def url(self):
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def named_url(self):
        """The same by a host name: IP addresses get no cookies."""
        return f"http://localhost:{self.port}"

    async def start_for_test(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop_for_test(self):
        await asyncio.sleep(0.005)  # asyncio loses a connection that is being accepted when its server closes
        self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def refuses(self):
        """Stop listening: from here on connections are refused."""
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader, writer):
        self.connections += 1
        task = asyncio.current_task()
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            if self._scripts is None:
                await self._answer_all(reader, writer)
            else:
                steps = self._scripts[min(self._served, len(self._scripts) - 1)]
                self._served += 1
                await self._follow(steps, reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client has gone
        except asyncio.CancelledError:
            pass  # the test has ended; asyncio of 3.11 would report a cancelled handler as unhandled
        except RuntimeError as error:
            if "handler is closed" not in str(error):  # how uvloop says the same
                raise
        finally:
            writer.transport.abort()
            # A reset that nobody asks for, and once more a cancelled handler, would be reported as unhandled.
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _answer_all(self, reader, writer):
        while request := await self._request(reader):
            answer = self._answer(request)
            if self._cut:
                for at in range(len(answer)):
                    writer.write(answer[at : at + 1])
                    await asyncio.sleep(0)
            else:
                writer.write(answer)
            await writer.drain()
            if b"\r\nConnection: close\r\n" in answer.partition(b"\r\n\r\n")[0] + b"\r\n":
                return

    async def _follow(self, steps, reader, writer):
        for step in steps:
            if isinstance(step, bytes):
                writer.write(step)
                await writer.drain()
            elif isinstance(step, (int, float)):
                await asyncio.sleep(step)
            elif callable(step):
                writer.write(step(self.requests[-1]))
                await writer.drain()
            elif step == WAIT:
                if not await self._request(reader):
                    return
            elif step == STALL:
                while await reader.read(65536):
                    pass
            elif step == HALF_CLOSE:
                writer.write_eof()
            elif step == RESET:
                linger = struct.pack("ii", 1, 0)
                sock = socket.socket(fileno=socket.dup(writer.get_extra_info("socket").fileno()))
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                sock.close()
                return
            elif step == CLOSE:
                writer.close()
                return

    async def _request(self, reader):
        """One request with its body, or b"" at the end."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return b""
        lowered = head.lower()
        body = b""
        if b"\r\ncontent-length:" in lowered:
            length = int(lowered.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0])
            body = await reader.readexactly(length)
        elif b"\r\ntransfer-encoding: chunked" in lowered:
            while not body.endswith(b"0\r\n\r\n"):
                body += await reader.readuntil(b"\r\n")
        self.requests.append(head + body)
        return head + body
