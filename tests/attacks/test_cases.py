"""README.md's table of cases says the truth."""

import ast
import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (HERE / "README.md").read_text().splitlines()
    if line.startswith("| ") and not line.startswith("| cases")
]
SECTIONS = {
    "A": 17,
    "F": 40,
    "L": 16,
    "P": 9,
    "R": 14,
    "I": 11,
    "Z": 8,
    "T": 11,
    "X": 9,
    "C": 12,
    "U": 10,
    "W": 17,
    "K": 8,
}


def numbered(text):
    """'F1–F3, F5' as [F1, F2, F3, F5]."""
    for first, last in re.findall(r"([A-Z]\d+)(?:–([A-Z]\d+))?", text):
        for number in range(int(first[1:]), int((last or first)[1:]) + 1):
            yield f"{first[0]}{number}"


def says(path, case):
    return re.search(rf"(?<![A-Za-z0-9]){case}(?![A-Za-z0-9])", path.read_text()) is not None


def test_every_case_is_listed():
    listed = {case for row in ROWS for case in numbered(row[0])}
    assert listed == {f"{section}{number}" for section, most in SECTIONS.items() for number in range(1, most + 1)}


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_what_holds_it_is_there(row):
    cases, _, where = row
    if where.startswith("not here: "):
        return
    own = [HERE / place for place in where.split(", ") if re.fullmatch(r"test_\w+\.py", place)]
    for place in where.split(", "):
        path, _, function = place.partition("::")
        if re.match(r"[A-Z]\d", place):
            assert set(numbered(place)) <= {case for other in ROWS if other is not row for case in numbered(other[0])}
            continue
        assert (HERE / path).is_file(), path
        if function:
            tree = ast.parse((HERE / path).read_text())
            assert function in {
                node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
            }
    if own and all(re.fullmatch(r"test_\w+\.py", place) for place in where.split(", ")):
        elsewhere = {case for other in ROWS if other is not row for case in numbered(other[0])}
        for case in numbered(cases):
            assert case in elsewhere or any(says(path, case) for path in own), case
