"""WebSocket masking in pure Python (RFC 6455 §5.3)."""

from __future__ import annotations

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
