"""What is fuzzed: each takes any bytes.

It raises unless they are accepted, or refused as documented, alike by all backends and however they are cut.
"""

from __future__ import annotations

import asyncio
import importlib
import re
import warnings
import zlib
from types import ModuleType
from typing import Any

from yarl import URL

import aiohttp_client as aiohttp
from aiohttp_client._http import HeadLimits
from aiohttp_client._net.target import target_of
from aiohttp_client._wire.coding import decoder_for
from aiohttp_client._wire.cookies import parse_cookie_header, parse_date
from aiohttp_client._wire.digest import challenges
from aiohttp_client._wire.disposition import parse_content_disposition
from aiohttp_client._wire.links import parse_links
from aiohttp_client._wire.mime import content_type_parameter, parse_content_type, text_codec
from aiohttp_client._wire.redirect import next_hop
from aiohttp_client._wire.wsdeflate import Inflater
from aiohttp_client._wire.wsframes import MessageReader
from aiohttp_client.exceptions import BadHttpMessage, ContentEncodingError, InvalidURL

_BACKENDS = ("_speedups", "_pure", "_llhttp")
_SMALL = HeadLimits(40, 60, 6, 200)
_STEP = 4096
# HTAB is allowed in a cookie (RFC 6265bis §5.6).
_control = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]").search


def _codecs(name: str) -> dict[str, ModuleType]:
    return {backend: importlib.import_module(f"aiohttp_client.{backend}.{name}") for backend in _BACKENDS}


_HEADS = _codecs("head")
_CHUNKS = _codecs("chunks")
_MASKS = _codecs("mask")


def _agree(outcomes: dict[Any, Any]) -> None:
    first, *others = outcomes.items()
    for other in others:
        assert other[1] == first[1], f"{first[0]}: {first[1]!r}\n{other[0]}: {other[1]!r}"


def _cuts(data: bytes) -> list[list[int]]:
    """None, one that the data choose, everywhere."""
    chosen = [1 + zlib.crc32(data) % (len(data) - 1)] if len(data) > 1 else []
    return [[], chosen, list(range(1, len(data))) if len(data) < 200 else []]


def _head_of(module: ModuleType, data: bytes, cuts: list[int], limits: HeadLimits) -> object:
    searched = 0
    for end in [*cuts, len(data)]:
        try:
            head = module.parse_head(data[:end], limits, searched)
        except BadHttpMessage as error:
            return type(error)
        if head is not None:
            return (
                head.end, head.status, head.reason, head.version, head.length, head.chunked, head.transfer_coded,
                head.keep_alive, head.upgrade, head.has_cookies, head.coding, head.raw_headers,
                list(head.headers.items()),
            )  # fmt: skip
        searched = end
    return None


def head(data: bytes) -> None:
    for limits in (HeadLimits(), _SMALL):
        _agree({
            (name, at): _head_of(module, data, cuts, limits)
            for name, module in _HEADS.items()
            for at, cuts in enumerate(_cuts(data))
        })  # fmt: skip


def _body_of(module: ModuleType, data: bytes, cuts: list[int], limits: HeadLimits) -> object:
    decoder = module.ChunkDecoder(limits)
    chunks, current, rest, begin = [], b"", b"", 0
    for end in [*cuts, len(data)]:
        if decoder.done:
            rest += data[begin:end]
        for payload, ends in decoder.feed(data[begin:end]):
            current += payload
            if ends:
                chunks.append(current)
                current = b""
        rest = rest or (decoder.rest if decoder.done else b"")
        begin = end
    return chunks, current, decoder.done, rest, type(decoder.error)


def chunks(data: bytes) -> None:
    for limits in (HeadLimits(), _SMALL):
        _agree({
            (name, at): _body_of(module, data, cuts, limits)
            for name, module in _CHUNKS.items()
            for at, cuts in enumerate(_cuts(data))
        })  # fmt: skip


