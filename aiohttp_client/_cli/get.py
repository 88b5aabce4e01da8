"""`get URL`: one request, and what comes back."""

from __future__ import annotations

import argparse
import base64
import json
from pathlib import Path
from typing import Any

from .._wire.mime import is_json
from ..response import ClientResponse
from .asking import absolute, add_body_options, add_request_options, body_of, method_of, session_of
from .ending import ExitCode, Failure
from .phases import Phases
from .screen import Screen, printable, size

_PIECE = 2**18


def add(commands: Any) -> None:
    parser = commands.add_parser("get", help="make a request and show the response", description=__doc__)
    parser.add_argument("url", metavar="URL", type=absolute)
    add_request_options(parser)
    add_body_options(parser)
    parser.add_argument("-o", "--output", metavar="FILE", help="write the body there")
    parser.add_argument("-L", "--location", action="store_true", help="follow redirects")
    parser.add_argument("-i", "--include", action="store_true", help="show the head through a pipe, too")
    parser.add_argument("-f", "--fail", action="store_true", help="a status of 400 or more is an error")
    parser.add_argument("--timing", action="store_true", help="show where the time went, on standard error")
    parser.set_defaults(run=run)


async def run(options: argparse.Namespace, screen: Screen) -> ExitCode:
    phases = Phases() if options.timing or screen.machine else None
    context = phases.context() if phases is not None and options.url.startswith("https:") else None
    traces = [phases.trace()] if phases is not None else None
    async with session_of(options, context=context, trace_configs=traces) as session:
        request = session.request(method_of(options), options.url, allow_redirects=options.location, **body_of(options))
        async with request as response:
            failure = ""
            if options.fail and response.status >= 400:
                failure = f"{response.status} {response.reason} from {response.url}"
            if screen.machine:
                facts = await _for_programs(response, phases, options, screen)
                if failure:
                    raise Failure(ExitCode.STATUS, failure, facts)
                screen.result(facts)
            else:
                if options.include or screen.is_terminal:
                    _head(response, screen)
                await _body(response, options, screen)
            if phases is not None and options.timing and not screen.machine:
                phases.ended()
                for line in phases.waterfall():
                    screen.aside(line)
            if failure:
                raise Failure(ExitCode.STATUS, failure)
    return ExitCode.OK


def _head(response: ClientResponse, screen: Screen) -> None:
    version = response.version
    shown = f"HTTP/{version.major}.{version.minor}" if version else "HTTP"
    style = "bold green" if response.status < 300 else "bold yellow" if response.status < 400 else "bold red"
    screen.line(f"{shown} {response.status} {response.reason}", style)
    for name, value in response.headers.items():
        if screen.colours is None:
            screen.line(f"{name}: {value}")
        else:
            from rich.text import Text

            screen.colours.print(Text.assemble((name, "cyan"), printable(f": {value}")), soft_wrap=True)
    screen.line()


async def _body(response: ClientResponse, options: argparse.Namespace, screen: Screen) -> None:
    if options.output:
        count = 0
        with Path(options.output).open("wb") as file:
            async for piece in response.content.iter_chunked(_PIECE):
                count += file.write(piece)
        screen.aside(f"{size(count)} in {options.output}")
    elif not screen.is_terminal:
        async for piece in response.content.iter_chunked(_PIECE):
            screen.raw(piece)
    else:
        _show(await response.read(), response, screen)


def _show(body: bytes, response: ClientResponse, screen: Screen) -> None:
    """A body on a terminal, which must not be given control sequences of strangers."""
    if is_json(response.content_type, "application/json"):
        try:
            screen.json(json.loads(body))
        except (ValueError, RecursionError):
            pass  # shown as the text it is
        else:
            return
    try:
        text = body.decode(response.get_encoding())
    except UnicodeDecodeError:
        screen.aside(f"{size(len(body))} that are no text: -o FILE keeps them")
        return
    screen.line(text)


async def _for_programs(
    response: ClientResponse, phases: Phases | None, options: argparse.Namespace, screen: Screen
) -> dict[str, Any]:
    result: dict[str, Any] = {
        "url": str(response.url),
        "status": response.status,
        "reason": response.reason,
        "headers": list(response.headers.items()),
        "redirects": [str(hop.url) for hop in response.history],
    }
    if options.output:
        await _body(response, options, screen)
        result["file"] = options.output
    else:
        body = await response.read()
        try:
            result["body"] = body.decode(response.get_encoding())
        except UnicodeDecodeError:
            result["body_base64"] = base64.b64encode(body).decode()
    if phases is not None:
        phases.ended()
        result["seconds"] = {name: round(took, 6) for name, _, took in phases.spans()}
    return result
