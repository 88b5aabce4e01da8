"""Values of Authorization (RFC 7617)."""

from __future__ import annotations

from base64 import b64encode


def encode_basic_auth(login: str, password: str = "", encoding: str = "utf-8") -> str:
    """'Basic …' for an Authorization field. Raises ValueError for a colon in login (RFC 7617 §2)."""
    if ":" in login:
        raise ValueError(f"login must not contain a colon: {login!r}")
    return "Basic " + b64encode(f"{login}:{password}".encode(encoding)).decode("ascii")
