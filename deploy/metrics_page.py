"""`docs/metrics.md`, drawn from the metrics themselves: `make diagrams`."""

from pathlib import Path
from types import ModuleType
from typing import Final

from prometheus_client.metrics import MetricWrapperBase

import services.notification.metrics
import services.reporting.lateness
import shared.metrics

PAGE: Final = Path("docs/metrics.md")
_MODULES: Final = (shared.metrics, services.notification.metrics, services.reporting.lateness)
_HEAD: Final = """# Metrics

Drawn from the metrics themselves by `make diagrams`; a test compares the two. Each service tells its own on `/metrics`
(no sign-in: keep that path inside the network, as `deploy/prometheus/prometheus.yaml` reads it). No label holds what
belongs to a person: they are names of services, topics, groups, channels and templates of paths.

- A counter only grows, and begins at 0 when the service starts: ask for `rate(…[5m])` or `increase(…[15m])`.
- A histogram has `_bucket`, `_sum` and `_count`: `histogram_quantile(0.95, sum by (le) (rate(…_bucket[5m])))`.
- What replicas tell of the whole (`ntbcare_cases_late`, `ntbcare_outbox_oldest_timestamp_seconds`) is not to be added
  up: `max`.
- `ntbcare_http_requests_total` counts probes too; leave them out by `route!~"/livez|/readyz|/metrics"`.

Alerts are in `deploy/prometheus/alerts.yaml`, each with its page in [runbooks](runbooks), dashboards for Grafana in
`deploy/grafana`.

| metric | kind | labels | what |
|---|---|---|---|
"""


def metrics() -> dict[str, MetricWrapperBase]:
    """All that the services have, by name."""
    found = {metric: name for module in _MODULES for metric, name in _of(module)}
    return {name: metric for metric, name in sorted(found.items(), key=lambda item: item[1])}


def samples() -> set[str]:
    """All names that a query may ask for."""
    found = set[str]()
    for name, metric in metrics().items():
        is_histogram = _kind(metric) == "histogram"
        found |= {f"{name}_bucket", f"{name}_sum", f"{name}_count"} if is_histogram else {name}
    return found


def labels(metric: MetricWrapperBase) -> tuple[str, ...]:
    return getattr(metric, "_labelnames")  # noqa: B009 - there is no public name for it


def draw() -> str:
    return _HEAD + "\n".join([*(_row(name, metric) for name, metric in metrics().items()), ""])


def _of(module: ModuleType) -> list[tuple[MetricWrapperBase, str]]:
    return [(value, _name(value)) for value in vars(module).values() if isinstance(value, MetricWrapperBase)]


def _name(metric: MetricWrapperBase) -> str:
    [family] = metric.describe()
    return f"{family.name}_total" if family.type == "counter" else family.name


def _kind(metric: MetricWrapperBase) -> str:
    [family] = metric.describe()
    return family.type


def _row(name: str, metric: MetricWrapperBase) -> str:
    [family] = metric.describe()
    told = ", ".join(f"`{label}`" for label in labels(metric))
    return f"| `{name}` | {family.type} | {told} | {family.documentation} |"


if __name__ == "__main__":
    PAGE.write_text(draw(), encoding="utf-8")
