"""What Prometheus reads of notification beside what all services say."""

from typing import Final

from prometheus_client import Counter, Gauge

from services.notification.domain.attempts import Delivered, Outcome
from services.notification.domain.deliveries import Delivery
from shared.metrics import REGISTRY

SERVICE: Final = "notification"

OUTCOMES: Final = Counter(
    "ntbcare_deliveries_total",
    "Deliveries that are done, by what they said and how they ended",
    ["service", "kind", "outcome", "reason"],
    registry=REGISTRY,
)
RETRIES: Final = Counter(
    "ntbcare_delivery_retries_total", "Attempts that the mail server put off", ["service", "reason"], registry=REGISTRY
)
TAKEN_OVER: Final = Counter(
    "ntbcare_deliveries_taken_over_total",
    "Deliveries claimed again because their sender's lease ran out; each may have been sent twice",
    ["service"],
    registry=REGISTRY,
)
CONNECTIONS: Final = Counter(
    "ntbcare_smtp_connections_total", "Connections opened to the mail server", ["service"], registry=REGISTRY
)
REACHABLE: Final = Gauge(
    "ntbcare_mail_server_reachable", "1 while the mail server takes our mail", ["service"], registry=REGISTRY
)


def count_outcome(delivery: Delivery, outcome: Outcome) -> None:
    name = type(outcome).__name__.lower()
    reason = "" if isinstance(outcome, Delivered) else outcome.reason
    OUTCOMES.labels(SERVICE, delivery.kind, name, reason).inc()
