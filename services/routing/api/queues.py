"""HTTP out: lists of cases, how many there are, and where they lie."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Final, Self
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.routing.api.signing_in import GetPerson
from services.routing.domain.access import Person
from services.routing.domain.rulebook import Rulebook
from services.routing.domain.search import words_of
from services.routing.domain.standing import NEVER
from services.routing.store.queues import COUNTED, Listed, Load, Queue, QueueStore, Scope, Wanted
from shared.bodies import describe_refusals
from shared.cursors import Place, read_cursor, write_cursor
from shared.events.case import CaseSnapshot, Status
from shared.events.event import AgencyId, CategoryCode, RegionCode, Urgency
from shared.ids import parse_ticket
from shared.problems import field_problem
from shared.wita import WITA, day_of

DUE_SOON: Final = timedelta(days=2)
BOARD_LASTS: Final = timedelta(seconds=15)
_EXCERPT: Final = 160
_NO_STORE: Final = {"Cache-Control": "no-store"}


class QueueQuery(BaseModel):
    """Which cases; all conditions hold together."""

    model_config = ConfigDict(extra="forbid")

    queue: Queue = Queue.OPEN
    status: Status | None = None
    category: CategoryCode | None = None
    region: RegionCode | None = None
    """With all that lies in it."""
    agency: AgencyId | None = None
    urgency: Urgency | None = None
    q: str | None = Field(default=None, min_length=3, max_length=200)
    """A ticket, or words of the complaint."""
    cursor: str | None = Field(default=None, max_length=200)
    limit: int = Field(default=50, ge=1, le=200)

    def wanted(self, person: Person, now: datetime) -> Wanted:
        """Raises a 422 Problem."""
        words = words_of(self.q or "")
        if self.q is not None and not words:
            raise field_problem(("q", "holds no word of three letters"))
        return Wanted(
            queue=self.queue,
            officer=person.id,
            due_before=now + DUE_SOON,
            status=self.status,
            category=self.category,
            region=self.region,
            agency=self.agency,
            urgency=self.urgency,
            words=words,
            after=read_cursor(self.cursor) if self.cursor else None,
            limit=self.limit,
        )


class ListedCase(BaseModel):
    """A case in a list."""

    ticket: str
    revision: int
    case: CaseSnapshot
    due_at: datetime | None
    """Of the promise that is due first, or was; null: none runs."""
    excerpt: str | None
    """The beginning of what the reporter wrote."""
    reporters: int
    """Who complained of it: with those of the cases that are linked to this one."""

    @classmethod
    def of(cls, listed: Listed) -> Self:
        return cls(
            ticket=listed.ticket,
            revision=listed.revision,
            case=listed.case,
            due_at=listed.due_at,
            excerpt=listed.text[:_EXCERPT] if listed.text else None,
            reporters=listed.reporters,
        )


class CasePage(BaseModel):
    """The longest due first."""

    items: list[ListedCase]
    next: str | None
    """Where the next page is; null: this is the last."""


class QueueCount(BaseModel):
    """How many there are; `more`: at least so many."""

    count: int
    more: bool


class Board(BaseModel):
    """Where open cases lie, since when, how many are late and how many are due today."""

    loads: list[Load]
    as_of: datetime


class Queues:
    """Lists for people at the desk."""

    def __init__(
        self,
        store: QueueStore,
        rulebook: Callable[[], Rulebook],
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._rulebook = rulebook
        self._now = now
        self._boards: dict[Scope, Board] = {}
        self._counting = asyncio.Lock()

    async def page(self, query: QueueQuery, person: Person) -> CasePage:
        """Raises a 422 Problem."""
        ticket = _ticket(query.q)
        wanted = (
            QueueQuery(queue=Queue.ALL).wanted(person, self._now()) if ticket else query.wanted(person, self._now())
        )
        found = await self._store.page(wanted, self._scope(query, person), ticket)
        shown = found[: query.limit]
        asked = query.model_dump(mode="json", exclude_unset=True, exclude={"cursor"})
        last = shown[-1] if len(found) > len(shown) else None
        following = _next(asked, last) if last else None
        return CasePage(items=[ListedCase.of(listed) for listed in shown], next=following)

    async def counts(self, person: Person) -> dict[Queue, QueueCount]:
        counts: dict[Queue, QueueCount] = {}
        for queue in Queue:
            query = QueueQuery(queue=queue)
            count = await self._store.count(query.wanted(person, self._now()), self._scope(query, person))
            counts[queue] = QueueCount(count=min(count, COUNTED), more=count > COUNTED)
        return counts

    async def board(self, person: Person) -> Board:
        """At most some seconds old: it counts every open case, for everybody who may see the same ones."""
        scope, now = self._scope(QueueQuery(), person), self._now()
        async with self._counting:
            known = self._boards.get(scope)
            if known is None or now - known.as_of > BOARD_LASTS:
                day_ends = datetime.combine(day_of(now) + timedelta(days=1), time(0), tzinfo=WITA)
                known = Board(loads=await self._store.board(scope, day_ends), as_of=now)
                self._boards = {kept: one for kept, one in self._boards.items() if now - one.as_of <= BOARD_LASTS}
                self._boards[scope] = known
        return known

    def _scope(self, query: QueueQuery, person: Person) -> Scope:
        own = query.queue in {Queue.AGENCY, Queue.MINE} or not person.sees_all
        return Scope(
            agency=(person.agency or "-") if own and query.queue is not Queue.MINE else None,
            regions=person.regions,
            not_about=self._rulebook().accusing(person.agency),
        )


def create_queues_router(queues: Queues, get_person: GetPerson) -> APIRouter:
    router = APIRouter(prefix="/v1/desk", tags=["desk"], responses=describe_refusals(401, 403, 422, 503))

    @router.get("/cases")
    async def list_cases(
        query: Annotated[QueueQuery, Query()], person: Annotated[Person, Depends(get_person)], response: Response
    ) -> CasePage:
        """A queue: yours, your agency's, triage, late, due soon. With `q` found by ticket or by words."""
        response.headers.update(_NO_STORE)
        return await queues.page(query, person)

    @router.get("/counts")
    async def count_cases(
        person: Annotated[Person, Depends(get_person)], response: Response
    ) -> dict[Queue, QueueCount]:
        """How many cases lie in each queue."""
        response.headers.update(_NO_STORE)
        return await queues.counts(person)

    @router.get("/board")
    async def read_board(person: Annotated[Person, Depends(get_person)], response: Response) -> Board:
        """What is late, what is due today, where it lies and since when."""
        response.headers.update(_NO_STORE)
        return await queues.board(person)

    return router


def _ticket(q: str | None) -> str | None:
    try:
        return parse_ticket(q) if q else None
    except ValueError:
        return None


def _next(asked: dict[str, str], last: Listed) -> str:
    cursor = write_cursor(Place(last.due_at or NEVER, last.ticket))
    return "/v1/desk/cases?" + urlencode(asked | {"cursor": cursor})
