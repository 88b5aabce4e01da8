"""UploadTracker: how far the body of a request has got."""

from __future__ import annotations

import asyncio
from typing import Protocol

from .exceptions import UploadAbortedError


class Progress(Protocol):
    """What a tracker asks of the writer of a body."""

    def confirm(self) -> int:
        """Bytes of the body that have left; once the connection is closed, as of the last call before."""
        ...


class UploadTracker:
    """Give one to a request as upload_tracker=, and look at it from another task.

    attempts: how often sending the body has begun: again after a redirect or on another connection.
    upload_complete: a future; its result is None once the whole body has been handed to the
        transport; its exception what broke the upload, or UploadAbortedError where the request
        ended before. Nobody has to await it.
    Raises RuntimeError without a running event loop, or if used for a second request.
    """

    def __init__(self) -> None:
        self.attempts = 0
        self.upload_complete: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.upload_complete.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._progress: Progress | None = None
        self._bound = False
        self._last = False  # no attempt will follow the one there is
        self._broken: BaseException | None = None

    @property
    def bytes_written(self) -> int:
        """Bytes of the body, in the present attempt, that have left for the network."""
        return 0 if self._progress is None else self._progress.confirm()

    def bind(self) -> None:
        """A request is going to use the tracker."""
        if self._bound:
            raise RuntimeError("the UploadTracker is already bound to a request: make one for each")
        self._bound = True

    def begins(self, progress: Progress) -> None:
        self.attempts += 1
        self._progress = progress
        self._broken = None

    def completes(self) -> None:
        if not self.upload_complete.done():
            self.upload_complete.set_result(None)

    def breaks(self, error: BaseException) -> None:
        """The attempt has ended early. It counts once no other will follow."""
        if isinstance(error, asyncio.CancelledError):
            error = UploadAbortedError("the request ended before all of its body was sent")
        self._broken = error
        if self._last:
            self._fail()

    def last(self, *, uploading: bool) -> None:
        """No other attempt will follow; uploading says whether the one there is still goes on."""
        self._last = True
        if self._progress is not None:
            self._progress.confirm()  # while the connection is there to be asked
        if not uploading:
            self._fail()

    def _fail(self) -> None:
        if not self.upload_complete.done():
            error = self._broken or UploadAbortedError("the request ended before its body was sent")
            self.upload_complete.set_exception(error)
