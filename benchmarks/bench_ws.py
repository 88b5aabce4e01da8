"""WebSockets: messages echoed one at a time, and a server that floods, beside aiohttp, websockets and picows."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Iterator
from functools import partial
from typing import Any

import contest
import floor
import servers
from contest import OURS, Contest

UPGRADE = (
    b"GET /echo HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
SIZES = {"64 B": 64, "4 KiB": 4096, "1 MiB": 1024 * 1024}


class Session:
    """aiohttp and aiohttp_client: the same lines of user code."""

    def __init__(self, name: str, url: str, size: int = 0) -> None:
        self._module: Any = importlib.import_module(name)
        self.name, self._url, self._message = name, url, bytes(range(64)) * (size // 64)

    async def start(self) -> list[contest.Work]:
        self._session = self._module.ClientSession()
        self._socket = await self._session.ws_connect(self._url, max_msg_size=0)
        return [self._echo if self._message else self._flood]

    async def _echo(self, count: int) -> None:
        message = self._message
        for _ in range(count):
            await self._socket.send_bytes(message)
            if (await self._socket.receive()).data != message:
                raise AssertionError("wrong message")

    async def _flood(self, count: int) -> None:
        await self._socket.send_str(str(count))
        received = 0
        async for message in self._socket:
            if message.data != servers.FLOOD:
                raise AssertionError("wrong message")
            if (received := received + 1) == count:
                return

    async def stop(self) -> None:
        await self._socket.close()
        await self._session.close()


class Websockets:
    name = "websockets"

    def __init__(self, url: str, size: int = 0) -> None:
        self._url, self._message = url, bytes(range(64)) * (size // 64)

    async def start(self) -> list[contest.Work]:
        from websockets.asyncio.client import connect

        self._socket = await connect(self._url, compression=None, max_size=None, ping_interval=None)
        return [self._echo if self._message else self._flood]

    async def _echo(self, count: int) -> None:
        message = self._message
        for _ in range(count):
            await self._socket.send(message)
            if await self._socket.recv() != message:
                raise AssertionError("wrong message")

    async def _flood(self, count: int) -> None:
        await self._socket.send(str(count))
        received = 0
        async for message in self._socket:
            if message != servers.FLOOD:
                raise AssertionError("wrong message")
            if (received := received + 1) == count:
                return

    async def stop(self) -> None:
        await self._socket.close()


class Picows:
    """Calls back for each frame: no queue, no coroutine to wake, and so no API of aiohttp's."""

    name = "picows"

    def __init__(self, url: str, size: int = 0) -> None:
        self._url, self._message = url, bytes(range(64)) * (size // 64)

    async def start(self) -> list[contest.Work]:
        import picows

        class Listener(picows.WSListener):  # type: ignore[misc]
            def on_ws_frame(self, transport: Any, frame: Any) -> None:
                if frame.msg_type != picows.WSMsgType.CLOSE:
                    self.on_message(frame.get_payload_as_bytes())

        self._transport, self._listener = await picows.ws_connect(Listener, self._url)
        return [partial(self._echo, picows) if self._message else partial(self._flood, picows)]

    async def _echo(self, picows: Any, count: int) -> None:
        done = asyncio.get_running_loop().create_future()
        missing, message, send, kind = count, self._message, self._transport.send, picows.WSMsgType.BINARY

        def on_message(received: bytes) -> None:
            nonlocal missing
            missing -= 1
            if received != message:
                done.set_exception(AssertionError("wrong message"))
            elif missing:
                send(kind, message)
            else:
                done.set_result(None)

        self._listener.on_message = on_message
        send(kind, message)
        await done

    async def _flood(self, picows: Any, count: int) -> None:
        done = asyncio.get_running_loop().create_future()
        missing = count

        def on_message(received: bytes) -> None:
            nonlocal missing
            missing -= 1
            if received != servers.FLOOD:
                done.set_exception(AssertionError("wrong message"))
            elif not missing:
                done.set_result(None)

        self._listener.on_message = on_message
        self._transport.send(picows.WSMsgType.TEXT, str(count).encode())
        await done

    async def stop(self) -> None:
        self._transport.send_close(1000)
        self._transport.disconnect()


def contests(server: servers.Server) -> Iterator[Contest]:
    peers: list[Any] = [kind for kind in (Websockets, Picows) if contest.installed(kind.name)]
    peers += [partial(Session, name) for name in ("aiohttp", OURS)]
    url = f"ws://127.0.0.1:{server.port}/"
    for name, size in SIZES.items():
        bare = partial(floor.Contestant, partial(floor.Echo, UPGRADE, size), server.port)
        made = [bare, *[partial(peer, f"{url}echo", size) for peer in peers]]
        yield Contest(f"WebSocket echo of {name}, one at a time", made, "messages")
    made = [partial(peer, f"{url}flood") for peer in peers]
    yield Contest("WebSocket, flood of 64 B messages", made, "messages")


if __name__ == "__main__":
    sys.exit(contest.main(__doc__, __file__, contests, servers.websockets))
