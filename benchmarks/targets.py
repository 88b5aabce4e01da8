"""What the figures should be, as ratios within one run; and the table that says what they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

OURS = "aiohttp_client"
Results = dict[str, Any]
_KEPT = Path(__file__).with_name("results.json")


def kept() -> list[Results]:
    """What was measured last on each Python, the newest Python first."""
    results: list[Results] = json.loads(_KEPT.read_text(encoding="utf-8"))
    return results


def keep(results: Results, scripts: list[str]) -> None:
    """Put results, which are those of scripts, in place of what these measured before on the same Python."""
    others = []
    for one in kept() if _KEPT.exists() else []:
        if _python(one)[:2] != _python(results)[:2]:
            others.append(one)
        else:
            unmeasured = [row for row in one["rows"] if row["script"] not in scripts]
            rows = sorted([*results["rows"], *unmeasured], key=lambda row: row["script"])
            quick = results["quick"] or (bool(unmeasured) and one["quick"])
            results = {**results, "quick": quick, "rows": rows}
    _KEPT.write_text(json.dumps(sorted([*others, results], key=_python, reverse=True), indent=1) + "\n")


def _python(results: Results) -> list[int]:
    return [int(number) for number in results["python"].split()[1].split(".")]


class Target(NamedTuple):
    """ours ÷ other, in what is worth having: a second's work, or one over the cost."""

    contest: str
    other: str
    at_least: float
    figure: str = "per_second"
    loop: str = ""


def _both(contest: str, other: str, on_asyncio: float, on_uvloop: float, figure: str = "cpu_us") -> list[Target]:
    return [
        Target(contest, other, least, figure, loop) for loop, least in (("asyncio", on_asyncio), ("uvloop", on_uvloop))
    ]


_RIVALS = ("wreq", "rnet", "pyreqwest", "primp", "curl_cffi", "aiosonic", "niquests", "httpx")
_RATE = "per_second"
TARGETS: list[Target] = [
    *_both("GET small, 50 at a time", "aiohttp", 3.5, 6),
    *_both("GET small, 50 at a time", "floor", 0.70, 0.40),
    *_both("GET small, 1 at a time", "aiohttp", 1.6, 1.6, _RATE),
    *_both("GET small, 50 at a time, each another URL", "ours, one URL", 0.8, 0.8),
    *_both("GET small, 50 at a time, pure backend", "ours, compiled", 0.77, 0.77),
    *_both("GET small over TLS, 50 at a time", "aiohttp", 4, 4),
    *_both("GET small over TLS, 50 at a time", "best floor", 0.6, 0.6),
    *[target for rival in _RIVALS for target in _both("GET small beside other clients, 50 at a time", rival, 1, 1)],
    *_both("read() of 100 MB", "aiohttp", 4, 4, _RATE),
    *_both("read() of 100 MB", "floor", 0.75, 0.75, _RATE),
    *_both("iter_chunked(64 KiB) of 100 MB", "aiohttp", 1.2, 2.5, _RATE),
    *_both("read() of 100 MB over TLS", "floor", 0.9, 0.9, _RATE),
    *_both("iter_chunked(64 KiB) of 100 MB over TLS", "floor", 0.9, 0.9, _RATE),
    *_both("POST of bytes, 10 MB", "aiohttp", 1, 1, _RATE),
    *_both("POST of a file, 10 MB", "aiohttp", 1, 1, _RATE),
    *_both("WebSocket echo of 64 B, one at a time", "aiohttp", 1, 1),
    *_both("WebSocket echo of 4 KiB, one at a time", "aiohttp", 1.25, 1.25),
    *_both("WebSocket echo of 1 MiB, one at a time", "aiohttp", 2, 2),
    *_both("WebSocket, flood of 64 B messages", "aiohttp", 3, 3, _RATE),
    Target("idle 5,000", "aiohttp", 2, "KiB a connection"),
    Target("slow 10,000", "aiohttp", 2, "KiB a request"),
]


def _value(results: Results, contest: str, contestant: str, figure: str, loop: str) -> float | None:
    for row in results["rows"]:
        if row["contest"] == contest and row["contestant"] == contestant and row.get("loop", "") == loop:
            value: float = row[figure]
            return value
    return None


def ratio(results: Results, target: Target) -> float | None:
    """None if one of the two was not measured."""
    ours = _value(results, target.contest, OURS, target.figure, target.loop)
    if target.other == "best floor":
        names = ("floor", "floor, aiofastnet")
        floors = [_value(results, target.contest, name, target.figure, target.loop) for name in names]
        known = [value for value in floors if value is not None]
        other = min(known) if known else None
    else:
        other = _value(results, target.contest, target.other, target.figure, target.loop)
    if ours is None or other is None:
        return None
    return ours / other if target.figure == _RATE else other / ours


