"""One trace from the request to the mail, as a collector gets it from four processes."""

from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest

from shared.settings import KafkaSettings
from tests.collector import Collector, Seen, collecting
from tests.services import SERVICES, Platform, running_platform
from tests.system.subscribers import ask_to_follow
from tests.waiting import until

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]
WHOLE_WAY = {
    ("intake", "POST /v1/complaints"),
    ("intake", "send personal"),
    ("intake", "send complaints"),
    ("routing", "process complaints"),
    ("routing", "send cases"),
    ("notification", "process cases"),
    ("notification", "send email"),
    ("notification", "send notices"),
    ("reporting", "process complaints"),
    ("reporting", "process cases"),
    ("reporting", "process notices"),
}


@pytest.fixture
def collector() -> Generator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture
async def traced(
    topics: KafkaSettings, mongo_uri: str, tmp_path: Path, collector: Collector
) -> AsyncGenerator[Platform]:
    variables = {f"{service.upper()}_TRACING__ENDPOINT": collector.endpoint for service in SERVICES}
    async with running_platform(topics, mongo_uri, tmp_path, **variables) as platform:
        yield platform


def places(spans: list[Seen]) -> set[tuple[str, str]]:
    return {(span.service, span.name) for span in spans}


async def test_given_tracing_when_a_complaint_is_submitted_then_one_trace_shows_its_whole_way(
    traced: Platform, collector: Collector
) -> None:
    answer = await traced.submit(text="Jalan rusak parah di depan rumah Bu Inaq Ramli")
    assert answer.status_code == 202

    await until(lambda: any(span.name == "POST /v1/complaints" for span in collector.seen), limit_s=30)
    [request] = [span for span in collector.seen if span.name == "POST /v1/complaints"]
    await until(lambda: places(collector.of(request.trace)) >= WHOLE_WAY, limit_s=60)

    trace = {span.span: span for span in collector.of(request.trace)}
    assert request.parent == ""
    assert all(span.parent in trace for span in trace.values() if span is not request)
    assert not any(span.failed for span in trace.values())
    assert {way_up(span, trace) for span in trace.values() if span.name == "send email"} == {
        ("send email", "process cases", "send cases", "process complaints", "send complaints", "POST /v1/complaints")
    }
    assert {span.about["ntbcare.ticket"] for span in trace.values() if "process" in span.name} == {
        answer.json()["ticket"]
    }
    assert linked_batches(trace) <= {span.span for span in collector.seen if span.name == "process batch"}
    said = b"".join(collector.raw)
    assert not [word for word in (b"sitti", b"Sitti", b"Inaq", b"opd.ntb.example") if word in said]
    assert answer.json()["tracking_code"].encode() not in said


def way_up(span: Seen, trace: dict[str, Seen]) -> tuple[str, ...]:
    return (span.name, *(way_up(trace[span.parent], trace) if span.parent else ()))


def linked_batches(trace: dict[str, Seen]) -> set[str]:
    return {link for span in trace.values() if "process" in span.name for link in span.links}


async def test_given_tracing_when_somebody_asks_to_follow_then_the_mail_is_in_the_trace_of_the_request(
    traced: Platform, collector: Collector
) -> None:
    await ask_to_follow(traced, "email", "pengikut@mail.example", region="52.03")

    [mail] = await until(lambda: [span for span in collector.seen if span.name == "send email"], limit_s=60)
    await until(lambda: len(collector.of(mail.trace)) == 2, limit_s=30)

    assert way_up(mail, {span.span: span for span in collector.of(mail.trace)}) == (
        "send email",
        "POST /v1/subscriptions",
    )
    assert b"pengikut" not in b"".join(collector.raw)
