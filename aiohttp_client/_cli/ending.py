"""How a command ends: its exit code, and one line that says why."""

from __future__ import annotations

import ssl
from enum import IntEnum
from typing import Any

from ..exceptions import ClientError, ClientPayloadError, InvalidURL, NonHttpUrlClientError, WSServerHandshakeError
from .screen import printable


class ExitCode(IntEnum):
    """What each exit code means; printed by --help."""

    OK = 0
    USAGE = 2
    UNREACHABLE = 3
    STATUS = 4
    FILE = 5
    CHECKSUM = 6
    INTERRUPTED = 130
    BROKEN_PIPE = 141

    @property
    def meaning(self) -> str:
        return _MEANINGS[self]


_MEANINGS = {
    ExitCode.OK: "done",
    ExitCode.USAGE: "a wrong option, argument or URL",
    ExitCode.UNREACHABLE: "no response, or half of one: name not found, refused, TLS, time-out, broken protocol",
    ExitCode.STATUS: "the server refused: a status of 400 or more (get only with --fail), or no WebSocket there",
    ExitCode.FILE: "a file cannot be read or written, or the disk is full",
    ExitCode.CHECKSUM: "what was downloaded is not what --checksum says",
    ExitCode.INTERRUPTED: "Ctrl-C",
    ExitCode.BROKEN_PIPE: "whoever read the output has gone",
}


class Failure(Exception):
    """Ends the command with code and one line. facts: what programs are told beside that."""

    def __init__(self, code: ExitCode, message: str, facts: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.facts = facts or {}


def failure_of(error: BaseException) -> Failure | None:
    """What to tell the user about error; None if it is a defect of ours, whose traceback is wanted."""
    if isinstance(error, Failure):
        return error
    if isinstance(error, InvalidURL):
        return Failure(ExitCode.USAGE, f"not a URL to be fetched: {error}")
    if isinstance(error, NonHttpUrlClientError):
        return Failure(ExitCode.USAGE, f"not a URL to be fetched: {error}, expected http: or https:")
    if isinstance(error, WSServerHandshakeError):
        return Failure(ExitCode.STATUS, f"no WebSocket there: {one_line(error)}")
    if isinstance(error, ClientPayloadError):
        return Failure(ExitCode.UNREACHABLE, f"the response broke off: {_reason(error)}")
    if isinstance(error, (ClientError, TimeoutError, ssl.SSLError)):
        return Failure(ExitCode.UNREACHABLE, one_line(error))
    if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
        return Failure(ExitCode.FILE, one_line(error))
    if isinstance(error, ValueError):
        return Failure(ExitCode.USAGE, one_line(error))
    return None


def one_line(error: BaseException) -> str:
    """What error says, in one line without control characters."""
    return printable(" ".join(str(error).split()) or type(error).__name__)


def _reason(error: ClientPayloadError) -> str:
    """What ended a body early, without the exceptions that wrap it."""
    cause: BaseException = error
    while isinstance(cause, ClientPayloadError) and cause.__cause__ is not None:
        cause = cause.__cause__
    message = getattr(cause, "message", "")
    return printable(" ".join(message.split())) if message else one_line(cause)
