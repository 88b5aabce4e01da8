"""An asyncio HTTP/1.1 client with a compiled core and aiohttp's client API.

    import aiohttp_client as aiohttp

    async with aiohttp.ClientSession() as session:
        async with session.get("http://example.org") as response:
            print(response.status, await response.text())

BACKEND says which codecs are in use: c, httptools or py; see _backend.py.
"""

from typing import TYPE_CHECKING

from . import abc, hdrs
from ._backend import BACKEND
from ._http import HttpVersion, HttpVersion10, HttpVersion11, __version__
from ._net.dial import AddrInfoType, SocketFactoryType
from ._net.tls import Fingerprint
from ._wire.auth import BasicAuth, encode_basic_auth
from ._wire.coding import set_zlib_backend
from ._wire.disposition import (
    BadContentDispositionHeader,
    BadContentDispositionParam,
    content_disposition_filename,
    parse_content_disposition,
)
from ._wire.wsmessages import WSCloseCode, WSMessage, WSMsgType
from .base_connector import BaseConnector
from .connector import NamedPipeConnector, TCPConnector, UnixConnector
from .cookiejar import CookieJar, DummyCookieJar
from .data_queue import DataQueue, EofStream, FlowControlDataQueue
from .exceptions import (
    ClientConnectionError,
    ClientConnectionResetError,
    ClientConnectorCertificateError,
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientConnectorSSLError,
    ClientError,
    ClientHttpProxyError,
    ClientOSError,
    ClientPayloadError,
    ClientProxyConnectionError,
    ClientResponseError,
    ClientSSLError,
    ConnectionTimeoutError,
    ContentTypeError,
    InvalidURL,
    InvalidUrlClientError,
    InvalidUrlRedirectClientError,
    NonHttpUrlClientError,
    NonHttpUrlRedirectClientError,
    RedirectClientError,
    ServerConnectionError,
    ServerDisconnectedError,
    ServerFingerprintMismatch,
    ServerTimeoutError,
    SocketTimeoutError,
    TooManyRedirects,
    UploadAbortedError,
    WebSocketError,
    WSMessageTypeError,
    WSServerHandshakeError,
)
from .formdata import FormData
from .middlewares import ClientHandlerType, ClientMiddlewareType
from .multipart import BodyPartReader, MultipartReader, MultipartWriter
from .payload import (
    PAYLOAD_REGISTRY,
    AsyncIterablePayload,
    BufferedReaderPayload,
    BytesIOPayload,
    BytesPayload,
    IOBasePayload,
    JsonPayload,
    Payload,
    StringIOPayload,
    StringPayload,
    TextIOPayload,
    get_payload,
    payload_type,
)
from .payload_streamer import streamer
from .request import ClientRequest
from .request_info import RequestInfo
from .resolver import AsyncResolver, DefaultResolver, ThreadedResolver
from .response import ClientResponse
from .session import ClientSession, request
from .streams import EMPTY_PAYLOAD, StreamReader
from .timeouts import ClientTimeout, ClientWSTimeout
from .tracing import (
    TraceConfig,
    TraceConnectionCreateEndParams,
    TraceConnectionCreateStartParams,
    TraceConnectionQueuedEndParams,
    TraceConnectionQueuedStartParams,
    TraceConnectionReuseconnParams,
    TraceDnsCacheHitParams,
    TraceDnsCacheMissParams,
    TraceDnsResolveHostEndParams,
    TraceDnsResolveHostStartParams,
    TraceRequestChunkSentParams,
    TraceRequestEndParams,
    TraceRequestExceptionParams,
    TraceRequestHeadersSentParams,
    TraceRequestRedirectParams,
    TraceRequestStartParams,
    TraceResponseChunkReceivedParams,
)
from .upload_tracker import UploadTracker
from .websocket import ClientWebSocketResponse

if TYPE_CHECKING:
    from . import client as client
    from . import client_exceptions as client_exceptions
    from . import client_middleware_digest_auth as client_middleware_digest_auth
    from . import client_middlewares as client_middlewares
    from . import client_proto as client_proto
    from . import client_reqrep as client_reqrep
    from . import client_ws as client_ws
    from . import helpers as helpers
    from . import http as http
    from . import http_exceptions as http_exceptions
    from . import http_websocket as http_websocket
    from . import log as log
    from .digest_auth import DigestAuthMiddleware
