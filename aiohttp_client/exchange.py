"""From a request to the response that answers it: a connection, stale ones, middlewares, redirects."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence

from . import hdrs
from ._http import IDEMPOTENT_METHODS, REDIRECT_STATUSES
from ._net.clock import Lane
from ._net.connection import Connection
from ._net.environ import netrc_authorization
from ._net.target import target_of
from ._wire.redirect import NextHop, next_hop
from .abc import AbstractCookieJar
from .base_connector import BaseConnector
from .cookiejar import cookies_to_send
from .exceptions import (
    ClientOSError,
    ClientPayloadError,
    ClientResponseError,
    HttpProcessingError,
    InvalidUrlClientError,
    InvalidUrlRedirectClientError,
    NonHttpUrlClientError,
    NonHttpUrlRedirectClientError,
    ServerDisconnectedError,
    TooManyRedirects,
)
from .middlewares import ClientHandlerType, ClientMiddlewareType, chained
from .request import ClientRequest
from .response import ClientResponse
from .routing import DIRECT, Route
from .tracing import TraceConnectionReuseconnParams, TraceRequestRedirectParams
from .typedefs import LooseCookies


class Exchanger:
    """Sends requests by way of connector, and puts the cookies of all responses into jar."""

    __slots__ = ("_answering", "_connector", "_jar")

    def __init__(self, connector: BaseConnector, jar: AbstractCookieJar, response_class: type[ClientResponse]) -> None:
        self._connector = connector
        self._jar = jar
        self._answering = response_class.answering

    async def send(self, request: ClientRequest) -> ClientResponse:
        """Send request to its hop and read the response's head, once more for each stale connection."""
        connector = self._connector
        sent_head = request.head()
        while True:
            deadline = request.total
            connection = connector.take_idle(request.key)
            if connection is None:
                connection = await connector.connect(request.key, request.timeout, request.traced, request.started)
                deadline = self.rest_of_total(request)
            elif request.method not in IDEMPOTENT_METHODS and connection.drop_if_stale():
                continue  # it could not be sent again if it were lost
            elif request.traced is not None:
                await self._tell(request, connection, request.traced.tell(TraceConnectionReuseconnParams()))
            if request.traced is not None:
                await self._tell(request, connection, request.traced.headers_sent(request))
                if connection.closed:  # meanwhile, by the server
                    continue
                sent_head = request.head()  # callbacks may have changed it
                deadline = self.rest_of_total(request)
            waiter = request.start(connection, sent_head, deadline)
            try:
                await waiter
                head, body = waiter.result()
            except (ServerDisconnectedError, ClientOSError):
                # The server closed an idle connection while our request was under way: nothing of
                # it was answered, so a safe one can be repeated (RFC 9112 §9.3.1). As often as the
                # pool holds such connections; a new one is not given a second chance.
                if connection.used and connection.silent and await request.can_be_repeated():
                    request.total = self.rest_of_total(request)
                    continue
                raise
            except HttpProcessingError as error:
                raise ClientResponseError(
                    request.request_info, (), status=error.code, message=error.message, headers=error.headers
                ) from error
            except BaseException:
                connection.abandon(waiter)
                raise
            response = self._answering(request, head, body, connection, waiter)
            if head.has_cookies:  # those of redirects and refusals, too
                lines = response._values(b"set-cookie")
                if lines is None:
                    lines = response.headers.getall(hdrs.SET_COOKIE, [])
                self._jar.update_cookies_from_headers(lines, request.target.url)
            return response

    async def through(self, middlewares: Sequence[ClientMiddlewareType], request: ClientRequest) -> ClientResponse:
        """send(), as often as middlewares have it, all within the total time of the request."""
        request.total = self.rest_of_total(request)
        handler = chained(middlewares, self._send_again)
        total = request.total
        if total is None:
            return await handler(request)
        scope = asyncio.timeout_at(request.started + total.seconds)
        try:
            async with scope:
                return await handler(request)
        except TimeoutError as error:
            if not scope.expired():
                raise
            raise TimeoutError(
                f"total timeout of {total.seconds} s exceeded by {request.method} {request.url}"
            ) from error

    async def _send_again(self, request: ClientRequest) -> ClientResponse:
        """send() for a request that may have been sent before."""
        if request.upload is not None:
            await asyncio.wait([request.upload])
        if request.payload is not None and request.payload.consumed:
            raise ClientPayloadError(
                f"a middleware sends the request again, but a {type(request.payload).__name__} can be sent only once"
            )
        return await self.send(request)

    async def follow(
        self,
        request: ClientRequest,
        response: ClientResponse,
        send: ClientHandlerType,
        route: Route,
        cookies: LooseCookies | None,
        max_redirects: int,
        *,
        requote: bool,
    ) -> tuple[ClientRequest, ClientResponse]:
        """Follow the redirect that response is, and those behind it; 0: any number. Gives the last hop.

        cookies are those given for the request; requote: Location is quoted where it has to be."""
        history: list[ClientResponse] = []
        while response.status in REDIRECT_STATUSES:
            location = response.headers.get(hdrs.LOCATION) or response.headers.get(hdrs.URI)
            if not location:
                break
            response._history = tuple(history)
            history.append(response)
            if request.traced is not None:
                await request.traced.tell(
                    TraceRequestRedirectParams(request.method, request.url, request.headers, response)
                )
            response.release()
            if max_redirects and len(history) >= max_redirects:
                raise TooManyRedirects(
                    history[0].request_info, tuple(history), message=f"{len(history)} redirects", status=response.status
                )
            hop = next_hop(request.method, request.original_url, response.status, location, requote=requote)
            request = await self._next(request, hop, location, route, cookies)
            response = await send(request)
        response._history = tuple(history)
        return request, response

    async def _next(
        self, request: ClientRequest, hop: NextHop, location: str, route: Route, cookies: LooseCookies | None
    ) -> ClientRequest:
        """The request to hop, after request."""
        try:
            target = target_of(hop.url)
        except NonHttpUrlClientError as error:
            raise NonHttpUrlRedirectClientError(location) from error
        except InvalidUrlClientError as error:
            raise InvalidUrlRedirectClientError(location, error.description) from error
        key = target.key if route is DIRECT else await route.key(target)
        if hop.keeps_body and request.payload is not None:
            if request.upload is not None:
                await asyncio.wait([request.upload])
            if request.payload.consumed:
                raise ClientPayloadError(
                    f"the redirect to {target.url} asks for the body again, "
                    f"but a {type(request.payload).__name__} can be sent only once"
                )
        elif request.payload is not None:
            await request.close_payload()
        # Cookies given for the request are credentials of the origin it was for; the jar knows its own.
        own = None if "cookie" in request.drops(hop) else cookies
        authorization = target.authorization
        if authorization is None and hop.same_origin:
            authorization = request.authorization
        if authorization is None and route.environment and not hop.same_origin:
            authorization = await netrc_authorization(target.url.host or "", by_name=True)
        return request.redirected(
            hop, target, key, self.rest_of_total(request), authorization, cookies_to_send(self._jar, target.url, own)
        )

    def rest_of_total(self, request: ClientRequest) -> Lane | None:
        """The lane for what is left of the request's total time."""
        total = request.total
        if total is None:
            return None
        when = request.started + total.seconds
        return self._connector.clock.until(when, total.seconds, request.timeout.ceil_threshold)

    async def _tell(self, request: ClientRequest, connection: Connection, telling: Awaitable[None]) -> None:
        """Await what those who trace request are told while connection is ours already."""
        connection.hold()
        try:
            await telling
        except BaseException:
            connection.close()
            raise
