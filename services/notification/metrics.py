"""What Prometheus reads of notification beside what all services say."""

from typing import Final

from prometheus_client import Counter, Gauge

from services.notification.domain.attempts import Delivered, Outcome, Sent
from services.notification.domain.deliveries import Delivery
from shared.metrics import REGISTRY

SERVICE: Final = "notification"

OUTCOMES: Final = Counter(
    "ntbcare_deliveries_total",
    "Deliveries that are done, by what they said and how they ended",
    ["service", "channel", "kind", "outcome", "reason"],
    registry=REGISTRY,
)
RETRIES: Final = Counter(
    "ntbcare_delivery_retries_total",
    "Attempts that a mail server or a gateway put off",
    ["service", "channel", "reason"],
    registry=REGISTRY,
)
TAKEN_OVER: Final = Counter(
    "ntbcare_deliveries_taken_over_total",
    "Deliveries that were about to go out when their sender's lease ran out; each may have been sent twice",
    ["service"],
    registry=REGISTRY,
)
UNSURE_ANSWERS: Final = Counter(
    "ntbcare_deliveries_unsure_total",
    "Deliveries that were handed over whole and not answered, and so go out again; each may have been sent twice",
    ["service", "channel"],
    registry=REGISTRY,
)
CONNECTIONS: Final = Counter(
    "ntbcare_smtp_connections_total", "Connections opened to the mail server", ["service"], registry=REGISTRY
)
CHANNEL_REACHABLE: Final = Gauge(
    "ntbcare_channel_reachable",
    "1 while the channel's server or gateway takes our messages",
    ["service", "channel"],
    registry=REGISTRY,
)


def count_outcome(delivery: Delivery, outcome: Outcome) -> None:
    name = type(outcome).__name__.lower()
    reason = "" if isinstance(outcome, Sent | Delivered) else outcome.reason
    OUTCOMES.labels(SERVICE, delivery.channel or "", delivery.kind, name, reason).inc()
