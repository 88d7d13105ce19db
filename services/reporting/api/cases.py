"""`GET /v1/cases` and `GET /v1/cases/{ticket}`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, Field, NonNegativeInt

from services.reporting.api.filters import NONE, AgencyFilter, Asked, Day, Moment, check_known, check_period
from services.reporting.domain.scorecards import line_of
from services.reporting.domain.search import Wanted, ask
from services.reporting.domain.sheltering import is_below_regency, sensitive_categories
from services.reporting.domain.views import CaseFacts, CaseView, list_facts
from services.reporting.drilling import Drilling
from services.reporting.reading import HEADERS, Reading, Wait
from services.reporting.store import Store
from services.reporting.store.searches import Search
from shared.bodies import describe_refusals
from shared.cursors import Place, read_cursor, write_cursor
from shared.directory import Directory
from shared.events.case import Status
from shared.events.event import CategoryCode, RegionCode, Slug
from shared.ids import parse_ticket
from shared.problems import field_problem

LONGEST_WAIT_S: Final = 30
MOST_ITEMS: Final = 200


class WaitQuery(Asked):
    """How long to wait for what."""

    wait: float = Field(default=0, ge=0, le=LONGEST_WAIT_S, allow_inf_nan=False)
    """Seconds. The answer comes as soon as the case is there, else when they are over, with what there is."""
    after: NonNegativeInt = 0
    """Wait for a sequence above this one."""


class ListQuery(Asked):
    """Which cases; all conditions hold together."""

    q: str | None = Field(default=None, max_length=200)
    """A ticket, or words: those of published texts, of progress, and of the names of place, category and agency."""
    region: RegionCode | None = None
    """With all that lies in it."""
    agency: AgencyFilter | None = None
    line: bool = False
    """With the cases of the bodies that `agency` came from."""
    category: CategoryCode | None = None
    status: Status | None = None
    first: Day | None = Field(default=None, alias="from")
    """First day of receipt, WITA."""
    last: Day | None = Field(default=None, alias="to")
    """Last day of receipt, WITA, included."""
    figure: Slug | None = None
    """Those that a figure of `/v1/scorecards/definitions` counts; `agency` is then the body for which it counts. One
    that is not listed everywhere needs `agency`, or a period of at most a month."""
    updated_after: Moment | None = None
    """Oldest first, from the first event after this moment."""
    cursor: str | None = Field(default=None, max_length=200)
    limit: int = Field(default=50, ge=1, le=MOST_ITEMS)


class Withdrawn(BaseModel):
    """In the place of a case that was public and is not any more: forget what you have of it."""

    ticket: str
    withdrawn_from_public: Literal[True] = True
    updated_at: datetime


Item = CaseFacts | Withdrawn
Told = tuple[Place, Item]
"""With its place in the order."""


class CaseList(BaseModel):
    """One page."""

    items: list[Item]
    next: str | None
    """Where the next page is; null: this is the last."""


def create_case_router(reading: Reading) -> APIRouter:
    router = APIRouter(prefix="/v1/cases", tags=["cases"], responses=describe_refusals(400, 403, 404, 422, 429, 503))

    @router.get("/{ticket}")
    async def read_case(
        ticket: str,
        query: Annotated[WaitQuery, Query()],
        response: Response,
        x_tracking_code: Annotated[str | None, Header(description="Shows the reporter's own view.")] = None,
    ) -> CaseView:
        """One case: public facts, or with the tracking code the reporter's own view, which is there at once.

        With `wait` the answer is held until the case is there (and beyond `after`). When the time is over the answer
        is what there is: the case as it was, `received` with a valid code, else 404. Not found and confidential are
        one answer.
        """
        response.headers.update(HEADERS)
        return await reading.view(canonical(ticket), Wait(query.wait, query.after), x_tracking_code)

    return router


def create_list_router(store: Store, names: Directory, drilling: Drilling) -> APIRouter:
    router = APIRouter(prefix="/v1/cases", tags=["cases"], responses=describe_refusals(400, 403, 404, 422, 429, 503))

    @router.get("")
    async def list_cases(query: Annotated[ListQuery, Query()], response: Response) -> CaseList:
        """Public cases, the newest event first; with `updated_after` the oldest first, for incremental readers.

        An event may arrive here after a newer one of another case. So read again from some minutes before the newest
        `updated_at` that you have; each item is the whole present state, so what comes twice does no harm. What was
        public and is not any more comes as `withdrawn_from_public`, whatever the filters are: it tells nothing else.
        """
        check_period(query.first, query.last)
        check_known(names, region=query.region, agency=query.agency, category=query.category)
        response.headers["Cache-Control"] = "no-cache"
        search = _search(query, names)
        narrowed = await drilling.narrow(search)
        found = await store.cases.search(narrowed) if narrowed else []
        told: list[Told] = [(Place(head.at, ticket), list_facts(ticket, head, names)) for ticket, head in found]
        return _page(query, _merged(told, await _withdrawn(search, store)))

    return router


def canonical(ticket: str) -> str:
    """Raises a 422 Problem."""
    try:
        return parse_ticket(ticket)
    except ValueError as error:
        raise field_problem(("ticket", str(error))) from None


def _search(query: ListQuery, names: Directory) -> Search:
    """Raises a 422 Problem where nothing can be looked for."""
    asked = ask(query.q) if query.q is not None else Wanted()
    if query.q is not None and asked == Wanted():
        raise field_problem(("q", "holds no ticket and no word that tells cases apart"))
    return Search(
        ticket=asked.ticket,
        words=asked.words,
        # Their district is not told, so it must not be found out either.
        never=sensitive_categories(names) if is_below_regency(query.region) else (),
        region=query.region,
        agency="" if query.agency == NONE else query.agency,
        line=line_of(query.agency, names) if query.line and query.agency in names.agencies else (),
        category=query.category,
        figure=query.figure,
        status=query.status.value if query.status else None,
        first=query.first.isoformat() if query.first else None,
        last=query.last.isoformat() if query.last else None,
        updated_after=query.updated_after,
        after=read_cursor(query.cursor) if query.cursor else None,
        limit=query.limit + 1,
    )


async def _withdrawn(search: Search, store: Store) -> list[Told]:
    """Only for those who follow what changes."""
    if search.updated_after is None:
        return []
    gone = await store.cases.withdrawn(search.updated_after, search.after, search.limit)
    return [(place, Withdrawn(ticket=place.ticket, updated_at=place.at)) for place in gone]


def _page(query: ListQuery, told: Sequence[Told]) -> CaseList:
    """One more than the limit was asked for, to know whether there is a next page."""
    shown = told[: query.limit]
    items = [item for _, item in shown]
    if len(told) == len(shown):
        return CaseList(items=items, next=None)
    asked = query.model_dump(mode="json", by_alias=True, exclude_unset=True) | {"cursor": write_cursor(shown[-1][0])}
    return CaseList(items=items, next="/v1/cases?" + urlencode(asked))


def _merged(told: list[Told], gone: list[Told]) -> list[Told]:
    """In the order of both; without `gone` that of `told`, which may be the other way round."""
    return sorted(told + gone, key=lambda one: (one[0].at, one[0].ticket)) if gone else told
