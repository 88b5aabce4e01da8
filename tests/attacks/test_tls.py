"""T: who is at the other end of a TLS connection: certificates, names, pins."""

import asyncio
import datetime
import ipaddress
import ssl

import pytest
from attacked import OK, Listening, outcome
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import aiohttp_client as aiohttp
from aiohttp_client._net import tls

REFUSED = "ClientConnectorCertificateError"
DAY = datetime.timedelta(days=1)


def context_for(certificates, tmp_path, names, *, common_name="x.test", begin=-1, end=1, by_itself=False):
    """A server's context with a certificate made by hand: names are SANs, (kind, value)."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    authority = certificates.authority
    issuer_key, issuer = key, subject
    if not by_itself:
        issuer_key = serialization.load_pem_private_key(authority.private_key_pem.bytes(), None)
        issuer = x509.load_pem_x509_certificate(authority.cert_pem.bytes()).subject
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begin * DAY)
        .not_valid_after(now + end * DAY)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    )
    if names:
        sans = [x509.DNSName(n) if kind == "dns" else x509.IPAddress(ipaddress.ip_address(n)) for kind, n in names]
        builder = builder.add_extension(x509.SubjectAlternativeName(sans), critical=False)
    certificate = builder.sign(issuer_key, hashes.SHA256())
    path = tmp_path / "server.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path)
    return context


class Server(Listening):
    """Speaks TLS with context; requests holds what got through it, plain."""

    def __init__(self, context):
        super().__init__(context)
        self.requests = []
        self.names = []
        context.sni_callback = lambda connection, name, context: self.names.append(name)

    async def serve(self, reader, writer):
        try:
            while request := await reader.readuntil(b"\r\n\r\n"):
                self.requests.append(request)
                writer.write(OK)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass


class Local(aiohttp.ThreadedResolver):
    async def resolve(self, host, port=0, family=0):
        return await super().resolve("127.0.0.1", port, family)


def session_for(certificates):
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=certificates.client(), resolver=Local()))


@pytest.fixture
def trusted(certificates, tmp_path, monkeypatch):
    """A session that does what sessions do if they are told nothing, on a machine that trusts the authority."""
    certificates.authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    monkeypatch.setattr(tls, "_default_contexts", {})
    return lambda: aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=Local()))


# host asked for, SANs, other properties of the certificate, whether it is good.
CERTIFICATES = {
    "T1 good": ("x.test", [("dns", "x.test")], {}, True),
    "T1 self-signed": ("x.test", [("dns", "x.test")], {"by_itself": True}, False),
    "T1 expired": ("x.test", [("dns", "x.test")], {"begin": -2, "end": -1}, False),
    "T1 not valid yet": ("x.test", [("dns", "x.test")], {"begin": 1, "end": 2}, False),
    "T1 another name": ("x.test", [("dns", "y.test")], {}, False),
    "T2 address": ("127.0.0.1", [("ip", "127.0.0.1")], {}, True),
    "T2 address as a name": ("127.0.0.1", [("dns", "127.0.0.1")], {}, False),
    "T2 address as common name": ("127.0.0.1", [], {"common_name": "127.0.0.1"}, False),
    "T2 address as common name, beside another": (
        "127.0.0.1",
        [("ip", "127.0.0.2")],
        {"common_name": "127.0.0.1"},
        False,
    ),
    "T2 wildcard for an address": ("127.0.0.1", [("dns", "*.0.0.1")], {}, False),
    "T2 another address": ("127.0.0.1", [("ip", "127.0.0.2")], {}, False),
    "T3 wildcard": ("a.x.test", [("dns", "*.x.test")], {}, True),
    "T3 wildcard for the domain itself": ("x.test", [("dns", "*.x.test")], {}, False),
    "T3 wildcard for two labels": ("a.b.x.test", [("dns", "*.x.test")], {}, False),
    "T3 part of a label": ("foo.x.test", [("dns", "f*.x.test")], {}, False),
    "T3 wildcard for everything": ("x.test", [("dns", "*")], {}, False),
    "T3 wildcard for an A-label": ("xn--a-0fa.x.test", [("dns", "xn--*.x.test")], {}, False),
    "T3 common name only": ("x.test", [], {"common_name": "x.test"}, False),
    "T3 common name beside another": ("x.test", [("dns", "y.test")], {"common_name": "x.test"}, False),
    "T3 NUL in the name": ("x.test", [("dns", "x.test\0.evil.test")], {}, False),
    "T3 NUL in the common name": ("x.test", [], {"common_name": "x.test\0.evil.test"}, False),
    "T3 case": ("X.TEST", [("dns", "x.Test")], {}, True),
    "T4 a dot behind the host": ("x.test.", [("dns", "x.test")], {}, True),
}


@pytest.mark.parametrize("case", CERTIFICATES)
async def test_a_certificate_is_good_for_its_names_and_time(certificates, trusted, tmp_path, case):
    host, names, properties, good = CERTIFICATES[case]
    async with Server(context_for(certificates, tmp_path, names, **properties)) as server:
        async with trusted() as session:
            found = await outcome(session, f"https://{host}:{server.port}/")
            assert found == ((200, b"ok") if good else REFUSED)
            assert session.connector._pool.in_use == 0
        assert len(server.requests) == good, "nothing is sent to who has not shown who he is"


@pytest.mark.parametrize(
    ("url", "option", "name"),
    [
        ("x.test", None, "x.test"),
        ("x.test.", None, "x.test"),
        ("127.0.0.1", None, None),
        ("bücher.test", None, "xn--bcher-kva.test"),
        ("127.0.0.1", "x.test", "x.test"),
    ],
)
async def test_the_name_that_is_asked_for_T4(certificates, tmp_path, url, option, name):
    names = [("dns", "x.test"), ("dns", "xn--bcher-kva.test"), ("ip", "127.0.0.1")]
    async with Server(context_for(certificates, tmp_path, names)) as server, session_for(certificates) as session:
        given = {} if option is None else {"server_hostname": option}
        assert await outcome(session, f"https://{url}:{server.port}/", **given) == (200, b"ok")
        assert server.names == [name]


async def test_what_was_not_checked_is_not_used_by_who_checks_T5(certificates, tmp_path):
    """ssl=False first, then the default, in one session; a context that trusts, then one that does not; then pins."""
    context = context_for(certificates, tmp_path, [("dns", "other.test")])
    pin = aiohttp.Fingerprint(bytes(32))
    async with Server(context) as server, session_for(certificates) as session:
        url = f"https://x.test:{server.port}/"
        assert await outcome(session, url, ssl=False) == (200, b"ok")
        assert await outcome(session, url) == REFUSED
        assert await outcome(session, url, server_hostname="other.test") == (200, b"ok")
        assert await outcome(session, url) == REFUSED
        assert await outcome(session, url, ssl=ssl.create_default_context()) == REFUSED
        assert await outcome(session, url, ssl=pin) == "ServerFingerprintMismatch"
        assert await outcome(session, url, ssl=False) == (200, b"ok")
        assert session.connector._pool.in_use == 0
    assert len(server.requests) == 3


async def test_a_wrong_pin_is_noticed_before_anything_is_sent_T6(certificates):
    async with Server(certificates.server()) as server, session_for(certificates) as session:
        url = f"https://localhost:{server.port}/"
        assert await outcome(session, url, ssl=aiohttp.Fingerprint(bytes(32))) == "ServerFingerprintMismatch"
        assert server.requests == []
        pin = aiohttp.Fingerprint(certificates.digest())
        assert await outcome(session, url, ssl=pin) == (200, b"ok")
    for insecure in (bytes(16), bytes(20), b""):
        with pytest.raises(ValueError, match="SHA-256"):
            aiohttp.Fingerprint(insecure)


async def test_the_next_address_may_have_the_pinned_certificate_T6(certificates):
    """The connection to the wrong one is none: it must not count, nor close the one behind it."""
    async with Server(certificates.server("unknown authority")) as wrong:
        good = Server(certificates.server())
        good._server = await asyncio.start_server(good._serve, "127.0.0.2", wrong.port, ssl=good._context)

        class Two(Local):
            async def resolve(self, host, port=0, family=0):
                (first, *_) = await super().resolve(host, port, family)
                return [first, {**first, "host": "127.0.0.2"}]

        connector = aiohttp.TCPConnector(resolver=Two(), limit=1)
        async with aiohttp.ClientSession(connector=connector) as session:
            for _ in range(3):
                pin = aiohttp.Fingerprint(certificates.digest())
                assert await outcome(session, f"https://x.test:{wrong.port}/", ssl=pin) == (200, b"ok")
                await asyncio.sleep(0.01)
                assert (connector._pool.in_use, connector._pool.idle) == (0, 1)
        await good.__aexit__()
    assert wrong.requests == [] and len(good.requests) == 3


@pytest.mark.parametrize(
    "steps", [["CLOSE"], ["RESET"], [b"HTTP/1.1 400 Bad\r\n\r\n", "CLOSE"], [b"\x15\x03\x01\x00\x02\x02\x28", "CLOSE"]]
)
async def test_a_handshake_that_fails_leaves_nothing_T8_T9(origin, steps):
    # aiofastnet tells the loop, too, what its caller is told.
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    origin.script([getattr(origin, step) if isinstance(step, str) else step for step in steps])
    async with aiohttp.ClientSession() as session:
        found = await outcome(session, origin.url.replace("http", "https"))
        assert found in ("ClientConnectorSSLError", "ClientConnectorError", "ClientOSError", "ServerDisconnectedError")
        assert session.connector._pool.in_use == 0
        assert not session.connector._open


async def test_a_handshake_that_never_ends_T8(origin):
    origin.script([origin.STALL])
    async with aiohttp.ClientSession() as session:
        url = origin.url.replace("http", "https")
        assert await outcome(session, url, timeout=aiohttp.ClientTimeout(sock_connect=0.1)) == "ConnectionTimeoutError"
        assert await outcome(session, url, timeout=aiohttp.ClientTimeout(total=0.1)) == "TimeoutError"
        assert session.connector._pool.in_use == 0
