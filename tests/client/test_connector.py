"""What connectors are made with."""

import asyncio
import gc
import ssl

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
    import socket

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
