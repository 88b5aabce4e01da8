"""`aiohttp-client bench` and `info`."""

import json
import re
import signal
import subprocess
import threading
import time

from command import COMMAND, one_answer, run


def test_a_load(nginx):
    code, output, error = run("--json", "bench", "-c", "5", "-n", "300", f"{nginx.url}/json")
    result = json.loads(output)
    assert (code, error) == (0, "")
    assert (result["responses"], result["statuses"], result["errors"]) == (300, {"200": 300}, {})
    assert result["bytes"] == 300 * len('{"server": "nginx"}')
    latency = list(result["latency_seconds"].values())
    assert latency == sorted(latency) and latency[0] > 0


def test_a_load_for_people(nginx):
    code, output, _ = run("bench", "-c", "2", "-t", "0.3s", f"{nginx.url}/missing")
    text = output.decode()
    assert code == 0
    assert "statuses: 404: " in text and "p99" in text and text.count(" ms █") >= 1
    counted = re.search(r"([\d,]+) responses in", text)[1]
    rows = [int(row.replace(",", "")) for row in re.findall(r"ms [█ ]{40} ([\d,]+)", text)]
    assert sum(rows) == int(counted.replace(",", ""))


def test_a_silent_server_does_not_keep_it():
    with one_answer(b"", threading.Event()) as url:
        code, output, error = run("--json", "bench", "-c", "1", "-t", "0.5s", url)
    result = json.loads(output)
    assert (code, result["code"], result["responses"]) == (3, 3, 0)
    assert re.fullmatch(r"aiohttp-client: not one response: nothing came within \d\.\d s\n", error)


def test_ctrl_c_shows_what_was_measured_until_then(nginx):
    with subprocess.Popen(
        [*COMMAND, "bench", "-c", "2", "-t", "60s", f"{nginx.url}/json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert b"60 s" in process.stdout.readline()
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        output, error = process.communicate(timeout=20)
    assert (process.returncode, error) == (130, b"")
    assert b" responses in " in output and b"p99" in output


def test_what_is_installed():
    code, output, error = run("--json", "info", AIOHTTP_CLIENT_BACKEND="py")
    facts = json.loads(output)
    assert (code, error) == (0, "")
    assert facts["backend"] == "py"
    assert run("info", AIOHTTP_CLIENT_BACKEND="py")[1].decode().splitlines()[1] == "backend:          py"


def test_the_help_documents_exit_codes():
    from aiohttp_client._cli.ending import ExitCode

    _, output, _ = run("--help")
    assert all(f"{code:>3}  {code.meaning}" in output.decode() for code in ExitCode)
