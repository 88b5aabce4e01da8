"""Whose TLS is used: what may be aiofastnet's, what must be the loop's, and the switch."""

import os
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

import aiohttp_client as aiohttp
from aiohttp_client._net import engine


class Wrapped(ssl.SSLContext):
    """As truststore's: what counts is another context inside."""


def imported(demanded, code="", **environment):
    package = Path(aiohttp.__file__).parents[1]
    return subprocess.run(
        [
            sys.executable,
            "-c",
            f"{code}\nfrom aiohttp_client._net import engine; import ssl\n"
            "print(engine.tls_engine(ssl.create_default_context()))",
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(package), "AIOHTTP_CLIENT_TLS": demanded, **environment},
    )


HIDDEN = "import sys; sys.modules['aiofastnet'] = None"


def test_a_context_of_another_class_is_the_loops():
    assert engine.tls_engine(Wrapped(ssl.PROTOCOL_TLS_CLIENT)) == "loop"


def test_engines_can_be_demanded():
    pytest.importorskip("aiofastnet", reason="an extra, which has no wheels for some platforms")
    assert imported("aiofastnet").stdout == "aiofastnet\n"
    assert imported("auto").stdout == "aiofastnet\n"
    assert imported("loop").stdout == "loop\n"


def test_without_aiofastnet_it_is_the_loops_unless_demanded():
    assert imported("auto", HIDDEN).stdout == "loop\n"
    failed = imported("aiofastnet", HIDDEN)
    assert "ImportError: AIOHTTP_CLIENT_TLS=aiofastnet, but it cannot be imported" in failed.stderr
    failed = imported("openssl")
    assert "AIOHTTP_CLIENT_TLS='openssl' is no engine, expected one of auto, loop, aiofastnet" in failed.stderr


@pytest.mark.parametrize("context_class", [ssl.SSLContext, Wrapped])
async def test_connections_are_made_of_it(web, certificates, context_class):
    context = context_class(ssl.PROTOCOL_TLS_CLIENT)
    certificates.authority.configure_trust(context)
    url = await web.tls()
    connector = aiohttp.TCPConnector(ssl=context)
    async with aiohttp.ClientSession(connector=connector) as session:
        async with session.get(f"{url}/json") as response:
            assert response.status == 200
        (idle,) = connector._pool._idle.values()
        (connection,) = idle
        module = type(connection.transport).__module__
        assert ("aiofastnet" in module) == (engine.tls_engine(context) == "aiofastnet")
        assert connection.transport.get_extra_info("sslcontext") is context
