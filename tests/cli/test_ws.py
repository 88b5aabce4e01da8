"""`aiohttp-client ws`: lines there and back."""

import json
import threading

import pytest
from command import run


@pytest.fixture
def echo():
    """The URL of a WebSocket server of the package websockets, which echoes."""
    from websockets.sync.server import serve

    def handler(ws):
        for message in ws:
            ws.send(message)
            if message == "close":
                ws.close(1011)

    with serve(handler, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}/"
        server.shutdown()
        thread.join()


def test_lines_are_sent_and_answers_shown(echo):
    lines = "".join(f"line {number}\n" for number in range(500)).encode()
    assert run("ws", "--wait", "0.5", echo, stdin=lines + b"no end") == (0, lines + b"no end\n", "")
    code, output, _ = run("--json", "ws", "--wait", "0.5", echo, stdin=b"a\r\n\n")
    assert [json.loads(line) for line in output.splitlines()] == [
        {"type": "text", "data": "a"},
        {"type": "text", "data": ""},
    ]
    assert code == 0


def test_a_server_that_ends_the_conversation(echo):
    code, output, error = run("ws", echo, stdin=b"close\n")
    assert (code, output) == (3, b"close\n")
    assert error == "aiohttp-client: the WebSocket ended with close code 1011\n"


def test_no_websocket_there(nginx):
    code, _, error = run("ws", f"{nginx.url}/json")
    assert code == 4 and "200" in error and len(error.splitlines()) == 1
