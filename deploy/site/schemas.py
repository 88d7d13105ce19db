"""JSON Schemas, said in words that fit into a table of Markdown."""

import ast
import inspect
import json
import textwrap
from collections.abc import Callable
from itertools import pairwise
from typing import Any, Final

from pydantic import BaseModel

Schema = dict[str, Any]
_LIMITS: Final = {
    "minimum": "at least {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} entries",
    "maxItems": "at most {} entries",
    "pattern": "pattern `{}`",
}


def type_of(schema: Schema, link: Callable[[str], str]) -> str:
    """`string`, `list of …`, or a name that `link` makes of a reference's last part."""
    if reference := schema.get("$ref"):
        return link(reference.rpartition("/")[2])
    for word in ("anyOf", "oneOf", "allOf"):
        if word in schema:
            return " or ".join(dict.fromkeys(type_of(one, link) for one in schema[word]))
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {type_of(schema.get('items', {}), link)}"
    kind = schema.get("type", "anything")
    return f"{kind} ({schema['format']})" if "format" in schema else kind


def limits_of(schema: Schema) -> str:
    """What a value must keep, as a sentence; empty where nothing is said."""
    parts = [schema, *schema.get("anyOf", ())]
    told = [text.format(in_cell(str(part[word]))) for part in parts for word, text in _LIMITS.items() if word in part]
    return ", ".join(dict.fromkeys(told))


def presence_of(name: str, schema: Schema, required: list[str]) -> str:
    """Whether the field must be there, or what holds without it."""
    if name in required:
        return "required"
    default = schema.get("default")
    return "" if default in (None, [], {}) else f"else `{json.dumps(default)}`"


def in_cell(text: str) -> str:
    """On one line, with no bar that would end the cell."""
    return " ".join(text.split()).replace("|", "\\|")


def field_docs(model: type[BaseModel]) -> dict[str, str]:
    """By field: the text that stands below it in the source, of the model and all that it inherits from."""
    found: dict[str, str] = {}
    for cls in reversed(model.__mro__):
        if issubclass(cls, BaseModel) and cls is not BaseModel:
            found |= _docs_of(cls)
    return found


def _docs_of(cls: type[BaseModel]) -> dict[str, str]:
    [parsed] = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    body = parsed.body if isinstance(parsed, ast.ClassDef) else []
    found: dict[str, str] = {}
    for field, below in pairwise(body):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                found[name] = text
            case _:
                pass
    return found
