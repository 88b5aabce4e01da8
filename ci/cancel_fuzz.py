"""Cancels and times out requests at every point where they wait, and looks for what that leaves behind.

    python ci/cancel_fuzz.py                  50 000 requests on each loop: about ten minutes
    python ci/cancel_fuzz.py --requests 3000  a short run

A hook between the request and its task counts the suspensions and acts at the n-th, for every n: at once; when what is
waited for is there, but the task has not gone on yet; or by a time-out. Plain, TLS, proxied, redirected, uploaded,
streamed requests and WebSockets, twenty at a time, to a real server. Afterwards no slot is taken, nobody waits, no
task, deadline, descriptor or warning is left, and the next thousand requests get the answers that are theirs.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import hashlib
import itertools
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import environment

_AT_A_TIME = 20
# Failures after which no more are looked for: where slots are lost, every request that follows hangs.
_ENOUGH = 20
LOOPS = ("asyncio", "uvloop")
_PIECE = b"0123456789abcdef" * 4096


class Servers(NamedTuple):
    port: int
    tls_port: int
    authority: str
    proxy: str  # URL, "" if there is none


# -- the hook


class Interrupted:
    """Awaits a coroutine; calls act with what it waits for at its n-th suspension. seen counts them."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any], at: int, act: Callable[[Any], None]) -> None:
        self._coroutine, self._at, self._act = coroutine, at, act
        self.seen = 0

    def __await__(self) -> Generator[Any, Any, Any]:
        coroutine = self._coroutine
        resume = lambda: coroutine.send(None)  # noqa: E731  # it is replaced each time
        while True:
            try:
                awaited = resume()
            except StopIteration as stop:
                return stop.value
            self.seen += 1
            if self.seen == self._at:
                self._act(awaited)
            try:
                value = yield awaited
            except BaseException as error:
                resume = lambda error=error: coroutine.throw(error)  # type: ignore[misc]  # noqa: E731
            else:
                resume = lambda value=value: coroutine.send(value)  # type: ignore[misc]  # noqa: E731


async def _interrupted(how: str, coroutine: Coroutine[Any, Any, Any], at: int) -> int:
    """Run coroutine, interrupted at its at-th suspension; how many of them there were."""
    task = asyncio.current_task()
    assert task is not None
    loop = asyncio.get_running_loop()
    async with contextlib.AsyncExitStack() as stack:
        scope = asyncio.timeout(None)

        def act(awaited: Any) -> None:
            if how == "time-out":
                scope.reschedule(loop.time())
            elif how == "when ready" and isinstance(awaited, asyncio.Future):
                awaited.add_done_callback(lambda _: task.cancel())
            elif how == "when ready" and awaited is not None:
                loop.call_soon(_cancel_when_ready, awaited, task)
            else:
                task.cancel()

        if how == "time-out":
            await stack.enter_async_context(scope)
        hooked = Interrupted(coroutine, at, act)
        await hooked
    return hooked.seen


def _cancel_when_ready(waiter: Any, task: asyncio.Task[Any]) -> None:
    """A Waiter resumes its task at once, unless another task is running: then there is a moment in between."""
    resume, loop = waiter._callback, asyncio.get_running_loop()

    def ready(_: Any) -> None:
        task.cancel()
        loop.call_soon(resume, waiter, context=waiter._context)

    if resume is not None:
        waiter._callback = ready


# -- what is done


Kind = Callable[[Any, Servers, str], Coroutine[Any, Any, None]]


def _is(received: object, expected: object) -> None:
    if received != expected:
        raise AssertionError(f"somebody else's answer: {received!r}, expected {expected!r}")


async def plain(session: Any, servers: Servers, nonce: str) -> None:
    async with session.get(f"http://127.0.0.1:{servers.port}/echo?n={nonce}") as response:
        _is(await response.text(), nonce)


async def tls(session: Any, servers: Servers, nonce: str) -> None:
    async with session.get(f"https://localhost:{servers.tls_port}/echo?n={nonce}") as response:
        _is(await response.text(), nonce)


async def proxied(session: Any, servers: Servers, nonce: str) -> None:
    url = f"https://localhost:{servers.tls_port}/echo?n={nonce}"
    async with session.get(url, proxy=servers.proxy) as response:
        _is(await response.text(), nonce)


async def redirected(session: Any, servers: Servers, nonce: str) -> None:
    async with session.get(f"http://127.0.0.1:{servers.port}/redirect?left=2&n={nonce}") as response:
        _is((await response.text(), len(response.history)), (nonce, 3))


async def read_whole(session: Any, servers: Servers, nonce: str) -> None:
    async with session.get(f"http://127.0.0.1:{servers.port}/large?n={nonce}") as response:
        body = await response.read()
        _is((len(body), body[: len(nonce)]), (300_000, nonce.encode()))


async def streamed(session: Any, servers: Servers, nonce: str) -> None:
    async with session.get(f"http://127.0.0.1:{servers.port}/stream?n={nonce}") as response:
        lines = [line async for line in response.content]
        _is(lines, [f"{nonce} {number}\n".encode() for number in range(10)])


