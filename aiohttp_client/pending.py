"""A request that has not been sent yet: what session.get() and its kin return."""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .response import ClientResponse

if TYPE_CHECKING:
    from .session import ClientSession


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
    """A request with a session of its own, which ends with the response.

    Awaited without `async with`, the session ends when the connection does: when the body has been
    read, or the response closed."""

    __slots__ = ("_alone", "_session")

    def __init__(self, coroutine: Coroutine[Any, Any, ClientResponse], session: ClientSession) -> None:
        super().__init__(coroutine)
        self._session = session
        self._alone: Coroutine[Any, Any, ClientResponse] | None = None

    async def _awaited(self) -> ClientResponse:
        session = self._session
        try:
            response = await self._coroutine
        except BaseException:
            await session.close()
            raise
        connection, connector = response.connection, session.connector
        if connection is None or connector is None or not session.connector_owner:
            await session.close()
        else:
            session.detach()
            connection.lost.add_done_callback(lambda _: connector.close())
        return response

    def _started(self) -> Coroutine[Any, Any, ClientResponse]:
        if self._alone is None:
            self._alone = self._awaited()
        return self._alone

    def send(self, value: Any) -> Any:
        return self._started().send(value)

    def throw(self, *error: Any) -> Any:
        return self._started().throw(*error)

    def close(self) -> None:
        if self._alone is not None:
            self._alone.close()
        super().close()

    def __await__(self) -> Generator[Any, None, ClientResponse]:
        return self._started().__await__()

    def __iter__(self) -> Generator[Any, None, ClientResponse]:
        return self._started().__await__()

    async def __aenter__(self) -> ClientResponse:
        try:
            return await super().__aenter__()
        except BaseException:
            await self._session.close()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await super().__aexit__(kind, error, trace)
        finally:
            await self._session.close()
