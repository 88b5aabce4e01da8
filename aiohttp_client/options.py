"""What a caller may ask of one request, and the normal form of it."""

from __future__ import annotations

import ssl as ssl_module
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, TypeAlias, TypedDict

from ._http import HeadLimits
from ._net.policy import ReadPolicy
from ._net.tls import SSLOption
from ._wire.auth import BasicAuth
from .middlewares import ClientMiddlewareType
from .response import ClientResponse
from .timeouts import DEFAULT_TIMEOUT, NO_TIMEOUT, ClientTimeout
from .typedefs import LooseCookies, LooseHeaders, Query, StrOrURL, Unset
from .upload_tracker import UploadTracker

RaiseForStatus: TypeAlias = bool | Callable[[ClientResponse], Awaitable[None]]


class RequestOptions(TypedDict, total=False):
    """Keyword arguments of a request beside the URL and allow_redirects."""

    params: Query
    data: Any
    json: Any
    text: str | None
    cookies: LooseCookies | None
    headers: LooseHeaders | None
    skip_auto_headers: Iterable[str] | None
    auth: BasicAuth | None
    max_redirects: int
    compress: str | bool | None
    chunked: bool | None
    expect100: bool
    raise_for_status: RaiseForStatus | None
    read_until_eof: bool
    timeout: ClientTimeout | float | Unset | None
    ssl: SSLOption | None
    verify_ssl: bool | None
    ssl_context: ssl_module.SSLContext | None
    fingerprint: bytes | None
    server_hostname: str | None
    proxy: StrOrURL | None
    proxy_auth: BasicAuth | None
    proxy_headers: LooseHeaders | None
    trace_request_ctx: object
    middlewares: Sequence[ClientMiddlewareType] | None
    upload_tracker: UploadTracker | None
    read_bufsize: int | None
    auto_decompress: bool | None
    max_line_size: int | None
    max_field_size: int | None
    max_headers: int | None


class RedirectableOptions(RequestOptions, total=False):
    """All keyword arguments of a request beside the URL."""

    allow_redirects: bool


OPTION_NAMES = frozenset(RedirectableOptions.__annotations__)


def changed_policy(
    policy: ReadPolicy,
    until_close: bool,
    read_bufsize: int | None,
    decompress: bool | None,
    line: int | None,
    field: int | None,
    fields: int | None,
) -> ReadPolicy:
    limits = policy.limits
    return replace(
        policy,
        until_close=until_close,
        read_bufsize=policy.read_bufsize if read_bufsize is None else read_bufsize,
        decompress=policy.decompress if decompress is None else decompress,
        limits=HeadLimits.of(
            limits.line if line is None else line,
            limits.field if field is None else field,
            limits.fields if fields is None else fields,
        ),
    )


def session_timeout(
    timeout: ClientTimeout | Unset | None, read_timeout: float | Unset | None, conn_timeout: float | None
) -> ClientTimeout:
    if isinstance(timeout, Unset) or timeout is None:
        result = DEFAULT_TIMEOUT
        if not isinstance(read_timeout, Unset):
            result = replace(result, total=read_timeout)
        if conn_timeout is not None:
            result = replace(result, connect=conn_timeout)
        return result
    if not isinstance(timeout, ClientTimeout):
        raise ValueError(f"timeout must be a ClientTimeout, got {timeout!r}: write ClientTimeout(total={timeout!r})")
    if not isinstance(read_timeout, Unset) or conn_timeout is not None:
        raise ValueError("read_timeout and conn_timeout are old names for parts of timeout: give timeout alone")
    return timeout


def request_timeout(timeout: ClientTimeout | float | None) -> ClientTimeout:
    if isinstance(timeout, ClientTimeout):
        return timeout
    if timeout is None or timeout == 0:
        return NO_TIMEOUT
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)):
        raise TypeError(f"timeout must be a ClientTimeout, a number of seconds or None, got {timeout!r}")
    return _in_total(timeout)


@lru_cache(maxsize=64, typed=True)
def _in_total(seconds: float) -> ClientTimeout:
    return ClientTimeout(total=seconds)


def checked_auth(auth: BasicAuth | None) -> BasicAuth | None:
    """Raises TypeError for anything but BasicAuth and None."""
    if auth is not None and not isinstance(auth, BasicAuth):
        raise TypeError(f"auth must be BasicAuth(login, password), got {type(auth).__name__}")
    return auth


def checked_compression(compress: str | bool | None) -> str | None:
    """compress= as a content coding. Raises ValueError for one that cannot be produced."""
    if not compress:
        return None
    if compress is True:
        return "deflate"
    if compress not in ("deflate", "gzip"):
        raise ValueError(f"compress must be True, 'deflate' or 'gzip', got {compress!r}")
    return compress
