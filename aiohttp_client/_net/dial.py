"""From addresses to a connected transport: the race of addresses, TCP, TLS."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import TypeAlias

import aiohappyeyeballs
from aiohappyeyeballs import AddrInfoType as AddrInfoType

from ..abc import ResolveResult
from .engine import create_connection
from .tls import Fingerprint, SSLOption, context_of

SocketFactoryType: TypeAlias = Callable[[AddrInfoType], socket.socket]


def literal_address(host: str, port: int) -> list[ResolveResult] | None:
    """host as its own address if it is an IP address, else None."""
    try:
        version = ip_address(host.partition("%")[0]).version
    except ValueError:
        return None
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    return [ResolveResult(hostname=host, host=host, port=port, family=family, proto=0, flags=0)]


def address_infos(addresses: Sequence[ResolveResult]) -> list[AddrInfoType]:
    """Resolver results in the form sockets want."""
    infos: list[AddrInfoType] = []
    for address in addresses:
        host, port, family = address["host"], address["port"], address["family"]
        if family == socket.AF_INET6:
            host, _, zone = host.partition("%")
            scope = (int(zone) if zone.isdigit() else socket.if_nametoindex(zone)) if zone else 0
            sockaddr: tuple[str, int] | tuple[str, int, int, int] = (host, port, 0, scope)
        else:
            sockaddr = (host, port)
        infos.append((family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", sockaddr))
    return infos


async def dial_tcp(
    protocol: asyncio.Protocol,
    infos: list[AddrInfoType],
    *,
    local_addr: tuple[str, int] | None = None,
    happy_eyeballs_delay: float | None,
    interleave: int | None,
    socket_factory: SocketFactoryType | None = None,
    tls: SSLOption | None,
    server_hostname: str | None,
    will_start_tls: bool = False,
) -> None:
    """Connect protocol to the first of infos that answers; over TLS unless tls is None.

    local_addr: (host, port) to connect from.
    will_start_tls: TLS, or more TLS, will be started on the transport by loop.start_tls().
    If the handshake with one address fails, the others are tried. Raises the last OSError,
    ssl.SSLError or ServerFingerprintMismatch among them."""
    loop = asyncio.get_running_loop()
    context = None if tls is None else await context_of(tls)
    infos = list(infos)
    local_infos = None if local_addr is None else await _local_infos(loop, local_addr)
    while True:
        sock = await aiohappyeyeballs.start_connection(
            addr_infos=infos,
            local_addr_infos=local_infos,
            happy_eyeballs_delay=happy_eyeballs_delay,
            interleave=interleave,
            loop=loop,
            socket_factory=socket_factory,
        )
        try:
            peer = sock.getpeername()
            if sock.family in (socket.AF_INET, socket.AF_INET6):
                # Not every loop does it for a socket handed in, and a request must not wait for an ACK.
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except BaseException:
            sock.close()
            raise
        # From here on a transport owns the socket, and closes it some loop turns after an error: closed earlier,
        # its number could be another connection's by then, which the transport would take for its own.
        try:
            transport, _ = await create_connection(
                lambda: protocol,
                context=context,
                will_start_tls=will_start_tls,
                sock=sock,
                server_hostname=server_hostname if context else None,
            )
            if isinstance(tls, Fingerprint):
                try:
                    tls.check(transport)
                except BaseException:
                    transport.set_protocol(asyncio.Protocol())  # ours is for the next address, not for this end
                    transport.abort()
                    raise
            return
        except Exception:
            aiohappyeyeballs.remove_addr_infos(infos, peer)
            if context is None or not infos:
                raise


async def _local_infos(loop: asyncio.AbstractEventLoop, local_addr: tuple[str, int]) -> list[AddrInfoType]:
    host, port, *_ = local_addr
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(family, kind, proto, name, address) for family, kind, proto, name, address in found]
