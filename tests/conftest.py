"""How tests run: coroutines on every loop there is, and nothing left behind.

A coroutine test runs once on asyncio and once on uvloop. It fails if it takes longer than
TIMEOUT, if the loop met an exception nobody handled, if a task is still running at its end, or if
a socket or transport was not closed (ResourceWarning).
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import os
import signal
import socket
import sys
import warnings
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "servers"))  # what the fixtures below are made of

TIMEOUT = 60.0

try:
    import uvloop
except ImportError:
    LOOPS = {"asyncio": asyncio.new_event_loop}
else:
    LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


def pytest_report_header(config):
    import aiohttp_client

    place = Path(aiohttp_client.__file__).parent
    return f"aiohttp_client {aiohttp_client.__version__}, backend {aiohttp_client.BACKEND}, from {place}"


def pytest_sessionstart(session):
    # A shell that starts the tests in the background has SIGINT ignored, and what they start would inherit that.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish(session):
    # Each test collects what it forgot; all that is there before the first needs no second look.
    gc.collect()
    gc.freeze()


def pytest_generate_tests(metafunc):
    if inspect.iscoroutinefunction(metafunc.function):
        metafunc.fixturenames.append("loop_name")
        metafunc.parametrize("loop_name", list(LOOPS))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    function = pyfuncitem.obj
    if not inspect.iscoroutinefunction(function):
        return None
    names = inspect.signature(function).parameters
    arguments = {name: pyfuncitem.funcargs[name] for name in names if name in pyfuncitem.funcargs}
    servers = [value for value in pyfuncitem.funcargs.values() if hasattr(value, "start_for_test")]
    _run(LOOPS[pyfuncitem.callspec.params["loop_name"]], function, arguments, servers)
    return True


def _run(new_loop, function, arguments, servers):
    unhandled = []

    async def main():
        for server in servers:
            await server.start_for_test()
        try:
            async with asyncio.timeout(TIMEOUT) as scope:
                await function(**arguments)
        except TimeoutError:
            if scope.expired():
                pytest.fail(f"still running after {TIMEOUT} s")
            raise
        finally:
            for server in servers:
                await server.stop_for_test()

    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        with asyncio.Runner(loop_factory=new_loop) as runner:
            loop = runner.get_loop()
            loop.set_exception_handler(lambda loop, context: unhandled.append(context))
            runner.run(main())
            left = runner.run(_unfinished())
            assert not left, f"tasks are still running: {left}"
            # What was forgotten complains when collected; what is closing needs a few turns.
            gc.collect()
            runner.run(_turns(3))
        gc.collect()
    assert not unhandled, f"the loop met exceptions nobody handled: {unhandled}"


async def _unfinished():
    """Tasks that do not end by themselves within a second, as those of a server do whose client has gone."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    return (await asyncio.wait(left, timeout=1))[1] if left else left


async def _turns(count):
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.fixture(params=list(LOOPS))
def new_loop(request):
    """What makes the loops of a test that has to run them itself."""
    return LOOPS[request.param]


@pytest.fixture
def origin():
    """A scripted raw-socket server in the test's loop; see servers/scripted.py."""
    from scripted import Origin

    return Origin()


@pytest.fixture
def black_hole():
    """(host, port) whose connections are never accepted: its backlog is full."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    fillers = []
    for _ in range(8):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
        fillers.append(filler)
    yield listener.getsockname()
    for sock in [*fillers, listener]:
        sock.close()


@pytest.fixture
def ws_peer():
    """The server side of WebSockets, by hand; see servers/wsframes.py."""
    from wsframes import Peer

    return Peer()


@pytest.fixture(scope="session")
def certificates():
    """Certificates of a private authority, good ones and others; see servers/certificates.py."""
    from certificates import Certificates

    return Certificates()


@pytest.fixture(scope="session")
def nginx(tmp_path_factory, certificates):
    """A real nginx; see servers/nginx.py. CI always has one."""
    import nginx

    if not nginx.installed():
        if os.environ.get("CI"):
            pytest.fail("nginx is not installed, but CI must test against it")
        pytest.skip("nginx is not installed")
    with nginx.running(tmp_path_factory.mktemp("nginx"), certificates) as server:
        yield server


@pytest.fixture(scope="session")
def tinyproxy(tmp_path_factory):
    """A real tinyproxy; see servers/proxies.py. CI always has one."""
    import proxies

    if not proxies.tinyproxy_installed():
        if os.environ.get("CI"):
            pytest.fail("tinyproxy is not installed, but CI must test against it")
        pytest.skip("tinyproxy is not installed")
    with proxies.tinyproxy(tmp_path_factory.mktemp("tinyproxy")) as server:
        yield server


@pytest.fixture(scope="session")
def proxy_py(tmp_path_factory, certificates):
    """A real proxy.py; see servers/proxies.py."""
    import proxies

    with proxies.proxy_py(tmp_path_factory.mktemp("proxy_py"), certificates) as server:
        yield server


@pytest.fixture
def web(certificates):
    """A real aiohttp.web application in the test's loop; see servers/webapp.py."""
    from webapp import WebServer

    return WebServer(certificates)
