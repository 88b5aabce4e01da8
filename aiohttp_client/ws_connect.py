"""Opening a WebSocket: the request, what the answer must say, and the change of protocols (RFC 6455 §4.1)."""

from __future__ import annotations

import ssl as ssl_module
import warnings
from collections.abc import Coroutine, Generator, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypedDict

from multidict import CIMultiDict

from . import hdrs
from ._net.tls import SSLOption
from ._net.wsconnection import WSConnection
from ._wire.auth import BasicAuth
from ._wire.wsdeflate import Inflater
from ._wire.wsframes import MessageReader
from ._wire.wshandshake import (
    Deflate,
    HandshakeError,
    accept_value,
    checked_protocols,
    chosen_protocol,
    deflate_agreed,
    deflate_offer,
    has_token,
    new_key,
)
from .exceptions import ClientError, WSServerHandshakeError
from .response import ClientResponse
from .timeouts import DEFAULT_WS_TIMEOUT, ClientWSTimeout
from .typedefs import LooseHeaders, Query, StrOrURL, Unset
from .websocket import ClientWebSocketResponse

if TYPE_CHECKING:
    from .session import ClientSession

# Bytes of the body that a refusal may explain itself with.
_EXPLANATION = 64 * 1024


class WSRequestOptions(TypedDict, total=False):
    """Keyword arguments of ws_connect() that are those of any request."""

    auth: BasicAuth | None
    params: Query
    proxy: StrOrURL | None
    proxy_auth: BasicAuth | None
    proxy_headers: LooseHeaders | None
    ssl: SSLOption | None
    verify_ssl: bool | None
    fingerprint: bytes | None
    ssl_context: ssl_module.SSLContext | None
    server_hostname: str | None


class WSRequestContextManager(Coroutine[Any, Any, ClientWebSocketResponse]):
    """A WebSocket not opened yet: await it or enter it."""

    __slots__ = ("_coroutine", "_websocket")

    def __init__(self, coroutine: Coroutine[Any, Any, ClientWebSocketResponse]) -> None:
        self._coroutine = coroutine

    def send(self, value: Any) -> Any:
        return self._coroutine.send(value)

    def throw(self, *error: Any) -> Any:
        return self._coroutine.throw(*error)

    def close(self) -> None:
        self._coroutine.close()

    def __await__(self) -> Generator[Any, None, ClientWebSocketResponse]:
        return self._coroutine.__await__()

    def __iter__(self) -> Generator[Any, None, ClientWebSocketResponse]:
        return self._coroutine.__await__()

    async def __aenter__(self) -> ClientWebSocketResponse:
        self._websocket = await self._coroutine
        return self._websocket

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._websocket.close()


async def open_websocket(
    session: ClientSession,
    url: StrOrURL,
    *,
    method: str,
    protocols: Iterable[str],
    timeout: ClientWSTimeout | float | Unset | None,
    receive_timeout: float | None,
    autoclose: bool,
    autoping: bool,
    heartbeat: float | None,
    origin: str | None,
    headers: LooseHeaders | None,
    compress: int,
    max_msg_size: int,
    decode_text: bool,
    **options: Any,
) -> ClientWebSocketResponse:
    """ClientSession.ws_connect()."""
    limits = _timeout(timeout, receive_timeout)
    if compress and not 9 <= compress <= 15:
        raise ValueError(f"compress must be 0, or the size of a window from 9 to 15 bits, got {compress!r}")
    protocols = checked_protocols(protocols)
    key = new_key()
    fields: CIMultiDict[str] = CIMultiDict(
        {hdrs.UPGRADE: "websocket", hdrs.CONNECTION: "Upgrade", hdrs.SEC_WEBSOCKET_VERSION: "13"}
    )
    if protocols:
        fields[hdrs.SEC_WEBSOCKET_PROTOCOL] = ",".join(protocols)
    if origin is not None:
        fields[hdrs.ORIGIN] = origin
    if compress:
        fields[hdrs.SEC_WEBSOCKET_EXTENSIONS] = deflate_offer(compress)
    fields.update(CIMultiDict(headers or ()))
    fields[hdrs.SEC_WEBSOCKET_KEY] = key
    if "ssl" in options and options["ssl"] is None:
        warnings.warn("ssl=None is deprecated: write ssl=True", DeprecationWarning, stacklevel=2)
    # What only proxies and TLS have is passed on where it is given: other code may stand in for _request().
    given = {name: value for name, value in options.items() if value is not None}
    response = await session._request(method, url, headers=fields, **given)
    try:
        try:
            _check(response, key)
            deflate = deflate_agreed(response.headers.getall(hdrs.SEC_WEBSOCKET_EXTENSIONS, []), compress)
        except HandshakeError as error:
            raise await _refusal(response, str(error)) from error
        answers = response.headers.getall(hdrs.SEC_WEBSOCKET_PROTOCOL, [])
        return _taken_over(
            session,
            response,
            protocol=chosen_protocol(answers, protocols),
            timeout=limits,
            autoclose=autoclose,
            autoping=autoping,
            heartbeat=heartbeat,
            deflate=deflate,
            max_msg_size=max_msg_size,
            decode_text=decode_text,
        )
    except BaseException:
        response.close()
        raise


