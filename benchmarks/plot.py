"""The plot of README.md: requests a second of every client, against the floor. SVG, by hand, for two colour schemes."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

_CONTEST = "GET small beside other clients, 50 at a time"
_LEFT, _WIDTH, _BAR, _GAP = 150, 560, 18, 8
_STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #24292f } .note { font-size: 11px; fill: #57606a }
  .ours { fill: #1a7f37 } .peer { fill: #8c959f } .floor { fill: #d0d7de }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .note { fill: #8d96a0 }
    .ours { fill: #3fb950 } .peer { fill: #6e7681 } .floor { fill: #30363d }
  }
"""


def drawn(results: dict[str, Any]) -> str:
    """Horizontal bars, the fastest on top, one group for each loop."""
    parts: list[str] = []
    y = 30
    for loop in ("uvloop", "asyncio"):
        rows = [row for row in results["rows"] if row["contest"] == _CONTEST and row["loop"] == loop]
        if not rows:
            continue
        most = max(row["per_second"] for row in rows)
        parts.append(f'<text x="0" y="{y}" font-weight="bold">{loop}</text>')
        y += 10
        for row in sorted(rows, key=lambda row: -row["per_second"]):
            name, rate = row["contestant"], row["per_second"]
            kind = {"aiohttp_client": "ours", "floor": "floor"}.get(name, "peer")
            length = max(1.0, rate / most * _WIDTH)
            shown = "the floor: no client can be faster" if name == "floor" else name
            middle = y + _BAR - 5
            parts.append(f'<rect class="{kind}" x="{_LEFT}" y="{y}" width="{length:.1f}" height="{_BAR}" rx="2"/>')
            weight = ' font-weight="bold"' if kind == "ours" else ""
            if kind == "floor":
                parts.append(f'<text x="{_LEFT + 8}" y="{middle}" class="note">{escape(shown)}</text>')
                shown = "floor"
            parts.append(f'<text x="{_LEFT - 8}" y="{middle}" text-anchor="end"{weight}>{escape(shown)}</text>')
            parts.append(f'<text x="{_LEFT + length + 6:.1f}" y="{middle}"{weight}>{rate:,.0f}</text>')
            y += _BAR + _GAP
        y += 24
    note = (
        f"Small GETs a second, 50 at a time, client on one core, nginx on another. {results['python']}, "
        f"{results['machine']}. Made by benchmarks/run.py."
    )
    parts.append(f'<text x="0" y="{y}" class="note">{escape(note)}</text>')
    size = f'viewBox="0 0 {_LEFT + _WIDTH + 80} {y + 12}"'
    body = "\n".join(parts)
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img"><style>{_STYLE}</style>\n{body}\n</svg>\n'
