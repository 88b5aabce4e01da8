"""Connectors, resolvers and their errors as users write them; see bodies.py."""

from __future__ import annotations

import socket
import ssl
from typing import assert_type

import aiohttp_client as aiohttp
from aiohttp_client.abc import AbstractResolver, ResolveResult


class Fixed(AbstractResolver):
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=family, proto=0, flags=0)]

    async def close(self) -> None: ...


def make_socket(info: aiohttp.AddrInfoType) -> socket.socket:
    family, kind, proto, _, _ = info
    made = socket.socket(family, kind, proto)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return made


async def connectors() -> list[aiohttp.BaseConnector]:
    pinned = aiohttp.Fingerprint(bytes(32))
    tcp = aiohttp.TCPConnector(
        ssl=pinned,
        resolver=Fixed(),
        use_dns_cache=True,
        family=socket.AF_INET,
        local_addr=("127.0.0.1", 0),
        happy_eyeballs_delay=None,
        interleave=1,
        socket_factory=make_socket,
        keepalive_timeout=None,
        limit=0,
    )
    assert_type(tcp.limit, int)
    assert_type(tcp.closed, bool)
    assert_type(tcp.family, socket.AddressFamily)
    tcp.clear_dns_cache("example.org", 443)
    async with aiohttp.TCPConnector(resolver=aiohttp.ThreadedResolver()) as other:
        assert_type(other, aiohttp.TCPConnector)
    unix = aiohttp.UnixConnector(path="/run/app.sock", limit=5, force_close=True)
    assert_type(unix.path, str)
    await tcp.close()
    return [tcp, unix]


async def tls(session: aiohttp.ClientSession) -> None:
    context = ssl.create_default_context(cafile="ca.pem")
    context.load_cert_chain("client.pem")
    for option in (True, False, context, aiohttp.Fingerprint(bytes(32))):
        await session.get("https://example.org", ssl=option, server_hostname="other.example")


async def proxies(session: aiohttp.ClientSession) -> int:
    try:
        async with session.get(
            "https://example.org",
            proxy="http://proxy.example:3128",
            proxy_auth=aiohttp.BasicAuth("user", "secret"),
            proxy_headers={"X-Proxy": "1"},
        ) as response:
            return response.status
    except aiohttp.ClientHttpProxyError as error:
        return error.status
    except aiohttp.ClientProxyConnectionError as error:
        assert_type(error.port, int | None)
        return 0


async def errors(session: aiohttp.ClientSession) -> str:
    timeout = aiohttp.ClientTimeout(total=None, connect=1, sock_connect=2.5, sock_read=10)
    try:
        await session.get("https://example.org", timeout=timeout, raise_for_status=True)
    except aiohttp.ClientConnectorCertificateError as error:
        return f"{error.host} {error.certificate_error}"
    except aiohttp.ClientConnectorDNSError as error:
        return f"{error.os_error.strerror}"
    except aiohttp.ServerFingerprintMismatch as error:
        assert_type(error.got, bytes)
        return error.host
    except (aiohttp.ServerTimeoutError, TimeoutError) as error:
        return repr(error)
    except aiohttp.InvalidURL as error:
        return f"{error.url} {error.description}"
    except aiohttp.ClientPayloadError:
        return "cut off"
    return ""
