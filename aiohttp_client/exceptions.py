"""Every error this package raises on purpose; misuse stays TypeError, ValueError, RuntimeError.

Exception
├─ ClientError
│  ├─ ClientResponseError            the response is not usable: bad head, raise_for_status, json()
│  │  ├─ ContentTypeError            json() of something else
│  │  ├─ ClientHttpProxyError        the proxy refused CONNECT
│  │  ├─ WSServerHandshakeError      the server's answer opens no WebSocket
│  │  └─ TooManyRedirects
│  ├─ ClientConnectionError
│  │  ├─ ClientConnectionResetError  (+ConnectionResetError) write on a closed connection
│  │  ├─ ClientOSError               (+OSError) the connection broke
│  │  │  └─ ClientConnectorError     it never came to be
│  │  │     ├─ ClientConnectorDNSError
│  │  │     ├─ ClientProxyConnectionError
│  │  │     ├─ UnixClientConnectorError
│  │  │     └─ ClientSSLError
│  │  │        ├─ ClientConnectorSSLError          (+ssl.SSLError)
│  │  │        └─ ClientConnectorCertificateError  (+ssl.CertificateError)
│  │  └─ ServerConnectionError
│  │     ├─ ServerDisconnectedError
│  │     ├─ ServerFingerprintMismatch
│  │     └─ ServerTimeoutError       (+asyncio.TimeoutError)
│  │        ├─ ConnectionTimeoutError
│  │        └─ SocketTimeoutError
│  ├─ ClientPayloadError             the body is truncated, malformed or cannot be sent again
│  ├─ UploadAbortedError             UploadTracker: the request ended before its body was sent
│  ├─ InvalidURL                     (+ValueError)
│  │  └─ InvalidUrlClientError
│  │     └─ InvalidUrlRedirectClientError  (+RedirectClientError)
│  ├─ NonHttpUrlClientError
│  │  └─ NonHttpUrlRedirectClientError     (+RedirectClientError)
│  └─ RedirectClientError
├─ WebSocketError                    the peer broke RFC 6455; data of an ERROR message
├─ TypeError
│  └─ WSMessageTypeError             receive_str() and its kin got another kind of message
└─ HttpProcessingError               bytes from the peer; becomes one of the above at the connection
   └─ BadHttpMessage
      ├─ BadStatusLine, InvalidHeader, LineTooLong (+ValueError)
      └─ PayloadEncodingError
         └─ ContentEncodingError, TransferEncodingError, ContentLengthError
"""

import asyncio
import re
import ssl
from collections.abc import Mapping
from typing import Any, Protocol

from multidict import CIMultiDict
from yarl import URL


class _Named(Protocol):
    """What errors want to know of a RequestInfo."""

    @property
    def real_url(self) -> URL: ...


class _Endpoint(Protocol):
    """What errors want to know of a ConnectionKey."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int | None: ...
    @property
    def is_ssl(self) -> bool: ...
    @property
    def ssl(self) -> object: ...


class ClientError(Exception):
    """Base of everything that can go wrong with a request."""


class ClientResponseError(ClientError):
    """The peer answered, but the answer is an error.

    status is 0 when there is none; headers are those of the response, if it got that far.
    """

    def __init__(
        self,
        request_info: _Named,
        history: tuple[Any, ...],
        *,
        code: int | None = None,
        status: int | None = None,
        message: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        if code is not None and status is not None:
            raise ValueError("code is an old name of status: give one of them, not both")
        super().__init__(request_info, history)
        self.request_info = request_info
        self.history = history
        self.status = status if status is not None else code or 0
        self.message = message
        self.headers = headers

    @property
    def code(self) -> int:
        """Old name of status."""
        return self.status

    def __str__(self) -> str:
        url = self.request_info.real_url if self.request_info is not None else None
        return f"{self.status}, message={self.message!r}, url={str(url)!r}"

    def __repr__(self) -> str:
        facts = f"{self.request_info!r}, {self.history!r}, status={self.status!r}, message={self.message!r}"
        if self.headers is not None:
            facts += f", headers={self.headers!r}"
        return f"{type(self).__name__}({facts})"

    def __reduce__(self) -> tuple[Any, ...]:
        # To another process goes what is said of the response; those of history are held by this one.
        headers = None if self.headers is None else CIMultiDict(self.headers)
        return type(self), (self.request_info, ()), {**self.__dict__, "history": (), "headers": headers}


class ContentTypeError(ClientResponseError):
    """json() found another Content-Type than the one expected."""


class ClientHttpProxyError(ClientResponseError):
    """The proxy answered CONNECT with something else than 200."""


class WSServerHandshakeError(ClientResponseError):
    """The server's answer opens no WebSocket; body is up to 64 KiB of it."""

    body: bytes = b""


