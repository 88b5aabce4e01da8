"""Multipart bodies (RFC 2046 §5.1), written and read."""

from .multipart_reader import BodyPartReader as BodyPartReader
from .multipart_reader import MultipartReader as MultipartReader
from .multipart_reader import MultipartResponseWrapper as MultipartResponseWrapper
from .multipart_writer import MultipartWriter as MultipartWriter
