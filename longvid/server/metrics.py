"""How often, how long and with what end: every request counted for Prometheus, and written to the audit log."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from longvid.server.audit import Audit

_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300)


class Metrics:
    """The numbers of one server; labels are routes, never ids or names."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        named = ("method", "route")
        self.requests = Counter(
            "longvid_requests", "Answered requests.", (*named, "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "longvid_request_seconds", "Until the last byte.", named, buckets=_BUCKETS, registry=self.registry
        )
        self.running = Gauge("longvid_requests_running", "Being answered now.", registry=self.registry)

    def text(self) -> bytes:
        """All of them, as Prometheus reads them."""
        text: bytes = generate_latest(self.registry)
        return text


class Measured:
    """ASGI middleware around the routes."""

    def __init__(self, app: Callable[..., Awaitable[None]], metrics: Metrics, audit: Audit) -> None:
        self._app = app
        self._metrics = metrics
        self._audit = audit

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 499  # unless it is answered, its client went away

        async def told(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        began = time.perf_counter()
        self._metrics.running.inc()
        try:
            await self._app(scope, receive, told)
        finally:
            seconds = time.perf_counter() - began
            route = getattr(scope.get("route"), "path", "none")
            self._metrics.running.dec()
            self._metrics.requests.labels(scope["method"], route, status).inc()
            self._metrics.seconds.labels(scope["method"], route).observe(seconds)
            self._audit.write(scope, status, seconds)
