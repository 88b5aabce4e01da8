"""BaseConnector: connections that are pooled and limited, however they come to be."""

from __future__ import annotations

import asyncio
import functools
import ssl as ssl_module
import warnings
from collections.abc import Awaitable, Callable, Coroutine, Generator
from types import TracebackType
from typing import Any, Self, TypedDict

from ._net.clock import Clock
from ._net.connecting import ConnectLimit, Pace
from ._net.connection import Connection
from ._net.pool import Pool, closed_error
from ._net.target import ConnectionKey
from .exceptions import (
    ClientConnectorCertificateError,
    ClientConnectorError,
    ClientConnectorSSLError,
    ServerDisconnectedError,
)
from .request import Traced
from .timeouts import ClientTimeout
from .tracing import (
    TraceConnectionCreateEndParams,
    TraceConnectionCreateStartParams,
    TraceConnectionQueuedEndParams,
    TraceConnectionQueuedStartParams,
    TraceConnectionReuseconnParams,
)
from .typedefs import UNSET, Unset

# Seconds an idle connection is kept.
_KEEPALIVE = 15.0
# Seconds that close() waits for transports to be gone.
_CLOSING = 1.0


class ConnectorOptions(TypedDict, total=False):
    """Keyword arguments of all connectors; see BaseConnector."""

    keepalive_timeout: float | Unset | None
    force_close: bool
    limit: int
    limit_per_host: int
    enable_cleanup_closed: bool
    loop: asyncio.AbstractEventLoop | None
    timeout_ceil_threshold: float