class TooManyRedirects(ClientResponseError):
    """max_redirects was reached; history holds the responses followed."""


class ClientConnectionError(ClientError):
    """The connection is the problem."""


class ClientConnectionResetError(ClientConnectionError, ConnectionResetError):
    """Write on a connection that is closed or closing."""


class ClientOSError(ClientConnectionError, OSError):
    """An established connection failed with an OSError (errno and strerror are kept)."""


class ClientConnectorError(ClientOSError):
    """No connection could be established."""

    def __init__(self, connection_key: _Endpoint, os_error: OSError) -> None:
        self._connection_key = connection_key
        self._os_error = os_error
        super().__init__(os_error.errno, os_error.strerror)
        # OSError keeps (errno, strerror) there; pickling needs what __init__ takes.
        self.args = (connection_key, os_error)

    @property
    def os_error(self) -> OSError:
        """What the system said."""
        return self._os_error

    @property
    def host(self) -> str:
        """The host, or proxy, that could not be reached."""
        return self._connection_key.host

    @property
    def port(self) -> int | None:
        return self._connection_key.port

    @property
    def ssl(self) -> object:
        """The ssl= in effect; True means that certificates are verified."""
        return self._connection_key.ssl

    def __str__(self) -> str:
        shown = "default" if self.ssl is True else self.ssl
        return f"Cannot connect to host {self.host}:{self.port} ssl:{shown} [{_reason(self._os_error)}]"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(_with_args(arg) for arg in self.args)


def _with_args(value: Any) -> Any:
    # Errors that C code fills in may have no args, which is all of them that pickle takes along.
    if isinstance(value, OSError) and not value.args and value.strerror:
        return type(value)(value.errno, value.strerror)
    return value


def _reason(os_error: OSError) -> str:
    return os_error.strerror or str(os_error) or type(os_error).__name__


class ClientConnectorDNSError(ClientConnectorError):
    """The host name could not be resolved."""


class ClientProxyConnectionError(ClientConnectorError):
    """The proxy could not be reached."""


class UnixClientConnectorError(ClientConnectorError):
    """The Unix socket at path could not be reached."""

    def __init__(self, path: str, connection_key: _Endpoint, os_error: OSError) -> None:
        super().__init__(connection_key, os_error)
        self._path = path
        self.args = (path, connection_key, os_error)

    @property
    def path(self) -> str:
        return self._path

    def __str__(self) -> str:
        shown = "default" if self.ssl is True else self.ssl
        return f"Cannot connect to unix socket {self._path} ssl:{shown} [{_reason(self._os_error)}]"


class ClientSSLError(ClientConnectorError):
    """TLS is the problem."""


class ClientConnectorSSLError(ClientSSLError, ssl.SSLError):
    """The TLS handshake failed."""


class ClientConnectorCertificateError(ClientSSLError, ssl.CertificateError):
    """The peer's certificate is not valid for this host."""

    def __init__(self, connection_key: _Endpoint, certificate_error: Exception) -> None:
        self._connection_key = connection_key
        self._certificate_error = certificate_error
        OSError.__init__(self)
        self.args = (connection_key, certificate_error)

    @property
    def certificate_error(self) -> Exception:
        """Why the certificate is not accepted."""
        return self._certificate_error

    @property
    def os_error(self) -> OSError:
        return self._certificate_error  # type: ignore[return-value]  # ssl.CertificateError is an OSError

    @property
    def host(self) -> str:
        return self._connection_key.host

    @property
    def port(self) -> int | None:
        return self._connection_key.port

    @property
    def ssl(self) -> bool:
        return self._connection_key.is_ssl

    def __str__(self) -> str:
        return (
            f"Cannot connect to host {self.host}:{self.port} ssl:{self.ssl} "
            f"[{type(self._certificate_error).__name__}: {self._certificate_error}]"
        )


class ServerConnectionError(ClientConnectionError):
    """The server ended or stalled the connection."""


class ServerDisconnectedError(ServerConnectionError):
    """The server closed the connection where a response head was expected.

    message: text, or the bytes of the head that had arrived."""

    def __init__(self, message: str | bytes | None = None) -> None:
        if message is None:
            message = "Server disconnected"
        super().__init__(message)
        self.message = message


class ServerTimeoutError(ServerConnectionError, asyncio.TimeoutError):
    """The server took too long."""


class ConnectionTimeoutError(ServerTimeoutError):
    """connect or sock_connect expired."""


class SocketTimeoutError(ServerTimeoutError):
    """sock_read expired."""


class ServerFingerprintMismatch(ServerConnectionError):
    """The certificate's SHA-256 is not the pinned one."""

    def __init__(self, expected: bytes, got: bytes, host: str, port: int) -> None:
        super().__init__(expected, got, host, port)
        self.expected = expected
        self.got = got
        self.host = host
        self.port = port

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} expected={self.expected!r} got={self.got!r} host={self.host!r} port={self.port!r}>"
        )


