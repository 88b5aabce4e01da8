"""Every example of the documentation runs as it stands, against servers on loopback.

The Python blocks of a page share their names, as if typed into `python -m asyncio` one after the other. A comment
behind a print() is what it prints. What a console block shows is what its commands print, but for numbers; … stands for
anything, also for lines. There are no blocks of other kinds but text, which is no code. Those of the README are run
by test_readme.py.
"""

import ast
import asyncio
import contextlib
import inspect
import logging
import os
import re
import shlex
import subprocess
import sys
import textwrap
import threading
import tomllib
from pathlib import Path

import pytest
from websockets.asyncio.server import serve

import aiohttp_client
from aiohttp_client import settings

DOCS = Path(__file__).parent.parent / "docs"
if not DOCS.exists():
    pytest.skip("an installed package has no documentation", allow_module_level=True)
PAGES = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))
README = "../README.md"
TEXTS = {page: (DOCS / page).read_text(encoding="utf-8") for page in [*PAGES, README]}
_fences = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL).finditer
SERVERS = {"httpbin": "https://httpbin.org", "echo": "wss://echo.example.org"}
_expected = re.compile(r"^\s*print\(.*\)  # (.*)$").match


def blocks(text, language):
    """(line, code) of the code blocks in that language; those in lists without their indentation."""
    for fence in _fences(text):
        if fence[2] == language:
            yield text.count("\n", 0, fence.start(3)), textwrap.dedent(fence[3])


