"""What came back. Every view of it is made when first looked at.

A small body comes along with its head; then there is no stream and no connection here, only
bytes, and a StreamReader is made if somebody asks for content. Otherwise a Lease names the
connection that is still bringing the body.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from functools import partial
from http.cookies import SimpleCookie
from types import TracebackType
from typing import Any, Self, TypeAlias

from multidict import CIMultiDictProxy, MultiDict, MultiDictProxy
from yarl import URL

from . import hdrs
from ._http import HttpVersion
from ._net.connection import Body, Connection, Received, ResponseHead
from ._net.incoming import feed_pieces
from ._net.lease import Lease
from ._net.waiter import Awaited
from ._wire.coding import decode_whole
from ._wire.cookies import parse_set_cookie
from ._wire.links import parse_links
from ._wire.mime import is_json, parse_content_type, text_codec
from ._wire.urls import parse_url
from .content_fields import HeadersMixin
from .decoding import feed_of
from .exceptions import (
    ClientConnectionError,
    ClientError,
    ClientPayloadError,
    ClientResponseError,
    ContentEncodingError,
    ContentTypeError,
)
from .observed_stream import ObservedStreamReader
from .request import ClientRequest
from .request_info import RequestInfo
from .streams import EMPTY_PAYLOAD, StreamReader
from .typedefs import JSONDecoder, RawHeaders

CharsetResolver: TypeAlias = Callable[["ClientResponse", bytes], str]


def utf8(response: ClientResponse, body: bytes) -> str:
    """The charset of a text that names none."""
    return "utf-8"


class ClientResponse(HeadersMixin):
    """A response, as an async context manager that gives its connection back on exit.

    status, reason, version: the status line (RFC 9112 §4); reason may be "".
    method: of the request answered, which after a redirect may not be the one asked for.
    Attributes never block and stay readable after close(). The constructor's keywords but
    request_info and session are accepted for libraries that make responses of their own.
    """

    # What every response has, set by answering(): slots, for CPython does not specialise (PEP 659) assignments to what
    # the class has a default for, and so they take several times as long.
    __slots__ = (
        "_arrived",
        "_body",
        "_content",
        "_head",
        "_in_context",
        "_lease",
        "_released",
        "_request",
        "method",
        "status",
        "version",
    )

    method: str
    status: int
    version: HttpVersion | None
    _request: ClientRequest | None
    _head: ResponseHead | None
    _arrived: bytes | list[tuple[bytes, bool]] | None  # a body that came with its head, until it is used
    _content: StreamReader | None
    _body: bytes | None
    _lease: Lease | None
    _in_context: bool
    _released: bool

    # Made when first looked at.
    _reason: str | None = None
    _headers: CIMultiDictProxy[str] | None = None
    _raw_headers: RawHeaders | None = None
    _request_info: RequestInfo | None = None
    _cookies: SimpleCookie | None = None
    _url: URL | None = None
    _real_url: URL | None = None
    _coded_size: int | None = None  # of a body that had to be decoded
    _history: tuple[ClientResponse, ...] = ()
    _failure: BaseException | None = None  # of read(), which raises it again

    def __init__(
        self,
        method: str,
        url: URL | None = None,
        *,
        request_info: RequestInfo | None = None,
        writer: object = None,
        continue100: object = None,
        timer: object = None,
        traces: object = None,
        loop: asyncio.AbstractEventLoop | None = None,
        session: Any = None,
        stream_writer: object = None,
        **_: object,
    ) -> None:
        self.method = method
        if url is not None:
            self._real_url = url
        if request_info is not None:
            self._request_info = request_info

    def __getattr__(self, name: str) -> Any:
        # Of responses made by hand, in a library or a test, perhaps without our constructor.
        if name in ClientResponse.__slots__:
            return False if name in ("_in_context", "_released") else None
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)

    @classmethod
    def answering(
        cls,
        request: ClientRequest,
        head: ResponseHead,
        body: Body,
        connection: Connection,
        exchange: Awaited[Received],
    ) -> Self:
        """The response to request, as connection brought it, or, if body is a stream, is still bringing it."""
        if cls is ClientResponse or cls.__init__ is ClientResponse.__init__:
            self = cls.__new__(cls)
            self.method = request.method
        else:
            self = cls(request.method, request.original_url, session=request.session)
        self._request = request
        self._head = head
        self.status = head.status
        self.version = head.version
        self._content = self._body = self._lease = None
        self._in_context = self._released = False
        if type(body) is bytes or not isinstance(body, StreamReader):
            self._arrived = body
        else:
            self._arrived = None
            self._content = body
            if isinstance(body, ObservedStreamReader):
                body.observer = self._observer()
            if connection.is_busy_with(exchange):
                self._lease = Lease(connection, exchange)
        return self

    def __repr__(self) -> str:
        shown = (self.reason or "None").encode("ascii", "backslashreplace").decode("ascii")
        return f"<{type(self).__name__}({self.url}) [{self.status} {shown}]>\n{self._headers_or_none()!r}\n"

    def _headers_or_none(self) -> CIMultiDictProxy[str] | None:
        return self._headers if self._head is None else self.headers

    # -- the head

    @property
    def ok(self) -> bool:
        """Whether status is below 400."""
        return self.status < 400

    @property
    def reason(self) -> str | None:
        if self._reason is None and self._head is not None:
            self._reason = self._head.reason
        return self._reason

    @reason.setter
    def reason(self, reason: str | None) -> None:
        self._reason = reason

    @property
    def real_url(self) -> URL:
        """The URL of the request answered, with its fragment."""
        if self._real_url is None:
            assert self._request is not None
            self._real_url = self._request.original_url
        return self._real_url

    @property
    def url(self) -> URL:
        """The URL of the request answered, without fragment."""
        if self._url is None:
            self._url = self.real_url.with_fragment(None)
        return self._url

    @property
    def url_obj(self) -> URL:
        """Old name of url."""
        return self.url

    @property
    def host(self) -> str | None:
        return self.url.host

    @property
    def headers(self) -> CIMultiDictProxy[str]:
        """Fields by name, case-insensitive; repeated ones by getall()."""
        if self._headers is None:
            if self._head is None:
                raise RuntimeError("the response has not started: there are no headers yet")
            self._headers = self._head.headers
        return self._headers

    def _values(self, name: bytes) -> list[str] | None:
        """Those of the fields of that lower-case name; None if headers are made already, or a subclass's own."""
        if self._headers is None and self._head is not None and type(self).headers is _OWN_HEADERS:
            return self._head.values(name)
        return None

    def _given_type(self) -> str:
        values = self._values(b"content-type")
        if values is None:
            return super()._given_type()
        return values[0] if values else ""

    @property
    def raw_headers(self) -> RawHeaders:
        """(name, value) as received, white space around the value removed."""
        if self._raw_headers is None:
            if self._head is None:
                raise RuntimeError("the response has not started: there are no headers yet")
            self._raw_headers = self._head.raw_headers
        return self._raw_headers

    @property
    def request_info(self) -> RequestInfo:
        if self._request_info is None:
            assert self._request is not None
            self._request_info = self._request.request_info
        return self._request_info

    @property
    def cookies(self) -> SimpleCookie:
        """The cookies this response sets; of one name the last."""
        if self._cookies is None:
            self._cookies = SimpleCookie()
            headers = self._headers_or_none()
            for line in () if headers is None else headers.getall(hdrs.SET_COOKIE, ()):
                morsel = parse_set_cookie(line)
                if morsel is not None:
                    dict.__setitem__(self._cookies, morsel.key, morsel)
        return self._cookies

    @cookies.setter
    def cookies(self, cookies: SimpleCookie) -> None:
        self._cookies = cookies

    @property
    def history(self) -> tuple[ClientResponse, ...]:
        """The responses whose redirects led here, oldest first."""
        return self._history

    @property
    def links(self) -> MultiDictProxy[MultiDictProxy[str | URL]]:
        """Link fields (RFC 8288): rel, or else the URL, → the link's parameters, and url, joined to the response's."""
        links: MultiDict[MultiDictProxy[str | URL]] = MultiDict()
        for value in self.headers.getall(hdrs.LINK, ()):
            for target, parameters in parse_links(value):
                try:
                    url = self.url.join(parse_url(target))
                except ValueError:
                    continue
                link: MultiDict[str | URL] = MultiDict(parameters)
                rel = str(link.get("rel") or target)
                link["url"] = url
                links.add(rel, MultiDictProxy(link))
        return MultiDictProxy(links)

    # -- the body

    @property
    def content(self) -> StreamReader:
        """The body as a stream."""
        content = self._content
        if content is None:
            content = self._content = self._stream_of_arrived()
        return content

    @content.setter
    def content(self, content: StreamReader) -> None:
        self._content = content

    def _stream_of_arrived(self) -> StreamReader:
        if self._released and self._body is None:
            stream = StreamReader()
            stream.set_exception(ClientConnectionError("Connection closed"))
            return stream
        arrived = self._arrived
        if not arrived:
            return EMPTY_PAYLOAD if not self._body else self._ended_stream(len(self._body))
        self._arrived = None
        assert self._request is not None
        policy = self._request.policy
        loop = asyncio.get_running_loop()
        try:
            feed, stream = feed_of(self._coding(), None, policy.read_bufsize, policy.stream_class, loop=loop)
        except ContentEncodingError as error:
            stream = StreamReader(None, policy.read_bufsize, loop=loop)
            stream.set_exception(_undecodable(error))
            return stream
        if isinstance(stream, ObservedStreamReader):
            stream.observer = self._observer()
        if isinstance(arrived, list):
            feed.begin_http_chunk_receiving()
            feed_pieces(feed, arrived)
        else:
            feed.feed_data(arrived)
        feed.feed_eof()
        return stream

    def _ended_stream(self, size: int) -> StreamReader:
        """The stream that read() has brought to its end."""
        stream = StreamReader()
        stream.feed_eof()
        stream.total_bytes = size
        stream.total_compressed_bytes = self._coded_size
        return stream

    def _coding(self) -> str:
        if self._head is None or self._request is None or not self._request.policy.decompress:
            return ""
        return self._head.coding

    async def read(self) -> bytes:
        """The whole body, decoded; kept, so that it can be read again.

        Raises ClientPayloadError for a truncated or malformed body, TimeoutError,
        ClientConnectionError after close() or release() of an unread response."""
        if self._body is None:
            if self._released:
                if self._failure is not None:
                    raise self._failure
                raise ClientConnectionError("Connection closed: the response was released before its body was read")
            arrived = self._arrived
            if type(arrived) is bytes:
                head, request = self._head, self._request
                assert head is not None and request is not None
                if not head.coding and request.traced is None:
                    self._arrived = None
                    self._body = arrived
                    return arrived
            try:
                self._body = await self._whole_body()
            except BaseException as error:
                self.close()
                if isinstance(error, (ClientError, TimeoutError)):
                    self._failure = error
                raise
            if self.status != 101:  # whose connection somebody may still want to take over
                self._lease = None
            if self._request is not None and self._request.traced is not None:
                await self._observer()(self._body)
        return self._body

    def _observer(self) -> Callable[[bytes], Awaitable[None]]:
        """What wants to know of bytes read, for a response to a traced request."""
        assert self._request is not None and self._request.traced is not None
        return partial(self._request.traced.received, self._request)

    async def _whole_body(self) -> bytes:
        if self._content is not None:
            whole = None if self._lease is None else self._lease.collect()
            if whole is None:
                if isinstance(self._content, ObservedStreamReader):
                    return await StreamReader.read(self._content)  # observed as a whole
                return await self._content.read()  # which may be a library's own
            await StreamReader.readany(self._content)  # as its one reader, though only the end comes this way
            return whole.result()
        arrived, self._arrived = self._arrived, None
        if arrived is None:
            return b""
        body = b"".join([data for data, _ in arrived]) if isinstance(arrived, list) else arrived
        coding = self._coding()
        if coding and body:
            self._coded_size = len(body)
            try:
                body = decode_whole(coding, body)
            except ContentEncodingError as error:
                raise _undecodable(error) from error
        return body

    def get_encoding(self) -> str:
        """The codec text() uses: the charset if Python knows it as a text encoding; UTF-8 for JSON;
        else what the session's fallback_charset_resolver says of the body."""
        media_type, charset = parse_content_type(self._given_type())
        codec = text_codec(charset) if charset else None
        if codec is not None:
            return codec
        if media_type in ("application/json", "application/rdap"):
            return "utf-8"  # RFC 8259 §8.1, RFC 7483 §3
        if self._body is None:
            raise RuntimeError("Cannot compute fallback encoding of a not yet read body")
        resolve = utf8 if self._request is None else self._request.session._fallback_charset_resolver
        return resolve(self, self._body)

    async def text(self, encoding: str | None = None, errors: str = "strict") -> str:
        """The body as str. Raises UnicodeDecodeError for bytes that are not in the encoding, and what read() does."""
        body = self._body if self._body is not None else await self.read()
        return body.decode(encoding or self.get_encoding(), errors)

    async def json(
        self,
        *,
        encoding: str | None = None,
        loads: JSONDecoder = json.loads,
        content_type: str | None = "application/json",
    ) -> Any:
        """The body as loads() reads it; None for an empty one.

        Raises ContentTypeError if Content-Type is not content_type or kin (None: anything goes),
        ValueError for text that is not JSON, and what read() does."""
        body = self._body if self._body is not None else await self.read()
        if content_type:
            given = self._given_type()
            if not is_json(given, content_type):
                raise ContentTypeError(
                    self.request_info,
                    self.history,
                    status=self.status,
                    message=(
                        f"Attempt to decode JSON with unexpected mimetype: {given}, expected {content_type}; "
                        "json(content_type=None) accepts any"
                    ),
                    headers=self.headers,
                )
        stripped = body.strip()
        if not stripped:
            return None
        return loads(stripped.decode(encoding or self.get_encoding()))

    # -- the request's body

    @property
    def output_size(self) -> int:
        """Bytes sent for the request so far, head and framing included."""
        request = self._request
        if request is None:
            return 0
        if request.writer is not None:
            return request.writer.output_size
        return len(request.head()) + (0 if request.content is None else len(request.content.body))

    @property
    def upload_complete(self) -> asyncio.Future[None]:
        """Done when the request body has been sent, or will not be any more."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        upload = None if self._request is None else self._request.upload
        if upload is None or upload.done():
            done.set_result(None)
        else:
            upload.add_done_callback(lambda _: None if done.done() else done.set_result(None))
        return done

    async def wait_for_close(self) -> None:
        """Wait until the request body has been sent, and let go of the response."""
        await self.upload_complete
        self.close()

    # -- the end

    @property
    def connection(self) -> Connection | None:
        """The connection that is bringing the body; None once it has been given back."""
        lease = self._lease
        return lease.connection if lease is not None and lease.active else None

    @property
    def closed(self) -> bool:
        """Whether the connection has been given back or closed."""
        return self._lease is None or not self._lease.active

    def close(self) -> None:
        """Let go of the response; a body still coming is cut off by closing its connection."""
        self._released = True
        self._arrived = None
        if self._content is None:
            return  # there never was a stream, and so no lease
        lease, self._lease = self._lease, None
        if lease is not None:
            lease.give_up()
        if self._content.exception() is None and not self._content.at_eof():
            # All of it had arrived, but nobody has read it: the same as when some had not.
            self._content.set_exception(ClientConnectionError("Connection closed"))

    def release(self) -> _Nothing:
        """The same: HTTP/1.1 has no other way to skip what is left of a body. May be awaited."""
        self.close()
        return _NOTHING

    def raise_for_status(self) -> None:
        """Raise ClientResponseError if status is 400 or more; outside of `async with` the response is released."""
        if self.status < 400:
            return
        if not self._in_context:
            self.release()
        raise ClientResponseError(
            self.request_info, self.history, status=self.status, message=self.reason or "", headers=self.headers
        )

    async def __aenter__(self) -> Self:
        self._in_context = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._in_context = False
        self.close()


# What a subclass, or a test that replaces it, may have in its place.
_OWN_HEADERS = ClientResponse.headers


class _Nothing:
    """Awaitable None."""

    __slots__ = ()

    def __await__(self) -> Any:
        return iter(())


_NOTHING = _Nothing()


def _undecodable(cause: ContentEncodingError) -> ClientPayloadError:
    error = ClientPayloadError(str(cause))
    error.__cause__ = cause
    return error
