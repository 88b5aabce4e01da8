"""Client middlewares: what stands between a session and the wire, and sees each hop of a request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import TypeAlias

from .request import ClientRequest
from .response import ClientResponse

ClientHandlerType: TypeAlias = Callable[[ClientRequest], Awaitable[ClientResponse]]
ClientMiddlewareType: TypeAlias = Callable[[ClientRequest, ClientHandlerType], Awaitable[ClientResponse]]


def checked_middlewares(middlewares: Sequence[ClientMiddlewareType]) -> tuple[ClientMiddlewareType, ...]:
    """Raises TypeError for anything but middlewares, one alone included."""
    if not isinstance(middlewares, Iterable) or not all(callable(middleware) for middleware in middlewares):
        raise TypeError(f"middlewares must be a sequence of middlewares, got {middlewares!r}")
    return tuple(middlewares)


def chained(middlewares: Sequence[ClientMiddlewareType], handler: ClientHandlerType) -> ClientHandlerType:
    """handler behind all middlewares, the first of them outermost."""
    for middleware in reversed(middlewares):
        handler = partial(_called, middleware, handler)
    return handler


async def _called(
    middleware: ClientMiddlewareType, handler: ClientHandlerType, request: ClientRequest
) -> ClientResponse:
    return await middleware(request, handler)
