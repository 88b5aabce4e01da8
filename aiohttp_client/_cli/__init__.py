"""The command line: what `python -m aiohttp_client` and `aiohttp-client` do."""
