"""What clients of Open311 may ask for. An empty parameter is one that was not sent; one that is not known is ignored.

So the specification has it; everything raises a 422 Problem for what cannot be understood.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from fastapi import Depends, Query

from services.reporting.domain.georeport import LONGEST, Span, statuses_of, window
from services.reporting.store.georeport import Page, Requests
from shared.ids import parse_ticket
from shared.open311 import MOST_RESULTS
from shared.problems import field_problem

MOST_PAGES: Final = 100
_DIGITS: Final = 6
_YEARS: Final = range(2000, 2100)
_SLACK: Final = timedelta(days=1)
"""Whoever asks for the last 90 days must not be refused for the time that asking takes."""

Ids = Annotated[str, Query(description="Only these, divided by commas. Nothing else that is asked for counts then.")]
Moment = Annotated[str, Query(description="A moment with its offset, such as 2026-03-05T00:00:00+08:00.")]
Flag = Annotated[str, Query(description="`true`: with what the specification does not have.")]


@dataclass(frozen=True, slots=True)
class Paging:
    """Which page, and whether with extensions."""

    page: Annotated[str, Query(description=f"From 1 to {MOST_PAGES}.")] = ""
    per_page: Annotated[str, Query(description=f"At most and by default {MOST_RESULTS}.")] = ""
    page_size: Annotated[str, Query(description="The same as `per_page`.")] = ""
    extensions: Flag = ""

    def to_page(self) -> Page:
        number = _number("page", self.page) or 1
        size = _number("per_page", self.per_page) or _number("page_size", self.page_size) or MOST_RESULTS
        if number > MOST_PAGES:
            raise field_problem(("page", f"there are at most {MOST_PAGES}; ask for a shorter time"))
        return Page(skip=(number - 1) * min(size, MOST_RESULTS), limit=min(size, MOST_RESULTS))


@dataclass(frozen=True, slots=True)
class RequestQuery:
    """Which requests; all conditions hold together."""

    service_request_id: Ids = ""
    service_code: Annotated[str, Query(description="Divided by commas.")] = ""
    status: Annotated[str, Query(description="`open`, `closed`, or both, divided by a comma.")] = ""
    start_date: Moment = ""
    end_date: Moment = ""
    updated_after: Moment = ""
    updated_before: Moment = ""

    @property
    def by_id(self) -> bool:
        return bool(self.service_request_id.strip())

    @property
    def codes(self) -> Sequence[str]:
        return split(self.service_code)

    def wanted(self, now: datetime) -> Requests:
        """Those of the last 90 days, unless another time is asked for."""
        try:
            statuses = statuses_of(split(self.status))
        except KeyError:
            raise field_problem(("status", "must be open or closed")) from None
        asked = _moment("start_date", self.start_date), _moment("end_date", self.end_date)
        events = _moment("updated_after", self.updated_after), _moment("updated_before", self.updated_before)
        updated = Span(*events) if any(events) else None
        requested = None if updated and not any(asked) else _window(*asked, now)
        return Requests(codes=self.codes, statuses=statuses, requested=requested, updated=updated)


@dataclass(frozen=True, slots=True)
class UpdateQuery:
    """Which updates."""

    service_request_id: Ids = ""
    start_date: Moment = ""
    end_date: Moment = ""

    @property
    def by_id(self) -> bool:
        return bool(self.service_request_id.strip())

    def span(self, now: datetime) -> Span:
        """Of named requests all that happened, else what happened in the last 90 days."""
        if self.by_id:
            return Span(None)
        asked = _moment("start_date", self.start_date), _moment("end_date", self.end_date)
        span = _window(*asked, now)
        if span.start is None or span.start < now - LONGEST - _SLACK:
            told = f"lies more than {LONGEST.days} days back; name requests by service_request_id instead"
            raise field_problem(("start_date", told))
        return span


PagingOf = Annotated[Paging, Depends()]
RequestsOf = Annotated[RequestQuery, Depends()]
UpdatesOf = Annotated[UpdateQuery, Depends()]


def is_true(entered: str) -> bool:
    return entered.strip().lower() == "true"


def split(entered: str) -> list[str]:
    return [part.strip() for part in entered.split(",") if part.strip()]


def tickets_in(entered: str) -> list[str]:
    """Each once, without what can be none."""
    tickets = dict[str, None]()
    for part in split(entered)[:MOST_RESULTS]:
        try:
            tickets[parse_ticket(part)] = None
        except ValueError:
            continue
    return list(tickets)


def _number(field: str, entered: str) -> int | None:
    digits = entered.strip()
    if not digits:
        return None
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS and int(digits) > 0):
        raise field_problem((field, "must be a whole number from 1"))
    return int(digits)


def _moment(field: str, entered: str) -> datetime | None:
    """A plus that nobody escaped has become a space."""
    if not entered.strip():
        return None
    try:
        moment = datetime.fromisoformat(entered.strip().replace(" ", "+"))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or moment.year not in _YEARS:
        raise field_problem((field, "must be a moment with its offset, such as 2026-03-05T00:00:00Z"))
    return moment.astimezone(UTC)


def _window(start: datetime | None, end: datetime | None, now: datetime) -> Span:
    try:
        return window(start, end, now)
    except ValueError as error:
        raise field_problem(("start_date", str(error))) from None
