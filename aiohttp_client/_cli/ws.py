"""`ws URL`: lines typed are sent, messages received are shown."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import threading
from typing import Any

from .._wire.wsmessages import WSCloseCode, WSMessage, WSMsgType
from ..timeouts import ClientTimeout
from ..websocket import ClientWebSocketResponse
from .asking import add_request_options, headers_of, seconds, session_of
from .ending import ExitCode, Failure
from .screen import Screen

_ENDED = (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED)


def add(commands: Any) -> None:
    parser = commands.add_parser("ws", help="talk over a WebSocket", description=__doc__)
    parser.add_argument("url", metavar="URL")
    add_request_options(parser)
    parser.add_argument("-p", "--protocol", action="append", default=[], help="a subprotocol to offer; may be repeated")
    parser.add_argument("--heartbeat", type=seconds, default=30.0, metavar="SECONDS", help="between pings")
    parser.add_argument(
        "--wait",
        type=seconds,
        default=1.0,
        metavar="SECONDS",
        help="how long nothing may come after the end of the input, until it is closed (default: %(default)s)",
    )
    parser.set_defaults(run=run)


async def run(options: argparse.Namespace, screen: Screen) -> ExitCode:
    url = options.url if "://" in options.url else f"ws://{options.url}"
    async with (
        session_of(options, timeout=ClientTimeout(total=options.max_time or 30)) as session,
        session.ws_connect(
            url,
            headers=headers_of(options),
            protocols=options.protocol,
            heartbeat=options.heartbeat,
            max_msg_size=0,
            compress=15,
        ) as ws,
    ):
        if screen.is_terminal:
            screen.aside(f"connected to {url}{f', {ws.protocol}' if ws.protocol else ''}; Ctrl-D ends")
        lines: asyncio.Queue[str | None] = asyncio.Queue(1000)
        _read_lines(lines)
        await _talk(ws, lines, options.wait, screen)
        if ws.close_code not in (WSCloseCode.OK, WSCloseCode.GOING_AWAY, 1005):
            raise Failure(ExitCode.UNREACHABLE, f"the WebSocket ended with close code {ws.close_code}")
    return ExitCode.OK


async def _talk(ws: ClientWebSocketResponse, lines: asyncio.Queue[str | None], patience: float, screen: Screen) -> None:
    received = asyncio.ensure_future(ws.receive())
    typed = asyncio.ensure_future(lines.get())
    waiting: set[asyncio.Future[Any]] = {received, typed}
    try:
        while True:
            done, _ = await asyncio.wait(
                waiting, timeout=patience if typed not in waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            if typed in done:
                line = typed.result()
                waiting.discard(typed)
                if line is not None:
                    await ws.send_str(line)
                    typed = asyncio.ensure_future(lines.get())
                    waiting.add(typed)
            if received in done:
                message = received.result()
                if message.type in _ENDED:
                    return
                if message.type is WSMsgType.ERROR:
                    raise message.data
                _show(message, screen)
                waiting.discard(received)
                received = asyncio.ensure_future(ws.receive())
                waiting.add(received)
            if not done:
                return
    finally:
        for future in (received, typed):
            future.cancel()
        await asyncio.gather(received, typed, return_exceptions=True)
        await ws.close()


def _show(message: WSMessage, screen: Screen) -> None:
    data = message.data
    if screen.machine:
        is_text = message.type is WSMsgType.TEXT
        screen.result({"type": message.type.name.lower(), "data": data if is_text else data.hex()})
    elif message.type is WSMsgType.BINARY:
        if screen.is_terminal:
            screen.line(f"< {len(data)} bytes: {data[:64].hex(' ')}{'…' if len(data) > 64 else ''}", "magenta")
        else:
            screen.raw(data)
    elif screen.is_terminal:
        screen.line(f"< {data}", "cyan")
    else:
        screen.line(data)


def _read_lines(lines: asyncio.Queue[str | None]) -> None:
    """Put lines of standard input there, and None at its end."""
    loop = asyncio.get_running_loop()
    descriptor = sys.stdin.fileno()

    def put(line: str | None) -> None:
        asyncio.run_coroutine_threadsafe(lines.put(line), loop).result()

    def read() -> None:
        # Not through sys.stdin, whose lock would be held when the program ends.
        rest = b""
        try:
            while data := os.read(descriptor, 65536):
                *complete, rest = (rest + data).split(b"\n")
                for line in complete:
                    put(line.removesuffix(b"\r").decode("utf-8", "replace"))
            if rest:
                put(rest.decode("utf-8", "replace"))
            put(None)
        except (OSError, RuntimeError, asyncio.CancelledError):
            pass  # the program has ended

    # A thread, because not every loop can wait for a terminal, a pipe and a file alike; a daemon, because it may
    # wait for ever.
    threading.Thread(target=read, daemon=True).start()
