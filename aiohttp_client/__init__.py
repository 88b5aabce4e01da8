"""An asyncio HTTP/1.1 client with a compiled core and aiohttp's client API.

    import aiohttp_client as aiohttp

    async with aiohttp.ClientSession() as session:
        async with session.get("http://example.org") as response:
            print(response.status, await response.text())

BACKEND says which codecs are in use: c, httptools or py; see _backend.py.
"""

from . import abc, hdrs
from ._backend import BACKEND
from ._http import HttpVersion, HttpVersion10, HttpVersion11, __version__
from ._net.dial import AddrInfoType, SocketFactoryType
from ._net.tls import Fingerprint
from ._wire.auth import encode_basic_auth
from ._wire.coding import set_zlib_backend
from .connector import BaseConnector, TCPConnector
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
)
from .request import ClientRequest, RequestInfo
from .resolver import DefaultResolver, ThreadedResolver
from .response import ClientResponse
from .session import ClientSession, request
from .streams import EMPTY_PAYLOAD, StreamReader
from .timeouts import ClientTimeout

__all__ = (
    "BACKEND",
    "EMPTY_PAYLOAD",
    "AddrInfoType",
    "BaseConnector",
    "ClientConnectionError",
    "ClientConnectionResetError",
    "ClientConnectorCertificateError",
    "ClientConnectorDNSError",
    "ClientConnectorError",
    "ClientConnectorSSLError",
    "ClientError",
    "ClientHttpProxyError",
    "ClientOSError",
    "ClientPayloadError",
    "ClientProxyConnectionError",
    "ClientRequest",
    "ClientResponse",
    "ClientResponseError",
    "ClientSSLError",
    "ClientSession",
    "ClientTimeout",
    "ConnectionTimeoutError",
    "ContentTypeError",
    "DefaultResolver",
    "Fingerprint",
    "HttpVersion",
    "HttpVersion10",
    "HttpVersion11",
    "InvalidURL",
    "InvalidUrlClientError",
    "InvalidUrlRedirectClientError",
    "NonHttpUrlClientError",
    "NonHttpUrlRedirectClientError",
    "RedirectClientError",
    "RequestInfo",
    "ServerConnectionError",
    "ServerDisconnectedError",
    "ServerFingerprintMismatch",
    "ServerTimeoutError",
    "SocketFactoryType",
    "SocketTimeoutError",
    "StreamReader",
    "TCPConnector",
    "ThreadedResolver",
    "TooManyRedirects",
    "__version__",
    "abc",
    "encode_basic_auth",
    "hdrs",
    "request",
    "set_zlib_backend",
)
