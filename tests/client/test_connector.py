"""What connectors are made with, and what may happen while they connect."""

import asyncio
import contextlib
import gc
import socket
import ssl
import time

import pytest

import aiohttp_client as aiohttp


async def test_the_old_names_of_ssl(certificates):
    context = certificates.client()
    pinned = bytes(32)
    assert aiohttp.TCPConnector(verify_ssl=False)._ssl is False
    assert aiohttp.TCPConnector(verify_ssl=True)._ssl is True
    assert aiohttp.TCPConnector(ssl_context=context)._ssl is context
    assert aiohttp.TCPConnector(fingerprint=pinned)._ssl == aiohttp.Fingerprint(pinned)
    for two in ({"verify_ssl": False, "ssl": context}, {"ssl_context": context, "fingerprint": pinned}):
        with pytest.raises(ValueError, match="give one of them"):
            aiohttp.TCPConnector(**two)
    with pytest.raises(TypeError, match="ssl must be"):
        aiohttp.TCPConnector(ssl="yes")


async def test_the_old_names_of_ssl_for_a_request(web, certificates):
    url = await web.tls("unknown authority") + "/json"
    async with aiohttp.ClientSession() as session:
        for options in ({"verify_ssl": False}, {"fingerprint": certificates.digest("unknown authority")}):
            async with session.get(url, **options) as response:
                assert response.status == 200
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.get(url, ssl_context=ssl.create_default_context())
        with pytest.raises(ValueError, match="give one of them"):
            await session.get(url, verify_ssl=False, ssl=False)


async def test_what_has_no_effect_any_more_says_so():
    with pytest.warns(DeprecationWarning, match="ssl_shutdown_timeout"):
        aiohttp.TCPConnector(ssl_shutdown_timeout=1)
    with pytest.warns(DeprecationWarning, match="ssl_shutdown_timeout"):
        await aiohttp.ClientSession(ssl_shutdown_timeout=0).close()
    connector = aiohttp.TCPConnector(enable_cleanup_closed=True)
    with pytest.warns(DeprecationWarning, match="async with"), connector as same:
        assert same is connector
    assert connector.closed


async def test_a_session_is_better_kept_than_inherited():
    with pytest.warns(DeprecationWarning, match="inherits from ClientSession"):

        class Mine(aiohttp.ClientSession):
            pass

    await Mine().close()


async def test_unknown_options_are_refused():
    with pytest.raises(TypeError, match="no_such_option"):
        aiohttp.TCPConnector(no_such_option=1)
    with pytest.raises(TypeError, match="no_such_option"):
        aiohttp.ClientSession(no_such_option=1)


async def test_a_keepalive_time_for_connections_that_are_closed_makes_no_sense():
    with pytest.raises(ValueError, match="force_close"):
        aiohttp.TCPConnector(force_close=True, keepalive_timeout=10)
    assert aiohttp.TCPConnector(force_close=True, keepalive_timeout=None).force_close


async def test_limits_that_no_request_could_keep_are_refused():
    for options in ({"limit": -1}, {"limit_per_host": -2}):
        with pytest.raises(ValueError, match="0 for no limit"):
            aiohttp.TCPConnector(**options)


async def test_two_sessions_share_a_connector(web):
    async with aiohttp.TCPConnector(limit=1) as connector:
        for _ in range(2):
            async with aiohttp.ClientSession(connector=connector, connector_owner=False) as session:
                async with session.get(f"{web.url}/json") as response:
                    assert response.status == 200
        assert connector._pool.idle == 1 and not connector.closed


async def test_the_address_to_connect_from(web, origin):
    origin.plays(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(local_addr=("127.0.0.9", 0))) as session:
        async with session.get(f"{web.url}/echo"):
            pass
        (connection,) = session.connector._open
        assert connection.transport.get_extra_info("sockname")[0] == "127.0.0.9"
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(local_addr=("::1", 0))) as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(origin.url)


async def test_a_socket_factory_makes_the_sockets(web):
    made = []

    def factory(info):
        family, kind, proto, _, _ = info
        made.append(socket.socket(family, kind, proto))
        made[-1].setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return made[-1]

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(socket_factory=factory)) as session:
        async with session.get(f"{web.url}/json") as response:
            assert response.status == 200
    assert len(made) == 1


async def test_a_forgotten_connector_complains_once(web):
    connector = aiohttp.TCPConnector()
    session = aiohttp.ClientSession(connector=connector, connector_owner=False)
    async with session.get(f"{web.url}/json") as response:
        await response.read()
    await session.close()
    with pytest.warns(ResourceWarning, match="Unclosed connector") as caught:
        del connector, session, response
        gc.collect()
        await asyncio.sleep(0.01)
    assert len(caught) == 1


class Addresses(aiohttp.abc.AbstractResolver):
    """Knows the same addresses for every name."""

    def __init__(self, *addresses):
        self.addresses = addresses

    async def resolve(self, host, port=0, family=socket.AF_INET):
        return [
            {"hostname": host, "host": address, "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}
            for address in self.addresses
        ]

    async def close(self):
        pass


async def test_an_address_that_does_not_answer_is_passed_after_a_moment(web, black_hole):
    """Happy eyeballs: no SYN is answered at the first address."""
    dead, port = black_hole

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.9", port)
    options = {"resolver": Addresses(dead, "127.0.0.9"), "happy_eyeballs_delay": 0.01}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(**options)) as session:
        async with session.get(f"http://h.example:{port}/") as response:
            assert await response.text() == "ok"
    server.close()
    await server.wait_closed()


