"""What will be sent: a request's head and body, and RequestInfo, what responses tell of it.

The head exists in two forms that mean the same bytes. As long as nobody looks at
ClientRequest.headers it is joined from ready pieces: method, Target.tail (path and Host), the
lines all requests of a session share, the lines that describe the body. Given headers of its own,
or once looked at, it is a dict, and then the bytes come from the dict: somebody may have edited it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from multidict import CIMultiDict, CIMultiDictProxy, MultiDict, MultiDictProxy, getversion
from yarl import URL

from . import hdrs
from ._http import BODILESS_METHODS, SERVER_SOFTWARE, HttpVersion, HttpVersion10, HttpVersion11
from ._net.clock import Lane
from ._net.connection import ReadPolicy
from ._net.target import ConnectionKey, Target
from ._wire.coding import ACCEPT_ENCODING
from ._wire.redirect import CONTENT_FIELDS, CREDENTIAL_FIELDS, NextHop
from ._wire.serialize import field_lines
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


class Content(NamedTuple):
    """A request body in memory and its Content-Type."""

    body: bytes
    content_type: str


def _revision(headers: CIMultiDict[str]) -> int:
    return getversion(headers)  # type: ignore[arg-type]  # its stub wants MultiDict[object], which is invariant


class HeadTemplate:
    """The part of a request head that is the same for all requests of a session."""

    __slots__ = ("closing", "headers", "lines", "plain", "revision", "skip", "version")

    def __init__(
        self, headers: CIMultiDict[str], skip: frozenset[str], version: HttpVersion, *, force_close: bool
    ) -> None:
        self.headers = headers
        self.revision = _revision(headers)
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
        return _revision(self.headers) != self.revision


def add_auto_headers(headers: CIMultiDict[str], skip: frozenset[str]) -> None:
    """Add Accept, Accept-Encoding and User-Agent unless given or in skip (lower-case names)."""
    for name, value in _AUTO_HEADERS:
        if name not in headers and name.lower() not in skip:
            headers[name] = value


class ClientRequest:
    """One request on its way to one hop."""

    __slots__ = (
        "_headers",
        "authorization",
        "content",
        "dropped",
        "given_headers",
        "key",
        "method",
        "policy",
        "session",
        "skip",
        "started",
        "target",
        "template",
        "timeout",
        "total",
    )

    def __init__(
        self,
        method: str,
        target: Target,
        template: HeadTemplate,
        *,
        session: ClientSession,
        key: ConnectionKey,
        policy: ReadPolicy,
        timeout: ClientTimeout,
        total: Lane | None,
        started: float,
        content: Content | None = None,
        headers: LooseHeaders | None = None,
        skip: frozenset[str] = frozenset(),
        authorization: str | None = None,
        dropped: frozenset[str] = frozenset(),
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
        self.content = content
        # Everything that makes this head another one than the template's:
        self.given_headers = headers
        self.skip = skip
        self.authorization = authorization
        self.dropped = dropped  # names not sent, wherever they come from
        self._headers: CIMultiDict[str] | None = None
        if headers or skip or dropped or authorization is not None or not template.plain:
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

    def redirected(self, hop: NextHop, target: Target, key: ConnectionKey, total: Lane | None) -> ClientRequest:
        """The request that follows a redirect to hop, which is target; total is what is left of the time."""
        dropped = self.dropped
        authorization = target.authorization
        if not hop.same_origin:
            dropped = dropped.union(name.lower() for name in (*CREDENTIAL_FIELDS, hdrs.HOST))
        elif authorization is None:
            authorization = self.authorization
        if not hop.keeps_body:
            dropped = dropped.union(name.lower() for name in CONTENT_FIELDS)
        return type(self)(
            hop.method,
            target,
            self.template,
            session=self.session,
            key=key,
            policy=self.policy,
            timeout=self.timeout,
            total=total,
            started=self.started,
            content=self.content if hop.keeps_body else None,
            headers=self.given_headers,
            skip=self.skip,
            authorization=authorization,
            dropped=dropped,
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
        if self.authorization is not None:
            if hdrs.AUTHORIZATION in headers:
                raise ValueError("credentials are given twice: in the URL and as an Authorization header")
            headers[hdrs.AUTHORIZATION] = self.authorization
        self._check_framing(headers)
        for name, value in self._content_fields():
            if name not in headers and (
                name != hdrs.CONTENT_TYPE or "content-type" not in self.template.skip | self.skip
            ):
                headers[name] = value
        if self.template.closing and hdrs.CONNECTION not in headers:
            headers[hdrs.CONNECTION] = self.template.closing
        return headers

    def _content_fields(self) -> tuple[tuple[str, str], ...]:
        content = self.content
        if content is not None:
            return ((hdrs.CONTENT_LENGTH, str(len(content.body))), (hdrs.CONTENT_TYPE, content.content_type))
        if self.method in BODILESS_METHODS:
            return ()
        if self.method in _TYPED_METHODS:
            return ((hdrs.CONTENT_LENGTH, "0"), (hdrs.CONTENT_TYPE, _OCTET_STREAM))
        return ((hdrs.CONTENT_LENGTH, "0"),)

    def _check_framing(self, headers: CIMultiDict[str]) -> None:
        """A body must be as long as the head says, or the next request is read as its rest."""
        if hdrs.TRANSFER_ENCODING in headers:
            raise ValueError(
                f"Transfer-Encoding: {headers[hdrs.TRANSFER_ENCODING]} with a body whose length is known: "
                "leave the header out"
            )
        given = headers.getall(hdrs.CONTENT_LENGTH, [])
        size = 0 if self.content is None else len(self.content.body)
        if given and given != [str(size)]:
            raise ValueError(f"Content-Length: {', '.join(given)} is not the size of the body, {size} bytes")


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


@lru_cache(maxsize=64)
def text_content_type(charset: str) -> str:
    return f"text/plain; charset={charset}"
