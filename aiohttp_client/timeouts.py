"""How long things may take: frozen values in seconds, no clocks (those are in _net/clock.py)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ClientTimeout:
    """Limits of one request, in seconds; None, 0 or a negative number switches a limit off.

    total: from the call to the return of the connection: queue, DNS, connect, upload,
        redirects, head and body.
    connect: from wanting a connection to having one: queue, DNS, TCP and TLS.
    sock_read: longest silence between received bytes once the request has been sent.
    sock_connect: one race of addresses, TLS handshake included; not DNS, not the queue.
    ceil_threshold: limits above this many seconds may fire up to a second late,
        which makes them nearly free; limits up to it are exact.
    """

    total: float | None = None
    connect: float | None = None
    sock_read: float | None = None
    sock_connect: float | None = None
    ceil_threshold: float = 5


@dataclass(frozen=True, slots=True)
class ClientWSTimeout:
    """Limits of a WebSocket, in seconds; None for none.

    ws_receive: of one receive(). ws_close: from our CLOSE to the peer's.
    """

    ws_receive: float | None = None
    ws_close: float | None = None


DEFAULT_WS_TIMEOUT = ClientWSTimeout(ws_close=10.0)
DEFAULT_TIMEOUT = ClientTimeout(total=5 * 60, sock_connect=30)
NO_TIMEOUT = ClientTimeout()
