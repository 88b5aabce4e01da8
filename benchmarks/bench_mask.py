"""WebSocket masking of 64 B, 4 KiB and 1 MiB, beside websockets' where it is installed.

python -m pytest benchmarks/bench_mask.py
"""

import importlib
from typing import Any

import pytest

KEY = b"\x37\xfa\x21\x3d"
BACKENDS = {"c": "_speedups", "py": "_pure"}


@pytest.mark.parametrize("size", [64, 4096, 2**20])
@pytest.mark.parametrize("backend", BACKENDS)
def test_ours(benchmark: Any, backend: str, size: int) -> None:
    mask = importlib.import_module(f"aiohttp_client.{BACKENDS[backend]}.mask").mask
    data = bytearray(size)
    benchmark(mask, KEY, data)
    assert bytes(data[:4]) in (KEY, bytes(4))


@pytest.mark.parametrize("size", [64, 4096, 2**20])
def test_websockets(benchmark: Any, size: int) -> None:
    speedups = pytest.importorskip("websockets.speedups")
    assert benchmark(speedups.apply_mask, bytes(size), KEY)[:4] == KEY
