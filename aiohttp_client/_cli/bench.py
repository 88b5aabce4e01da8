"""`bench URL`: as many requests as it takes, and how long they took."""

from __future__ import annotations

import argparse
import asyncio
import gc
import time
from array import array
from collections import Counter
from collections.abc import Iterator
from typing import Any

from .._backend import BACKEND
from ..session import ClientSession
from .asking import absolute, add_body_options, add_request_options, body_of, method_of, seconds, session_of
from .ending import ExitCode, Failure, failure_of
from .screen import Screen, milliseconds, size

_SHOWN = (50, 75, 90, 95, 99, 99.9)
_ROWS, _WIDTH = 12, 40


def add(commands: Any) -> None:
    parser = commands.add_parser("bench", help="measure a server under load", description=__doc__)
    parser.add_argument("url", metavar="URL", type=absolute)
    parser.add_argument("-c", "--concurrency", type=int, default=50, help="requests at a time (default: %(default)s)")
    parser.add_argument("-t", "--duration", type=seconds, default=10.0, help="default: 10s, unless -n is given")
    parser.add_argument("-n", "--requests", type=int, help="so many, in place of a duration")
    add_request_options(parser)
    add_body_options(parser)
    parser.set_defaults(run=run)


async def run(options: argparse.Namespace, screen: Screen) -> ExitCode:
    if options.concurrency < 1 or (options.requests is not None and options.requests < 1):
        raise Failure(ExitCode.USAGE, "-c and -n must be at least 1")
    body = body_of(options)
    if options.form:
        raise Failure(ExitCode.USAGE, "a form can be sent but once: bench needs -d or --json")
    async with session_of(options, limit=options.concurrency) as session:
        tally = _Tally()
        if not screen.machine:
            what = f"{options.requests:,} requests" if options.requests else f"{options.duration:g} s"
            screen.line(f"{options.url}: {what}, {options.concurrency} at a time, backend {BACKEND}")
        try:
            await _load(session, options, body, tally)
        except asyncio.CancelledError:  # by Ctrl-C; what was measured until then is what was wanted
            _tell(tally, screen)
            raise
    if not tally.times:
        error = next(iter(tally.errors), f"nothing came within {tally.seconds:.1f} s")
        raise Failure(ExitCode.UNREACHABLE, f"not one response: {error}", tally.summary())
    _tell(tally, screen)
    return ExitCode.OK


class _Tally:
    def __init__(self) -> None:
        self.times = array("d")  # seconds of each complete response
        self.statuses: Counter[int] = Counter()
        self.errors: Counter[str] = Counter()
        self.bytes = 0
        self.seconds = 0.0

    def percentile(self, share: float) -> float:
        """Seconds within which share per cent of the responses were complete; times must be sorted."""
        return self.times[min(len(self.times) - 1, int(len(self.times) * share / 100))]

    def sort(self) -> None:
        self.times = array("d", sorted(self.times))

    def summary(self) -> dict[str, Any]:
        self.sort()
        count = len(self.times)
        return {
            "responses": count,
            "seconds": round(self.seconds, 6),
            "requests_per_second": round(count / self.seconds, 1) if self.seconds else 0.0,
            "bytes": self.bytes,
            "statuses": dict(self.statuses),
            "errors": dict(self.errors),
            "latency_seconds": {f"p{share:g}": round(self.percentile(share), 6) for share in _SHOWN} if count else {},
        }


async def _load(session: ClientSession, options: argparse.Namespace, body: dict[str, Any], tally: _Tally) -> None:
    method, url, clock = method_of(options), options.url, time.perf_counter
    left: Iterator[object] = iter(range(options.requests)) if options.requests else iter(int, 1)  # the latter: no end

    async def worker() -> None:
        for _ in left:
            begun = clock()
            try:
                async with session.request(method, url, allow_redirects=False, **body) as response:
                    tally.bytes += len(await response.read())
                    tally.statuses[response.status] += 1
            except Exception as error:
                failure = failure_of(error)
                if failure is None or failure.code is ExitCode.USAGE:
                    raise
                tally.errors[str(failure)] += 1
                await asyncio.sleep(0.01)  # a server that refuses all is not to be flooded
            else:
                tally.times.append(clock() - begun)

    gc.freeze()
    begun = clock()
    workers = [asyncio.ensure_future(worker()) for _ in range(options.concurrency)]
    try:
        # When time is up, what is under way is dropped: a server that is silent must not keep us.
        limit = None if options.requests else options.duration
        done, _ = await asyncio.wait(workers, timeout=limit, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        tally.seconds = clock() - begun
        for task in workers:
            task.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
    for task in done:
        task.result()


def _tell(tally: _Tally, screen: Screen) -> None:
    if screen.machine:
        screen.result(tally.summary())
    else:
        _show(tally, screen)


def _show(tally: _Tally, screen: Screen) -> None:
    tally.sort()
    count = len(tally.times)
    rate = count / tally.seconds if tally.seconds else 0.0
    screen.line(f"{count:,} responses in {tally.seconds:.2f} s: {rate:,.0f} per second, {size(tally.bytes)} of bodies")
    screen.line(f"statuses: {', '.join(f'{status}: {n:,}' for status, n in sorted(tally.statuses.items())) or 'none'}")
    for text, n in tally.errors.most_common(5):
        screen.line(f"errors: {n:,} × {text}", "red")
    if not count:
        return
    shown = "  ".join(f"p{share:g} {milliseconds(tally.percentile(share))}" for share in _SHOWN)
    screen.line(f"latency: {shown}  max {milliseconds(tally.times[-1])}")
    for upper, n in _histogram(tally):
        screen.line(f"{milliseconds(upper):>10} {'█' * round(n / count * _WIDTH):<{_WIDTH}} {n:,}")


def _histogram(tally: _Tally) -> list[tuple[float, int]]:
    """(upper edge in seconds, responses) of equal steps up to the 99th percentile, and the rest."""
    step = tally.percentile(99) / (_ROWS - 1) or 1e-6
    rows = Counter(min(int(took / step), _ROWS - 1) for took in tally.times)
    last = [step * (row + 1) for row in range(_ROWS - 1)] + [tally.times[-1]]
    return [(upper, rows[row]) for row, upper in enumerate(last)]
