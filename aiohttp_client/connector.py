"""Connectors: a pool, a way to dial, and what to say when that fails; nothing more."""

from __future__ import annotations

import asyncio
import functools
import socket
import ssl as ssl_module
import warnings
from collections.abc import Awaitable, Callable, Coroutine, Generator
from types import TracebackType
from typing import Any, Self

from ._net.clock import Clock
from ._net.connection import Connection
from ._net.dial import AddrInfoType, SocketFactoryType, address_infos, dial_tcp, literal_address
from ._net.pool import Pool, closed_error
from ._net.target import ConnectionKey
from ._net.tls import Fingerprint, SSLOption, check_ssl, context_of
from .abc import AbstractResolver
from .exceptions import (
    ClientConnectorCertificateError,
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientConnectorSSLError,
    ConnectionTimeoutError,
    UnixClientConnectorError,
)
from .resolver import CachedResolver, ThreadedResolver
from .timeouts import ClientTimeout

# Seconds an idle connection is kept.
_KEEPALIVE = 15.0
# Seconds that close() waits for transports to be gone.
_CLOSING = 1.0


class _Unset:
    def __repr__(self) -> str:
        return "<not given>"


_UNSET = _Unset()


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
        keepalive_timeout: float | _Unset | None = _UNSET,
        force_close: bool = False,
        limit: int = 100,
        limit_per_host: int = 0,
        enable_cleanup_closed: bool = False,
        loop: asyncio.AbstractEventLoop | None = None,
        timeout_ceil_threshold: float = 5,
    ) -> None:
        self._closed = True  # until everything below is there, for __del__
        if force_close and not isinstance(keepalive_timeout, _Unset) and keepalive_timeout is not None:
            raise ValueError("keepalive_timeout says how long to keep what force_close closes: give one of them")
        self._loop = loop or asyncio.get_running_loop()
        self._force_close = force_close
        self._ceil_threshold = timeout_ceil_threshold
        keepalive = _KEEPALIVE if isinstance(keepalive_timeout, _Unset) else keepalive_timeout
        self._pool: Pool[Connection] = Pool(self._loop, limit=limit, limit_per_host=limit_per_host, keepalive=keepalive)
        self.clock = Clock(self._loop)
        # Bound once: the way of a request that finds an idle connection.
        self.take_idle = self._pool.take_idle
        self._open: set[Connection] = set()
        self._connecting: set[asyncio.Timeout] = set()
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

    async def connect(self, key: ConnectionKey, timeout: ClientTimeout) -> Connection:
        """A connection for key, with its slot: from the pool when it is our turn, else a new one.

        Raises ClientConnectorError and its kin, ConnectionTimeoutError, or ClientConnectionError
        when the connector is closed meanwhile."""
        seconds = timeout.connect if timeout.connect and timeout.connect > 0 else None
        scope = asyncio.timeout(seconds)
        self._connecting.add(scope)
        try:
            async with scope:
                if not self._pool.take_slot(key):
                    connection = await self._pool.wait(key)
                    if connection is not None and not connection.closed:
                        return connection
                try:
                    return await self._new_connection(key, timeout)
                except BaseException:
                    self._pool.free_slot(key)
                    raise
        except TimeoutError as error:
            if not scope.expired():
                raise
            if self._closed:
                raise closed_error() from error
            raise ConnectionTimeoutError(
                f"Connection timeout to host {_shown(key)}: no connection within connect={seconds} s ({self._pool!r})"
            ) from error
        finally:
            self._connecting.discard(scope)

    async def _new_connection(self, key: ConnectionKey, timeout: ClientTimeout) -> Connection:
        if self._closed:
            raise closed_error()
        self._pool.make_room()
        connection = Connection(self._loop, self._pool, key, force_close=self._force_close)
        try:
            await self._dial(connection, key, timeout)
        except ssl_module.CertificateError as error:
            raise ClientConnectorCertificateError(key, error) from error
        except ssl_module.SSLError as error:
            raise ClientConnectorSSLError(key, error) from error
        except TimeoutError:
            raise
        except ClientConnectorError:
            raise
        except OSError as error:
            raise ClientConnectorError(key, error) from error
        self._open.add(connection)
        # Not a method of ours: an open connection must not keep a forgotten connector alive.
        connection.lost.add_done_callback(functools.partial(_forget, self._open, connection))
        return connection

    async def _dial(self, connection: Connection, key: ConnectionKey, timeout: ClientTimeout) -> None:
        """Make connection the protocol of a transport to key. Raises OSError or ssl.SSLError."""
        raise NotImplementedError(f"{type(self).__name__} does not say how to dial")

    async def _within_sock_connect(
        self, dialling: Coroutine[Any, Any, None], key: ConnectionKey, timeout: ClientTimeout
    ) -> None:
        """Await dialling for as long as sock_connect allows. Raises ConnectionTimeoutError after that."""
        seconds = timeout.sock_connect if timeout.sock_connect and timeout.sock_connect > 0 else None
        scope = asyncio.timeout(seconds)
        try:
            async with scope:
                await dialling
        except TimeoutError as error:
            if not scope.expired():  # ETIMEDOUT of the system is one too
                raise ClientConnectorError(key, error) from error
            raise ConnectionTimeoutError(
                f"Connection timeout to host {_shown(key)}: not connected within sock_connect={seconds} s"
            ) from error

    def _close(self) -> None:
        self._closed = True
        for scope in tuple(self._connecting):
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


