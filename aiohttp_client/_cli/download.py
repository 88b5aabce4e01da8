"""`download URL…`: files, whole or not at all; what was begun is gone on with.

A file is written as NAME.part, with what identifies it beside that, and gets its name when it is complete. A second
run asks for the rest with Range and If-Range (RFC 9110 §13.1.5), so that a file that has changed meanwhile
is fetched anew. What cannot be identified (no ETag, no Last-Modified) is always fetched anew.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import re
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from yarl import URL

from ..response import ClientResponse
from ..session import ClientSession
from .asking import absolute, add_request_options, headers_of, session_of
from .ending import ExitCode, Failure, failure_of
from .screen import NO_RICH, Screen, size

_PIECE = 2**20
_content_range = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", re.IGNORECASE | re.ASCII).fullmatch

# Told how many bytes there are, and how many there will be if that is known.
Told = Callable[[int, int | None], None]


def add(commands: Any) -> None:
    parser = commands.add_parser("download", help="fetch files, with resume", description=__doc__)
    parser.add_argument("urls", metavar="URL", nargs="+", type=absolute)
    add_request_options(parser)
    parser.add_argument("-o", "--output", metavar="FILE|FOLDER", help="default: the URL's last part, here")
    parser.add_argument("-j", "--jobs", type=int, default=4, help="files at a time (default: %(default)s)")
    parser.add_argument("--checksum", metavar="ALGORITHM:HEX", help="what the file must be, as in sha256:9f86…")
    parser.add_argument("--force", action="store_true", help="replace files that are there already")
    parser.set_defaults(run=run)


async def run(options: argparse.Namespace, screen: Screen) -> ExitCode:
    expected = _checksum(options)
    targets = _targets(options)
    worst = ExitCode.OK
    gate = asyncio.Semaphore(max(1, options.jobs))
    async with session_of(options, headers=headers_of(options)) as session:
        with _Progress(screen) as progress:

            async def one(url: str, target: Path) -> ExitCode:
                async with gate:
                    try:
                        begun = time.monotonic()
                        count, fetched = await download(session, url, target, expected, progress.bar(target.name))
                    except Exception as error:
                        failure = failure_of(error)
                        if failure is None:
                            raise
                        if screen.machine:
                            screen.result({"url": url, "error": str(failure), "code": int(failure.code)})
                        progress.say(f"{url}: {failure}")
                        return failure.code
                seconds = time.monotonic() - begun
                if screen.machine:
                    screen.result({"url": url, "file": str(target), "bytes": count, "seconds": round(seconds, 6)})
                progress.say(f"{target}: {size(count)} in {seconds:.1f} s, {size(fetched / max(seconds, 1e-6))}/s")
                return ExitCode.OK

            for code in await asyncio.gather(*[one(url, target) for url, target in targets]):
                worst = max(worst, code)
    return worst


def _checksum(options: argparse.Namespace) -> tuple[str, str] | None:
    if options.checksum is None:
        return None
    algorithm, _, digest = options.checksum.partition(":")
    if algorithm not in hashlib.algorithms_available or not re.fullmatch("[0-9a-fA-F]+", digest):
        raise Failure(ExitCode.USAGE, f"--checksum {options.checksum!r}: expected something like sha256:9f86…")
    size = 2 * hashlib.new(algorithm).digest_size
    if len(digest) != size:
        expected = f"{size} hexadecimal digits" if size else "an algorithm whose digests have one size"
        raise Failure(ExitCode.USAGE, f"--checksum {options.checksum!r}: {len(digest)} digits, expected {expected}")
    if len(options.urls) > 1:
        raise Failure(ExitCode.USAGE, "--checksum is for one URL")
    return algorithm, digest.lower()


def _targets(options: argparse.Namespace) -> list[tuple[str, Path]]:
    output = Path(options.output or ".")
    if not output.is_dir() and (len(options.urls) > 1 or options.output.endswith(("/", os.sep))):
        raise Failure(ExitCode.FILE, f"{output} is no folder")
    targets = [(url, output / name_of(url) if output.is_dir() else output) for url in options.urls]
    for number, (_, target) in enumerate(targets):
        if target in [other for _, other in targets[:number]]:
            raise Failure(ExitCode.USAGE, f"two URLs would both become {target}: -o says where one goes")
        if target.exists() and not options.force:
            raise Failure(ExitCode.FILE, f"{target} is there already: --force replaces it, -o takes another name")
    return targets


def name_of(url: str) -> str:
    """A file name of the URL's last part; never a path, nor one that is hidden."""
    try:
        last = unquote(URL(url).raw_path.rsplit("/", 1)[-1])
    except ValueError as error:
        raise Failure(ExitCode.USAGE, f"not a URL to be fetched: {error}") from error
    name = re.sub(r"[\x00-\x1f\x7f/\\:*?\"<>|]", "_", last).lstrip(".")
    # Most file systems allow 255 bytes, and .part.json is still to come.
    return name.encode()[:200].decode(errors="ignore") or "index.html"


