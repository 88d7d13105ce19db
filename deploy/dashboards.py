"""Grafana's dashboards, `deploy/grafana/dashboards/*.json`, made from the rows below: `make diagrams`."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path("deploy/grafana/dashboards")
_SOURCE: Final[dict[str, str]] = {"type": "prometheus", "uid": "ntbcare-prometheus"}
_WIDTH, _HEIGHT, _IN_A_ROW = 8, 8, 3
_NO_PROBES: Final = 'route!~"/livez|/readyz|/metrics"'


@dataclass(frozen=True)
class Panel:
    """One picture: what is asked of Prometheus, and how each line is called."""

    title: str
    query: str
    legend: str = "{{service}}"
    unit: str = "short"
    kind: str = "timeseries"


@dataclass(frozen=True)
class Dashboard:
    """A page of panels, three in a row."""

    uid: str
    title: str
    panels: Sequence[Panel]


DASHBOARDS: Final = (
    Dashboard(
        "ntbcare-overview",
        "NTB Care: all at a glance",
        (
            Panel("Ready", "min by (service) (ntbcare_ready)", kind="stat"),
            Panel(
                "Age of the oldest unprocessed event", "max by (service) (ntbcare_oldest_unprocessed_seconds)", unit="s"
            ),
            Panel("Cases late now", "max(ntbcare_cases_late)", "late", kind="stat"),
            Panel(
                "Complaints accepted a minute",
                'sum(rate(ntbcare_published_total{service="intake",topic="complaints"}[5m])) * 60',
                "complaints and what follows them",
            ),
            Panel(
                "Requests a second",
                f"sum by (service) (rate(ntbcare_http_requests_total{{{_NO_PROBES}}}[5m]))",
                unit="reqps",
            ),
            Panel(
                "Requests that fail (5xx)",
                "sum by (service, route, status) "
                f'(rate(ntbcare_http_requests_total{{status=~"5..",{_NO_PROBES}}}[5m]))',
                "{{service}} {{route}} {{status}}",
                "reqps",
            ),
            Panel(
                "Time to the answer, 95 of 100",
                "histogram_quantile(0.95, sum by (service, le) "
                f"(rate(ntbcare_http_request_seconds_bucket{{{_NO_PROBES}}}[5m])))",
                unit="s",
            ),
            Panel(
                "Slowest pages and calls, 95 of 100",
                "topk(8, histogram_quantile(0.95, sum by (service, route, le) "
                f"(rate(ntbcare_http_request_seconds_bucket{{{_NO_PROBES}}}[5m]))))",
                "{{service}} {{route}}",
                "s",
            ),
            Panel(
                "Time since the janitor's last pass", "time() - max(ntbcare_janitor_ended_timestamp_seconds)", "", "s"
            ),
        ),
    ),
    Dashboard(
        "ntbcare-flow",
        "NTB Care: what flows through Kafka",
        (
            Panel(
                "Records not consumed yet", "sum by (service, topic) (ntbcare_consumer_lag)", "{{service}} {{topic}}"
            ),
            Panel(
                "Consumed a second",
                "sum by (service, topic) (rate(ntbcare_consumed_total[5m]))",
                "{{service}} {{topic}}",
            ),
            Panel(
                "Published a second",
                "sum by (service, topic) (rate(ntbcare_published_total[5m]))",
                "{{service}} {{topic}}",
            ),
            Panel(
                "Not acknowledged, in 5 minutes",
                "sum by (service, topic) (increase(ntbcare_publish_errors_total[5m]))",
                "{{service}} {{topic}}",
            ),
            Panel(
                "Dead letters, in 15 minutes",
                "sum by (service, topic) (increase(ntbcare_dead_letters_total[15m]))",
                "{{service}} {{topic}}",
            ),
            Panel("Stopped by a flood of dead letters", "max by (service) (ntbcare_consumer_paused)", kind="stat"),
            Panel(
                "Has records and does not move",
                "max by (service, group) (ntbcare_consumer_still_seconds)",
                "{{group}}",
                "s",
            ),
            Panel("Waits for a failing part, in 5 minutes", "sum by (service) (increase(ntbcare_holds_total[5m]))"),
            Panel("Restarts of stuck consumers", "sum by (service) (increase(ntbcare_consumer_restarts_total[1h]))"),
            Panel(
                "Time of a batch, 95 of 100",
                "histogram_quantile(0.95, sum by (service, le) (rate(ntbcare_batch_seconds_bucket[5m])))",
                unit="s",
            ),
            Panel(
                "Oldest record in an outbox",
                "max by (service) (time() - (ntbcare_outbox_oldest_timestamp_seconds > 0))",
                unit="s",
            ),
            Panel("Documents that the sweep published", "sum by (service) (rate(ntbcare_outbox_swept_total[5m]))"),
        ),
    ),
    Dashboard(
        "ntbcare-messages",
        "NTB Care: messages",
        (
            Panel(
                "Channels that can be reached",
                "min by (channel) (ntbcare_channel_reachable)",
                "{{channel}}",
                kind="stat",
            ),
            Panel(
                "Messages by what became of them, a minute",
                "sum by (channel, outcome) (rate(ntbcare_deliveries_total[5m])) * 60",
                "{{channel}} {{outcome}}",
            ),
            Panel(
                "Why messages failed or were not sent, in an hour",
                'sum by (channel, reason) (increase(ntbcare_deliveries_total{outcome=~"failed|suppressed"}[1h]))',
                "{{channel}} {{reason}}",
            ),
            Panel(
                "Attempts that were put off, in 15 minutes",
                "sum by (channel, reason) (increase(ntbcare_delivery_retries_total[15m]))",
                "{{channel}} {{reason}}",
            ),
            Panel(
                "May have been sent twice, in a day",
                "sum(increase(ntbcare_deliveries_unsure_total[1d])) "
                "+ sum(increase(ntbcare_deliveries_taken_over_total[1d]))",
                "messages",
            ),
            Panel("Connections to the mail server", "sum(rate(ntbcare_smtp_connections_total[5m]))", "a second"),
        ),
    ),
)


def draw(dashboard: Dashboard) -> str:
    """As Grafana imports it."""
    panels = [_panel(number, panel) for number, panel in enumerate(dashboard.panels)]
    page: dict[str, Any] = {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "tags": ["ntbcare"],
        "timezone": "Asia/Makassar",
        "time": {"from": "now-6h", "to": "now"},
        "refresh": "30s",
        "schemaVersion": 39,
        "editable": False,
        "panels": panels,
    }
    return json.dumps(page, indent=1) + "\n"


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    row, place = divmod(number, _IN_A_ROW)
    return {
        "id": number + 1,
        "type": panel.kind,
        "title": panel.title,
        "datasource": _SOURCE,
        "gridPos": {"x": place * _WIDTH, "y": row * _HEIGHT, "w": _WIDTH, "h": _HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [{"refId": "A", "datasource": _SOURCE, "expr": panel.query, "legendFormat": panel.legend}],
    }


if __name__ == "__main__":
    for one in DASHBOARDS:
        (FOLDER / f"{one.uid}.json").write_text(draw(one), encoding="utf-8")
