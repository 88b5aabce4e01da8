"""The command line; its tests need terminals and signals, and those of Windows are others."""

import os

collect_ignore_glob = ["test_*.py"] if os.name == "nt" else []
