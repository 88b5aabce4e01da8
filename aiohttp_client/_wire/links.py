"""Link fields (RFC 8288)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .._http import TOKEN

_SEPARATORS = r"[\s,]*"
_TARGET = r"<([^<>]*)>"
_PARAMETER = rf'\s*;\s*({TOKEN})\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]+)))?'
_NEXT_LINK = r'(?:[^",<]|"(?:[^"\\]|\\.)*")*,'


def parse_links(value: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """(target as written, parameters with names in lower case) of each link; what is malformed is skipped."""
    # Compiled, and kept, by re when they are first used: an import need not wait for them.
    separators, next_target = re.compile(_SEPARATORS).match, re.compile(_TARGET).match
    next_parameter, next_link = re.compile(_PARAMETER).match, re.compile(_NEXT_LINK).match
    at = 0
    while at < len(value):
        lead = separators(value, at)
        assert lead is not None  # it matches nothing, too
        at = lead.end()
        target = next_target(value, at)
        if target is None:
            rest = next_link(value, at)
            if rest is None:
                return
            at = rest.end()
            continue
        at = target.end()
        parameters: list[tuple[str, str]] = []
        while (parameter := next_parameter(value, at)) is not None:
            at = parameter.end()
            name, quoted, token = parameter.groups()
            text = token or "" if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
            parameters.append((name.lower(), text))
        yield target[1].strip(), parameters
        rest = next_link(value, at)
        if rest is None:
            return
        at = rest.end()
