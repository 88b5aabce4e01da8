import importlib

import pytest

BACKENDS = {"py": "_pure", "c": "_speedups", "httptools": "_llhttp"}


def _load(name):
    package = BACKENDS[name]
    try:
        return [importlib.import_module(f"aiohttp_client.{package}.{codec}") for codec in ("head", "chunks", "mask")]
    except ImportError as missing:
        return missing


_LOADED = {name: _load(name) for name in BACKENDS}


@pytest.fixture(params=BACKENDS)
def backend(request):
    """(head, chunks, mask) modules of each backend that is there; a demanded one is always there (test_backend.py)."""
    loaded = _LOADED[request.param]
    if isinstance(loaded, ImportError):
        pytest.skip(f"backend {request.param} is not installed: {loaded}")
    return loaded


@pytest.fixture(scope="session")
def backends():
    """All backends that are there, by name."""
    return {name: loaded for name, loaded in _LOADED.items() if not isinstance(loaded, ImportError)}


@pytest.fixture(params=BACKENDS)
def codecs(request):
    loaded = _LOADED[request.param]
    if isinstance(loaded, ImportError):
        pytest.skip(f"backend {request.param} is not installed: {loaded}")
    return loaded
