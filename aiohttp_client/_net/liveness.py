"""Whether a peer has said something, or hung up, that the event loop has not told yet."""

from __future__ import annotations

import asyncio
import select


def has_news(transport: asyncio.Transport) -> bool:
    """Look at the socket itself, without waiting; on a connection that should be idle any news is bad news."""
    sock = transport.get_extra_info("socket")
    descriptor = -1 if sock is None else sock.fileno()
    if descriptor < 0:
        return False  # a transport without a socket of its own, or a closed one, whose end will be told
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)  # hang-ups and errors are told without being asked for
        return bool(poll.poll(0))
    return bool(select.select([descriptor], [], [], 0)[0])