def _messages(data: bytes, step: int, deflate: bool) -> object:
    inflater = Inflater(15, forgets=False) if deflate else None
    reader = MessageReader(max_size=70_000, inflater=inflater)
    found: list[object] = []
    for at in range(0, len(data), step):
        reader.feed(data[at : at + step])
        while True:
            batch, _ = reader.batch(100)
            found += batch
            if not batch:
                message = reader.message()
                if message is None:
                    break
                found.append(message)
    return found, reader.error and reader.error.code


def websocket(data: bytes) -> None:
    key, payload = data[:4].ljust(4, b"\0"), data[4:]
    _agree({name: module.frame(0x82, key, payload) for name, module in _MASKS.items()})
    for begin in (0, 4):
        _agree({name: module.piece(0x82, key, payload, begin, len(payload) // 2) for name, module in _MASKS.items()})
    for text in (None, 1):
        _agree({name: module.scan(data, 0, 300, 10, tuple, text, 2) for name, module in _MASKS.items()})
    for deflate in (False, True):
        _agree({step: _messages(data, step, deflate) for step in (len(data) or 1, 1, 7)})


async def _parts(reader: aiohttp.MultipartReader) -> list[object]:
    found: list[object] = []
    async for part in reader:
        if isinstance(part, aiohttp.MultipartReader):
            found.append(await _parts(part))
        else:
            found.append((list(part.headers.items()), part.name, part.filename, bytes(await part.read(decode=True))))
    return found


_loop = asyncio.new_event_loop()


def multipart(data: bytes) -> None:
    def outcome(step: int) -> object:
        stream = aiohttp.StreamReader()
        for at in range(0, len(data), step):
            stream.feed_data(data[at : at + step])
        stream.feed_eof()
        reader = aiohttp.MultipartReader({"Content-Type": "multipart/form-data; boundary=B"}, stream)
        try:
            return _loop.run_until_complete(asyncio.wait_for(_parts(reader), 10))
        except (ValueError, RuntimeError, aiohttp.ClientError, BadHttpMessage) as error:
            return type(error)

    _agree({step: outcome(step) for step in (len(data) or 1, 1, 5)})


def fields(data: bytes) -> None:
    """Every field whose value the client takes apart."""
    text = data.decode("utf-8", "surrogateescape")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parse_content_disposition(text)
    parse_content_type(text)
    text_codec(content_type_parameter(text, "charset") or "")
    list(parse_links(text))
    list(challenges([text]))
    parse_cookie_header(text)
    parse_date(text)


def cookies(data: bytes) -> None:
    jar = aiohttp.CookieJar()
    at = URL("https://www.example.org/a/b")
    lines = data.decode("utf-8", "surrogateescape").split("\n")
    jar.update_cookies_from_headers(lines, at)
    domains = {morsel["domain"] for morsel in jar}
    assert domains <= {"www.example.org", "example.org"}, domains
    shared = {morsel.key for morsel in jar if morsel["domain"] == "example.org"}
    anywhere = {(morsel.key, morsel.value) for morsel in jar if not morsel["secure"]}
    for url in (at, URL("http://example.org/"), URL("https://sub.www.example.org/a/b/c")):
        for morsel in jar.filter_cookies(url).values():
            assert not _control(morsel.key + morsel.coded_value), morsel
            assert url.scheme == "https" or (morsel.key, morsel.value) in anywhere, morsel
            assert url.host != "example.org" or morsel.key in shared, morsel


def redirect(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    came_from = URL("http://user:secret@www.example.org/a/b?c#d")
    for requote in (True, False):
        try:
            hop = next_hop("POST", came_from, 307, text, requote=requote)
        except aiohttp.ClientError as error:
            assert str(error).isprintable(), error
            continue
        assert hop.url.scheme in ("http", "https") and hop.url.raw_host, hop
        try:
            line = target_of(hop.url).tail  # as it is sent; whose host and path are checked there
        except InvalidURL:
            continue
        assert line.count(b"\r\n") == 2 and line.count(b" ") == 3, line
        if hop.same_origin:
            assert (hop.url.scheme, hop.url.raw_host, hop.url.port) == ("http", "www.example.org", 80), hop
        if "secret" not in text:  # what the place came with stays at its origin
            assert hop.same_origin or hop.url.password != "secret", hop


def coding(data: bytes) -> None:
    for name in ("gzip", "deflate", "br", "zstd"):

        def outcome(step: int, name: str = name) -> object:
            decoder = decoder_for(name)
            if decoder is None:
                return None
            decoded = b""
            try:
                for at in range(0, len(data), step):
                    piece = decoder.decode(data[at : at + step], _STEP)
                    # brotli cannot be told exactly where to stop.
                    assert len(piece) <= _STEP * 8, len(piece)
                    decoded += piece
                    while not decoder.needs_input and len(decoded) < 1_000_000:
                        decoded += decoder.decode(b"", _STEP)
                    if len(decoded) >= 1_000_000:
                        return "large"
                decoder.finish()
            except ContentEncodingError as error:
                return type(error)
            return decoded

        if name == "zstd":  # libzstd compares the size a frame announces only where it has all of it
            outcome(len(data) or 1), outcome(1)
        else:
            _agree({step: outcome(step) for step in (len(data) or 1, 1)})


TARGETS = {
    target.__name__: target for target in (head, chunks, websocket, multipart, fields, cookies, redirect, coding)
}
# Where the search begins.
SEEDS: dict[str, list[bytes]] = {
    "head": [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello",
        b"HTTP/1.0 301 Moved\r\nTransfer-Encoding: gzip, chunked\r\nSet-Cookie: a=b\r\nUpgrade: x\r\n\r\n",
        b"\r\nHTTP/1.1 101\r\nConnection: Upgrade, close\r\nContent-Encoding: br\r\n"
        b"Content-Length: 1\r\nContent-Length: 1\r\n\r\n",
    ],
    "chunks": [b'5;a="b"\r\nhello\r\n0\r\nTrailer: x\r\n\r\nrest', b"0000a\r\n0123456789\r\n0\r\n\r\n"],
    "websocket": [
        b"\x81\x05Hello\x01\x02ab\x89\x01x\x80\x02cd\x88\x02\x03\xe8",
        b"\x82\x7e\x00\x80" + bytes(128),
        b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00\x82\x7f" + bytes(6) + b"\x01\x00",
    ],
    "multipart": [
        b'--B\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n\r\ntext\r\n--B--\r\n',
        b"--B\r\nContent-Type: multipart/mixed; boundary=C\r\n\r\n"
        b"--C\r\nContent-Transfer-Encoding: base64\r\n\r\naGk=\r\n--C--\r\n--B--",
        b"--B\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc\r\n--B--\r\n",
    ],
    "fields": [
        b"attachment; filename*=UTF-8''%e2%82%ac.txt; filename=\"a\\\"b\"",
        b"text/html; charset=utf-8; boundary=x",
        b'<https://x/y>; rel="next"; title=a, <z>; rel=prev',
        b'Digest realm="a\\"b", nonce="x", qop="auth,auth-int", algorithm=SHA-256, Basic realm=x',
        b"Wed, 21 Oct 2015 07:28:00 GMT",
    ],
    "cookies": [
        b"a=b; Path=/a; Domain=.example.org; Secure; HttpOnly; Max-Age=60; SameSite=Lax",
        b'__Host-x="1;2"; Path=/; Secure; Expires=Wed, 21 Oct 2037 07:28:00 GMT\nq=\\"',
    ],
    "redirect": [
        b"/x?y#z", b"//other.example:81/%zz", b"https://www.example.org:443/a b", b"http://[::1]/\xff", b"..//../;x",
    ],
    "coding": [
        zlib.compress(b"hello" * 20),
        bytes.fromhex("1f8b0800000000000003cb48cdc9c95728cf2fca490100853ded450b000000"),
        bytes.fromhex("0b028068656c6c6f03"),
        bytes.fromhex("28b52ffd2005290000" "68656c6c6f"),
    ],
}  # fmt: skip
