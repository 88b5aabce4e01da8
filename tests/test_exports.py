"""What `import aiohttp_client as aiohttp` offers."""

import subprocess
import sys
from importlib import import_module
from importlib.resources import files

import aiohttp
import pytest

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

# By path, what libraries and applications import of aiohttp's modules: all they list as public, and these.
IMPORTED = {
    "abc": "AbstractCookieJar AbstractResolver AbstractStreamWriter ResolveResult",
    "client": """ClientSession ClientTimeout DEFAULT_TIMEOUT URL _RequestContextManager _RequestOptions
        _SessionRequestContextManager _WSRequestContextManager""",
    "client_exceptions": "UnixClientConnectorError",
    "client_middleware_digest_auth": "DigestAuthMiddleware",
    "client_middlewares": "ClientHandlerType ClientMiddlewareType",
    "client_proto": "ResponseHandler",
    "client_reqrep": "ConnectionKey ContentDisposition MappingProxyType UploadTracker",
    "client_ws": "ClientWebSocketResponse ClientWSTimeout DEFAULT_WS_CLIENT_TIMEOUT",
    "connector": "Connection",
    "cookiejar": "",
    "formdata": "FormData",
    "hdrs": " ".join(name for name in vars(aiohttp.hdrs) if name.isupper() and name != "HOST_ALL"),
    "helpers": """BasicAuth HeadersMixin MimeType TimerNoop encode_basic_auth get_env_proxy_for_url is_ip_address
        parse_mimetype sentinel strip_auth_from_url""",
    "http": "",
    "http_exceptions": """BadHttpMessage BadStatusLine ContentEncodingError ContentLengthError HttpProcessingError
        InvalidHeader LineTooLong PayloadEncodingError TransferEncodingError""",
    "http_websocket": "",
    "log": "client_logger internal_logger ws_logger",
    "multipart": "MultipartResponseWrapper",
    "payload": "JsonBytesPayload LookupError Order PayloadRegistry StreamReaderPayload",
    "payload_streamer": "streamer",
    "resolver": "AsyncResolver DefaultResolver ThreadedResolver",
    "streams": "EmptyStreamReader",
    "tracing": "TraceConfig TraceRequestStartParams",
    "typedefs": """DEFAULT_JSON_DECODER DEFAULT_JSON_ENCODER JSONBytesEncoder JSONDecoder JSONEncoder LooseCookies
        LooseHeaders PathLike Query RawHeaders StrOrURL""",
}
# What is public there and not here: the parser's and the server's parts.
INNER = set(
    """HeadersParser HttpParser HttpRequestParser HttpResponseParser RawRequestMessage RawResponseMessage WS_KEY
    WSMessageDecodeText WSMessageNoDecodeText WSMessageTextBytes WebSocketReader WebSocketWriter ws_ext_gen
    ws_ext_parse ChainMapProxy ETag build_client_middlewares reify""".split()
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


@pytest.mark.parametrize("path", IMPORTED)
def test_what_is_imported_by_aiohttp_s_paths(path):
    theirs, ours = import_module(f"aiohttp.{path}"), import_module(f"aiohttp_client.{path}")
    assert getattr(aiohttp_client, path) is ours
    names = {*IMPORTED[path].split(), *getattr(theirs, "__all__", ())} - INNER
    assert {name for name in names if not hasattr(theirs, name)} == set()
    assert {name for name in names if not hasattr(ours, name)} == set()


def test_aiohttp_s_paths_lead_to_the_same_things():
    assert aiohttp_client.client_exceptions.ClientError is aiohttp_client.ClientError
    assert aiohttp_client.client.ClientSession is aiohttp_client.ClientSession
    assert aiohttp_client.http.SERVER_SOFTWARE.endswith(f"aiohttp_client/{aiohttp_client.__version__}")
    with pytest.raises(AttributeError, match="no_such_module"):
        aiohttp_client.no_such_module  # noqa: B018


def test_constants_name_the_same_headers():
    theirs = {name: value for name, value in vars(aiohttp.hdrs).items() if name.isupper() and isinstance(value, str)}
    assert {name: getattr(aiohttp_client.hdrs, name).lower() for name in theirs} == {
        name: value.lower() for name, value in theirs.items()
    }


def test_types_are_shipped():
    assert files("aiohttp_client").joinpath("py.typed").is_file()


def test_importing_leaves_to_their_users_what_few_use():
    code = """
import asyncio, sys, aiohappyeyeballs, yarl
known = set(sys.modules)
import aiohttp_client
few = {"aiofastnet", "aiosignal", "hashlib", "mimetypes", "netrc", "quopri", "tempfile", "uuid"}
print(*sorted(few & (set(sys.modules) - known)))
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert not done.stdout.split()


def test_importing_loads_no_server_and_no_tls_context():
    code = (
        "import sys, aiohttp_client; from aiohttp_client._net import tls; assert not tls._default_contexts; "
        "bad = {'http.server', 'cgi', 'email', 'concurrent.futures.process', 'multiprocessing', 'aiodns', 'brotli'}; "
        "assert not bad & set(sys.modules), bad & set(sys.modules); "
        # Paths that only code of users looks at.
        "assert 'aiohttp_client.client' not in sys.modules; "
        "assert aiohttp_client.client_exceptions.ClientError; assert 'aiohttp_client.client_exceptions' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
