"""The server side of the benchmarks, in another process: nginx where there is one, else an embedded origin."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

# Eleven fields and 56 bytes of JSON, as nginx sends them and as the embedded origin does.
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
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log stderr crit;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    keepalive_timeout 3600s;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            default_type application/json;
            {fields}
            return 200 '{body}';
        }}
    }}
}}
"""


class Server(NamedTuple):
    """What is measured against."""

    name: str
    port: int


def pin(core: int, process: int = 0) -> None:
    """Keep a process (ours if 0) on one core, where the system can."""
    with contextlib.suppress(AttributeError, OSError):
        os.sched_setaffinity(process, {core % (os.cpu_count() or 1)})


@contextlib.contextmanager
def running(core: int = 1) -> Iterator[Server]:
    """A server on its own core, until the end of the block."""
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
        probe.close()
        nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
        if nginx:
            configuration = Path(folder, "nginx.conf")
            fields = "".join(f"add_header {name} '{value}';\n" for name, value in _EXTRA.items())
            configuration.write_text(_NGINX.format(folder=folder, port=port, fields=fields, body=BODY.decode()))
            command = [nginx, "-c", str(configuration), "-p", folder]
            name = "nginx"
        else:
            command = [sys.executable, str(Path(__file__).with_name("origin.py")), str(port)]
            name = "embedded origin (no nginx here)"
        process = subprocess.Popen(command, preexec_fn=lambda: pin(core), stdin=subprocess.DEVNULL)
        try:
            _wait(port, process)
            yield Server(name, port)
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
