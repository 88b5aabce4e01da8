"""FormData: the fields of an HTML form, as urlencoded pairs or, with files among them, as multipart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from multidict import CIMultiDict, MultiDict, MultiDictProxy

from . import hdrs
from ._wire.disposition import content_disposition
from .multipart_writer import MultipartWriter
from .payload import PAYLOAD_REGISTRY, BytesPayload, Payload, is_file
from .payload import LookupError as NoPayload

_URLENCODED = "application/x-www-form-urlencoded"


class FormData:
    """Collects fields; calling it gives the payload.

    fields: a mapping, (name, value) pairs, files, or one of these. Multipart as soon as a field is
    a file or bytes, or has a filename or a content_type.
    quote_fields: percent-encode file names. charset: of text, UTF-8 if not given.
    Raises TypeError for fields that are none."""

    def __init__(
        self,
        fields: Iterable[Any] = (),
        quote_fields: bool = True,
        charset: str | None = None,
        boundary: str | None = None,
        *,
        default_to_multipart: bool = False,
    ) -> None:
        self._fields: list[tuple[str, Any, CIMultiDict[str], str | None]] = []  # name, value, headers, filename
        self._is_multipart = default_to_multipart
        self._quote_fields = quote_fields
        self._charset = charset
        self._boundary = boundary
        self._made: MultipartWriter | None = None
        if isinstance(fields, (Mapping, MultiDict, MultiDictProxy)):
            fields = list(fields.items())
        elif not isinstance(fields, (list, tuple)) or _is_record(fields):
            fields = (fields,)
        self.add_fields(*fields)

    @property
    def is_multipart(self) -> bool:
        return self._is_multipart

    def add_field(
        self,
        name: str,
        value: Any,
        *,
        content_type: str | None = None,
        filename: str | None = None,
        content_transfer_encoding: str | None = None,
    ) -> None:
        """Add one field; filename is what the server is told, the file's own name if not given."""
        for what, given in (("name", name), ("content_type", content_type), ("filename", filename)):
            if not isinstance(given, str) and (given is not None or what == "name"):
                raise TypeError(f"{what} must be str, got {type(given).__name__}")
        if is_file(value):
            self._is_multipart = True
            own = getattr(value, "name", None)
            if filename is None:
                usable = isinstance(own, str) and not own.startswith("<")
                filename = str(own).replace("\\", "/").rpartition("/")[2] if usable else name
        elif isinstance(value, (bytes, bytearray, memoryview)):
            self._is_multipart = True
            filename = name if filename is None else filename
        if filename is not None or content_type is not None or content_transfer_encoding is not None:
            self._is_multipart = True
        headers: CIMultiDict[str] = CIMultiDict()
        if content_type is not None:
            headers[hdrs.CONTENT_TYPE] = content_type
        # Refused here, where the caller is, and not when the form is sent.
        content_disposition("form-data", _named(name, filename))
        self._fields.append((name, value, headers, filename))

    def add_fields(self, *fields: Any) -> None:
        """Add (name, value) pairs, files, or MultiDicts of fields."""
        for field in fields:
            if is_file(field):
                own = getattr(field, "name", None)
                self.add_field(str(own).rpartition("/")[2] if isinstance(own, str) else "unknown", field)
            elif isinstance(field, (MultiDict, MultiDictProxy)):
                self.add_fields(*field.items())
            elif _is_record(field):
                self.add_field(field[0], field[1])
            else:
                raise TypeError(
                    f"a form is made of (name, value) pairs, mappings and files, got {type(field).__name__}: {field!r}"
                )

    def __call__(self) -> Payload[Any]:
        """The form as a payload; of a multipart one always the same."""
        if not self._is_multipart:
            charset = self._charset or "utf-8"
            kind = _URLENCODED if charset == "utf-8" else f"{_URLENCODED}; charset={charset}"
            pairs = [(name, value) for name, value, _, _ in self._fields]
            return BytesPayload(urlencode(pairs, doseq=True, encoding=charset).encode(), content_type=kind)
        if self._made is None:
            self._made = MultipartWriter("form-data", self._boundary)
            for name, value, headers, filename in self._fields:
                self._made.append_payload(self._part(name, value, headers, filename))
        return self._made

    def _part(self, name: str, value: Any, headers: CIMultiDict[str], filename: str | None) -> Payload[Any]:
        options: dict[str, Any] = {"content_type": headers[hdrs.CONTENT_TYPE]} if headers else {}
        if filename is not None:
            options["filename"] = filename
        if isinstance(value, str):
            options["encoding"] = self._charset
        try:
            part = PAYLOAD_REGISTRY.get(value, **options)
        except NoPayload:
            raise TypeError(
                f"Can not serialize value type: {type(value).__name__} of field {name!r}, expected str, bytes or a file"
            ) from None
        part.headers[hdrs.CONTENT_DISPOSITION] = content_disposition(
            "form-data",
            _named(name, filename),
            quote_fields=self._quote_fields,
            charset=self._charset or "utf-8",
        )
        return part


def _is_record(field: Any) -> bool:
    return isinstance(field, (list, tuple)) and len(field) == 2 and isinstance(field[0], str)


def _named(name: str, filename: str | None) -> dict[str, str]:
    return {"name": name} if filename is None else {"name": name, "filename": filename}
