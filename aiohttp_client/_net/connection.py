# cython: language_level=3, annotation_typing=False, auto_pickle=False, freethreading_compatible=True
"""One HTTP/1.1 connection, one exchange at a time.

    reading   on                            next
    IDLE      send                          HEAD
    IDLE      data, eof                     closed: nothing was asked for (RFC 9112 §9.2)
    HEAD      1xx                           HEAD
    HEAD      final head, body complete     IDLE
    HEAD      final head, body incomplete   BODY
    HEAD      101                           UPGRADED, reading paused, until hand_over()
    BODY      end of the body               IDLE
    any       upload fails                  closed
    any       bad bytes, eof, error, deadline, abandon, close → closed; waiter or stream get the error

On the way to IDLE the connection gives itself back to its pool, inside data_received and before
the caller runs again, so a body must by then belong to the response alone. It is reusable only if
the head says so, the body's end was certain, nothing came after it, and all of the request is out.
A caller that gives up closes the connection: HTTP/1.1 has no way to skip a response.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeAlias

from .._backend import head
from .._http import MAX_INTERIM_RESPONSES
from .._wire.framing import CHUNKED, UNTIL_CLOSE, body_length
from ..decoding import Feed, feed_of
from ..exceptions import (
    BadHttpMessage,
    ClientConnectionError,
    ClientConnectionResetError,
    ContentEncodingError,
    ServerDisconnectedError,
    SocketTimeoutError,
)
from ..streams import StreamReader
from .clock import Lane
from .collecting import Collecting, WholeBody
from .faults import os_error, payload_error, upload_error
from .incoming import ChunkDecoder, IncomingBody, feed_pieces
from .liveness import has_news, unread
from .policy import ReadPolicy
from .pool import Pool
from .target import ConnectionKey
from .waiter import Awaited, Waiter, resumes, settle

parse_head = head.parse_head
ResponseHead: TypeAlias = head.ResponseHead

# A body that came along with its head: its bytes as received; or, if it was chunked, its pieces,
# each with whether a chunk ends behind it. Anything else is a stream.
Body: TypeAlias = bytes | list[tuple[bytes, bool]] | StreamReader
Received: TypeAlias = tuple[ResponseHead, Body]

IDLE, HEAD, BODY, UPGRADED = range(4)

# Up to so many connections in use, who awaits a response goes on where it arrives. With more, many responses arrive in
# a turn of the loop, and the tasks they wake run together: that is one handle for all, and the peer has time to answer.
_FEW = 4
# What of a request body is up to this size goes out in one write with its head.
JOINED_WRITE = 64 * 1024


class Connection:
    """A transport's protocol (see protocol); made with a slot of pool already taken for it."""

    __slots__ = (
        "_all_sent",
        "_continue",
        "_deadline",
        "_drained",
        "_incoming",
        "_interim",
        "_keeps",
        "_leased",
        "_loop",
        "_method",
        "_partial",
        "_paused",
        "_policy",
        "_pool",
        "_reading",
        "_resumes",
        "_sent_body",
        "_tls",
        "_upload",
        "_waiter",
        "closed",
        "force_close",
        "key",
        "lost",
        "silent",
        "transport",
        "used",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, pool: Pool, key: ConnectionKey, *, force_close: bool) -> None:
        self._loop = loop
        self._resumes = resumes(loop)
        self._pool = pool
        self.key = key
        self.force_close = force_close
        self.transport: asyncio.Transport | None = None
        self.closed = False
        # Set when the transport is gone, some loop turns after closed.
        self.lost: asyncio.Future[None] = loop.create_future()
        # Whether an exchange has been completed before the current one,
        self.used = False
        # and whether the current one has got no byte of a response yet: together they tell a
        # connection that went stale in the pool.
        self.silent = True
        self._reading = IDLE
        self._leased = False  # the slot is ours to give back
        self._waiter: Awaited[Received] | None = None  # names the exchange, from send to its end
        self._method = ""
        self._policy = _DEFAULT_POLICY
        self._deadline: Lane | None = None
        self._sent_body = False
        self._upload: asyncio.Task[None] | None = None  # what writes the request body, until all is written
        self._all_sent = False
        self._continue: asyncio.Future[bool] | None = None  # set by a 100, or by what came instead
        self._drained: asyncio.Future[None] | None = None  # pending while the transport wants no more
        self._partial: bytearray | None = None
        self._interim = 0
        self._incoming: IncomingBody | None = None
        self._keeps = False
        self._paused = False
        self._tls = False

    def __repr__(self) -> str:
        state = "closed" if self.closed else ("idle", "awaiting a head", "reading a body", "upgraded")[self._reading]
        return f"<Connection {self.key.host}:{self.key.port} {state}>"

    @property
    def protocol(self) -> asyncio.Protocol:
        """Itself, for who calls it by that name: compiled, it cannot inherit from a class of Python's."""
        return self  # type: ignore[return-value]  # it has all of the methods

    # -- for the session

    def send(
        self, method: str, head: bytes, body: bytes | None, policy: ReadPolicy, deadline: Lane | None
    ) -> Awaited[Received]:
        """Write a request; the future gives the response's head and its body.

        Its exception is a ClientError, TimeoutError for deadline, or HttpProcessingError for bytes
        that are not HTTP. Whoever stops waiting for it, or for the end of a streamed body, must
        call abandon() with it."""
        waiter = self.expect(method, policy, deadline)
        transport = self.transport
        assert transport is not None
        if body is None:
            self._sent_body = False
            transport.write(head)
        elif len(body) <= JOINED_WRITE:
            transport.write(head + body)
        else:
            transport.write(head)
            transport.write(body)
        if policy.sock_read is not None:
            policy.sock_read.arm(self)
        return waiter

    def expect(self, method: str, policy: ReadPolicy, deadline: Lane | None) -> Awaited[Received]:
        """send() without the sending: the request is written by what upload() is given."""
        assert self._reading == IDLE and self.transport is not None, self
        self._reading = HEAD
        self._leased = True
        self.silent = True
        self._sent_body = True
        self._all_sent = False
        self._method = method
        self._policy = policy
        self._deadline = deadline
        if deadline is not None:
            deadline.arm(self)
        waiter: Awaited[Received] = self.new_waiter()
        self._waiter = waiter
        return waiter

    def new_waiter(self) -> Awaited[Any]:
        """For a task to await what the peer sends."""
        return Waiter(self._pool.woken) if self._resumes else self._loop.create_future()

    def wake(self, waiter: Awaited[Any] | None) -> None:
        """Have the task go on that got a result by waiter: perhaps at once, so it must be the caller's last deed."""
        if isinstance(waiter, Waiter):
            ours = waiter  # which the .pxd gives its type
            if self._pool.in_use <= _FEW:
                ours.wake()
            else:
                ours.wake_soon()

    def hold(self) -> None:
        """Have close() give back the slot, though nothing is sent yet: between take_idle() and send() one waits."""
        if self.closed:
            self._pool.free_slot(self.key)
        else:
            self._leased = True

    def drop_if_stale(self) -> bool:
        """Close an idle connection just taken, if the peer has closed it, though the loop does not know yet."""
        if self.transport is None or not has_news(self.transport):
            return False
        self.hold()
        self.close()
        return True

    def upload(self, body: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Write the request by running body beside the reading; its error becomes that of the exchange.

        It is cancelled when the exchange ends before it does, and the connection closed."""
        task = self._upload = self._loop.create_task(body)
        task.add_done_callback(self._uploaded)
        return task

    async def continues(self) -> bool:
        """Wait for 100 Continue (RFC 9110 §10.1.1); False if the final response comes in its place."""
        self._continue = self._loop.create_future()
        if self._policy.sock_read is not None:
            self._policy.sock_read.arm(self)  # it is the peer's turn
        return await self._continue

    def all_sent(self) -> None:
        """The request body is complete, though what writes it may not know yet."""
        self._all_sent = True

    async def drain(self) -> None:
        """Wait until the transport takes more."""
        if self._drained is not None:
            await self._drained

    def is_busy_with(self, waiter: Awaited[Received]) -> bool:
        """Whether the exchange that send() returned waiter for has not ended."""
        return self._waiter is waiter

    def abandon(self, waiter: Awaited[Received]) -> None:
        """Give up the exchange, if it has not ended; a reader of its stream gets ClientConnectionError."""
        if self._waiter is waiter:
            self._fail(ClientConnectionError("Connection closed"))

    def close(self) -> None:
        """Close for good, whatever is going on; give the slot back."""
        if self.closed:
            return
        self.closed = True
        if self._waiter is not None:
            self._fail(ClientConnectionError("Connector is closed"))
        self._reading = IDLE  # what still comes is ignored
        self._disarm()
        upload, self._upload = self._upload, None
        if upload is not None:
            upload.cancel()
        transport = self.transport
        if transport is not None:
            # Unsent bytes will not be missed, and a close_notify is not worth waiting for: the peer
            # of a finished exchange knows its end, that of an unfinished one must see an abort.
            if transport.get_write_buffer_size() or self._tls:
                transport.abort()
            else:
                transport.close()
        self._give_back()

    def let_go(self) -> None:
        """What hand_over() gave the transport to is closing it: the slot is free."""
        if not self.closed:
            self.closed = True
            self._give_back()

    def _give_back(self) -> None:
        if self._leased:
            self._leased = False
            self._pool.free_slot(self.key)
        else:
            self._pool.discard(self)

    def collect(self, waiter: Awaited[Received]) -> WholeBody | None:
        """Receive the rest of the body straight into its place; it is complete when the stream ends.

        None, and nothing has changed, if the body is small, huge, coded or of unknown length."""
        incoming, transport = self._incoming, self.transport
        if self._waiter is not waiter or incoming is None or transport is None:
            return None
        body = incoming.collect()
        if body is not None:
            transport.set_protocol(Collecting(self, body))
        return body

    def collected(self, body: WholeBody) -> None:
        """More of body has been filled."""
        assert self._incoming is not None and self.transport is not None
        self._incoming.collected(body)
        if self._incoming.ended:
            self.transport.set_protocol(self.protocol)
        self._body_goes_on()

    # -- for the stream

    def pause_reading(self) -> None:
        """Stop taking bytes from the peer; its silence is then our doing and not timed."""
        if self.transport is not None and not self._paused and not self.closed:
            self._paused = True
            self.transport.pause_reading()
            if self._policy.sock_read is not None:
                self._policy.sock_read.disarm(self)

    def resume_reading(self) -> None:
        if self.transport is not None and self._paused and not self.closed:
            self._paused = False
            self.transport.resume_reading()
            if self._policy.sock_read is not None and self._reading != IDLE:
                self._policy.sock_read.arm(self)

    # -- for the clock

    def expired(self, lane: Lane) -> None:
        error: Exception
        if lane is self._policy.sock_read:
            error = SocketTimeoutError(
                f"Timeout on reading data from socket: {self.key.host}:{self.key.port} was silent for {lane.seconds} s"
            )
        else:
            stage = "waiting for the response" if self._reading == HEAD else "reading the response body"
            error = TimeoutError(
                f"total timeout of {lane.seconds} s exceeded {stage} from {self.key.host}:{self.key.port}"
            )
        self._fail(error)

    # -- for the loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # a stream transport: it was dialled with a stream socket
        self._tls = transport.get_extra_info("sslcontext") is not None
        if self.closed:  # start_tls() lets a protocol hear of data and the end before it has its transport
            transport.abort()  # type: ignore[attr-defined]  # as above

    def data_received(self, data: bytes) -> None:
        if self._reading == HEAD:
            waiter = self._waiter
            self._head_received(data)
            self.wake(waiter)
        elif self._reading == BODY:
            self._body_received(data)
        elif self._reading == UPGRADED and self._partial is not None:
            self._partial += data  # some loops deliver what they had read before they were paused
        else:
            self.close()

    def eof_received(self) -> bool:
        self._ended(None)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        waiter = self._waiter
        if exc is not None and waiter is not None and self.transport is not None:
            for data in unread(self.transport):
                if self._reading == HEAD:
                    self._head_received(data)
                else:
                    self.data_received(data)
                if self._waiter is None:
                    break
        self._ended(exc)
        self.transport = None
        if not self.lost.done():
            self.lost.set_result(None)
        self.wake(waiter)

    def pause_writing(self) -> None:
        self._drained = self._loop.create_future()

    def resume_writing(self) -> None:
        drained, self._drained = self._drained, None
        if drained is not None and not drained.done():
            drained.set_result(None)

    # -- the response

    def _head_received(self, data: bytes) -> None:
        policy = self._policy
        self.silent = False
        received: bytes | bytearray = data
        searched = 0
        if self._partial is not None:
            searched = len(self._partial)
            self._partial += data
            received = self._partial
        while True:
            try:
                head = parse_head(received, policy.limits, searched)
            except BadHttpMessage as error:
                self._fail(error)
                return
            if head is None:
                if received is not self._partial:
                    self._partial = bytearray(received)
                if policy.sock_read is not None and self._upload is None:
                    policy.sock_read.arm(self)
                return
            if head.status >= 200 or head.status == 101:
                break
            if head.status == 100 and self._continue is not None and not self._continue.done():
                self._continue.set_result(True)
                if policy.sock_read is not None:
                    policy.sock_read.disarm(self)  # it is ours
            self._interim += 1
            if self._interim > MAX_INTERIM_RESPONSES:
                self._fail(BadHttpMessage(f"more than {MAX_INTERIM_RESPONSES} interim responses before a final one"))
                return
            received = bytes(received[head.end :])
            searched = 0
            self._partial = None

        # As bytes, which it mostly is: slices of what may be anything take several times as long, compiled.
        whole = received if type(received) is bytes else bytes(received)
        self._partial = None
        self._interim = 0
        if head.status == 101:
            self._upgraded(head, whole[head.end :])
            return
        length = body_length(head, self._method)
        self._keeps = head.keep_alive
        if self._continue is not None:
            if not self._continue.done():
                self._continue.set_result(False)
                self._keeps = False  # the server waits for a body that does not come
            self._continue = None
        if self._method == "CONNECT" and head.status < 300:
            self._keeps = False  # what goes on from here is a tunnel (RFC 9110 §9.3.6)
        if length == UNTIL_CLOSE:
            # Even if we are not going to read it, where it ends is not known.
            self._keeps = False
            if not policy.until_close:
                length = 0
        surplus = len(whole) - head.end - length
        if length >= 0 and surplus >= 0:
            self._answer(head, whole[head.end : head.end + length], surplus > 0)
        else:
            self._body_begins(head, whole[head.end :], length)

    def _upgraded(self, head: ResponseHead, behind: bytes) -> None:
        """What comes behind a 101 is not HTTP: keep it, and take no more, for who takes over."""
        waiter = self._waiter
        assert waiter is not None and self.transport is not None
        self._reading = UPGRADED
        self._partial = bytearray(behind)
        self._disarm()
        self.transport.pause_reading()
        empty = StreamReader(loop=self._loop)
        empty.feed_eof()
        settle(waiter, (head, empty))

    def hand_over(self, exchange: Awaited[Received], protocol: asyncio.Protocol) -> tuple[asyncio.Transport, bytes]:
        """After a 101: make protocol the transport's; gives what came behind the head, too.

        Reading is paused, and resuming it up to protocol. The slot stays taken until it passes
        connection_lost() on. Raises ClientConnectionResetError if the connection is gone."""
        transport = self.transport
        if self._waiter is not exchange or self._reading != UPGRADED or transport is None or transport.is_closing():
            raise ClientConnectionResetError("the connection was lost before the upgrade was complete")
        self._waiter = None
        behind, self._partial = self._partial, None
        transport.set_protocol(protocol)
        return transport, bytes(behind or b"")

    def _body_begins(self, head: ResponseHead, data: bytes, length: int) -> None:
        policy = self._policy
        decoder = None
        pieces: list[tuple[bytes, bool]] = []
        if length == CHUNKED:
            decoder = ChunkDecoder(policy.limits)
            pieces = decoder.feed(data)
            if decoder.done:
                self._answer(head, pieces, bool(decoder.rest))
                return
        feed: Feed
        unreadable: ContentEncodingError | None = None
        try:
            coding = head.coding if policy.decompress else ""
            feed, stream = feed_of(coding, self, policy.read_bufsize, policy.stream_class, loop=self._loop)
        except ContentEncodingError as error:
            unreadable = error
            feed = stream = policy.stream_class(self, policy.read_bufsize, loop=self._loop)
        self._incoming = IncomingBody(length, decoder, feed)
        self._reading = BODY
        waiter = self._waiter
        assert waiter is not None
        settle(waiter, (head, stream))
        if unreadable is not None:
            self._fail(payload_error(unreadable))
        elif decoder is None:
            self._body_received(data)
        else:
            feed_pieces(feed, pieces)
            self._body_goes_on()

    def _body_received(self, data: bytes) -> None:
        assert self._incoming is not None
        self._incoming.receive(data)
        self._body_goes_on()

    def _body_goes_on(self) -> None:
        incoming = self._incoming
        assert incoming is not None
        if incoming.error is not None:
            self._fail(payload_error(incoming.error))
        elif incoming.ended:
            self._body_ends()
        elif self._policy.sock_read is not None and not self._paused:
            self._policy.sock_read.arm(self)

    def _answer(self, head: ResponseHead, body: bytes | list[tuple[bytes, bool]], surplus: bool) -> None:
        waiter = self._waiter
        assert waiter is not None
        self._exchange_ends(surplus)
        settle(waiter, (head, body))

    def _body_ends(self) -> None:
        incoming, self._incoming = self._incoming, None
        assert incoming is not None
        incoming.end()
        self._exchange_ends(incoming.surplus)

    def _exchange_ends(self, surplus: bool) -> None:
        self._waiter = None
        self._reading = IDLE
        self.used = True
        self._disarm()
        if self._paused:
            self.resume_reading()
        if (
            not self._keeps
            or surplus
            or self.force_close
            or (self._upload is not None and not self._all_sent)
            or (self._sent_body and self.transport is not None and self.transport.get_write_buffer_size())
        ):
            self.close()
        elif not self.closed:
            self._leased = False
            self._upload = None  # it may still have to see the end of its source, but writes no more
            self._pool.release(self)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.disarm(self)
            self._deadline = None
        if self._policy.sock_read is not None:
            self._policy.sock_read.disarm(self)

    # -- the end

    def _uploaded(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if task is not self._upload:
            return  # cancelled by close(); what it still had to say does not matter
        self._upload = None
        if error is not None:
            self._fail(upload_error(error))
        elif self._policy.sock_read is not None and not self._paused and self._reading != IDLE:
            self._policy.sock_read.arm(self)

    def _ended(self, exc: Exception | None) -> None:
        """The peer has closed or broken the connection."""
        incoming = self._incoming
        if self._waiter is None:
            self.close()
        elif incoming is None:
            if exc is None:
                self._fail(ServerDisconnectedError(bytes(self._partial) if self._partial else None))
            else:
                self._fail(os_error(exc))
        elif incoming.left == UNTIL_CLOSE and exc is None:
            self._body_ends()
        else:
            error = incoming.truncation()
            if exc is not None:
                error.__cause__ = exc
            self._fail(payload_error(error))

    def _fail(self, error: Exception) -> None:
        waiter, self._waiter = self._waiter, None
        incoming, self._incoming = self._incoming, None
        self.close()
        if incoming is not None:
            incoming.fail(error)
        if waiter is not None and not waiter.done():
            waiter.set_exception(error)


_DEFAULT_POLICY = ReadPolicy()
