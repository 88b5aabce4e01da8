"""Content-Disposition as it is sent (RFC 6266, RFC 7578 §4.2)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

_is_token = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch
_has_control = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]").search


def content_disposition(
    kind: str, parameters: Mapping[str, str], *, quote_fields: bool = True, charset: str = "utf-8"
) -> str:
    """'form-data; name="…"; filename="…"'.

    quote_fields: percent-encode file names, as servers expect that read them so; False sends them
    as they are, with quotes and backslashes escaped.
    Raises ValueError for a kind or parameter that is no token, or a value with control characters."""
    if not _is_token(kind):
        raise ValueError(f"Content-Disposition {kind!r} is not a token, expected a word like form-data")
    parts = [kind]
    for name, value in parameters.items():
        if not _is_token(name):
            raise ValueError(f"parameter {name!r} of Content-Disposition is not a token")
        if _has_control(value):
            raise ValueError(f"parameter {name} of Content-Disposition holds a control character: {value!r}")
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        if not quote_fields:
            parts.append(f'{name}="{escaped}"')
        elif name == "filename":
            parts.append(f'{name}="{quote(value, "", encoding=charset)}"')
        elif value.isascii():
            parts.append(f'{name}="{escaped}"')
        else:
            parts.append(f"{name}*={charset}''{quote(value, '', encoding=charset)}")
    return "; ".join(parts)
