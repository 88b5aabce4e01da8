"""Coverage-guided fuzzing of everything that reads what a peer has sent.

    python ci/fuzz.py                          each target for 60 s
    python ci/fuzz.py --seconds 600 head chunks  some of them for ten minutes each

Each input must be accepted, or refused with a documented exception, alike on all backends and at
every cut; fuzz_targets.py says what exactly. What fails is written to .fuzz/, and a run of
`python ci/fuzz.py --input FILE TARGET` shows it again. Needs atheris, for CPython up to 3.13 on Linux.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

import environment


def fuzz_here(name: str, arguments: list[str]) -> None:
    """Take this process over for libFuzzer."""
    import atheris

    with atheris.instrument_imports(include=["aiohttp_client", "fuzz_targets"]):
        import fuzz_targets

    atheris.Setup([sys.argv[0], *arguments], fuzz_targets.TARGETS[name])
    atheris.Fuzz()


def run(name: str, seconds: int, workers: Path) -> bool:
    corpus = workers / name
    corpus.mkdir(parents=True, exist_ok=True)
    import fuzz_targets

    for number, seed in enumerate(fuzz_targets.SEEDS[name]):
        (corpus / f"seed-{number}").write_bytes(seed)
    command = [sys.executable, __file__, "--here", name, f"-max_total_time={seconds}", "-timeout=20", "-max_len=600"]
    command += ["-print_final_stats=1", f"-artifact_prefix={workers}/{name}-", str(corpus)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL)
    output = done.stdout + done.stderr
    executed = re.search(r"number_of_executed_units: (\d+)", output)
    covered = re.findall(r"cov: (\d+)", output)
    tried = f"{int(executed[1]):>12,} inputs" if executed else "  unknown inputs"
    verdict = "FAILED" if done.returncode else "ok"
    print(f"{name:<10} {tried}, coverage {covered[-1] if covered else '?':>5}, {verdict}")
    if done.returncode:
        print(done.stdout[-3000:], done.stderr[-1500:])
    return done.returncode == 0


def main() -> int:
    if sys.argv[1:2] == ["--here"]:
        fuzz_here(sys.argv[2], sys.argv[3:])
        return 0
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", help="which; all by default")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--input", type=Path, help="run this one input only")
    options = parser.parse_args()
    environment.enter("test", "fuzz")
    import fuzz_targets

    unknown = set(options.targets) - set(fuzz_targets.TARGETS)
    if unknown:
        parser.error(f"no target {', '.join(sorted(unknown))}, expected some of {', '.join(fuzz_targets.TARGETS)}")
    names = options.targets or list(fuzz_targets.TARGETS)
    if options.input:
        for name in names:
            fuzz_targets.TARGETS[name](options.input.read_bytes())
        return 0
    workers = environment.ROOT / ".fuzz"
    results = [run(name, options.seconds, workers) for name in names]
    return 0 if all(results) else 1


if __name__ == "__main__":
    os.environ.setdefault("AIOHTTP_CLIENT_BACKEND", "c")
    sys.exit(main())
