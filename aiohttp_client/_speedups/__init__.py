"""Where the compiled codecs land (sources: _ext/*.pyx); _backend.py chooses."""
