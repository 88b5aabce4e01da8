"""Against servers nobody here wrote: nginx, aiohttp.web, httpbin; plain and over TLS."""

import asyncio
import ssl

import pytest

import aiohttp_client as aiohttp


async def test_nginx_serves_pages(nginx):
    async with aiohttp.ClientSession() as session:
        for _ in range(3):
            async with session.get(f"{nginx.url}/page.html") as response:
                assert (response.status, response.content_type) == (200, "text/html")
                assert await response.read() == nginx.html
            async with session.get(f"{nginx.url}/json") as response:
                assert await response.json() == {"server": "nginx"}
            async with session.head(f"{nginx.url}/page.html") as response:
                assert response.content_length == len(nginx.html) and await response.read() == b""
        assert session.connector._pool.idle == 1


async def test_nginx_compresses(nginx):
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{nginx.url}/gzip.html") as response:
            assert response.headers["Content-Encoding"] == "gzip"
            assert await response.read() == nginx.html
        async with session.get(f"{nginx.url}/gzip.html") as response:
            pieces = [piece async for piece in response.content.iter_chunked(1000)]
            assert b"".join(pieces) == nginx.html and max(map(len, pieces)) <= 1000


async def test_nginx_redirects_and_closes(nginx):
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{nginx.url}/moved") as response:
            assert await response.json() == {"server": "nginx"}
            assert [hop.status for hop in response.history] == [301]
        async with session.get(f"{nginx.url}/once") as response:
            assert await response.text() == "once"
        async with session.get(f"{nginx.url}/none") as response:
            assert response.status == 404 and b"nginx" in await response.read()


@pytest.mark.parametrize("tls", [False, True])
async def test_a_big_file_whole_and_in_pieces(nginx, certificates, tls):
    url = (nginx.tls_url if tls else nginx.url) + "/big"
    expected = nginx.big.read_bytes()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=certificates.client())) as session:
        async with session.get(url) as response:
            assert await response.read() == expected
        async with session.get(url) as response:
            at = 0
            async for piece in response.content.iter_chunked(2**16):
                assert piece == expected[at : at + len(piece)]
                at += len(piece)
            assert at == len(expected)
        assert (session.connector._pool.in_use, session.connector._pool.idle) == (0, 1)


async def test_many_requests_at_once(nginx):
    async with aiohttp.ClientSession() as session:

        async def fetch(number):
            async with session.get(f"{nginx.url}/json?{number}") as response:
                assert response.url.query_string == str(number)
                return await response.json()

        results = await asyncio.gather(*[fetch(number) for number in range(500)])
        assert results == [{"server": "nginx"}] * 500
        assert session.connector._pool.in_use == 0


async def test_a_server_that_closes_idle_connections_is_never_noticed(nginx):
    """nginx ends each connection after 20 requests and after a second of silence: 300 requests, no error."""
    async with aiohttp.ClientSession() as session:

        async def fetch():
            async with session.get(nginx.short_url) as response:
                return await response.text()

        for pause in (0, 0, 0.99, 1.0, 1.01):
            assert await asyncio.gather(*[fetch() for _ in range(10)]) == ["short"] * 10
            for _ in range(50):
                assert await fetch() == "short"
            await asyncio.sleep(pause)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_aiohttp_web_understands_us(web, method):
    async with aiohttp.ClientSession(headers={"X-Session": "s"}) as session:
        async with session.request(method, f"{web.url}/echo?a=1", params={"b": "ä"}, data="grün") as response:
            echo = await response.json()
    assert (echo["method"], echo["path_qs"]) == (method, "/echo?a=1&b=%C3%A4")
    assert echo["body"].encode("latin-1").decode() == "grün"
    assert ["X-Session", "s"] in echo["headers"]
    assert ["Content-Type", "text/plain; charset=utf-8"] in echo["headers"]


async def test_a_large_upload(web):
    body = bytes(range(256)) * 40_000
    async with aiohttp.ClientSession() as session, session.post(f"{web.url}/echo", data=body) as response:
        assert (await response.json())["body"].encode("latin-1") == body


