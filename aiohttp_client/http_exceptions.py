"""aiohttp's path to what exceptions.py has for malformed messages."""

from .exceptions import BadHttpMessage as BadHttpMessage
from .exceptions import BadStatusLine as BadStatusLine
from .exceptions import ContentEncodingError as ContentEncodingError
from .exceptions import ContentLengthError as ContentLengthError
from .exceptions import HttpProcessingError as HttpProcessingError
from .exceptions import InvalidHeader as InvalidHeader
from .exceptions import LineTooLong as LineTooLong
from .exceptions import PayloadEncodingError as PayloadEncodingError
from .exceptions import TransferEncodingError as TransferEncodingError
