"""Forms and multipart bodies, as servers nobody here wrote read them, and byte by byte."""

import base64
import email
import gzip
import io
import re
import zlib

import pytest
from multidict import MultiDict

import aiohttp_client as aiohttp

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def sent(origin, data, **options):
    """(head, body) of a POST of data."""
    origin.plays(OK)
    async with aiohttp.ClientSession() as session, session.post(origin.url, data=data, **options) as response:
        assert response.status == 200
    head, _, body = origin.requests[-1].partition(b"\r\n\r\n")
    return head.decode(), body


def parts_of(head, body):
    """(headers, content) of each part, read by the standard library."""
    content_type = next(line for line in head.split("\r\n") if line.startswith("Content-Type: "))
    message = email.message_from_bytes(f"{content_type}\r\n\r\n".encode() + body)
    assert message.is_multipart()
    return [(dict(part.items()), part.get_payload(decode=True)) for part in message.get_payload()]


@pytest.mark.parametrize(
    ("data", "body"),
    [
        ({"key1": "value1", "key2": "value2"}, b"key1=value1&key2=value2"),
        ([("a", "1"), ("a", "2")], b"a=1&a=2"),
        (MultiDict([("b", "1"), ("a", "2"), ("b", "3")]), b"b=1&a=2&b=3"),
        ({"a": "x y&=ä"}, b"a=x+y%26%3D%C3%A4"),
        ({"n": 5, "l": ["x", "y"]}, b"n=5&l=x&l=y"),
        ({}, b""),
    ],
)
async def test_fields_without_files_are_urlencoded(origin, data, body):
    head, received = await sent(origin, data)
    assert received == body
    assert f"Content-Length: {len(body)}\r\nContent-Type: application/x-www-form-urlencoded" in head


async def test_another_charset(origin):
    form = aiohttp.FormData({"a": "ä"}, charset="latin-1")
    head, body = await sent(origin, form)
    assert "Content-Type: application/x-www-form-urlencoded; charset=latin-1" in head and body == b"a=%E4"


async def test_a_file_makes_it_multipart(origin, tmp_path):
    path = tmp_path / "report.xls"
    path.write_bytes(b"cells" * 100_000)
    opened = path.open("rb")
    head, body = await sent(origin, {"file": opened, "note": "grün"})
    assert f"Content-Length: {len(body)}\r\n" in head, "the length of a form with files is known"
    (file, cells), (note, text) = parts_of(head, body)
    assert file["Content-Disposition"] == 'form-data; name="file"; filename="report.xls"'
    assert file["Content-Type"] == "application/vnd.ms-excel" and cells == b"cells" * 100_000
    assert note == {"Content-Type": "text/plain; charset=utf-8", "Content-Disposition": 'form-data; name="note"'}
    assert text.decode() == "grün"
    assert opened.closed


async def test_filename_and_content_type_of_the_caller(origin):
    form = aiohttp.FormData()
    form.add_field("file", io.BytesIO(b"x"), filename="größe.xls", content_type="application/vnd.ms-excel")
    form.add_field("raw", b"bytes")
    form.add_fields(("a", "b"), MultiDict(c="d"))
    assert form.is_multipart
    head, body = await sent(origin, form)
    parts = parts_of(head, body)
    assert [headers["Content-Disposition"] for headers, _ in parts] == [
        'form-data; name="file"; filename="gr%C3%B6%C3%9Fe.xls"',
        'form-data; name="raw"; filename="raw"',
        'form-data; name="a"',
        'form-data; name="c"',
    ]
    assert [content for _, content in parts] == [b"x", b"bytes", b"b", b"d"]
    assert parts[0][0]["Content-Type"] == "application/vnd.ms-excel"


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("multipart/form-data", r"multipart/form-data; boundary=[0-9a-f]{32}"),
        ('multipart/form-data; boundary="b o"', r'multipart/form-data; boundary="b o"'),
        ("multipart/related; boundary=X; type=a", "multipart/related; boundary=X; type=a"),
    ],
)
async def test_a_content_type_of_the_caller_and_the_body_have_one_boundary(origin, content_type, expected):
    form = aiohttp.FormData({"a": "1", "f": b"x"})
    head, body = await sent(origin, form, headers={"Content-Type": content_type})
    assert re.search(f"\r\nContent-Type: {expected}\r\n", head)
    assert head.endswith(f"Content-Length: {len(body)}")
    assert [content for _, content in parts_of(head, body)] == [b"1", b"x"]


