"""Certificates for the TLS tests, from a private authority."""

import datetime
import ssl

import trustme


class Certificates:
    """Server contexts by what is wrong with them, and the client context that trusts the authority."""

    def __init__(self):
        self.authority = trustme.CA()
        self._leaves = {
            "good": self.authority.issue_cert("localhost", "127.0.0.1"),
            "other host": self.authority.issue_cert("other.example"),
            "expired": self.authority.issue_cert(
                "localhost", "127.0.0.1", not_after=datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
            ),
            "unknown authority": trustme.CA().issue_cert("localhost", "127.0.0.1"),
        }

    def server(self, kind="good"):
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._leaves[kind].configure_cert(context)
        return context

    def client(self):
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        return context

    def client_with_certificate(self):
        """The client context with a certificate of its own."""
        context = self.client()
        self.authority.issue_cert("client.example", common_name="client").configure_cert(context)
        return context

    def digest(self, kind="good"):
        """SHA-256 of a certificate in DER form."""
        import hashlib

        pem = self._leaves[kind].cert_chain_pems[0].bytes().decode()
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).digest()

    def write(self, folder):
        """(certificate file, key file) of the good one."""
        certificate, key = folder / "certificate.pem", folder / "key.pem"
        certificate.write_bytes(b"".join(pem.bytes() for pem in self._leaves["good"].cert_chain_pems))
        key.write_bytes(self._leaves["good"].private_key_pem.bytes())
        return certificate, key
