"""The server side of the benchmarks, in processes of their own: nginx, a sink for uploads, WebSockets."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import trustme

# Eleven fields and 56 bytes of JSON.
BODY = b'{"id": 1234567, "name": "benchmark", "tags": ["a", "b"]}'
assert len(BODY) == 56
_EXTRA = {
    "ETag": '"6561d0f2-38"',
    "Cache-Control": "no-cache",
    "Vary": "Accept-Encoding",
    "X-Request-Id": "1f2e3d4c5b6a79880716253443526170",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
}

_NGINX = """
{user}
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log stderr crit;
events {{ worker_connections 16000; }}
http {{
    sendfile on;
    access_log off;
    keepalive_requests 1000000000;
    keepalive_timeout 3600s;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    ssl_certificate {folder}/chain.pem; ssl_certificate_key {folder}/key.pem;
    server {{
        listen 127.0.0.1:{port} backlog=8192;
        listen 127.0.0.1:{tls_port} ssl;
        location / {{
            default_type application/json;
            {fields}
            return 200 '{body}';
        }}
        location = /large {{ root {folder}; }}
    }}
}}
"""


# What /large answers with: a hundred of these.
BLOCK = random.Random(9110).randbytes(1_000_000)
LARGE = 100 * len(BLOCK)
# A WebSocket's /flood sends as many of these as the message says that asks for them.
FLOOD = b"x" * 64


class Server(NamedTuple):
    """What is measured against, on 127.0.0.1."""

    name: str
    port: int
    tls_port: int = 0
    sink_port: int = 0  # takes uploads
    slow_port: int = 0  # answers when it is told to
    authority: str = ""  # file of the certificate to trust


def pin(core: int, process: int = 0) -> None:
    """Keep a process (ours if 0) on one core, where the system can."""
    with contextlib.suppress(AttributeError, OSError):
        os.sched_setaffinity(process, {core % (os.cpu_count() or 1)})


@contextlib.contextmanager
def running(core: int = 1) -> Iterator[Server]:
    """nginx and a sink, on their own core, until the end of the block."""
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if not nginx:
        print("these benchmarks run against nginx: install it (Debian: apt-get install nginx-light)", file=sys.stderr)
        raise SystemExit(3)  # ci/check.py knows it as "not run"
    port, tls_port, sink_port, slow_port = _free_ports(4)
    with tempfile.TemporaryDirectory() as folder:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(f"{folder}/authority.pem")
        certificate = authority.issue_cert("localhost", "127.0.0.1")
        certificate.private_key_pem.write_to_path(f"{folder}/key.pem")
        for pem in certificate.cert_chain_pems:
            pem.write_to_path(f"{folder}/chain.pem", append=True)
        with open(f"{folder}/large", "wb") as large:
            for _ in range(LARGE // len(BLOCK)):
                large.write(BLOCK)
        fields = "".join(f"add_header {name} '{value}';\n" for name, value in _EXTRA.items())
        configuration = _NGINX.format(
            folder=folder, port=port, tls_port=tls_port, fields=fields, body=BODY.decode(), user=_user()
        )
        Path(folder, "nginx.conf").write_text(configuration)
        with (
            _process(core, port, nginx, "-c", f"{folder}/nginx.conf", "-p", folder),
            _process(core, sink_port, sys.executable, _beside("sink.py"), str(sink_port)),
            _process(core, slow_port, sys.executable, _beside("slow.py"), str(slow_port)),
        ):
            yield Server("nginx", port, tls_port, sink_port, slow_port, f"{folder}/authority.pem")


@contextlib.contextmanager
def websockets(core: int = 1) -> Iterator[Server]:
    """A WebSocket server whose /echo echoes and whose /flood floods, on its own core."""
    (port,) = _free_ports(1)
    with _process(core, port, sys.executable, _beside("ws_server.py"), str(port)):
        yield Server("picows", port)


def _user() -> str:
    return "user root;" if hasattr(os, "geteuid") and os.geteuid() == 0 else ""


def _beside(name: str) -> str:
    return str(Path(__file__).with_name(name))


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as probes:
        made = [probes.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [probe.getsockname()[1] for probe in made]


@contextlib.contextmanager
def _process(core: int, port: int, *command: str) -> Iterator[None]:
    process = subprocess.Popen(command, preexec_fn=lambda: pin(core), stdin=subprocess.DEVNULL)
    try:
        _wait(port, process)
        yield
    finally:
        process.terminate()
        process.wait()


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise SystemExit("the benchmark's server did not start")
