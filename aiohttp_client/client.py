"""aiohttp's path to the session and what belongs to it."""

from yarl import URL as URL

from ._net.tls import Fingerprint as Fingerprint
from .client_exceptions import *  # noqa: F403  # all there are
from .connector import BaseConnector as BaseConnector
from .connector import NamedPipeConnector as NamedPipeConnector
from .connector import TCPConnector as TCPConnector
from .connector import UnixConnector as UnixConnector
from .options import RedirectableOptions
from .pending import RequestContextManager, SessionRequestContextManager
from .request import ClientRequest as ClientRequest
from .request_info import RequestInfo as RequestInfo
from .response import ClientResponse as ClientResponse
from .session import ClientSession as ClientSession
from .session import request as request
from .timeouts import DEFAULT_TIMEOUT as DEFAULT_TIMEOUT
from .timeouts import ClientTimeout as ClientTimeout
from .timeouts import ClientWSTimeout as ClientWSTimeout
from .upload_tracker import UploadTracker as UploadTracker
from .websocket import ClientWebSocketResponse as ClientWebSocketResponse
from .ws_connect import WSRequestContextManager

# Old names, for libraries that put a function of theirs in the place of ClientSession._request.
_RequestContextManager = RequestContextManager
_SessionRequestContextManager = SessionRequestContextManager
_WSRequestContextManager = WSRequestContextManager
_RequestOptions = RedirectableOptions
