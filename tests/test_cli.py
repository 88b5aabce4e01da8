"""The command line, run as its users run it: by a terminal, through pipes, with Ctrl-C."""

import contextlib
import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

pty = pytest.importorskip("pty", reason="terminals of Windows cannot be opened like this")

COMMAND = [sys.executable, "-X", "dev", "-W", "error", "-m", "aiohttp_client"]


def run(*arguments, stdin=None, cwd=None, **env):
    """(exit code, standard output, standard error)."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        cwd=cwd,
        timeout=60,
        env={**os.environ, **env},
    )
    return done.returncode, done.stdout, done.stderr.decode()


def on_a_terminal(*arguments, **env):
    """(exit code, what the terminal shows)."""
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120", **env}
    environment.pop("NO_COLOR", None)
    with subprocess.Popen(
        [*COMMAND, *map(str, arguments)], stdin=slave, stdout=slave, stderr=slave, env=environment
    ) as process:
        os.close(slave)
        shown = b""
        with contextlib.suppress(OSError):  # how Linux says that nobody writes any more
            while data := os.read(master, 65536):
                shown += data
    os.close(master)
    return process.returncode, shown.decode()


@contextlib.contextmanager
def one_answer(answer, then=None):
    """The URL of a server that gives one connection these bytes, and waits for then before it closes it."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            with contextlib.suppress(OSError):
                peer, _ = server.accept()
                with peer:
                    peer.recv(65536)
                    peer.sendall(answer)
                    if then is not None:
                        then.wait(30)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/file"
        if then is not None:
            then.set()
        thread.join()


# -- get


def test_through_a_pipe_comes_the_body_alone(nginx):
    assert run("get", f"{nginx.url}/page.html") == (0, nginx.html, "")
    code, output, _ = run("get", "-i", f"{nginx.url}/page.html")
    head, _, body = output.partition(b"\n\n")
    assert (code, body) == (0, nginx.html)
    assert head.startswith(b"HTTP/1.1 200 OK\nServer: nginx")


def test_a_scheme_may_be_left_out(nginx):
    assert run("get", f"{nginx.url.removeprefix('http://')}/page.html")[1] == nginx.html


def test_a_terminal_gets_colours_and_pretty_json(nginx):
    pytest.importorskip("rich")
    code, shown = on_a_terminal("get", f"{nginx.url}/json")
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown).replace("\r\n", "\n")
    assert code == 0
    assert plain.startswith("HTTP/1.1 200 OK\nServer: nginx")
    assert '{\n  "server": "nginx"\n}' in "\n".join(line.rstrip() for line in plain.split("\n"))
    assert "\x1b[1;32mHTTP/1.1 200 OK" in shown and "\x1b[36mServer" in shown


