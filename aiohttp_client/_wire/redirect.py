"""Which request follows a redirect: what is kept, what is dropped (RFC 9110 §15.4)."""

from __future__ import annotations

import re
from typing import NamedTuple

from yarl import URL

from ..exceptions import InvalidUrlRedirectClientError, NonHttpUrlRedirectClientError
from .urls import parse_url

# Say who the user is: they stay with the origin they were meant for.
CREDENTIAL_FIELDS = ("Authorization", "Cookie", "Proxy-Authorization")
# Describe a body: they go when it goes (RFC 9110 §15.4, step 4).
CONTENT_FIELDS = (
    "Content-Encoding",
    "Content-Language",
    "Content-Length",
    "Content-Location",
    "Content-Range",
    "Content-Type",
    "Transfer-Encoding",
    "Expect",
)

_HTTP = ("http", "https")
# Only a WebSocket's handshake, itself a request, may be sent on to a WebSocket.
_WEBSOCKET = ("ws", "wss")

_escaped_byte = re.compile("[\udc80-\udcff]")


class NextHop(NamedTuple):
    """The request after a redirect."""

    method: str
    url: URL
    keeps_body: bool
    same_origin: bool


def next_hop(method: str, url: URL, status: int, location: str, *, requote: bool) -> NextHop:
    """The request that follows status and location in answer to method url.

    303 turns everything but HEAD into GET; 301 and 302 do so with POST, as every browser does;
    307 and 308 repeat the request. requote=False takes location as already percent-encoded.
    Raises InvalidUrlRedirectClientError or NonHttpUrlRedirectClientError.
    """
    turns_to_get = (status == 303 and method != "HEAD") or (status in (301, 302) and method == "POST")
    target = _resolved(url, location, requote)
    return NextHop(
        method="GET" if turns_to_get else method,
        url=target,
        keeps_body=not turns_to_get,
        same_origin=_origin(target) == _origin(url),
    )


def _origin(url: URL) -> tuple[str, str | None, int | None]:
    """RFC 6454 §4: a port left out is the scheme's own."""
    return url.scheme, url.raw_host, url.port


def _resolved(url: URL, location: str, requote: bool) -> URL:
    # Bytes that were no UTF-8 arrive as surrogates; in a URL they can only mean themselves.
    text = _escaped_byte.sub(lambda found: f"%{ord(found[0]) - 0xDC00:02X}", location)
    try:
        reference = parse_url(text, encoded=not requote)
        rest = text.partition(":")[2] if reference.scheme else text
        if reference.scheme in ("", url.scheme) and not reference.raw_authority:
            if rest.startswith("//"):
                raise ValueError("no host")  # to join() it would be nothing at all
            # "http:path" within http: an old spelling of a relative reference (RFC 3986 §5.4.2).
            reference = parse_url(rest, encoded=not requote)
        target = url.join(reference)
        port = target.port
    except ValueError as error:
        raise InvalidUrlRedirectClientError(location, f"Location is not a URL: {error}") from error
    followed = _HTTP + _WEBSOCKET if url.scheme in _WEBSOCKET else _HTTP
    if target.scheme not in followed:
        raise NonHttpUrlRedirectClientError(location)
    if not target.raw_host or not port:
        raise InvalidUrlRedirectClientError(location, "Location names no host and port to connect to")
    return target
