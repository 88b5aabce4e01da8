"""params=: what is added to a URL's query."""

from __future__ import annotations

import re
from urllib.parse import quote_from_bytes

from yarl import URL

from ..typedefs import Query

# What a query may hold as it is (RFC 3986 §3.4), and a percent sign that starts an escape.
_illegal = re.compile(r"[^A-Za-z0-9._~!$&'()*+,;=:@/?%-]|%(?![0-9A-Fa-f]{2})")
# What needs no quoting wherever it stands (RFC 3986 §2.3).
_is_unreserved = re.compile(r"[A-Za-z0-9._~-]*").fullmatch


def with_params(url: URL, params: Query) -> URL:
    """url with params behind the query it has, in the order given.

    A str is taken as already encoded: only bytes that may not stand in a query are quoted, a space
    as '+'. Raises TypeError or ValueError for values that are no str, int or float."""
    if not params:
        return url
    if not isinstance(params, str):
        return url.extend_query(params)
    added = _illegal.sub(_quoted, params)
    before = url.raw_query_string
    query = f"{before}&{added}" if before else added
    path, _, fragment = str(url).partition("#")
    path = path.partition("?")[0]
    return URL(f"{path}?{query}{'#' + fragment if fragment else ''}", encoded=True)


def with_plain_params(url: str, params: Query) -> str:
    """with_params() for text, where neither needs yarl, which takes several times as long; "" where it is needed."""
    if type(params) is not dict or "?" in url or "#" in url:
        return ""
    pairs = []
    for name, value in params.items():
        if type(value) is int:
            value = str(value)
        if type(name) is not str or type(value) is not str or not (_is_unreserved(name) and _is_unreserved(value)):
            return ""
        pairs.append(f"{name}={value}")
    return f"{url}?{'&'.join(pairs)}"


def _quoted(found: re.Match[str]) -> str:
    character = found[0]
    return "+" if character == " " else quote_from_bytes(character.encode("utf-8", "surrogateescape"), safe="")
