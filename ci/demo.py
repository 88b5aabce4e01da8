"""The main job, to look at: a small scraper, 20 000 pages, every one checked.

    python ci/demo.py                 from an origin server of its own, in another process on this machine
    python ci/demo.py URL [URL …]     from anywhere: status, size and time of each

Sets up everything it needs. AIOHTTP_CLIENT_BACKEND=py shows the same without the compiled core.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import environment
from pages import page

INTERRUPTED = 130  # the exit code a shell gives for Ctrl-C


class Tally:
    """What has been fetched so far."""

    def __init__(self, pages: int) -> None:
        self.pages = pages
        self.started = time.perf_counter()
        self.latencies: list[float] = []
        self.bytes = 0
        self.right = 0
        self.errors: dict[str, int] = {}

    @property
    def done(self) -> int:
        return len(self.latencies) + sum(self.errors.values())

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.started


class Progress:
    """A bar on a terminal; elsewhere a line for each tenth."""

    WIDTH = 40

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._terminal = sys.stdout.isatty()
        self._tenth = 0

    async def show(self) -> None:
        while True:
            self.draw()
            await asyncio.sleep(0.1)

    def draw(self) -> None:
        tally = self._tally
        share = tally.done / tally.pages if tally.pages else 1.0
        if self._terminal:
            bar = "█" * int(share * self.WIDTH)
            rate = tally.done / tally.seconds
            print(f"\r{bar:░<{self.WIDTH}} {tally.done:>6}/{tally.pages} {rate:>7.0f} pages/s ", end="", flush=True)
        elif int(share * 10) > self._tenth:
            self._tenth = int(share * 10)
            print(f"{tally.done:>6}/{tally.pages} pages", flush=True)

    def end(self) -> None:
        self.draw()
        if self._terminal:
            print()


@contextlib.asynccontextmanager
async def origin() -> AsyncIterator[str]:
    """An origin server in another process; it ends when its standard input does, whatever becomes of us."""
    process = subprocess.Popen(  # noqa: ASYNC220  # nothing else runs yet, and it takes a millisecond
        [sys.executable, str(Path(__file__).with_name("origin.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C in the terminal is for us
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        port = await asyncio.get_running_loop().run_in_executor(None, process.stdout.readline)
        yield f"http://127.0.0.1:{int(port)}"
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait()


async def scrape(pages: int, concurrency: int) -> int:
    import aiohttp_client as aiohttp

    interrupted = asyncio.Event()
    with contextlib.suppress(NotImplementedError):  # Windows; there KeyboardInterrupt ends the run
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, interrupted.set)
    connector = aiohttp.TCPConnector(limit=concurrency)
    async with origin() as url, aiohttp.ClientSession(connector=connector) as session:
        tally = Tally(pages)
        numbers = iter(range(pages))

        async def worker() -> None:
            for number in numbers:
                begun = time.perf_counter()
                try:
                    async with session.get(f"{url}/page/{number}") as response:
                        body = await response.read()
                except (aiohttp.ClientError, TimeoutError) as error:
                    tally.errors[type(error).__name__] = tally.errors.get(type(error).__name__, 0) + 1
                    continue
                tally.latencies.append(time.perf_counter() - begun)
                tally.bytes += len(body)
                tally.right += response.status == 200 and body == page(number)

        progress = Progress(tally)
        shown = asyncio.create_task(progress.show())
        workers = asyncio.gather(*[worker() for _ in range(concurrency)])
        stop = asyncio.create_task(interrupted.wait())
        try:
            await asyncio.wait([workers, stop], return_when=asyncio.FIRST_COMPLETED)
            seconds = tally.seconds
        finally:
            for task in (workers, shown, stop):
                task.cancel()
            await asyncio.gather(workers, shown, stop, return_exceptions=True)
            progress.end()
        return summary(tally, seconds, interrupted.is_set())


def summary(tally: Tally, seconds: float, interrupted: bool) -> int:
    import aiohttp_client as aiohttp

    loop = type(asyncio.get_running_loop()).__module__.partition(".")[0]
    errors = sum(tally.errors.values())
    kinds = "".join(f", {count} × {name}" for name, count in sorted(tally.errors.items()))
    if interrupted:
        print(f"interrupted after {tally.done} of {tally.pages} pages")
    print(f"pages/s    {tally.done / seconds:,.0f}   ({tally.done:,} in {seconds:.2f} s)")
    print(f"errors     {errors}{kinds}")
    print(f"bytes      {tally.bytes:,}   ({tally.bytes / seconds / 1e6:,.1f} MB/s)")
    if tally.latencies:
        ordered = sorted(tally.latencies)
        points = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99)]
        shown = [f"{name} {ordered[int(share * (len(ordered) - 1))] * 1e3:.2f}" for name, share in points]
        print(f"latency    {'   '.join(shown)}   max {ordered[-1] * 1e3:.2f} ms")
    print(f"backend    {aiohttp.BACKEND} on {loop}, {platform.python_implementation()} {platform.python_version()}")
    wrong = len(tally.latencies) - tally.right
    print(f"content    verified: {tally.right:,} of {len(tally.latencies):,} pages are the right ones")
    if errors or wrong:
        return 1
    return INTERRUPTED if interrupted else 0


async def fetch(urls: list[str]) -> int:
    """Fetch all of urls at once; print a line for each, in their order."""
    import aiohttp_client as aiohttp

    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60, sock_connect=10)) as session:

        async def one(url: str) -> tuple[bool, str]:
            begun = time.perf_counter()
            try:
                async with session.get(url) as response:
                    size = len(await response.read())
            except aiohttp.InvalidURL as error:
                return False, f"invalid URL: {error.description or url}"
            except aiohttp.NonHttpUrlClientError:
                return False, "not an http or https URL"
            except (aiohttp.ClientError, TimeoutError) as error:
                return False, " ".join(f"{type(error).__name__}: {error}".split())
            return True, f"{response.status}  {size:>10,} bytes  {(time.perf_counter() - begun) * 1e3:>8.1f} ms"

        results = await asyncio.gather(*[one(url) for url in urls])
    width = max(map(len, urls))
    for url, (_, line) in zip(urls, results, strict=True):
        print(f"{url:<{width}}  {line}")
    return 0 if all(fine for fine, _ in results) else 1


def loop_runner(name: str) -> asyncio.Runner:
    if name != "asyncio":
        try:
            import uvloop

            return asyncio.Runner(loop_factory=uvloop.new_event_loop)
        except ImportError:
            if name == "uvloop":
                raise SystemExit("uvloop is not installed here") from None
    return asyncio.Runner()


def main() -> int:
    parser = argparse.ArgumentParser(description="Scrape 20 000 pages and check every one, or fetch the URLs given.")
    parser.add_argument("urls", nargs="*", metavar="URL", help="fetch these instead")
    parser.add_argument("--pages", type=int, default=20_000, help="pages to scrape (default: %(default)s)")
    parser.add_argument("--concurrency", type=int, default=50, help="requests at a time (default: %(default)s)")
    parser.add_argument("--loop", choices=("auto", "asyncio", "uvloop"), default="auto", help="event loop to use")
    options = parser.parse_args()
    if options.pages < 0 or options.concurrency < 1:
        parser.error("--pages must not be negative, --concurrency must be at least 1")
    environment.enter()
    try:
        with loop_runner(options.loop) as runner:
            if options.urls:
                return runner.run(fetch(options.urls))
            return runner.run(scrape(options.pages, options.concurrency))
    except KeyboardInterrupt:
        print("\ninterrupted")
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads on; no complaint at exit
        return 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
