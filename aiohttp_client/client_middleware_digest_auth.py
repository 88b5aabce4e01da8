"""aiohttp's path to digest_auth.py."""

from .digest_auth import DigestAuthMiddleware as DigestAuthMiddleware
