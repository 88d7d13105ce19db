"""Which backend a gateway picks for a request, by the order that Gateway API prescribes."""

from typing import Any

from tests.chart.helm import RELEASE, Manifest


def backend_of(route: Manifest, method: str, path: str) -> str | None:
    """The service; None where the request is sent elsewhere."""
    found = [
        (_weight(match), rule)
        for rule in route["spec"]["rules"]
        for match in rule["matches"]
        if _matches(match, method, path)
    ]
    _, rule = max(found, key=lambda one: one[0])
    backends = rule.get("backendRefs")
    return backends[0]["name"].removeprefix(f"{RELEASE}-") if backends else None


def _weight(match: dict[str, Any]) -> tuple[bool, int, bool]:
    """An exact path before a prefix, the longest prefix, a method before none."""
    return match["path"]["type"] == "Exact", len(match["path"]["value"]), "method" in match


def _matches(match: dict[str, Any], method: str, path: str) -> bool:
    kind, value = match["path"]["type"], match["path"]["value"]
    # A prefix is one of whole elements: /lapor is none of /laporan.
    fits = path == value or (kind == "PathPrefix" and path.startswith(value.rstrip("/") + "/"))
    return fits and match.get("method", method) == method
