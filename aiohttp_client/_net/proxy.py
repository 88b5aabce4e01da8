"""Tunnels: CONNECT to a proxy, and what is spoken to the target through them, TLS mostly (RFC 9110 §9.3.6)."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable

from .._backend import head
from .._http import DEFAULT_LIMITS, MAX_INTERIM_RESPONSES, SERVER_SOFTWARE
from .._wire.serialize import field_lines
from ..exceptions import BadHttpMessage
from .target import ConnectionKey
from .tls import Fingerprint

parse_head = head.parse_head


class TunnelRefused(Exception):
    """The proxy answered CONNECT with something else than 200; head is its answer."""

    def __init__(self, head: head.ResponseHead) -> None:
        super().__init__(head.status, head.reason)
        self.head = head


class _Asking(asyncio.Protocol):
    """Waits for the proxy's answer, and for nothing behind it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.answer: asyncio.Future[head.ResponseHead] = loop.create_future()
        self.transport: asyncio.Transport | None = None
        self._received = b""
        self._interim = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # a stream transport

    def data_received(self, data: bytes) -> None:
        searched = len(self._received)
        self._received += data
        if self.answer.done():
            return  # whoever awaits it will find the surplus
        try:
            while True:
                found = parse_head(self._received, DEFAULT_LIMITS, searched)
                if found is None:
                    return
                self._received = self._received[found.end :]
                if found.status >= 200 or found.status == 101:
                    break
                searched = 0
                self._interim += 1
                if self._interim > MAX_INTERIM_RESPONSES:
                    raise BadHttpMessage(f"more than {MAX_INTERIM_RESPONSES} interim responses to CONNECT")
        except BadHttpMessage as error:
            self.answer.set_exception(error)
        else:
            self.answer.set_result(found)

    def eof_received(self) -> None:
        self.connection_lost(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.answer.done():
            self.answer.set_exception(exc or ConnectionResetError("the proxy closed the connection without an answer"))
            self.answer.exception()  # who asked may have gone already

    def check_surplus(self) -> None:
        # TLS and HTTP begin with the client: who speaks first behind a 200 is not the target.
        if self._received:
            raise BadHttpMessage(f"the proxy sent {self._received[:40]!r} behind its answer to CONNECT")


def _connect_head(key: ConnectionKey) -> bytes:
    host = f"[{key.host}]" if ":" in key.host else key.host
    authority = f"{host}:{key.port}"
    fields = [("Host", authority)]
    if not any(name.lower() == "user-agent" for name, _ in key.proxy_headers):
        fields.append(("User-Agent", SERVER_SOFTWARE))
    fields += [field for field in key.proxy_headers if field[0].lower() != "host"]
    if key.proxy_auth is not None:
        fields.append(("Proxy-Authorization", key.proxy_auth))
    return f"CONNECT {authority} HTTP/1.1\r\n".encode() + field_lines(fields) + b"\r\n"


async def open_tunnel(
    dial: Callable[[asyncio.Protocol], Awaitable[None]],
    key: ConnectionKey,
    protocol: asyncio.Protocol,
    *,
    context: ssl.SSLContext | None,
    pinned: Fingerprint | None,
    server_hostname: str,
) -> None:
    """Make protocol the one of a connection to key, of TLS with context, through the proxy that dial connects to.

    Raises what dial does; TunnelRefused, BadHttpMessage or OSError for what the proxy does;
    ssl.SSLError or ServerFingerprintMismatch for the target."""
    loop = asyncio.get_running_loop()
    asking = _Asking(loop)
    await dial(asking)
    proxied = asking.transport
    assert proxied is not None
    try:
        proxied.write(_connect_head(key))
        answer = await asking.answer
        if answer.status != 200:
            raise TunnelRefused(answer)
        asking.check_surplus()
        if context is None:
            proxied.set_protocol(protocol)
            protocol.connection_made(proxied)
            return
        transport = await loop.start_tls(proxied, protocol, context, server_hostname=server_hostname)
        if transport is None:  # typeshed: of a connection that was lost meanwhile
            raise ConnectionResetError("the proxy closed the connection during the TLS handshake")
        if pinned is not None:
            pinned.check(transport)
        protocol.connection_made(transport)
    except BaseException:
        proxied.abort()
        raise