def test_a_terminal_is_not_given_control_sequences_of_strangers():
    with one_answer(b"HTTP/1.1 200 OK\r\nX: \xff\r\nContent-Length: 9\r\n\r\na\x1b[2Jb\tc\n") as url:
        _, shown = on_a_terminal("get", url)
    assert "a\\x1b[2Jb" in shown and "\x1b[2J" not in shown
    with one_answer(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 3\r\n\r\n\x89\xff\xfe") as url:
        _, shown = on_a_terminal("get", url)
    assert "3 B that are no text" in shown


def test_what_is_sent(httpbin, tmp_path):
    def sent(*options):
        code, output, error = run("get", *options, f"{httpbin.url}/anything")
        assert (code, error) == (0, "")
        return json.loads(output)

    assert (
        sent("-H", "X-One: 1", "-u", "me:secret")["headers"] | {"X-One": "1", "Authorization": "Basic bWU6c2VjcmV0"}
        == sent("-H", "X-One: 1", "-u", "me:secret")["headers"]
    )
    posted = sent("-d", "a=1&b=2")
    assert (posted["method"], posted["form"]) == ("POST", {"a": "1", "b": "2"})
    posted = sent("--json", '{"a": [1]}', "-X", "PUT")
    assert (posted["method"], posted["json"]) == ("PUT", {"a": [1]})
    file = tmp_path / "some file.txt"
    file.write_text("the content")
    posted = sent("-F", "a=1", "-F", f"f=@{file}")
    assert (posted["form"], posted["files"]) == ({"a": "1"}, {"f": "the content"})
    assert sent("-d", f"@{file}", "-H", "Content-Type: text/plain")["data"] == "the content"


def test_redirects_are_followed_when_asked_to(nginx):
    code, output, _ = run("get", "-i", f"{nginx.url}/moved")
    assert code == 0 and output.startswith(b"HTTP/1.1 301 ")
    assert run("get", "-L", f"{nginx.url}/moved")[1] == b'{"server": "nginx"}'


def test_for_programs(nginx):
    code, output, error = run("--json", "get", "-L", f"{nginx.tls_url}/moved", "-k")
    result = json.loads(output)
    assert (code, error) == (0, "")
    assert (result["status"], result["body"]) == (200, '{"server": "nginx"}')
    assert result["redirects"] == [f"{nginx.tls_url}/moved"]
    assert ["Content-Type", "application/json"] in result["headers"]
    assert result["seconds"]["first byte"] > 0


def test_where_the_time_goes(nginx, certificates, tmp_path):
    authority = tmp_path / "authority.pem"
    certificates.authority.cert_pem.write_to_path(str(authority))
    code, output, error = run("get", "--timing", "--cacert", authority, f"{nginx.tls_url}/page.html")
    assert (code, output) == (0, nginx.html)
    phases = [line.split("█")[0].split("  ")[0].strip() for line in error.splitlines()]
    assert phases == ["name lookup", "connect", "TLS handshake", "first byte", "body", "total"]
    times = [float(line.split()[-2]) for line in error.splitlines()]
    assert sum(times[:-1]) <= times[-1] + 0.5  # milliseconds, of rounding


def test_certificates_are_verified(nginx):
    code, output, error = run("get", f"{nginx.tls_url}/page.html")
    assert (code, output) == (3, b"")
    assert "CERTIFICATE_VERIFY_FAILED" in error and error.count("\n") == 1
    assert run("get", "-k", f"{nginx.tls_url}/page.html")[1] == nginx.html


def test_to_a_file(nginx, tmp_path):
    file = tmp_path / "page.html"
    assert run("get", "-o", file, f"{nginx.url}/page.html")[:2] == (0, b"")
    assert file.read_bytes() == nginx.html


# -- how it ends


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
    assert (code, error) == (4, f"aiohttp-client: 404 Not Found from {nginx.url}/nonexistent\n")


def test_half_a_response():
    with one_answer(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf") as url:
        code, _, error = run("get", url)
    assert code == 3
    assert "broke off" in error and len(error.splitlines()) == 1


def test_a_time_out():
    with one_answer(b"", threading.Event()) as url:
        begun = time.monotonic()
        code, _, error = run("get", "--max-time", "0.3", url)
        assert time.monotonic() - begun < 20
    assert code == 3 and "0.3 s" in error


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")
def test_a_full_disk(nginx):
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


# -- download


def test_a_file_is_downloaded(nginx, tmp_path):
    digest = hashlib.sha256(nginx.big.read_bytes()).hexdigest()
    code, _, error = run("download", "--checksum", f"sha256:{digest}", f"{nginx.url}/big", cwd=tmp_path)
    assert code == 0, error
    assert error.startswith("big: 47.7 MiB in ")
    assert [path.name for path in tmp_path.iterdir()] == ["big"]
    assert (tmp_path / "big").read_bytes() == nginx.big.read_bytes()


def test_many_files_into_a_folder(nginx, tmp_path):
    names = ["page.html", "gzip.html", "json", "missing"]
    code, output, _ = run("--json", "download", "-o", tmp_path, *[f"{nginx.url}/{name}" for name in names])
    results = [json.loads(line) for line in output.splitlines()]
    assert code == 4
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names[:3])
    assert (tmp_path / "gzip.html").read_bytes() == nginx.html
    assert [result["error"] for result in results if "error" in result] == ["404 Not Found"]


def test_what_is_there_is_not_replaced_unless_told_to(nginx, tmp_path):
    (tmp_path / "json").write_text("mine")
    code, _, error = run("download", f"{nginx.url}/json", cwd=tmp_path)
    assert (code, (tmp_path / "json").read_text()) == (5, "mine")
    assert "--force" in error
    assert run("download", "--force", f"{nginx.url}/json", cwd=tmp_path)[0] == 0
    assert (tmp_path / "json").read_text() == '{"server": "nginx"}'


def test_a_wrong_checksum_keeps_nothing(nginx, tmp_path):
    code, _, error = run("download", "--checksum", f"sha256:{'0' * 64}", f"{nginx.url}/json", cwd=tmp_path)
    assert (code, list(tmp_path.iterdir())) == (6, [])
    assert "expected 000" in error


def begun(nginx, folder, etag=None):
    """The first half of /big, which is marked, as an interrupted download leaves it."""
    _, head, _ = run("get", "-i", "-X", "HEAD", f"{nginx.url}/big")
    etag = etag or re.search(rb"(?i)etag: (.*)", head)[1].decode()
    whole = nginx.big.read_bytes()
    half = b"marked" + whole[6 : len(whole) // 2]
    (folder / "big.part").write_bytes(half)
    (folder / "big.part.json").write_text(json.dumps({"url": f"{nginx.url}/big", "validator": etag}))
    return half + whole[len(whole) // 2 :]


def test_an_interrupted_download_goes_on(nginx, tmp_path):
    expected = begun(nginx, tmp_path)
    assert run("download", f"{nginx.url}/big", cwd=tmp_path)[0] == 0
    assert [path.name for path in tmp_path.iterdir()] == ["big"]
    assert (tmp_path / "big").read_bytes() == expected


def test_a_file_that_has_changed_is_fetched_anew(nginx, tmp_path):
    begun(nginx, tmp_path, etag='"another"')
    assert run("download", f"{nginx.url}/big", cwd=tmp_path)[0] == 0
    assert (tmp_path / "big").read_bytes() == nginx.big.read_bytes()


def test_a_download_that_was_complete_needs_only_its_name(nginx, tmp_path):
    begun(nginx, tmp_path)
    (tmp_path / "big.part").write_bytes(nginx.big.read_bytes())
    assert run("download", f"{nginx.url}/big", cwd=tmp_path)[0] == 0
    assert (tmp_path / "big").read_bytes() == nginx.big.read_bytes()


def test_more_than_there_is_is_fetched_anew(nginx, tmp_path):
    begun(nginx, tmp_path)
    (tmp_path / "big.part").write_bytes(b"x" * (nginx.big.stat().st_size + 1))
    assert run("download", f"{nginx.url}/big", cwd=tmp_path)[0] == 0
    assert (tmp_path / "big").read_bytes() == nginx.big.read_bytes()


def test_what_came_of_a_broken_download_is_kept(tmp_path):
    answer = b'HTTP/1.1 200 OK\r\nETag: "e"\r\nContent-Length: 10\r\n\r\nhalf'
    with one_answer(answer) as url:
        code, _, error = run("download", url, cwd=tmp_path)
    assert code == 3 and "broke off" in error
    assert (tmp_path / "file.part").read_bytes() == b"half"
    assert json.loads((tmp_path / "file.part.json").read_text()) == {"url": url, "validator": '"e"'}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/a/b.txt?c", "b.txt"),
        ("/", "index.html"),
        ("/..%2f..%2fetc%2fpasswd", "_.._etc_passwd"),
        ("/.profile", "profile"),
    ],
)
def test_names_stay_in_the_folder(path, name):
    from aiohttp_client._cli.download import name_of

    assert name_of(f"http://h{path}") == name


def test_a_progress_bar_on_a_terminal(nginx, tmp_path):
    pytest.importorskip("rich")
    code, shown = on_a_terminal("download", "-o", tmp_path, f"{nginx.url}/big")
    assert code == 0
    assert "━" in shown and "47.7/47.7 MiB" in shown and "/s" in shown


# -- ws


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


# -- bench and info


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
