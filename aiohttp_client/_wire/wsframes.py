# cython: language_level=3, annotation_typing=False, auto_pickle=False, freethreading_compatible=True
"""Frames and fragments of a server, made into messages (RFC 6455 §5).

feed() takes bytes as they come. Most messages are short, whole and alone in their frame: batch()
finds all of those in one go, compiled. message() reads everything else, a frame at a time; of a
frame whose end has not arrived the data is taken as it comes, so that nothing is copied twice
and text that is no UTF-8 is known at once. The size of a frame counts when its header is there.
"""

from __future__ import annotations

import codecs
from typing import Any, Final

from .._backend import chunks
from .._backend import mask as frames
from ..exceptions import WebSocketError
from .wsdeflate import Inflater
from .wsmessages import NO_STATUS, WSCloseCode, WSMessage, WSMsgType, may_be_sent

_scan = frames.scan
_mask = frames.mask
_TEXT: Final = WSMsgType.TEXT
_BINARY: Final = WSMsgType.BINARY
_WholeBody = chunks.WholeBody
_new_decoder = codecs.getincrementaldecoder("utf-8")

_MAX_CONTROL = 125  # RFC 6455 §5.5
# Bytes that a message must lack to be worth a place of its own, and the most that one is made for on a peer's word.
_WORTH_COLLECTING = 64 * 1024
_MOST_COLLECTED = 64 * 1024 * 1024
# Pieces of a message that are joined, lest a peer that cuts it small makes us keep many times its size.
_LOOSE = 256
_CONTROL = frozenset((WSMsgType.CLOSE, WSMsgType.PING, WSMsgType.PONG))
_DATA = frozenset((WSMsgType.TEXT, WSMsgType.BINARY))