class BaseConnector:
    """Pool and limits; a subclass says in _dial() how a connection comes to be.

    limit: connections in use or being opened at a time, 0 for no limit; idle ones are closed
        before the number of open ones would exceed it.
    limit_per_host: the same for each host, port and kind of TLS.
    keepalive_timeout: seconds an idle connection is kept, 15 if not given; None for ever.
    force_close: use every connection once.
    Raises RuntimeError without a running event loop, ValueError for contradictory options.
    """

    allowed_protocol_schema_set = frozenset({"", "http", "https", "ws", "wss"})

    def __init__(
        self,
        *,
        keepalive_timeout: float | Unset | None = UNSET,
        force_close: bool = False,
        limit: int = 100,
        limit_per_host: int = 0,
        enable_cleanup_closed: bool = False,
        loop: asyncio.AbstractEventLoop | None = None,
        timeout_ceil_threshold: float = 5,
    ) -> None:
        self._closed = True  # until everything below is there, for __del__
        if force_close and not isinstance(keepalive_timeout, Unset) and keepalive_timeout is not None:
            raise ValueError("keepalive_timeout says how long to keep what force_close closes: give one of them")
        for name, most in (("limit", limit), ("limit_per_host", limit_per_host)):
            if most is not None and most < 0:
                raise ValueError(f"{name} must be a number of connections, or 0 for no limit, got {most}")
        self._loop = loop or asyncio.get_running_loop()
        self._force_close = force_close
        self._ceil_threshold = timeout_ceil_threshold
        keepalive = _KEEPALIVE if isinstance(keepalive_timeout, Unset) else keepalive_timeout
        self._pool = Pool(self._loop, limit=limit, limit_per_host=limit_per_host, keepalive=keepalive)
        self.clock = Clock(self._loop)
        # Bound once: the way of a request that finds an idle connection.
        self.take_idle: Callable[[ConnectionKey], Connection | None] = self._pool.take_idle
        self._open: set[Connection] = set()
        self._connecting: set[asyncio.Timeout] = set()
        self._pace = Pace(self._loop)
        self._closed = False

    def __del__(self) -> None:
        if self._closed or not self._open:
            return
        warnings.warn(
            f"Unclosed connector {self!r}: await connector.close()", ResourceWarning, source=self, stacklevel=1
        )
        if not self._loop.is_closed():
            self._close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {'closed' if self._closed else self._pool}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __enter__(self) -> Self:
        warnings.warn(
            "`with connector` does not wait for connections to be gone: use `async with`",
            DeprecationWarning,
            stacklevel=2,
        )
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    @property
    def closed(self) -> bool:
        return self._closed

    @property
    def force_close(self) -> bool:
        return self._force_close

    @property
    def limit(self) -> int:
        return self._pool.limit

    @property
    def limit_per_host(self) -> int:
        return self._pool.limit_per_host

    @property
    def _conns(self) -> dict[ConnectionKey, list[tuple[Connection, float]]]:
        """Idle connections and since when: the recipe for waiting until TLS is closed looks at their transports."""
        return self._pool.idle_connections()

    async def connect(
        self, key: ConnectionKey, timeout: ClientTimeout, traces: Traced | None = None, started: float | None = None
    ) -> Connection:
        """A connection for key, with its slot: from the pool when it is our turn, else a new one.

        started: loop time at which the total of timeout began, None if it does not apply here.
        Raises ClientConnectorError and its kin, ConnectionTimeoutError, TimeoutError for total, or
        ClientConnectionError when the connector is closed meanwhile."""
        limit = ConnectLimit(self._loop, key, timeout, started)
        self._connecting.add(limit.scope)
        try:
            async with limit.scope:
                if not self._pool.take_slot(key):
                    connection = await self._wait(key, traces)
                    if connection is not None and not connection.closed:
                        return connection
                try:
                    turn = self._pace.begin()
                    if turn is not None:
                        await turn
                    return await self._new_connection(key, limit, traces)
                except BaseException:
                    self._pool.free_slot(key)
                    raise
        except TimeoutError as error:
            if not limit.scope.expired():
                raise
            raise (closed_error() if self._closed else limit.error(self._pool)) from error
        finally:
            self._connecting.discard(limit.scope)

    async def _wait(self, key: ConnectionKey, traces: Traced | None) -> Connection | None:
        if traces is None:
            return await self._pool.wait(key)
        await traces.tell(TraceConnectionQueuedStartParams())
        connection = await self._pool.wait(key)
        try:
            await traces.tell(TraceConnectionQueuedEndParams())
            if connection is not None and not connection.closed:
                await traces.tell(TraceConnectionReuseconnParams())
        except BaseException:
            if connection is None:
                self._pool.free_slot(key)
            else:
                connection.hold()
                connection.close()
            raise
        return connection

    async def _new_connection(self, key: ConnectionKey, limit: ConnectLimit, traces: Traced | None) -> Connection:
        if self._closed:
            raise closed_error()
        if traces is not None:
            await traces.tell(TraceConnectionCreateStartParams())
        self._pool.make_room()
        connection = Connection(self._loop, self._pool, key, force_close=self._force_close)
        try:
            await self._dial(connection, key, limit, traces)
            limit.end_dial()
        except ssl_module.CertificateError as error:
            raise ClientConnectorCertificateError(key, error) from error
        except ssl_module.SSLError as error:
            raise ClientConnectorSSLError(key, error) from error
        except ClientConnectorError:
            raise
        except OSError as error:  # TimeoutError for one, which here can only be the system's
            raise ClientConnectorError(key, error) from error
        # Between the end of dialling and our turn either side may have closed.
        if self._closed:
            connection.close()
            raise closed_error()
        if connection.closed:
            raise ServerDisconnectedError("Server disconnected before the request was sent")
        self._open.add(connection)
        # Not a method of ours: an open connection must not keep a forgotten connector alive.
        connection.lost.add_done_callback(functools.partial(_forget, self._open, connection))
        if traces is not None:
            try:
                await traces.tell(TraceConnectionCreateEndParams())
            except BaseException:
                connection.close()
                raise
        return connection

    async def _dial(
        self, connection: Connection, key: ConnectionKey, limit: ConnectLimit, traces: Traced | None
    ) -> None:
        """Make connection the protocol of a transport to key, saying limit.begin_dial() when it is known whither.

        Raises OSError or ssl.SSLError."""
        raise NotImplementedError(f"{type(self).__name__} does not say how to dial")

    def _close(self) -> None:
        self._closed = True
        for scope in tuple(self._connecting):
            if not scope.expired():
                scope.reschedule(self._loop.time())
        self._pool.close()
        for connection in tuple(self._open):
            connection.close()
        self.clock.stop()

    def close(self) -> Awaitable[None]:
        """Close all connections; whoever waits or reads gets ClientConnectionError.

        That happens at once; awaiting the result waits, a second at most, until sockets are gone."""
        if not self._closed:
            self._close()
        return _Later(self._wait_closed)

    async def _wait_closed(self) -> None:
        if self._open:
            await asyncio.wait([connection.lost for connection in self._open], timeout=_CLOSING)


class _Later:
    """Awaitable that does nothing, not even complain, unless awaited."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._function = function

    def __await__(self) -> Generator[Any, None, None]:
        return self._function().__await__()


def _forget(connections: set[Connection], connection: Connection, _: asyncio.Future[None]) -> None:
    connections.discard(connection)
