"""Text as a URL (RFC 3986)."""

from __future__ import annotations

from yarl import URL


def parse_url(given: str | URL, *, encoded: bool = False) -> URL:
    """given as a URL; encoded: it is percent-encoded already. Raises ValueError for what is none, and nothing else."""
    if isinstance(given, URL):
        return given
    try:
        return URL(given, encoded=encoded)
    except IndexError as error:  # what yarl raises for //[::1]x@
        raise ValueError(f"Invalid URL: {given!r}") from error
