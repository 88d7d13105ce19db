"""What reporters do after they submitted: `POST /v1/complaints/{ticket}/supplements` and so on.

Intake only checks the tracking code and publishes; whether it is possible routing decides, and the case's history says.
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Final
from uuid import UUID, uuid4

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.intake.contacts import Email, Phone, Prefers
from services.intake.gate import Gate, Visitor, Wish
from services.intake.settings import Settings
from shared.bodies import describe_refusals
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
from shared.problems import Problem, unreachable_problem
from shared.publisher import Publisher
from shared.records import Outgoing, to_record
from shared.topics import COMPLAINTS, PERSONAL
from shared.traces import current_trace
from shared.tracking import CodeCheck


class FollowUpBody(BaseModel):
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


class SupplementBody(FollowUpBody):
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


class ConfirmationBody(FollowUpBody):
    """It is done."""

    event: ClassVar = ResolutionConfirmed
    rating: int | None = Field(default=None, ge=1, le=5)
    text: Text | None = None

    def words(self) -> str | None:
        return self.text

    def facts(self) -> dict[str, Any]:
        return {"rating": self.rating}


class WithdrawalBody(FollowUpBody):
    """It is taken back."""

    event: ClassVar = ComplaintWithdrawn
    text: Text | None = None

    def words(self) -> str | None:
        return self.text


class ContactBody(FollowUpBody):
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


class TakeOverBody(ContactBody):
    """The person concerned takes over what somebody filed for them; who filed it can do nothing more with it."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]  # type: ignore[assignment]

    def facts(self) -> dict[str, Any]:
        return super().facts() | {"taken_over": True}


class RestrictionBody(FollowUpBody):
    """What is personal is to be kept and used for nothing, or may be used again."""

    event: ClassVar = ProcessingRestricted
    restricted: bool

    def facts(self) -> dict[str, Any]:
        return {"restricted": self.restricted}


class ErasureBody(FollowUpBody):
    """What is personal is to be erased, within the hour: who you are, what you wrote, where exactly, photos.

    It cannot be undone. The facts of the case stay.
    """

    event: ClassVar = ErasureRequested


class SupportBody(FollowUpBody):
    """Nothing more to say."""

    event: ClassVar = ComplaintSupported


FOLLOW_UPS: Final[dict[str, type[FollowUpBody]]] = {
    "supplements": SupplementBody,
    "answers": AnswerBody,
    "confirmation": ConfirmationBody,
    "dispute": DisputeBody,
    "withdrawal": WithdrawalBody,
    "contact": ContactBody,
    "take-over": TakeOverBody,
    "restriction": RestrictionBody,
    "erasure": ErasureBody,
}
_REFUSED: Final = (400, 403, 404, 413, 422, 429, 503)


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
    gate: Gate | None = None

    def let_in(self, request: Request, wish: Wish) -> None:
        """Raises a 429 Problem. Of which category it is nobody here knows: in a disaster no follow-up is refused."""
        if self.gate is not None:
            self.gate.let_in(wish, Visitor(self.gate.peer_of(request)), lambda: wish is Wish.FOLLOW_UP)

    def check(self, ticket: str, code: str, body: FollowUpBody) -> bool:
        """Return whether the person concerned sends it. Raises a 403 or 429 Problem."""
        by_subject = self.codes.check(ticket, code)
        if isinstance(body, TakeOverBody) and not by_subject:
            raise Problem(403, "It takes the code of the person concerned", "Whoever filed it has another one.")
        return by_subject

    async def accept(self, ticket: str, body: FollowUpBody, key: UUID, *, by_subject: bool = False) -> FollowUpAccepted:
        """Raises a 503 Problem where the broker does not acknowledge in time."""
        records, event_id = _records(ticket, body, key, by_subject=by_subject)
        try:
            await self.publisher.publish_within(self.settings.publish_within, *records)
        except BrokerUnreachable:
            raise unreachable_problem(idempotency_key=str(key)) from None
        return FollowUpAccepted(ticket=ticket, follow_up_id=event_id, idempotency_key=key)


def _records(ticket: str, body: FollowUpBody, key: UUID, *, by_subject: bool) -> tuple[list[Outgoing], UUID]:
    """The words first, then the fact. Sent again with its key it is the same; with another body it is another."""
    now, kind = datetime.now(UTC), type(body).__name__ if isinstance(body, TakeOverBody) else body.event.__name__
    sender = "\nsubject" if by_subject else ""
    digest = hashlib.sha256(f"{kind}\n{key}\n{body.model_dump_json()}{sender}".encode()).hexdigest()
    trace = current_trace()
    common = {"event_id": named_id(ticket, kind, digest), "ticket": ticket, "occurred_at": now}
    facts, records = body.facts() | {"by_subject": by_subject}, list[Outgoing]()
    if body.words() is not None:
        part = f"f-{digest[:16]}"
        facts["part"] = part
        personal = {**body.person(), "text": body.words(), "part": part, "event_id": named_id(ticket, part)}
        records.append(to_record(PERSONAL, PersonalRecorded.model_validate(common | personal), trace))
    if body.event is ComplaintSupported:
        facts["supporter"] = named_id("support", ticket, key)
    event: Event = body.event.model_validate(common | facts)
    return [*records, to_record(COMPLAINTS, event, trace)], event.event_id


KeyHeader = Annotated[UUID | None, Header(description="Sent again with the same key it is done once.")]
Endpoint = Callable[..., Awaitable[FollowUpAccepted]]


def create_follow_up_router(follow_ups: FollowUps) -> APIRouter:
    router = APIRouter(prefix="/v1/complaints", tags=["follow-ups"], responses=describe_refusals(*_REFUSED))
    for name, body in FOLLOW_UPS.items():
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
        request: Request, ticket: TicketPath, body: SupportBody | None = None, idempotency_key: KeyHeader = None
    ) -> FollowUpAccepted:
        """Say that you have the same trouble. Needs no tracking code."""
        follow_ups.let_in(request, Wish.SUPPORT)
        return await follow_ups.accept(ticket, body or SupportBody(), idempotency_key or uuid4())

    return router


def _endpoint(follow_ups: FollowUps, body_type: type[FollowUpBody]) -> Endpoint:
    async def accept(
        request: Request,
        ticket: TicketPath,
        body: FollowUpBody,
        x_tracking_code: Annotated[str, Header(description="The one that came with the ticket.")],
        idempotency_key: KeyHeader = None,
    ) -> FollowUpAccepted:
        follow_ups.let_in(request, Wish.FOLLOW_UP)
        by_subject = follow_ups.check(ticket, x_tracking_code, body)
        return await follow_ups.accept(ticket, body, idempotency_key or uuid4(), by_subject=by_subject)

    # One endpoint for all: only the body differs.
    accept.__annotations__["body"] = body_type
    return accept
