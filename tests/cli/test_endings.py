"""How commands end: exit codes, one clear line, Ctrl-C."""

import json
import os
import signal
import subprocess
import threading
import time

import pytest
from command import COMMAND, one_answer, run


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["get", "http://127.0.0.1:1/"], 3, "Cannot connect to host 127.0.0.1:1"),
        (["get", "http://a b/"], 2, "not a URL"),
        (["get", "ftp://h/"], 2, "not a URL"),
        (["get", "-H", "no colon", "http://h/"], 2, "colon"),
        (["get", "-H", "A: b\r\nC: d", "http://127.0.0.1:1/"], 2, "header"),
        (["get", "--json", "{", "http://h/"], 2, "not JSON"),
        (["get", "-F", "x", "http://h/"], 2, "name=value"),
        (["get", "-d", "@/nonexistent", "http://h/"], 5, "/nonexistent"),
        (["get", "--cacert", "/nonexistent", "https://h/"], 5, "No such file"),
        (["get", "--max-time", "-1", "http://h/"], 2, "--max-time"),
        (["get"], 2, "URL"),
        (["fetch", "http://h/"], 2, "fetch"),
        (["bench", "http://127.0.0.1:1/", "-n", "3"], 3, "not one response"),
        (["bench", "-c", "0", "http://h/"], 2, "at least 1"),
        (["ws", "http://127.0.0.1:1/"], 3, "127.0.0.1"),
        (["get", "--proxy", "127.0.0.1:1", "http://h/"], 3, "127.0.0.1:1"),
        (["download", "http://h/a", "http://i/a"], 2, "two URLs"),
        (["download", "-o", "/nonexistent/x/", "http://h/a"], 5, "no folder"),
        (["download", "--checksum", "md6:00", "http://h/a"], 2, "sha256"),
        (["download", "--checksum", "sha256:00", "http://h/a"], 2, "64 hexadecimal digits"),
        (["download", "--checksum", "shake_128:00", "http://h/a"], 2, "one size"),
        (["download", "http://127.0.0.1:1/a"], 3, "127.0.0.1:1"),
    ],
)
def test_one_clear_line_and_the_right_exit_code(arguments, code, words, tmp_path):
    found, _, error = run(*arguments, cwd=tmp_path)
    assert (found, words in error) == (code, True), error
    assert "Traceback" not in error
    assert code == 2 or len(error.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_errors_for_programs():
    code, output, _ = run("--json", "get", "http://127.0.0.1:1/")
    assert json.loads(output)["code"] == code == 3


def test_a_status_is_an_error_when_asked_for(nginx):
    assert run("get", f"{nginx.url}/nonexistent")[0] == 0
    code, _, error = run("get", "--fail", f"{nginx.url}/nonexistent")
    said = f"404 Not Found from {nginx.url}/nonexistent"
    assert (code, error) == (4, f"aiohttp-client: {said}\n")
    code, output, _ = run("--json", "get", "--fail", f"{nginx.url}/nonexistent")
    result = json.loads(output)  # one document, with what came and what is wrong
    assert (result["status"], result["error"], result["code"]) == (404, said, code)


def test_half_a_response():
    with one_answer(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf") as url:
        code, _, error = run("get", url)
    assert code == 3
    assert error == (
        "aiohttp-client: the response broke off: not enough data to satisfy Content-Length (received 4 of 10 bytes)\n"
    )


def test_a_time_out():
    with one_answer(b"", threading.Event()) as url:
        begun = time.monotonic()
        code, _, error = run("get", "--max-time", "0.3", url)
        assert time.monotonic() - begun < 20
    assert code == 3 and "0.3 s" in error


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")
def test_a_full_disk(nginx):
    with open("/dev/full", "wb") as full:
        for options in ([], ["--json"]):
            done = subprocess.run(
                [*COMMAND, *options, "get", f"{nginx.url}/json"], stdout=full, stderr=subprocess.PIPE, text=True
            )
            assert (done.returncode, done.stderr) == (5, "aiohttp-client: [Errno 28] No space left on device\n")
    code, _, error = run("get", "-o", "/dev/full", f"{nginx.url}/big")
    assert (code, len(error.splitlines())) == (5, 1)
    assert "No space left" in error


def test_an_unwritable_file(nginx, tmp_path):
    code, _, error = run("get", "-o", tmp_path, f"{nginx.url}/json")
    assert code == 5 and "directory" in error


def test_whoever_reads_may_go_away(nginx):
    with subprocess.Popen(
        [*COMMAND, "get", f"{nginx.url}/big"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert len(process.stdout.read(1000)) == 1000
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
def test_what_the_shell_has_closed_is_not_missed(closed, nginx):
    command = f'"$@" {closed}'
    done = subprocess.run(
        ["sh", "-c", command, "sh", *COMMAND, "get", f"{nginx.url}/json"], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == ("" if closed == ">&-" else '{"server": "nginx"}')


@pytest.mark.parametrize("command", [["get"], ["--json", "get"], ["bench"], ["download", "-o", "never"]])
def test_ctrl_c(command, tmp_path):
    with one_answer(b"", threading.Event()) as url:
        process = subprocess.Popen(
            [*COMMAND, *command, url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path
        )
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=20)
    assert (process.returncode, error) == (130, b"")
