"""Connectors: a pool, a way to dial, and what to say when that fails; nothing more."""

from __future__ import annotations

import asyncio
import functools
import socket
import ssl as ssl_module
import warnings
from collections.abc import Awaitable, Callable
from typing import Any, Unpack

from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from ._net.connecting import ConnectLimit
from ._net.connection import Connection
from ._net.dial import AddrInfoType, SocketFactoryType, address_infos, dial_tcp, literal_address
from ._net.pool import closed_error
from ._net.proxy import TunnelRefused, open_tunnel
from ._net.target import ConnectionKey
from ._net.tls import Fingerprint, SSLOption, context_of, one_ssl_option
from .abc import AbstractResolver, ResolveResult
from .base_connector import BaseConnector as BaseConnector
from .base_connector import ConnectorOptions
from .exceptions import (
    BadHttpMessage,
    ClientConnectorCertificateError,
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientConnectorSSLError,
    ClientHttpProxyError,
    ClientProxyConnectionError,
    UnixClientConnectorError,
)
from .request import Traced
from .request_info import RequestInfo
from .resolver import CachedResolver, Lookup, Tell, ThreadedResolver
from .timeouts import ClientTimeout
from .tracing import (
    TraceDnsCacheHitParams,
    TraceDnsCacheMissParams,
    TraceDnsResolveHostEndParams,
    TraceDnsResolveHostStartParams,
)
from .typedefs import UNSET, Unset


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
    limit, limit_per_host, keepalive_timeout, force_close: see BaseConnector.
    """

    allowed_protocol_schema_set = BaseConnector.allowed_protocol_schema_set | {"tcp"}

    def __init__(
        self,
        *,
        ssl: SSLOption | None = True,
        verify_ssl: bool | None = None,
        fingerprint: bytes | None = None,
        ssl_context: ssl_module.SSLContext | None = None,
        use_dns_cache: bool = True,
        ttl_dns_cache: float | None = 10,
        dns_cache_max_size: int = 1000,
        family: socket.AddressFamily = socket.AddressFamily.AF_UNSPEC,
        local_addr: tuple[str, int] | None = None,
        resolver: AbstractResolver | None = None,
        happy_eyeballs_delay: float | None = 0.25,
        interleave: int | None = None,
        socket_factory: SocketFactoryType | None = None,
        ssl_shutdown_timeout: float | Unset | None = UNSET,
        **base: Unpack[ConnectorOptions],
    ) -> None:
        self._closed = True
        if not isinstance(ssl_shutdown_timeout, Unset):
            warnings.warn(
                "ssl_shutdown_timeout has no effect: connections that are done are closed at once",
                DeprecationWarning,
                stacklevel=2,
            )
        self._ssl = one_ssl_option(ssl, verify_ssl, ssl_context, fingerprint)
        super().__init__(**base)
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

    # For connectors of other libraries (SOCKS), which connect in their own way: an async method that is called with
    # addr_infos=, req=, timeout=, ssl=, server_hostname= and client_error=, and gives (transport, its protocol).
    _wrap_create_connection: Callable[..., Awaitable[tuple[asyncio.Transport, asyncio.BaseProtocol]]] | None = None

    async def _dial(
        self, connection: Connection, key: ConnectionKey, limit: ConnectLimit, traces: Traced | None
    ) -> None:
        if key.proxy is not None:
            await self._dial_proxied(connection, key, key.proxy, limit)
            return
        infos = await self._resolve(key, traces)
        if self._wrap_create_connection is not None:
            await self._dial_wrapped(connection, key, infos, limit.timeout)
            return
        limit.begin_dial(key)
        await self._dial_tcp(connection.protocol, key, infos, self._tls_option(key))

    async def _dial_wrapped(
        self, connection: Connection, key: ConnectionKey, infos: list[AddrInfoType], timeout: ClientTimeout
    ) -> None:
        assert self._wrap_create_connection is not None
        tls = self._tls_option(key)
        transport, protocol = await self._wrap_create_connection(
            lambda: connection.protocol,
            addr_infos=infos,
            req=None,
            timeout=timeout,
            ssl=await context_of(tls) if key.is_ssl else None,
            server_hostname=_tls_name(key) if key.is_ssl else None,
            client_error=ClientConnectorError,
        )
        try:
            if key.is_ssl and isinstance(tls, Fingerprint):
                tls.check(transport)
        except BaseException:
            transport.abort()
            raise
        if protocol is not connection.protocol:
            transport.set_protocol(connection.protocol)
            connection.connection_made(transport)
            # It may hold what would close the transport when collected, as a StreamWriter does.
            connection.lost.add_done_callback(functools.partial(_keep, protocol))

    def _dial_tcp(
        self,
        protocol: asyncio.Protocol,
        key: ConnectionKey,
        infos: list[AddrInfoType],
        tls: SSLOption,
        *,
        will_start_tls: bool = False,
    ) -> Awaitable[None]:
        return dial_tcp(
            protocol,
            infos,
            local_addr=self._local_addr,
            happy_eyeballs_delay=self._happy_eyeballs_delay,
            interleave=self._interleave,
            socket_factory=self._socket_factory,
            tls=tls if key.is_ssl else None,
            server_hostname=_tls_name(key),
            will_start_tls=will_start_tls,
        )

    def _tls_option(self, key: ConnectionKey) -> SSLOption:
        return self._ssl if key.ssl is True else key.ssl

    async def _dial_proxied(self, connection: Connection, key: ConnectionKey, proxy: URL, limit: ConnectLimit) -> None:
        assert proxy.raw_host is not None
        tls = self._tls_option(key)
        pinned = tls if isinstance(tls, Fingerprint) else None
        # A pinned certificate is the target's; the proxy has to be who it says, like any server.
        proxy_tls = True if pinned is not None else tls
        proxy_key = ConnectionKey(proxy.raw_host, proxy.port, proxy.scheme == "https", proxy_tls)
        infos = await self._resolve(proxy_key, None)

        async def dial(protocol: asyncio.Protocol) -> None:
            try:
                await self._dial_tcp(protocol, proxy_key, infos, proxy_tls, will_start_tls=key.is_ssl)
            except ssl_module.CertificateError as error:
                raise ClientConnectorCertificateError(proxy_key, error) from error
            except ssl_module.SSLError as error:
                raise ClientConnectorSSLError(proxy_key, error) from error
            except OSError as error:
                raise ClientProxyConnectionError(proxy_key, error) from error

        limit.begin_dial(proxy_key)
        if not key.is_tunnelled:
            await dial(connection.protocol)
            return
        try:
            await open_tunnel(
                dial,
                key,
                connection.protocol,
                context=await context_of(tls) if key.is_ssl else None,
                pinned=pinned,
                server_hostname=_tls_name(key),
            )
        except TunnelRefused as error:
            answer = error.head
            raise ClientHttpProxyError(
                _connect_info(key), (), status=answer.status, message=answer.reason, headers=answer.headers
            ) from error
        except BadHttpMessage as error:
            raise ClientHttpProxyError(_connect_info(key), (), status=error.code, message=error.message) from error
        except (ClientConnectorError, ssl_module.SSLError):
            raise
        except (ConnectionError, TimeoutError) as error:
            raise ClientProxyConnectionError(proxy_key, error) from error

    async def _resolve(self, key: ConnectionKey, traces: Traced | None) -> list[AddrInfoType]:
        assert key.port is not None
        try:
            addresses = await self._resolve_host(key.host, key.port, traces)
        except OSError as error:
            raise ClientConnectorDNSError(key, error) from error
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self._closed and task is not None and not task.cancelling():
                raise closed_error() from None  # it was the lookup that was cancelled, not who waits for it
            raise
        if self._family != socket.AF_UNSPEC:
            wanted = [address for address in addresses if address["family"] == self._family]
            if not wanted:
                raise ClientConnectorError(
                    key, OSError(None, f"no address of family {socket.AddressFamily(self._family).name}")
                )
            addresses = wanted
        return address_infos(addresses)

    async def _resolve_host(self, host: str, port: int, traces: Traced | None = None) -> list[ResolveResult]:
        """All addresses of host, which may be one itself; overridden by those who allow only some."""
        addresses = literal_address(host, port)
        if addresses is not None:
            return addresses
        tell = None if traces is None else _lookup_teller(traces, host)
        return list(await self._resolver.resolve(host, port, self._family, tell))


class UnixConnector(BaseConnector):
    """Connections to the Unix socket at path, whatever host a URL names; TLS for https, as over TCP.

    Raises UnixClientConnectorError where path cannot be connected to."""

    allowed_protocol_schema_set = BaseConnector.allowed_protocol_schema_set | {"unix"}

    def __init__(
        self,
        path: str,
        force_close: bool = False,
        keepalive_timeout: float | Unset | None = UNSET,
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

    async def _dial(
        self, connection: Connection, key: ConnectionKey, limit: ConnectLimit, traces: Traced | None
    ) -> None:
        limit.begin_dial(key)
        context = await context_of(key.ssl) if key.is_ssl else None
        try:
            transport, _ = await self._loop.create_unix_connection(
                lambda: connection.protocol,
                self._path,
                ssl=context,
                server_hostname=_tls_name(key) if context else None,
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


class NamedPipeConnector(BaseConnector):
    """Connections to the named pipe at path, on Windows.

    Raises RuntimeError where the event loop is not the proactor one."""

    allowed_protocol_schema_set = BaseConnector.allowed_protocol_schema_set | {"npipe"}

    def __init__(
        self,
        path: str,
        force_close: bool = False,
        keepalive_timeout: float | Unset | None = UNSET,
        limit: int = 100,
        limit_per_host: int = 0,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._closed = True
        proactor = getattr(asyncio, "ProactorEventLoop", None)
        if proactor is None or not isinstance(loop or asyncio.get_running_loop(), proactor):
            raise RuntimeError("Named Pipes only available in proactor loop under windows")
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

    async def _dial(
        self, connection: Connection, key: ConnectionKey, limit: ConnectLimit, traces: Traced | None
    ) -> None:
        if key.is_ssl:
            raise ClientConnectorError(key, OSError(None, "there is no TLS over named pipes: use http"))
        proactor: Any = self._loop  # only there has it create_pipe_connection()
        limit.begin_dial(key)
        await proactor.create_pipe_connection(lambda: connection.protocol, self._path)


def _keep(protocol: asyncio.BaseProtocol, _: asyncio.Future[None]) -> None:
    """Nothing, but whoever may call it keeps protocol."""


def _tls_name(key: ConnectionKey) -> str:
    """The name that the server's certificate has to be for."""
    return key.server_hostname or key.host.rstrip(".")


def _connect_info(key: ConnectionKey) -> RequestInfo:
    """The CONNECT request, for errors: without what was said to authenticate."""
    assert key.proxy is not None
    return RequestInfo(key.proxy, "CONNECT", CIMultiDictProxy(CIMultiDict(key.proxy_headers)), key.proxy)


def _lookup_teller(traces: Traced, host: str) -> Tell:
    async def tell(lookup: Lookup) -> None:
        await traces.tell(_LOOKUP_PARAMS[lookup](host))

    return tell


_LOOKUP_PARAMS: dict[Lookup, Callable[[str], Any]] = {
    Lookup.HIT: TraceDnsCacheHitParams,
    Lookup.MISS: TraceDnsCacheMissParams,
    Lookup.START: TraceDnsResolveHostStartParams,
    Lookup.END: TraceDnsResolveHostEndParams,
}
