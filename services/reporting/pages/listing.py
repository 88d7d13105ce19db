"""The list of cases: what was asked for, and what a line says."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.reporting.api.filters import NONE, AgencyFilter, Day
from services.reporting.domain.case import Head
from services.reporting.domain.definitions import Definitions
from services.reporting.domain.scorecards import line_of
from services.reporting.domain.search import Wanted as LookedFor
from services.reporting.domain.search import ask
from services.reporting.domain.sheltering import is_below_regency, sensitive_categories
from services.reporting.domain.tallies import due_on
from services.reporting.domain.terms import STATUSES, URGENCIES, named
from services.reporting.pages.saying import Speaker, Told
from services.reporting.pages.standing import standing_in_words
from services.reporting.store.searches import Search
from shared.cursors import Place, read_cursor, write_cursor
from shared.directory import Directory
from shared.events.case import Status
from shared.events.event import CategoryCode, RegionCode, Slug
from shared.ids import parse_ticket
from shared.problems import Problem, read_faults
from shared.sheltering import told_region

PAGE: Final = "/aduan"
ITEMS: Final = 20
NOTHING_ASKED: Final = LookedFor()
Choice = tuple[str, str]
"""What is sent, and what is read."""


class Wanted(BaseModel):
    """Filters as they stand in an address; all hold together."""

    model_config = ConfigDict(extra="ignore")

    q: str | None = Field(default=None, max_length=100)
    region: RegionCode | None = Field(default=None, alias="wilayah")
    category: CategoryCode | None = Field(default=None, alias="kategori")
    agency: AgencyFilter | None = Field(default=None, alias="instansi")
    garis: str | None = None
    """`1`: with those of the bodies that the agency came from."""
    status: Status | None = None
    first: Day | None = Field(default=None, alias="dari")
    last: Day | None = Field(default=None, alias="sampai")
    figure: Slug | None = Field(default=None, alias="angka")
    cursor: str | None = Field(default=None, alias="lanjut", max_length=200)

    @property
    def line(self) -> bool:
        return self.garis == "1"

    @property
    def ticket(self) -> str | None:
        """Where a ticket was typed into the search."""
        try:
            return parse_ticket(self.q or "")
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked, as it was typed, and the names of the fields that are not right."""

    sent: Mapping[str, str]
    wanted: Wanted
    faults: frozenset[str]

    def with_fault(self, field: str) -> "Asked":
        return Asked(self.sent, self.wanted, self.faults | {field})


@dataclass(frozen=True, slots=True)
class Line:
    """One case of the list."""

    ticket: str
    category: str
    place: str
    agency: str
    status: str
    urgency: str
    is_urgent: bool
    received: str
    standing: Told


def read_wanted(sent: Mapping[str, str], names: Directory) -> Asked:
    """What is not right is left out and named."""
    filled = {name: value.strip() for name, value in sent.items() if value.strip()}
    faults = set[str]()
    try:
        wanted = Wanted.model_validate(filled)
    except ValidationError as error:
        faults = {field for field, _ in read_faults(error.errors())}
        wanted = Wanted.model_validate({name: value for name, value in filled.items() if name not in faults})
    faults |= set(_unknown(wanted, names))
    if wanted.first and wanted.last and wanted.last < wanted.first:
        faults.add("sampai")
    return Asked(filled, wanted, frozenset(faults))


def to_search(wanted: Wanted, names: Directory) -> Search:
    """One more than a page shows, to know whether there is a next one."""
    looked_for = ask(wanted.q or "")
    return Search(
        words=looked_for.words,
        # Their district is not told, so it must not be found out either.
        never=sensitive_categories(names) if is_below_regency(wanted.region) else (),
        region=wanted.region,
        agency="" if wanted.agency == NONE else wanted.agency,
        line=line_of(wanted.agency, names) if wanted.line and wanted.agency in names.agencies else (),
        category=wanted.category,
        status=wanted.status.value if wanted.status else None,
        figure=wanted.figure,
        first=_iso(wanted.first),
        last=_iso(wanted.last),
        after=read_cursor(wanted.cursor) if wanted.cursor else None,
        limit=ITEMS + 1,
    )


