"""The options that say what is sent and how, and the session they make."""

from __future__ import annotations

import argparse
import json as json_module
import ssl
import sys
from pathlib import Path
from typing import Any

from multidict import CIMultiDict

from .._wire.auth import BasicAuth
from ..connector import TCPConnector
from ..formdata import FormData
from ..session import ClientSession
from ..timeouts import ClientTimeout
from .ending import ExitCode, Failure


def add_request_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-H", "--header", action="append", default=[], metavar="'NAME: VALUE'", help="may be repeated")
    parser.add_argument("-u", "--user", metavar="LOGIN:PASSWORD", help="basic authentication")
    parser.add_argument("-k", "--insecure", action="store_true", help="do not verify the server's certificate")
    parser.add_argument("--cacert", metavar="FILE", help="trust the authorities in this PEM file")
    parser.add_argument("--proxy", metavar="URL", help="default: that of the environment; '' for none")
    parser.add_argument("--max-time", type=seconds, metavar="SECONDS", help="for the whole of a request")


def add_body_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-X", "--request", metavar="METHOD", help="default: GET, or POST if there is a body")
    body = parser.add_mutually_exclusive_group()
    body.add_argument("-d", "--data", metavar="TEXT|@FILE", help="a body, sent as a form unless -H says otherwise")
    body.add_argument("--json", dest="json_body", metavar="JSON|@FILE", help="a body of JSON")
    body.add_argument("-F", "--form", action="append", metavar="NAME=VALUE|NAME=@FILE", help="a multipart form")


def absolute(url: str) -> str:
    """url, which people type without its scheme."""
    return url if "://" in url else f"http://{url}"


def seconds(text: str) -> float:
    """For argparse: a number of seconds, with or without a unit of s, m or h."""
    factor = {"s": 1, "m": 60, "h": 3600}.get(text[-1:], 0)
    value = float(text[:-1]) * factor if factor else float(text)
    if not 0 < value < float("inf"):
        raise ValueError
    return value


def method_of(options: argparse.Namespace) -> str:
    has_body = options.data is not None or options.json_body is not None or options.form
    return str(options.request or ("POST" if has_body else "GET"))


def body_of(options: argparse.Namespace) -> dict[str, Any]:
    """What session.request() is given: data=, and the headers that say what it is."""
    headers = headers_of(options)
    if options.form:
        return {"data": _form(options.form), "headers": headers}
    if options.json_body is not None:
        text = _content(options.json_body)
        try:
            json_module.loads(text)
        except ValueError as error:
            raise Failure(ExitCode.USAGE, f"--json is not JSON: {error}") from error
        headers.setdefault("Content-Type", "application/json")
        return {"data": text, "headers": headers}
    if options.data is not None:
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        return {"data": _content(options.data), "headers": headers}
    return {"headers": headers}


def headers_of(options: argparse.Namespace) -> CIMultiDict[str]:
    headers: CIMultiDict[str] = CIMultiDict()
    for line in options.header:
        name, colon, value = line.partition(":")
        if not colon:
            raise Failure(ExitCode.USAGE, f"-H {line!r} has no colon, expected 'Name: value'")
        headers.add(name.strip(), value.strip())
    return headers


def _content(argument: str) -> bytes:
    if not argument.startswith("@"):
        return argument.encode()
    if argument == "@-":
        return sys.stdin.buffer.read()
    return Path(argument[1:]).read_bytes()


def _form(fields: list[str]) -> FormData:
    form = FormData(default_to_multipart=True)
    for field in fields:
        name, equals, value = field.partition("=")
        if not equals:
            raise Failure(ExitCode.USAGE, f"-F {field!r} has no '=', expected name=value or name=@file")
        if value.startswith("@"):
            form.add_field(name, Path(value[1:]).open("rb"), filename=Path(value[1:]).name)  # noqa: SIM115  # sending closes it
        else:
            form.add_field(name, value)
    return form


def session_of(options: argparse.Namespace, *, context: ssl.SSLContext | None = None, **more: Any) -> ClientSession:
    """A session as the request options ask for. context: to verify with, where they do not say otherwise."""
    verify: ssl.SSLContext | bool = True if context is None else context
    if options.insecure and context is None:
        verify = False
    elif options.insecure and context is not None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif options.cacert:
        verify = context or ssl.create_default_context()
        try:
            verify.load_verify_locations(options.cacert)
        except ssl.SSLError as error:
            raise Failure(ExitCode.FILE, f"{options.cacert} holds no certificates in PEM: {error}") from error
    login = None
    if options.user is not None:
        name, colon, password = options.user.partition(":")
        if not colon:
            raise Failure(ExitCode.USAGE, "-u needs LOGIN:PASSWORD")
        login = BasicAuth(name, password)
    return ClientSession(
        connector=TCPConnector(ssl=verify, limit=more.pop("limit", 100)),
        auth=login,
        proxy=absolute(options.proxy) if options.proxy else None,
        trust_env=options.proxy is None,
        timeout=more.pop("timeout", None) or ClientTimeout(total=options.max_time, sock_connect=30, sock_read=60),
        **more,
    )
