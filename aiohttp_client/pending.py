"""A request that has not been sent yet: what session.get() and its kin return."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Generator
from types import TracebackType
from typing import Any

from .response import ClientResponse


class RequestContextManager(Coroutine[Any, Any, ClientResponse]):
    """A request not yet sent: await it, enter it, or make a task of it."""

    __slots__ = ("_coroutine", "_response")

    def __init__(self, coroutine: Coroutine[Any, Any, ClientResponse]) -> None:
        self._coroutine = coroutine

    def __getattr__(self, name: str) -> Any:
        hint = (
            ": the request has not been sent; write `response = await session.get(…)`"
            if hasattr(ClientResponse, name)
            else ""
        )
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}{hint}")

    def send(self, value: Any) -> Any:
        return self._coroutine.send(value)

    def throw(self, *error: Any) -> Any:
        return self._coroutine.throw(*error)

    def close(self) -> None:
        self._coroutine.close()

    def __await__(self) -> Generator[Any, None, ClientResponse]:
        return self._coroutine.__await__()

    def __iter__(self) -> Generator[Any, None, ClientResponse]:
        return self._coroutine.__await__()

    async def __aenter__(self) -> ClientResponse:
        self._response = response = await self._coroutine
        if type(response) is ClientResponse:
            response._in_context = True  # all its __aenter__ does, without another coroutine
            return response
        return await response.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        response = self._response
        if type(response) is ClientResponse:
            response._in_context = False
            response.close()
        else:
            await response.__aexit__(kind, error, trace)


class SessionRequestContextManager(RequestContextManager):
    """A request with a session of its own, which ends with the response."""

    __slots__ = ("_close_session",)

    def __init__(
        self, coroutine: Coroutine[Any, Any, ClientResponse], close_session: Callable[[], Awaitable[None]]
    ) -> None:
        super().__init__(coroutine)
        self._close_session = close_session

    async def __aenter__(self) -> ClientResponse:
        try:
            return await super().__aenter__()
        except BaseException:
            await self._close_session()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await super().__aexit__(kind, error, trace)
        finally:
            await self._close_session()
