"""Open311 GeoReport v2 on HTTP: how answers and faults are written. What a service or a request is, services say."""

import html
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final, cast

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.events.event import Language
from shared.problems import MEDIA_TYPE, Problem, field_problem
from shared.wita import WITA

PREFIX: Final = "/open311/v2"
MOST_RESULTS: Final = 1_000
"""Of one answer, as the specification says."""
RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"text/xml": {}, "application/json": {}}},
    400: {"description": "Something is not right: `errors` says what."},
    404: {"description": "There is no such thing, format or jurisdiction."},
    "4XX": {"description": "Whatever else is wrong, in the same words."},
}
"""Of every path, for `/docs`."""

_HEADERS: Final = {"Access-Control-Allow-Origin": "*", "X-Content-Type-Options": "nosniff"}
_STATUSES: Final = {401: 403, 405: 404, 422: 400}
"""The specification knows 403 for keys, 404 for what is not there, and 400 for whatever else is wrong."""
_ITEMS: Final = {
    "attributes": "attribute",
    "endpoints": "endpoint",
    "errors": "error",
    "formats": "format",
    "notes": "note",
    "service_request_updates": "request_update",
    "service_requests": "request",
    "services": "service",
    "values": "value",
}
"""What an element of a list is called in XML."""
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold, not even escaped."""


class Form(StrEnum):
    """How an answer is written: the end of its path."""

    JSON = "json"
    XML = "xml"


class Open311Settings(BaseModel):
    """What a service says of itself to clients of Open311."""

    jurisdiction: str = Field(default="ntbprov.go.id", min_length=1)
    """The one `jurisdiction_id` that there is; requests may leave it out."""


_MEDIA_TYPES: Final = {Form.JSON: "application/json; charset=utf-8", Form.XML: "text/xml; charset=utf-8"}
FormPath = Annotated[
    str, Path(description="`json` or `xml`.", json_schema_extra={"enum": [form.value for form in Form]})
]


class Asked:
    """What every request may say beside its path. An empty parameter is one that was not sent."""

    def __init__(
        self,
        request: Request,
        form: FormPath,
        jurisdiction_id: Annotated[str, Query(description="There is one, which need not be named.")] = "",
        locale: Annotated[str, Query(description="`id` (default) or `en`: of names and sentences.")] = "",
    ) -> None:
        self.base = str(request.base_url)
        """Where it was asked, as whoever asked sees it."""
        self.form = form_of(form)
        self.jurisdiction_id = jurisdiction_id
        self.language = language_of(locale)


AskedOf = Annotated[Asked, Depends()]


def form_of(ending: str) -> Form:
    """Raises a 404 Problem."""
    try:
        return Form(ending)
    except ValueError:
        raise Problem(404, "There is no such format", "The path must end in .json or .xml.") from None


def language_of(locale: str) -> Language:
    """Of a locale such as `id`, `id-ID` or `en_GB`. Raises a 422 Problem."""
    if not locale.strip():
        return Language.INDONESIAN
    try:
        return Language(re.split("[-_]", locale.strip())[0].lower())
    except ValueError:
        raise field_problem(("locale", "must be id or en")) from None


def check_jurisdiction(settings: Open311Settings, asked: str) -> None:
    """Raises a 404 Problem."""
    if asked.strip() not in {"", settings.jurisdiction}:
        raise Problem(404, "jurisdiction_id was not found", f"This one is {settings.jurisdiction}.")


def answer(form: Form, root: str, told: Any, status: int = 200, **headers: str) -> Response:
    """What is told, as JSON without its root or as XML with it. Dashes of headers are written as underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(_write(form, root, told), status, _HEADERS | named, media_type=_MEDIA_TYPES[form])


def add_unknown_paths(router: APIRouter) -> None:
    """Answer whatever else is asked for below the prefix; to be called last."""

    async def find_nothing() -> Response:
        detail = f"Resources and their formats are listed at {PREFIX}/discovery.xml."
        raise Problem(404, "There is no such resource, or not by this method", detail)

    methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    router.add_api_route(f"{PREFIX}/{{path:path}}", find_nothing, methods=methods, include_in_schema=False)


class Open311Faults:
    """Tells problems below the prefix as the specification does: a list of codes and descriptions, in the format."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(f"{PREFIX}/"):
            form = Form.JSON if scope["path"].endswith(".json") else Form.XML
            send = _Telling(form, send).pass_on
        await self._app(scope, receive, send)


class _Telling:
    """Holds a problem back until all of it is there."""

    def __init__(self, form: Form, send: Send) -> None:
        self._form = form
        self._send = send
        self._start: Message | None = None
        self._body = b""

    async def pass_on(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_problem(message):
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._tell(self._start)

    async def _tell(self, start: Message) -> None:
        status: int = _STATUSES.get(start["status"]) or start["status"]
        content = _write(self._form, "errors", _errors(status, json.loads(self._body)))
        headers = MutableHeaders(raw=list(start["headers"]))
        headers["content-type"] = _MEDIA_TYPES[self._form]
        headers["content-length"] = str(len(content))
        headers.update(_HEADERS)
        await self._send({**start, "status": status, "headers": headers.raw})
        await self._send({"type": "http.response.body", "body": content})


def _is_problem(start: Message) -> bool:
    return MutableHeaders(raw=start["headers"]).get("content-type") == MEDIA_TYPE


def _errors(status: int, problem: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One for each field that is wrong, else one for all."""
    faults = [f"{fault['field']}: {fault['detail']}" for fault in problem.get("errors", ())]
    key = f"Idempotency-Key: {problem['idempotency_key']}" if "idempotency_key" in problem else ""
    whole = " ".join(filter(None, (f"{problem['title']}.", problem.get("detail"), key)))
    return [{"code": status, "description": description} for description in faults or [whole]]


def _write(form: Form, root: str, told: Any) -> bytes:
    return _write_json(told) if form is Form.JSON else _write_xml(root, told)


def _write_json(told: Any) -> bytes:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"), default=_moment).encode("utf-8", "replace")


def _write_xml(root: str, told: Any) -> bytes:
    return f'<?xml version="1.0" encoding="utf-8"?>\n{_element(root, told)}'.encode()


def _element(name: str, told: Any) -> str:
    return f"<{name}>{_content(name, told)}</{name}>"


def _content(name: str, told: Any) -> str:
    if isinstance(told, Mapping):
        return "".join(_element(part, value) for part, value in cast("Mapping[str, Any]", told).items())
    if isinstance(told, list):
        return "".join(_element(_ITEMS[name], each) for each in cast("Sequence[Any]", told))
    if told is None:
        return ""
    if isinstance(told, bool):
        return str(told).lower()
    return _escaped(_moment(told) if isinstance(told, datetime) else str(told))


def _escaped(text: str) -> str:
    # A bare carriage return is read as a line feed.
    return html.escape(_NOT_XML.sub("", text), quote=False).replace("\r", "&#13;")


def _moment(moment: datetime) -> str:
    """`2026-03-05T09:30:00+08:00`: never later than it was, so whoever asks for what came after it misses nothing."""
    return moment.astimezone(WITA).isoformat(timespec="seconds")