class MessageReader:
    """Messages of one peer.

    max_size: bytes of a message, 0 for any number. decode_text: text as str, else as bytes.
    error: what the peer did wrong, or None; from then on, and behind a CLOSE, everything is ignored.
    exhausted: after a batch, whether there is nothing more to be read.
    body: where the rest of a large message may be put in place of feeding it, or None.
    """

    __slots__ = (
        "_at",
        "_buffer",
        "_compressed",
        "_decode_text",
        "_decoder",
        "_fin",
        "_firm",
        "_inflater",
        "_key",
        "_left",
        "_masked",
        "_max_size",
        "_opcode",
        "_pieces",
        "_size",
        "body",
        "ended",
        "error",
        "exhausted",
    )

    def __init__(self, *, max_size: int, inflater: Inflater | None = None, decode_text: bool = True) -> None:
        self._max_size = max_size
        self._inflater = inflater
        self._decode_text = decode_text
        self.error: WebSocketError | None = None
        self.ended = False  # by CLOSE or an error
        self.exhausted = True
        self.body: chunks.WholeBody | None = None
        self._buffer = b""
        self._at = 0
        # The data frame whose end has not arrived: bytes missing, and whether a message ends with it.
        self._left = 0
        self._fin = True
        self._key = b""
        self._masked = 0  # bytes of it that have been unmasked
        # The message it belongs to: its opcode, CONTINUATION for none.
        self._opcode = WSMsgType.CONTINUATION
        self._compressed = False
        self._size = 0
        self._pieces: list[Any] = []  # bytes; or str, if there is a decoder
        self._firm = 0  # how many of them have been joined
        self._decoder: codecs.IncrementalDecoder | None = None

    def feed(self, data: bytes) -> None:
        """Take bytes from the peer."""
        if self.ended:
            return
        body = self.body
        if body is not None:
            taken = min(len(data), body.left)
            _fill(body, memoryview(data)[:taken])
            data = data[taken:]
        if self._at < len(self._buffer):
            data = self._buffer[self._at :] + data
        self._buffer = data
        self._at = 0

    def batch(self, most: int) -> tuple[list[WSMessage], int]:
        """Up to most messages that are easily found, and how many bytes they took."""
        if self._left or self._opcode or self.ended:
            return [], 0
        begin, buffer = self._at, self._buffer
        text = _TEXT if self._decode_text else None
        found, at = _scan(buffer, begin, self._max_size or len(buffer), most, WSMessage, text, _BINARY)
        self._at = at
        self.exhausted = at == len(buffer)
        return found, at - begin

    def message(self) -> WSMessage | None:
        """The next message or control frame, None if more bytes are needed or error has been set.

        Its data may be a WholeBody, whose result() can be had when nobody fills it any more."""
        if self.ended:
            return None
        if self.body is not None:
            return self._collected(self.body)
        try:
            while True:
                if not self._left and (done := self._header()) is not True:
                    return done if done is not False else None
                if self._left and not self._take():
                    return None
                if self._fin:
                    return self._complete()
        except WebSocketError as error:
            self.error = error
            self.ended = True
            self._buffer = b""
            return None

    # -- one frame

    def _header(self) -> WSMessage | bool:
        """Read a header. False: it is not all there. A message: it was a control frame. True: data follows."""
        buffer, at = self._buffer, self._at
        there = len(buffer) - at
        if there < 2:
            return False
        first, second = buffer[at], buffer[at + 1]
        opcode, fin = first & 0x0F, bool(first & 0x80)
        size = second & 0x7F
        head = 2 + (2 if size == 126 else 8 if size == 127 else 0) + (4 if second & 0x80 else 0)
        self._check(first, opcode, fin, size)
        if there < head:
            return False
        behind = at + head
        if size == 126:
            size = int.from_bytes(buffer[at + 2 : at + 4], "big")
            if size < 126:
                raise _violation(f"a length of {size} in two bytes")
        elif size == 127:
            size = int.from_bytes(buffer[at + 2 : at + 10], "big")
            if size < 65536 or size >> 63:
                raise _violation(f"a length of {size} in eight bytes")
        key = buffer[behind - 4 : behind] if second & 0x80 else b""
        if opcode in _CONTROL:
            if there < head + size:
                return False
            payload = buffer[behind : behind + size]
            self._at = behind + size
            return self._control(WSMsgType(opcode), _unmasked(payload, key))
        if opcode:
            self._begin(WSMsgType(opcode), bool(first & 0x40))
        self._size += size
        if self._max_size and self._size > self._max_size:
            raise WebSocketError(
                WSCloseCode.MESSAGE_TOO_BIG, f"Message size {self._size} exceeds limit {self._max_size}"
            )
        if opcode and fin and not key and size - (len(buffer) - behind) >= _WORTH_COLLECTING and self._is_whole(size):
            self.body = _WholeBody(size)
            _fill(self.body, memoryview(buffer)[behind:])
            self._at = len(buffer)
            return False
        self._at = behind
        self._fin, self._left, self._key, self._masked = fin, size, key, 0
        return True

    def _check(self, first: int, opcode: int, fin: bool, size: int) -> None:
        if first & 0x30 or (first & 0x40 and (self._inflater is None or not (opcode in _DATA or opcode in _CONTROL))):
            raise _violation(f"reserved bits are set: {first:#04x}")
        if opcode in _CONTROL:
            if not fin:
                raise _violation("a control frame is fragmented")
            if size > _MAX_CONTROL:
                raise _violation("a control frame is longer than 125 bytes")
        elif opcode in _DATA:
            if self._opcode:
                raise _violation(f"{WSMsgType(opcode).name} begins within a fragmented message")
        elif opcode:
            raise _violation(f"unknown opcode {opcode:#x}")
        elif not self._opcode:
            raise _violation("CONTINUATION without a message to continue")

    def _begin(self, opcode: WSMsgType, compressed: bool) -> None:
        self._opcode = opcode
        self._compressed = compressed
        self._size = 0
        if opcode is _TEXT and not compressed and self._decode_text:
            self._decoder = _new_decoder()

    def _is_whole(self, size: int) -> bool:
        """Whether the bytes of this frame, the first and last of its message, are what will be received."""
        return self._decoder is None and not self._compressed and size <= _MOST_COLLECTED

    def _collected(self, body: chunks.WholeBody) -> WSMessage | None:
        if body.left:
            return None
        self.body = None
        opcode, self._opcode = self._opcode, WSMsgType.CONTINUATION
        return WSMessage(opcode, body, "")

    def _take(self) -> bool:
        """Take what is there of the frame; whether that was all of it."""
        at, buffer = self._at, self._buffer
        # Not at + _left, which may be more than a C integer holds: nobody but the peer has said what _left is.
        taken = min(self._left, len(buffer) - at)
        data = buffer[at : at + taken] if taken < len(buffer) else buffer
        if not data:
            return False
        self._at += len(data)
        self._left -= len(data)
        if self._key:
            shift = self._masked & 3
            self._masked += len(data)
            data = _unmasked(data, self._key[shift:] + self._key[:shift])
        if self._decoder is not None:
            try:
                self._keep(self._decoder.decode(data))
            except UnicodeDecodeError as error:
                raise _no_text(error) from error
        else:
            self._keep(data)
        return not self._left

    def _keep(self, piece: bytes | str) -> None:
        pieces = self._pieces
        pieces.append(piece)
        if len(pieces) - self._firm > _LOOSE:
            pieces[self._firm :] = [piece[:0].join(pieces[self._firm :])]
            self._firm += 1

    def _complete(self) -> WSMessage:
        """The message whose last frame has been read."""
        opcode, self._opcode = self._opcode, WSMsgType.CONTINUATION
        pieces, self._pieces = self._pieces, []
        self._firm = 0
        decoder, self._decoder = self._decoder, None
        if decoder is not None:
            try:
                pieces.append(decoder.decode(b"", True))
            except UnicodeDecodeError as error:
                raise _no_text(error) from error
            return WSMessage(_TEXT, "".join(pieces), "")
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        if self._compressed:
            assert self._inflater is not None
            data = self._inflater.inflate(data, self._max_size)
            if opcode is _TEXT and self._decode_text:
                try:
                    return WSMessage(_TEXT, data.decode("utf-8"), "")
                except UnicodeDecodeError as error:
                    raise _no_text(error) from error
        return WSMessage(opcode, data, "")

    def _control(self, opcode: WSMsgType, payload: bytes) -> WSMessage:
        if opcode is not WSMsgType.CLOSE:
            return WSMessage(opcode, payload, "")
        self.ended = True
        self._buffer = b""
        if not payload:
            return WSMessage(opcode, 0, "")
        if len(payload) == 1:
            raise _violation("a CLOSE frame with half a code")
        code = int.from_bytes(payload[:2], "big")
        if not may_be_sent(code):
            raise _violation(f"Invalid close code: {code}")
        try:
            return WSMessage(opcode, code, payload[2:].decode("utf-8"))
        except UnicodeDecodeError as error:
            raise _no_text(error) from error


def _fill(body: chunks.WholeBody, data: bytes | memoryview) -> None:
    with body.room() as room:
        room[: len(data)] = data
    body.fill(len(data))


def _unmasked(data: bytes, key: bytes) -> bytes:
    # A server must not mask (RFC 6455 §5.1); some do, and what they mean is clear.
    if not key:
        return data
    plain = bytearray(data)
    _mask(key, plain)
    return bytes(plain)


def _violation(what: str) -> WebSocketError:
    return WebSocketError(WSCloseCode.PROTOCOL_ERROR, what)


def _no_text(error: UnicodeDecodeError) -> WebSocketError:
    return WebSocketError(WSCloseCode.INVALID_TEXT, f"Invalid UTF-8 text message: {error}")


def close_code_of(close: WSMessage) -> int:
    """The close code that a CLOSE means (RFC 6455 §7.1.5)."""
    code: int = close.data
    return code or NO_STATUS
