"""HTTP in: whether it is a disaster, and from whom nothing is taken. Both hold for every service within seconds."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Header
from pydantic import BaseModel, ConfigDict, Field

from services.routing.api.directory import Administration, RecordView, check_coordinator
from services.routing.api.signing_in import GetPerson
from services.routing.domain.access import Person
from services.routing.domain.doors import DoorFaulty, with_blocked, with_disaster, without_blocked
from services.routing.store.directory import Edit
from shared.bodies import describe_refusals
from shared.doors import contact_digest
from shared.events.directory import Door
from shared.problems import Problem, field_problem
from shared.wita import day_of

_KIND, _ID = "door", "province"
_RECORD: Final = f"{_KIND}:{_ID}"
_TRIES: Final = 20
_REFUSED: Final = (400, 401, 403, 404, 409, 413, 422, 503)
_UNNAMED: Final = "Without ROUTING_DOOR_SECRET, which intake must have too, addresses can't be compared."

Alter = Callable[[Door], Door]
KeyHeader = Annotated[UUID | None, Header()]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    reason: str = Field(min_length=3, max_length=500)
    """Kept with who decided. It should name nobody."""


class DisasterBody(_Body):
    """From now on for so many hours; null: it is over."""

    hours: float | None = Field(default=None, allow_inf_nan=False)


class AddressBody(_Body):
    """An e-mail address or a telephone number. Only a digest of it is kept."""

    address: str = Field(min_length=3, max_length=200)


@dataclass(frozen=True)
class Doorkeeping:
    """Changes the door for coordinators."""

    administration: Administration
    key: bytes | None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    async def change(self, alter: Alter, reason: str, person: Person, request_key: UUID) -> RecordView:
        """Asked twice with one key it is done once. Raises a 403, 409 or 422 Problem."""
        check_coordinator(person)
        records = self.administration.records
        for _ in range(_TRIES):
            if await self._is_made(request_key):
                break
            [found] = await records.read([_RECORD]) or [None]
            before = found.entry if found and isinstance(found.entry, Door) else Door()
            edit = self._edit(_altered(before, alter), reason, person, request_key)
            await records.note(edit)
            if await records.make(edit, found.revision if found else 0) is not None:
                break
            # Somebody else changed it meanwhile: what they did must not be undone.
            await records.withdraw(edit.id)
        else:
            raise Problem(409, "The door was changed by others", "Please try again.")
        return await self.administration.read(_KIND, _ID)

    def digest(self, address: str) -> str:
        """Raises a 409 Problem."""
        if self.key is None:
            raise Problem(409, "Nobody can be blocked here", _UNNAMED)
        return contact_digest(self.key, address)

    async def _is_made(self, request_key: UUID) -> bool:
        edits = await self.administration.records.edits_of(_RECORD)
        return any(one.id == f"{_RECORD}/{request_key}" and one.revision is not None for one in edits)

    def _edit(self, door: Door, reason: str, person: Person, request_key: UUID) -> Edit:
        return Edit(
            id=f"{_RECORD}/{request_key}",
            record=_RECORD,
            entry=door.model_dump(mode="json", exclude_none=True),
            effective_on=day_of(self.now()),
            author=person.id,
            reason=reason,
            made_at=self.now(),
            revision=None,
        )


def create_door_router(doors: Doorkeeping, get_person: GetPerson) -> APIRouter:
    router = APIRouter(prefix=f"/v1/directory/{_KIND}/{_ID}", tags=["door"], responses=describe_refusals(*_REFUSED))

    @router.post("/disaster")
    async def set_disaster(
        body: DisasterBody, person: Annotated[Person, Depends(get_person)], idempotency_key: KeyHeader = None
    ) -> RecordView:
        """Say that it is a disaster, or that it is over.

        While it holds, no limit and no block applies to what is urgent, less is asked of it, and what is not urgent
        goes out later.
        """

        def alter(door: Door) -> Door:
            return with_disaster(door, doors.now(), body.hours)

        return await doors.change(alter, body.reason, person, idempotency_key or uuid4())

    @router.post("/blocked")
    async def block(
        body: AddressBody, person: Annotated[Person, Depends(get_person)], idempotency_key: KeyHeader = None
    ) -> RecordView:
        """Take no more complaints from an address; what is urgent is still taken."""
        digest = doors.digest(body.address)
        return await doors.change(
            lambda door: with_blocked(door, digest), body.reason, person, idempotency_key or uuid4()
        )

    @router.post("/unblocked")
    async def unblock(
        body: AddressBody, person: Annotated[Person, Depends(get_person)], idempotency_key: KeyHeader = None
    ) -> RecordView:
        """Take complaints from it again."""
        digest = doors.digest(body.address)
        return await doors.change(
            lambda door: without_blocked(door, digest), body.reason, person, idempotency_key or uuid4()
        )

    return router


def _altered(door: Door, alter: Alter) -> Door:
    """Raises a 422 Problem."""
    try:
        return alter(door)
    except DoorFaulty as fault:
        raise field_problem((fault.field, fault.why)) from None
