"""What will be sent: a request's head and body, and RequestInfo, what responses tell of it.

The head exists in two forms that mean the same bytes. As long as nobody looks at
ClientRequest.headers it is joined from ready pieces: method, Target.tail (path and Host), the
lines all requests of a session share, the lines that describe the body. Given headers of its own,
or once looked at, it is a dict, and then the bytes come from the dict: somebody may have edited it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from multidict import CIMultiDict, CIMultiDictProxy, MultiDict, MultiDictProxy, getversion
from yarl import URL

from . import hdrs
from ._http import BODILESS_METHODS, IDEMPOTENT_METHODS, SERVER_SOFTWARE, HttpVersion, HttpVersion10, HttpVersion11
from ._net.clock import Lane
from ._net.connection import Connection, ReadPolicy, Received
from ._net.target import ConnectionKey, Target
from ._net.writer import StreamWriter
from ._wire.coding import ACCEPT_ENCODING
from ._wire.cookies import cookie_header, parse_cookie_header
from ._wire.redirect import CONTENT_FIELDS, CREDENTIAL_FIELDS, NextHop
from ._wire.serialize import field_lines
from .body import Content
from .payload import BytesPayload, Payload
from .timeouts import ClientTimeout
from .typedefs import LooseHeaders

if TYPE_CHECKING:
    from .session import ClientSession

_AUTO_HEADERS = (
    (hdrs.ACCEPT, "*/*"),
    (hdrs.ACCEPT_ENCODING, ACCEPT_ENCODING),
    (hdrs.USER_AGENT, SERVER_SOFTWARE),
)
# Of the fields a session may set, those that change what else is sent: with one of them the head
# is always built as a dict.
_GOVERNING = (
    hdrs.HOST,
    hdrs.AUTHORIZATION,
    hdrs.CONNECTION,
    hdrs.CONTENT_LENGTH,
    hdrs.CONTENT_TYPE,
    hdrs.EXPECT,
    hdrs.TRANSFER_ENCODING,
)
_TYPED_METHODS = frozenset({"POST", "PUT", "PATCH"})
_OCTET_STREAM = "application/octet-stream"


class RequestInfo(NamedTuple):
    """The request a response answers; url is without fragment."""

    url: URL
    method: str
    headers: CIMultiDictProxy[str]
    real_url: URL


class HeadTemplate:
    """The part of a request head that is the same for all requests of a session."""

    __slots__ = ("closing", "headers", "lines", "plain", "revision", "skip", "version")

    def __init__(
        self, headers: CIMultiDict[str], skip: frozenset[str], version: HttpVersion, *, force_close: bool
    ) -> None:
        self.headers = headers
        self.revision = getversion(headers)  # type: ignore[arg-type]  # MultiDict is invariant
        self.skip = skip
        self.version = version
        # Said last, and only where it differs from what the version means anyway (RFC 9112 §9.3).
        self.closing = {HttpVersion10: "keep-alive", HttpVersion11: "close" if force_close else ""}.get(version, "")
        self.plain = (
            version == HttpVersion11
            and not self.closing
            and "content-type" not in skip
            and not any(name in headers for name in _GOVERNING)
        )
        fields = CIMultiDict(headers)
        add_auto_headers(fields, skip)
        self.lines = field_lines(fields.items()) if self.plain else b""

    @property
    def stale(self) -> bool:
        """Whether the session's headers have changed since."""
        return getversion(self.headers) != self.revision  # type: ignore[arg-type]  # its stub wants MultiDict[object]


def add_auto_headers(headers: CIMultiDict[str], skip: frozenset[str]) -> None:
    """Add Accept, Accept-Encoding and User-Agent unless given or in skip (lower-case names)."""
    for name, value in _AUTO_HEADERS:
        if name not in headers and name.lower() not in skip:
            headers[name] = value


