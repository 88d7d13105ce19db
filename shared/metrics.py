"""What Prometheus reads on `/metrics`. Labels hold names of services and topics, never what belongs to a person."""

from collections.abc import Iterable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.metrics_core import Metric

REGISTRY: Final = CollectorRegistry()

PUBLISHED: Final = Counter(
    "ntbcare_published_total", "Records acknowledged by the broker", ["service", "topic"], registry=REGISTRY
)
PUBLISH_ERRORS: Final = Counter(
    "ntbcare_publish_errors_total",
    "Records that the broker did not acknowledge",
    ["service", "topic"],
    registry=REGISTRY,
)
CONSUMED: Final = Counter(
    "ntbcare_consumed_total", "Records whose effect is durable", ["service", "topic"], registry=REGISTRY
)
SKIPPED: Final = Counter(
    "ntbcare_skipped_total", "Records of a type that is not known yet", ["service"], registry=REGISTRY
)
PARKED: Final = Counter(
    "ntbcare_dead_letters_total", "Records parked in the dead-letter topic", ["service", "topic"], registry=REGISTRY
)
BATCH_SECONDS: Final = Histogram(
    "ntbcare_batch_seconds", "Time from the fetch of a batch to its durable effect", ["service"], registry=REGISTRY
)
HOLDS: Final = Counter(
    "ntbcare_holds_total", "Times that a consumer waited for a failing shared part", ["service"], registry=REGISTRY
)
LAG: Final = Gauge(
    "ntbcare_consumer_lag",
    "Records not consumed yet",
    ["service", "group", "topic", "partition"],
    registry=REGISTRY,
)
OLDEST: Final = Gauge(
    "ntbcare_oldest_unprocessed_seconds",
    "Age of the oldest event not consumed yet",
    ["service", "group"],
    registry=REGISTRY,
)
PAUSED: Final = Gauge("ntbcare_consumer_paused", "1 while a flood holds the consumer", ["service"], registry=REGISTRY)
READY: Final = Gauge("ntbcare_ready", "1 while the service is ready", ["service"], registry=REGISTRY)
IGNORED: Final = Counter(
    "ntbcare_ignored_total", "Events without effect, by reason", ["service", "reason"], registry=REGISTRY
)
OUTBOX_PUBLISHED: Final = Counter(
    "ntbcare_outbox_published_total", "Records published from an outbox", ["service"], registry=REGISTRY
)
OUTBOX_SWEPT: Final = Counter(
    "ntbcare_outbox_swept_total", "Documents whose outbox the sweep published", ["service"], registry=REGISTRY
)
CLOCKS_RUN: Final = Counter(
    "ntbcare_clocks_run_total",
    "Breaches, escalations and closings that the sweep found due",
    ["service"],
    registry=REGISTRY,
)
ERASED: Final = Counter(
    "ntbcare_erased_total",
    "What the janitor erased: tickets by reason (asked, retention, late), parts and photos",
    ["service", "what"],
    registry=REGISTRY,
)
JANITOR_SECONDS: Final = Histogram(
    "ntbcare_janitor_seconds",
    "Time that a pass of the janitor took",
    ["service"],
    buckets=(0.1, 1, 10, 60, 300, 1_800, 7_200),
    registry=REGISTRY,
)
JANITOR_ENDED: Final = Gauge(
    "ntbcare_janitor_ended_timestamp_seconds", "When its last complete pass ended", ["service"], registry=REGISTRY
)
CASES_LINKED: Final = Counter(
    "ntbcare_cases_linked_total",
    "Cases that were linked by rule to another of the same matter",
    ["service"],
    registry=REGISTRY,
)
LIVE: Final = Gauge(
    "ntbcare_live_generation",
    "1 for the generation of the read models that this replica answers from",
    ["service", "generation"],
    registry=REGISTRY,
)
RESTARTS: Final = Counter(
    "ntbcare_consumer_restarts_total", "Stuck consumers that the watchdog restarted", ["service"], registry=REGISTRY
)
REQUESTS: Final = Counter(
    "ntbcare_http_requests_total",
    "Requests, by the template of their path (empty: there is none) and by what was answered",
    ["service", "method", "route", "status"],
    registry=REGISTRY,
)
REQUEST_SECONDS: Final = Histogram(
    "ntbcare_http_request_seconds",
    "Time to the beginning of the answer",
    ["service", "method", "route"],
    buckets=(0.005, 0.025, 0.1, 0.25, 0.5, 1, 3, 10),
    registry=REGISTRY,
)
STILL: Final = Gauge(
    "ntbcare_consumer_still_seconds",
    "Time that a consumer has had records to read and has not moved; 0 while it waits for a failing part",
    ["service", "group"],
    registry=REGISTRY,
)
OUTBOX_OLDEST: Final = Gauge(
    "ntbcare_outbox_oldest_timestamp_seconds",
    "When the oldest record in an outbox was put there, as the last sweep saw it; 0 where nothing is older than 2 s",
    ["service"],
    registry=REGISTRY,
)


class OfService:
    """A view of the registry that holds one service's samples, and those that name no service."""

    def __init__(self, service: str) -> None:
        self._service = service

    def collect(self) -> Iterable[Metric]:
        for family in REGISTRY.collect():
            family.samples = [
                sample for sample in family.samples if sample.labels.get("service", self._service) == self._service
            ]
            yield family
