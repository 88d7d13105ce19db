"""W3C trace context: one trace from the request to every record and message that comes of it.

Between services and in stores a trace is a text: `<trace id>`, or `<trace id>-<span id>` where spans are recorded.
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, Protocol

import structlog

from shared.settings import TracingSettings

if TYPE_CHECKING:
    from shared.records import Received

CORRELATION_ID: Final = "correlation_id"
"""What log lines call the trace id."""
TRACE_LENGTH: Final = 32
_CONTEXT: Final = re.compile("[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")
_SAMPLED: Final = 1
_CURRENT: Final[ContextVar[str]] = ContextVar("trace", default="")


def new_trace() -> str:
    return secrets.token_hex(TRACE_LENGTH // 2)


def trace_of(headers: Mapping[str, str]) -> str:
    """The trace id of a request's `traceparent` header, or a new one where there is none that can be used."""
    return trace_in(headers.get("traceparent", ""))[:TRACE_LENGTH] or new_trace()


def trace_in(traceparent: str) -> str:
    """What the header says, as it goes on to whatever comes of its record; empty where it cannot be used."""
    said = _CONTEXT.fullmatch(traceparent)
    if said is None:
        return ""
    trace, span, flags = said.groups()
    return f"{trace}-{span}" if int(flags, 16) & _SAMPLED else trace


def traceparent(trace: str) -> str:
    """A header for what is sent on. Whoever gets it records spans only where we do."""
    trace_id, _, span = trace.partition("-")
    return f"00-{trace_id or new_trace()}-{span or secrets.token_hex(8)}-{'01' if span else '00'}"


def bind_trace(trace: str) -> None:
    """From now on this is the trace of what is under way, and its id that of the log lines."""
    _CURRENT.set(trace)
    structlog.contextvars.bind_contextvars(**{CORRELATION_ID: trace[:TRACE_LENGTH]})


def current_trace() -> str:
    """The trace of the request under way, or a new one outside any."""
    return _CURRENT.get() or new_trace()


class Span(Protocol):
    """Something that takes time, and may fail."""

    @property
    def trace(self) -> str:
        """For what comes of it."""
        ...

    def end(self, error: str = "") -> None:
        """`error`: an enumerated word, a number or the name of a type; never what somebody wrote."""
        ...

    def answered(self, route: str, status: int) -> None:
        """End the span of a request. `route`: the template of its path."""
        ...


class Spans(Protocol):
    """Records spans of one service. What gives None records nothing."""

    def serve(self, method: str, headers: Mapping[str, str], /) -> Span | None: ...
    def produce(self, topic: str, kind: str, trace: str, /) -> Span | None: ...
    def processing(self, batch: "Sequence[Received]") -> "AbstractContextManager[Sequence[Received]]":
        """Around one try to handle the records; gives them with the traces of what comes of them."""
        ...

    def hand_over(self, channel: str, traces: Sequence[str], /) -> Span | None:
        """Around one message to people or another system; it may be of several traces."""
        ...

    def close(self) -> None:
        """Send what is left; takes seconds where nobody answers."""
        ...


class NoSpans:
    """Tracing is off."""

    def serve(self, *_: Any) -> None:
        return None

    def produce(self, *_: Any) -> None:
        return None

    def processing(self, batch: "Sequence[Received]") -> "AbstractContextManager[Sequence[Received]]":
        return nullcontext(batch)

    def hand_over(self, *_: Any) -> None:
        return None

    def close(self) -> None:
        pass


NO_SPANS: Final = NoSpans()


def open_spans(service: str, settings: TracingSettings, instance: str | None) -> Spans:
    """Nothing of OpenTelemetry is imported where tracing is off: it takes megabytes."""
    if settings.endpoint is None:
        return NO_SPANS
    from shared.spans import RecordedSpans  # noqa: PLC0415 - it says why

    return RecordedSpans(service, settings, instance)
