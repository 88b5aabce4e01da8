"""Values of Authorization (RFC 7617)."""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from typing import NamedTuple, Self

from yarl import URL


def encode_basic_auth(login: str, password: str = "", encoding: str = "utf-8") -> str:
    """'Basic …' for an Authorization field. Raises ValueError for a colon in login (RFC 7617 §2)."""
    if ":" in login:
        raise ValueError(f"login must not contain a colon: {login!r}")
    return "Basic " + b64encode(f"{login}:{password}".encode(encoding)).decode("ascii")


class _Credentials(NamedTuple):
    login: str
    password: str = ""
    encoding: str = "latin1"


class BasicAuth(_Credentials):
    """User name and password; Raises ValueError for None, or a colon in login."""

    __slots__ = ()

    def __new__(cls, login: str, password: str = "", encoding: str = "latin1") -> Self:
        if login is None or password is None:
            raise ValueError("None is not allowed as login or password")
        if ":" in login:
            raise ValueError(f"login must not contain a colon: {login!r}")
        return super().__new__(cls, login, password, encoding)

    @classmethod
    def decode(cls, auth_header: str, encoding: str = "latin1") -> Self:
        """The credentials of an Authorization value. Raises ValueError for another scheme or malformed ones."""
        scheme, space, coded = auth_header.strip().partition(" ")
        if not space:
            raise ValueError("Could not parse authorization header.")
        if scheme.lower() != "basic":
            raise ValueError(f"Unknown authorization method {scheme}")
        try:
            text = b64decode(coded.strip().encode("ascii"), validate=True).decode(encoding)
        except (Base64Error, UnicodeError):
            raise ValueError("Invalid base64 encoding.") from None
        login, colon, password = text.partition(":")
        if not colon:
            raise ValueError("Invalid credentials.")
        return cls(login, password, encoding)

    @classmethod
    def from_url(cls, url: URL, *, encoding: str = "latin1") -> Self | None:
        """The credentials of a URL's userinfo, None if it has none."""
        if not isinstance(url, URL):
            raise TypeError(f"url must be yarl.URL, got {type(url).__name__}")
        if url.raw_user is None and url.raw_password is None:
            return None
        return cls(url.user or "", url.password or "", encoding)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(login={self.login!r}, password='…', encoding={self.encoding!r})"

    def encode(self) -> str:
        """'Basic …' for an Authorization field."""
        return encode_basic_auth(*self)
