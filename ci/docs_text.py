"""What pages and docstrings have in common: RFC sections become links."""

from __future__ import annotations

import re

# Code is left alone: fences, indented blocks, and spans; so are links.
_PARTS = re.compile(r"(^(?P<fence>```+).*?^(?P=fence)$|^(?: {4}|\t).*$|`[^`\n]*`|\[[^\]\n]*\]\([^)\n]*\))", re.M | re.S)
_RFC = re.compile(r"RFC (\d{4})(?: §(\d+(?:\.\d+)*))?")


def with_rfc_links(markdown: str) -> str:
    """markdown with each "RFC 9112 §6.3" a link to that section."""
    parts = _PARTS.split(markdown)
    # split() gives text, code, fence mark (or None), text, …
    parts[::3] = [_RFC.sub(_link, text) for text in parts[::3]]
    parts[2::3] = [""] * len(parts[2::3])
    return "".join(parts)


def _link(found: re.Match[str]) -> str:
    number, section = found.groups()
    anchor = f"#section-{section}" if section else ""
    return f"[{found[0]}](https://www.rfc-editor.org/rfc/rfc{number}{anchor})"