class TCPConnector(BaseConnector):
    """Connections over TCP, and TLS for https.

    ssl: used where a request says ssl=True: True verifies against the system's authorities, False
        verifies nothing, an SSLContext is used as it is, a Fingerprint pins the certificate.
    resolver: turns names into addresses; getaddrinfo in threads if not given.
    use_dns_cache, ttl_dns_cache, dns_cache_max_size: answers are kept 10 s, of 1000 names.
    family: socket.AF_INET or AF_INET6 to use nothing else.
    local_addr: (host, port) to connect from.
    happy_eyeballs_delay, interleave: RFC 8305; None switches the race off.
    socket_factory: makes the socket from an AddrInfoType.
    """

    allowed_protocol_schema_set = BaseConnector.allowed_protocol_schema_set | {"tcp"}

    def __init__(
        self,
        *,
        ssl: SSLOption = True,
        use_dns_cache: bool = True,
        ttl_dns_cache: float | None = 10,
        dns_cache_max_size: int = 1000,
        family: socket.AddressFamily = socket.AddressFamily.AF_UNSPEC,
        local_addr: tuple[str, int] | None = None,
        resolver: AbstractResolver | None = None,
        happy_eyeballs_delay: float | None = 0.25,
        interleave: int | None = None,
        socket_factory: SocketFactoryType | None = None,
        **base: Any,  # those of BaseConnector, which checks them
    ) -> None:
        self._closed = True
        check_ssl(ssl)
        super().__init__(**base)
        self._ssl = ssl
        self._family = family
        self._use_dns_cache = use_dns_cache
        self._owns_resolver = resolver is None
        self._resolver = CachedResolver(
            resolver or ThreadedResolver(), ttl=ttl_dns_cache, max_size=dns_cache_max_size, use_cache=use_dns_cache
        )
        self._local_addr = local_addr
        self._happy_eyeballs_delay = happy_eyeballs_delay
        self._interleave = 1 if interleave is None and happy_eyeballs_delay is not None else interleave
        self._socket_factory = socket_factory

    @property
    def family(self) -> socket.AddressFamily:
        return self._family

    @property
    def use_dns_cache(self) -> bool:
        return self._use_dns_cache

    def clear_dns_cache(self, host: str | None = None, port: int | None = None) -> None:
        """Forget the addresses of one host and port, or of all; ValueError for half of that."""
        self._resolver.clear(host, port)

    async def _wait_closed(self) -> None:
        await super()._wait_closed()
        await self._resolver.close()
        if self._owns_resolver:
            await self._resolver.resolver.close()

    async def _dial(self, connection: Connection, key: ConnectionKey, timeout: ClientTimeout) -> None:
        infos = await self._resolve(key)
        local_infos = await self._local_infos()
        tls = None
        if key.is_ssl:
            tls = self._ssl if key.ssl is True else key.ssl
        dialling = dial_tcp(
            connection,
            infos,
            local_infos=local_infos,
            happy_eyeballs_delay=self._happy_eyeballs_delay,
            interleave=self._interleave,
            socket_factory=self._socket_factory,
            tls=tls,
            server_hostname=key.server_hostname or key.host.rstrip("."),
        )
        await self._within_sock_connect(dialling, key, timeout)

    async def _resolve(self, key: ConnectionKey) -> list[AddrInfoType]:
        assert key.port is not None
        addresses = literal_address(key.host, key.port)
        if addresses is None:
            # One trailing dot means "do not append search domains"; more are a typing mistake.
            name = key.host.rstrip(".") + ("." if key.host.endswith(".") else "")
            try:
                addresses = list(await self._resolver.resolve(name, key.port, self._family))
            except OSError as error:
                raise ClientConnectorDNSError(key, error) from error
            except asyncio.CancelledError:
                if self._closed:
                    raise closed_error() from None
                raise
        if self._family != socket.AF_UNSPEC:
            wanted = [address for address in addresses if address["family"] == self._family]
            if not wanted:
                raise ClientConnectorError(
                    key, OSError(None, f"no address of family {socket.AddressFamily(self._family).name}")
                )
            addresses = wanted
        return address_infos(addresses)

    async def _local_infos(self) -> list[AddrInfoType] | None:
        if self._local_addr is None:
            return None
        host, port, *_ = self._local_addr
        found = await self._loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return [(family, kind, proto, name, address) for family, kind, proto, name, address in found]


