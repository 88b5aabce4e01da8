"""permessage-deflate: messages, compressed with what came before as dictionary (RFC 7692 §7.2)."""

from __future__ import annotations

import zlib

from ..exceptions import WebSocketError
from .wsmessages import WSCloseCode

_TAIL = b"\x00\x00\xff\xff"
# A message may be several deflate streams, but a peer that makes thousands of them wants us to work.
_MAX_STREAMS = 1024


class Inflater:
    """Decompresses messages of one peer, in order."""

    __slots__ = ("_bits", "_forgets", "_object")

    def __init__(self, bits: int, *, forgets: bool) -> None:
        self._bits = bits
        self._forgets = forgets
        self._object = zlib.decompressobj(wbits=-bits)

    def inflate(self, data: bytes, limit: int) -> bytes:
        """A message of at most limit bytes, 0 for any number.

        Raises WebSocketError 1009 for a longer one, 1007 for data that is not deflate."""
        if self._forgets:
            self._object = zlib.decompressobj(wbits=-self._bits)
        pieces: list[bytes] = []
        left = limit + 1 if limit else 0
        rest = data + _TAIL
        for _ in range(_MAX_STREAMS):
            try:
                piece = self._object.decompress(rest, left) if limit else self._object.decompress(rest)
            except zlib.error as error:
                raise WebSocketError(
                    WSCloseCode.INVALID_TEXT, f"a compressed message is not deflate: {error}"
                ) from error
            pieces.append(piece)
            if limit:
                left -= len(piece)
                if left <= 0:
                    raise WebSocketError(WSCloseCode.MESSAGE_TOO_BIG, f"a decompressed message exceeds {limit} bytes")
            if not self._object.eof:
                break
            # The stream said it was its last block (RFC 7692 §7.2.3.5): what follows is another one.
            rest = self._object.unused_data
            self._object = zlib.decompressobj(wbits=-self._bits)
            if not rest or rest == _TAIL:
                break
        else:
            raise WebSocketError(WSCloseCode.PROTOCOL_ERROR, f"a message of more than {_MAX_STREAMS} deflate streams")
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


class Deflater:
    """Compresses our messages, in order."""

    __slots__ = ("_flush", "_object")

    def __init__(self, bits: int, *, forgets: bool) -> None:
        self._object = zlib.compressobj(level=zlib.Z_BEST_SPEED, wbits=-bits)
        self._flush = zlib.Z_FULL_FLUSH if forgets else zlib.Z_SYNC_FLUSH

    def deflate(self, data: bytes) -> bytes:
        """A message, without the four bytes it would end in."""
        compressed = self._object.compress(data) + self._object.flush(self._flush)
        # An empty message leaves zlib nothing to flush (RFC 7692 §7.2.3.6).
        return compressed.removesuffix(_TAIL) or b"\x00"