async def uploaded(session: Any, servers: Servers, nonce: str) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(8):
            yield _PIECE
            await asyncio.sleep(0)

    async with session.post(f"http://127.0.0.1:{servers.port}/upload?n={nonce}", data=pieces()) as response:
        _is(await response.text(), f"{nonce} {hashlib.sha256(_PIECE * 8).hexdigest()}")


async def websocket(session: Any, servers: Servers, nonce: str) -> None:
    url = f"ws://127.0.0.1:{servers.port}/ws?deflate=1"
    async with session.ws_connect(url, compress=15, heartbeat=30) as ws:
        for number in range(3):
            await ws.send_str(f"{nonce} {number}" * 3000)
            _is(await ws.receive_str(), f"{nonce} {number}" * 3000)


KINDS: dict[str, Kind] = {
    kind.__name__: kind for kind in (plain, tls, proxied, redirected, read_whole, streamed, uploaded, websocket)
}
HOW = ("at once", "when ready", "time-out")


# -- the run


class Run:
    """Interrupts so many requests of one session, and then looks."""

    def __init__(self, servers: Servers, session: Any, kinds: dict[str, Kind]) -> None:
        self.servers, self.session, self.kinds = servers, session, kinds
        self.outcomes: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.answered = 0
        self._nonces = itertools.count()

    def nonce(self) -> str:
        return f"nonce-{next(self._nonces)}-"

    async def suspensions(self, open_session: Callable[[], Any]) -> dict[str, int]:
        """How often each kind waits in a new session, where connections have to be opened."""
        counts = {}
        for name, kind in self.kinds.items():
            async with open_session() as session:
                counts[name] = await _interrupted("never", kind(session, self.servers, self.nonce()), 0)
        return counts

    async def one(self, name: str, how: str, at: int) -> None:
        request = asyncio.create_task(
            _interrupted(how, self.kinds[name](self.session, self.servers, self.nonce()), at),
            name=f"{name}, {how}, {at}",
        )
        done, _ = await asyncio.wait([request], timeout=30)
        if not done:
            self.wrong.append(f"hangs: {request.get_name()}\n{request.get_stack()}")
            request.cancel()
        elif request.cancelled():
            self.outcomes["cancelled"] += 1
        elif isinstance(request.exception(), TimeoutError):
            self.outcomes["timed out"] += 1
        elif (error := request.exception()) is not None:
            shown = "".join(traceback.format_exception(error)[-4:])
            self.wrong.append(f"{request.get_name()}: {shown}")
        else:
            self.outcomes["completed"] += 1

    async def all(self, count: int, points: dict[str, int]) -> None:
        # A connection is opened or reused as it comes, and the queue is one more place to wait.
        plan = itertools.cycle(
            [(name, how, at) for name, most in points.items() for how in HOW for at in range(1, most + 2)]
        )
        left = iter(itertools.islice(plan, count))

        async def worker() -> None:
            for name, how, at in left:
                if len(self.wrong) >= _ENOUGH:
                    return
                await self.one(name, how, at)

        await asyncio.gather(*[worker() for _ in range(_AT_A_TIME)])

    @property
    def is_idle(self) -> bool:
        pool = self.session.connector._pool
        return bool(pool.in_use == 0 and pool.waiting == 0)

    async def own_answers(self, count: int) -> None:
        """Requests of every kind that are left alone get their own answers."""
        left = iter(itertools.islice(itertools.cycle(self.kinds.items()), count))

        async def worker() -> None:
            for name, kind in left:
                try:
                    await kind(self.session, self.servers, self.nonce())
                except Exception as error:
                    self.wrong.append(f"afterwards, {name}: {error!r}")
                self.answered += 1

        await asyncio.gather(*[worker() for _ in range(_AT_A_TIME)])


async def until(condition: Callable[[], Any], seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.01)
    return True


def descriptors() -> Counter[str]:
    """What is open, by its kind; where the system tells."""
    kinds: Counter[str] = Counter()
    with contextlib.suppress(OSError):
        for number in os.listdir("/proc/self/fd"):
            with contextlib.suppress(OSError):
                kinds[os.readlink(f"/proc/self/fd/{number}").partition(":")[0]] += 1
    return kinds


async def _interrupt_and_look(servers: Servers, count: int) -> dict[str, Any]:
    import aiohttp_client as aiohttp

    context = ssl.create_default_context(cafile=servers.authority)
    kinds = {name: kind for name, kind in KINDS.items() if servers.proxy or name != "proxied"}

    def open_session() -> Any:
        # Less connections than requests at a time: some are interrupted while they queue.
        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context, limit=_AT_A_TIME - 5))

    async with open_session() as session:
        run = Run(servers, session, kinds)
        points = await run.suspensions(open_session)
        await run.all(200, points)  # what loops and threads open once for all of them is here to stay
    await asyncio.sleep(0.1)
    before = descriptors()
    async with open_session() as session:
        run = Run(servers, session, kinds)
        await run.all(count, points)
        if not await until(lambda: run.is_idle):
            run.wrong.append(f"slots are taken, or somebody waits: {session.connector._pool!r}")
        if not await until(lambda: len(asyncio.all_tasks()) == 1):
            run.wrong.append(f"tasks are left: {asyncio.all_tasks() - {asyncio.current_task()}}")
        clock = session.connector.clock
        armed = [lane.armed_at for lane in clock._coarse.values()] + [lane._timers for lane in clock._exact.values()]
        if any(armed):
            run.wrong.append(f"deadlines are left: {armed}")
        if not run.wrong:
            await run.own_answers(1000)
        if not await until(lambda: run.is_idle and len(asyncio.all_tasks()) == 1):
            run.wrong.append(
                f"left behind by what was not interrupted: {session.connector._pool!r}, {asyncio.all_tasks()}"
            )
    if not await until(lambda: not descriptors() - before):
        run.wrong.append(f"descriptors are left: {dict(descriptors() - before)}")
    return {"wrong": run.wrong, "outcomes": run.outcomes, "points": points, "answered": run.answered}


