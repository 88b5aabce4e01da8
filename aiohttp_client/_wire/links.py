"""Link fields (RFC 8288)."""

from __future__ import annotations

import re
from collections.abc import Iterator

_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_separators = re.compile(r"[\s,]*").match
_target = re.compile(r"<([^<>]*)>").match
_parameter = re.compile(rf'\s*;\s*({_TOKEN})\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]+)))?').match
_next_link = re.compile(r'(?:[^",<]|"(?:[^"\\]|\\.)*")*,').match


def parse_links(value: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """(target as written, parameters with names in lower case) of each link; what is malformed is skipped."""
    at = 0
    while at < len(value):
        lead = _separators(value, at)
        assert lead is not None  # it matches nothing, too
        at = lead.end()
        target = _target(value, at)
        if target is None:
            rest = _next_link(value, at)
            if rest is None:
                return
            at = rest.end()
            continue
        at = target.end()
        parameters: list[tuple[str, str]] = []
        while (parameter := _parameter(value, at)) is not None:
            at = parameter.end()
            name, quoted, token = parameter.groups()
            text = token or "" if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
            parameters.append((name.lower(), text))
        yield target[1].strip(), parameters
        rest = _next_link(value, at)
        if rest is None:
            return
        at = rest.end()
