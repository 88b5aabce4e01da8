"""Multipart bodies (RFC 2046 §5.1), written and read."""

from ._wire.disposition import BadContentDispositionHeader as BadContentDispositionHeader
from ._wire.disposition import BadContentDispositionParam as BadContentDispositionParam
from ._wire.disposition import content_disposition_filename as content_disposition_filename
from ._wire.disposition import parse_content_disposition as parse_content_disposition
from .multipart_part import BodyPartReader as BodyPartReader
from .multipart_reader import MultipartReader as MultipartReader
from .multipart_reader import MultipartResponseWrapper as MultipartResponseWrapper
from .multipart_writer import MultipartWriter as MultipartWriter