async def test_chunked_streaming(web):
    expected = b"".join(b"chunk %d;" % number for number in range(1000))
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{web.url}/chunks?count=1000") as response:
            assert await response.read() == expected
        async with session.get(f"{web.url}/chunks?count=100") as response:
            chunks = [data async for data, _ in response.content.iter_chunks()]
            assert b"".join(chunks).endswith(b"chunk 99;")
        async with session.get(f"{web.url}/chunks?count=5") as response:
            assert await response.content.readuntil(b";") == b"chunk 0;"
            assert await response.content.readexactly(8) == b"chunk 1;"
        assert session.connector._pool.in_use == 0


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
async def test_codings_of_aiohttp_web(web, coding):
    async with aiohttp.ClientSession() as session, session.get(f"{web.url}/coded?coding={coding}") as response:
        assert response.headers["Content-Encoding"] == coding
        assert await response.read() == b"coded " * 10_000


async def test_slow_responses_wait_for_each_other_s_slots_only(web):
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def fetch():
            async with session.get(f"{web.url}/slow?seconds=0.2") as response:
                return await response.text()

        async with asyncio.timeout(10):
            assert await asyncio.gather(*[fetch() for _ in range(200)]) == ["slow"] * 200


async def test_httpbin(httpbin):
    async with aiohttp.ClientSession() as session:
        async with session.get(httpbin.url + "/get", params=[("key", "value1"), ("key", "value2")]) as response:
            assert (await response.json())["args"] == {"key": ["value1", "value2"]}
        async with session.post(httpbin.url + "/post", json={"test": "object"}) as response:
            assert (await response.json())["json"] == {"test": "object"}
        async with session.put(httpbin.url + "/put", data=b"data") as response:
            assert (await response.json())["data"] == "data"
        async with session.get(httpbin.url + "/gzip") as response:
            assert (await response.json())["gzipped"] is True
        async with session.get(httpbin.url + "/deflate") as response:
            assert (await response.json())["deflated"] is True
        async with session.get(httpbin.url + "/redirect/3") as response:
            assert len(response.history) == 3 and response.url.path == "/get"
        async with session.get(httpbin.url + "/basic-auth/me/pw") as response:
            assert response.status == 401
        async with session.get(httpbin.url.replace("://", "://me:pw@") + "/basic-auth/me/pw") as response:
            assert (await response.json())["authenticated"] is True
        async with session.get(httpbin.url + "/stream/5") as response:
            assert len([line async for line in response.content]) == 5
        async with session.get(httpbin.url + "/encoding/utf8") as response:
            assert "∮" in await response.text()


async def test_tls_is_verified_by_default(web):
    url = await web.tls()
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorCertificateError, match="(?i)certificate.verify.failed") as caught:
            await session.get(f"{url}/json")
        assert isinstance(caught.value.certificate_error, ssl.SSLCertVerificationError)
        assert isinstance(caught.value, ssl.CertificateError)
        assert caught.value.host == "localhost" and caught.value.ssl is True
        assert session.connector._pool.in_use == 0
        async with session.get(f"{url}/json", ssl=False) as response:
            assert await response.json() == {"server": "aiohttp.web"}
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.get(f"{url}/json")  # what was not verified is not reused for what must be


async def test_tls_with_a_trusted_authority(web, certificates):
    url = await web.tls()
    async with aiohttp.ClientSession() as session:
        for _ in range(2):
            async with session.get(f"{url}/json", ssl=certificates.client()) as response:
                assert await response.json() == {"server": "aiohttp.web"}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=certificates.client())) as session:
        for _ in range(3):
            async with session.get(f"{url}/json") as response:
                assert await response.json() == {"server": "aiohttp.web"}
        assert session.connector._pool.idle == 1
        async with session.get(url.replace("localhost", "127.0.0.1") + "/json") as response:
            assert response.status == 200


