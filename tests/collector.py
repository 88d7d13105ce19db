"""A tiny OpenTelemetry collector: takes OTLP over HTTP and remembers the spans, or only counts bytes."""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from deploy.local.ports import HOST

_ERROR: Final = 2


@dataclass(frozen=True)
class Seen:
    """A span as it came."""

    service: str
    name: str
    trace: str
    span: str
    parent: str
    """Empty: it began the trace."""
    about: dict[str, Any]
    failed: bool
    links: tuple[str, ...]


@dataclass
class Collector:
    """What came."""

    port: int = 0
    seen: list[Seen] = field(default_factory=list[Seen])
    raw: list[bytes] = field(default_factory=list[bytes])

    @property
    def endpoint(self) -> str:
        return f"http://{HOST}:{self.port}"

    def take(self, body: bytes) -> None:
        self.raw.append(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            told = _values(resource.resource.attributes)
            self.seen += [_read(told["service.name"], span) for scope in resource.scope_spans for span in scope.spans]

    def of(self, trace: str) -> list[Seen]:
        return [one for one in self.seen if one.trace == trace]


def _read(service: str, span: Any) -> Seen:
    links = tuple(link.span_id.hex() for link in span.links)
    ids = (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex())
    return Seen(service, span.name, *ids, _values(span.attributes), span.status.code == _ERROR, links)


def _values(attributes: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}


@contextmanager
def collecting() -> Generator[Collector]:
    collector = Collector()
    server = _serve(0, collector)
    collector.port = server.server_port
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _serve(port: int, collector: Collector | None) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if collector is not None:
                collector.take(body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name
            """Nothing."""

    return ThreadingHTTPServer((HOST, port), Handler)


if __name__ == "__main__":
    _serve(int(sys.argv[1]), None).serve_forever()
