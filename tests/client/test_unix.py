"""Unix sockets, against a real server."""

import pytest

import aiohttp_client as aiohttp


async def test_requests_go_to_the_socket_whatever_the_host(web, tmp_path):
    path = tmp_path / "web.sock"
    await web.unix(path)
    connector = aiohttp.UnixConnector(str(path))
    async with aiohttp.ClientSession(connector=connector) as session:
        for _ in range(2):
            async with session.post("http://any.example/echo?a=1", data=b"x") as response:
                echo = await response.json()
        assert (echo["path_qs"], echo["body"]) == ("/echo?a=1", "x")
        assert ["Host", "any.example"] in echo["headers"]
        assert connector.path == str(path) and connector._pool.idle == 1


async def test_https_is_tls_there_too(web, certificates, tmp_path):
    """IMP-C8: never in the clear."""
    path = tmp_path / "web.sock"
    await web.unix(path, "good")
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(path)), ssl=certificates.client()) as session:
        async with session.get("https://localhost/json") as response:
            assert await response.json() == {"server": "aiohttp.web"}
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.get("https://other.example/json")
        with pytest.raises(aiohttp.ServerFingerprintMismatch, match=r", 0\)"):
            await session.get("https://localhost/json", ssl=aiohttp.Fingerprint(bytes(32)))
        pinned = aiohttp.Fingerprint(certificates.digest())
        async with session.get("https://localhost/json", ssl=pinned) as response:
            assert response.status == 200
        assert session.connector._pool.in_use == 0


@pytest.mark.parametrize("kind", ["missing", "a file", "too long"])
async def test_paths_that_cannot_be_connected_to(tmp_path, kind):
    path = tmp_path / ("x" * 200 if kind == "too long" else "x")
    if kind == "a file":
        path.write_text("no socket")
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(path))) as session:
        with pytest.raises(aiohttp.ClientConnectorError, match="Cannot connect to unix socket") as caught:
            await session.get("http://h/")
        assert caught.value.path == str(path) and isinstance(caught.value.os_error, OSError)
        assert session.connector._pool.in_use == 0


async def test_the_socket_of_nginx(nginx):
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(nginx.socket))) as session:
        for url in ("http://any.example/", "unix://any.example/"):
            async with session.get(url) as response:
                assert await response.text() == " at any.example"


async def test_a_url_for_another_connector_is_refused(nginx):
    async with aiohttp.ClientSession() as session:
        for url in ("unix://any.example/", "npipe://any.example/"):
            with pytest.raises(aiohttp.NonHttpUrlClientError):
                await session.get(url)
        async with session.get(nginx.url.replace("http:", "tcp:") + "/json") as response:
            assert response.status == 200


async def test_named_pipes_are_for_windows():
    """IMP-C9."""
    with pytest.raises(RuntimeError, match="Named Pipes"):
        aiohttp.NamedPipeConnector(r"\\.\pipe\name")
