"""aiohttp's path to the words of HTTP."""

from http import HTTPStatus

from ._http import SERVER_SOFTWARE as SERVER_SOFTWARE
from ._http import HttpVersion as HttpVersion
from ._http import HttpVersion10 as HttpVersion10
from ._http import HttpVersion11 as HttpVersion11
from ._net.writer import StreamWriter as StreamWriter
from ._wire.wsmessages import CLOSED, CLOSING
from ._wire.wsmessages import WSCloseCode as WSCloseCode
from ._wire.wsmessages import WSMessage as WSMessage
from ._wire.wsmessages import WSMsgType as WSMsgType
from .exceptions import HttpProcessingError as HttpProcessingError
from .exceptions import WebSocketError as WebSocketError

# status → (phrase, description)
RESPONSES = {int(status): (status.phrase, status.description) for status in HTTPStatus}
WS_CLOSED_MESSAGE = CLOSED
WS_CLOSING_MESSAGE = CLOSING
