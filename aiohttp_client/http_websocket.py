"""aiohttp's path to the words of WebSockets."""

from ._wire.wshandshake import HandshakeError
from ._wire.wsmessages import CLOSED, CLOSING
from ._wire.wsmessages import WSCloseCode as WSCloseCode
from ._wire.wsmessages import WSMessage as WSMessage
from ._wire.wsmessages import WSMsgType as WSMsgType
from .exceptions import WebSocketError as WebSocketError

WS_CLOSED_MESSAGE = CLOSED
WS_CLOSING_MESSAGE = CLOSING
WSHandshakeError = HandshakeError
