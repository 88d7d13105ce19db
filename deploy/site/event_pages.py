"""A page for each topic, drawn from the topics and the models of their events."""

import json
from importlib.resources import files
from types import ModuleType
from typing import Any, Final

from pydantic import BaseModel

import shared.events.case
import shared.events.complaints
import shared.events.directory
import shared.events.event
import shared.events.notices
import shared.events.personal
import shared.events.standards
import shared.events.words
from deploy.site.schemas import Schema, field_docs, in_cell, limits_of, presence_of, type_of
from shared.settings import KafkaSettings
from shared.topics import ALSO_READ, CONSUMERS, DIRECTORY, EVENT_TOPICS, Topic

_NAMESPACE: Final = "ntbcare"
_MODULES: Final[tuple[ModuleType, ...]] = (
    shared.events.case,
    shared.events.complaints,
    shared.events.directory,
    shared.events.event,
    shared.events.notices,
    shared.events.personal,
    shared.events.standards,
    shared.events.words,
)
_KEYS: Final = {
    "ticket": "the ticket, so that one complaint's events stay in order",
    "part": "`<ticket>:<part>`, so that a record without a value erases one part",
    "entry": "`<kind>:<id>` of the entry",
    "original": "the key that the record had",
}
_HEAD: Final = """# Events

The services talk through these topics alone. This section is drawn from `shared/topics.py` and `shared/events` whenever
the site is built; each service serves what it reads and writes as an AsyncAPI document at `/asyncapi`.

Records are CloudEvents 1.0 in Kafka's binary mode: `ce_id`, `ce_type`, `ce_source`, `ce_time`, `ce_specversion`,
`content-type` and W3C `traceparent` are headers, the value is JSON. Delivery is at least once; the `event_id` says
whether an event was seen before. Within `.v1` only optional fields may be added, which `tests/contracts` holds.

| topic | writer | readers | kept | types |
|---|---|---|---|---|
"""
_TABLE: Final = "| field | type | needed | what |\n|---|---|---|---|\n"


def examples() -> dict[str, Any]:
    """By event type: a body as it rides on its topic."""
    return json.loads(files("deploy.site").joinpath("examples.json").read_text(encoding="utf-8"))


def draw_events() -> dict[str, str]:
    """Markdown, by path in the site."""
    return {"events/index.md": _index()} | {f"events/{topic.name}.md": _page(topic) for topic in EVENT_TOPICS}


def readers(topic: Topic) -> list[str]:
    """The services that read a topic of events, also those that do so without a consumer group."""
    if topic is DIRECTORY:
        return ["all services, without a group"]
    groups = [service for service, topics in CONSUMERS.items() if topic in topics]
    return groups + [f"{service} (without a group)" for service, topics in ALSO_READ.items() if topic in topics]


def _index() -> str:
    rows = (
        f"| [{topic.full_name(_NAMESPACE)}]({topic.name}.md) | {topic.writer} | {', '.join(readers(topic))} "
        f"| {_kept(topic)} | {len(topic.types)} |\n"
        for topic in EVENT_TOPICS
    )
    rest = (
        "\nAll but intake have `<service>.dead-letters` and `<service>.redrive` besides: 3 partitions, kept 90 days.\n"
    )
    return _HEAD + "".join(rows) + rest


def _page(topic: Topic) -> str:
    schemas = {kind: model.model_json_schema() for kind, model in topic.types.items()}
    values = {name: of for schema in schemas.values() for name, of in schema.get("$defs", {}).items()}
    common = set[str].intersection(*(set(schema["properties"]) for schema in schemas.values())) - {"type"}
    if len(schemas) == 1:
        common = set()
    parts = [_facts(topic)]
    if common:
        first = next(iter(topic.types))
        parts.append("## In every event\n\n" + _fields(schemas[first], field_docs(topic.types[first]), only=common))
    parts += [_event(topic.types[kind], kind, schema, common) for kind, schema in schemas.items()]
    if values:
        parts.append("## Values\n\nWhat events have inside.")
    parts += [_value(name, of) for name, of in sorted(values.items())]
    return "\n\n".join(parts) + "\n"


def _facts(topic: Topic) -> str:
    partitions = (
        topic.partitions or f"as the settings say (`…_KAFKA__PARTITIONS`), {KafkaSettings().partitions} by default"
    )
    return f"""# {topic.name}

| topic | `{topic.full_name(_NAMESPACE)}` |
|---|---|
| writer | {topic.writer} |
| readers | {", ".join(readers(topic))} |
| key | {_KEYS[topic.keyed_by]} |
| kept | {_kept(topic)} |
| partitions | {partitions} |"""


def _kept(topic: Topic) -> str:
    if topic.compact:
        return "compacted: the newest of each key, until it is erased"
    return "for ever" if topic.retention is None else f"{topic.retention.days} days"


def _event(model: type[BaseModel], kind: str, schema: Schema, common: set[str]) -> str:
    body = json.dumps(examples()[kind], indent=2, ensure_ascii=False)
    own = set(schema["properties"]) - common - {"type"}
    table = _fields(schema, field_docs(model), only=own) if own else "No fields of its own."
    return f"## {kind}\n\n{schema.get('description', '')}\n\n{table}\n\n```json\n{body}\n```"


def _value(name: str, schema: Schema) -> str:
    told = f"### {name}\n\n{schema.get('description', '')}"
    if "enum" in schema:
        return f"{told}\n\n{type_of(schema, _link)}."
    model = next(vars(module)[name] for module in _MODULES if name in vars(module))
    return f"{told}\n\n{_fields(schema, field_docs(model), only=set(schema['properties']))}"


def _fields(schema: Schema, docs: dict[str, str], *, only: set[str]) -> str:
    required = schema.get("required", [])
    rows = (
        f"| `{name}` | {type_of(of, _link)} | {presence_of(name, of, required)} "
        f"| {'; '.join(filter(None, (in_cell(docs.get(name, '')), limits_of(of))))} |"
        for name, of in schema["properties"].items()
        if name in only
    )
    return _TABLE + "\n".join(rows)


def _link(name: str) -> str:
    return f"[{name}](#{name.lower()})"
