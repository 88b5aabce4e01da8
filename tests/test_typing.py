"""The public types, as mypy and pyright see them from outside: tests/typing/ is code of users."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

import aiohttp_client

EXAMPLES = Path(__file__).parent / "typing"
PACKAGE = Path(aiohttp_client.__file__).parents[1]


@pytest.mark.parametrize(
    ("checker", "options"),
    [("mypy", ["--strict", "--python-version", "3.11"]), ("pyright", ["--pythonpath", sys.executable])],
)
def test_code_of_users_type_checks(checker, options, tmp_path):
    if importlib.util.find_spec(checker) is None:
        pytest.skip(f"{checker} is not installed: it belongs to the lint group, not to the tests")
    done = subprocess.run(
        [sys.executable, "-m", checker, *options, str(EXAMPLES)], cwd=PACKAGE, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_wrong_code_is_seen(checker, tmp_path):
    """That the checks above can fail."""
    if importlib.util.find_spec(checker) is None:
        pytest.skip(f"{checker} is not installed: it belongs to the lint group, not to the tests")
    wrong = tmp_path / "wrong.py"
    wrong.write_text(
        "import aiohttp_client as aiohttp\n"
        "async def wrong_option(session: aiohttp.ClientSession) -> None:\n"
        "    await session.get('http://example.org', no_such_option=1)\n"
        "async def wrong_result(session: aiohttp.ClientSession) -> str:\n"
        "    return (await session.get('http://example.org')).status\n"
    )
    options = ["--strict"] if checker == "mypy" else ["--pythonpath", sys.executable]
    done = subprocess.run(
        [sys.executable, "-m", checker, *options, str(wrong)], cwd=PACKAGE, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "no_such_option" in done.stdout and '"int"' in done.stdout