async def _main(servers: Servers, count: int) -> dict[str, Any]:
    unhandled: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: unhandled.append(repr(context)))
    sys.unraisablehook = lambda hook: unhandled.append(f"{hook.err_msg} {hook.exc_value!r} {hook.object!r}")
    begun = time.monotonic()
    result = await _interrupt_and_look(servers, count)
    gc.collect()
    await asyncio.sleep(0.05)
    return {**result, "unhandled": unhandled, "seconds": time.monotonic() - begun}


def runner(loop: str) -> asyncio.Runner:
    """asyncio's runner of one of LOOPS."""
    if loop == "uvloop":
        import uvloop

        return asyncio.Runner(loop_factory=uvloop.new_event_loop)
    return asyncio.Runner()


def _child(servers: Servers, loop: str, count: int) -> None:
    warnings.simplefilter("error", ResourceWarning)
    with runner(loop) as on_loop:
        result = on_loop.run(_main(servers, count))
    print(json.dumps(result))


# -- the servers


@contextlib.contextmanager
def origin(folder: str) -> Iterator[tuple[int, int, str]]:
    """Ports, plain and TLS, and the file of the authority to trust."""
    import trustme

    authority = trustme.CA()
    authority.cert_pem.write_to_path(f"{folder}/authority.pem")
    certificate = authority.issue_cert("localhost")
    certificate.private_key_pem.write_to_path(f"{folder}/key.pem")
    for pem in certificate.cert_chain_pems:
        pem.write_to_path(f"{folder}/chain.pem", append=True)
    script = str(Path(__file__).with_name("fuzz_origin.py"))
    command = [sys.executable, script, f"{folder}/chain.pem", f"{folder}/key.pem"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdin is not None
        port, tls_port = map(int, process.stdout.readline().split())
        try:
            yield port, tls_port, f"{folder}/authority.pem"
        finally:
            process.stdin.close()


@contextlib.contextmanager
def proxy(folder: str) -> Iterator[str]:
    """The URL of a tinyproxy; "" if there is none here."""
    program = shutil.which("tinyproxy") or shutil.which("tinyproxy", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        print("no tinyproxy here (Debian: tinyproxy-bin): nothing goes through a proxy")
        yield ""
        return
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    Path(folder, "proxy.conf").write_text(
        f'Port {port}\nListen 127.0.0.1\nTimeout 60\nAllow 127.0.0.1\nMaxClients 400\nLogFile "{folder}/log"\n'
    )
    with subprocess.Popen([program, "-d", "-c", f"{folder}/proxy.conf"], stdout=subprocess.DEVNULL) as process:
        try:
            for _ in range(100):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                    break
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=50_000, help="on each loop (default: %(default)s)")
    parser.add_argument("--loop", choices=LOOPS, help="one loop")
    parser.add_argument("--servers", type=json.loads, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.servers:
        _child(Servers(**options.servers), options.loop, options.requests)
        return 0
    environment.enter("test")
    environment.ensure("test")
    failed = False
    with tempfile.TemporaryDirectory() as folder, origin(folder) as ports, proxy(folder) as proxy_url:
        servers = Servers(*ports, proxy_url)
        for loop in [options.loop] if options.loop else LOOPS:
            command = [sys.executable, __file__, "--servers", json.dumps(servers._asdict()), "--loop", loop]
            done = subprocess.run(
                [*command, "--requests", str(options.requests)],
                capture_output=True,
                text=True,
            )
            if done.returncode:
                print(f"{loop}: {done.stdout}{done.stderr}")
                return 1
            result = json.loads(done.stdout)
            failures = result["wrong"] + result["unhandled"] + ([done.stderr] if done.stderr else [])
            outcomes = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(result["outcomes"].items()))
            points = ", ".join(f"{name} {count}" for name, count in result["points"].items())
            print(f"{loop}: {sum(result['outcomes'].values()):,} requests in {result['seconds']:.0f} s: {outcomes}")
            print(f"  places to wait: {points}")
            print(f"  left alone afterwards: {result['answered']:,}, each of which gets its own answer")
            print(f"  failures: {len(failures)}")
            for failure in failures[:20]:
                print(f"    {failure}")
            failed = failed or bool(failures)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