def _micro(results: Results, name: str) -> float | None:
    return next((row["median_us"] for row in results["rows"] if row["contest"].startswith(name)), None)


def _shown(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


def _absolute(results: Results) -> list[tuple[str, float | None, float, str]]:
    """(what, figure, at most, unit) of the targets that are no ratio to a contestant."""
    imported = _value(results, "import", OURS, "ms CPU", "")
    base = _value(results, "import", "asyncio and yarl", "ms CPU", "")
    growth: list[tuple[str, float | None, float, str]] = []
    for name, few, many in (
        ("concurrency", "1000", "8,000"),
        ("hosts", "100", "8,000"),
        ("cookies", "0", "5,000"),
        ("waiters", "20,000", "100,000"),
    ):
        unit = "us CPU a request"
        costs = [
            _value(results, f"{name} {count if ',' in count else f'{int(count):,}'}", OURS, unit, "")
            for count in (few, many)
        ]
        grown = costs[1] / costs[0] if costs[0] and costs[1] else None
        growth.append((f"cost of a request with {many} {name}, ÷ that with {few}", grown, 1.5, "×"))
    return [
        ("head of 358 bytes, lazy", _micro(results, "bench_head.py::test_lazy[c-358"), 1.0, "us"),
        (
            "head of 358 bytes, with the header dict",
            _micro(results, "bench_head.py::test_headers[c-358"),
            2.0,
            "us",
        ),
        ("head of 3.5 KB, lazy", _micro(results, "bench_head.py::test_lazy[c-34"), 3.0, "us"),
        ("import, beyond asyncio and yarl", imported - base if imported and base else None, 40.0, "ms CPU"),
        *growth,
    ]


def _judged(value: float | None, reached: bool) -> str:
    return _shown(value, ".2f") if reached else f"**{_shown(value, '.2f')}**"


def table(measured: list[Results]) -> str:
    """Markdown: what was measured with, the targets, then every figure of the first."""
    lines = []
    for results in measured:
        versions = ", ".join(f"{name} {number}" for name, number in results["versions"].items())
        lines += [
            f"{results['python']}, backend {results['backend']}, against {results['server']}, {results['machine']}"
            f"{', measured with --quick' if results['quick'] else ''}: {versions}.",
            "",
        ]
    pythons = [results["python"] for results in measured]
    lines += [
        "Ratios are of CPU time where that is what can differ, else of work done a second; more is better.",
        "Bold is what is missed.",
        "",
        f"| work | loop | beside | must be | {' | '.join(pythons)} |",
        f"|---|---|---|---{'|---' * len(pythons)}|",
    ]
    for target in TARGETS:
        ratios = [ratio(results, target) for results in measured]
        shown = [_judged(value, value is None or value >= target.at_least) for value in ratios]
        lines.append(
            f"| {target.contest} | {target.loop or 'uvloop'} | {target.other} | ≥ {target.at_least:g} "
            f"| {' | '.join(shown)} |"
        )
    lines += ["", f"| work | must be | {' | '.join(pythons)} |", f"|---|---{'|---' * len(pythons)}|"]
    for rows in zip(*[_absolute(results) for results in measured], strict=True):
        what, _, most, unit = rows[0]
        shown = [_judged(value, value is None or value <= most) for _, value, _, _ in rows]
        lines.append(f"| {what} | ≤ {most:g} {unit} | {' | '.join(shown)} |")
    results = measured[0]
    lines += ["", f"All figures on {results['python']}:"]
    lines += ["", "| contest | loop | contestant | a second | GB/s | us CPU each |", "|---|---|---|---|---|---|"]
    for row in results["rows"]:
        if "per_second" in row:
            lines.append(
                f"| {row['contest']} | {row['loop']} | {row['contestant']} | {row['per_second']:,.0f} "
                f"| {_shown(row.get('gigabytes_per_second'), '.2f')} | {row['cpu_us']:,.1f} |"
            )
    lines += ["", "| what grows | contestant | figures |", "|---|---|---|"]
    for row in results["rows"]:
        if "per_second" not in row and "median_us" not in row:
            figures = ", ".join(
                f"{value:,.2f} {unit}" for unit, value in row.items() if unit not in ("script", "contest", "contestant")
            )
            lines.append(f"| {row['contest']} | {row['contestant']} | {figures} |")
    lines += ["", "| micro-benchmark | median us |", "|---|---|"]
    lines += [f"| {row['contest']} | {row['median_us']:,.3f} |" for row in results["rows"] if "median_us" in row]
    return "\n".join(lines) + "\n"
