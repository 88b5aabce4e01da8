"""What must be true of a tag; prints what the changelog says about it.

    python ci/release.py v0.1.0

Ends with 1 unless the tag is the version in aiohttp_client/_http.py and CHANGELOG.md has a dated section for it.
"""

from __future__ import annotations

import re
import sys

import environment

_version = re.compile(r'^__version__ = "(.+)"$', re.MULTILINE).search


def notes(tag: str) -> str:
    """The section of that version; raises SystemExit with what is not as it should be."""
    found = _version((environment.ROOT / "aiohttp_client" / "_http.py").read_text(encoding="utf-8"))
    version = found[1] if found else None
    if tag != f"v{version}":
        raise SystemExit(f"the tag is {tag!r}, but aiohttp_client/_http.py says {version!r}: expected v{version}")
    changelog = (environment.ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    section = re.search(
        rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL
    )
    if section is None or not section[1].strip():
        raise SystemExit(f"CHANGELOG.md has nothing under '## [{version}] - YYYY-MM-DD'")
    return section[1].strip()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    print(notes(sys.argv[1]))
