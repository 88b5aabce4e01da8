"""Text as a URL (RFC 3986)."""

from __future__ import annotations

import re

from yarl import URL

# References that mean the same behind a base that ends in "/": no scheme, no query, nothing to quote or to resolve.
_is_plain_path = re.compile(r"(?:(?!\.)[A-Za-z0-9._~-]++(?:/|\Z))++").fullmatch
_authority = re.compile(r"\s*(?:[A-Za-z][A-Za-z0-9+.-]*:)?//([^/?#]*)").match


def parse_url(given: str | URL, *, encoded: bool = False) -> URL:
    """given as a URL; encoded: it is percent-encoded already. Raises ValueError for what is none, and nothing else."""
    if isinstance(given, URL):
        return given
    if (authority := _authority(given)) is not None:
        # yarl reads a port as int() does: " 8_0" and "８０" are 80 to it, and nothing to others (RFC 3986 §3.2.3).
        _, _, port = authority[1].rpartition("@")[2].rpartition("]")[2].partition(":")
        if port and not (port.isascii() and port.isdigit()):
            raise ValueError(f"port {port!r} is no number")
    try:
        return URL(given, encoded=encoded)
    except IndexError as error:  # what yarl raises for //[::1]x@
        raise ValueError(f"Invalid URL: {given!r}") from error


def plainly_joined(base: str, reference: str) -> str:
    """reference resolved against base (RFC 3986 §5), which ends in "/", where that needs no yarl; "" where it does."""
    if reference.startswith(("http://", "https://")):
        return reference
    return base + reference if _is_plain_path(reference) else ""
