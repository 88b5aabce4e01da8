"""What trust_env trusts: the proxies of environment and system, and netrc; read off the loop, and kept.

Proxies are worked out anew when a variable of the environment changes, a netrc file is read anew
when it does.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from yarl import URL

from .._wire.auth import encode_basic_auth
from .._wire.urls import parse_url

if TYPE_CHECKING:
    from netrc import netrc

_logger = logging.getLogger("aiohttp_client.client")

# Where proxies are also a setting of the system, which takes calls that may block.
_HAS_SETTINGS = sys.platform in ("darwin", "win32")

_proxies: tuple[tuple[tuple[str, str], ...], dict[str, str]] | None = None
_netrc: tuple[tuple[Path, int, int], netrc | None] | None = None


async def proxy_from_env(url: URL) -> URL | None:
    """The proxy for url by <scheme>_proxy or all_proxy, None without one or where no_proxy says so."""
    global _proxies
    snapshot = tuple(item for item in os.environ.items() if item[0].lower().endswith("_proxy"))
    if _proxies is None or _proxies[0] != snapshot or _HAS_SETTINGS:
        _proxies = snapshot, await asyncio.get_running_loop().run_in_executor(None, read_proxies)
    proxy = chosen_proxy(url, _proxies[1])
    if proxy is None or not _HAS_SETTINGS:
        return proxy
    bypassed = await asyncio.get_running_loop().run_in_executor(None, _bypasses, url.raw_host or "")
    return None if bypassed else proxy


def chosen_proxy(url: URL, proxies: dict[str, str]) -> URL | None:
    """The one of proxies, by scheme as read_proxies() gives them, that is for url."""
    found = proxies.get(url.scheme) or proxies.get("all")
    host = url.raw_host
    if not found or not host or is_bypassed(host, url.port, proxies.get("no", "")):
        return None
    try:
        return parse_url(found if "://" in found else f"http://{found}")
    except ValueError as error:
        _logger.warning("the %s proxy of the environment is ignored, it is not a URL: %s", url.scheme, error)
        return None


def read_proxies() -> dict[str, str]:
    """The proxies of environment and system, by scheme; no_proxy as "no". May block."""
    # Imported here, for it brings an HTTP client and the email package with it.
    from urllib.request import getproxies

    return getproxies()


def _bypasses(host: str) -> bool:
    from urllib.request import proxy_bypass

    return bool(proxy_bypass(host))


def is_bypassed(host: str, port: int | None, no_proxy: str) -> bool:
    """Whether no_proxy exempts host.

    Its entries, separated by commas: "*"; a domain, with or without a leading dot, for itself and
    its subdomains; an address; a network as 10.0.0.0/8; each may end in :port."""
    name = host.rstrip(".").lower()
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        address = None
    for entry in no_proxy.split(","):
        entry = entry.strip().lower()
        if entry == "*":
            return True
        if address is not None:
            if _covers(entry, port, address):
                return True
            continue
        entry, colon, entry_port = entry.partition(":")
        if colon and entry_port != str(port):
            continue
        domain = entry.removeprefix("*").strip(".")
        if domain and (name == domain or name.endswith("." + domain)):
            return True
    return False


def _covers(entry: str, port: int | None, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if entry.startswith("["):  # [::1]:8080
        entry, _, entry_port = entry[1:].partition("]")
        entry_port = entry_port.removeprefix(":")
    elif entry.count(":") == 1:  # 10.0.0.1:8080
        entry, _, entry_port = entry.partition(":")
    else:
        entry_port = ""
    try:
        network = ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False
    return address in network and entry_port in ("", str(port))


async def netrc_authorization(host: str, *, by_name: bool = False) -> str | None:
    """The Basic credentials that $NETRC, or the netrc file of the home folder, holds for host.

    by_name: its default entry does not count, for it is not the caller who has chosen host.
    A file that cannot be read is logged, and has none."""
    global _netrc
    try:
        path = _netrc_path()
        state = path.stat()
    except (OSError, RuntimeError):  # RuntimeError: there is no home folder
        return None
    version = path, state.st_mtime_ns, state.st_size
    if _netrc is None or _netrc[0] != version:
        _netrc = version, await asyncio.get_running_loop().run_in_executor(None, _read_netrc, path)
    entries = _netrc[1]
    if entries is None or (by_name and host not in entries.hosts):
        return None
    found = entries.authenticators(host)
    if not found:
        return None
    login, account, password = found
    try:
        return encode_basic_auth(login or account or "", password or "")
    except ValueError as error:
        _logger.warning("the entry of %s in %s cannot be used: %s", host, path, error)
        return None


def _netrc_path() -> Path:
    given = os.environ.get("NETRC")
    return Path(given) if given else Path.home() / ("_netrc" if sys.platform == "win32" else ".netrc")


def _read_netrc(path: Path) -> netrc | None:
    from netrc import NetrcParseError, netrc  # for those who have such a file

    try:
        return netrc(str(path))
    except (OSError, NetrcParseError, UnicodeDecodeError) as error:
        _logger.warning("%s cannot be read: %s", path, error)
        return None
