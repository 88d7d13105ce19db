"""What reporters do after they submitted: `POST /v1/complaints/{ticket}/supplements` and so on.

Intake only checks the tracking code and publishes; whether it is possible routing decides, and the case's history says.
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Final
from uuid import UUID, uuid4

from fastapi import APIRouter, Header
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.intake.contacts import Email, Phone, Prefers
from services.intake.settings import Settings
from shared.errors import BrokerUnreachable
from shared.events.complaints import (
    Afterwards,
    ComplaintSupplemented,
    ComplaintSupported,
    ComplaintWithdrawn,
    ContactChanged,
    ErasureRequested,
    ProcessingRestricted,
    QuestionAnswered,
    ResolutionConfirmed,
    ResolutionDisputed,
)
from shared.events.event import Event, Language
from shared.events.personal import PersonalRecorded
from shared.events.words import Text
from shared.ids import named_id
from shared.paths import TicketPath
from shared.problems import unreachable_problem
from shared.publisher import Publisher
from shared.records import Outgoing, to_record
from shared.topics import COMPLAINTS, PERSONAL
from shared.tracking import CodeCheck


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    event: ClassVar[type[Afterwards]]

    def words(self) -> str | None:
        """What was written, which goes into a personal part."""
        return None

    def person(self) -> dict[str, Any]:
        """What else goes there."""
        return {}

    def facts(self) -> dict[str, Any]:
        """What the event says."""
        return {}


class SupplementBody(_Body):
    """Something to add."""

    event: ClassVar = ComplaintSupplemented
    text: Text

    def words(self) -> str | None:
        return self.text


class AnswerBody(SupplementBody):
    """The answer to what was asked."""

    event: ClassVar = QuestionAnswered


class DisputeBody(SupplementBody):
    """Why it is not done."""

    event: ClassVar = ResolutionDisputed


class ConfirmationBody(_Body):
    """It is done."""

    event: ClassVar = ResolutionConfirmed
    rating: int | None = Field(default=None, ge=1, le=5)
    text: Text | None = None

    def words(self) -> str | None:
        return self.text

    def facts(self) -> dict[str, Any]:
        return {"rating": self.rating}


class WithdrawalBody(_Body):
    """It is taken back."""

    event: ClassVar = ComplaintWithdrawn
    text: Text | None = None

    def words(self) -> str | None:
        return self.text


class ContactBody(_Body):
    """How to reach the reporter from now on; what is left out is no more."""

    event: ClassVar = ContactChanged
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    email: Email | None = None
    phone: Phone | None = None
    language: Language = Language.INDONESIAN
    prefers: Prefers = None

    def words(self) -> str | None:
        return ""

    def person(self) -> dict[str, Any]:
        return self.model_dump()

    def facts(self) -> dict[str, Any]:
        return {"has_contact": bool(self.email or self.phone), "language": self.language}


class RestrictionBody(_Body):
    """What is personal is to be kept and used for nothing, or may be used again."""

    event: ClassVar = ProcessingRestricted
    restricted: bool

    def facts(self) -> dict[str, Any]:
        return {"restricted": self.restricted}


class ErasureBody(_Body):
    """What is personal is to be erased, within the hour: who you are, what you wrote, where exactly, photos.

    It cannot be undone. The facts of the case stay.
    """

    event: ClassVar = ErasureRequested


class SupportBody(_Body):
    """Nothing more to say."""

    event: ClassVar = ComplaintSupported


_FOLLOW_UPS: Final[dict[str, type[_Body]]] = {
    "supplements": SupplementBody,
    "answers": AnswerBody,
    "confirmation": ConfirmationBody,
    "dispute": DisputeBody,
    "withdrawal": WithdrawalBody,
    "contact": ContactBody,
    "restriction": RestrictionBody,
    "erasure": ErasureBody,
}


class FollowUpAccepted(BaseModel):
    """It is safe. What becomes of it is in the case's history; a refusal there names `follow_up_id` as its cause."""

    ticket: str
    follow_up_id: UUID
    idempotency_key: UUID


@dataclass(frozen=True)
class FollowUps:
    """Publishes what follows a submission."""

    settings: Settings
    publisher: Publisher
    codes: CodeCheck

    async def accept(self, ticket: str, body: _Body, key: UUID) -> FollowUpAccepted:
        """Raises a 503 Problem where the broker does not acknowledge in time."""
        records, event_id = _records(ticket, body, key)
        try:
            await self.publisher.publish_within(self.settings.publish_within, *records)
        except BrokerUnreachable:
            raise unreachable_problem(idempotency_key=str(key)) from None
        return FollowUpAccepted(ticket=ticket, follow_up_id=event_id, idempotency_key=key)


def _records(ticket: str, body: _Body, key: UUID) -> tuple[list[Outgoing], UUID]:
    """The words first, then the fact. Sent again with its key it is the same; with another body it is another."""
    now, kind = datetime.now(UTC), body.event.__name__
    digest = hashlib.sha256(f"{kind}\n{key}\n{body.model_dump_json()}".encode()).hexdigest()
    common = {"event_id": named_id(ticket, kind, digest), "ticket": ticket, "occurred_at": now}
    facts, records = body.facts(), list[Outgoing]()
    if body.words() is not None:
        part = f"f-{digest[:16]}"
        facts["part"] = part
        personal = {**body.person(), "text": body.words(), "part": part, "event_id": named_id(ticket, part)}
        records.append(to_record(PERSONAL, PersonalRecorded.model_validate(common | personal)))
    if body.event is ComplaintSupported:
        facts["supporter"] = named_id("support", ticket, key)
    event: Event = body.event.model_validate(common | facts)
    return [*records, to_record(COMPLAINTS, event)], event.event_id


KeyHeader = Annotated[UUID | None, Header(description="Sent again with the same key it is done once.")]
Endpoint = Callable[..., Awaitable[FollowUpAccepted]]


def create_follow_up_router(follow_ups: FollowUps) -> APIRouter:
    router = APIRouter(prefix="/v1/complaints", tags=["follow-ups"])
    for name, body in _FOLLOW_UPS.items():
        router.add_api_route(
            f"/{{ticket}}/{name}",
            _endpoint(follow_ups, body),
            methods=["POST"],
            status_code=202,
            name=name,
            description=body.__doc__,
        )

    @router.post("/{ticket}/support", status_code=202)
    async def support(
        ticket: TicketPath, body: SupportBody | None = None, idempotency_key: KeyHeader = None
    ) -> FollowUpAccepted:
        """Say that you have the same trouble. Needs no tracking code."""
        return await follow_ups.accept(ticket, body or SupportBody(), idempotency_key or uuid4())

    return router


def _endpoint(follow_ups: FollowUps, body_type: type[_Body]) -> Endpoint:
    async def accept(
        ticket: TicketPath,
        body: _Body,
        x_tracking_code: Annotated[str, Header(description="The one that came with the ticket.")],
        idempotency_key: KeyHeader = None,
    ) -> FollowUpAccepted:
        follow_ups.codes.check(ticket, x_tracking_code)
        return await follow_ups.accept(ticket, body, idempotency_key or uuid4())

    # One endpoint for all: only the body differs.
    accept.__annotations__["body"] = body_type
    return accept
