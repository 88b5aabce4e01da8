"""Hooks of the documentation's build: what has its one source outside of docs/ gets its place in the site.

Pages name such files as a reader of the repository finds them, ../SECURITY.md; in the site they are beside the page.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from docs_text import with_rfc_links

ROOT = Path(__file__).resolve().parent.parent
# Path in the repository → path in the site.
ELSEWHERE = {
    "SECURITY.md": "security.md",
    "benchmarks/results.svg": "results.svg",
}
# Where the page that lists the reference wants its list.
_NAMES = "<!-- names -->"
# Where the guide to performance wants what was measured.
_RATIOS = "<!-- ratios -->"
_CONTESTS = (
    "GET small, 50 at a time",
    "GET small, 1 at a time",
    "GET small over TLS, 50 at a time",
    "read() of 100 MB",
    "iter_chunked(64 KiB) of 100 MB",
    "POST of bytes, 10 MB",
    "POST of a file, 10 MB",
    "WebSocket echo of 64 B, one at a time",
    "WebSocket, flood of 64 B messages",
)
_TITLE = re.compile(r"# (.*)")
_DOCUMENTED = re.compile(r"^::: (aiohttp_client\.(?:\w+\.)*(\w+))$", re.M)


def on_files(files: Any, config: Any) -> Any:
    from mkdocs.structure.files import File

    for source, place in ELSEWHERE.items():
        files.append(File.generated(config, place, abs_src_path=str(ROOT / source)))
    return files


def on_page_markdown(markdown: str, config: Any, **_: Any) -> str:
    if _NAMES in markdown:
        markdown = markdown.replace(_NAMES, "\n".join(_names(list(_pages_of(config.nav)))))
    if _RATIOS in markdown:
        markdown = markdown.replace(_RATIOS, "\n".join(_ratios()))
    for source, place in ELSEWHERE.items():
        markdown = re.sub(rf"\]\((\.\./)+{re.escape(source)}\b", f"]({place}", markdown)
    return with_rfc_links(markdown)


def _pages_of(navigation: list[Any]) -> Iterator[Path]:
    """Pages in the order of the navigation: a list of paths, and of mappings of titles to paths or lists."""
    for entry in navigation:
        for place in entry.values() if isinstance(entry, dict) else [entry]:
            if isinstance(place, list):
                yield from _pages_of(place)
            else:
                yield ROOT / "docs" / place


def _names(pages: list[Path]) -> Iterator[str]:
    """What each page of the reference has, with the first sentence of its docstring."""
    import aiohttp_client

    for page in pages:
        if page.parent.name != "reference":
            continue
        text = page.read_text(encoding="utf-8")
        exported = [found for found in _DOCUMENTED.findall(text) if found[1] in aiohttp_client.__all__]
        title = _TITLE.match(text)
        if not exported or title is None:
            continue
        yield from ("", f"## [{title[1]}]({page.name})", "", "| name | |", "|---|---|")
        for path, name in exported:
            yield f"| [`{name}`][{path}] | {_summary(getattr(aiohttp_client, name))} |"


def _ratios() -> Iterator[str]:
    """What ours does in a second and with a second of CPU time, as multiples of what aiohttp does."""
    sys.path.append(str(ROOT / "benchmarks"))
    import targets

    results = targets.kept()[0]
    yield from ("| work | asyncio: rate | CPU time | uvloop: rate | CPU time |", "|---|---|---|---|---|")
    for contest in _CONTESTS:
        ratios = [
            targets.ratio(results, targets.Target(contest, "aiohttp", 0, figure, loop))
            for loop in ("asyncio", "uvloop")
            for figure in ("per_second", "cpu_us")
        ]
        yield f"| {contest} | {' | '.join('–' if ratio is None else f'{ratio:.1f} ×' for ratio in ratios)} |"


def _summary(thing: object) -> str:
    if not (isinstance(thing, type) or callable(thing) or isinstance(thing, ModuleType)):
        return ""
    first = (inspect.getdoc(thing) or "").partition("\n\n")[0].replace("\n", " ")
    return first.replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;")
