"""Typed JSON bodies of busy routes: read by Pydantic at once, refused and documented like any other.

FastAPI decodes JSON to Python first, solves parameters one by one and validates its own answer. That takes longer than
all else that accepting a complaint takes.
"""

from collections.abc import Callable, Coroutine, Mapping
from http import HTTPStatus
from typing import Any, Final, TypeVar, cast
from uuid import UUID, uuid4

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError

from shared.problems import MEDIA_TYPE, Problem, field_problem

Body = TypeVar("Body", bound=BaseModel)
KEY_HEADER: Final = "idempotency-key"
_PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
}
"""As RFC 9457 has it; some problems say more."""


class BusyRoute(APIRoute):
    """Its endpoint takes the request alone and returns the response; all that else describes it is for `/docs`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        return cast("Callable[[Request], Coroutine[Any, Any, Response]]", self.endpoint)


def read_key(request: Request) -> UUID:
    """The client's own key, or a new one. Raises a 422 Problem."""
    entered = request.headers.get(KEY_HEADER)
    if entered is None:
        return uuid4()
    try:
        key = UUID(entered)
    except ValueError:
        raise field_problem((KEY_HEADER, "must be a UUID")) from None
    if key in {UUID(int=0), UUID(int=2**128 - 1)}:
        # One that everybody can guess would show somebody else's complaint.
        raise field_problem((KEY_HEADER, "must be a random UUID"))
    return key


async def read_body(request: Request, model: type[Body], *, empty: bytes | None = None) -> Body:
    """`empty`: what no body at all stands for.

    Raises RequestValidationError, and a 415 Problem for what does not say that it is JSON.
    """
    content = await request.body()
    if not content and empty is not None:
        return _validated(model, empty)
    if not content:
        raise RequestValidationError([{"type": "missing", "loc": ("body",), "msg": "Field required"}])
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        # A page of somebody else's may send anything but this without asking the browser's permission.
        raise Problem(415, "The body must be JSON", "Send it with Content-Type: application/json.")
    return _validated(model, content)


def _validated(model: type[Body], content: bytes) -> Body:
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        raise RequestValidationError([{**fault, "loc": ("body", *fault["loc"])} for fault in faults]) from None


def describe_body(model: type[BaseModel]) -> dict[str, Any]:
    """The `requestBody` of an OpenAPI operation."""
    schema = model.model_json_schema()
    content = {"application/json": {"schema": _inlined(schema, schema.pop("$defs", {}))}}
    return {"required": True, "content": content}


def describe_header(name: str, description: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """An optional parameter of an OpenAPI operation."""
    return {"in": "header", "name": name, "required": False, "description": description, "schema": schema}


def describe_refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a router whose routes answer these as problems."""
    problem = {"content": {MEDIA_TYPE: {"schema": _PROBLEM}}}
    return {status: {"description": HTTPStatus(status).phrase, **problem} for status in statuses}


def _inlined(schema: Any, definitions: Mapping[str, Any]) -> Any:
    """Without references: they would have to be among the components of the whole document."""
    if isinstance(schema, list):
        return [_inlined(part, definitions) for part in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    parts = dict(cast("dict[str, Any]", schema))
    reference = parts.pop("$ref", None)
    if reference is not None:
        parts = {**definitions[reference.rpartition("/")[2]], **parts}
    return {name: _inlined(part, definitions) for name, part in parts.items()}
