"""Responses of four other test suites, sent whole, cut at every byte, and byte by byte.

Each must come out as its authors say, unless DIFFERENT says why not; and the same on every backend
and however it is cut. It must not hang, and whatever is raised is a ClientError.
"""

import asyncio
import json
from pathlib import Path

import pytest

import aiohttp_client as aiohttp

CASES = json.loads((Path(__file__).parent / "wire_cases.json").read_text())

REFUSED = ("error", "ClientResponseError")
TRUNCATED = ("error", "ClientPayloadError")

# What comes out where it is not what the case expects, and where that expects nothing in particular.
DIFFERENT = {
    # A client reads one response per request; what comes behind it closes the connection (RFC 9112 §9.2). The
    # suites feed a parser, and count all messages.
    "connection:494": (("ok", 304, ""), "the next response is not the body of a 304"),
    "connection:539": (("ok", 304, ""), "the next response is not the body of a 304"),
    "content-length:125": (TRUNCATED, "the next response is the body, and too short"),
    "pipelining:6": (("ok", 200, "AAA"), "one response per request"),
    "connection:166": (("ok", 204, ""), "a 204 has no body"),
    "connection:262": (("ok", 204, ""), "a 204 has no body"),
    "connection:195": (("ok", 200, "2ad73"), "what is behind Content-Length is dropped"),
    "connection:229": (("ok", 200, "2ad73"), "what is behind Content-Length is dropped"),
    # Interim responses are skipped (RFC 9110 §15.2).
    "connection:588": (("ok", 404, "404: Not Found"), "100 is interim"),
    "connection:643": (TRUNCATED, "103 is interim, and the case's final body is shorter than its Content-Length"),
    "test.c:HTTP 101 response with Upgrade and Content-Length header": (("ok", 101, ""), "what follows is not HTTP"),
    "test.c:HTTP 101 response with Upgrade and Transfer-Encoding header": (("ok", 101, ""), "what follows is not HTTP"),
    # The connection ends before the body does (RFC 9112 §8): these stop the parser there, and count it as parsed.
    "content-length:170": (TRUNCATED, "42 bytes are announced, none comes"),
    "transfer-encoding:286": (TRUNCATED, "the connection ends inside the last chunk"),
    "sample:120": (TRUNCATED, "219 bytes are announced, fewer come"),
    'test.c:proxy request"\n  ,.url="http://hostname/"\n  ,.is_connect=0\n ': (
        ("error", "ServerDisconnectedError"),
        "a case of requests: its response is empty",
    ),
    # The suite's own notation drops line ends out of the expected body.
    "content-length:12": (None, "line ends are part of the body"),
    "sample:198": (("ok", 301, "\n"), "line ends are part of the body"),
    "transfer-encoding:114": (("ok", 200, "2\r\nOK\r\n0\r\n\r\n"), "line ends are part of the body"),
    "invalid:153": (REFUSED, "bare CR is no line end (RFC 9112 §2.2)"),
    # A head whose lines all end in bare LF is read (RFC 9112 §2.2); these suites refuse it unless told to be lenient.
    "invalid:289": (("ok", 200, ""), "LF ends all lines"),
    "invalid:306": (("ok", 200, ""), "LF ends all lines"),
    "invalid:329": (("ok", 200, "BODY\n\\"), "LF ends all lines"),
    "invalid:350": (("ok", 200, "BODY\n\\"), "LF ends all lines"),
    "sample:332": (("ok", 200, "these headers are from http://news.ycombinator.com/"), "LF ends all lines"),
    "sample:353": (("ok", 200, "these headers are from http://news.ycombinator.com/"), "LF ends all lines"),
    "transfer-encoding:391": (REFUSED, "a folded Transfer-Encoding"),
    # HTTP/1.0 and HTTP/1.1 are spoken (RFC 9112 §2.3).
    "lenient-version:6": (REFUSED, "HTTP/5.6"),
    "sample:42": (REFUSED, "RTSP"),
    "sample:62": (REFUSED, "ICE"),
    "sample:647": (REFUSED, "HTTP/0.9"),
    "test.c:http version 0.9": (REFUSED, "HTTP/0.9"),
    "client_allows_http09_when_requested": (REFUSED, "HTTP/0.9 has no status line"),
    "invalid:251": (("ok", 200, ""), "the reason may begin with a space"),
    "response:28": (REFUSED, "one space behind the version (RFC 9112 §4)"),
    "test.c:field space": (REFUSED, "a field name is a token (RFC 9110 §5.1)"),
    "test.c:200 trailing space on chunked body": (TRUNCATED, "a space behind a chunk's size"),
    "transfer-encoding:250": (("ok", 200, "aa"), "an empty chunk extension changes nothing"),
    "client_handles_contentlength_values_on_same_line": (REFUSED, "Content-Length is one number (RFC 9112 §6.3)"),
    # Nothing in particular is expected of these.
    "finish:8": (("ok", 200, ""), "the connection ends the body"),
    "sample:100": (("ok", 200, ""), "the connection ends the body"),
    "sample:273": (("ok", 404, ""), "the connection ends the body"),
    "sample:293": (("ok", 301, ""), "no reason, no space"),
    "sample:312": (("ok", 200, ""), "no reason"),
}


