"""Words of HTTP/1: versions, limits, sets of methods and statuses, each with its RFC section."""

import sys
from typing import NamedTuple, Self

__version__ = "0.1.0"

SERVER_SOFTWARE = f"Python/{sys.version_info[0]}.{sys.version_info[1]} aiohttp_client/{__version__}"

# A token (RFC 9110 §5.6.2) as a part of regular expressions.
TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"


class HttpVersion(NamedTuple):
    """HTTP-version (RFC 9112 §2.3)."""

    major: int
    minor: int


HttpVersion10 = HttpVersion(1, 0)
HttpVersion11 = HttpVersion(1, 1)


class HeadLimits(NamedTuple):
    """How much of a response head or trailer section is accepted; beyond it LineTooLong is raised.

    line: bytes of the status line's reason, and of a chunk-size line with its extensions.
    field: bytes of one field: its name and its value, without colon and white space around.
    fields: number of field lines (trailers count apart, with the same limit).
    total: bytes of the whole head, and of the whole trailer section.
    """

    line: int = 8190
    field: int = 8190
    fields: int = 128
    total: int = 64 * 1024

    @classmethod
    def of(cls, line: int, field: int, fields: int) -> Self:
        """These limits, with a total that has room for a few lines as long as they may be."""
        return cls(line, field, fields, max(64 * 1024, line + 4 * field))


DEFAULT_LIMITS = HeadLimits()

# Empty lines in front of a status line that are skipped (RFC 9112 §2.2 asks servers to; some
# servers send a stray CRLF after a body).
MAX_LEADING_EMPTY_LINES = 4
# Bytes of chunk extensions in one message: they are ignored, so nobody needs many (RFC 9112 §7.1.1).
MAX_CHUNK_EXTENSIONS = 64 * 1024
# Interim (1xx) responses before the final one (RFC 9110 §15.2).
MAX_INTERIM_RESPONSES = 16

# Safe to repeat when nobody knows whether the first attempt arrived (RFC 9110 §9.2.2).
IDEMPOTENT_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
# Requests that say nothing about a body when they have none; all others send Content-Length: 0
# (RFC 9110 §8.6).
BODILESS_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})
