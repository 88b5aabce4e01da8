"""What a peer has said, or that it hung up, that the event loop has not told yet."""

from __future__ import annotations

import asyncio
import select
import socket
from collections.abc import Iterator

_READ = 2**18


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


def unread(transport: asyncio.Transport) -> Iterator[bytes]:
    """What had arrived when a write failed, which loops do not read any more; for connection_lost() only.

    A server that refuses an upload answers and hangs up: its answer may be here already. Nothing over TLS, whose
    transport has no bytes of the socket for us.
    """
    sock = transport.get_extra_info("socket")
    if sock is None or sock.fileno() < 0 or transport.get_extra_info("sslcontext") is not None:
        return
    try:
        with socket.socket(fileno=socket.dup(sock.fileno())) as own:
            own.setblocking(False)
            while data := own.recv(_READ):
                yield data
    except OSError:
        return  # no more, or the fault that is known already
