"""Real proxies on loopback: tinyproxy, and proxy.py, which also speaks TLS itself."""

import contextlib
import shutil
import socket
import subprocess
import sys
import time
from types import SimpleNamespace

LOGIN, PASSWORD = "user", "secret"

_TINYPROXY = """
Port {port}
Listen 127.0.0.1
Timeout 60
Allow 127.0.0.1
MaxClients 50
LogFile "{log}"
LogLevel Connect
{auth}
"""


def tinyproxy_installed():
    return _tinyproxy() is not None


def _tinyproxy():
    return shutil.which("tinyproxy") or shutil.which("tinyproxy", path="/usr/sbin:/usr/bin:/usr/local/sbin")


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@contextlib.contextmanager
def tinyproxy(folder):
    """url of an open one, auth_url of one that wants LOGIN and PASSWORD; log is what the open one has logged."""
    with contextlib.ExitStack() as stack:
        ports = []
        for name, auth in (("open", ""), ("closed", f"BasicAuth {LOGIN} {PASSWORD}")):
            port = _free_port()
            configuration = folder / f"{name}.conf"
            configuration.write_text(_TINYPROXY.format(port=port, log=folder / f"{name}.log", auth=auth))
            stack.enter_context(_running([_tinyproxy(), "-d", "-c", str(configuration)], port, folder / name))
            ports.append(port)
        yield SimpleNamespace(
            url=f"http://127.0.0.1:{ports[0]}", auth_url=f"http://127.0.0.1:{ports[1]}", log=folder / "open.log"
        )


@contextlib.contextmanager
def proxy_py(folder, certificates):
    """url of one that wants LOGIN and PASSWORD; tls_url of one over TLS, with the certificate of localhost."""
    certificate, key = certificates.write(folder)
    base = [sys.executable, "-m", "proxy", "--hostname", "127.0.0.1", "--num-workers", "1", "--log-level", "w"]
    with contextlib.ExitStack() as stack:
        port, tls_port = _free_port(), _free_port()
        auth = ["--port", str(port), "--basic-auth", f"{LOGIN}:{PASSWORD}"]
        tls = ["--port", str(tls_port), "--cert-file", str(certificate), "--key-file", str(key)]
        stack.enter_context(_running([*base, *auth], port, folder / "auth"))
        stack.enter_context(_running([*base, *tls], tls_port, folder / "tls"))
        yield SimpleNamespace(url=f"http://127.0.0.1:{port}", tls_url=f"https://localhost:{tls_port}")


@contextlib.contextmanager
def _running(command, port, log):
    log = log.with_suffix(".out")
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        try:
            deadline = time.monotonic() + 20
            while True:
                with contextlib.suppress(OSError):
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{command[:3]} did not start: {log.read_text()}")
                time.sleep(0.05)
            yield
        finally:
            process.terminate()
            process.wait()