async def download(
    session: ClientSession, url: str, target: Path, expected: tuple[str, str] | None, told: Told
) -> tuple[int, int]:
    """Make target what url names; gives its size, and how much of it was fetched now.

    Raises Failure, OSError or what session.get() raises."""
    part = target.with_name(f"{target.name}.part")
    note = target.with_name(f"{target.name}.part.json")
    fetched, is_complete = 0, False
    while not is_complete:
        count, is_complete = await _fetch(session, url, part, note, told)
        fetched += count
    if expected is not None:
        algorithm, digest = expected
        found = await asyncio.to_thread(_digest, part, algorithm)
        if found != digest:
            part.unlink()
            note.unlink(missing_ok=True)
            raise Failure(ExitCode.CHECKSUM, f"{algorithm} is {found}, expected {digest}: not kept")
    count = part.stat().st_size
    os.replace(part, target)
    note.unlink(missing_ok=True)
    return count, fetched


async def _fetch(session: ClientSession, url: str, part: Path, note: Path, told: Told) -> tuple[int, bool]:
    """(bytes fetched, whether part is complete) by one request, for all of url or for what part lacks."""
    have, validator = _begun(part, note, url)
    # Ranges are of what is sent; coded, that need not be the same twice.
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers |= {"Range": f"bytes={have}-", "If-Range": validator}
    async with session.get(url, headers=headers) as response:
        begin, total = _range(response)
        if response.status == 200:
            _note(response, note, url)
            return await _write(response, part, "wb", 0, told), True
        if not have or response.status not in (206, 416):
            raise Failure(ExitCode.STATUS, f"{response.status} {response.reason}")
        if response.status == 416 and total == have:
            told(have, have)
            return 0, True
        # A server that does not know If-Range sends a part of whatever there is now.
        if response.status == 206 and begin == have and _validator(response) in ("", validator):
            count = await _write(response, part, "ab", have, told)
            if total is None or have + count >= total:
                return count, True
            if not count:
                raise Failure(ExitCode.UNREACHABLE, f"got {have} of {total} bytes, and no more when asked for them")
            return count, False  # RFC 9110 §15.3.7: it may be less than was asked for
        response.close()
    part.unlink()
    return 0, False


def _begun(part: Path, note: Path, url: str) -> tuple[int, str]:
    """Bytes that are there of url, and its validator; (0, "") if that cannot be gone on with."""
    try:
        noted = json.loads(note.read_text())
        if noted["url"] == url and noted["validator"]:
            return part.stat().st_size, str(noted["validator"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return 0, ""


def _note(response: ClientResponse, note: Path, url: str) -> None:
    validator = _validator(response)
    if validator and response.headers.get("Accept-Ranges", "").lower() != "none":
        note.write_text(json.dumps({"url": url, "validator": validator}))
    else:
        note.unlink(missing_ok=True)


def _validator(response: ClientResponse) -> str:
    """What tells these very bytes from others, or ""."""
    if _is_coded(response):
        return ""
    etag = response.headers.get("ETag", "")
    # RFC 9110 §13.1.5: a weak one says nothing about bytes.
    return etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified", "")


def _is_coded(response: ClientResponse) -> bool:
    return response.headers.get("Content-Encoding", "identity").lower() != "identity"


def _range(response: ClientResponse) -> tuple[int | None, int | None]:
    """Where this part begins, and the size of the whole; None if that is not said (RFC 9110 §14.4)."""
    match = _content_range(response.headers.get("Content-Range", ""))
    if match is None or _is_coded(response):
        return None, None
    return int(match[1]) if match[1] else None, int(match[2]) if match[2] != "*" else None


async def _write(response: ClientResponse, part: Path, mode: str, have: int, told: Told) -> int:
    """Bytes that were written; what was there before is have."""
    length = None if _is_coded(response) else response.content_length
    total = None if length is None else have + length
    count = 0
    with part.open(mode) as file:
        told(have, total)
        async for piece in response.content.iter_chunked(_PIECE):
            count += file.write(piece)
            told(have + count, total)
    return count


def _digest(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


class _Progress:
    """Bars on a terminal with rich; elsewhere a line when a file is there."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._bars: Any = None
        if sys.stderr.isatty() and not screen.machine and find_spec("rich") is None:
            screen.aside(NO_RICH)
        if screen.progress is not None:
            from rich.progress import (
                BarColumn,
                DownloadColumn,
                Progress,
                TextColumn,
                TimeRemainingColumn,
                TransferSpeedColumn,
            )

            self._bars = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                DownloadColumn(binary_units=True),
                TransferSpeedColumn(),
                TimeRemainingColumn(),
                console=screen.progress,
            )

    def __enter__(self) -> _Progress:
        if self._bars is not None:
            self._bars.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._bars is not None:
            self._bars.stop()

    def bar(self, name: str) -> Told:
        if self._bars is None:
            return lambda have, total: None
        bars = self._bars
        task = bars.add_task(name, total=None)
        return lambda have, total: bars.update(task, completed=have, total=total)

    def say(self, text: str) -> None:
        if self._bars is not None:
            self._bars.console.print(text, markup=False, highlight=False)
        elif not self._screen.machine:
            self._screen.aside(text)
