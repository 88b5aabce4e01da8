"""WebSocket frames as tests write and read them by hand."""

import asyncio

from aiohttp_client._wire.wshandshake import accept_value


def opened(request):
    """The answer that opens a WebSocket."""
    key = request.partition(b"Sec-WebSocket-Key: ")[2].partition(b"\r\n")[0].decode()
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept_value(key).encode() + b"\r\n\r\n"
    )


def frame(first, payload=b"", *, key=b"", size=None):
    """A frame as a server sends it; size: what its header says, if that is not how long it is."""
    size = len(payload) if size is None else size
    masked = 0x80 if key else 0
    if size < 126:
        head = bytes((first, masked | size))
    elif size < 65536:
        head = bytes((first, masked | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((first, masked | 127)) + size.to_bytes(8, "big")
    if key:
        payload = bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))
    return head + key + payload


class Peer:
    """The server side of one WebSocket, by hand: url after the test has begun; frames() reads what came."""

    def __init__(self):
        self._connected = None
        self._writers = []

    async def start_for_test(self):
        self._connected = asyncio.Queue()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"ws://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/"

    async def speaks_tls(self, context):
        """From here on, at another url."""
        self._server.close()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        self.url = f"wss://localhost:{self._server.sockets[0].getsockname()[1]}/"

    async def stop_for_test(self):
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await self._server.wait_closed()

    async def _serve(self, reader, writer):
        self._writers.append(writer)
        request = await reader.readuntil(b"\r\n\r\n")
        writer.write(self.answer(request))
        await self._connected.put(_Side(reader, writer))

    answer = staticmethod(opened)

    async def connected(self):
        return await self._connected.get()


class _Side:
    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    async def send(self, *pieces):
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()

    async def frame(self):
        """(first byte, payload) of the next frame; it has to be masked. None at the end."""
        try:
            first, second = await self.reader.readexactly(2)
            assert second & 0x80, "a client masks"
            size = second & 0x7F
            if size > 125:
                size = int.from_bytes(await self.reader.readexactly(2 if size == 126 else 8), "big")
            key = await self.reader.readexactly(4)
            payload = await self.reader.readexactly(size)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        return first, bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))

    def hang_up(self):
        self.writer.close()

    def reset(self):
        self.writer.transport.abort()
