"""Coverage-guided fuzzing of everything that reads what a peer has sent.

    python ci/fuzz.py                          each target for 60 s
    python ci/fuzz.py --seconds 600 head chunks  some of them for ten minutes each
    python ci/fuzz.py --native                 what is compiled, with clang's coverage (Debian: clang)

Each input must be accepted, or refused with a documented exception, alike on all backends and at
every cut; fuzz_targets.py says what exactly. What fails is written to .fuzz/, and a run of
`python ci/fuzz.py --input FILE TARGET` shows it again. Needs atheris, for CPython up to 3.13 on Linux.

Coverage is that of Python code. With --native that of the compiled modules is added: a copy of the
checkout is built with clang, AddressSanitizer and UndefinedBehaviorSanitizer in a temporary folder.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import environment
import instrumented

# The targets that reach compiled code, and how many modules of it there are.
NATIVE = ("head", "chunks", "websocket")
_MODULES = 3
_FOUND = environment.ROOT / ".fuzz"
_COMMON = ("-timeout=20", "-max_len=600", "-print_final_stats=1")


def fuzz_here(name: str, arguments: list[str]) -> None:
    """Take this process over for libFuzzer."""
    import atheris

    with atheris.instrument_imports(include=["aiohttp_client", "fuzz_targets"]):
        import fuzz_targets

    atheris.Setup([sys.argv[0], *arguments], fuzz_targets.TARGETS[name])
    atheris.Fuzz()


def run(name: str, script: Path, env: dict[str, str], arguments: list[str], *, native: bool) -> bool:
    command = [sys.executable, str(script), "--here", name, *_COMMON, f"-artifact_prefix={_FOUND}/{name}-", *arguments]
    done = subprocess.run(command, env=env, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL)
    output = done.stdout + done.stderr
    executed = re.search(r"number_of_executed_units: (\d+)", output)
    covered = re.findall(r"cov: (\d+)", output)
    tried = f"{int(executed[1]):>12,} inputs" if executed else "  unknown inputs"
    told = f"{name:<10} {tried}, coverage {covered[-1] if covered else '?':>5}"
    failed = done.returncode != 0
    if native:
        loaded = re.search(r"Loaded (\d+) modules +\((\d+) inline 8-bit counters\)", output)
        told += f", {int(loaded[2]) if loaded else 0:,} native counters"
        if not loaded or int(loaded[1]) != _MODULES:  # whatever else it says, it was blind
            told += f" in {loaded[1] if loaded else 0} modules, expected {_MODULES}"
            failed = True
    print(f"{told}, {'FAILED' if failed else 'ok'}", flush=True)
    if failed:
        begin = re.search(r"==ERROR|runtime error: |Uncaught Python exception", output)
        print(output[begin.start() :][:3000] if begin else "", output[-1500:], sep="\n…\n")
    return not failed


def corpus(name: str) -> Path:
    """What was found interesting so far, and the seeds."""
    import fuzz_targets

    folder = _FOUND / name
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(fuzz_targets.SEEDS[name]):
        (folder / f"seed-{number}").write_bytes(seed)
    return folder


def run_native(runs: dict[str, list[str]]) -> int:
    if sys.platform != "linux" or shutil.which("clang") is None:
        print("this needs clang and its runtime on Linux (Debian: clang)")
        return 3
    try:
        import atheris
    except ImportError:
        print("this needs atheris, for CPython up to 3.13 on Linux")
        return 3
    # AddressSanitizer must be there before everything else; this one brings libFuzzer along.
    library = Path(atheris.path(), "asan_with_fuzzer.so")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary).resolve()
        flags = "-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all"
        instrumented.build(folder, "clang", f"{instrumented.FLAGS} {flags}")
        env = instrumented.sanitized(folder, str(library))
        # What was freed is kept for a while, by default more than libFuzzer lets a process have; and who had
        # allocated it, which takes two thirds of the time when it is a whole stack.
        env["ASAN_OPTIONS"] += ":quarantine_size_mb=32:malloc_context_size=1"
        instrumented.verify(folder, env, [])
        results = [run(name, folder / "ci" / "fuzz.py", env, rest, native=True) for name, rest in runs.items()]
    return 0 if all(results) else 1


def main() -> int:
    if sys.argv[1:2] == ["--here"]:
        fuzz_here(sys.argv[2], sys.argv[3:])
        return 0
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", help="which; all by default")
    parser.add_argument("--native", action="store_true", help=f"with coverage of compiled code: {', '.join(NATIVE)}")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--input", type=Path, help="run this one input only")
    options = parser.parse_args()
    environment.enter("test", "fuzz")
    import fuzz_targets

    possible = NATIVE if options.native else tuple(fuzz_targets.TARGETS)
    unknown = set(options.targets) - set(possible)
    if unknown:
        parser.error(f"no target {', '.join(sorted(unknown))}, expected some of {', '.join(possible)}")
    names = options.targets or possible
    if options.input and not options.native:
        for name in names:
            fuzz_targets.TARGETS[name](options.input.read_bytes())
        return 0
    if options.input:
        runs = {name: [str(options.input.resolve())] for name in names}
    else:
        runs = {name: [f"-max_total_time={options.seconds}", str(corpus(name))] for name in names}
    if options.native:
        return run_native(runs)
    script, env = Path(__file__), dict(os.environ)
    results = [run(name, script, env, rest, native=False) for name, rest in runs.items()]
    return 0 if all(results) else 1


if __name__ == "__main__":
    os.environ.setdefault("AIOHTTP_CLIENT_BACKEND", "c")
    sys.exit(main())
