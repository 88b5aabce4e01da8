"""Digest access authentication (RFC 7616, and RFC 2069 for servers without qop)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from .._http import TOKEN

_word = re.compile(rf"[\s,]*({TOKEN})[ \t]*").match
_parameter = re.compile(rf'=[ \t]*(?:"((?:[^"\\]|\\.)*)"|({TOKEN}))').match
_token68 = re.compile(r"[A-Za-z0-9\-._~+/]+=*(?=[ \t]*(?:,|$))").match

_HASHES: dict[str, Callable[[bytes], str]] = {
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),
    "SHA": lambda data: hashlib.sha1(data, usedforsecurity=False).hexdigest(),
    "SHA-256": lambda data: hashlib.sha256(data).hexdigest(),
    "SHA-512": lambda data: hashlib.sha512(data).hexdigest(),
}
_HASHES["SHA256"] = _HASHES["SHA-256"]
_HASHES["SHA512"] = _HASHES["SHA-512"]


def challenges(fields: Iterable[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """(scheme, parameters), both in lower case but for the values, of WWW-Authenticate fields (RFC 9110 §11.6.1).

    What cannot be read ends its field."""
    for value in fields:
        at = 0
        scheme: str | None = None
        parameters: dict[str, str] = {}
        while (word := _word(value, at)) is not None:
            at = word.end()
            found = _parameter(value, at)
            if found is not None and scheme is not None:
                quoted, token = found.groups()
                text = token if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
                parameters.setdefault(word[1].lower(), text)
                at = found.end()
                continue
            if scheme is not None:
                yield scheme, parameters
            scheme, parameters = word[1].lower(), {}
            other = _token68(value, at)
            if other is not None and not _parameter(value, other.end()):
                at = other.end()
        if scheme is not None:
            yield scheme, parameters


@dataclass(slots=True)
class DigestChallenge:
    """What a server asks for. Raises ValueError, saying why, for what cannot be answered."""

    realm: str
    nonce: str
    algorithm: str = "MD5"
    qop: str = ""
    opaque: str | None = None
    domain: tuple[str, ...] = ()
    count: int = field(default=0, compare=False)  # answers given to this nonce

    @classmethod
    def of(cls, parameters: dict[str, str]) -> DigestChallenge:
        if "realm" not in parameters or not parameters.get("nonce"):
            raise ValueError("Malformed Digest auth challenge: realm or nonce is missing")
        algorithm = parameters.get("algorithm") or "MD5"
        if algorithm.upper().removesuffix("-SESS") not in _HASHES:
            raise ValueError(f"Unsupported hash algorithm: {algorithm}, expected one of {', '.join(_HASHES)}")
        offered = [qop.strip().lower() for qop in parameters.get("qop", "").split(",") if qop.strip()]
        qop = next((qop for qop in ("auth-int", "auth") if qop in offered), "")
        if offered and not qop:
            raise ValueError(f"Unsupported qop value: {parameters['qop']}, expected auth or auth-int")
        return cls(
            parameters["realm"],
            parameters["nonce"],
            algorithm,
            qop,
            parameters.get("opaque"),
            tuple(parameters.get("domain", "").split()),
        )

    def answer(self, login: str, password: str, method: str, uri: str, body: bytes, cnonce: str) -> str:
        """The Authorization value for a request; body counts only for auth-int (RFC 7616 §3.4)."""
        digest = _HASHES[self.algorithm.upper().removesuffix("-SESS")]

        def joined(*parts: str) -> str:
            return digest(":".join(parts).encode("utf-8", "surrogateescape"))

        secret = joined(login, self.realm, password)
        if self.algorithm.upper().endswith("-SESS"):
            secret = joined(secret, self.nonce, cnonce)
        action = joined(method, uri, digest(body)) if self.qop == "auth-int" else joined(method, uri)
        self.count += 1
        count = f"{self.count:08x}"
        if self.qop:
            response = joined(secret, self.nonce, count, cnonce, self.qop, action)
        else:
            response = joined(secret, self.nonce, action)
        quoted = {"username": login, "realm": self.realm, "nonce": self.nonce, "uri": uri, "response": response}
        parts = [f'{name}="{_escaped(value)}"' for name, value in quoted.items()]
        parts.append(f"algorithm={self.algorithm}")
        if self.opaque is not None:
            parts.append(f'opaque="{_escaped(self.opaque)}"')
        if self.qop:
            parts += [f"qop={self.qop}", f"nc={count}"]
        if self.qop or self.algorithm.upper().endswith("-SESS"):
            parts.append(f'cnonce="{cnonce}"')
        return "Digest " + ", ".join(parts)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
