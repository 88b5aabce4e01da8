"""Docstrings in the style of the house, as Markdown: a griffe extension for the reference.

A line "name: …" or "one, other: …", with deeper lines below it, describes parameters or attributes and becomes an
item of a list. Exported names become links, calls and constants code. Indented examples
stay what they are, a drawn tree is set as code.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import griffe

sys.path.insert(0, str(Path(__file__).parent))
from docs_text import with_rfc_links

_ITEM = re.compile(r"(?P<names>[a-z_]\w*…?(?:, [a-z_]\w*…?)*): (?=\S)")
_WORDS = re.compile(
    r"`[^`]+`"  # code already
    r"|(?<![\w.`])(?:[A-Za-z_][\w.]*\([^()\n]*\)|[a-z_]\w*=\w+|True|False|None|[A-Za-z_]\w*=?)(?![\w`])"
)


def to_markdown(docstring: str, exported: frozenset[str]) -> str:
    out: list[str] = []
    for paragraph in docstring.split("\n\n"):
        if "├─" in paragraph:  # a drawn tree
            out += ["```text", paragraph, "```", ""]
            continue
        out += [*_lines(paragraph, exported), ""]
    return with_rfc_links("\n".join(out))


def _lines(paragraph: str, exported: frozenset[str]) -> list[str]:
    out: list[str] = []
    listing = False
    for line in paragraph.split("\n"):
        text = line.strip()
        indented = line.startswith("    ")
        item = None if indented else _ITEM.match(line)
        if item:
            if not listing and out and out[-1]:
                out.append("")
            # Short descriptions may share a line, three spaces apart.
            for one in re.split(r" {3}(?=[a-z_]\w*: )", text):
                names, _, description = one.partition(": ")
                shown = ", ".join(f"`{name}`" for name in names.split(", "))
                out.append(f"* {shown}: {_marked(description, exported)}")
            listing = True
        elif listing and indented:
            out.append(f"    {_marked(text, exported)}")
        elif indented:
            out.append(line)
        else:
            if listing:
                out.append("")
            listing = False
            out.append(_marked(line, exported))
    return out


def _marked(text: str, exported: frozenset[str]) -> str:
    def mark(found: re.Match[str]) -> str:
        word = found[0]
        if word.startswith("`"):
            return word
        name = word.partition("(")[0]
        if name in exported and "=" not in word:
            return f"[`{word}`][aiohttp_client.{name}]"
        if word.endswith(")") or "=" in word or word in ("True", "False", "None") or "_" in word:
            return f"`{word}`"
        return word

    return _WORDS.sub(mark, text.replace("*", r"\*").replace("<", "&lt;"))


class HouseStyle(griffe.Extension):
    """Rewrites docstrings as they are collected."""

    def __init__(self) -> None:
        import aiohttp_client

        # Words of everyday English link nowhere.
        self._exported = frozenset(aiohttp_client.__all__) - {"abc", "request", "streamer"}

    def on_object(self, *, obj: Any, **_: Any) -> None:
        if obj.docstring is not None:
            obj.docstring.value = to_markdown(obj.docstring.value, self._exported)