async def test_a_boundary_that_cannot_be_is_refused(origin):
    async with aiohttp.ClientSession(headers={"Content-Type": f"multipart/form-data; boundary={'x' * 71}"}) as session:
        with pytest.raises(ValueError, match="boundary must be"):
            await session.post(origin.url, data={"f": b"x"})


async def test_a_form_is_sent_twice_the_same(origin):
    form = aiohttp.FormData({"f": io.BytesIO(b"content"), "a": "b"})
    assert await sent(origin, form) == await sent(origin, form)


async def test_a_multipart_form_is_sent_again_after_a_redirect(origin):
    moved = b"HTTP/1.1 307 Moved\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n"
    origin.answers(lambda request: moved if b" /here " in request else OK)
    form = aiohttp.FormData({"file": io.BytesIO(b"content")})
    async with aiohttp.ClientSession() as session, session.post(f"{origin.url}/here", data=form) as response:
        assert response.status == 200
    bodies = [request.partition(b"\r\n\r\n")[2] for request in origin.requests]
    assert bodies[0] == bodies[1] and b"content" in bodies[0]


async def test_httpbin_reads_our_forms(httpbin):
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{httpbin.url}/post", data={"key1": "value1", "ä": "ö"}) as response:
            assert (await response.json())["form"] == {"key1": "value1", "ä": "ö"}
        form = aiohttp.FormData(quote_fields=False)
        form.add_field("file", io.BytesIO(b"content"), filename='q"uote\\s.txt')
        form.add_field("text", "grün")
        async with session.post(f"{httpbin.url}/post", data=form) as response:
            answer = await response.json()
            assert answer["files"] == {"file": "content"} and answer["form"] == {"text": "grün"}


@pytest.mark.parametrize(
    "add",
    [
        {"name": 'a"\r\nX: y', "value": "v"},
        {"name": "a", "value": b"v", "filename": "x\r\ny"},
        {"name": "a\0", "value": "v"},
    ],
)
def test_nobody_writes_headers_through_names(add):
    with pytest.raises(ValueError, match="control character"):
        aiohttp.FormData().add_field(**add)


def test_quotes_in_names_are_escaped():
    form = aiohttp.FormData({'a"; filename="evil': b"v"})
    (part, _, _) = next(iter(form()))
    assert part.headers["Content-Disposition"].startswith('form-data; name="a\\"; filename=\\"evil"; filename=')


@pytest.mark.parametrize("fields", [5, [5], [("a", "b", "c")], "text", [b"x"]])
def test_what_is_no_form(fields):
    with pytest.raises(TypeError, match="a form is made of"):
        aiohttp.FormData(fields)


def test_values_that_are_no_fields():
    with pytest.raises(TypeError, match="Can not serialize value type: int of field 'a'"):
        aiohttp.FormData([("a", 5), ("f", b"x")])()
    with pytest.raises(TypeError, match="name must be str, got NoneType"):
        aiohttp.FormData().add_field(None, "b")
    with pytest.raises(TypeError, match="filename must be str"):
        aiohttp.FormData().add_field("a", "b", filename=5)


async def test_multipart_byte_by_byte(origin):
    with aiohttp.MultipartWriter("mixed", boundary="b o") as writer:
        writer.append("text")
        writer.append_json({"a": 1}, {"X-Part": "2"})
        writer.append_form([("k", "v w")])
    head, body = await sent(origin, writer)
    assert 'Content-Type: multipart/mixed; boundary="b o"' in head
    assert body == (
        b"--b o\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 4\r\n\r\ntext\r\n"
        b'--b o\r\nContent-Type: application/json\r\nX-Part: 2\r\nContent-Length: 8\r\n\r\n{"a": 1}\r\n'
        b"--b o\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 5\r\n\r\nk=v+w\r\n"
        b"--b o--\r\n"
    )
    assert writer.size == len(body) and await writer.as_bytes() == body and writer.decode().encode() == body


