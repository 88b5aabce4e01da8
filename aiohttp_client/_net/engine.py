"""Whose transport a connection gets: ours, aiofastnet's, or the loop's own.

Ours (transport.py) is for plain connections on asyncio's selector loops. TLS is aiofastnet's where that
is installed and safe, else the loop's.

aiofastnet calls OpenSSL directly, for half of the loop's CPU time and less than half of its memory.
It finds the SSL_CTX by the layout that CPython's own SSLContext has: of a subclass, which may be
a mere wrapper around another context, it would take the wrong one, and a CPython it has not been
tested with may be laid out differently. Both get the loop's.
"""

from __future__ import annotations

import asyncio
import functools
import os
import socket
import ssl
import sys
from collections.abc import Callable
from typing import Any

from .transport import connected

# What CPythons its authors and these tests know.
_TESTED = (3, 11) <= sys.version_info < (3, 15) and sys.implementation.name == "cpython"
_ENGINES = ("auto", "loop", "aiofastnet")


_demanded = os.environ.get("AIOHTTP_CLIENT_TLS", "auto")
if _demanded not in _ENGINES:
    raise ImportError(f"AIOHTTP_CLIENT_TLS={_demanded!r} is no engine, expected one of {', '.join(_ENGINES)}")


@functools.cache
def _fast_create_connection() -> Any:
    """aiofastnet's create_connection, or None. Raises ImportError if it is demanded and not there.

    Importing it takes as long as a fifth of all else here: it is done for the first TLS connection."""
    if _demanded == "loop" or (_demanded == "auto" and not _TESTED):
        return None
    try:
        import aiofastnet
    except ImportError as error:
        if _demanded == "auto":
            return None
        raise ImportError(f"AIOHTTP_CLIENT_TLS=aiofastnet, but it cannot be imported: {error}") from error
    return aiofastnet.create_connection


if _demanded == "aiofastnet":
    _fast_create_connection()


def tls_engine(context: ssl.SSLContext) -> str:
    """Whose connections with context are: "aiofastnet" or "loop"."""
    return "aiofastnet" if type(context) is ssl.SSLContext and _fast_create_connection() is not None else "loop"


async def create_connection(
    factory: Callable[[], asyncio.Protocol],
    *,
    context: ssl.SSLContext | None,
    will_start_tls: bool,
    sock: socket.socket,
    **options: Any,
) -> tuple[asyncio.Transport, asyncio.Protocol]:
    """loop.create_connection(factory, ssl=context, …); will_start_tls: loop.start_tls() must take the transport."""
    loop = asyncio.get_running_loop()
    made: tuple[asyncio.Transport, asyncio.Protocol]
    if not will_start_tls:
        if context is None and isinstance(loop, asyncio.SelectorEventLoop):
            protocol = factory()
            return connected(loop, sock, protocol), protocol
        if context is not None and tls_engine(context) == "aiofastnet":
            made = await _fast_create_connection()(loop, factory, ssl=context, sock=sock, **options)
            return made
    return await loop.create_connection(factory, ssl=context, sock=sock, **options)
