"""What WebSockets carry: kinds of messages, close codes, and the message itself (RFC 6455 §7.4, §11)."""

from __future__ import annotations

import json
from collections.abc import Callable
from enum import IntEnum
from typing import Any, NamedTuple


class WSMsgType(IntEnum):
    """Opcodes (RFC 6455 §5.2), and from CLOSING on what only this side says."""

    CONTINUATION = 0x0
    TEXT = 0x1
    BINARY = 0x2
    CLOSE = 0x8
    PING = 0x9
    PONG = 0xA
    CLOSING = 0x100  # close() has been called by another task
    CLOSED = 0x101  # nothing will come any more
    ERROR = 0x102  # data is the exception

    text = TEXT
    binary = BINARY
    close = CLOSE
    ping = PING
    pong = PONG
    closing = CLOSING
    closed = CLOSED
    error = ERROR


class WSCloseCode(IntEnum):
    """Reasons to close (RFC 6455 §7.4.1 and its registry)."""

    OK = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    UNSUPPORTED_DATA = 1003
    ABNORMAL_CLOSURE = 1006
    INVALID_TEXT = 1007
    POLICY_VIOLATION = 1008
    MESSAGE_TOO_BIG = 1009
    MANDATORY_EXTENSION = 1010
    INTERNAL_ERROR = 1011
    SERVICE_RESTART = 1012
    TRY_AGAIN_LATER = 1013
    BAD_GATEWAY = 1014


# Said to the application where a CLOSE frame names no code (RFC 6455 §7.1.5).
NO_STATUS = 1005


def may_be_sent(code: int) -> bool:
    """Whether a CLOSE frame may hold code (RFC 6455 §7.4)."""
    return 1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999


class WSMessage(NamedTuple):
    """type, and by type: data is str, bytes, the code of CLOSE or an exception; extra is the reason of CLOSE."""

    type: WSMsgType
    data: Any
    extra: str | None

    def json(self, *, loads: Callable[[Any], Any] = json.loads) -> Any:
        """data as JSON."""
        return loads(self.data)


CLOSED = WSMessage(WSMsgType.CLOSED, None, None)
CLOSING = WSMessage(WSMsgType.CLOSING, None, None)
