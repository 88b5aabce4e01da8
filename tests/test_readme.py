"""The README's Python runs as it stands, against a server on loopback, and what it says of speed was measured."""

import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"
if not README.exists():
    pytest.skip("an installed package has no README", allow_module_level=True)
TEXT = README.read_text(encoding="utf-8")
FIRST, CHAT = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


def run(tmp_path, example, url, instead):
    assert url in example
    script = tmp_path / "example.py"
    script.write_text(example.replace(url, instead))
    return [sys.executable, "-X", "dev", "-W", "error", str(script)]


def test_the_first_example_runs(httpbin, tmp_path):
    command = run(tmp_path, FIRST, "https://api.github.com/events", httpbin.url + "/html")
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stderr == ""
    assert done.stdout.startswith("200\n<!DOCTYPE html>")


async def test_the_chat_example_runs(tmp_path):
    from websockets.asyncio.server import broadcast, serve

    room = set()

    async def handler(ws):
        room.add(ws)
        async for message in ws:
            broadcast(room, f"{len(room)} here: {message}")
        room.remove(ws)

    async with serve(handler, "127.0.0.1", 0) as server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        command = run(tmp_path, CHAT, "wss://chat.example.org/room", url)
        done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True)
    assert done.stderr == ""
    assert done.stdout == "1 here: Hello, all\n1 here: and good-bye\n"


def test_the_speed_it_claims_is_what_was_measured():
    results = json.loads((README.parent / "benchmarks" / "results.json").read_text())[0]
    rates = {
        (row["loop"], row["contestant"]): row["per_second"]
        for row in results["rows"]
        if row["contest"] == "GET small, 50 at a time"
    }
    measured = [f"{rates[loop, 'aiohttp_client'] / rates[loop, 'aiohttp']:.1f}" for loop in ("asyncio", "uvloop")]
    assert re.findall(r"\*\*([\d.]+) times\*\*", TEXT) == measured


def test_its_links_lead_somewhere():
    links = re.findall(r'(?:\]\(|src=")(?!https?:)([^)"#]+)', TEXT)
    assert len(links) > 10
    assert not [link for link in links if not (README.parent / link).exists()]
