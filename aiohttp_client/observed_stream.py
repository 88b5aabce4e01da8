"""A stream that somebody else wants to know of: that of the response to a traced request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from .streams import StreamReader


class ObservedStreamReader(StreamReader):
    """A stream whose observer is awaited with what each read gives."""

    __slots__ = ("observer",)

    observer: Callable[[bytes], Awaitable[None]]

    async def read(self, n: int = -1) -> bytes:
        data = await super().read(n)
        await self.observer(data)
        return data

    async def readany(self) -> bytes:
        data = await super().readany()
        await self.observer(data)
        return data

    async def readexactly(self, n: int) -> bytes:
        data = await super().readexactly(n)
        await self.observer(data)
        return data

    async def readuntil(self, separator: bytes = b"\n", *, max_size: int | None = None) -> bytes:
        data = await super().readuntil(separator, max_size=max_size)
        await self.observer(data)
        return data

    async def readchunk(self) -> tuple[bytes, bool]:
        chunk = await super().readchunk()
        await self.observer(chunk[0])
        return chunk
