"""Content-Type values (RFC 9110 §8.3)."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from functools import lru_cache

from .._http import TOKEN

# Compiled, and kept, by re when they are first used: an import need not wait for them.
_MEDIA_TYPE = rf"\s*({TOKEN}/{TOKEN})\s*(?:;|$)"
_CHARSET = rf';\s*charset\s*=\s*(?:"((?:[^"\\]|\\.)*)"|({TOKEN}))'
_PARAMETER = rf';\s*({TOKEN})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))'
_JSON_TYPE = r"(?:application/(?:[\w.+-]+\+)?json|[\w.+-]+/[\w.+-]+\+json(?:;|$))"


@lru_cache(maxsize=256)
def parse_content_type(value: str) -> tuple[str, str | None]:
    """(media type in lower case without parameters, charset parameter or None).

    A missing or malformed media type is application/octet-stream (RFC 9110 §8.3)."""
    found = re.match(_MEDIA_TYPE, value)
    media_type = found[1].lower() if found else "application/octet-stream"
    parameter = re.search(_CHARSET, value, re.IGNORECASE)
    if parameter is None:
        return media_type, None
    quoted, token = parameter.groups()
    return media_type, token if quoted is None else re.sub(r"\\(.)", r"\1", quoted)


def content_type_parameters(value: str) -> Iterator[tuple[str, str]]:
    """The parameters of a Content-Type value, names in lower case."""
    for found in re.finditer(_PARAMETER, value):
        yield found[1].lower(), found[3] if found[2] is None else re.sub(r"\\(.)", r"\1", found[2])


@lru_cache(maxsize=256)
def content_type_parameter(value: str, name: str) -> str | None:
    """A parameter of a Content-Type value, by its lower-case name; None if it has none."""
    for known, parameter in content_type_parameters(value):
        if known == name:
            return parameter
    return None


@lru_cache(maxsize=256)
def is_json(content_type: str, expected: str) -> bool:
    """Whether a body of content_type is what json(content_type=expected) takes.

    application/json also stands for application/…+json and any type with the +json suffix
    (RFC 6839 §3.1); another expected value has to occur in content_type."""
    given = content_type.lower().strip()
    if expected == "application/json":
        return re.match(_JSON_TYPE, given, re.ASCII) is not None
    return expected.lower() in given


@lru_cache(maxsize=64)
def text_codec(charset: str) -> str | None:
    """Python's name of charset, or None if it knows none, or only one that makes no text (hex, zip, …)."""
    try:
        codec = codecs.lookup(charset)
    except (LookupError, ValueError):  # ValueError: a NUL in the name
        return None
    try:
        # Only by trying can one find out whether it decodes bytes to text.
        b"aa".decode(codec.name)
    except UnicodeError:
        pass
    except LookupError:
        return None
    return (
        None if codec.name in ("idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined") else codec.name
    )
