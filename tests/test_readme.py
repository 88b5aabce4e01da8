"""The README's Python runs as it stands, against a server on loopback."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"


@pytest.mark.skipif(not README.exists(), reason="an installed package has no README")
def test_the_first_example_runs(httpbin, tmp_path):
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert "https://api.github.com/events" in example
    script = tmp_path / "example.py"
    script.write_text(example.replace("https://api.github.com/events", httpbin.url + "/html"))
    done = subprocess.run([sys.executable, "-X", "dev", "-W", "error", str(script)], capture_output=True, text=True)
    assert done.stderr == ""
    assert done.stdout.startswith("200\n<!DOCTYPE html>")
