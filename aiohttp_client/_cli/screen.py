"""What is shown: plain text through a pipe, colours on a terminal where rich is installed, or JSON for programs."""

from __future__ import annotations

import json
import sys
from io import TextIOWrapper
from typing import Any

NO_RICH = "no colours and progress bars, for want of rich: pip install 'aiohttp_client[cli]'"


class Screen:
    """Standard output and standard error.

    machine: one JSON document per result on standard output, and nothing else there.
    colours: a rich Console for standard output; None through a pipe, without rich, or with NO_COLOR set."""

    def __init__(self, *, machine: bool) -> None:
        self.machine = machine
        # A head goes on as the bytes it came as; what the terminal or a file cannot show is spelt out.
        is_utf8 = sys.stdout.encoding.lower() == "utf-8"
        if isinstance(sys.stdout, TextIOWrapper):
            is_pipe = not sys.stdout.isatty()
            sys.stdout.reconfigure(errors="surrogateescape" if is_utf8 and is_pipe else "backslashreplace")
        self.is_terminal = sys.stdout.isatty() and not machine
        self.colours = _console() if self.is_terminal else None
        # For progress: standard output may be where the result goes.
        self.progress = _console(stderr=True) if sys.stderr.isatty() and not machine else None

    def line(self, text: str = "", style: str = "") -> None:
        if self.is_terminal:
            text = printable(text)
        if self.colours is not None:
            self.colours.print(text, style=style, markup=False, highlight=False, soft_wrap=True)
        else:
            print(text, flush=True)

    def result(self, value: Any) -> None:
        """value as one line of JSON, all in ASCII: it may be read in any encoding, or shown by a terminal."""
        print(json.dumps(value, default=str), flush=True)

    def json(self, value: Any) -> None:
        """value as JSON to be read by people."""
        text = printable(json.dumps(value, ensure_ascii=False, indent=2))
        if self.colours is None:
            print(text, flush=True)
            return
        from rich.syntax import Syntax

        self.colours.print(Syntax(text, "json", background_color="default", word_wrap=True))

    def raw(self, data: bytes) -> None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()

    def aside(self, text: str) -> None:
        """A remark that is no part of the result."""
        print(text, file=sys.stderr, flush=True)


def _console(*, stderr: bool = False) -> Any:
    try:
        from rich.console import Console
    except ImportError:
        return None
    console = Console(stderr=stderr)
    return None if console.no_color or not console.is_terminal else console


def printable(text: str) -> str:
    """text, with what might control a terminal spelt out."""
    return "".join(sign if sign.isprintable() or sign in "\n\t" else repr(sign)[1:-1] for sign in text)


def size(count: float) -> str:
    """count bytes, to be read by people."""
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.2f} GiB"


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if seconds < 10 else f"{seconds:.1f} s"
