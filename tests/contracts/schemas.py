"""The recorded contracts: one JSON Schema an event type, and what may change about it.

Run `python -m tests.contracts.schemas` to record additive changes; breaking ones are refused.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from shared.topics import EVENT_TOPICS

Schema = dict[str, Any]

RECORDED = Path(__file__).parent / "recorded"
_IGNORED = {"title", "description", "default", "$defs"}


def current_schemas() -> dict[str, Schema]:
    """By event type, as the models are now."""
    return {
        kind: model.model_json_schema(mode="validation")
        for topic in EVENT_TOPICS
        for kind, model in topic.types.items()
    }


def recorded_schemas() -> dict[str, Schema]:
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(RECORDED.glob("*.json"))}


def breaking_changes(old: Schema, new: Schema) -> list[str]:
    """What a consumer or a stored event of the old contract could trip over; empty where the change is additive."""
    return list(_breaks(old, new, (old, new), ""))


def _breaks(old: Schema, new: Schema, roots: tuple[Schema, Schema], place: str) -> Iterator[str]:
    old, new = _resolved(old, roots[0]), _resolved(new, roots[1])
    old_fields, new_fields = old.get("properties", {}), new.get("properties", {})
    for name in old_fields.keys() - new_fields.keys():
        yield f"{place}/{name}: removed"
    for name in new_fields.keys() - old_fields.keys():
        if name in new.get("required", ()):
            yield f"{place}/{name}: new and required"
    for name in old_fields.keys() & new_fields.keys():
        if name in new.get("required", ()) and name not in old.get("required", ()):
            yield f"{place}/{name}: was optional, is required"
        yield from _breaks(old_fields[name], new_fields[name], roots, f"{place}/{name}")
    yield from _breaks_of_value(old, new, roots, place)


def _breaks_of_value(old: Schema, new: Schema, roots: tuple[Schema, Schema], place: str) -> Iterator[str]:
    handled = {"properties", "required", "anyOf", "oneOf", "items", "prefixItems", "additionalProperties"} | _IGNORED
    if _grows(old, new):
        handled.add("discriminator")
    for word in (old.keys() | new.keys()) - handled:
        if old.get(word) != new.get(word):
            yield f"{place}: {word} was {old.get(word)!r}, is {new.get(word)!r}"
    for word in ("anyOf", "oneOf"):
        olds, news = old.get(word, []), new.get(word, [])
        if len(olds) != len(news) and not _grows(old, new):
            yield f"{place}: {word} has other members"
        for index, (one, other) in enumerate(zip(olds, news, strict=False)):
            yield from _breaks(one, other, roots, f"{place}/{word}[{index}]")
    for word in ("items", "additionalProperties"):
        if isinstance(old.get(word), dict) and isinstance(new.get(word), dict):
            yield from _breaks(old[word], new[word], roots, f"{place}/{word}")
        elif old.get(word) != new.get(word):
            yield f"{place}: {word} changed"


def _grows(old: Schema, new: Schema) -> bool:
    """A kind of directory entry more: who does not know it passes over it."""
    kinds, more = (schema.get("discriminator", {}).get("mapping", {}) for schema in (old, new))
    return bool(kinds) and kinds.items() < more.items()


def _resolved(schema: Schema, root: Schema) -> Schema:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    return root["$defs"][reference.rpartition("/")[2]]


def _record() -> int:
    recorded, refused = recorded_schemas(), 0
    RECORDED.mkdir(exist_ok=True)
    for kind, schema in current_schemas().items():
        breaks = breaking_changes(recorded[kind], schema) if kind in recorded else []
        for reason in breaks:
            sys.stderr.write(f"{kind}{reason}\n")
        if breaks:
            refused += 1
            continue
        text = json.dumps(schema, indent=1, sort_keys=True, ensure_ascii=False)
        (RECORDED / f"{kind}.json").write_text(text + "\n", encoding="utf-8")
    return refused


if __name__ == "__main__":
    sys.exit(1 if _record() else 0)