class ClientRequest:
    """One request on its way to one hop."""

    # What most requests do without; set by _differs() for those that do not.
    # The body: ready in memory, or a payload that has to be written.
    content: Content | None = None
    payload: Payload[Any] | None = None
    chunked = False
    compress: str | None = None
    expects_continue = False
    upload: asyncio.Task[None] | None = None  # what is writing payload, or has written it
    # Everything that makes this head another one than the template's:
    given_headers: LooseHeaders | None = None
    skip: frozenset[str] = frozenset()
    authorization: str | None = None
    cookies: Sequence[tuple[str, str]] = ()  # (name, value as sent)
    dropped: frozenset[str] = frozenset()  # names not sent, wherever they come from
    _headers: CIMultiDict[str] | None = None

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
        **differences: Any,
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
        if differences:
            self._differs(**differences)
        elif not template.plain:
            self._headers = self._built_headers()

    def _differs(
        self,
        *,
        content: Content | None = None,
        payload: Payload[Any] | None = None,
        chunked: bool = False,
        compress: str | None = None,
        expect100: bool = False,
        headers: LooseHeaders | None = None,
        skip: frozenset[str] = frozenset(),
        authorization: str | None = None,
        cookies: Sequence[tuple[str, str]] = (),
        dropped: frozenset[str] = frozenset(),
    ) -> None:
        self.content = content
        self.payload = payload
        self.chunked = chunked
        self.compress = compress
        self.expects_continue = expect100
        self.given_headers = headers
        self.skip = skip
        self.authorization = authorization
        self.cookies = cookies
        self.dropped = dropped
        if (
            headers
            or cookies
            or skip
            or dropped
            or payload is not None
            or authorization is not None
            or not self.template.plain
        ):
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
    def request_info(self) -> RequestInfo:
        return RequestInfo(self.url, self.method, CIMultiDictProxy(self.headers), self.original_url)

    def head(self) -> bytes:
        """Request line and field lines (RFC 9112 §3, §5) up to and with the empty line.

        Raises TypeError or ValueError for headers that cannot be sent."""
        if self._headers is None:
            lines = self.target.tail + self.template.lines
            if self.content is None and self.method in BODILESS_METHODS:
                return self.method.encode() + lines + b"\r\n"
            return self.method.encode() + lines + field_lines(self._content_fields()) + b"\r\n"
        version = self.template.version
        start = b"%b %b HTTP/%d.%d\r\n" % (self.method.encode(), self.target.request_target, *version)
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
        cookies: Sequence[tuple[str, str]],
    ) -> ClientRequest:
        """The request that follows a redirect to hop, which is target; total is what is left of the time."""
        authorization = target.authorization
        if hop.same_origin and authorization is None:
            authorization = self.authorization
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
            content=self.content if hop.keeps_body else None,
            payload=self.payload if hop.keeps_body else None,
            chunked=self.chunked,
            compress=self.compress,
            expect100=self.expects_continue,
            headers=self.given_headers,
            skip=self.skip,
            authorization=authorization,
            cookies=cookies,
            dropped=self.drops(hop),
        )

    def _built_headers(self) -> CIMultiDict[str]:
        merged = CIMultiDict(self.template.headers)
        if self.given_headers:
            _override(merged, self.given_headers)
        for name in self.dropped:
            merged.popall(name, None)
        headers: CIMultiDict[str] = CIMultiDict()
        headers[hdrs.HOST] = merged.get(hdrs.HOST, self.target.origin.host_header)
        merged.popall(hdrs.HOST, None)
        headers.extend(merged)
        add_auto_headers(headers, self.template.skip | self.skip)
        if self.cookies:
            # What the jar and cookies= say goes before a Cookie header of the caller.
            given = dict(pair for line in headers.popall(hdrs.COOKIE, []) for pair in parse_cookie_header(line))
            headers[hdrs.COOKIE] = cookie_header({**given, **dict(self.cookies)}.items())
        if self.authorization is not None:
            if hdrs.AUTHORIZATION in headers:
                raise ValueError("credentials are given twice: in the URL and as an Authorization header")
            headers[hdrs.AUTHORIZATION] = self.authorization
        self._frame(headers)
        if hdrs.CONTENT_TYPE.lower() in self.template.skip | self.skip and hdrs.CONTENT_TYPE not in merged:
            headers.popall(hdrs.CONTENT_TYPE, None)
        if self.template.closing and hdrs.CONNECTION not in headers:
            headers[hdrs.CONNECTION] = self.template.closing
        return headers

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
            headers.setdefault(hdrs.TRANSFER_ENCODING, "chunked")
        elif length is None:
            headers[hdrs.CONTENT_LENGTH] = str(size)
        for name, value in payload.headers.items():
            headers.setdefault(name, value)
        if self.expects_continue:
            headers.setdefault(hdrs.EXPECT, "100-continue")
        self.expects_continue = headers.get(hdrs.EXPECT, "").lower() == "100-continue"

    def start(self, connection: Connection, head: bytes, deadline: Lane | None) -> asyncio.Future[Received]:
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
        writer = StreamWriter(connection, head, length)
        if self.chunked:
            writer.enable_chunking()
        if self.compress is not None:
            writer.enable_compression(self.compress)
        if self.expects_continue:
            writer.send_headers()
            if not await connection.continues():
                return
        else:
            asyncio.get_running_loop().call_soon(writer.send_headers_if_open)
        await payload.write_with_length(writer, length)
        await writer.write_eof()

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


def _one_length(headers: CIMultiDict[str]) -> int | None:
    """Content-Length as the caller gave it."""
    given = headers.getall(hdrs.CONTENT_LENGTH, [])
    if not given:
        return None
    if len(given) > 1 or not (given[0].isascii() and given[0].isdigit()):
        raise ValueError(f"Content-Length: {', '.join(given)} is not the size of a body, expected one number of digits")
    return int(given[0])


def _override(headers: CIMultiDict[str], given: LooseHeaders) -> None:
    """Put given over headers: a name replaces all fields of that name; repeated names are all kept."""
    if not isinstance(given, (MultiDict, MultiDictProxy)):
        given = CIMultiDict(given)
    seen: set[str] = set()
    for name, value in given.items():
        folded = name.lower()
        if folded in seen:
            headers.add(name, value)
        else:
            seen.add(folded)
            headers[name] = value


def header_names(names: Iterable[str] | None) -> frozenset[str]:
    """Names in lower case, as skip= wants them."""
    return frozenset(name.lower() for name in names) if names else frozenset()
