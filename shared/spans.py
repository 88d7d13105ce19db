"""Spans for an OpenTelemetry collector. No attribute holds what a person is or wrote, nor a path or a query."""

import random
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final
from uuid import uuid4

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)
from opentelemetry.trace import Span as OtelSpan

from shared.records import Received
from shared.settings import TracingSettings
from shared.traces import trace_in

Attributes = Mapping[str, str | int]

_GIVES_UP_AFTER_S: Final = 3.0
_SERVER_ERRORS: Final = 500
_KAFKA: Final[Attributes] = {"messaging.system": "kafka"}


class _Recorded:
    """A span under way."""

    __slots__ = ("_method", "_span", "trace")

    def __init__(self, span: OtelSpan, method: str = "") -> None:
        self._span = span
        self._method = method
        context = span.get_span_context()
        self.trace = f"{context.trace_id:032x}-{context.span_id:016x}"

    @property
    def link(self) -> Link:
        return Link(self._span.get_span_context())

    def end(self, error: str = "") -> None:
        if error:
            self._span.set_attribute("error.type", error)
            self._span.set_status(Status(StatusCode.ERROR, error))
        self._span.end()

    def answered(self, route: str, status: int) -> None:
        self._span.set_attribute("http.response.status_code", status)
        if route:
            self._span.update_name(f"{self._method} {route}")
            self._span.set_attribute("http.route", route)
        self.end(str(status) if status >= _SERVER_ERRORS else "")


class RecordedSpans:
    """Of one service. A request or a clock begins a trace that is recorded or not; what comes of it does the same."""

    def __init__(self, service: str, settings: TracingSettings, instance: str | None) -> None:
        self._ratio = settings.ratio
        about = {
            "service.name": service,
            "service.namespace": "ntbcare",
            "service.instance.id": instance or str(uuid4()),
        }
        # Whether a trace is recorded is decided here, before the SDK is asked for anything.
        self._provider = TracerProvider(resource=Resource.create(about), sampler=ALWAYS_ON, shutdown_on_exit=False)
        exporter = OTLPSpanExporter(f"{settings.endpoint}/v1/traces", timeout=_GIVES_UP_AFTER_S)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("ntbcare")

    def close(self) -> None:
        self._provider.shutdown()

    def serve(self, method: str, headers: Mapping[str, str]) -> _Recorded | None:
        """The caller's trace goes on, but whether it is recorded is not the caller's choice."""
        if not self._chosen():
            return None
        said = headers.get("traceparent", "")
        parent = trace_in(f"{said[:-2]}01")
        return _Recorded(self._begin(method, SpanKind.SERVER, parent, {"http.request.method": method}), method)

    def produce(self, topic: str, kind: str, trace: str) -> _Recorded | None:
        """`kind`: the type of the event; may be empty."""
        if not _is_recorded(trace) and (trace or not self._chosen()):
            return None
        about = {
            **_KAFKA,
            "messaging.operation.name": "send",
            "messaging.operation.type": "send",
            "messaging.destination.name": topic,
        }
        if kind:
            about["cloudevents.event_type"] = kind
        return _Recorded(self._begin(f"send {topic}", SpanKind.PRODUCER, trace, about))

    @contextmanager
    def processing(self, batch: Sequence[Received]) -> Generator[Sequence[Received]]:
        """A span for each record in the record's own trace, and one for the batch, to which they link."""
        if not any(_is_recorded(received.trace) for received in batch):
            yield batch
            return
        about = {**_KAFKA, "messaging.operation.name": "process", "messaging.batch.message_count": len(batch)}
        whole = _Recorded(self._begin("process batch", SpanKind.INTERNAL, "", about))
        spans = [self._process(one, whole.link) if _is_recorded(one.trace) else None for one in batch]
        error = ""
        try:
            yield [
                one if span is None else replace(one, trace=span.trace) for one, span in zip(batch, spans, strict=True)
            ]
        except BaseException as raised:
            error = type(raised).__name__
            raise
        finally:
            for span in (*spans, whole):
                if span is not None:
                    span.end(error)

    def hand_over(self, channel: str, traces: Sequence[str]) -> _Recorded | None:
        recorded = list(filter(_is_recorded, dict.fromkeys(traces)))
        if not recorded:
            return None
        first, *others = recorded
        about = {"ntbcare.channel": channel, "ntbcare.deliveries": len(traces)}
        links = [Link(_context_of(trace)) for trace in others]
        return _Recorded(self._begin(f"send {channel}", SpanKind.CLIENT, first, about, links))

    def _process(self, received: Received, batch: Link) -> _Recorded:
        topic, record = received.topic.name, received.record
        about = {
            **_KAFKA,
            "messaging.operation.name": "process",
            "messaging.operation.type": "process",
            "messaging.destination.name": topic,
            "messaging.destination.partition.id": str(record.partition),
            "messaging.kafka.offset": record.offset,
            "cloudevents.event_type": getattr(received.event, "type", "erased.v1"),
            "ntbcare.ticket": received.ticket,
        }
        return _Recorded(self._begin(f"process {topic}", SpanKind.CONSUMER, received.trace, about, [batch]))

    def _begin(self, name: str, kind: SpanKind, parent: str, about: Attributes, links: Iterable[Link] = ()) -> OtelSpan:
        above = NonRecordingSpan(_context_of(parent)) if _is_recorded(parent) else None
        # A context of its own: what is current in the process is no parent of anything here.
        context = Context() if above is None else set_span_in_context(above, Context())
        return self._tracer.start_span(name, context, kind, about, tuple(links))

    def _chosen(self) -> bool:
        return random.random() < self._ratio  # noqa: S311 - no secret


def _is_recorded(trace: str) -> bool:
    return "-" in trace


def _context_of(trace: str) -> SpanContext:
    trace_id, _, span_id = trace.partition("-")
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
