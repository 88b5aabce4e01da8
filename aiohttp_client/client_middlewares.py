"""aiohttp's path to middlewares.py."""

from .middlewares import ClientHandlerType as ClientHandlerType
from .middlewares import ClientMiddlewareType as ClientMiddlewareType
