"""Where the time of a request goes: name lookup, connecting, TLS, waiting, body."""

from __future__ import annotations

import ssl
import time
from types import SimpleNamespace
from typing import Any

from ..tracing import TraceConfig

_BAR = 40


class _HandshakeWatch(ssl.SSLContext):
    """Notes when a handshake begins; between that and the request, nothing else happens."""

    phases: Phases

    def wrap_bio(self, *arguments: Any, **options: Any) -> ssl.SSLObject:
        self.phases.moments["tls"] = time.perf_counter()
        return super().wrap_bio(*arguments, **options)


class Phases:
    """The phases of the last of a chain of requests."""

    def __init__(self) -> None:
        self.moments: dict[str, float] = {}
        self.reused = False

    def context(self) -> ssl.SSLContext:
        """A context that verifies like the default one."""
        context = _HandshakeWatch(ssl.PROTOCOL_TLS_CLIENT)
        context.load_default_certs()
        context.phases = self
        return context

    def trace(self) -> TraceConfig[SimpleNamespace]:
        trace = TraceConfig()

        def note(name: str) -> Any:
            async def noted(session: Any, context: Any, params: Any) -> None:
                self.moments[name] = time.perf_counter()

            return noted

        async def begin(session: Any, context: Any, params: Any) -> None:
            self.moments = {"start": time.perf_counter()}

        async def reuse(session: Any, context: Any, params: Any) -> None:
            self.reused = True

        async def redirected(session: Any, context: Any, params: Any) -> None:
            self.moments = {"start": time.perf_counter()}
            self.reused = False

        trace.on_request_start.append(begin)
        trace.on_request_redirect.append(redirected)
        trace.on_connection_reuseconn.append(reuse)
        trace.on_dns_resolvehost_start.append(note("dns"))
        trace.on_dns_resolvehost_end.append(note("dns end"))
        trace.on_connection_create_end.append(note("connected"))
        trace.on_request_headers_sent.append(note("sent"))
        trace.on_request_end.append(note("head"))
        return trace

    def ended(self) -> None:
        """The body is there."""
        self.moments["end"] = time.perf_counter()

    def spans(self) -> list[tuple[str, float, float]]:
        """(phase, seconds from the start to its beginning, seconds it took) in their order."""
        at = self.moments.get
        start = self.moments["start"]
        edges: list[tuple[str, float | None, float | None]] = [("name lookup", at("dns"), at("dns end"))]
        if not self.reused:
            edges.append(("connect", at("dns end", start), at("tls", at("connected"))))
            edges.append(("TLS handshake", at("tls"), at("connected")))
        edges.append(("first byte", at("sent"), at("head")))
        edges.append(("body", at("head"), at("end")))
        return [
            (name, begin - start, end - begin) for name, begin, end in edges if begin is not None and end is not None
        ]

    def waterfall(self) -> list[str]:
        """A line for each phase, with a bar where it lies in the whole."""
        total = max(self.moments["end"] - self.moments["start"], 1e-9)
        lines = []
        for name, begin, seconds in self.spans():
            left = min(round(begin / total * _BAR), _BAR - 1)
            width = max(1, min(round(seconds / total * _BAR), _BAR - left))
            lines.append(f"{name:<14}{' ' * left}{'█' * width:<{_BAR - left}} {seconds * 1000:9.1f} ms")
        lines.append(f"{'total':<14}{'':<{_BAR}} {total * 1000:9.1f} ms")
        return lines