class CutAnswer:
    """Sends raw; the request says where to cut it."""

    def __init__(self, raw):
        self._raw = raw

    async def __call__(self, reader, writer):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            cuts = json.loads(head.partition(b"X-Cuts: ")[2].partition(b"\r\n")[0])
            for begin, end in zip([0, *cuts], [*cuts, len(self._raw)], strict=True):
                writer.write(self._raw[begin:end])
                # What was sent is read by the client, in this loop, before more comes.
                for _ in range(3):
                    await asyncio.sleep(0)
                if writer.transport.is_closing():
                    break
            writer.close()
            await writer.wait_closed()
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client has seen enough
        finally:
            writer.close()


async def outcome(session, method, url, cuts):
    headers = {"X-Cuts": json.dumps(list(cuts), separators=(",", ":"))}
    try:
        async with session.request(method, url, headers=headers, allow_redirects=False) as resp:
            return "ok", resp.status, (await resp.read()).decode("latin-1")
    except aiohttp.ClientError as error:
        return "error", type(error).__name__


def expected(case):
    expect = case["expect"]
    if case["id"] in DIFFERENT:
        return DIFFERENT[case["id"]][0] or ("ok", expect["status"])
    if expect["kind"] == "error":
        return ("error",)
    return ("ok", expect["status"]) if expect.get("body") is None else ("ok", expect["status"], expect["body"])


@pytest.mark.parametrize("case", CASES, ids=[f"{case['source']}-{case['id'].splitlines()[0]}" for case in CASES])
async def test_a_response_of_another_suite(case):
    raw = case["raw"].encode("latin-1")
    server = await asyncio.start_server(CutAnswer(raw), "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    # Every request needs a connection that nothing was sent on.
    connector = aiohttp.TCPConnector(limit=50, force_close=True)
    timeout = aiohttp.ClientTimeout(total=20)
    try:
        async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
            whole = await outcome(session, case["method"], url, ())
            wanted = expected(case)
            assert whole[: len(wanted)] == wanted
            cuts = [(), *[(at,) for at in range(1, len(raw))], range(1, len(raw))]
            found = await asyncio.gather(*(outcome(session, case["method"], url, cut) for cut in cuts))
            different = [(tuple(cut)[:1], this) for cut, this in zip(cuts, found, strict=True) if this != whole]
            assert different == []
    finally:
        server.close()
        await server.wait_closed()


def test_every_explanation_is_of_a_case():
    assert not set(DIFFERENT) - {case["id"] for case in CASES}
    unscored = {case["id"] for case in CASES if case["expect"]["kind"] == "any"}
    assert not unscored - set(DIFFERENT)
