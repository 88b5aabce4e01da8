"""The compiled modules under AddressSanitizer and UndefinedBehaviorSanitizer, and under valgrind.

    python ci/sanitize.py               builds them so, and runs the tests that reach them
    python ci/sanitize.py --valgrind    under valgrind (Debian: valgrind); takes ten minutes

A copy of the checkout is built in a temporary folder; the checkout's own modules stay as they are. Needs gcc.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import environment
import instrumented

# The C files of the compiled modules, as valgrind names them. What the interpreter and its libraries do is theirs.
_in_our_modules = re.compile(rf"\((?:{'|'.join(environment.compiled())})\.c:|_speedups").search

# Where bytes of a peer meet C: the codecs against their twins, the corpora through whole connections,
# frames, large bodies received in place; and what tasks and sockets meet.
_TESTS = (
    "tests/parity",
    "tests/corpora",
    "tests/_wire",
    "tests/websocket",
    "tests/client/test_large_bodies.py",
    "tests/_net/test_transport.py",
    "tests/_net/test_waiter.py",
)
_TESTS_OF_VALGRIND = ("tests/parity", "tests/_wire/test_wsframes.py")


def _library(name: str) -> str:
    """The path of one of gcc's sanitizer libraries."""
    found = subprocess.run(["gcc", f"-print-file-name={name}"], capture_output=True, text=True, check=True)
    path = found.stdout.strip()
    if not Path(path).is_absolute():
        raise SystemExit(f"gcc has no {name}")
    return str(Path(path).resolve())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--valgrind", action="store_true")
    options = parser.parse_args()
    environment.enter("test")
    environment.ensure("test")
    needed = "valgrind" if options.valgrind else "gcc"
    if sys.platform != "linux" or shutil.which(needed) is None:
        print(f"this needs {needed} on Linux")
        return 3
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        if options.valgrind:
            instrumented.build(folder, "gcc", "-g -O1")
            env = instrumented.surroundings(folder)
            prefix = [
                "valgrind",
                "--quiet",
                "--error-limit=no",
                f"--log-file={folder}/valgrind.log",
            ]
            tests = _TESTS_OF_VALGRIND
        else:
            flags = f"{instrumented.FLAGS} -fsanitize=address,undefined -fno-sanitize-recover=all"
            instrumented.build(folder, "gcc", flags)
            env = instrumented.sanitized(folder, _library("libasan.so"), _library("libubsan.so"))
            prefix = []
            tests = _TESTS
        instrumented.verify(folder, env, prefix)
        command = [*prefix, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
        code = subprocess.call(command, cwd=folder, env=env, stdin=subprocess.DEVNULL)
        return code or (1 if options.valgrind and not _is_clean(folder / "valgrind.log") else 0)


def _is_clean(log: Path) -> bool:
    """Whether none of valgrind's findings is in our modules; shows those that are."""
    # One finding from the next: a line with nothing behind the number of the process.
    findings = re.split(r"(?m)^==\d+== $", log.read_text(errors="replace"))
    findings = [finding for finding in findings if " at 0x" in finding]
    ours = [finding for finding in findings if _in_our_modules(finding)]
    print(f"valgrind: {len(findings)} findings, in the compiled modules {len(ours)}")
    print("\n".join(ours)[:5000])
    return not ours


if __name__ == "__main__":
    sys.exit(main())
