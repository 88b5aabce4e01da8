"""aiohttp's path to WebSockets."""

from .timeouts import DEFAULT_WS_TIMEOUT
from .timeouts import ClientWSTimeout as ClientWSTimeout
from .websocket import ClientWebSocketResponse as ClientWebSocketResponse

DEFAULT_WS_CLIENT_TIMEOUT = DEFAULT_WS_TIMEOUT
