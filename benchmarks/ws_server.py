"""A WebSocket server of picows: /echo sends back what comes; /flood sends small messages, as many as are asked for.

Argument: the port."""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import Any

import picows
from servers import FLOOD

# A frame of the server's is not masked: two bytes and the message.
_FRAME = bytes([0x80 | picows.WSMsgType.BINARY, len(FLOOD)]) + FLOOD


class Echo(picows.WSListener):  # type: ignore[misc]
    def on_ws_frame(self, transport: Any, frame: Any) -> None:
        if frame.msg_type == picows.WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code(), frame.get_close_message())
            transport.disconnect()
        elif frame.msg_type in (picows.WSMsgType.TEXT, picows.WSMsgType.BINARY):
            transport.send(frame.msg_type, frame.get_payload_as_bytes())


class Flood(picows.WSListener):  # type: ignore[misc]
    def on_ws_frame(self, transport: Any, frame: Any) -> None:
        if frame.msg_type == picows.WSMsgType.TEXT:
            transport.underlying_transport.write(_FRAME * int(frame.get_payload_as_ascii_text()))
        elif frame.msg_type == picows.WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code(), frame.get_close_message())
            transport.disconnect()


def listener(request: Any) -> picows.WSListener:
    return Flood() if request.path == b"/flood" else Echo()


async def main() -> None:
    server = await picows.ws_create_server(listener, "127.0.0.1", int(sys.argv[1]), websocket_handshake_timeout=5)
    await server.serve_forever()


if __name__ == "__main__":
    logging.disable()  # of every pause and resumption of writing
    try:
        import uvloop
    except ImportError:
        asyncio.run(main())
    else:
        uvloop.run(main())
