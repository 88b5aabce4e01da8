"""`aiohttp-client get`: what is sent, and what is shown to people, pipes and programs."""

import json
import re

import pytest
from command import on_a_terminal, one_answer, run


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


def test_nor_their_c1_controls():
    """U+009B is what ESC [ is, to a terminal that knows it; a byte that is no UTF-8 may be one in another encoding."""
    body = b'["\xc2\x9b31m", "\\ud800"]'
    head = b"HTTP/1.1 200 Fine \xff\r\nX: \xc2\x9b31m\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    with one_answer(head % len(body) + body) as url:
        code, shown = on_a_terminal("get", url)
    assert code == 0 and "\x9b" not in shown
    assert "Fine \\udcff" in shown and ": \\x9b31m" in shown and "\\ud800" in shown


def test_heads_come_through_a_pipe_as_they_are():
    with one_answer(b"HTTP/1.1 200 Fine \xff\r\nX: \xfe\xc2\xb5\r\nContent-Length: 0\r\n\r\n") as url:
        code, output, error = run("get", "-i", url, PYTHONUTF8="1")
    assert (code, error) == (0, "")
    assert output == b"HTTP/1.1 200 Fine \xff\nX: \xfe\xc2\xb5\nContent-Length: 0\n\n"


def test_what_no_json_reader_can_read_is_shown_as_the_text_it_is():
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"
    with one_answer(head + b"[" * 100_000) as url:
        code, shown = on_a_terminal("get", url)
    assert code == 0 and shown.count("[") >= 100_000 and "Traceback" not in shown


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


def test_programs_are_given_ascii():
    with one_answer(b"HTTP/1.1 200 OK\r\nX: \xff\r\nContent-Length: 2\r\n\r\n\xc2\xb5") as url:
        code, output, _ = run("--json", "get", url, PYTHONIOENCODING="ascii")
    assert code == 0 and output.isascii()
    assert json.loads(output)["body"] == "µ"


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