def _taken_over(
    session: ClientSession,
    response: ClientResponse,
    *,
    protocol: str | None,
    timeout: ClientWSTimeout,
    autoclose: bool,
    autoping: bool,
    heartbeat: float | None,
    deflate: Deflate | None,
    max_msg_size: int,
    decode_text: bool,
) -> ClientWebSocketResponse:
    inflater = None if deflate is None else Inflater(deflate.server_bits, forgets=deflate.server_forgets)
    reader = MessageReader(max_size=max_msg_size, inflater=inflater, decode_text=decode_text)
    lease = response._lease
    if lease is None:
        raise ClientError("the response has no connection to take over")
    connection = WSConnection(lease.connection, lease.exchange, reader, autoping=autoping, heartbeat=heartbeat)
    return session._ws_response_class(
        response,
        connection,
        protocol=protocol,
        timeout=timeout,
        autoclose=autoclose,
        deflate=deflate,
    )


def _check(response: ClientResponse, key: str) -> None:
    headers = response.headers
    if response.status != 101:
        raise HandshakeError("Invalid response status")
    if headers.get(hdrs.UPGRADE, "").lower() != "websocket":
        raise HandshakeError("Invalid upgrade header")
    if not has_token(headers.getall(hdrs.CONNECTION, []), "upgrade"):
        raise HandshakeError("Invalid connection header")
    if headers.get(hdrs.SEC_WEBSOCKET_ACCEPT, "") != accept_value(key):
        raise HandshakeError("Invalid challenge response")


async def _refusal(response: ClientResponse, message: str) -> WSServerHandshakeError:
    error = WSServerHandshakeError(
        response.request_info, response.history, status=response.status, message=message, headers=response.headers
    )
    body = b""
    if response.status != 101:
        try:
            while len(body) < _EXPLANATION and (piece := await response.content.read(_EXPLANATION - len(body))):
                body += piece
        except (ClientError, TimeoutError):
            pass  # what there is of it will do
    error.body = body
    response.close()
    return error


def _timeout(timeout: ClientWSTimeout | float | Unset | None, receive_timeout: float | None) -> ClientWSTimeout:
    if isinstance(timeout, ClientWSTimeout):
        limits = timeout
    elif isinstance(timeout, Unset):
        limits = DEFAULT_WS_TIMEOUT
    else:
        warnings.warn(
            f"timeout={timeout!r} limits only the closing: write timeout=ClientWSTimeout(ws_close={timeout!r})",
            DeprecationWarning,
            stacklevel=2,
        )
        limits = ClientWSTimeout(ws_close=timeout)
    if receive_timeout is not None:
        limits = ClientWSTimeout(ws_receive=receive_timeout, ws_close=limits.ws_close)
    return limits
