"""ClientSession: defaults, and the loop around an exchange: redirects, retry, status."""

from __future__ import annotations

import asyncio
import json as json_module
import traceback
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Any, Self, Unpack

from multidict import CIMultiDict
from yarl import URL

from . import hdrs
from ._http import REDIRECT_STATUSES, HeadLimits, HttpVersion, HttpVersion11
from ._net.clock import time_of
from ._net.environ import netrc_authorization
from ._net.policy import ReadPolicy
from ._net.target import Target, target_of
from ._net.tls import SSLOption, check_ssl
from ._wire.auth import BasicAuth
from ._wire.query import with_params, with_plain_params
from ._wire.serialize import canonical_method
from ._wire.urls import parse_url, plain_base, plainly_joined
from .abc import AbstractCookieJar
from .base_connector import BaseConnector
from .connector import TCPConnector
from .cookiejar import CookieJar, cookies_to_send
from .exceptions import InvalidURL, InvalidUrlClientError, NonHttpUrlClientError
from .exchange import Exchanger
from .head_template import HeadTemplate, header_names, merged_headers
from .middlewares import ClientMiddlewareType, checked_middlewares
from .observed_stream import ObservedStreamReader
from .options import OPTION_NAMES, RaiseForStatus, RedirectableOptions, RequestOptions, checked_auth, session_timeout
from .pending import RequestContextManager, SessionRequestContextManager
from .request import ClientRequest
from .response import ClientResponse, utf8
from .routing import DIRECT, Route, proxy_of
from .settings import Settings
from .timeouts import ClientTimeout, ClientWSTimeout
from .tracing import (
    TraceConfig,
    TraceRequestEndParams,
    TraceRequestExceptionParams,
    TraceRequestStartParams,
    Traces,
)
from .typedefs import UNSET, JSONBytesEncoder, JSONEncoder, LooseCookies, LooseHeaders, Query, StrOrURL, Unset
from .websocket import ClientWebSocketResponse
from .ws_connect import WSRequestContextManager, WSRequestOptions, open_websocket


