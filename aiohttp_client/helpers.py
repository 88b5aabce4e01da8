"""Small things that libraries import by aiohttp's path; what they are made of is elsewhere."""

from __future__ import annotations

from contextlib import nullcontext
from ipaddress import ip_address
from typing import NamedTuple

from multidict import MultiDict, MultiDictProxy
from yarl import URL

from ._net.environ import chosen_proxy, read_proxies
from ._wire.auth import BasicAuth as BasicAuth
from ._wire.auth import encode_basic_auth as encode_basic_auth
from ._wire.mime import content_type_parameters
from .content_fields import HeadersMixin as HeadersMixin
from .typedefs import UNSET

sentinel = UNSET
# Responses and streams take any timer=, and have their limits from elsewhere.
TimerNoop = nullcontext


class MimeType(NamedTuple):
    """A media type in its parts (RFC 6838 §4.2)."""

    type: str
    subtype: str
    suffix: str
    parameters: MultiDictProxy[str]


def parse_mimetype(mimetype: str) -> MimeType:
    """A Content-Type value in its parts, type and subtype in lower case; "" where there are none."""
    essence = mimetype.partition(";")[0].strip().lower()
    kind, _, subtype = ("*/*" if essence == "*" else essence).partition("/")
    subtype, _, suffix = subtype.partition("+")
    return MimeType(kind, subtype, suffix, MultiDictProxy(MultiDict(content_type_parameters(mimetype))))


def is_ip_address(host: str | None) -> bool:
    """Whether host is an IP address, and not a name."""
    try:
        ip_address(host or "")
    except ValueError:
        return False
    return True


def strip_auth_from_url(url: URL) -> tuple[URL, BasicAuth | None]:
    """url without userinfo, and what that says."""
    return url.with_user(None), BasicAuth.from_url(url)


def get_env_proxy_for_url(url: URL) -> tuple[URL, BasicAuth | None]:
    """The proxy that the environment has for url, and its credentials. May block; LookupError without one."""
    proxy = chosen_proxy(url, read_proxies())
    if proxy is None:
        raise LookupError(f"the environment names no proxy for {url}")
    return strip_auth_from_url(proxy)
