"""SECURITY.md's table of limits is what the code does."""

import inspect
from pathlib import Path

import pytest

import aiohttp_client as aiohttp
from aiohttp_client import (
    _http,
    cookiejar,
    hdrs,
    multipart_reader,
    multipart_writer,
    settings,
    streams,
    timeouts,
    ws_connect,
)
from aiohttp_client._net import incoming, wsconnection
from aiohttp_client._wire import coding, cookies

LIMITS = _http.DEFAULT_LIMITS
MIB = 2**20

ROWS = {
    cells[0].strip(): cells[1].strip()
    for line in (Path(__file__).parents[1] / "SECURITY.md")
    .read_text()
    .partition("## Limits")[2]
    .partition("\n## ")[0]
    .splitlines()
    if line.startswith("| ") and (cells := line.strip("|").split("|")) and cells[0].strip() != "what"
}


def default(function, name):
    return inspect.signature(function).parameters[name].default


# The row, and the numbers that must be in it, as code has them.
TRUE = {
    "reason phrase, chunk-size line": [f"{LIMITS.line:,}"],
    "one field": [f"{LIMITS.field:,}"],
    "fields; trailer fields": [LIMITS.fields],
    "head; trailer section": [f"{LIMITS.total // 1024} KiB"],
    "interim (1xx) responses to one request": [_http.MAX_INTERIM_RESPONSES],
    "interim responses to CONNECT": [_http.MAX_INTERIM_RESPONSES],
    "empty lines in front of a status line": [_http.MAX_LEADING_EMPTY_LINES],
    "room made for a body by the word of its Content-Length": [f"{incoming._MOST_COLLECTED // MIB} MiB"],
    "chunk extensions in one body": [f"{_http.MAX_CHUNK_EXTENSIONS // 1024} KiB", "16 digits", "2⁶³"],
    "body received ahead of its reader": [f"2 × {default(aiohttp.ClientSession, 'read_bufsize') // 1024} KiB"],
    "a line of a body": [f"{streams._LONGEST_LINE // MIB} MiB"],
    "decoding": [f"{default(aiohttp.ClientSession, 'read_bufsize') // 1024} KiB"],
    "gzip members, zstd frames in a body": [f"{coding._MAX_MEMBERS:,}", f"{2**coding._ZSTD_WINDOW_LOG // MIB} MiB"],
    "content codings of a body": [1],
    "redirects": [default(settings.Settings.changed, "max_redirects")],
    "total time, waiting for a socket": [
        f"{timeouts.DEFAULT_TIMEOUT.total} s",
        f"{timeouts.DEFAULT_TIMEOUT.sock_connect} s",
    ],
    "connections": [default(aiohttp.BaseConnector, "limit")],
    "field names kept for the next head": [f"{hdrs._MOST_INTERNED:,}", hdrs._LONGEST_INTERNED],
    "DNS answers kept": [
        f"{default(aiohttp.TCPConnector, 'dns_cache_max_size'):,}",
        f"{default(aiohttp.TCPConnector, 'ttl_dns_cache')} s",
    ],
    "cookies": [
        f"{cookies.MAX_COOKIE:,}",
        cookiejar._PER_RESPONSE,
        cookiejar._PER_DOMAIN,
        f"{cookiejar._IN_ALL:,}",
        cookiejar._SENT,
        f"{cookiejar._SENT_BYTES:,}",
    ],
    "multipart": [multipart_reader._MAX_DEPTH, multipart_writer._MAX_BOUNDARY],
    "WebSocket message, inflated too": [f"{default(aiohttp.ClientSession.ws_connect, 'max_msg_size') // MIB} MiB"],
    "WebSocket messages received ahead of their reader": [f"{wsconnection._HIGH // 1024} KiB"],
    "pongs waiting to be sent": [1],
    "explanation with a refused WebSocket handshake": [f"{ws_connect._EXPLANATION // 1024} KiB"],
}


def test_every_limit_is_known_here():
    assert ROWS.keys() == TRUE.keys()


@pytest.mark.parametrize("row", TRUE)
def test_a_limit_is_what_the_code_says(row):
    said = ROWS[row].replace("\u00a0", " ").replace(" ", "").replace(",", "")
    for number in TRUE[row]:
        assert str(number).replace(" ", "").replace(",", "") in said
