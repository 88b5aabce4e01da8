"""The loggers, by aiohttp's path."""

import logging

client_logger = logging.getLogger("aiohttp_client.client")
internal_logger = logging.getLogger("aiohttp_client.internal")
ws_logger = logging.getLogger("aiohttp_client.websocket")
