"""Set-Cookie and Cookie text (RFC 6265 §4.1, §5.2), in the types of http.cookies, which the API promises.

Reading is the user agent's algorithm of §5.2, which takes what servers send; a field that holds
control characters or more than its share is ignored as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from http.cookies import CookieError, Morsel, SimpleCookie
from typing import Any

# §6.1 asks for at least 4096 bytes a cookie; browsers allow no more, nor longer attributes than this.
MAX_COOKIE = 4096
_MAX_ATTRIBUTE = 1024
_MAX_ATTRIBUTES = 32

_has_control = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]").search
_is_name = re.compile(r"[!#$%&'()*+\-./0-9:<=>?@A-Z\[\]^_`a-z{|}~]+").fullmatch
_quoted_value = re.compile(r'\s*("(?:[^"\\]|\\.)*")\s*(?:;|$)').match
_octal_or_quoted = re.compile(r"\\(?:([0-3][0-7][0-7])|(.))")

_ATTRIBUTES = {
    "path": "path",
    "domain": "domain",
    "max-age": "max-age",
    "expires": "expires",
    "secure": "secure",
    "httponly": "httponly",
    "samesite": "samesite",
    "comment": "comment",
    "version": "version",
}
_FLAGS = ("secure", "httponly")

# §5.1.1: the pieces of a date, in any order.
_date_tokens = re.compile(r"[^\x09\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+").findall
_is_time = re.compile(r"(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\D.*)?", re.ASCII).fullmatch
_is_day = re.compile(r"(\d{1,2})(?:\D.*)?", re.ASCII).fullmatch
_is_year = re.compile(r"(\d{2,4})(?:\D.*)?", re.ASCII).fullmatch
_MONTHS = {name: number for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}


def parse_set_cookie(line: str) -> Morsel[str] | None:
    """The cookie of one Set-Cookie field; None if there is none in it.

    value is without quotes and escapes, coded_value as received."""
    if _has_control(line):
        return None
    name, equals, rest = line.partition("=")
    if not equals or ";" in name:
        return None
    # A semicolon within quotes is no end of the value.
    quoted = _quoted_value(rest)
    if quoted is not None:
        coded, attributes = quoted[1], rest[quoted.end() :]
    else:
        coded, _, attributes = rest.partition(";")
    name, coded = name.strip(), coded.strip()
    if not _is_name(name) or len(name) + len(coded) > MAX_COOKIE:
        return None
    morsel = new_morsel(name, unquoted(coded), coded)
    for attribute in attributes.split(";")[:_MAX_ATTRIBUTES]:
        key, _, value = attribute.partition("=")
        known = _ATTRIBUTES.get(key.strip().lower())
        value = value.strip()
        if known is None or len(value) > _MAX_ATTRIBUTE:
            continue
        given = True if known in _FLAGS else value.strip('"') if known == "path" else value
        dict.__setitem__(morsel, known, given)  # a Morsel would check once more whether it knows the name
    return morsel


def new_morsel(name: str, value: str, coded: str) -> Morsel[str]:
    """A cookie without attributes; coded is its value as sent."""
    morsel: Morsel[str] = Morsel()
    # Not Morsel.set(): it refuses names that browsers and servers use.
    morsel.__setstate__({"key": name, "value": value, "coded_value": coded})  # type: ignore[attr-defined]  # pickle's way
    return morsel


def unquoted(value: str) -> str:
    """A quoted value without its quotes and escapes; others as they are."""
    if len(value) < 2 or value[0] != '"' or value[-1] != '"':
        return value
    return _octal_or_quoted.sub(lambda found: chr(int(found[1], 8)) if found[1] else found[2], value[1:-1])


def parse_cookie_header(text: str) -> list[tuple[str, str]]:
    """(name, value as it stands) of a Cookie field (§4.2.1)."""
    pairs = []
    for part in text.split(";"):
        name, equals, value = part.strip().partition("=")
        if equals and name:
            pairs.append((name.strip(), value.strip()))
    return pairs


def cookie_header(pairs: Iterable[tuple[str, str]]) -> str:
    """The value of a Cookie field, sorted by name."""
    return "; ".join([f"{name}={value}" for name, value in sorted(pairs)])


def morsel_of(name: str, value: Any) -> Morsel[str]:
    """A cookie given by the caller: a Morsel as it is, anything else as SimpleCookie would take it.

    Raises ValueError for a name that is none."""
    if isinstance(value, Morsel):
        morsel = new_morsel(name, value.value, value.coded_value)
        morsel.update(value)
        return morsel
    made: SimpleCookie = SimpleCookie()
    try:
        made[name] = value
    except CookieError as error:
        raise ValueError(f"{name!r} cannot be the name of a cookie: {error}") from error
    return made[name]


@lru_cache(maxsize=128)
def parse_date(text: str) -> float | None:
    """Seconds since the epoch of a cookie-date (§5.1.1), None if it is none."""
    time = day = month = year = None
    for token in _date_tokens(text):
        if time is None and (found := _is_time(token)):
            time = tuple(int(part) for part in found.groups())
        elif day is None and (found := _is_day(token)):
            day = int(found[1])
        elif month is None and token[:3].lower() in _MONTHS:
            month = _MONTHS[token[:3].lower()]
        elif year is None and (found := _is_year(token)):
            year = int(found[1])
    if time is None or day is None or month is None or year is None:
        return None
    if 70 <= year <= 99:
        year += 1900
    elif year <= 69:
        year += 2000
    if year < 1601:
        return None
    from datetime import UTC, datetime  # which nothing else needs: a millisecond of an import

    try:
        hour, minute, second = time
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()
    except ValueError:
        return None