async def test_only_addresses_of_the_family_are_used(origin):
    """IMP-C3: none of it is an error of connecting."""
    origin.plays(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    for family, works in ((socket.AF_INET, True), (socket.AF_INET6, False)):
        connector = aiohttp.TCPConnector(resolver=Addresses("127.0.0.1"), family=family)
        assert connector.family is family
        async with aiohttp.ClientSession(connector=connector) as session:
            for url in (origin.url, origin.url.replace("127.0.0.1", "h.example")):
                if works:
                    async with session.get(url) as response:
                        assert response.status == 200
                else:
                    with pytest.raises(aiohttp.ClientConnectorError, match="no address of family AF_INET6"):
                        await session.get(url)


async def test_requests_do_not_wait_for_acknowledgements(web, certificates):
    """TCP_NODELAY, whatever the loop and the engine of TLS."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=certificates.client())) as session:
        for url in (web.url, await web.tls()):
            async with session.get(f"{url}/json"):
                pass
        for connection in session.connector._open:
            sock = connection.transport.get_extra_info("socket")
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert len(session.connector._open) == 2


@pytest.mark.parametrize("by", ["fingerprint", "authority"])
async def test_the_next_address_is_tried_where_the_certificate_is_wrong(certificates, by):
    served = []

    async def serve(reader, writer):
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while await reader.readuntil(b"\r\n\r\n"):
                served.append(writer.get_extra_info("sockname")[0])
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        writer.close()

    wrong = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=certificates.server("unknown authority"))
    port = wrong.sockets[0].getsockname()[1]
    right = await asyncio.start_server(serve, "127.0.0.2", port, ssl=certificates.server())
    option = aiohttp.Fingerprint(certificates.digest()) if by == "fingerprint" else certificates.client()
    connector = aiohttp.TCPConnector(resolver=Addresses("127.0.0.1", "127.0.0.2"), ssl=option)
    async with aiohttp.ClientSession(connector=connector) as session:
        for _ in range(2):
            async with session.get(f"https://localhost:{port}/") as response:
                assert await response.text() == "ok"
        assert (connector._pool.in_use, connector._pool.idle) == (0, 1)
    assert served == ["127.0.0.2"] * 2
    for server in (wrong, right):
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize("data", [b"", b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"])
@pytest.mark.parametrize("tunnel", [False, True])
async def test_a_server_that_hangs_up_with_the_end_of_the_handshake(certificates, tunnel, data):
    """Finished, data and close_notify in one segment: they are read before the request is sent."""

    async def serve(reader, writer):
        context = certificates.server()
        context.maximum_version = ssl.TLSVersion.TLSv1_2  # where the server has the last word of a handshake
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_side=True)
        if tunnel:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                writer.write(outgoing.read())
                incoming.write(await reader.read(65536))
        if data:
            tls.write(data)
        try:
            tls.unwrap()
        except ssl.SSLWantReadError:
            writer.write(outgoing.read())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    address = f"localhost:{server.sockets[0].getsockname()[1]}"
    connector = aiohttp.TCPConnector(ssl=certificates.client())
    async with aiohttp.ClientSession(connector=connector, proxy=f"http://{address}" if tunnel else None) as session:
        for _ in range(2):
            try:
                async with session.get(f"https://{address}/") as response:
                    assert data and response.status == 408
            except aiohttp.ServerDisconnectedError:
                pass
        assert session.connector._pool.in_use == 0
    server.close()
    await server.wait_closed()


async def test_a_connector_closed_when_the_connection_is_just_there(origin):
    class ClosesItself(aiohttp.TCPConnector):
        async def _dial(self, *arguments):
            await super()._dial(*arguments)
            self.close()

    async with aiohttp.ClientSession(connector=ClosesItself()) as session:
        with pytest.raises(aiohttp.ClientConnectionError, match="Connector is closed"):
            await session.get(origin.url)
        assert session.connector._pool.in_use == 0
    assert origin.requests == []


async def test_a_connector_closed_in_the_turn_in_which_a_request_times_out():
    """One of the two must not keep the other from its work."""
    resolver = Addresses()
    resolver.resolve = lambda *question, **options: asyncio.Event().wait()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=resolver)) as session:
        connector = session.connector
        request = asyncio.create_task(session.get("http://h.example/", timeout=aiohttp.ClientTimeout(connect=0.05)))
        await asyncio.sleep(0.01)
        (scope,) = connector._connecting
        loop = asyncio.get_running_loop()
        loop.call_at(scope.when() + 0.005, connector.close)
        loop.call_at(scope.when() - 0.02, time.sleep, 0.1)  # then both are due
        with pytest.raises(aiohttp.ClientConnectionError):
            await request
        assert connector.closed and connector._pool._closed and connector._pool.in_use == 0
