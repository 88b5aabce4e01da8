import pytest


@pytest.fixture
def attacked(origin):
    """A client whose server answers with any bytes; see servers/attacked.py."""
    from attacked import Attacked

    return Attacked(origin)
