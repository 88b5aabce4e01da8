"""Content-Disposition, as it is sent and as it is received (RFC 6266, RFC 7578 §4.2)."""

from __future__ import annotations

import codecs
import re
import warnings
from collections.abc import Mapping
from urllib.parse import quote, unquote

from .._http import TOKEN

# Compiled, and kept, by re when they are first used: an import need not wait for them.
_PARAMETER = r'\s*;\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))\s*(?=;|$)'
_VALUE = r"[!#$%&'*+\-.^_`|~0-9A-Za-z/:@?(){}\[\],<>=]+"
_CONTROL = r"[\x00-\x08\x0a-\x1f\x7f]"


def content_disposition(
    kind: str, parameters: Mapping[str, str], *, quote_fields: bool = True, charset: str = "utf-8"
) -> str:
    """'form-data; name="…"; filename="…"'.

    quote_fields: percent-encode file names, as servers expect that read them so; False sends them
    as they are, with quotes and backslashes escaped.
    Raises ValueError for a kind or parameter that is no token, or a value with control characters."""
    if not re.fullmatch(TOKEN, kind):
        raise ValueError(f"Content-Disposition {kind!r} is not a token, expected a word like form-data")
    parts = [kind]
    for name, value in parameters.items():
        if not re.fullmatch(TOKEN, name):
            raise ValueError(f"parameter {name!r} of Content-Disposition is not a token")
        if re.search(_CONTROL, value):
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


class BadContentDispositionHeader(RuntimeWarning):
    """A Content-Disposition that cannot be read; it counts as missing."""


class BadContentDispositionParam(RuntimeWarning):
    """A parameter of Content-Disposition that cannot be read; the others count."""


def parse_content_disposition(header: str | None) -> tuple[str | None, dict[str, str]]:
    """(type in lower case, parameters by lower-case names); (None, {}) for a missing or bad header, with a warning.

    A value with an encoding (RFC 8187) is decoded and keeps the * of its name; continuations
    (RFC 2231) keep theirs, too: content_disposition_filename() chooses among them."""
    if not header:
        return None, {}
    kind, _, _ = header.partition(";")
    kind = kind.strip()
    at = header.find(";")
    if not re.fullmatch(TOKEN, kind):
        return _bad_header(header)
    next_parameter = re.compile(_PARAMETER).match
    parameters: dict[str, str] = {}
    while 0 <= at < len(header):
        found = next_parameter(header, at)
        if found is None:
            if not header[at:].strip("; \t"):
                warnings.warn(BadContentDispositionParam(repr(header[at:])), stacklevel=2)
                break
            return _bad_header(header)
        at = found.end()
        name, quoted, token = found.groups()
        name = name.lower()
        if name in parameters:
            return _bad_header(header)
        if name.endswith("*") and quoted is not None:
            return _bad_header(header)  # RFC 8187 §3.2: an encoded value is never quoted
        if not re.fullmatch(TOKEN, name.rstrip("*")) or (quoted is None and not re.fullmatch(_VALUE, token)):
            warnings.warn(BadContentDispositionParam(repr(found[0].strip("; "))), stacklevel=2)
            continue
        if quoted is not None:
            parameters[name] = re.sub(r"\\(.)", r"\1", quoted).lstrip("\\/")
        elif name.endswith("*") and not name.rstrip("*").endswith(tuple("0123456789")):
            decoded = _decoded(token)
            if decoded is None:
                warnings.warn(BadContentDispositionParam(repr(found[0].strip("; "))), stacklevel=2)
                continue
            parameters[name] = decoded.lstrip("\\/")
        else:
            parameters[name] = token
    return kind.lower(), parameters


def _bad_header(header: str) -> tuple[None, dict[str, str]]:
    warnings.warn(BadContentDispositionHeader(repr(header[:200])), stacklevel=3)
    return None, {}


def _decoded(value: str) -> str | None:
    """charset'language'percent-encoded as text, None if it is not that."""
    charset, _, rest = value.partition("'")
    _, quote_mark, encoded = rest.partition("'")
    if not quote_mark:
        return None
    try:
        codecs.lookup(charset or "utf-8")  # unquote() asks only if there is something to decode
        return unquote(encoded, charset or "utf-8", "strict")
    except (LookupError, ValueError):
        return None


def content_disposition_filename(params: Mapping[str, str], name: str = "filename") -> str | None:
    """The value of name among parsed parameters: with an encoding, else as it is, else from its continuations."""
    for given in (f"{name}*", name):
        if given in params:
            return params[given]
    parts: list[str] = []
    encoded = False
    while True:
        part = params.get(f"{name}*{len(parts)}")
        if part is None:
            part = params.get(f"{name}*{len(parts)}*")
            if part is None:
                break
            encoded = True
        parts.append(part)
    if not parts:
        return None
    joined = "".join(parts)
    if not encoded:
        return joined
    decoded = _decoded(joined) if joined.count("'") >= 2 else unquote(joined)
    return None if decoded is None else decoded.lstrip("\\/")