else:
    # Paths of aiohttp's that nothing here needs: each is imported when code of its users first looks at it.
    _ALIASES = frozenset(
        """client client_exceptions client_middleware_digest_auth client_middlewares client_proto client_reqrep
        client_ws helpers http http_exceptions http_websocket log""".split()
    )

    def __getattr__(name):
        from importlib import import_module

        if name == "DigestAuthMiddleware":
            return import_module(f"{__name__}.digest_auth").DigestAuthMiddleware
        if name not in _ALIASES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return import_module(f"{__name__}.{name}")


__all__ = (
    "BACKEND",
    "EMPTY_PAYLOAD",
    "PAYLOAD_REGISTRY",
    "AddrInfoType",
    "AsyncIterablePayload",
    "AsyncResolver",
    "BadContentDispositionHeader",
    "BadContentDispositionParam",
    "BaseConnector",
    "BasicAuth",
    "BodyPartReader",
    "BufferedReaderPayload",
    "BytesIOPayload",
    "BytesPayload",
    "ClientConnectionError",
    "ClientConnectionResetError",
    "ClientConnectorCertificateError",
    "ClientConnectorDNSError",
    "ClientConnectorError",
    "ClientConnectorSSLError",
    "ClientError",
    "ClientHandlerType",
    "ClientHttpProxyError",
    "ClientMiddlewareType",
    "ClientOSError",
    "ClientPayloadError",
    "ClientProxyConnectionError",
    "ClientRequest",
    "ClientResponse",
    "ClientResponseError",
    "ClientSSLError",
    "ClientSession",
    "ClientTimeout",
    "ClientWSTimeout",
    "ClientWebSocketResponse",
    "ConnectionTimeoutError",
    "ContentTypeError",
    "CookieJar",
    "DataQueue",
    "DefaultResolver",
    "DigestAuthMiddleware",
    "DummyCookieJar",
    "EofStream",
    "Fingerprint",
    "FlowControlDataQueue",
    "FormData",
    "HttpVersion",
    "HttpVersion10",
    "HttpVersion11",
    "IOBasePayload",
    "InvalidURL",
    "InvalidUrlClientError",
    "InvalidUrlRedirectClientError",
    "JsonPayload",
    "MultipartReader",
    "MultipartWriter",
    "NamedPipeConnector",
    "NonHttpUrlClientError",
    "NonHttpUrlRedirectClientError",
    "Payload",
    "RedirectClientError",
    "RequestInfo",
    "ServerConnectionError",
    "ServerDisconnectedError",
    "ServerFingerprintMismatch",
    "ServerTimeoutError",
    "SocketFactoryType",
    "SocketTimeoutError",
    "StreamReader",
    "StringIOPayload",
    "StringPayload",
    "TCPConnector",
    "TextIOPayload",
    "ThreadedResolver",
    "TooManyRedirects",
    "TraceConfig",
    "TraceConnectionCreateEndParams",
    "TraceConnectionCreateStartParams",
    "TraceConnectionQueuedEndParams",
    "TraceConnectionQueuedStartParams",
    "TraceConnectionReuseconnParams",
    "TraceDnsCacheHitParams",
    "TraceDnsCacheMissParams",
    "TraceDnsResolveHostEndParams",
    "TraceDnsResolveHostStartParams",
    "TraceRequestChunkSentParams",
    "TraceRequestEndParams",
    "TraceRequestExceptionParams",
    "TraceRequestHeadersSentParams",
    "TraceRequestRedirectParams",
    "TraceRequestStartParams",
    "TraceResponseChunkReceivedParams",
    "UnixConnector",
    "UploadAbortedError",
    "UploadTracker",
    "WSCloseCode",
    "WSMessage",
    "WSMessageTypeError",
    "WSMsgType",
    "WSServerHandshakeError",
    "WebSocketError",
    "__version__",
    "abc",
    "content_disposition_filename",
    "encode_basic_auth",
    "get_payload",
    "hdrs",
    "parse_content_disposition",
    "payload_type",
    "request",
    "set_zlib_backend",
    "streamer",
)
