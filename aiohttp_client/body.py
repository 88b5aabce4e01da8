"""What data=, json= and text= become: bytes that are ready, or a payload that writes itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from multidict import MultiDict, MultiDictProxy

from .formdata import FormData
from .payload import PAYLOAD_REGISTRY, BytesPayload, Payload
from .payload import LookupError as NoPayload
from .typedefs import JSONBytesEncoder

_TEXT = "text/plain; charset=utf-8"
_BYTES = "application/octet-stream"


class Content(NamedTuple):
    """A request body in memory and its Content-Type; it goes out in one write with its head."""

    body: bytes
    content_type: str


def body_of(
    data: Any, json: Any, text: str | None, dumps: JSONBytesEncoder, *, needs_payload: bool
) -> tuple[Content | None, Payload[Any] | None]:
    """The one body given: ready if it is in memory and needs_payload is false, else a payload.

    Raises ValueError if more than one is given, TypeError for what cannot be a body."""
    if (data is not None) + (json is not None) + (text is not None) > 1:
        raise ValueError("data, json and text are three ways to give the one body: use one of them")
    if json is not None:
        content = Content(dumps(json), "application/json")
    elif text is not None:
        if not isinstance(text, str):
            raise TypeError(f"text must be str, got {type(text).__name__}")
        content = Content(text.encode(), _TEXT)
    elif isinstance(data, str):
        content = Content(data.encode(), _TEXT)
    elif isinstance(data, bytes):
        content = Content(data, _BYTES)
    elif isinstance(data, (bytearray, memoryview)):
        content = Content(bytes(data), _BYTES)
    else:
        payload = _payload_of(data)
        if type(payload) is not BytesPayload or needs_payload or len(payload.headers) > 1:
            return None, payload
        content = Content(bytes(payload._value), payload.content_type)
    if needs_payload:
        return None, BytesPayload(content.body, content_type=content.content_type)
    return content, None


def _payload_of(data: Any) -> Payload[Any]:
    if isinstance(data, FormData):
        return data()
    try:
        return PAYLOAD_REGISTRY.get(data, disposition=None)
    except NoPayload:
        pass
    if not isinstance(data, (Mapping, MultiDict, MultiDictProxy, list, tuple)):
        raise TypeError(
            "data must be bytes, str, a file, an async iterable of bytes, a StreamReader, a Payload, "
            f"or a form as mapping, pairs or FormData; got {type(data).__name__}"
        )
    return FormData(data)()
