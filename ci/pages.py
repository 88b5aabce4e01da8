"""The web site of the demo: any number of pages, each different, each known to server and scraper alike."""

from __future__ import annotations

_WORDS = " ".join(f"{word}{number}" for number in range(700) for word in ("lorem", "ipsum", "dolor", "sit")).encode()
_SMALLEST, _LARGEST = 512, 20 * 1024


def page(number: int) -> bytes:
    """Page number, 0.5 to 20 KiB of HTML."""
    head = b"<!doctype html><title>Page %d</title><h1>Page %d</h1><p>" % (number, number)
    size = _SMALLEST + number * 7919 % (_LARGEST - _SMALLEST)
    start = number * 31 % (len(_WORDS) - _LARGEST)
    return head + _WORDS[start : start + size] + b"</p>\n"