class ClientPayloadError(ClientError):
    """The response body is truncated or malformed, or the request body cannot be sent again."""


class UploadAbortedError(ClientError):
    """The request ended before all of its body was sent."""


_find_userinfo = re.compile(r"(//|netloc ')[^/?#]*@")


def _printable(text: object = "") -> str:
    # A peer that sends line ends or escape sequences must not write into logs, and nobody a password.
    text = _find_userinfo.sub(r"\1", str(text))
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)


class InvalidURL(ClientError, ValueError):
    """The URL cannot be used; description says why."""

    def __init__(self, url: str | URL, description: str | None = None) -> None:
        self._url = url
        self._description = description
        if description:
            super().__init__(url, description)
        else:
            super().__init__(url)

    @property
    def url(self) -> str | URL:
        return self._url

    @property
    def description(self) -> str | None:
        """What is wrong with the URL."""
        return self._description

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self}>"

    def __str__(self) -> str:
        shown = _printable(self._url)
        return f"{shown} - {_printable(self._description)}" if self._description else shown


class InvalidUrlClientError(InvalidURL):
    """The URL given by the caller cannot be used."""


class RedirectClientError(ClientError):
    """A redirect cannot be followed."""


class NonHttpUrlClientError(ClientError):
    """The URL's scheme is none this connector speaks."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self}>"

    def __str__(self) -> str:
        return _printable(*self.args[:1])


class InvalidUrlRedirectClientError(InvalidUrlClientError, RedirectClientError):
    """Location holds no usable URL."""


class NonHttpUrlRedirectClientError(NonHttpUrlClientError, RedirectClientError):
    """Location names another scheme than http or https."""


class WSMessageTypeError(TypeError):
    """Another kind of WebSocket message came than the one asked for."""


class WebSocketError(Exception):
    """The peer broke the protocol; code is the close code that says how (RFC 6455 §7.4)."""

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        super().__init__(code, message)

    def __str__(self) -> str:
        return str(self.args[1])


class HttpProcessingError(Exception):
    """Bytes of the peer that are not HTTP; code is the status a server would have answered."""

    code = 0
    message = ""
    headers: Mapping[str, str] | None = None

    def __init__(self, *, code: int | None = None, message: str = "", headers: Mapping[str, str] | None = None) -> None:
        if code is not None:
            self.code = code
        self.message = message
        self.headers = headers
        super().__init__(message)

    def __str__(self) -> str:
        return f"{self.code}, message:\n  {self.message}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.code}, message={self.message!r}>"

    def __reduce__(self) -> tuple[Any, ...]:
        # The constructors below derive their message from facts; the state is what has to travel.
        return (_rebuilt, (type(self), self.args), self.__dict__)


def _rebuilt(kind: type[HttpProcessingError], args: tuple[Any, ...]) -> HttpProcessingError:
    error = kind.__new__(kind)
    error.args = args
    return error


class BadHttpMessage(HttpProcessingError):
    """The message breaks RFC 9112 and no leniency covers it."""

    code = 400

    def __init__(self, message: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message=message, headers=headers)


class PayloadEncodingError(BadHttpMessage):
    """The body is not framed or coded as its head says."""


class ContentEncodingError(PayloadEncodingError):
    """The Content-Encoding cannot be undone."""


class TransferEncodingError(PayloadEncodingError):
    """Malformed or truncated chunked coding (RFC 9112 §7.1)."""


class ContentLengthError(PayloadEncodingError):
    """The connection ended before Content-Length bytes had arrived."""


class LineTooLong(BadHttpMessage, ValueError):
    """A line, a field, the number of fields or a whole head is over its limit."""

    def __init__(self, line: bytes, limit: int, what: str = "line") -> None:
        super().__init__(f"{what} is over the limit of {limit}: {line[:80]!r}")
        self.line = line
        self.limit = limit


class InvalidHeader(BadHttpMessage):
    """A field line that RFC 9112 §5 does not allow."""

    def __init__(
        self, hdr: bytes | str, expected: str = "a token, a colon, a value without control characters and CRLF"
    ) -> None:
        super().__init__(f"invalid header field {_shown(hdr)}, expected {expected}")
        self.hdr = hdr


class BadStatusLine(BadHttpMessage):
    """The response does not start with a status line (RFC 9112 §4)."""

    def __init__(self, line: bytes | str) -> None:
        super().__init__(
            f"bad status line {_shown(line)}, expected HTTP/1.0 or HTTP/1.1, three digits, a reason and CRLF"
        )
        self.line = line


def _shown(received: bytes | str) -> str:
    """repr, cut: a hostile line may be long."""
    return repr(received) if len(received) <= 80 else f"{received[:80]!r}… ({len(received)} bytes)"
