"""What becomes of faults at the connection: errors of the peer, the system and the body, as the caller gets them."""

from __future__ import annotations

from .._wire.framing import CHUNKED, UNTIL_CLOSE
from ..exceptions import (
    ClientConnectionError,
    ClientOSError,
    ClientPayloadError,
    ContentEncodingError,
    ContentLengthError,
    HttpProcessingError,
    TransferEncodingError,
)


def upload_error(cause: BaseException) -> Exception:
    if isinstance(cause, ClientConnectionError):
        return cause
    error: ClientConnectionError
    if isinstance(cause, OSError):
        error = ClientOSError(cause.errno, f"Can not write request body: {cause}")
    else:
        error = ClientConnectionError(f"Failed to send bytes into the underlying connection: {cause!r}")
    error.__cause__ = cause
    return error


def payload_error(cause: HttpProcessingError) -> ClientPayloadError:
    if isinstance(cause, ContentEncodingError):
        error = ClientPayloadError(str(cause))
    else:
        error = ClientPayloadError(f"Response payload is not completed: {cause!r}")
    error.__cause__ = cause
    return error


def truncation(length: int, received: int) -> HttpProcessingError:
    if length == CHUNKED:
        return TransferEncodingError("the connection ended inside a chunked body")
    if length == UNTIL_CLOSE:
        return ContentLengthError("the connection broke inside a body of unknown length")
    return ContentLengthError(f"not enough data to satisfy Content-Length (received {received} of {length} bytes)")


def os_error(exc: Exception) -> ClientOSError:
    error = ClientOSError(*exc.args) if isinstance(exc, OSError) else ClientOSError(None, str(exc))
    error.__cause__ = exc
    return error
