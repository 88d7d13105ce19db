"""The gateways: one of text messages, and WhatsApp's Cloud API."""

import re
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from deploy.simulators.arrivals import Arrival, Kind
from deploy.simulators.playing import Simulators

_REFUSED_IN_PARAMETERS: Final = re.compile(r"[\n\t]| {5}")
_NO_TOKEN: Final = 190
_BAD_PARAMETER: Final = 132018

Authorization = Annotated[str | None, Header()]


class Sms(BaseModel):
    """What the SMS gateway takes."""

    to: str
    sender: str = Field(alias="from")
    text: str
    reference: str
    language: str


class Parameter(BaseModel):
    """A value for a template."""

    type: str
    text: str


class Component(BaseModel):
    """A part of a template."""

    type: str
    parameters: tuple[Parameter, ...] = Field(min_length=1, max_length=1)


class TemplateLanguage(BaseModel):
    """Which translation of it."""

    code: str


class Template(BaseModel):
    """An approved template and what goes into it."""

    name: str
    language: TemplateLanguage
    components: tuple[Component, ...] = Field(min_length=1, max_length=1)


class CloudMessage(BaseModel):
    """What the Cloud API takes."""

    messaging_product: str
    to: str
    type: str
    template: Template
    biz_opaque_callback_data: str = ""


def create_telephones_router(simulators: Simulators) -> APIRouter:
    router = APIRouter()

    @router.post("/sms/messages")
    async def take_sms(
        said: Sms, authorization: Authorization = None, idempotency_key: Annotated[str | None, Header()] = None
    ) -> Response:
        if not simulators.lets_in(Kind.SMS, authorization):
            return JSONResponse({"reason": "token"}, 401)
        reference = idempotency_key or said.reference
        before = simulators.arrivals.find(Kind.SMS, said.to, reference)
        facts = {"from": said.sender, "language": said.language}
        arrival = before or Arrival(Kind.SMS, said.to, said.text, reference, facts)
        return simulators.answer(arrival, _as_gateway, 202)

    @router.post("/whatsapp/{phone_number_id}/messages")
    async def take_whatsapp(phone_number_id: str, said: CloudMessage, authorization: Authorization = None) -> Response:
        """As the real one it knows no idempotency: what is sent twice arrives twice."""
        if not simulators.lets_in(Kind.WHATSAPP, authorization):
            return JSONResponse(_error(_NO_TOKEN), 401)
        template = said.template
        text = template.components[0].parameters[0].text
        if _REFUSED_IN_PARAMETERS.search(text):
            return JSONResponse(_error(_BAD_PARAMETER), 400)
        facts = {"from": phone_number_id, "template": template.name, "language": template.language.code}
        arrival = Arrival(Kind.WHATSAPP, said.to, text, said.biz_opaque_callback_data, facts)
        return simulators.answer(arrival, _as_cloud, 200)

    return router


def _as_gateway(arrival: Arrival) -> dict[str, Any]:
    return {"id": arrival.id, "reference": arrival.reference}


def _as_cloud(arrival: Arrival) -> dict[str, Any]:
    contact = {"input": arrival.to, "wa_id": arrival.to.removeprefix("+")}
    return {"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": f"wamid.{arrival.id}"}]}


def _error(code: int) -> dict[str, Any]:
    return {"error": {"code": code, "message": f"(#{code}) Made up by the simulator", "type": "OAuthException"}}
