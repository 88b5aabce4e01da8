"""What the header fields of a message say of its content."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from multidict import CIMultiDictProxy

from . import hdrs
from ._wire.disposition import content_disposition_filename, parse_content_disposition
from ._wire.mime import parse_content_type


@dataclass(frozen=True, slots=True)
class ContentDisposition:
    """Content-Disposition of a response; filename is the best of those given."""

    type: str | None
    parameters: MappingProxyType[str, str]
    filename: str | None


class HeadersMixin:
    """The views of a message's headers."""

    @property
    def headers(self) -> CIMultiDictProxy[str]:
        raise NotImplementedError

    def _given_type(self) -> str:
        """Content-Type as received."""
        return self.headers.get(hdrs.CONTENT_TYPE, "")

    @property
    def content_type(self) -> str:
        """Media type in lower case without parameters; application/octet-stream if none is given."""
        return parse_content_type(self._given_type())[0]

    @property
    def charset(self) -> str | None:
        """The charset parameter of Content-Type, as it stands there."""
        return parse_content_type(self._given_type())[1]

    @property
    def content_length(self) -> int | None:
        """Content-Length, which for a coded body is the size on the wire."""
        length = self.headers.get(hdrs.CONTENT_LENGTH)
        return None if length is None else int(length)

    @property
    def content_disposition(self) -> ContentDisposition | None:
        """Content-Disposition, None if there is none (RFC 6266)."""
        given = self.headers.get(hdrs.CONTENT_DISPOSITION)
        if given is None:
            return None
        kind, parameters = parse_content_disposition(given)
        return ContentDisposition(kind, MappingProxyType(parameters), content_disposition_filename(parameters))
