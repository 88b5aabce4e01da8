"""How requests are made: as a session has it, and as the options of one request change it."""

from __future__ import annotations

import ssl as ssl_module
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from ._net.clock import Clock, Lane
from ._net.policy import ReadPolicy
from ._net.tls import SSLOption, check_server_hostname, one_ssl_option
from ._wire.auth import BasicAuth
from .body import body_of
from .head_template import header_names
from .middlewares import ClientMiddlewareType, checked_middlewares
from .options import RaiseForStatus, changed_policy, checked_compression, request_timeout
from .request import Differences
from .routing import DIRECT, Proxy, Route, proxy_of
from .timeouts import ClientTimeout
from .typedefs import UNSET, JSONBytesEncoder, LooseCookies, LooseHeaders, Query, StrOrURL, Unset
from .upload_tracker import UploadTracker


class Settings:
    """What holds for the requests of a session, or by changed() for one of them.

    policy, total: how responses are read and the lane of timeout.total, both with the lanes of clock.
    differences: what makes the request another one than the session's template; see ClientRequest.
    auth, headers, cookies, upload_tracker, trace_request_ctx: as given for the one request.
    """

    __slots__ = (
        "allow_redirects",
        "auth",
        "clock",
        "cookies",
        "differences",
        "headers",
        "json_dumps",
        "max_redirects",
        "middlewares",
        "policy",
        "raise_for_status",
        "route",
        "timeout",
        "total",
        "trace_request_ctx",
        "upload_tracker",
    )

    def __init__(
        self,
        clock: Clock,
        *,
        route: Route,
        policy: ReadPolicy,
        timeout: ClientTimeout,
        middlewares: tuple[ClientMiddlewareType, ...],
        raise_for_status: RaiseForStatus,
        json_dumps: JSONBytesEncoder,
    ) -> None:
        self.clock = clock
        self.route = DIRECT if route == DIRECT else route  # which is asked for by identity
        self.policy = replace(policy, sock_read=_lane(clock, timeout.sock_read, timeout))
        self.timeout = timeout
        self.total = _lane(clock, timeout.total, timeout)
        self.middlewares = middlewares
        self.raise_for_status = raise_for_status
        self.json_dumps = json_dumps
        self.allow_redirects = True
        self.max_redirects = 10
        self.auth: BasicAuth | None = None
        self.headers: LooseHeaders | None = None
        self.cookies: LooseCookies | None = None
        self.upload_tracker: UploadTracker | None = None
        self.trace_request_ctx: object = None
        self.differences: Differences = {}

    # Not keyword-only, though nobody passes them by position: filling in the defaults of keyword-only
    # parameters is a look-up for each, a quarter of a microsecond in all.
    def changed(
        self,
        params: Query = None,  # part of the URL
        data: Any = None,
        json: Any = None,
        text: str | None = None,
        cookies: LooseCookies | None = None,
        headers: LooseHeaders | None = None,
        skip_auto_headers: Iterable[str] | None = None,
        auth: BasicAuth | None = None,
        allow_redirects: bool = True,
        max_redirects: int = 10,
        compress: str | bool | None = None,
        chunked: bool | None = None,
        expect100: bool = False,
        raise_for_status: RaiseForStatus | None = None,
        read_until_eof: bool = True,
        timeout: ClientTimeout | float | Unset | None = UNSET,
        ssl: SSLOption | None = True,
        verify_ssl: bool | None = None,
        ssl_context: ssl_module.SSLContext | None = None,
        fingerprint: bytes | None = None,
        server_hostname: str | None = None,
        proxy: StrOrURL | None = None,
        proxy_auth: BasicAuth | None = None,
        proxy_headers: LooseHeaders | None = None,
        trace_request_ctx: object = None,
        middlewares: Sequence[ClientMiddlewareType] | None = None,
        upload_tracker: UploadTracker | None = None,
        read_bufsize: int | None = None,
        auto_decompress: bool | None = None,
        max_line_size: int | None = None,
        max_field_size: int | None = None,
        max_headers: int | None = None,
    ) -> Settings:
        """Those of a request with these options. Raises TypeError or ValueError for unusable ones."""
        one = Settings.__new__(Settings)
        one.clock = self.clock
        one.json_dumps = self.json_dumps
        one.auth = auth
        one.headers = headers
        one.cookies = cookies
        one.allow_redirects = allow_redirects
        one.max_redirects = max_redirects
        one.trace_request_ctx = trace_request_ctx
        one.raise_for_status = self.raise_for_status if raise_for_status is None else raise_for_status
        one.middlewares = self.middlewares if middlewares is None else checked_middlewares(middlewares)
        one.route = self.route
        if ssl is not True or not (
            verify_ssl is None
            and ssl_context is None
            and fingerprint is None
            and server_hostname is None
            and proxy is None
            and proxy_auth is None
            and proxy_headers is None
        ):
            ssl = one_ssl_option(ssl, verify_ssl, ssl_context, fingerprint)
            if server_hostname is not None:
                check_server_hostname(server_hostname)
            one.route = one.route._replace(
                ssl=one.route.ssl if ssl is True else ssl,
                server_hostname=server_hostname,
                proxy=self._proxy_for(proxy, proxy_auth, proxy_headers),
            )
        one.policy = self.policy
        one.timeout = self.timeout
        one.total = self.total
        if not isinstance(timeout, Unset):
            one.timeout = limits = request_timeout(timeout)
            one.total = _lane(self.clock, limits.total, limits)
            if limits.sock_read != self.timeout.sock_read:
                one.policy = replace(one.policy, sock_read=_lane(self.clock, limits.sock_read, limits))
        if not read_until_eof or not (
            read_bufsize is auto_decompress is max_line_size is max_field_size is max_headers is None
        ):
            one.policy = changed_policy(
                one.policy, read_until_eof, read_bufsize, auto_decompress, max_line_size, max_field_size, max_headers
            )
        differences: Differences = {}
        if headers:
            # Whose dict may change before all of the request's hops have been sent.
            differences["given_headers"] = headers.copy() if type(headers) is dict else headers
        if skip_auto_headers:
            differences["skip"] = header_names(skip_auto_headers)
        one.upload_tracker = upload_tracker
        if upload_tracker is not None:
            if not isinstance(upload_tracker, UploadTracker):
                raise TypeError(f"upload_tracker must be an UploadTracker, got {type(upload_tracker).__name__}")
            upload_tracker.bind()
            differences["tracker"] = upload_tracker
        # Last: what it makes has to be closed, which is up to who gets the settings.
        if data is not None or json is not None or text is not None:
            try:
                compression = checked_compression(compress)
                content, payload = body_of(
                    data,
                    json,
                    text,
                    self.json_dumps,
                    needs_payload=bool(compress or chunked or expect100 or upload_tracker),
                )
                if content is not None:
                    differences["content"] = content
                if payload is not None:
                    differences["payload"] = payload
                    differences["chunked"] = bool(chunked)
                    differences["compress"] = compression if payload.size != 0 else None
                    differences["expects_continue"] = expect100
            except BaseException:
                if upload_tracker is not None:
                    upload_tracker.last(uploading=False)
                raise
        one.differences = differences
        return one

    def _proxy_for(self, proxy: StrOrURL | None, auth: BasicAuth | None, headers: LooseHeaders | None) -> Proxy | None:
        """The proxy of one request: its own, with the session's credentials if it has none, or the session's."""
        if proxy is not None:
            return proxy_of(proxy, auth, headers)
        known = self.route.proxy
        if known is None or (auth is None and headers is None):
            return known
        changed = proxy_of(known.url, auth, headers)
        return changed if changed.authorization else changed._replace(authorization=known.authorization)


def _lane(clock: Clock, seconds: float | None, timeout: ClientTimeout) -> Lane | None:
    return clock.lane(seconds, timeout.ceil_threshold) if seconds and seconds > 0 else None
