"""Request line and field lines as bytes; the one place where text of the caller reaches the wire.

Everything is checked here (RFC 9110 §5.5, §5.6.2, RFC 9112 §3): a method and a field name are
tokens, and no value holds a control character but HTAB, so nobody can end a line early.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from multidict import istr

from .._http import TOKEN

_is_token = re.compile(TOKEN).fullmatch
_find_control = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]").search


@lru_cache(maxsize=128)
def canonical_method(method: str) -> str:
    """The method in upper case. Raises ValueError unless it is a token (RFC 9110 §9.1)."""
    if not isinstance(method, str):
        raise TypeError(f"method must be str, got {type(method).__name__}")
    if not _is_token(method):
        raise ValueError(f"method {method!r} is not a token, expected a word like 'GET'")
    return method.upper()


# Beginnings of field lines, by name: a dict, for lru_cache() packs each istr in a tuple to look it up.
_begun: dict[str, str] = {}
_MOST_BEGUN = 1024


def _begin(name: str) -> str:
    if not _is_token(name):
        raise ValueError(f"header name {name!r} is not a token, expected letters, digits and !#$%&'*+-.^_`|~")
    if len(_begun) >= _MOST_BEGUN:
        _begun.clear()
    begun = _begun[name] = f"{name}: "
    return begun


def field_lines(fields: Iterable[tuple[str, str]]) -> bytes:
    """'Name: value' CRLF for each field, encoded as UTF-8; surrogates that stand for bytes received are those bytes.

    Raises TypeError for a name or value that is no str, ValueError for one that cannot be sent."""
    lines: list[str] = []
    for name, value in fields:
        if not isinstance(name, str) or not isinstance(value, str):
            raise TypeError(f"header names and values must be str, got {name!r}: {value!r}")
        # What other kinds of str (members of an Enum) say of themselves is not what they are.
        if type(name) is not str and type(name) is not istr:
            name = str.__str__(name)
        if type(value) is not str:
            value = str.__str__(value)
        # Nothing printable is a control character, and that is asked faster.
        if not value.isprintable() and _find_control(value):
            raise ValueError(f"header {name} holds a control character: {value!r}")
        lines.append(f"{_begun.get(name) or _begin(name)}{value}\r\n")
    try:
        # A server gets its cookie or nonce back byte for byte, whatever they were.
        return "".join(lines).encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise ValueError(
            f"header value cannot be encoded as UTF-8: {error.object[error.start : error.end]!r}"
        ) from None
