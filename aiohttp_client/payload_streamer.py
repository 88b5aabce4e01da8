"""@streamer: a function that writes a request body, from the days before async generators.

    @streamer
    def file_sender(writer, file_name=None):
        with open(file_name, "rb") as f:
            while chunk := f.read(2**16):
                yield from writer.write(chunk)

    session.post(url, data=file_sender(file_name="huge_file"))

An async generator does the same in fewer words.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

from .abc import AbstractStreamWriter
from .payload import Payload, payload_type


class streamer:  # a decorator
    """Make of a generator function or coroutine function of writer something data= takes."""

    def __init__(self, function: Callable[..., Any]) -> None:
        # Lets a plain generator say `yield from writer.write(…)`; leaves coroutine functions alone.
        self._function = types.coroutine(function)
        self.__doc__ = function.__doc__

    def __call__(self, *args: Any, **options: Any) -> _Call:
        return _Call(self._function, args, options)


class _Call:
    """A streamer with its arguments."""

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]) -> None:
        self._function = function
        self._args = args
        self._options = options

    async def __call__(self, writer: AbstractStreamWriter) -> None:
        await self._function(writer, *self._args, **self._options)


@payload_type((streamer, _Call))
class StreamerPayload(Payload[Any]):
    """A streamer, called or not; sent in chunks, and once."""

    def __init__(self, value: Any, **options: Any) -> None:
        super().__init__(value() if isinstance(value, streamer) else value, **options)

    @property
    def consumed(self) -> bool:
        return self._consumed

    async def write(self, writer: AbstractStreamWriter) -> None:
        self._consumed = True
        await self._value(writer)
