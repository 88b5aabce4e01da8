"""Aliases that appear in public signatures."""

import json
import os
from collections.abc import Callable, Iterable, Mapping
from http.cookies import BaseCookie, Morsel
from typing import Any, Final, TypeAlias

from multidict import CIMultiDict, CIMultiDictProxy, istr
from yarl import URL
from yarl import Query as Query


class Unset:
    """Where None means something: an argument that was not given."""

    def __repr__(self) -> str:
        return "<not given>"


UNSET: Final = Unset()

StrOrURL: TypeAlias = str | URL
LooseHeaders: TypeAlias = (
    Mapping[str, str] | Mapping[istr, str] | CIMultiDict[str] | CIMultiDictProxy[str] | Iterable[tuple[str | istr, str]]
)
LooseCookies: TypeAlias = (
    Mapping[str, "str | Morsel[Any]"] | Iterable[tuple[str, "str | Morsel[Any]"]] | BaseCookie[str]
)
PathLike: TypeAlias = "str | os.PathLike[str]"
RawHeaders: TypeAlias = tuple[tuple[bytes, bytes], ...]

# The API promises "whatever your codec takes", hence Any.
JSONEncoder: TypeAlias = Callable[[Any], str]
JSONBytesEncoder: TypeAlias = Callable[[Any], bytes]
JSONDecoder: TypeAlias = Callable[[str], Any]
DEFAULT_JSON_ENCODER: Final[JSONEncoder] = json.dumps
DEFAULT_JSON_DECODER: Final[JSONDecoder] = json.loads