class Printing:
    """print() for examples: compares what is printed with the comment behind it."""

    def __init__(self, text):
        self._lines = text.splitlines()
        self.unprinted = {
            line + offset
            for line, block in blocks(text, "python")
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


async def run(text, name, **instead):
    """Run the Python blocks of a page, which is called name, with other servers in the place of those it names."""
    printing = Printing(text)
    names = {"__name__": "__main__", "print": printing}
    for line, source in blocks(text, "python"):
        for server, ours in instead.items():
            source = source.replace(SERVERS[server], ours)
        code = compile("\n" * line + source, name, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        running = eval(code, names)
        if inspect.isawaitable(running):
            await running
    assert not printing.unprinted, "these lines of expected output were never printed"


@contextlib.asynccontextmanager
async def echo_server():
    async def echo(ws):
        async for message in ws:
            await ws.send(message)

    async with serve(echo, "127.0.0.1", 0) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.fixture(scope="module")
def httpbin_url():
    """httpbin behind a server that takes chunked requests; by a name, for IP addresses get no cookies."""
    from httpbin import app
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Handler(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version = "gunicorn/0"  # httpbin takes chunked requests behind no other

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.port}"
    server.shutdown()


@pytest.mark.parametrize("page", [page for page in PAGES if list(blocks(TEXTS[page], "python"))])
async def test_the_examples_of(page, httpbin_url, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    async with echo_server() as echo:
        await run(TEXTS[page], page, httpbin=httpbin_url, echo=echo)


def test_there_is_an_example_on_every_page_that_explains_the_client():
    for page in "index quickstart advanced websocket cookbook migration performance troubleshooting".split():
        page += ".md"
        assert list(blocks(TEXTS[page], "python")), page


@pytest.mark.parametrize("page", TEXTS)
def test_every_block_is_one_that_is_run(page):
    """What is not recognised as a block would be left out without a word."""
    fences = list(_fences(TEXTS[page]))
    assert {fence[2] for fence in fences} <= {"python", "console", "text"}
    marks = re.findall(r"^\s*(?:```+|~~~+)", TEXTS[page], re.MULTILINE)
    assert len(marks) == 2 * len(fences), "a fence that is not closed, or is written in another way"


@pytest.mark.parametrize(
    ("block", "complaint"),
    [
        ("print(1 + 1)  # 3", "line 4 prints '2'"),
        ("if False:\n    print(1)  # 1", "never printed"),
        ("import nothing_of_this_name", "nothing_of_this_name"),
        ("async with undefined:\n    pass", "undefined"),
    ],
)
@pytest.mark.parametrize("indent", ["", "    "])
async def test_an_example_that_is_wrong_fails(block, complaint, indent):
    page = textwrap.indent(f"Text\n\n```python\n{block}\n```\n", indent)
    with pytest.raises((AssertionError, ImportError, NameError), match=complaint):
        await run(page, "page.md")


def test_every_exit_code_is_in_the_page_of_the_command_line():
    from aiohttp_client._cli.ending import ExitCode

    table = re.findall(r"^\| (\d+) \| (.*) \|$", TEXTS["cli.md"], re.MULTILINE)
    assert table == [(str(int(code)), code.meaning) for code in ExitCode]


def test_every_option_of_a_request_is_in_the_reference_with_its_default():
    rows = re.findall(r"^\| (`.*?`) \| (.*?) \| ", TEXTS["reference/session.md"], re.MULTILINE)
    table = {name: default for names, default in rows for name in re.findall(r"`(\w+)`", names)}
    parameters = inspect.signature(settings.Settings.changed).parameters
    assert set(table) == set(parameters) - {"self"}
    for name, default in table.items():
        given = parameters[name].default
        if default == "the session's":
            assert given is None or repr(given) == "<not given>", name
        else:
            assert default.partition(";")[0] == repr(given), name


def test_the_floor_plan_names_modules_that_are_there():
    (table,) = re.findall(r"^\| floor \|.*?\n\n", TEXTS["contributing.md"], re.MULTILINE | re.DOTALL)
    names = re.findall(r"`(\w+)`", table)
    package = Path(aiohttp_client.__file__).parent
    assert len(names) > 20
    assert not [name for name in names if not (package / name).is_dir() and not (package / f"{name}.py").is_file()]


def sessions(page):
    """(line, command, what it shows) for each command of the page's console blocks."""
    for line, block in blocks(TEXTS[page], "console"):
        for command in re.finditer(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE):
            yield line + block.count("\n", 0, command.start()) + 1, command[1], command[2]


_tokens = re.compile(r"^…$|…|(?<!\w)\d[\d,.]*|[KMG]iB/s|[ █]+|(?:(?![KMG]iB/s)[^…\d █])+|\d", re.MULTILINE).finditer


def fits(shown, printed):
    if shown.strip().isdigit():  # an exit code
        return printed == shown.strip()
    pattern = ""
    for token in _tokens(shown.rstrip("\n")):
        text = token[0]
        if text == "…":
            whole_line = token.string[token.start() - 1 : token.end() + 1].strip("\n") == "…"
            pattern += r"[\s\S]*" if whole_line else ".*"
        elif text[0].isdigit() and not token.string[token.start() - 1 : token.start()].isalnum():
            pattern += r"\d[\d,.e-]*"
        elif text.endswith("iB/s"):  # the unit of what is measured depends on the machine
            pattern += "[KMG]?i?B/s"
        elif "█" in text or len(text.strip(" ")) < len(text) - 1:
            pattern += "[ █]+"
        else:
            pattern += re.escape(text)
    return re.fullmatch(pattern, printed) is not None


@pytest.mark.skipif(sys.platform == "win32", reason="the examples are for a POSIX shell")
async def test_the_commands_of_the_command_line_page(httpbin_url, tmp_path):
    """Each runs in a shell, where the one before has left it."""
    code = 0
    async with echo_server() as echo:
        for line, command, shown in sessions("cli.md"):
            local = command.replace("https://httpbin.org", httpbin_url).replace("wss://echo.example.org", echo)
            script = 'aiohttp-client() { "$PYTHON" -m aiohttp_client "$@"; }\n' + f"(exit {code})\n{local}"
            shell = await asyncio.create_subprocess_exec(
                "bash", "-c", script,
                cwd=tmp_path, env={**os.environ, "PYTHON": sys.executable},
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )  # fmt: skip
            output, _ = await shell.communicate()
            printed = output.decode().replace(httpbin_url, "https://httpbin.org").rstrip("\n")
            shown = re.sub(r"(backend:? +)c\b", rf"\1{aiohttp_client.BACKEND}", shown)
            assert fits(shown, printed), f"line {line}: {command}\n{printed}"
            code = shell.returncode


@pytest.mark.parametrize("page", [page for page in TEXTS if page != "cli.md" and list(sessions(page))])
def test_other_commands_are_there(page):
    """Installing takes a registry, checks take long: extras and scripts must exist, options must be known."""
    project = tomllib.loads((DOCS.parent / "pyproject.toml").read_text())["project"]
    for line, command, _ in sessions(page):
        program, *arguments = shlex.split(command, comments=True)
        if program == "python":
            script, *options = arguments
            usage = subprocess.run([sys.executable, DOCS.parent / script, "--help"], capture_output=True, text=True)
            assert usage.returncode == 0, f"line {line}: {usage.stderr}"
            for option in options:
                assert option.partition("=")[0] in usage.stdout or not option.startswith("-"), f"line {line}: {option}"
        elif program == "pip":
            (target,) = re.findall(r"^(?:aiohttp_client|\.)(?:\[(.*)\])?$", arguments[-1])
            assert set(filter(None, target.split(","))) <= set(project["optional-dependencies"]), f"line {line}"
        else:
            assert program in ("git", "cd"), f"line {line}: {command}"
