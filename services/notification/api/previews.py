"""`/v1/notices/preview`: every message as it looks."""

from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import BaseModel, Field

from services.notification.forms import TEMPLATES
from services.notification.previews import CHANNELS, NoSuchMessage, Preview, Previews, kinds, recipients_of
from services.notification.texts import SMS_SEPTETS
from shared.bodies import describe_refusals
from shared.events.event import Language
from shared.events.notices import Channel, Recipient
from shared.problems import Problem, field_problem

_PATH: Final = "/v1/notices/preview"
_POLICY: Final = (
    # What stands in a message runs nothing, fetches nothing and belongs to no origin.
    "sandbox allow-popups; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
)
_INDEX_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
_NOSNIFF: Final = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}


class Asked(BaseModel):
    """Which message, and how it is to be shown."""

    kind: str | None = Field(default=None, max_length=40)
    channel: Channel = Channel.EMAIL
    language: Language = Language.INDONESIAN
    recipient: Recipient | None = None
    format: Literal["html", "text", "json"] | None = None


def create_previews_router(previews: Previews) -> APIRouter:
    """Made-up cases only: nothing that anybody was sent is shown."""
    router = APIRouter(tags=["notices"], responses=describe_refusals(401, 403, 404, 422, 503))
    pages = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)

    @router.get(_PATH, response_class=HTMLResponse)
    def preview(request: Request, asked: Annotated[Asked, Query()]) -> Response:
        """Without `kind`: what there is. `format`, or an `Accept` header, asks for JSON."""
        form = asked.format or ("json" if "application/json" in request.headers.get("accept", "") else "html")
        if asked.kind is None:
            return JSONResponse(_listed()) if form == "json" else _page(pages, _INDEX_POLICY, **_index())
        found = _found(previews, asked.kind, asked)
        if form == "json":
            return JSONResponse(_as_json(found), headers=_NOSNIFF)
        return _shown(pages, found, form)

    return router


def _found(previews: Previews, kind: str, asked: Asked) -> Preview:
    known = recipients_of(kind)
    if not known:
        raise Problem(404, "Not Found", "There is no such kind of message in words.")
    try:
        return previews.preview(kind, asked.channel, asked.language, asked.recipient)
    except NoSuchMessage:
        channels = CHANNELS
        faults = [] if asked.channel in channels else [("channel", f"is one of {', '.join(channels)}")]
        faults += [] if asked.recipient in {None, *known} else [("recipient", f"is one of {', '.join(known)}")]
        raise field_problem(*faults) from None


def _shown(pages: Environment, found: Preview, form: str) -> Response:
    locked_in = _NOSNIFF | {"Content-Security-Policy": _POLICY}
    if form == "text":
        return Response(found.text, media_type="text/plain; charset=utf-8", headers=locked_in)
    if found.html is not None:
        return HTMLResponse(found.html, headers=locked_in)
    room = f"{found.septets} / {SMS_SEPTETS} septets" if found.septets else f"{len(found.text)} letters"
    return _page(pages, _POLICY, title="Message", text=found.text, length=room, groups=())


def _page(pages: Environment, policy: str, **values: Any) -> HTMLResponse:
    content = pages.get_template("previews.j2").render(values)
    return HTMLResponse(content, headers=_NOSNIFF | {"Content-Security-Policy": policy})


def _as_json(found: Preview) -> dict[str, Any]:
    return {"subject": found.subject, "text": found.text, "html": found.html, "septets": found.septets}


def _listed() -> dict[str, Any]:
    return {
        "items": [
            {"kind": kind, "recipients": list(recipients_of(kind)), "channels": list(CHANNELS)} for kind in kinds()
        ]
    }


def _index() -> dict[str, Any]:
    groups = [(kind, [(recipient, _links(kind, recipient)) for recipient in recipients_of(kind)]) for kind in kinds()]
    return {"title": "Messages", "text": "", "length": "", "groups": groups}


def _links(kind: str, recipient: Recipient) -> list[tuple[str, str]]:
    return [
        (
            f"{channel} {language}",
            f"{_PATH}?{urlencode({'kind': kind, 'channel': channel, 'language': language, 'recipient': recipient})}",
        )
        for channel in CHANNELS
        for language in Language
    ]
