"""The command line: `python -m aiohttp_client --help`."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec

from ._cli import bench, download, get, info, ws
from ._cli.ending import ExitCode, failure_of
from ._cli.screen import NO_RICH, Screen
from ._http import __version__

_NAME = "aiohttp-client"
_EXTRA = "" if find_spec("rich") else f"{NO_RICH}\n\n"


def parser() -> argparse.ArgumentParser:
    codes = "\n".join(f"  {code:>3}  {code.meaning}" for code in ExitCode)
    parser = argparse.ArgumentParser(
        prog=_NAME,
        description="An HTTP and WebSocket client.",
        epilog=f"{_EXTRA}exit codes:\n{codes}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"{_NAME} {__version__}")
    parser.add_argument("--json", dest="machine", action="store_true", help="results as JSON, for programs")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in (get, download, ws, bench, info):
        command.add(commands)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run a command; gives its exit code, see ExitCode."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # closed by whoever started us; its number must not become a socket's
            setattr(sys, name, open(os.open(os.devnull, os.O_RDWR), mode, closefd=False))  # noqa: SIM115
    options = parser().parse_args(arguments)
    screen = Screen(machine=options.machine)
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            code: ExitCode = runner.run(options.run(options, screen))
        sys.stdout.flush()
    except BrokenPipeError:
        # What Python would still flush at its end has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.BROKEN_PIPE
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except Exception as error:
        failure = failure_of(error)
        if failure is None:
            raise
        if screen.machine:
            with suppress(OSError):  # which may be what failed
                screen.result({**failure.facts, "error": str(failure), "code": int(failure.code)})
        print(f"{_NAME}: {failure}", file=sys.stderr)
        return failure.code
    return code


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if find_spec("uvloop") is None:
        return None
    import uvloop

    return uvloop.new_event_loop


if __name__ == "__main__":
    sys.exit(main())
