"""Which service answers what, when all four share one address. A gateway before several hosts needs the same table."""

from typing import Final

SERVICE_OF: Final = {
    "/v1/complaints": "intake",
    "/v1/photos": "intake",
    "/lapor": "intake",
    "/channels": "intake",
    "/v1/desk": "routing",
    "/v1/directory": "routing",
    "/desk": "routing",
    "/v1/subscriptions": "notification",
    "/v1/notices": "notification",
    "/v1/webhooks": "notification",
}
"""By the first part of a path, or the first two where it begins with the version of the API."""

EVERYTHING_ELSE: Final = "reporting"
"""The residents' pages begin at `/`."""
NOT_OF_SERVICES: Final = ("-", "docs", "livez", "readyz", "metrics", "openapi.json", "asyncapi")
"""The platform's own, or of each service below its name."""
OPEN311: Final = ("open311", "v2")
READ_BY_REPORTING: Final = ("requests", "servicerequestupdates")
READING: Final = ("GET", "HEAD")


def service_of(method: str, path: str) -> str | None:
    """The service's name; None where none of them answers such a path."""
    parts = path.removeprefix("/").split("/")
    if parts[0] in NOT_OF_SERVICES:
        return None
    if tuple(parts[:2]) == OPEN311:
        return _open311(method, parts[2:])
    return SERVICE_OF.get("/" + "/".join(parts[: 2 if parts[0] == "v1" else 1]), EVERYTHING_ELSE)


def _open311(method: str, parts: list[str]) -> str:
    """Requests and their updates are read from reporting; intake takes them, and tells services and tokens."""
    resource = parts[0].partition(".")[0] if parts else ""
    return "reporting" if method in READING and resource in READ_BY_REPORTING else "intake"