@pytest.mark.parametrize(
    ("kind", "message"),
    [("other host", "localhost"), ("expired", "expired"), ("unknown authority", "unable to get local issuer")],
)
async def test_certificates_that_are_not_good_enough(web, certificates, kind, message):
    url = await web.tls(kind)
    async with aiohttp.ClientSession(ssl=certificates.client()) as session:
        with pytest.raises(aiohttp.ClientConnectorCertificateError, match=message):
            await session.get(url)
        assert session.connector._pool.in_use == 0


async def test_server_hostname_is_verified_in_place_of_the_host(web, certificates):
    url = await web.tls("other host")
    async with aiohttp.ClientSession(ssl=certificates.client()) as session:
        async with session.get(f"{url}/json", server_hostname="other.example") as response:
            assert response.status == 200
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.get(f"{url}/json")


async def test_a_pinned_certificate(web, certificates):
    url = await web.tls("unknown authority")
    pinned = aiohttp.Fingerprint(certificates.digest("unknown authority"))
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{url}/json", ssl=pinned) as response:
            assert response.status == 200
        with pytest.raises(aiohttp.ServerFingerprintMismatch) as caught:
            await session.get(f"{url}/json", ssl=aiohttp.Fingerprint(b"\0" * 32))
        assert caught.value.got == pinned.fingerprint
        assert session.connector._pool.in_use == 0


async def test_plain_http_on_a_tls_port_and_the_reverse(web, certificates):
    tls = await web.tls()
    async with aiohttp.ClientSession(ssl=certificates.client()) as session:
        with pytest.raises(aiohttp.ClientConnectorSSLError):
            await session.get(web.url.replace("http:", "https:"))
        with pytest.raises((aiohttp.ClientError, OSError)):
            await session.get(tls.replace("https:", "http:"))
        async with session.get(f"{tls}/json") as response:
            assert response.status == 200


async def test_tls_of_nginx(nginx, certificates):
    async with aiohttp.ClientSession(ssl=certificates.client()) as session:

        async def fetch():
            async with session.get(f"{nginx.tls_url}/json") as response:
                return await response.json()

        assert await asyncio.gather(*[fetch() for _ in range(30)]) == [{"server": "nginx"}] * 30


async def test_nginx_asks_for_a_certificate(nginx, certificates):
    async with aiohttp.ClientSession() as session:
        async with session.get(nginx.client_url, ssl=certificates.client_with_certificate()) as response:
            assert "CN=client" in await response.text()
        async with session.get(nginx.client_url, ssl=certificates.client()) as response:
            assert response.status == 400
            assert "No required SSL certificate" in await response.text()


async def test_names_are_looked_up_and_kept(web):
    asked = []

    class Knows(aiohttp.ThreadedResolver):
        async def resolve(self, host, port=0, family=0):
            asked.append(host)
            return await super().resolve("127.0.0.1", port, family)

    connector = aiohttp.TCPConnector(resolver=Knows(), force_close=True)
    async with aiohttp.ClientSession(connector=connector) as session:
        url = web.url.replace("127.0.0.1", "some.test")
        for _ in range(3):
            async with session.get(f"{url}/json") as response:
                assert response.status == 200
        assert asked == ["some.test"]
        connector.clear_dns_cache()
        await asyncio.gather(*[session.get(f"{url}/json") for _ in range(5)])
        assert asked == ["some.test"] * 2, "concurrent lookups of one name are one"
    assert session.closed


async def test_the_next_address_is_tried(web):
    class TwoAddresses(aiohttp.ThreadedResolver):
        async def resolve(self, host, port=0, family=0):
            good = await super().resolve("127.0.0.1", port, family)
            bad = [{**good[0], "host": "127.0.0.2"}]
            return bad + good

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=TwoAddresses())) as session:
        async with session.get(web.url.replace("127.0.0.1", "some.test") + "/json") as response:
            assert response.status == 200


async def test_the_first_example_of_the_seed(httpbin):
    async with aiohttp.ClientSession() as session, session.get(httpbin.url + "/get") as resp:
        assert resp.status == 200
        assert "headers" in await resp.text()
