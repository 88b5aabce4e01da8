"""Multipart bodies: several payloads in one (RFC 2046 §5.1, RFC 7578)."""

from __future__ import annotations

import base64
import os
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

from multidict import CIMultiDict, MultiDict, MultiDictProxy

from . import hdrs
from ._wire.disposition import content_disposition
from ._wire.mime import content_type_parameter
from ._wire.serialize import field_lines
from .abc import AbstractStreamWriter
from .payload import PAYLOAD_REGISTRY, JsonPayload, Order, Payload, StringPayload
from .payload import LookupError as NoPayload
from .typedefs import LooseHeaders

_MAX_BOUNDARY = 70  # RFC 2046 §5.1.1
_is_token = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch
_is_boundary = re.compile(rb"[\t\x20-\x7e]*[\x21-\x7e]").fullmatch

# A part, its Content-Encoding and its Content-Transfer-Encoding, "" for none.
_Part = tuple[Payload[Any], str, str]


class MultipartWriter(Payload[list[_Part]]):
    """A body of parts, each with headers of its own; append() them.

    boundary: random if not given. Raises ValueError for one that is not 1 to 70 ASCII characters."""

    _value: list[_Part]

    def __init__(self, subtype: str = "mixed", boundary: str | None = None) -> None:
        self._boundary = _checked_boundary(os.urandom(16).hex() if boundary is None else boundary)
        super().__init__([], content_type=f"multipart/{subtype}; boundary={self._quoted_boundary()}")
        self._is_form_data = subtype == "form-data"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to do; `with` groups the appending."""

    def __iter__(self) -> Iterator[_Part]:
        return iter(self._value)

    def __len__(self) -> int:
        return len(self._value)

    def __bool__(self) -> bool:
        return True

    @property
    def boundary(self) -> str:
        return self._boundary.decode("ascii")

    def _quoted_boundary(self) -> str:
        text = self.boundary
        return text if _is_token(self._boundary) else '"{}"'.format(text.replace("\\", "\\\\").replace('"', '\\"'))

    def agree(self, content_type: str) -> str:
        """content_type, which the caller wants sent, with our boundary; or, if it names one, that becomes ours."""
        if not content_type.lower().startswith("multipart/"):
            return content_type
        boundary = content_type_parameter(content_type, "boundary")
        if not boundary:
            return f"{content_type}; boundary={self._quoted_boundary()}"
        self._boundary = _checked_boundary(boundary)
        return content_type

    @property
    def consumed(self) -> bool:
        return any(part.consumed for part, _, _ in self._value)

    @property
    def autoclose(self) -> bool:
        return all(part.autoclose for part, _, _ in self._value)

    def append(self, obj: Any, headers: LooseHeaders | None = None) -> Payload[Any]:
        """Add anything a payload can be made of. Raises TypeError for other values."""
        fields: CIMultiDict[str] = CIMultiDict(headers or ())
        if isinstance(obj, Payload):
            obj.headers.update(fields)
            return self.append_payload(obj)
        try:
            return self.append_payload(PAYLOAD_REGISTRY.get(obj, headers=fields))
        except NoPayload as error:
            raise TypeError(f"cannot make a part of {type(obj).__name__}") from error

    def append_payload(self, payload: Payload[Any]) -> Payload[Any]:
        """Add a payload. Raises RuntimeError for a Content-Encoding or Content-Transfer-Encoding we cannot produce."""
        headers = payload.headers
        encoding = headers.get(hdrs.CONTENT_ENCODING, "").lower()
        transfer = headers.get(hdrs.CONTENT_TRANSFER_ENCODING, "").lower()
        if self._is_form_data:
            # RFC 7578 §4.7, §4.8: a form's parts have neither, and no length.
            for name in (hdrs.CONTENT_ENCODING, hdrs.CONTENT_LENGTH, hdrs.CONTENT_TRANSFER_ENCODING):
                if name in headers:
                    raise ValueError(f"a part of form-data has no {name}")
            if hdrs.CONTENT_DISPOSITION not in headers:
                headers[hdrs.CONTENT_DISPOSITION] = content_disposition("form-data", {"name": f"section-{len(self)}"})
        else:
            if encoding not in ("", "identity", "gzip", "deflate"):
                raise RuntimeError(f"unknown content encoding: {encoding}")
            if transfer not in ("", "binary", "base64", "quoted-printable"):
                raise RuntimeError(f"unknown content transfer encoding: {transfer}")
            encoding = "" if encoding == "identity" else encoding
            transfer = "" if transfer == "binary" else transfer
            if payload.size is not None and not encoding and not transfer:
                headers[hdrs.CONTENT_LENGTH] = str(payload.size)
        self._value.append((payload, encoding, transfer))
        return payload

    def append_json(self, obj: Any, headers: LooseHeaders | None = None) -> Payload[Any]:
        """Add obj as JSON."""
        return self.append_payload(JsonPayload(obj, headers=headers))

    def append_form(
        self, obj: Mapping[str, str] | Iterable[tuple[str, str]], headers: LooseHeaders | None = None
    ) -> Payload[Any]:
        """Add pairs as an urlencoded form."""
        pairs: Iterable[Any] = obj.items() if isinstance(obj, (Mapping, MultiDict, MultiDictProxy)) else obj
        return self.append_payload(
            StringPayload(
                urlencode(list(pairs), doseq=True), content_type="application/x-www-form-urlencoded", headers=headers
            )
        )

    @property
    def size(self) -> int | None:
        """Bytes of the whole body; None if a part is encoded or does not know.

        Raises TypeError or ValueError for a part's headers that cannot be sent: it is asked for before anything is."""
        total: int | None = len(self._closing())
        for part, encoding, transfer in self._value:
            opening, size = len(self._opening(part)), part.size
            total = None if total is None or size is None or encoding or transfer else total + opening + size + 2
        return total

    def _opening(self, part: Payload[Any]) -> bytes:
        return b"--" + self._boundary + b"\r\n" + field_lines(part.headers.items()) + b"\r\n"

    def _closing(self) -> bytes:
        return b"--" + self._boundary + b"--\r\n"

    async def write(self, writer: AbstractStreamWriter, close_boundary: bool = True) -> None:
        """Write all parts, and the boundary that closes them unless more are to follow."""
        for part, encoding, transfer in self._value:
            await writer.write(self._opening(part))
            if encoding or transfer:
                await writer.write(_encoded(await part.as_bytes(), encoding, transfer))
            else:
                await part.write(writer)
            await writer.write(b"\r\n")
        if close_boundary:
            await writer.write(self._closing())

    async def as_bytes(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        pieces = []
        for part, content, transfer in self._value:
            body = await part.as_bytes(encoding, errors)
            pieces += [self._opening(part), _encoded(body, content, transfer), b"\r\n"]
        return b"".join([*pieces, self._closing()])

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        parts = [
            self._opening(part).decode(encoding, errors) + part.decode(encoding, errors) + "\r\n"
            for part, _, _ in self._value
        ]
        return "".join([*parts, self._closing().decode("ascii")])

    async def close(self) -> None:
        for part, _, _ in self._value:
            await part.close()


def _checked_boundary(text: str) -> bytes:
    try:
        boundary = text.encode("ascii")
    except UnicodeEncodeError:
        raise ValueError(f"boundary must be ASCII, got {text!r}") from None
    if len(boundary) > _MAX_BOUNDARY or not _is_boundary(boundary):
        raise ValueError(f"boundary must be 1 to {_MAX_BOUNDARY} printable characters, got {text!r}")
    return boundary


def _encoded(body: bytes, encoding: str, transfer: str) -> bytes:
    if encoding:
        wbits = 16 + zlib.MAX_WBITS if encoding == "gzip" else -zlib.MAX_WBITS
        compressor = zlib.compressobj(wbits=wbits)
        body = compressor.compress(body) + compressor.flush()
    if transfer == "base64":
        return base64.b64encode(body)
    if transfer == "quoted-printable":
        import quopri  # hardly ever needed

        return quopri.encodestring(body)
    return body


PAYLOAD_REGISTRY.register(lambda value, **_: value, MultipartWriter, order=Order.try_first)