async def test_how_parts_are_described(origin, tmp_path):
    path = tmp_path / "größe.csv"
    path.write_bytes(b"cells")
    writer = aiohttp.MultipartWriter()
    writer.append(path.open("rb"))
    writer.append("a").set_content_disposition("inline", name="ä", filename="x.txt")
    writer.append("b").set_content_disposition("inline", quote_fields=False, filename='"ß"')
    with pytest.raises(ValueError, match="not a token"):
        writer.append("c").set_content_disposition("in line")
    head, body = await sent(origin, writer)
    assert "Content-Disposition" not in head
    assert re.findall(rb"Content-Disposition: (.*)\r\n", body) == [
        b'attachment; filename="gr%C3%B6%C3%9Fe.csv"',
        b"inline; name*=utf-8''%C3%A4; filename=\"x.txt\"",
        'inline; filename="\\"ß\\""'.encode(),
    ]


async def test_parts_within_parts_and_encoded_parts(origin):
    inner = aiohttp.MultipartWriter("related")
    inner.append(b"inner")
    outer = aiohttp.MultipartWriter()
    outer.append(inner)
    outer.append(b"zipped" * 100, {"Content-Encoding": "gzip"})
    outer.append(b"deflated", {"Content-Encoding": "deflate", "Content-Transfer-Encoding": "base64"})
    outer.append("grün", {"Content-Transfer-Encoding": "quoted-printable"})
    assert outer.size is None and len(outer) == 4 and bool(aiohttp.MultipartWriter())
    head, chunked = await sent(origin, outer)
    assert "Transfer-Encoding: chunked" in head
    body = await outer.as_bytes()
    assert body == _unchunked(chunked)
    message = email.message_from_bytes(f"Content-Type: {outer.content_type}\r\n\r\n".encode() + body)
    related, zipped, deflated, quoted = message.get_payload()
    assert related.get_payload()[0].get_payload(decode=True) == b"inner"
    assert gzip.decompress(_raw(body, outer, 1)) == b"zipped" * 100
    assert zlib.decompress(base64.b64decode(deflated.get_payload()), wbits=-15) == b"deflated"
    assert quoted.get_payload(decode=True).decode() == "grün" and zipped["Content-Encoding"] == "gzip"


def _unchunked(body):
    plain = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        plain += body[: int(size, 16)]
        body = body[int(size, 16) + 2 :]
    return plain


def _raw(body, writer, number):
    """The content of a part, bytes as they are."""
    return body.split(b"--" + writer.boundary.encode())[number + 1].partition(b"\r\n\r\n")[2][:-2]


@pytest.mark.parametrize("boundary", ["", "x" * 71, "ä", "a\r\nb", "ends in space "])
def test_boundaries(boundary):
    with pytest.raises(ValueError, match="boundary must be"):
        aiohttp.MultipartWriter(boundary=boundary)


def test_parts_that_cannot_be():
    writer = aiohttp.MultipartWriter()
    with pytest.raises(TypeError, match="cannot make a part of int"):
        writer.append(5)
    with pytest.raises(RuntimeError, match="unknown content encoding: br"):
        writer.append(b"x", {"Content-Encoding": "br"})
    with pytest.raises(RuntimeError, match="unknown content transfer encoding: x"):
        writer.append(b"x", {"Content-Transfer-Encoding": "x"})
    form = aiohttp.MultipartWriter("form-data")
    with pytest.raises(ValueError, match="has no Content-Encoding"):
        form.append(b"x", {"Content-Encoding": "gzip"})
    assert form.append(b"x").headers["Content-Disposition"] == 'form-data; name="section-0"'
