"""`info`: what is installed here, and what of it is in use."""

from __future__ import annotations

import argparse
import platform
import ssl
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

from .. import _backend
from .._http import __version__
from .._net.engine import tls_engine
from .._wire.coding import ACCEPT_ENCODING
from .ending import ExitCode
from .screen import Screen

# What is used when it is there, and for what.
_EXTRAS = {
    "uvloop": "event loop",
    "aiofastnet": "TLS",
    "httptools": "the httptools backend",
    "brotli": "bodies in br",
    "brotlicffi": "bodies in br",
    "backports.zstd": "bodies in zstd",
    "aiodns": "names without threads",
    "rich": "colours and progress bars",
}


def add(commands: Any) -> None:
    parser = commands.add_parser("info", help="what is installed here", description=__doc__)
    parser.set_defaults(run=run)


async def run(options: argparse.Namespace, screen: Screen) -> ExitCode:
    found = facts()
    if screen.machine:
        screen.result(found)
        return ExitCode.OK
    extras = found.pop("extras")
    for name, value in found.items():
        screen.line(f"{name + ':':<18}{value}")
    screen.line("extras:")
    for name, installed in extras.items():
        screen.line(f"  {name:<16}{installed or '-':<12}{_EXTRAS[name]}", "" if installed else "dim")
    return ExitCode.OK


def facts() -> dict[str, Any]:
    return {
        "aiohttp_client": __version__,
        "backend": _backend.BACKEND,
        "event loop": "uvloop" if find_spec("uvloop") else "asyncio",
        "TLS": f"{tls_engine(ssl.create_default_context())}, {ssl.OPENSSL_VERSION}",
        "Accept-Encoding": ACCEPT_ENCODING,
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "platform": platform.platform(),
        "free-threaded": not getattr(sys, "_is_gil_enabled", lambda: True)(),
        "extras": {name: _version(name) for name in _EXTRAS},
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
