"""A real nginx on loopback: plain and TLS, static files, gzip, redirects."""

import contextlib
import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace

_CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
    access_log off;
    types {{ text/html html; application/json json; }}
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    client_max_body_size 200m;
    server {{
        listen 127.0.0.1:{port};
        listen 127.0.0.1:{tls_port} ssl;
        ssl_certificate {certificate};
        ssl_certificate_key {key};
        root {folder}/www;
        location = /json {{ default_type application/json; return 200 '{{"server": "nginx"}}'; }}
        location = /gzip.html {{ gzip on; gzip_types text/html; gzip_min_length 1; }}
        location = /moved {{ return 301 /json; }}
        location = /once {{ keepalive_timeout 0; return 200 'once'; }}
        location = /upload {{ dav_methods PUT; client_body_in_file_only clean; return 204; }}
    }}
    server {{
        # Wants to see a certificate.
        listen 127.0.0.1:{client_port} ssl;
        listen unix:{folder}/nginx.sock;
        ssl_certificate {certificate};
        ssl_certificate_key {key};
        ssl_client_certificate {authority};
        ssl_verify_client on;
        location / {{ return 200 '$ssl_client_s_dn at $host'; }}
    }}
    server {{
        # Closes idle connections after a second, and every one after 20 requests.
        listen 127.0.0.1:{short_port};
        keepalive_timeout 1s;
        keepalive_requests 20;
        location / {{ return 200 'short'; }}
    }}
}}
"""

HTML = b"<!doctype html>" + b"<p>nginx serves this paragraph.</p>\n" * 2000
BIG = 50_000_000


def _program():
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


def installed():
    return _program() is not None


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@contextlib.contextmanager
def running(folder: Path, certificates):
    """Its url, tls_url, short_url, client_url, which wants a certificate, and the path of its socket.

    big and html are what /big and /page.html, /gzip.html serve."""
    www = folder / "www"
    www.mkdir()
    folder.chmod(0o755)
    (www / "page.html").write_bytes(HTML)
    (www / "gzip.html").write_bytes(HTML)
    pattern = bytes(range(251))
    (www / "big").write_bytes((pattern * (BIG // len(pattern) + 1))[:BIG])
    certificate, key = certificates.write(folder)
    port, tls_port, short_port, client_port = _free_port(), _free_port(), _free_port(), _free_port()
    authority = folder / "authority.pem"
    certificates.authority.cert_pem.write_to_path(str(authority))
    configuration = folder / "nginx.conf"
    text = _CONFIGURATION.format(
        folder=folder,
        port=port,
        tls_port=tls_port,
        short_port=short_port,
        client_port=client_port,
        certificate=certificate,
        key=key,
        authority=authority,
    )
    configuration.write_text(text.replace("dav_methods PUT; client_body_in_file_only clean; ", ""))
    process = subprocess.Popen([_program(), "-c", str(configuration), "-p", str(folder)], stdin=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 10
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", short_port), 1).close()
                break
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"nginx did not start: {(folder / 'error.log').read_text()}")
            time.sleep(0.02)
        yield SimpleNamespace(
            url=f"http://127.0.0.1:{port}",
            tls_url=f"https://localhost:{tls_port}",
            short_url=f"http://127.0.0.1:{short_port}",
            client_url=f"https://localhost:{client_port}",
            socket=folder / "nginx.sock",
            html=HTML,
            big=(www / "big"),
        )
    finally:
        process.terminate()
        process.wait()
