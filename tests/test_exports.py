"""What `import aiohttp_client as aiohttp` offers."""

from importlib.resources import files

import aiohttp_client

# The client half of aiohttp 3.14's names.
ASKED = set(
    """hdrs AddrInfoType BaseConnector ClientConnectionError ClientConnectionResetError
    ClientConnectorCertificateError ClientConnectorDNSError ClientConnectorError ClientConnectorSSLError
    ClientError ClientHttpProxyError ClientOSError ClientPayloadError ClientProxyConnectionError ClientResponse
    ClientRequest ClientResponseError ClientSSLError ClientSession ClientTimeout ClientWebSocketResponse
    ClientWSTimeout ConnectionTimeoutError ContentTypeError Fingerprint FlowControlDataQueue InvalidURL
    InvalidUrlClientError InvalidUrlRedirectClientError NonHttpUrlClientError NonHttpUrlRedirectClientError
    RedirectClientError RequestInfo ServerConnectionError ServerDisconnectedError ServerFingerprintMismatch
    ServerTimeoutError SocketFactoryType SocketTimeoutError TCPConnector TooManyRedirects UnixConnector
    UploadAbortedError UploadTracker NamedPipeConnector WSServerHandshakeError WSMessageTypeError request
    ClientMiddlewareType ClientHandlerType DigestAuthMiddleware CookieJar DummyCookieJar FormData BasicAuth
    encode_basic_auth set_zlib_backend HttpVersion HttpVersion10 HttpVersion11 WSMsgType WSCloseCode WSMessage
    WebSocketError BadContentDispositionHeader BadContentDispositionParam BodyPartReader MultipartReader
    MultipartWriter content_disposition_filename parse_content_disposition AsyncIterablePayload
    BufferedReaderPayload BytesIOPayload BytesPayload IOBasePayload JsonPayload PAYLOAD_REGISTRY Payload
    StringIOPayload StringPayload TextIOPayload get_payload payload_type streamer AsyncResolver DefaultResolver
    ThreadedResolver DataQueue EMPTY_PAYLOAD EofStream StreamReader TraceConfig TraceConnectionCreateEndParams
    TraceConnectionCreateStartParams TraceConnectionQueuedEndParams TraceConnectionQueuedStartParams
    TraceConnectionReuseconnParams TraceDnsCacheHitParams TraceDnsCacheMissParams TraceDnsResolveHostEndParams
    TraceDnsResolveHostStartParams TraceRequestChunkSentParams TraceRequestEndParams TraceRequestExceptionParams
    TraceRequestHeadersSentParams TraceRequestRedirectParams TraceRequestStartParams
    TraceResponseChunkReceivedParams""".split()
)

OWN = {"BACKEND", "__version__", "abc"}


def test_all_lists_exactly_what_is_there():
    names = aiohttp_client.__all__
    assert len(names) == len(set(names))
    assert all(hasattr(aiohttp_client, name) for name in names)


def test_all_names_asked_for_are_exported():
    assert set(aiohttp_client.__all__) - OWN == ASKED
    assert set(aiohttp_client.__all__) >= OWN


def test_star_imports_give_all():
    namespace = {}
    exec("from aiohttp_client import *", namespace)
    assert set(namespace) - {"__builtins__"} == set(aiohttp_client.__all__)


def test_types_are_shipped():
    assert files("aiohttp_client").joinpath("py.typed").is_file()


def test_importing_loads_no_server_and_no_tls_context():
    import subprocess
    import sys

    code = (
        "import sys, aiohttp_client; from aiohttp_client._net import tls; assert not tls._default_contexts; "
        "bad = {'http.server', 'cgi', 'email', 'concurrent.futures.process', 'multiprocessing', 'aiodns', 'brotli'}; "
        "assert not bad & set(sys.modules), bad & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
