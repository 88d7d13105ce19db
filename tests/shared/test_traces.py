"""What travels, and whether spans are recorded."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import closing
from datetime import UTC, datetime
from uuid import UUID

import httpx2
import pytest

from deploy.local.ports import HOST
from shared.events.words import WordsKind, WordsRecorded
from shared.metrics import REGISTRY
from shared.problems import ProblemApp
from shared.records import Received
from shared.settings import TracingSettings
from shared.topics import WORDS
from shared.traces import Spans, open_spans, trace_in, trace_of, traceparent
from tests.collector import Collector, collecting
from tests.shared.received import received as as_received

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
Open = Callable[[float], Spans]


@pytest.fixture
def collector() -> Generator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture
def opened(collector: Collector) -> Generator[Open]:
    """Spans that go to the collector; closed at the end at the latest."""
    made: list[Spans] = []

    def open_with(ratio: float) -> Spans:
        made.append(open_spans("routing", TracingSettings(endpoint=collector.endpoint, ratio=ratio), None))
        return made[-1]

    yield open_with
    for spans in made:
        spans.close()


def a_record(trace: str) -> Received:
    event = WordsRecorded(
        event_id=UUID(int=1),
        ticket="NTB-C833-HX1X-7X7V-TM",
        occurred_at=datetime(2026, 11, 24, 8, 0, tzinfo=UTC),
        kind=WordsKind.PROGRESS,
        text="Sudah kami periksa",
    )
    one = as_received(WORDS, event)
    return Received(one.topic, one.key, one.ticket, event, trace, one.record)


def test_given_a_recorded_trace_when_it_is_read_and_sent_on_then_the_span_above_stays_the_same() -> None:
    header = f"00-{TRACE}-{SPAN}-01"

    trace = trace_in(header)

    assert trace == f"{TRACE}-{SPAN}"
    assert traceparent(trace) == header


def test_given_a_trace_that_is_not_recorded_when_it_is_sent_on_then_nobody_records_it() -> None:
    trace = trace_in(f"00-{TRACE}-{SPAN}-00")

    header = traceparent(trace)

    assert trace == TRACE
    assert header.startswith(f"00-{TRACE}-")
    assert header.endswith("-00")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "01",
        "hello-world",
        "00-hello-world-01",
        f"00-{TRACE}-{SPAN}",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{'x' * 16}-01",
        f"{TRACE}-{SPAN}-01-00-01",
    ],
)
def test_given_a_header_that_is_no_context_when_it_comes_then_it_is_passed_over(opened: Open, header: str) -> None:
    spans = opened(1.0)

    request = spans.serve("GET", {"traceparent": header})
    with spans.processing([a_record(trace_in(header))]) as handled:
        traces = [one.trace for one in handled]

    assert trace_in(header) == ""
    assert request is not None
    assert traces == [""]
    assert len(trace_of({"traceparent": header})) == 32


def test_given_all_is_recorded_when_a_request_gives_a_record_then_its_span_is_below_the_callers(
    opened: Open, collector: Collector
) -> None:
    spans = opened(1.0)

    request = spans.serve("POST", {"traceparent": f"00-{TRACE}-{SPAN}-00"})
    assert request is not None
    sent = spans.produce("complaints", "complaint.submitted.v1", request.trace)
    assert sent is not None
    sent.end("KafkaTimeoutError")
    request.answered("/v1/complaints", 503)
    spans.close()

    by_name = {span.name: span for span in collector.of(TRACE)}
    assert by_name["POST /v1/complaints"].parent == SPAN
    assert by_name["send complaints"].parent == by_name["POST /v1/complaints"].span
    assert by_name["send complaints"].about["error.type"] == "KafkaTimeoutError"
    assert [by_name[name].failed for name in ("POST /v1/complaints", "send complaints")] == [True, True]


def test_given_nothing_is_recorded_when_a_caller_asks_for_it_then_it_is_not(opened: Open) -> None:
    spans = opened(0.0)

    assert spans.serve("POST", {"traceparent": f"00-{TRACE}-{SPAN}-01"}) is None
    assert spans.produce("complaints", "complaint.submitted.v1", "") is None
    assert spans.produce("complaints", "complaint.submitted.v1", TRACE) is None


def test_given_others_record_when_a_record_of_theirs_is_handled_then_it_is_recorded_whatever_our_share_is(
    opened: Open, collector: Collector
) -> None:
    spans, others = opened(0.0), a_record(TRACE)

    with spans.processing([a_record(f"{TRACE}-{SPAN}"), others]) as handled:
        below = handled[0].trace
    spans.close()

    [span] = collector.of(TRACE)
    assert (span.name, span.parent, span.about["ntbcare.ticket"]) == ("process words", SPAN, "NTB-C833-HX1X-7X7V-TM")
    assert below == f"{TRACE}-{span.span}"
    assert handled[1] is others
    assert b"periksa" not in b"".join(collector.raw)


def test_given_a_handler_that_fails_when_a_batch_is_tried_then_its_spans_say_so(
    opened: Open, collector: Collector
) -> None:
    spans = opened(1.0)

    with pytest.raises(ConnectionError), spans.processing([a_record(f"{TRACE}-{SPAN}")]):
        raise ConnectionError("mongodb://sitti:secret@host")
    spans.close()

    assert {span.name: (span.failed, span.about["error.type"]) for span in collector.seen} == {
        "process words": (True, "ConnectionError"),
        "process batch": (True, "ConnectionError"),
    }
    [batch] = [span.span for span in collector.seen if span.name == "process batch"]
    assert [span.links for span in collector.of(TRACE)] == [(batch,)]
    assert b"secret" not in b"".join(collector.raw)


def test_given_a_message_of_several_complaints_when_it_is_sent_then_it_is_in_the_first_trace_and_linked_to_the_others(
    opened: Open, collector: Collector
) -> None:
    spans, second = opened(1.0), f"{'1' * 32}-{'2' * 16}"

    sent = spans.hand_over("email", ["", f"{TRACE}-{SPAN}", second, second])
    assert sent is not None
    sent.end()
    spans.close()

    [span] = collector.seen
    assert (span.trace, span.parent, span.links) == (TRACE, SPAN, ("2" * 16,))
    assert spans.hand_over("email", ["", TRACE]) is None


def test_given_no_collector_when_spans_are_closed_then_it_takes_seconds_at_the_most() -> None:
    with closing(socket.create_server((HOST, 0))) as silent:
        port = silent.getsockname()[1]
        spans = open_spans("routing", TracingSettings(endpoint=f"http://{HOST}:{port}"), None)
        request = spans.serve("GET", {})
        assert request is not None
        request.end()
        began = time.monotonic()

        spans.close()

        assert time.monotonic() - began < 15


def test_given_tracing_is_off_when_a_service_is_made_then_nothing_of_the_sdk_is_imported() -> None:
    script = (
        "import sys; from shared.service import Service; from shared.settings import ServiceSettings;"
        "Service('reporting', ServiceSettings());"
        "print([name for name in sys.modules if name.startswith(('opentelemetry.sdk', 'opentelemetry.exporter'))])"
    )

    printed = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)  # noqa: S603

    assert printed.stdout.strip() == "[]"


async def test_given_requests_when_they_are_counted_then_it_is_by_the_template_of_the_path() -> None:
    app = ProblemApp("of-a-test")

    @app.get("/cases/{ticket}")
    async def read(ticket: str) -> str:
        if ticket == "broken":
            raise ConnectionError
        return ticket

    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as http:
        for path in ("/cases/NTB-1", "/cases/NTB-2", "/cases/broken", "/nothing/here"):
            await http.get(path)
        await http.request("BREW", "/cases/NTB-1")

    assert _requests("GET", "/cases/{ticket}", "200") == 2
    assert _requests("GET", "/cases/{ticket}", "500") == 1
    assert _requests("GET", "", "404") == 1
    assert _requests("_OTHER", "/cases/{ticket}", "405") == 1
    timed = {"service": "of-a-test", "method": "GET", "route": "/cases/{ticket}"}
    assert REGISTRY.get_sample_value("ntbcare_http_request_seconds_count", timed) == 3


def _requests(method: str, route: str, status: str) -> float | None:
    labels = {"service": "of-a-test", "method": method, "route": route, "status": status}
    return REGISTRY.get_sample_value("ntbcare_http_requests_total", labels)
