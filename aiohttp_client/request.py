"""What will be sent: a request's head and body.

The head exists in two forms that mean the same bytes. As long as nobody looks at
ClientRequest.headers it is joined from ready pieces: method, Target.tail (path and Host), the
lines all requests of a session share with those of its own among them, the lines that describe
the body. Where fields replace others, or once it was looked at, it is a dict, and then the bytes
come from the dict: somebody may have edited it.
"""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Protocol, TypedDict

from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from . import hdrs
from ._http import BODILESS_METHODS, IDEMPOTENT_METHODS, HttpVersion, HttpVersion11
from ._net.clock import Lane
from ._net.connection import Connection, Received
from ._net.policy import ReadPolicy
from ._net.target import ConnectionKey, Target
from ._net.tls import SSLOption
from ._net.waiter import Awaited
from ._net.writer import StreamWriter
from ._wire.cookies import cookie_header, parse_cookie_header
from ._wire.redirect import CONTENT_FIELDS, CREDENTIAL_FIELDS, NextHop
from ._wire.serialize import field_lines
from .body import Content, body_of
from .head_template import HeadTemplate, add_auto_headers, merged_headers
from .multipart_writer import MultipartWriter
from .payload import BytesPayload, Payload
from .request_info import RequestInfo
from .timeouts import ClientTimeout
from .typedefs import LooseHeaders
from .upload_tracker import UploadTracker

if TYPE_CHECKING:
    from .session import ClientSession

_TYPED_METHODS = frozenset({"POST", "PUT", "PATCH"})
_OCTET_STREAM = "application/octet-stream"


class Traced(Protocol):
    """What wants to know of a request and its response; see tracing.py."""

    async def tell(self, params: Any) -> None: ...
    async def headers_sent(self, request: ClientRequest) -> None: ...
    async def chunk_sent(self, request: ClientRequest, chunk: bytes) -> None: ...
    async def received(self, request: ClientRequest, chunk: bytes) -> None: ...


class Differences(TypedDict, total=False):
    """What makes a request another one than those its session's template is for."""

    # The body: ready in memory, or a payload that has to be written.
    content: Content | None
    payload: Payload[Any] | None
    chunked: bool
    compress: str | None
    expects_continue: bool
    tracker: UploadTracker | None
    traced: Traced | None
    given_headers: LooseHeaders | None  # they go over those of the session,
    merged_headers: CIMultiDict[str] | None  # or these stand for both
    skip: frozenset[str]
    authorization: str | None
    cookies: Sequence[tuple[str, str]]  # (name, value as sent)
    dropped: frozenset[str]  # names not sent, wherever they come from


