"""How responses are read."""

from __future__ import annotations

from dataclasses import dataclass

from .._http import DEFAULT_LIMITS, HeadLimits
from ..streams import StreamReader
from .clock import Lane


@dataclass(frozen=True, slots=True)
class ReadPolicy:
    """How responses are read; one object serves all requests that do not differ.

    read_bufsize: bytes buffered per stream before the socket is paused (at twice that).
    until_close: whether a body without length lasts to the end of the connection, or is empty.
    sock_read: the lane for the longest silence between reads.
    stream_class: of the streams that bodies become.
    """

    limits: HeadLimits = DEFAULT_LIMITS
    read_bufsize: int = 2**18
    decompress: bool = True
    until_close: bool = True
    sock_read: Lane | None = None
    stream_class: type[StreamReader] = StreamReader
