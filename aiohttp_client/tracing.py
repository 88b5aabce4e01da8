"""TraceConfig: callbacks at sixteen moments of a request.

What a callback is told is a frozen dataclass, and its type alone says which signal it belongs
to. A request without trace configurations has no Traces object, and nothing here is called.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, Protocol, TypeAlias, TypeVar, overload

from multidict import CIMultiDict
from yarl import URL

from .request import ClientRequest
from .response import ClientResponse

if TYPE_CHECKING:
    from aiosignal import Signal

    from .session import ClientSession


class TraceRequestStartParams(NamedTuple):
    """headers is the dict the request will be made of: what a callback changes is sent."""

    method: str
    url: URL
    headers: CIMultiDict[str]


class TraceRequestHeadersSentParams(NamedTuple):
    """Just before a request is written; headers as they are sent."""

    method: str
    url: URL
    headers: CIMultiDict[str]


class TraceRequestChunkSentParams(NamedTuple):
    """A piece of the request body, before compression."""

    method: str
    url: URL
    chunk: bytes


class TraceResponseChunkReceivedParams(NamedTuple):
    """What one read of the body gave: all of it for read(), text() and json()."""

    method: str
    url: URL
    chunk: bytes


class TraceRequestRedirectParams(NamedTuple):
    """A redirect is going to be followed; response is the one that redirects."""

    method: str
    url: URL
    headers: CIMultiDict[str]
    response: ClientResponse


class TraceRequestEndParams(NamedTuple):
    """The head of the last response is there, and raise_for_status did not mind it."""

    method: str
    url: URL
    headers: CIMultiDict[str]
    response: ClientResponse


class TraceRequestExceptionParams(NamedTuple):
    """The request has failed; exception is what its caller will see."""

    method: str
    url: URL
    headers: CIMultiDict[str]
    exception: BaseException


class TraceConnectionQueuedStartParams:
    """All connections that limit and limit_per_host allow are in use: the request waits for one."""

    __slots__ = ()


class TraceConnectionQueuedEndParams:
    """The wait is over."""

    __slots__ = ()


class TraceConnectionCreateStartParams:
    """A connection is going to be opened."""

    __slots__ = ()


class TraceConnectionCreateEndParams:
    """It is open, TLS included."""

    __slots__ = ()


class TraceConnectionReuseconnParams:
    """A connection of the pool is used."""

    __slots__ = ()


class TraceDnsResolveHostStartParams(NamedTuple):
    """host is going to be looked up."""

    host: str


class TraceDnsResolveHostEndParams(NamedTuple):
    """The addresses of host are there."""

    host: str


class TraceDnsCacheHitParams(NamedTuple):
    """The addresses of host are known, or being looked up for somebody else."""

    host: str


class TraceDnsCacheMissParams(NamedTuple):
    """The addresses of host are not known."""

    host: str


_SIGNALS: Final[dict[type, str]] = {
    TraceRequestStartParams: "on_request_start",
    TraceRequestHeadersSentParams: "on_request_headers_sent",
    TraceRequestChunkSentParams: "on_request_chunk_sent",
    TraceResponseChunkReceivedParams: "on_response_chunk_received",
    TraceRequestRedirectParams: "on_request_redirect",
    TraceRequestEndParams: "on_request_end",
    TraceRequestExceptionParams: "on_request_exception",
    TraceConnectionQueuedStartParams: "on_connection_queued_start",
    TraceConnectionQueuedEndParams: "on_connection_queued_end",
    TraceConnectionCreateStartParams: "on_connection_create_start",
    TraceConnectionCreateEndParams: "on_connection_create_end",
    TraceConnectionReuseconnParams: "on_connection_reuseconn",
    TraceDnsResolveHostStartParams: "on_dns_resolvehost_start",
    TraceDnsResolveHostEndParams: "on_dns_resolvehost_end",
    TraceDnsCacheHitParams: "on_dns_cache_hit",
    TraceDnsCacheMissParams: "on_dns_cache_miss",
}

C = TypeVar("C", covariant=True)
P = TypeVar("P")


class _ContextFactory(Protocol[C]):
    def __call__(self, *, trace_request_ctx: Any) -> C: ...


# Callbacks are `async def callback(session, context, params)`.
_Signal: TypeAlias = "Signal[ClientSession, C, P]"


class TraceConfig(Generic[C]):
    """Callbacks to be told of what requests do: `config.on_request_start.append(callback)`.

    trace_config_ctx_factory: called once per request, with the request's trace_request_ctx, makes
        the context that the callbacks of that request share.
    A callback is `async def callback(session, context, params)`; what it raises fails the request.
    Given to a session, a configuration is frozen: later changes raise RuntimeError.
    """

    on_request_start: _Signal[C, TraceRequestStartParams]
    on_request_headers_sent: _Signal[C, TraceRequestHeadersSentParams]
    on_request_chunk_sent: _Signal[C, TraceRequestChunkSentParams]
    on_response_chunk_received: _Signal[C, TraceResponseChunkReceivedParams]
    on_request_redirect: _Signal[C, TraceRequestRedirectParams]
    on_request_end: _Signal[C, TraceRequestEndParams]
    on_request_exception: _Signal[C, TraceRequestExceptionParams]
    on_connection_queued_start: _Signal[C, TraceConnectionQueuedStartParams]
    on_connection_queued_end: _Signal[C, TraceConnectionQueuedEndParams]
    on_connection_create_start: _Signal[C, TraceConnectionCreateStartParams]
    on_connection_create_end: _Signal[C, TraceConnectionCreateEndParams]
    on_connection_reuseconn: _Signal[C, TraceConnectionReuseconnParams]
    on_dns_resolvehost_start: _Signal[C, TraceDnsResolveHostStartParams]
    on_dns_resolvehost_end: _Signal[C, TraceDnsResolveHostEndParams]
    on_dns_cache_hit: _Signal[C, TraceDnsCacheHitParams]
    on_dns_cache_miss: _Signal[C, TraceDnsCacheMissParams]

    @overload
    def __init__(self: TraceConfig[SimpleNamespace]) -> None: ...
    @overload
    def __init__(self, trace_config_ctx_factory: _ContextFactory[C]) -> None: ...
    def __init__(self, trace_config_ctx_factory: Any = SimpleNamespace) -> None:
        from aiosignal import Signal  # two milliseconds, for those who trace

        self._context_factory: _ContextFactory[C] = trace_config_ctx_factory
        for name in _SIGNALS.values():
            setattr(self, name, Signal(self))

    def trace_config_ctx(self, trace_request_ctx: Any = None) -> C:
        """A context for one request."""
        return self._context_factory(trace_request_ctx=trace_request_ctx)

    def freeze(self) -> None:
        """No callback is added or removed from here on."""
        for name in _SIGNALS.values():
            getattr(self, name).freeze()


class Traces:
    """The trace configurations of a session, with their contexts for one request."""

    __slots__ = ("_configs", "_session", "_started")

    def __init__(self, session: ClientSession, configs: Sequence[TraceConfig[Any]], request_context: Any) -> None:
        self._session = session
        self._configs = [(config, config.trace_config_ctx(request_context)) for config in configs]
        self._started: list[tuple[TraceConfig[Any], Any]] = []

    async def tell(self, params: Any) -> None:
        """Send params to the callbacks of their signal; only on_request_exception is kept from who saw no start."""
        kind = type(params)
        name = _SIGNALS[kind]
        starting = kind is TraceRequestStartParams
        for config, context in self._started if kind is TraceRequestExceptionParams else self._configs:
            if starting:
                self._started.append((config, context))
            await getattr(config, name).send(self._session, context, params)

    async def headers_sent(self, request: ClientRequest) -> None:
        await self.tell(TraceRequestHeadersSentParams(request.method, request.url, request.headers))
        if request.content is not None:
            await self.chunk_sent(request, request.content.body)

    async def chunk_sent(self, request: ClientRequest, chunk: bytes) -> None:
        await self.tell(TraceRequestChunkSentParams(request.method, request.url, chunk))

    async def received(self, request: ClientRequest, chunk: bytes) -> None:
        await self.tell(TraceResponseChunkReceivedParams(request.method, request.url, chunk))
