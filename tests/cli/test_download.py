"""`aiohttp-client download`: files, whole or not at all, and going on with what was begun."""

import gzip
import hashlib
import json
import re
import subprocess
import sys

import pytest
from command import answers, on_a_terminal, one_answer, run


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


HEAD = b'HTTP/1.1 %s\r\nETag: "%s"\r\nContent-Range: bytes %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n'
BROKEN_OFF = b'HTTP/1.1 200 OK\r\nETag: "e"\r\nContent-Length: 10\r\n\r\n0123'


def part(content, content_range, etag=b"e"):
    return HEAD % (b"206 Partial Content", etag, content_range, len(content)) + content


def test_a_part_that_is_less_than_was_asked_for_is_not_taken_for_the_rest(tmp_path):
    """RFC 9110 §15.3.7: a server may send less; the file is complete when it has all of its bytes."""
    with answers(BROKEN_OFF, part(b"45", b"4-5/10"), part(b"6789", b"6-9/10")) as (url, requests):
        assert run("download", url, cwd=tmp_path)[0] == 3
        assert run("download", url, cwd=tmp_path)[0] == 0
    assert (tmp_path / "file").read_bytes() == b"0123456789"
    assert [re.findall("(?m)^(?:Range|If-Range): (.*)\r", request) for request in requests] == [
        [],
        ["bytes=4-", '"e"'],
        ["bytes=6-", '"e"'],
    ]


def test_a_server_that_has_no_more_of_what_it_promised(tmp_path):
    with answers(BROKEN_OFF, part(b"", b"4-9/10")) as (url, _):
        run("download", url, cwd=tmp_path)
        code, _, error = run("download", url, cwd=tmp_path)
    assert (code, error) == (3, f"{url}: got 4 of 10 bytes, and no more when asked for them\n")


def test_a_part_of_another_version_is_not_put_behind_what_is_there(tmp_path):
    """A server that does not know If-Range sends the part asked for, of whatever it has now."""
    whole = b'HTTP/1.1 200 OK\r\nETag: "f"\r\nContent-Length: 10\r\nConnection: close\r\n\r\nabcdefghij'
    with answers(BROKEN_OFF, part(b"efghij", b"4-9/10", etag=b"f"), whole) as (url, _):
        run("download", url, cwd=tmp_path)
        assert run("download", url, cwd=tmp_path)[0] == 0
    assert (tmp_path / "file").read_bytes() == b"abcdefghij"


def test_what_is_coded_is_not_gone_on_with(tmp_path):
    """Ranges are of the coded bytes, and those are not what is in the file."""
    coded = gzip.compress(b"x" * 1000)
    head = b'HTTP/1.1 200 OK\r\nETag: "e"\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n' % len(coded)
    with answers(head + coded[:20], head + coded) as (url, requests):
        assert run("download", url, cwd=tmp_path)[0] == 3
        assert not (tmp_path / "file.part.json").exists()
        assert run("download", url, cwd=tmp_path)[0] == 0
    assert (tmp_path / "file").read_bytes() == b"x" * 1000
    assert "Range" not in requests[1]


def test_a_name_fits_into_a_directory():
    from aiohttp_client._cli.download import name_of

    assert name_of(f"http://h/{'é' * 300}") == "é" * 100


def test_without_rich_there_is_a_word_in_place_of_a_bar(tmp_path):
    script = "import sys; sys.modules['rich'] = None; from aiohttp_client.__main__ import main; sys.exit(main())"
    with one_answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") as url:
        code, shown = on_a_terminal("download", "-o", tmp_path, url, command=[sys.executable, "-c", script])
    assert code == 0 and (tmp_path / "file").read_bytes() == b"ok"
    assert shown.startswith("no colours and progress bars, for want of rich: pip install 'aiohttp_client[cli]'\r\n")
    help_text = subprocess.run([sys.executable, "-c", script, "--help"], capture_output=True, text=True).stdout
    assert "pip install 'aiohttp_client[cli]'" in help_text
