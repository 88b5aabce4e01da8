"""What TLS is done with: the default context, made once when first needed, and what ssl= may be."""

from __future__ import annotations

import asyncio
import ssl
from typing import TypeAlias

from ..exceptions import ServerFingerprintMismatch

_SHA256_BYTES = 32


class Fingerprint:
    """Pins a server's certificate: the SHA-256 digest, 32 bytes, of its DER form.

    Raises ValueError for a digest of another length; MD5 and SHA-1 are not safe to pin with."""

    __slots__ = ("fingerprint",)

    def __init__(self, fingerprint: bytes) -> None:
        if len(fingerprint) != _SHA256_BYTES:
            raise ValueError(
                f"fingerprint has {len(fingerprint)} bytes, expected the {_SHA256_BYTES} of a SHA-256 digest "
                "(MD5 and SHA-1 are insecure and not supported)"
            )
        self.fingerprint = fingerprint

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Fingerprint) and other.fingerprint == self.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __repr__(self) -> str:
        return f"<Fingerprint {self.fingerprint.hex()}>"

    def check(self, transport: asyncio.BaseTransport) -> None:
        """Raises ServerFingerprintMismatch unless the peer's certificate is the pinned one; plain sockets pass."""
        tls = transport.get_extra_info("ssl_object")
        if tls is None:
            return
        import hashlib  # half a millisecond, for those who pin certificates

        got = hashlib.sha256(tls.getpeercert(binary_form=True)).digest()
        if got != self.fingerprint:
            peer = transport.get_extra_info("peername")
            host, port = peer[:2] if isinstance(peer, tuple) else (str(peer), 0)  # a Unix socket has a path
            raise ServerFingerprintMismatch(self.fingerprint, got, host, port)


SSLOption: TypeAlias = ssl.SSLContext | bool | Fingerprint


def check_ssl(option: object) -> None:
    """Raises TypeError for anything ssl= cannot be."""
    if not isinstance(option, (ssl.SSLContext, bool, Fingerprint)):
        raise TypeError(f"ssl must be bool, ssl.SSLContext or Fingerprint, got {option!r}")


def one_ssl_option(
    option: SSLOption | None,
    verify_ssl: bool | None,
    ssl_context: ssl.SSLContext | None,
    fingerprint: bytes | None,
) -> SSLOption:
    """ssl=, or one of its three old names. Raises ValueError for two of them, TypeError for what ssl= cannot be."""
    old_names = [
        verify_ssl if verify_ssl is False else None,
        ssl_context,
        None if fingerprint is None else Fingerprint(fingerprint),
    ]
    given = [given for given in (None if option is True else option, *old_names) if given is not None]
    if len(given) > 1:
        raise ValueError("ssl, verify_ssl, ssl_context and fingerprint mean the same: give one of them")
    chosen = given[0] if given else True
    check_ssl(chosen)
    return chosen


_default_contexts: dict[bool, ssl.SSLContext] = {}


def _default_context(verified: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not verified:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    # A name is what the certificate says it is for, not what its subject is called (RFC 9525 §6.3).
    if ssl.HAS_NEVER_CHECK_COMMON_NAME:
        context.hostname_checks_common_name = False
    context.set_alpn_protocols(("http/1.1",))
    return context


async def context_of(option: SSLOption) -> ssl.SSLContext:
    """The context to use for ssl=option; default ones are made once, off the loop: loading the CAs takes ~30 ms."""
    if isinstance(option, ssl.SSLContext):
        return option
    # A pinned certificate needs no authority: the digest is the proof.
    verified = option is True
    context = _default_contexts.get(verified)
    if context is None:
        made = await asyncio.get_running_loop().run_in_executor(None, _default_context, verified)
        context = _default_contexts.setdefault(verified, made)
    return context


def check_server_hostname(name: object) -> None:
    """Raises TypeError or ValueError for what cannot be the name of a certificate: "" would be no name at all."""
    if not isinstance(name, str):
        raise TypeError(f"server_hostname must be str, got {type(name).__name__}")
    if not name or name.startswith(".") or len(name) > 253 or not name.isprintable() or " " in name:
        raise ValueError(f"server_hostname {name!r} is no host name")
