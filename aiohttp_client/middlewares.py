"""Client middlewares: what stands between a session and the wire, and sees each hop of a request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeAlias

from .request import ClientRequest
from .response import ClientResponse

ClientHandlerType: TypeAlias = Callable[[ClientRequest], Awaitable[ClientResponse]]
ClientMiddlewareType: TypeAlias = Callable[[ClientRequest, ClientHandlerType], Awaitable[ClientResponse]]


def chained(middlewares: Sequence[ClientMiddlewareType], handler: ClientHandlerType) -> ClientHandlerType:
    """handler behind all middlewares, the first of them outermost."""
    for middleware in reversed(middlewares):
        handler = partial(_called, middleware, handler)
    return handler


async def _called(
    middleware: ClientMiddlewareType, handler: ClientHandlerType, request: ClientRequest
) -> ClientResponse:
    return await middleware(request, handler)
