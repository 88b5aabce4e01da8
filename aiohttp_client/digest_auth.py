"""DigestAuthMiddleware: answers a server's Digest challenges (RFC 7616)."""

from __future__ import annotations

import os
from collections.abc import Iterator

from yarl import URL

from . import hdrs
from ._wire.digest import DigestChallenge, challenges
from ._wire.urls import parse_url
from .exceptions import ClientError
from .middlewares import ClientHandlerType
from .payload import Payload
from .request import ClientRequest
from .response import ClientResponse


class DigestAuthMiddleware:
    """A middleware that logs in by Digest where it is challenged: `ClientSession(middlewares=[…])`.

    It serves the origin of its first request, and what that origin's challenges name in domain;
    other requests pass untouched. preemptive: once challenged, answer at once where the challenge
    holds, in place of being refused each time.
    Raises ValueError for login or password None, or a colon in login; ClientError, when used, for
    a challenge that cannot be answered.
    """

    def __init__(self, login: str, password: str, preemptive: bool = True) -> None:
        if login is None or password is None:
            raise ValueError("None is not allowed as login or password")
        if ":" in login:
            raise ValueError(f"login must not contain a colon: {login!r}")
        self._login = login
        self._password = password
        self._preemptive = preemptive
        self._origin: URL | None = None
        self._challenge: DigestChallenge | None = None
        self._space: tuple[URL, ...] = ()  # where the challenge holds

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        origin = request.url.origin()
        if self._origin is None:
            self._origin = origin
        if origin != self._origin and not self._holds_for(request.url):
            return await handler(request)
        if self._preemptive and self._challenge is not None and self._holds_for(request.url):
            await self._authorize(request, self._challenge)
        response = await handler(request)
        challenge = self._challenge_of(response)
        if challenge is None:
            return response
        if self._challenge is None or challenge != self._challenge:  # the same nonce goes on being counted
            self._challenge = challenge
            self._space = tuple(_places(request.url, challenge)) or (origin,)
        response.release()
        await self._authorize(request, self._challenge)
        return await handler(request)

    def _holds_for(self, url: URL) -> bool:
        """Whether url is in the protection space: below one of its URLs, on a path boundary (RFC 7616 §3.3)."""
        for place in self._space:
            path = place.raw_path.rstrip("/")
            if url.origin() == place.origin() and (url.raw_path == path or url.raw_path.startswith(path + "/")):
                return True
        return False

    def _challenge_of(self, response: ClientResponse) -> DigestChallenge | None:
        if response.status != 401:
            return None
        for scheme, parameters in challenges(response.headers.getall(hdrs.WWW_AUTHENTICATE, ())):
            if scheme == "digest":
                try:
                    return DigestChallenge.of(parameters)
                except ValueError as error:
                    response.release()
                    raise ClientError(str(error)) from error
        return None

    async def _authorize(self, request: ClientRequest, challenge: DigestChallenge) -> None:
        body = b""
        if challenge.qop == "auth-int":
            payload = request.body
            body = await payload.as_bytes() if isinstance(payload, Payload) else payload
        request.headers[hdrs.AUTHORIZATION] = challenge.answer(
            self._login, self._password, request.method, request.url.raw_path_qs, body, os.urandom(8).hex()
        )


def _places(url: URL, challenge: DigestChallenge) -> Iterator[URL]:
    """Where challenge, got from url, holds; what in its domain is no URL holds nowhere."""
    for text in challenge.domain:
        try:
            place = url.join(parse_url(text))
            place.origin()
        except ValueError:
            continue
        yield place
