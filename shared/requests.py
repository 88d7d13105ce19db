"""What every request has: a trace, and its place in the metrics."""

import time
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.metrics import REQUEST_SECONDS, REQUESTS
from shared.traces import Spans, bind_trace, trace_of

_PROBES: Final = frozenset({"/livez", "/readyz", "/metrics"})
"""Asked every few seconds: they have no spans."""
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_OTHER: Final = "_OTHER"
_FAILED: Final = 500


class WatchRequests:
    """ASGI middleware, around everything else that may answer."""

    def __init__(self, app: ASGIApp, service: str, spans: Spans) -> None:
        self._app = app
        self._service = service
        self._spans = spans

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), _FAILED
        method = scope["method"] if scope["method"] in _METHODS else _OTHER
        headers = Headers(scope=scope)
        span = None if scope["path"] in _PROBES else self._spans.serve(method, headers)
        bind_trace(span.trace if span else trace_of(headers))

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                # Here, because a stream may last for minutes.
                REQUEST_SECONDS.labels(self._service, method, _route(scope)).observe(time.perf_counter() - began)
            await send(message)

        try:
            await self._app(scope, receive, note)
        finally:
            route = _route(scope)
            REQUESTS.labels(self._service, method, route, str(status)).inc()
            if span:
                span.answered(route, status)


def _route(scope: Scope) -> str:
    """The template of the path, which names nobody; empty where nothing is there."""
    return getattr(scope.get("route"), "path", "")