class ClientSession:
    """Requests that share a connection pool and defaults; make one, inside a coroutine, and use it for many.

    base_url: what relative URLs are joined to (RFC 3986 §5); absolute, its path ends in "/".
    connector: a TCPConnector of its own if not given; connector_owner=False leaves it open on close().
    headers: sent with every request; copied, and from then on `session.headers`.
    skip_auto_headers: of Accept, Accept-Encoding, User-Agent and Content-Type, those not to add.
    cookies: put into the jar, to be sent everywhere; cookie_jar: a CookieJar of its own if not given.
    proxy, proxy_auth: for requests that name no proxy; trust_env: else that of the environment, and netrc.
    trace_configs: see TraceConfig; middlewares: see ClientMiddlewareType, the first is outermost.
    auth: BasicAuth for the origin a request is made to (with base_url: that one alone), not for redirects elsewhere.
    timeout: ClientTimeout; 5 minutes in total and 30 s to connect if not given.
    raise_for_status: True, or an async callable that gets each response.
    auto_decompress: undo Content-Encoding.
    read_bufsize: bytes of a body that are buffered before the server is slowed down.
    max_line_size, max_field_size, max_headers: limits of a response head.
    fallback_charset_resolver: (response, body) → charset for text() of a body that names none.
    Raises RuntimeError without a running event loop; ValueError or TypeError for unusable options.
    """

    def __init__(
        self,
        base_url: StrOrURL | None = None,
        *,
        connector: BaseConnector | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
        cookies: LooseCookies | None = None,
        headers: LooseHeaders | None = None,
        proxy: StrOrURL | None = None,
        proxy_auth: BasicAuth | None = None,
        skip_auto_headers: Iterable[str] | None = None,
        auth: BasicAuth | None = None,
        json_serialize: JSONEncoder = json_module.dumps,
        json_serialize_bytes: JSONBytesEncoder | None = None,
        request_class: type[ClientRequest] = ClientRequest,
        response_class: type[ClientResponse] = ClientResponse,
        ws_response_class: type[ClientWebSocketResponse] = ClientWebSocketResponse,
        version: HttpVersion = HttpVersion11,
        cookie_jar: AbstractCookieJar | None = None,
        connector_owner: bool = True,
        raise_for_status: RaiseForStatus = False,
        read_timeout: float | Unset | None = UNSET,
        conn_timeout: float | None = None,
        timeout: ClientTimeout | Unset | None = UNSET,
        ssl: SSLOption = True,
        auto_decompress: bool = True,
        trust_env: bool = False,
        requote_redirect_url: bool = True,
        trace_configs: Sequence[TraceConfig[Any]] | None = None,
        read_bufsize: int = 2**18,
        max_line_size: int = 8190,
        max_field_size: int = 8190,
        max_headers: int = 128,
        fallback_charset_resolver: Callable[[ClientResponse, bytes], str] = utf8,
        middlewares: Sequence[ClientMiddlewareType] = (),
        ssl_shutdown_timeout: float | Unset | None = UNSET,
    ) -> None:
        self._connector: BaseConnector | None = None  # until everything else is there, for __del__
        self._loop = asyncio.get_running_loop()
        self._now = time_of(self._loop)
        if loop is not None and loop is not self._loop:
            raise RuntimeError("the session is made inside another event loop than loop=")
        check_ssl(ssl)
        if proxy is None and proxy_auth is not None:
            proxy_of("http://unused", proxy_auth, None)  # checks its type
        route = Route(
            ssl=ssl, proxy=None if proxy is None else proxy_of(proxy, proxy_auth, None), environment=trust_env
        )
        self._trace_configs = tuple(trace_configs or ())
        for config in self._trace_configs:
            config.freeze()
        middlewares = checked_middlewares(middlewares)
        self._base_url = base = _checked_base(base_url)
        self._base_text = "" if base is None else plain_base(base)
        self._auth = checked_auth(auth)
        self._cookie_jar = CookieJar() if cookie_jar is None else cookie_jar
        if cookies:
            self._cookie_jar.update_cookies(cookies)
        self._headers: CIMultiDict[str] = CIMultiDict(headers or ())
        self._skip = header_names(skip_auto_headers)
        self._json_serialize = json_serialize
        self._request_class = request_class
        self._response_class = response_class
        self._ws_response_class = ws_response_class
        self._version = HttpVersion(*version)
        timeout = session_timeout(timeout, read_timeout, conn_timeout)
        self._requote_redirect_url = requote_redirect_url
        self._fallback_charset_resolver = fallback_charset_resolver
        self._source_traceback = traceback.extract_stack() if self._loop.get_debug() else None
        if connector is not None and connector._loop is not self._loop:
            raise RuntimeError("the connector belongs to another event loop than the session")
        self._template = HeadTemplate(
            self._headers, self._skip, self._version, force_close=connector is not None and connector.force_close
        )
        policy = ReadPolicy(
            limits=HeadLimits.of(max_line_size, max_field_size, max_headers),
            read_bufsize=read_bufsize,
            decompress=auto_decompress,
        )
        # From here on there is something to close.
        if connector is None:
            connector = TCPConnector(ssl_shutdown_timeout=ssl_shutdown_timeout)
        self._connector = connector
        self._connector_owner = connector_owner
        self._exchanger = Exchanger(connector, self._cookie_jar, response_class)
        self._settings = Settings(
            connector.clock,
            route=route,
            policy=policy,
            timeout=timeout,
            middlewares=middlewares,
            raise_for_status=raise_for_status,
            json_dumps=json_serialize_bytes or (lambda value: json_serialize(value).encode()),
        )

    def __init_subclass__(cls) -> None:
        warnings.warn(
            f"{cls.__name__} inherits from ClientSession: keep a session in it instead, its inner parts may change",
            DeprecationWarning,
            stacklevel=2,
        )

    def __del__(self) -> None:
        connector = self.__dict__.get("_connector")
        if connector is None or connector.closed:
            return
        warnings.warn(f"Unclosed client session {self!r}", ResourceWarning, source=self, stacklevel=1)
        context: dict[str, Any] = {"client_session": self, "message": "Unclosed client session"}
        if self._source_traceback is not None:
            context["source_traceback"] = self._source_traceback
        if not self._loop.is_closed():
            self._loop.call_exception_handler(context)
            if self._connector_owner:
                connector._close()

    # -- requests

    def request(self, method: str, url: StrOrURL, **options: Unpack[RedirectableOptions]) -> RequestContextManager:
        """Send a request; `await` it or enter it with `async with` to get the ClientResponse.

        params: added to the query: mapping, pairs, or an encoded str.
        data: the body: bytes, or str as UTF-8 text.   json: the body as JSON.   text: the body as text.
        headers, skip_auto_headers: on top of the session's.
        allow_redirects, max_redirects: 10 by default; 0 means no limit.
        timeout: ClientTimeout, or a number: the total in seconds; None or 0: no limit.
        ssl: True, False, SSLContext or Fingerprint; server_hostname: the name to verify instead of the host.
        proxy, proxy_auth, proxy_headers: an http or https proxy, credentials and CONNECT fields for it.
        middlewares: instead of the session's; () for none.   upload_tracker: an UploadTracker.
        trace_request_ctx: handed to the factories of the trace contexts.
        read_until_eof: False if a response without length has no body.
        raise_for_status, auto_decompress, read_bufsize, max_…: instead of the session's.

        Raises, when awaited, ClientError and its kin, TimeoutError; TypeError and ValueError for
        arguments that cannot be sent; RuntimeError for a closed session."""
        return self._unsent(method, url, options)

    def get(self, url: StrOrURL, **options: Unpack[RedirectableOptions]) -> RequestContextManager:
        """GET (RFC 9110 §9.3.1); see request()."""
        return self._unsent("GET", url, options)

    def options(self, url: StrOrURL, **options: Unpack[RedirectableOptions]) -> RequestContextManager:
        """OPTIONS (RFC 9110 §9.3.7); see request()."""
        return self._unsent("OPTIONS", url, options)

    def head(
        self, url: StrOrURL, *, allow_redirects: bool = False, **options: Unpack[RequestOptions]
    ) -> RequestContextManager:
        """HEAD (RFC 9110 §9.3.2), by default without following redirects; see request()."""
        return self._unsent("HEAD", url, {"allow_redirects": allow_redirects, **options})

    def post(self, url: StrOrURL, **options: Unpack[RedirectableOptions]) -> RequestContextManager:
        """POST (RFC 9110 §9.3.3); see request()."""
        return self._unsent("POST", url, options)

    def put(self, url: StrOrURL, **options: Unpack[RedirectableOptions]) -> RequestContextManager:
        """PUT (RFC 9110 §9.3.4); see request()."""
        return self._unsent("PUT", url, options)

    def patch(self, url: StrOrURL, **options: Unpack[RedirectableOptions]) -> RequestContextManager:
        """PATCH (RFC 5789); see request()."""
        return self._unsent("PATCH", url, options)

    def delete(self, url: StrOrURL, **options: Unpack[RedirectableOptions]) -> RequestContextManager:
        """DELETE (RFC 9110 §9.3.5); see request()."""
        return self._unsent("DELETE", url, options)

    def _unsent(self, method: str, url: StrOrURL, options: Mapping[str, Any]) -> RequestContextManager:
        # To pass on keyword arguments that are not there costs more than to build a request from them.
        if not options:
            return RequestContextManager(self._request(method, url))
        _refuse_unknown(options, self._request)
        return RequestContextManager(self._request(method, url, **options))

    def ws_connect(
        self,
        url: StrOrURL,
        *,
        method: str = "GET",
        protocols: Iterable[str] = (),
        timeout: ClientWSTimeout | float | Unset | None = UNSET,
        receive_timeout: float | None = None,
        autoclose: bool = True,
        autoping: bool = True,
        heartbeat: float | None = None,
        origin: str | None = None,
        headers: LooseHeaders | None = None,
        compress: int = 0,
        max_msg_size: int = 4 * 1024 * 1024,
        decode_text: bool = True,
        **options: Unpack[WSRequestOptions],
    ) -> WSRequestContextManager:
        """Open a WebSocket (RFC 6455); `await` it or enter it with `async with`.

        url: ws, wss, http or https. protocols: subprotocols, in the order of preference.
        timeout: ClientWSTimeout; 10 s for closing if not given. The session's own governs the opening.
        autoclose, autoping: answer CLOSE and PING. heartbeat: seconds of silence until a PING is sent;
            half as long again without an answer, and the connection counts as lost.
        compress: bits of the window, 9 to 15, to offer permessage-deflate (RFC 7692); 0 not to.
        max_msg_size: bytes of a message, decompressed; 0 for any number. decode_text: text as str, else as bytes.
        Others are as in request().

        Raises, when awaited, WSServerHandshakeError for an answer that opens no WebSocket, and what request() does."""
        return WSRequestContextManager(
            open_websocket(
                self,
                url,
                method=method,
                protocols=protocols,
                timeout=timeout,
                receive_timeout=receive_timeout,
                autoclose=autoclose,
                autoping=autoping,
                heartbeat=heartbeat,
                origin=origin,
                headers=headers,
                compress=compress,
                max_msg_size=max_msg_size,
                decode_text=decode_text,
                **options,
            )
        )

    # All requests come this way: libraries that cache, record or mock them have a coroutine function of theirs here.
    async def _request(
        self, method: str, str_or_url: StrOrURL, **options: Unpack[RedirectableOptions]
    ) -> ClientResponse:
        connector = self._connector
        if connector is None or connector._closed:
            raise RuntimeError("Session is closed")
        if asyncio.get_running_loop() is not self._loop:
            raise RuntimeError("the session was made in another event loop than the one running: make one in each loop")
        started = self._now()
        if method not in hdrs.METH_ALL:
            method = canonical_method(method)
        params = options.get("params") if options else None
        target = self._target(str_or_url, params) if params or self._base_url is not None else target_of(str_or_url)
        if target.origin.carrier and target.origin.carrier not in connector.allowed_protocol_schema_set:
            raise NonHttpUrlClientError(str_or_url)
        settings = self._settings.changed(**options) if options else self._settings
        differences = settings.differences or {}
        request = response = traces = merged = None
        try:
            template = self._template
            if template.stale:
                template = self._template = HeadTemplate(
                    self._headers, self._skip, self._version, force_close=template.closing == "close"
                )
            if settings.auth is not None or self._auth is not None or target.authorization is not None:
                differences["authorization"] = self._authorization(target, settings.auth)
            key, route = target.key, settings.route
            if route is not DIRECT:
                key = await route.key(target)
                if route.environment and differences.get("authorization") is None:
                    differences["authorization"] = await self._from_netrc(target, settings.headers)
            if settings.cookies or len(self._cookie_jar):
                differences["cookies"] = cookies_to_send(self._cookie_jar, target.url, settings.cookies)
            send = self._exchanger.send
            if settings.middlewares:
                send = partial(self._exchanger.through, settings.middlewares)
            policy = settings.policy
            if self._trace_configs:
                policy = replace(policy, stream_class=ObservedStreamReader)
                differences["merged_headers"] = merged = merged_headers(self._headers, settings.headers)
                differences["traced"] = traces = Traces(self, self._trace_configs, settings.trace_request_ctx)
                await traces.tell(TraceRequestStartParams(method, target.url.with_fragment(None), merged))
            request = self._request_class(
                method, target, template, self, key, policy, settings.timeout, settings.total, started, differences
            )
            response = await send(request)
            if settings.allow_redirects and response.status in REDIRECT_STATUSES:
                request, response = await self._exchanger.follow(
                    request,
                    response,
                    send,
                    route,
                    settings.cookies,
                    settings.max_redirects,
                    requote=self._requote_redirect_url,
                )
            if request.payload is not None:
                await request.close_payload()
            elif settings.upload_tracker is not None and differences.get("payload") is None:
                settings.upload_tracker.completes()  # there was nothing to send
            raise_for_status = settings.raise_for_status
            if callable(raise_for_status):
                await raise_for_status(response)
            elif raise_for_status:
                response.raise_for_status()
            if traces is not None:
                await traces.tell(TraceRequestEndParams(method, request.url, request.headers, response))
        except BaseException as error:
            if response is not None:
                response.close()
            payload = differences.get("payload") if request is None else request.payload
            if payload is not None and not payload.autoclose:
                await payload.close()
            if traces is not None and merged is not None:
                shown = merged if request is None else request.headers
                await traces.tell(TraceRequestExceptionParams(method, target.url.with_fragment(None), shown, error))
            raise
        finally:
            if settings.upload_tracker is not None:
                settings.upload_tracker.last(uploading=request is not None and request.is_uploading)
        return response

    def _prepare_headers(self, headers: LooseHeaders | None) -> CIMultiDict[str]:
        """The session's headers with these over them: libraries that record or cache requests want to know."""
        return merged_headers(self._headers, headers)

    def _target(self, url: StrOrURL, params: Query) -> Target:
        if type(url) is str:
            text = url if self._base_url is None else plainly_joined(self._base_text, url)
            if text and params:
                text = with_plain_params(text, params)
            if text:
                try:
                    return target_of(text)
                except (InvalidURL, NonHttpUrlClientError):
                    pass  # what is said of it should not quote the params: they may be secret
        try:
            parsed = parse_url(url)
            if self._base_url is not None and not parsed.absolute:
                parsed = self._base_url.join(parsed)
        except ValueError as error:
            raise InvalidUrlClientError(url, str(error)) from error
        return target_of(with_params(parsed, params))

    def _authorization(self, target: Target, auth: BasicAuth | None) -> str | None:
        """Whose credentials go with the first hop: those of the call, of the URL, of the session."""
        if auth is not None:
            checked_auth(auth)
            if target.authorization is not None:
                raise ValueError("Cannot combine AUTH argument with credentials encoded in URL")
            return auth.encode()
        if target.authorization is not None or self._auth is None:
            return target.authorization
        if self._base_url is not None and self._base_url.origin() != target.url.origin():
            return None
        return self._auth.encode()

    async def _from_netrc(self, target: Target, headers: LooseHeaders | None) -> str | None:
        """What netrc holds for target, unless the caller says himself who he is."""
        if hdrs.AUTHORIZATION in merged_headers(self._headers, headers):
            return None
        return await netrc_authorization(target.url.host or "")

    # -- life

    @property
    def closed(self) -> bool:
        return self._connector is None or self._connector.closed

    async def close(self) -> None:
        """Close the connector if the session owns it. What is in flight gets ClientConnectionError."""
        connector, self._connector = self._connector, None
        if connector is not None and self._connector_owner:
            await connector.close()

    def detach(self) -> None:
        """Forget the connector without closing it; the session is closed."""
        self._connector = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __enter__(self) -> None:
        raise TypeError("Use async with instead")

    def __exit__(self, *exc_info: object) -> None:
        """Only there so that `with` gets as far as __enter__."""

    # -- what it was made with

    @property
    def connector(self) -> BaseConnector | None:
        """None once closed."""
        return self._connector

    @property
    def headers(self) -> CIMultiDict[str]:
        """Sent with every request; changes affect later ones."""
        return self._headers

    @property
    def auth(self) -> BasicAuth | None:
        return self._auth

    @property
    def cookie_jar(self) -> AbstractCookieJar:
        return self._cookie_jar

    @property
    def skip_auto_headers(self) -> frozenset[str]:
        return self._skip

    @property
    def timeout(self) -> ClientTimeout:
        return self._settings.timeout

    @property
    def version(self) -> HttpVersion:
        return self._version

    @property
    def json_serialize(self) -> JSONEncoder:
        return self._json_serialize

    @property
    def connector_owner(self) -> bool:
        return self._connector_owner

    @property
    def raise_for_status(self) -> RaiseForStatus:
        return self._settings.raise_for_status

    @property
    def auto_decompress(self) -> bool:
        return self._settings.policy.decompress

    @property
    def trust_env(self) -> bool:
        return self._settings.route.environment

    @property
    def trace_configs(self) -> list[TraceConfig[Any]]:
        return list(self._trace_configs)

    # By these names libraries that answer in a server's place look for them.
    _timeout = timeout
    _raise_for_status = raise_for_status

    @property
    def requote_redirect_url(self) -> bool:
        return self._requote_redirect_url

    @requote_redirect_url.setter
    def requote_redirect_url(self, requote: bool) -> None:
        self._requote_redirect_url = requote

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        return self._loop


