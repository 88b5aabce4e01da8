"""Builds the documentation into build/docs, and fails on a warning, a broken link or a public name that is missing.

    python ci/docs.py             build
    python ci/docs.py --serve     build, serve on http://127.0.0.1:8000, and build again when a page changes

Sets up everything it needs, as ci/check.py does.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time

import environment

SITE = environment.ROOT / "build" / "docs"
# The theme's makers advertise its successor on every start.
_QUIET = {"NO_MKDOCS_2_WARNING": "1"}


def undocumented() -> list[str]:
    """Exported names that no page of the reference has a place for."""
    import aiohttp_client

    places: set[str] = set()
    for page in (SITE / "reference").rglob("*.html"):
        places.update(re.findall(r'\bid="aiohttp_client\.([\w.]+)"', page.read_text(encoding="utf-8")))
    # Of a function and a module of one name it is the function that is exported.
    wanted = {name: "session.request" if name == "request" else name for name in aiohttp_client.__all__}
    return sorted(name for name, place in wanted.items() if place not in places)


def main() -> int:
    parser = argparse.ArgumentParser(description="Build the documentation strictly.")
    parser.add_argument("--serve", action="store_true", help="serve it, and build again when a page changes")
    options = parser.parse_args()
    environment.enter("docs")
    environment.ensure("docs")
    mkdocs = [sys.executable, "-m", "mkdocs"]
    settings = {**os.environ, **_QUIET}
    if options.serve:
        return subprocess.call([*mkdocs, "serve"], cwd=environment.ROOT, env=settings)
    began = time.monotonic()
    shutil.rmtree(SITE, ignore_errors=True)
    built = subprocess.run([*mkdocs, "build", "--strict"], cwd=environment.ROOT, env=settings)
    if built.returncode:
        return built.returncode
    missing = undocumented()
    if missing:
        print(f"not in the reference: {', '.join(missing)}")
        return 1
    import aiohttp_client

    pages = len(list(SITE.rglob("index.html")))
    print(
        f"{pages} pages, {len(aiohttp_client.__all__)} exported names in the reference, no warnings, "
        f"{time.monotonic() - began:.1f} s: {(SITE / 'index.html').relative_to(environment.ROOT)}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
