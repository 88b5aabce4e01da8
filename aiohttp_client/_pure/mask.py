"""WebSocket frames, what is worth compiling of them: masking, building, finding (RFC 6455 §5.2, §5.3)."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")
M = TypeVar("M", bound=tuple[object, object, object])

_new_tuple = tuple.__new__

# For each byte of a key, what it makes of every byte; a few of the 256 are ever used at a time.
_tables: dict[int, bytes] = {}
# Up to this size one big integer is quicker than four translations.
_SMALL = 1024


def mask(key: bytes, data: bytearray) -> None:
    """XOR data in place with the 4-byte key, byte i with key[i % 4].

    Applying it twice restores the input. Raises ValueError unless len(key) == 4, TypeError
    unless data is a bytearray."""
    if not isinstance(data, bytearray):
        raise TypeError(f"data must be a bytearray, got {type(data).__name__}")
    if len(key) != 4:
        raise ValueError(f"a masking key has 4 bytes, got {len(key)}")
    size = len(data)
    if size <= _SMALL:
        repeated = (key * (size // 4 + 1))[:size]
        masked = int.from_bytes(data, "big") ^ int.from_bytes(repeated, "big")
        data[:] = masked.to_bytes(size, "big")
        return
    for offset, byte in enumerate(key):
        table = _tables.get(byte)
        if table is None:
            table = _tables[byte] = bytes(value ^ byte for value in range(256))
        data[offset::4] = data[offset::4].translate(table)


def frame(first: int, key: bytes, payload: bytes | bytearray | memoryview) -> bytes:
    """A masked frame: first is its first byte (FIN, RSV and opcode).

    Raises ValueError unless len(key) == 4."""
    data = bytearray(payload)
    mask(key, data)
    return b"".join((_head(first, key, len(data)), data))


def piece(first: int, key: bytes, payload: bytes | bytearray | memoryview, begin: int, end: int) -> bytes:
    """The part of frame(first, key, payload) with payload[begin:end]: for one that is too large to be made as a whole.

    The head of the frame is in front of the piece that begins at 0. payload holds bytes.
    Raises ValueError unless begin is a multiple of 4, and len(key) == 4."""
    if begin < 0 or begin & 3:
        raise ValueError(f"begin must be a multiple of 4, got {begin}")
    data = bytearray(memoryview(payload)[begin:end])
    mask(key, data)
    return bytes(data) if begin else b"".join((_head(first, key, len(payload)), data))


def _head(first: int, key: bytes, size: int) -> bytes:
    if size < 126:
        head = bytes((first, 0x80 | size))
    elif size < 65536:
        head = bytes((first, 0xFE)) + size.to_bytes(2, "big")
    else:
        head = bytes((first, 0xFF)) + size.to_bytes(8, "big")
    return head + key


def scan(
    data: bytes, at: int, limit: int, most: int, message: type[M], text: T | None, binary: T
) -> tuple[list[M], int]:
    """Messages in data from at on, as message of (text or binary, payload, ""), and where the rest begins.

    Found are at most `most` whole messages of up to 65535 and up to limit bytes, each in one
    unmasked frame; the rest begins with whatever is something else, or not there completely.
    message: tuple, or a class of named tuples. text: None if text messages are something else, too.
    """
    if not issubclass(message, tuple):
        raise TypeError(f"message must be a class of tuples, got {message!r}")
    found: list[M] = []
    end = len(data)
    while at + 2 <= end and len(found) < most:
        first, size = data[at], data[at + 1]
        if first == 0x81 and text is not None:
            label = text
        elif first == 0x82:
            label = binary
        else:
            break
        begin = at + 2
        if size == 126:
            begin = at + 4
            size = int.from_bytes(data[at + 2 : begin], "big")
            if begin > end or size < 126:
                break
        elif size > 126:
            break
        behind = begin + size
        if behind > end or size > limit:
            break
        payload: str | bytes
        if first == 0x82:
            payload = data[begin:behind]
        else:
            try:
                payload = str(data[begin:behind], "utf-8")
            except UnicodeDecodeError:
                break
        found.append(_new_tuple(message, (label, payload, "")))
        at = behind
    return found, at