def choices_of(asked: Asked, say: Speaker) -> Mapping[str, list[Choice]]:
    """What the form offers, by the name of its field; what a link asked for is in, however fine it is."""
    names, chosen = say.names, asked.wanted
    regions = [region.id for region in names.regions.values() if region.level == "regency"]
    agencies = sorted(((agency, say.agency(agency)) for agency in names.agencies), key=lambda choice: choice[1])
    categories = sorted(((one, say.category(one)) for one in names.categories), key=lambda choice: choice[1])
    finer = [chosen.region] if chosen.region and chosen.region not in {*regions, "52"} else []
    return {
        "wilayah": [*((region, say.place(region)) for region in finer), *((one, say.region(one)) for one in regions)],
        "kategori": categories,
        "instansi": [(NONE, say.words["nobody"]), *agencies],
        "status": [(status.value, named(STATUSES, status, say.language)) for status in Status],
    }


def narrowed_by(asked: Asked, choices: Mapping[str, list[Choice]], say: Speaker) -> list[str]:
    """The filters that hold, as they are read."""
    chosen = [text for field, offered in choices.items() for value, text in offered if value == asked.sent.get(field)]
    chosen += [say.words["with_predecessors"]] if asked.wanted.line else []
    days = [(asked.wanted.first, "since_day"), (asked.wanted.last, "until_day")]
    return chosen + [say.words[word].format(say.day(day)) for day, word in days if day]


def next_page(asked: Asked, found: list[tuple[str, Head]]) -> str | None:
    """Its address."""
    if len(found) <= ITEMS:
        return None
    ticket, head = found[ITEMS - 1]
    return address_of(**dict(asked.sent) | {"lanjut": write_cursor(Place(head.at, ticket))})


def address_of(**filters: Any) -> str:
    """Of the list with these filters; those that are None are left out."""
    kept = {name: value for name, value in filters.items() if value is not None}
    return f"{PAGE}?{urlencode(kept)}" if kept else PAGE


def figure_in_words(figure: str, definitions: Definitions, say: Speaker) -> str | None:
    """What the cases of a figure have in common; None: there is no such figure."""
    known = definitions.by_id.get(figure)
    if known:
        return known.name.in_language(say.language)
    day = due_on(figure)
    return say.words["due_on"].format(say.day(day)) if day else None


def lines_of(found: Iterable[tuple[str, Head]], say: Speaker) -> list[Line]:
    return [_line(ticket, head, say) for ticket, head in found]


def _line(ticket: str, head: Head, say: Speaker) -> Line:
    case = head.snapshot
    return Line(
        ticket=ticket,
        category=say.category(case.category),
        place=say.place(told_region(case.region, case.category, say.names)),
        agency=say.agency(case.agency),
        status=named(STATUSES, case.status, say.language),
        urgency=named(URGENCIES, case.urgency, say.language),
        is_urgent=case.urgency == "urgent",
        received=say.when(case.received_at),
        standing=standing_in_words(case, say),
    )


def _unknown(wanted: Wanted, names: Directory) -> Iterable[str]:
    """A name that nothing has would find nothing and be believed."""
    if wanted.q and ask(wanted.q) == NOTHING_ASKED:
        yield "q"
    if wanted.region and wanted.region not in names.regions:
        yield "wilayah"
    if wanted.category and wanted.category not in names.categories:
        yield "kategori"
    if wanted.agency and wanted.agency != NONE and wanted.agency not in names.agencies:
        yield "instansi"
    if wanted.cursor:
        try:
            read_cursor(wanted.cursor)
        except Problem:
            yield "lanjut"


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
