"""Every example of the documentation runs as it stands, against servers on loopback.

The Python blocks of a page share their names, as if typed into `python -m asyncio` one after the other. A comment
behind a print() is what it prints.
"""

import ast
import contextlib
import inspect
import re
import sys
from pathlib import Path

import pytest
from websockets.asyncio.server import serve

DOCS = Path(__file__).parent.parent / "docs"
if not DOCS.exists():
    pytest.skip("an installed package has no documentation", allow_module_level=True)
PAGES = sorted(path.name for path in DOCS.glob("*.md"))
TEXTS = {page: (DOCS / page).read_text(encoding="utf-8") for page in PAGES}
_fences = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL).finditer
_expected = re.compile(r"^\s*print\(.*\)  # (.*)$").match


def blocks(page, language):
    """(line, text) of the page's code blocks in that language."""
    text = TEXTS[page]
    for fence in _fences(text):
        if fence[1] == language:
            yield text.count("\n", 0, fence.start(2)), fence[2]


class Printing:
    """print() for examples: compares what is printed with the comment behind it."""

    def __init__(self, page):
        self._lines = TEXTS[page].splitlines()
        self.unprinted = {
            line + offset
            for line, block in blocks(page, "python")
            for offset, source in enumerate(block.splitlines(), 1)
            if _expected(source)
        }

    def __call__(self, *values, sep=" ", end="\n"):
        number = sys._getframe(1).f_lineno
        comment = _expected(self._lines[number - 1])
        if comment:
            printed = sep.join(map(str, values)).replace("\n", "\\n")
            assert printed == comment[1], f"line {number} prints {printed!r}"
            self.unprinted.discard(number)


@contextlib.asynccontextmanager
async def echo_server():
    async def echo(ws):
        async for message in ws:
            await ws.send(message)

    async with serve(echo, "127.0.0.1", 0) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize("page", [page for page in PAGES if list(blocks(page, "python"))])
async def test_the_examples_of(page, httpbin, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    printing = Printing(page)
    names = {"__name__": "__main__", "print": printing}
    async with echo_server() as echo:
        for line, block in blocks(page, "python"):
            # A name, for IP addresses get no cookies.
            source = block.replace("https://httpbin.org", f"http://localhost:{httpbin.port}")
            source = source.replace("wss://echo.example.org", echo)
            code = compile("\n" * line + source, page, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            running = eval(code, names)
            if inspect.isawaitable(running):
                await running
    assert not printing.unprinted, "these lines of expected output were never printed"


def test_there_is_an_example_on_every_page_that_explains_the_client():
    for page in ("index.md", "quickstart.md", "advanced.md", "websocket.md", "cookbook.md"):
        assert list(blocks(page, "python")), page