class ClientRequest:
    """One request on its way to one hop.

    Middlewares may change method and headers, and replace the body by update_body()."""

    # What most requests do without. The others set it, which is slower than for what has no default here.
    chunked = False
    compress: str | None = None
    expects_continue = False
    upload: asyncio.Task[None] | None = None  # what is writing payload, or has written it
    writer: StreamWriter | None = None  # what it writes to
    tracker: UploadTracker | None = None
    given_headers: LooseHeaders | None = None
    merged_headers: CIMultiDict[str] | None = None
    skip: frozenset[str] = frozenset()
    authorization: str | None = None
    cookies: Sequence[tuple[str, str]] = ()
    dropped: frozenset[str] = frozenset()

    def __init__(
        self,
        method: str,
        target: Target,
        template: HeadTemplate,
        session: ClientSession,
        key: ConnectionKey,
        policy: ReadPolicy,
        timeout: ClientTimeout,
        total: Lane | None,
        started: float,
        differences: Differences,
    ) -> None:
        self.method = method
        self.target = target
        self.template = template
        self.session = session
        self.key = key
        self.policy = policy
        self.timeout = timeout
        self.total = total  # the lane of timeout.total, and
        self.started = started  # the loop time it counts from
        self.content: Content | None = None
        self.payload: Payload[Any] | None = None
        self.traced: Traced | None = None
        self._lines = template.lines  # until there are
        self._headers: CIMultiDict[str] | None = None
        if differences or key.proxy is not None:
            self._differs(differences)
        elif not template.plain:
            self._headers = self._built_headers()

    def _differs(self, differences: Differences) -> None:
        for name, value in differences.items():
            setattr(self, name, value)
        if (
            self.template.plain
            and self.merged_headers is None
            and self.key.proxy is None
            and self.payload is None
            and not self.skip
            and not self.dropped
        ):
            added = self._added_fields()
            if not added and not self.given_headers:
                return
            try:
                self._lines = self.template.lines_with(self.given_headers or {}, added)
            except (TypeError, ValueError):
                pass  # until it is sent: a middleware may mend it
            else:
                if self._lines:
                    return
        self._headers = self._built_headers()

    @property
    def url(self) -> URL:
        """The URL without fragment."""
        return self.target.url.with_fragment(None)

    @property
    def original_url(self) -> URL:
        return self.target.url

    @property
    def headers(self) -> CIMultiDict[str]:
        """The fields as they will be sent; changes take effect."""
        headers = self._headers
        if headers is None:
            headers = self._headers = self._built_headers()
        return headers

    @property
    def host(self) -> str:
        return self.key.host

    @property
    def port(self) -> int | None:
        return self.key.port

    @property
    def version(self) -> HttpVersion:
        return self.template.version

    @property
    def ssl(self) -> SSLOption:
        return self.key.ssl

    @property
    def server_hostname(self) -> str | None:
        return self.key.server_hostname

    @property
    def proxy(self) -> URL | None:
        """Without userinfo."""
        return self.key.proxy

    @property
    def proxy_auth(self) -> str | None:
        """What the proxy is sent as Proxy-Authorization."""
        return self.key.proxy_auth

    @property
    def proxy_headers(self) -> CIMultiDict[str]:
        return CIMultiDict(self.key.proxy_headers)

    @property
    def connection_key(self) -> ConnectionKey:
        return self.key

    @property
    def skip_auto_headers(self) -> frozenset[str]:
        """In lower case."""
        return self.template.skip | self.skip

    @property
    def response_class(self) -> type[Any]:
        """ClientResponse, or what the session uses in its place."""
        return self.session._response_class

    def is_ssl(self) -> bool:
        return self.key.is_ssl

    @property
    def is_for_proxy(self) -> bool:
        """Whether it is a proxy that reads the request: one for https or ws only passes it through."""
        return self.key.proxy is not None and not self.key.is_tunnelled

    @property
    def body(self) -> Payload[Any] | bytes:
        """The body as a payload; b"" if there is none."""
        if self.content is not None:
            return BytesPayload(self.content.body, content_type=self.content.content_type)
        return b"" if self.payload is None else self.payload

    @body.setter
    def body(self, body: Any) -> None:
        if self.payload is not None and not self.payload.autoclose:
            warnings.warn(
                f"the {type(self.payload).__name__} replaced is not closed: await request.update_body() in place of "
                "assigning request.body",
                ResourceWarning,
                stacklevel=2,
            )
        self._replace_body(body)

    async def update_body(self, body: Any) -> None:
        """Send body, which is anything data= takes, in place of the present one, which is closed; None for none."""
        await self.close_payload()
        self._replace_body(body)

    def _replace_body(self, body: Any) -> None:
        headers = self.headers
        said = dict(self._content_fields()) if self.payload is None else self.payload.headers
        if headers.get(hdrs.CONTENT_TYPE) == said.get(hdrs.CONTENT_TYPE):
            headers.popall(hdrs.CONTENT_TYPE, None)
        headers.popall(hdrs.CONTENT_LENGTH, None)
        headers.popall(hdrs.TRANSFER_ENCODING, None)
        if self.compress is not None:
            headers.popall(hdrs.CONTENT_ENCODING, None)
        self.chunked = False
        self.content = self.payload = self.upload = None
        if body is not None:
            self.content, self.payload = body_of(
                body, None, None, self.session._settings.json_dumps, needs_payload=self.compress is not None
            )
        self._frame(headers)

    @property
    def request_info(self) -> RequestInfo:
        return RequestInfo(self.url, self.method, CIMultiDictProxy(self.headers), self.original_url)

    def head(self) -> bytes:
        """Request line and field lines (RFC 9112 §3, §5) up to and with the empty line.

        Raises TypeError or ValueError for headers that cannot be sent."""
        if self._headers is None:
            ready = self.content
            if ready is not None:
                content = b"Content-Length: %d\r\n%b" % (len(ready.body), _type_line(ready.content_type))
            else:
                content = b"" if self.method in BODILESS_METHODS else field_lines(self._content_fields())
            return b"".join((self.method.encode(), self.target.tail, self._lines, content, b"\r\n"))
        request_target = self.target.request_target
        if self.is_for_proxy:  # RFC 9112 §3.2.2
            request_target = b"http://" + self.target.origin.host_header.encode() + request_target
        start = b"%b %b HTTP/%d.%d\r\n" % (self.method.encode(), request_target, *self.template.version)
        return start + field_lines(self._headers.items()) + b"\r\n"

    def drops(self, hop: NextHop) -> frozenset[str]:
        """Names of fields that must not be sent any more from a redirect to hop on."""
        dropped = self.dropped
        if not hop.same_origin:
            dropped = dropped.union(name.lower() for name in (*CREDENTIAL_FIELDS, hdrs.HOST))
        if not hop.keeps_body:
            dropped = dropped.union(name.lower() for name in CONTENT_FIELDS)
        return dropped

    def redirected(
        self,
        hop: NextHop,
        target: Target,
        key: ConnectionKey,
        total: Lane | None,
        authorization: str | None,
        cookies: Sequence[tuple[str, str]],
    ) -> ClientRequest:
        """The request that follows a redirect to hop, which is target; total is what is left of the time."""
        return type(self)(
            hop.method,
            target,
            self.template,
            self.session,
            key,
            self.policy,
            self.timeout,
            total,
            self.started,
            {
                "content": self.content if hop.keeps_body else None,
                "payload": self.payload if hop.keeps_body else None,
                "chunked": self.chunked,
                "compress": self.compress,
                "expects_continue": self.expects_continue,
                "given_headers": self.given_headers,
                "merged_headers": self.merged_headers,
                "skip": self.skip,
                "authorization": authorization,
                "cookies": cookies,
                "dropped": self.drops(hop),
                "tracker": self.tracker,
                "traced": self.traced,
            },
        )

    def _built_headers(self) -> CIMultiDict[str]:
        if self.merged_headers is not None:
            merged = self.merged_headers.copy()
        else:
            merged = merged_headers(self.template.headers, self.given_headers)
        for name in self.dropped:
            merged.popall(name, None)
        headers: CIMultiDict[str] = CIMultiDict()
        headers[hdrs.HOST] = merged.get(hdrs.HOST, self.target.origin.host_header)
        merged.popall(hdrs.HOST, None)
        headers.extend(merged)
        add_auto_headers(headers, self.template.skip | self.skip)
        for name, value in self._added_fields(headers):
            headers.popall(name, None)
            headers[name] = value
        if self.is_for_proxy and self.key.proxy_auth is not None:
            headers[hdrs.PROXY_AUTHORIZATION] = self.key.proxy_auth
        self._frame(headers)
        if hdrs.CONTENT_TYPE.lower() in self.template.skip | self.skip and hdrs.CONTENT_TYPE not in merged:
            headers.popall(hdrs.CONTENT_TYPE, None)
        if self.template.closing and hdrs.CONNECTION not in headers:
            headers[hdrs.CONNECTION] = self.template.closing
        return headers

    def _added_fields(self, headers: CIMultiDict[str] | None = None) -> list[tuple[str, str]]:
        """Cookie and Authorization where the session or the caller have them, beside what headers say."""
        added: list[tuple[str, str]] = []
        if self.cookies:
            cookies = self.cookies
            if headers is not None and hdrs.COOKIE in headers:
                # What the jar and cookies= say goes before a Cookie header of the caller.
                given = [pair for line in headers.getall(hdrs.COOKIE) for pair in parse_cookie_header(line)]
                cookies = tuple(dict([*given, *cookies]).items())
            added.append((hdrs.COOKIE, cookie_header(cookies)))
        if self.authorization is not None:
            if headers is not None and hdrs.AUTHORIZATION in headers:
                raise ValueError(
                    "credentials are given twice: by auth= or the URL, and as an Authorization header; leave one out"
                )
            added.append((hdrs.AUTHORIZATION, self.authorization))
        return added

    def _content_fields(self) -> tuple[tuple[str, str], ...]:
        """What is said of a body that is ready, or of none."""
        content = self.content
        if content is not None:
            return ((hdrs.CONTENT_LENGTH, str(len(content.body))), (hdrs.CONTENT_TYPE, content.content_type))
        if self.method in BODILESS_METHODS:
            return ()
        if self.method in _TYPED_METHODS:
            return ((hdrs.CONTENT_LENGTH, "0"), (hdrs.CONTENT_TYPE, _OCTET_STREAM))
        return ((hdrs.CONTENT_LENGTH, "0"),)

    def _frame(self, headers: CIMultiDict[str]) -> None:
        """Say how long the body is. A head that says something else than is sent is how requests are smuggled."""
        length = _one_length(headers)
        transfer = headers.get(hdrs.TRANSFER_ENCODING)
        if self.content is not None and (transfer is not None or hdrs.EXPECT in headers):
            # More than one write is needed for that.
            self.payload = BytesPayload(self.content.body, content_type=self.content.content_type)
            self.content = None
        payload = self.payload
        if payload is None:
            if transfer is not None:
                raise ValueError(f"Transfer-Encoding: {transfer} without a body to be coded: leave the header out")
            ready = 0 if self.content is None else len(self.content.body)
            if length is not None and length != ready:
                raise ValueError(f"Content-Length: {length} is not the size of the body, {ready} bytes")
            for name, value in self._content_fields():
                headers.setdefault(name, value)
            return
        if transfer is not None and transfer.lower() != "chunked":
            raise ValueError(f"Transfer-Encoding: {transfer} cannot be produced, only chunked")
        if self.chunked and (length is not None or transfer is not None):
            raise ValueError("chunked=True says how the body is framed: leave Content-Length and Transfer-Encoding out")
        if self.compress is not None:
            if hdrs.CONTENT_ENCODING in headers:
                raise ValueError("compress= sets Content-Encoding: give one of them")
            headers[hdrs.CONTENT_ENCODING] = self.compress
        if isinstance(payload, MultipartWriter) and hdrs.CONTENT_TYPE in headers:
            headers[hdrs.CONTENT_TYPE] = payload.agree(headers[hdrs.CONTENT_TYPE])
        size = payload.size
        if length is not None and size is not None and length != size and self.compress is None:
            raise ValueError(f"Content-Length: {length} is not the size of the body, {size} bytes")
        self.chunked = (
            self.chunked or transfer is not None or self.compress is not None or (size is None and length is None)
        )
        if self.chunked:
            if self.template.version < HttpVersion11:
                raise ValueError("a body of unknown length needs chunks, which HTTP/1.0 does not have: give its bytes")
            headers.popall(hdrs.CONTENT_LENGTH, None)
        elif length is None:
            headers[hdrs.CONTENT_LENGTH] = str(size)
        for name, value in payload.headers.items():
            headers.setdefault(name, value)
        if self.chunked:
            headers.setdefault(hdrs.TRANSFER_ENCODING, "chunked")
        if self.expects_continue:
            headers.setdefault(hdrs.EXPECT, "100-continue")
        self.expects_continue = headers.get(hdrs.EXPECT, "").lower() == "100-continue"

    def start(self, connection: Connection, head: bytes, deadline: Lane | None) -> Awaited[Received]:
        """Send the request, or start to; the future is that of Connection.send()."""
        payload = self.payload
        if payload is None:
            content = self.content
            return connection.send(self.method, head, content and content.body, self.policy, deadline)
        waiter = connection.expect(self.method, self.policy, deadline)
        self.upload = connection.upload(self._write_body(payload, connection, head))
        return waiter

    async def _write_body(self, payload: Payload[Any], connection: Connection, head: bytes) -> None:
        length = None if self.chunked else int(self.headers[hdrs.CONTENT_LENGTH])
        on_chunk = None if self.traced is None else partial(self.traced.chunk_sent, self)
        writer = self.writer = StreamWriter(connection, head, length, on_chunk)
        if self.tracker is not None:
            self.tracker.begins(writer)
        try:
            complete = await self._write(payload, connection, writer, length)
        except BaseException as error:
            if self.tracker is not None:
                self.tracker.breaks(error)
            raise
        if self.tracker is not None and complete:
            self.tracker.completes()

    async def _write(
        self, payload: Payload[Any], connection: Connection, writer: StreamWriter, length: int | None
    ) -> bool:
        """Whether all of it was wanted: False if the final response came in place of 100 Continue."""
        if self.chunked:
            writer.enable_chunking()
        if self.compress is not None:
            writer.enable_compression(self.compress)
        if self.expects_continue:
            writer.send_headers()
            if not await connection.continues():
                return False
        else:
            asyncio.get_running_loop().call_soon(writer.send_headers_if_open)
        await payload.write_with_length(writer, length)
        await writer.write_eof()
        return True

    @property
    def is_uploading(self) -> bool:
        return self.upload is not None and not self.upload.done()

    async def can_be_repeated(self) -> bool:
        """Whether sending the request again does no harm, and is possible; waits for what still writes it."""
        if self.upload is not None:
            await asyncio.wait([self.upload])
        return self.method in IDEMPOTENT_METHODS and (self.payload is None or not self.payload.consumed)

    async def close_payload(self) -> None:
        """The request is over: let the payload go, once nothing writes it any more."""
        payload, upload = self.payload, self.upload
        if payload is None or payload.autoclose:
            return
        if upload is not None and not upload.done():
            upload.add_done_callback(lambda _: asyncio.get_running_loop().create_task(payload.close()))
        else:
            await payload.close()


@lru_cache(maxsize=64)
def _type_line(content_type: str) -> bytes:
    return field_lines(((hdrs.CONTENT_TYPE, content_type),))


def _one_length(headers: CIMultiDict[str]) -> int | None:
    """Content-Length as the caller gave it."""
    given = headers.getall(hdrs.CONTENT_LENGTH, [])
    if not given:
        return None
    if len(given) > 1 or not (given[0].isascii() and given[0].isdigit()):
        raise ValueError(f"Content-Length: {', '.join(given)} is not the size of a body, expected one number of digits")
    return int(given[0])
