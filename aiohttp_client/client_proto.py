"""aiohttp's path to what a StreamReader that no connection feeds is made with."""

from __future__ import annotations

import asyncio


class ResponseHandler(asyncio.Protocol):
    """A source that nobody has to slow down: for libraries that make a response's content by hand."""

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self.transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...