class UnixConnector(BaseConnector):
    """Connections to the Unix socket at path, whatever host a URL names; TLS for https, as over TCP.

    Raises UnixClientConnectorError where path cannot be connected to."""

    allowed_protocol_schema_set = BaseConnector.allowed_protocol_schema_set | {"unix"}

    def __init__(
        self,
        path: str,
        force_close: bool = False,
        keepalive_timeout: float | _Unset | None = _UNSET,
        limit: int = 100,
        limit_per_host: int = 0,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(
            force_close=force_close,
            keepalive_timeout=keepalive_timeout,
            limit=limit,
            limit_per_host=limit_per_host,
            loop=loop,
        )
        self._path = path

    @property
    def path(self) -> str:
        return self._path

    async def _dial(self, connection: Connection, key: ConnectionKey, timeout: ClientTimeout) -> None:
        await self._within_sock_connect(self._connect_unix(connection, key), key, timeout)

    async def _connect_unix(self, connection: Connection, key: ConnectionKey) -> None:
        context = await context_of(key.ssl) if key.is_ssl else None
        name = key.server_hostname or key.host.rstrip(".")
        try:
            transport, _ = await self._loop.create_unix_connection(
                lambda: connection, self._path, ssl=context, server_hostname=name if context else None
            )
        except ssl_module.SSLError:
            raise
        except OSError as error:
            raise UnixClientConnectorError(self._path, key, error) from error
        if isinstance(key.ssl, Fingerprint):
            try:
                key.ssl.check(transport)
            except BaseException:
                transport.abort()
                raise


class _Later:
    """Awaitable that does nothing, not even complain, unless awaited."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._function = function

    def __await__(self) -> Generator[Any, None, None]:
        return self._function().__await__()


def _forget(connections: set[Connection], connection: Connection, _: asyncio.Future[None]) -> None:
    connections.discard(connection)


def _shown(key: ConnectionKey) -> str:
    return f"{'https' if key.is_ssl else 'http'}://{key.host}:{key.port}"
