"""`deploy/helm/ntbcare/files/facts.json`: what the Helm chart has to know of the code, written by `make facts`.

Routes, who may read and write which topic, and the settings of each service stand in code; templates read this file.
"""

import json
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from deploy.dispatch import EVERYTHING_ELSE, OPEN311, READ_BY_REPORTING, READING, SERVICE_OF, service_of
from deploy.platform import HOME
from services.intake.settings import Settings as IntakeSettings
from services.notification.settings import Settings as NotificationSettings
from services.reporting.settings import Settings as ReportingSettings
from services.routing.settings import Settings as RoutingSettings
from shared.open311 import Form
from shared.service import OWN_PATHS
from shared.settings import ServiceSettings
from shared.topics import ALL_TOPICS, CONSUMERS, Topic, read_by, written_by

FILE: Final = Path("deploy/helm/ntbcare/files/facts.json")
SETTINGS: Final[dict[str, type[ServiceSettings]]] = {
    "intake": IntakeSettings,
    "routing": RoutingSettings,
    "notification": NotificationSettings,
    "reporting": ReportingSettings,
}
ALERTS: Final = Path("deploy/prometheus/alerts.yaml")
OPERATOR: Final = "cli"
"""Who writes what operators re-drive (`shared.topics`), and creates the topics."""
_OPEN311: Final = "/" + "/".join(OPEN311)


def gather() -> dict[str, Any]:
    """All of it, as JSON holds it."""
    return {
        "routes": _routes(),
        "hidden": [HOME.rstrip("/"), *OWN_PATHS],
        "consumers": sorted(CONSUMERS),
        "rights": {who: _rights(who) for who in (*SETTINGS, OPERATOR)},
        "settings": {name: sorted(_names(model)) for name, model in SETTINGS.items()},
        "alerts": ALERTS.read_text(encoding="utf-8") if ALERTS.exists() else "",
        "secrets": {name: sorted(_names(model, secret=True)) for name, model in SETTINGS.items()},
    }


def write() -> str:
    """The file's text."""
    return json.dumps(gather(), indent=1) + "\n"


def _routes() -> dict[str, list[dict[str, str]]]:
    """By service: `prefix` or `exact` path, and `method` where not every method goes there."""
    prefixes = [*SERVICE_OF.items(), (_OPEN311, "intake"), ("/", EVERYTHING_ELSE)]
    routes = {name: [{"prefix": path} for path, service in prefixes if service == name] for name in SETTINGS}
    for resource in READ_BY_REPORTING:
        # A prefix ends where an element of the path does: what has a format is another element.
        paths = [("prefix", f"{_OPEN311}/{resource}"), *(("exact", f"{_OPEN311}/{resource}.{end}") for end in Form)]
        for kind, path in paths:
            for method in READING:
                routes[service_of(method, path) or EVERYTHING_ELSE].append({kind: path, "method": method})
    return routes


def _rights(who: str) -> dict[str, list[str]]:
    """Topics and groups, without the namespace; of a group everything that begins so."""
    writes = _sorted(written_by(who))
    if who == OPERATOR:
        return {"writes": writes, "reads": _sorted(ALL_TOPICS), "groups": [""]}
    return {"writes": writes, "reads": _sorted(read_by(who)), "groups": [who]}


def _sorted(topics: Iterable[Topic]) -> list[str]:
    return sorted(topic.name for topic in topics)


def _names(model: type[BaseModel], prefix: str = "", *, secret: bool = False) -> Generator[str]:
    """Of environment variables, without the service's own prefix; of settings in settings, those within."""
    for name, field in model.model_fields.items():
        full = f"{prefix}{name}".upper()
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _names(kind, f"{full}__", secret=secret)
        elif not secret or "SecretStr" in str(kind) or full == "MONGO__URI":
            yield full


if __name__ == "__main__":
    FILE.write_text(write(), encoding="utf-8")
