"""docs/troubleshooting.md has every message the client can raise, and none that it cannot.

Messages are found in the source, with … for what is put into them; an entry of the page fits if its own … can stand for
the rest.
"""

import ast
import builtins
import re
from pathlib import Path

import pytest

import aiohttp_client
from aiohttp_client import exceptions

PAGE = Path(__file__).parent.parent / "docs" / "troubleshooting.md"
if not PAGE.exists():
    pytest.skip("an installed package has no documentation", allow_module_level=True)
PACKAGE = Path(aiohttp_client.__file__).parent

# Said by the system, by Python, or in another way than by raising it.
FOREIGN = {"no running event loop", "Cannot connect to host"}
# What some make of the text they are given.
DERIVED = {
    "LineTooLong": "{} is over the limit of …: …",
    "InvalidHeader": "invalid header field …, expected {}",
    "_cannot": "Can not decode content-encoding: …: {}",
    "_violation": "{}",
}
# What only code inside the package can do wrong, and what becomes a part of another message.
INTERNAL = {
    "no host",
    "feed_data after feed_eof",
    "a chunk ends that has not begun: call begin_http_chunk_receiving() first",
    "chunks begin in the middle: data has been fed without them",
    "a masking key has 4 bytes, got …",
    "begin must be a multiple of 4, got …",
    "data must be a bytearray, got …",
    "message must be a class of tuples, got …",
    "… does not say how to dial",
    "high (…) must be at least low (…), and low at least 0",
}
MODULES = [
    path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path.name != "__main__.py" and "_cli" not in path.relative_to(PACKAGE).parts
]


def is_error(name):
    found = getattr(exceptions, name, None) or getattr(builtins, name, None)
    return name == "HandshakeError" or (isinstance(found, type) and issubclass(found, Exception))


def texts(node, assigned):
    """The texts an expression can be, … standing for their parts that are not constant."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
    elif isinstance(node, ast.IfExp):
        yield from texts(node.body, assigned)
        yield from texts(node.orelse, assigned)
    elif isinstance(node, ast.Name):
        for value in assigned.get(node.id, ()):
            yield from texts(value, {})


def messages():
    """(message, where it is raised) of all errors and warnings."""
    for path in MODULES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assigned = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                assigned.setdefault(node.targets[0].id, []).append(node.value)
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            # super().__init__(f"…") of those that derive their messages
            derives = name == "__init__" and path.name == "exceptions.py"
            if not (derives or name in ("warn", *DERIVED) or is_error(name)):
                continue
            arguments = [*node.args, *[keyword.value for keyword in node.keywords if keyword.arg == "message"]]
            for argument in arguments:
                for text in texts(argument, assigned):
                    message = DERIVED.get(name, "{}").format(text)
                    if " " in message.strip() and message not in INTERNAL:  # one word is the name of a thing
                        yield message, f"{path.relative_to(PACKAGE).as_posix()}:{node.lineno}"


def entries():
    """The messages of the page: what is in the first column of its tables."""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        row = re.match(r"\| (.*?) \| .*\|$", line)
        if row and "`" in row[1]:
            for _, span in re.findall(r"(?<!`)(`+)(?!`) ?(.*?) ?(?<!`)\1(?!`)", row[1]):
                yield span


def pattern(entry):
    return re.compile(".*".join(map(re.escape, entry.split("…"))), re.DOTALL).fullmatch


KNOWN = {entry: pattern(entry) for entry in entries()}
RAISED = sorted(set(messages()))


def test_there_are_many_of_both():
    assert len(RAISED) > 150
    assert len(KNOWN) > 150


@pytest.mark.parametrize(("message", "where"), RAISED)
def test_the_page_has(message, where):
    assert any(fits(message) for entry, fits in KNOWN.items() if entry.strip("… :")), f"{message!r} of {where}"


def in_brackets():
    """Entries that quote the system: the table below "In the brackets"."""
    text = PAGE.read_text(encoding="utf-8")
    start = text.index("In the brackets of")
    return text[start : text.index("\n## ", start)]


@pytest.mark.parametrize("entry", KNOWN)
def test_there_is_an_error_that_says(entry):
    if entry in in_brackets() or entry in FOREIGN:
        return
    if re.match(r"b'|…, message=|Cannot connect|… expected=", entry):  # made by __str__ and __repr__
        return
    assert any(KNOWN[entry](message) for message, _ in RAISED), entry


def test_every_exception_is_named():
    text = PAGE.read_text(encoding="utf-8")
    raised = {
        name
        for name in aiohttp_client.__all__
        if isinstance(getattr(aiohttp_client, name), type)
        and issubclass(getattr(aiohttp_client, name), Exception)
        and name not in ("EofStream", "RedirectClientError", "ClientConnectionError", "ServerConnectionError")
    }
    assert not [name for name in raised if f"`{name}`" not in text]
