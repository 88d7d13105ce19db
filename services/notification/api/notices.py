"""What became of a case's messages, and sending again what failed: for those who watch over the service."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Final, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel

from services.notification.api.calling import GetCaller
from services.notification.domain.access import AUDITOR, COORDINATOR, Caller
from services.notification.domain.deliveries import State
from services.notification.domain.kinds import Kind
from services.notification.queueing import Queueing
from services.notification.store.found import Told
from shared.bodies import describe_refusals
from shared.directory import related_bodies
from shared.events.notices import Channel, Recipient
from shared.ids import Ticket
from shared.problems import Problem

_NO_STORE: Final = {"Cache-Control": "no-store"}
_REFUSED: Final = (401, 403, 404, 409, 422, 503)


class NoticeView(BaseModel):
    """One message to one recipient on one channel. No address, and nothing of what it says."""

    id: UUID
    kind: Kind
    recipient: Recipient
    told: str | None
    """Which body, officer or system."""
    channel: Channel | None
    state: Literal["queued", "sent", "delivered", "failed", "suppressed"]
    reason: str | None
    attempts: int
    occurred_at: datetime
    """Of what it tells."""
    next_at: datetime | None
    """When it goes out, or is decided upon, at the earliest."""
    done_at: datetime | None

    @classmethod
    def of(cls, told: Told) -> Self:
        delivery, state = told.delivery, State.QUEUED if told.state is State.WAITING else told.state
        return cls(
            id=delivery.id,
            kind=delivery.kind,
            recipient=delivery.recipient,
            # Who follows is nobody's business.
            told=None if delivery.recipient is Recipient.FOLLOWER else delivery.told,
            channel=delivery.channel,
            state=state.value,
            reason=told.reason,
            attempts=delivery.attempts,
            occurred_at=delivery.occurred_at,
            next_at=told.next_at,
            done_at=told.done_at,
        )


class Notices(BaseModel):
    """In the order in which things happened."""

    items: list[NoticeView]


def create_notices_router(queueing: Queueing, get_caller: GetCaller, now: Callable[[], datetime]) -> APIRouter:
    """`/v1/notices`."""
    router = APIRouter(
        prefix="/v1/notices", tags=["notices"], responses=describe_refusals(401, 403, 404, 409, 422, 503)
    )
    caller, deliveries = Depends(get_caller), queueing.store.deliveries

    @router.get("")
    async def list_notices(
        ticket: Annotated[Ticket, Query()], by: Annotated[Caller, caller], response: Response
    ) -> Notices:
        """Of one case. It takes a coordinator or an auditor."""
        _must_be(by, COORDINATOR, AUDITOR)
        response.headers.update(_NO_STORE)
        contact = (await queueing.store.contacts.read([ticket]))[ticket]
        if by.agency in related_bodies(queueing.sources.offices.agencies, contact.about):
            # As at the desk: for the people of the body that it is about there is no such complaint.
            return Notices(items=[])
        return Notices(items=[NoticeView.of(told) for told in await deliveries.of_ticket(ticket)])

    @router.post("/{notice}/retry", status_code=202)
    async def retry_notice(notice: UUID, by: Annotated[Caller, caller]) -> None:
        """Send what failed or had no address again, once its cause is gone. It takes a coordinator."""
        _must_be(by, COORDINATOR)
        found = await deliveries.revive(notice, now())
        if found is None:
            raise Problem(409, "It did not fail", "Only what failed or had no address can be sent again.")
        await queueing.decide([found])

    return router


def _must_be(caller: Caller, *roles: str) -> None:
    if not caller.roles.intersection(roles):
        raise Problem(403, "That is not yours to see", f"It takes one of: {', '.join(roles)}.")
