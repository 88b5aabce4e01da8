"""The opening handshake, as far as it is text (RFC 6455 §4, RFC 7692 §7.1)."""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .._http import TOKEN

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 §1.3
# Compiled, and kept, by re when they are first used: an import need not wait for them.
_EXTENSION = rf"\s*({TOKEN})((?:\s*;\s*{TOKEN}(?:\s*=\s*(?:{TOKEN}|\"{TOKEN}\"))?)*)\s*(?:,|$)"
_PARAMETER = rf";\s*({TOKEN})(?:\s*=\s*\"?({TOKEN})\"?)?"
_WINDOW = r"[89]|1[0-5]"


class HandshakeError(Exception):
    """The server's answer opens no WebSocket."""


class Deflate(NamedTuple):
    """permessage-deflate as agreed: sizes of the windows as bits, and who forgets them with each message."""

    client_bits: int = 15
    server_bits: int = 15
    client_forgets: bool = False
    server_forgets: bool = False


def new_key() -> str:
    """A value of Sec-WebSocket-Key."""
    return base64.b64encode(os.urandom(16)).decode("ascii")


def accept_value(key: str) -> str:
    """What the server has to answer to key as Sec-WebSocket-Accept."""
    import hashlib  # half a millisecond, for those who open WebSockets

    return base64.b64encode(hashlib.sha1(key.encode() + _GUID, usedforsecurity=False).digest()).decode("ascii")


def has_token(fields: Sequence[str], token: str) -> bool:
    """Whether a list header names token."""
    return any(token == part.strip().lower() for field in fields for part in field.split(","))


def deflate_offer(bits: int) -> str:
    """Sec-WebSocket-Extensions for a window of at most bits."""
    return "permessage-deflate; client_max_window_bits" + (f"; server_max_window_bits={bits}" if bits < 15 else "")


def deflate_agreed(answers: Sequence[str], offered: int) -> Deflate | None:
    """What the server made of deflate_offer(offered), 0 for none made; None if it does not want to compress.

    Raises HandshakeError for what was not offered or makes no sense (RFC 7692 §7.1, RFC 6455 §9.1)."""
    value = ", ".join(answers)
    if not value.strip():
        return None
    next_extension = re.compile(_EXTENSION).match
    at = 0
    agreed: Deflate | None = None
    while at < len(value):
        extension = next_extension(value, at)
        if extension is None:
            raise HandshakeError(f"Invalid extension header: {value!r}")
        at = extension.end()
        name, parameters = extension.groups()
        if name.lower() != "permessage-deflate" or not offered:
            raise HandshakeError(f"Extension {name} was not offered")
        if agreed is not None:
            raise HandshakeError("permessage-deflate is accepted twice")
        agreed = _deflate(parameters, offered)
    return agreed


def _deflate(text: str, offered: int) -> Deflate:
    seen: dict[str, str | None] = {}
    for found in re.finditer(_PARAMETER, text):
        name = found[1].lower()
        if name in seen:
            raise HandshakeError(f"Extension for deflate names {name} twice")
        seen[name] = found[2]
    agreed = Deflate()
    for name, value in seen.items():
        if name in ("client_no_context_takeover", "server_no_context_takeover") and value is None:
            continue
        if name in ("client_max_window_bits", "server_max_window_bits"):
            if value is None or not re.fullmatch(_WINDOW, value):
                raise HandshakeError(f"Invalid window size: {name}={value}")
            if name == "client_max_window_bits":
                if int(value) == 8:  # zlib cannot make a raw stream with it
                    raise HandshakeError("Invalid window size: client_max_window_bits=8 is not supported")
                agreed = agreed._replace(client_bits=int(value))
            elif int(value) > offered:
                raise HandshakeError(f"Invalid window size: server_max_window_bits={value}, offered were {offered}")
            else:
                agreed = agreed._replace(server_bits=int(value))
            continue
        raise HandshakeError(f"Extension for deflate not supported; {name}{'' if value is None else '=' + value}")
    return agreed._replace(
        client_forgets="client_no_context_takeover" in seen, server_forgets="server_no_context_takeover" in seen
    )


def checked_protocols(protocols: Iterable[str]) -> tuple[str, ...]:
    """Subprotocols to ask for. Raises ValueError for one that is no token (RFC 6455 §4.1, item 10)."""
    names = tuple(protocols)
    for name in names:
        if not re.fullmatch(TOKEN, name):
            raise ValueError(f"subprotocol {name!r} is not a token, expected a word like 'chat'")
    return names


def chosen_protocol(answers: Sequence[str], asked: Sequence[str]) -> str | None:
    """The first subprotocol of the server's that was asked for."""
    for answer in answers:
        for name in answer.split(","):
            if name.strip() in asked:
                return name.strip()
    return None


def is_key(value: str) -> bool:
    """Whether value is 16 bytes as base64."""
    try:
        return len(base64.b64decode(value, validate=True)) == 16
    except binascii.Error:
        return False