_OWN_REQUEST = ClientSession._request


def _refuse_unknown(options: Mapping[str, object], request: Any) -> None:
    """Raises TypeError for an option that no request has where it is given, and not where the request is awaited.

    If request is not ours but a library's, it may have options of its own."""
    if not options.keys() <= OPTION_NAMES and getattr(request, "__func__", request) is _OWN_REQUEST:
        unknown = ", ".join(sorted(map(repr, options.keys() - OPTION_NAMES)))
        raise TypeError(f"a request takes no option {unknown}")


def request(
    method: str,
    url: StrOrURL,
    *,
    version: HttpVersion = HttpVersion11,
    connector: BaseConnector | None = None,
    loop: asyncio.AbstractEventLoop | None = None,
    **options: Unpack[RedirectableOptions],
) -> SessionRequestContextManager:
    """One request with a session of its own, to await or to enter with `async with`; see ClientSession.request().

    A connector given is left open."""
    _refuse_unknown(options, ClientSession._request)
    owned = connector is None
    session = ClientSession(
        connector=TCPConnector(force_close=True) if connector is None else connector,
        connector_owner=owned,
        loop=loop,
        version=version,
    )
    return SessionRequestContextManager(session._request(method, url, **options), session)


def _checked_base(base_url: StrOrURL | None) -> URL | None:
    if base_url is None:
        return None
    base = parse_url(base_url)
    if not base.scheme or not base.raw_host:
        raise ValueError(f"base_url must be absolute, got {str(base)!r}")
    if not base.raw_path.endswith("/"):
        raise ValueError(f"the path of base_url must end with '/', or its last part is lost in joining: {str(base)!r}")
    return base
