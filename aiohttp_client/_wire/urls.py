"""Text as a URL (RFC 3986)."""

from __future__ import annotations

import re

from yarl import URL

# References that mean the same behind a base that ends in "/": no scheme, no query, nothing to quote or to resolve.
_is_plain_path = re.compile(r"(?:(?!\.)[A-Za-z0-9._~-]++(?:/|\Z))++").fullmatch
_is_absolute = re.compile(r"https?://[A-Za-z0-9]").match
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


def plain_base(base: URL) -> str:
    """The text that plain references may be put behind to join them to base (RFC 3986 §5); "" if there is none."""
    text = str(base.join(URL("./")))
    # Not all that URL(…, encoded=True) makes survives being read again.
    is_plain = base.scheme in ("http", "https") and text.endswith("/") and str(URL(text)) == text
    return text if is_plain else ""


def plainly_joined(base: str, reference: str) -> str:
    """reference joined to base, which is plain_base() of a URL, where that needs no yarl; "" where it does."""
    if _is_absolute(reference):
        return reference
    return base + reference if base and _is_plain_path(reference) else ""
