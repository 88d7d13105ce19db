"""Agencies' own systems: whatever name is called, somebody listens and looks at the signature."""

import json
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field

from deploy.simulators.arrivals import Arrival, Kind
from deploy.simulators.playing import Simulators
from services.notification.domain.signatures import key_of, verify
from shared.problems import field_problem

_LONGEST: Final = 50_000

Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.-]{1,60}$")]


class SecretBody(BaseModel):
    """What the webhook's owner was given: `whsec_…`."""

    secret: str = Field(min_length=8, max_length=200)


def create_receivers_router(simulators: Simulators) -> APIRouter:
    router = APIRouter(prefix="/webhooks/{name}")

    @router.post("")
    async def take_call(name: Name, request: Request) -> Response:
        body = await request.body()
        reference = request.headers.get("webhook-id", "")
        before = simulators.arrivals.find(Kind.WEBHOOK, name, reference)
        facts = {"signature": _signature(simulators, name, request, body), "type": _type(body)}
        arrival = before or Arrival(Kind.WEBHOOK, name, _readable(body), reference, facts)
        return simulators.answer(arrival, lambda _: None, 204)

    @router.put("/secret", status_code=204)
    async def learn_secret(name: Name, body: SecretBody) -> None:
        """From then on the simulator can tell whether signatures fit."""
        try:
            simulators.secrets[name] = key_of(body.secret)
        except ValueError:
            raise field_problem(("secret", "is not whsec_ and base64")) from None

    return router


def _signature(simulators: Simulators, name: str, request: Request, body: bytes) -> str:
    secret = simulators.secrets.get(name)
    told = tuple(request.headers.get(f"webhook-{part}", "") for part in ("id", "timestamp", "signature"))
    message_id, timestamp, signatures = told
    if not signatures:
        return "missing"
    if secret is None:
        return "secret unknown"
    fits = verify([secret], (message_id, timestamp, signatures), body, datetime.now(UTC))
    return "fits" if fits else "does not fit"


def _readable(body: bytes) -> str:
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)[:_LONGEST]
    except ValueError:
        return body.decode("utf-8", "replace")[:_LONGEST]


def _type(body: bytes) -> str:
    try:
        return str(json.loads(body)["type"])
    except (ValueError, KeyError, TypeError):
        return ""
