"""A page for each service's HTTP API, drawn from its OpenAPI document."""

from collections.abc import Iterator
from typing import Any, Final

from fastapi import FastAPI

from deploy.site.schemas import Schema, in_cell, limits_of, presence_of, type_of
from services.intake.app import create_app as create_intake
from services.intake.settings import Settings as IntakeSettings
from services.notification.app import create_app as create_notification
from services.notification.settings import Settings as NotificationSettings
from services.reporting.app import create_app as create_reporting
from services.reporting.settings import Settings as ReportingSettings
from services.routing.app import create_app as create_routing
from services.routing.settings import Settings as RoutingSettings

SERVICES: Final = {
    "intake": "accepts complaints, photos and follow-ups",
    "routing": "the desk of the agencies, and the directory",
    "notification": "followers, webhooks, receipts of gateways",
    "reporting": "cases, figures, public pages and open data",
}
_UNUSED: Final[dict[str, Any]] = {
    "tracking_secrets": {"1": "dev-unused"},
    "ticket_secret": "dev-unused",
    "photo_secret": "dev-unused",
    "address_secret": "dev-unused",
    "link_secret": "dev-unused",
}
"""Nothing is signed while a page is drawn."""
_HEAD: Final = """# HTTP API

One page a service, drawn from its OpenAPI document whenever the site is built. A running service serves the document at
`/openapi.json` and a page to try it at `/docs`; with `make up` these are at `/-/<service>/openapi.json` and
`/-/<service>/docs`.

Whatever goes wrong is answered as `application/problem+json` (RFC 9457), except where Open311 has a form of its own.
Officers and integrators send `Authorization: Bearer …`, reporters `X-Tracking-Code: …`.

| service | what | operations |
|---|---|---|
"""


def draw_apis() -> dict[str, str]:
    """Markdown, by path in the site."""
    documents = {name: app.openapi() for name, app in _apps().items()}
    rows = (
        f"| [{name}]({name}.md) | {what} | {len(list(_operations(documents[name])))} |\n"
        for name, what in SERVICES.items()
    )
    return {"api/index.md": _HEAD + "".join(rows)} | {
        f"api/{name}.md": _page(name, of) for name, of in documents.items()
    }


def _apps() -> dict[str, FastAPI]:
    """Made as they start, but never started: they connect to nothing."""
    return {
        "intake": create_intake(IntakeSettings.model_validate(_UNUSED)),
        "routing": create_routing(RoutingSettings.model_validate(_UNUSED)),
        "notification": create_notification(NotificationSettings.model_validate(_UNUSED)),
        "reporting": create_reporting(ReportingSettings.model_validate(_UNUSED)),
    }


def _operations(document: Schema) -> Iterator[tuple[str, str, Schema]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def _page(name: str, document: Schema) -> str:
    operations = list(_operations(document))
    listed = "\n".join(
        f"| `{method}` | [`{path}`](#{_anchor(operation)}) | {in_cell(operation['summary'])} |"
        for method, path, operation in operations
    )
    parts = [f"# {name}", f"{SERVICES[name].capitalize()}.", f"| method | path | what |\n|---|---|---|\n{listed}"]
    parts += [_operation(method, path, operation) for method, path, operation in operations]
    values = document.get("components", {}).get("schemas", {})
    if values:
        parts.append("## Values")
    parts += [f"### {title} {{ #{_value_anchor(title)} }}\n\n{_value(of)}" for title, of in sorted(values.items())]
    return "\n\n".join(parts) + "\n"


def _operation(method: str, path: str, operation: Schema) -> str:
    parts = [
        f"## {operation['summary']} {{ #{_anchor(operation)} }}",
        f"`{method} {path}`",
        operation.get("description", ""),
        _parameters(operation.get("parameters", [])),
        *_bodies(operation),
        _answers(operation["responses"]),
    ]
    return "\n\n".join(part for part in parts if part)


def _parameters(parameters: list[Schema]) -> str:
    rows = "\n".join(
        f"| `{one['name']}` | {one['in']} | {type_of(one['schema'], _link)} "
        f"| {'required' if one.get('required') else ''} "
        f"| {'; '.join(filter(None, (in_cell(one.get('description', '')), limits_of(one['schema']))))} |"
        for one in parameters
    )
    return f"| parameter | in | type | needed | what |\n|---|---|---|---|---|\n{rows}" if rows else ""


def _bodies(operation: Schema) -> Iterator[str]:
    for kind, body in operation.get("requestBody", {}).get("content", {}).items():
        schema = body.get("schema", {})
        yield (
            f"Body, `{kind}`: {type_of(schema, _link)}." if "$ref" in schema else f"Body, `{kind}`:\n\n{_value(schema)}"
        )


def _answers(responses: Schema) -> str:
    rows = "\n".join(
        f"| {status} | {in_cell(answer['description'])} | {_contents(answer.get('content', {}))} |"
        for status, answer in responses.items()
    )
    return f"| answer | what | body |\n|---|---|---|\n{rows}"


def _contents(contents: Schema) -> str:
    return "<br>".join(f"`{kind}`: {type_of(body.get('schema', {}), _link)}" for kind, body in contents.items())


def _value(schema: Schema) -> str:
    told = schema.get("description", "")
    if "properties" not in schema:
        return f"{told}\n\n{type_of(schema, _link)}"
    rows = "\n".join(_rows("", schema))
    return f"{told}\n\n| field | type | needed | what |\n|---|---|---|---|\n{rows}".strip()


def _rows(prefix: str, schema: Schema) -> Iterator[str]:
    """A field with fields of its own is followed by these, as `location.latitude`."""
    required = schema.get("required", [])
    for name, of in schema["properties"].items():
        what = "; ".join(filter(None, (in_cell(of.get("description", "")), limits_of(of))))
        yield f"| `{prefix}{name}` | {type_of(of, _link)} | {presence_of(name, of, required)} | {what} |"
        for inner in (of, *of.get("anyOf", ())):
            if "properties" in inner:
                yield from _rows(f"{prefix}{name}.", inner)


def _anchor(operation: Schema) -> str:
    return operation["operationId"].replace("_", "-")


def _value_anchor(title: str) -> str:
    return f"value-{title.lower()}"


def _link(title: str) -> str:
    return f"[{title}](#{_value_anchor(title)})"
