"""W3C trace context: one trace id from the request to every record and mail that comes of it."""

import secrets
from collections.abc import Mapping
from typing import Final

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

CORRELATION_ID: Final = "correlation_id"
"""What log lines call the trace id."""
_PARTS: Final = 4
_HEX: Final = frozenset("0123456789abcdef")
_TRACE_LENGTH: Final = 32


def new_trace() -> str:
    return secrets.token_hex(_TRACE_LENGTH // 2)


def trace_of(headers: Mapping[str, str]) -> str:
    """The trace id of a `traceparent` header, or a new one where there is none that can be used."""
    parts = headers.get("traceparent", "").split("-")
    trace = parts[1] if len(parts) == _PARTS else ""
    usable = len(trace) == _TRACE_LENGTH and set(trace) <= _HEX and set(trace) != {"0"}
    return trace if usable else new_trace()


def traceparent(trace: str) -> str:
    """A header for what is sent on."""
    return f"00-{trace or new_trace()}-{secrets.token_hex(8)}-01"


def current_trace() -> str:
    """The trace id of the request under way, or a new one outside any."""
    return structlog.contextvars.get_contextvars().get(CORRELATION_ID) or new_trace()


class BindTrace:
    """ASGI middleware: every log line of a request, and every record that comes of it, carries its trace id."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            structlog.contextvars.bind_contextvars(**{CORRELATION_ID: trace_of(Headers(scope=scope))})
        await self._app(scope, receive, send)
