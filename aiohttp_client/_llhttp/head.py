"""Response heads checked by llhttp.

llhttp decides whether the bytes are a head; where it ends, what its fields mean for the framing,
and what we refuse on top (limits, repeated lengths, other versions) is the pure twin's text.
"""

from __future__ import annotations

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from .._http import HeadLimits
from .._pure.head import ResponseHead as ResponseHead
from .._pure.head import mended_head
from .._pure.head import parse_head as _parse_head
from ..exceptions import BadHttpMessage


class _Silent:
    """Callbacks: none, for nothing llhttp takes apart is needed."""


def parse_head(data: bytes | bytearray, limits: HeadLimits, searched: int = 0) -> ResponseHead | None:
    head = _parse_head(data, limits, searched)
    if head is None:
        return None
    received = bytes(data[: head.end])
    error = _refusal(received, head.status)
    if error is not None:
        # It knows nothing of folded values and bare LFs, which the twin has mended by then.
        mended = mended_head(received.lstrip(b"\r\n"))
        if mended is not None:
            error = _refusal(mended, head.status)
    if error is not None:
        raise BadHttpMessage(f"llhttp refuses the response head: {error}") from error
    return head


def _refusal(head: bytes, status: int) -> HttpParserError | None:
    try:
        HttpResponseParser(_Silent()).feed_data(head)
    except HttpParserUpgrade:
        pass  # its way to say that what follows is another protocol
    except HttpParserError as error:
        if status != 101 or "Pause on" not in str(error):  # the same, where no Upgrade field says which
            return error
    return None
