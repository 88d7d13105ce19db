"""The printable scorecard of one agency ("rapor OPD"): a month beside the month before and beside its peers."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from services.reporting.domain.definitions import KEPT, Definitions, Figure
from services.reporting.domain.scorecards import Performance, Standing, predecessors_of
from services.reporting.pages.agencies import CARD, part_of
from services.reporting.pages.listing import address_of
from services.reporting.pages.periods import month_away
from services.reporting.pages.saying import Speaker
from services.reporting.printing import Sheet
from services.reporting.scoring import Card
from shared.events.directory import AgencyLevel

TEMPLATE: Final = "scorecard.typ"
COUNTED: Final = ("received", "verified", "approved", "followed_up", "done", "rejected", "linked", "late")
AFTERWARDS: Final = ("returned", "reopened", "confirmed")
GROUPS: Final = {"counted": COUNTED, "kept": KEPT, "afterwards": AFTERWARDS}
MOST_PARTS: Final = 10


@dataclass(frozen=True, slots=True)
class Row:
    """One figure."""

    name: str
    about: str
    number: str
    share: str
    few: bool
    """Of too few cases to be compared."""
    before: str
    peers: str
    """Its place and the middle of the others; empty of what is not compared."""
    href: str


@dataclass(frozen=True, slots=True)
class Time:
    """How long it took."""

    name: str
    about: str
    median: str
    p90: str
    cases: str
    before: str


@dataclass(frozen=True, slots=True)
class Part:
    """A category or a region."""

    name: str
    received: str
    in_time: str
    resolved: str
    late: str
    href: str


@dataclass(frozen=True, slots=True)
class Relative:
    """A body that came before or after."""

    name: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorecardPage:
    """The whole card, in words."""

    agency: str
    name: str
    level: str
    month: str
    month_name: str
    month_before: str
    earlier: str
    later: str | None
    """Addresses of the months beside it; None: it has not begun."""
    is_over: bool
    is_few: bool
    groups: list[tuple[str, list[Row]]]
    times: list[Time]
    rating: str
    categories: list[Part]
    regions: list[Part]
    predecessors: list[Relative]
    successor: Relative | None
    with_predecessors: bool
    pdf: str
    made: str
    version: int


def show_card(card: Card, definitions: Definitions, say: Speaker) -> ScorecardPage:
    """The card in words."""
    agency, first = card.agency, card.cut.period.first
    later = month_away(first, 1)
    return ScorecardPage(
        agency=agency.id,
        name=say.agency(agency.id),
        level=say.words["agency_levels"][AgencyLevel(agency.level)],
        month=f"{first:%Y-%m}",
        month_name=say.month(f"{first:%Y-%m}"),
        month_before=say.month(f"{month_away(first, -1):%Y-%m}"),
        earlier=_address(card, f"{month_away(first, -1):%Y-%m}"),
        later=_address(card, f"{later:%Y-%m}") if later <= say.today else None,
        is_over=later <= say.today,
        is_few=card.overall[KEPT[0]].is_of_few,
        groups=[(name, _rows(figures, card, definitions, say)) for name, figures in GROUPS.items()],
        times=_times(card, definitions, say),
        rating=_rating(card.overall, say),
        categories=_parts(card.categories, "kategori", card, say),
        regions=_parts(card.regions, "wilayah", card, say),
        predecessors=[_relative(body, say) for body in predecessors_of(agency.id, say.names)],
        successor=_relative(agency.successor, say) if agency.successor else None,
        with_predecessors=card.cut.line,
        pdf=_address(card, f"{first:%Y-%m}", ".pdf"),
        made=say.when(say.now),
        version=definitions.version,
    )


def sheet_of(page: ScorecardPage, say: Speaker) -> Sheet:
    """The same to print."""
    told = {"page": asdict(page), "t": dict(say.words["card"]), "language": say.language.value}
    return Sheet(TEMPLATE, json.dumps(told), say.now)


def _address(card: Card, month: str, ending: str = "") -> str:
    line = "&garis=1" if card.cut.line else ""
    return f"{CARD}/{card.agency.id}{ending}?month={month}{line}"


def _rows(names: Sequence[str], card: Card, definitions: Definitions, say: Speaker) -> list[Row]:
    standings = {standing.figure: standing for standing in card.standings}
    known = [definitions.by_id[name] for name in names if name in definitions.by_id]
    return [_row(figure, card, standings, say) for figure in known]


def _row(figure: Figure, card: Card, standings: Mapping[str, Standing], say: Speaker) -> Row:
    share, before = card.overall[figure.id], card.before[figure.id]
    return Row(
        name=figure.name.in_language(say.language),
        about=figure.about.in_language(say.language),
        number=part_of(share, say),
        share=say.percent(share.percent) if share.of is not None else "",
        few=share.is_of_few,
        before=say.percent(before.percent) if before.of is not None else say.number(before.number),
        peers=_beside(standings.get(figure.id), say),
        href=_cases(card, angka=figure.id),
    )


def _beside(standing: Standing | None, say: Speaker) -> str:
    if standing is None:
        return ""
    if standing.median_percent is None:
        return say.words["card"]["no_peers"]
    middle = say.words["card"]["middle"].format(say.percent(standing.median_percent))
    if standing.place is None:
        return middle
    return say.words["card"]["place"].format(place=standing.place, peers=standing.peers) + ", " + middle


def _times(card: Card, definitions: Definitions, say: Speaker) -> list[Time]:
    return [
        Time(
            name=duration.name.in_language(say.language),
            about=duration.about.in_language(say.language),
            median=hours_in_words(card.overall.timings[duration.id].median_hours, say),
            p90=hours_in_words(card.overall.timings[duration.id].p90_hours, say),
            cases=say.number(card.overall.timings[duration.id].cases),
            before=hours_in_words(card.before.timings[duration.id].median_hours, say),
        )
        for duration in definitions.durations
    ]


def hours_in_words(hours: float | None, say: Speaker) -> str:
    """`3,5 jam` below two days, else `4,2 hari`."""
    if hours is None:
        return say.number(None)
    is_short = hours < 48  # noqa: PLR2004 - two days
    words = say.words["card"]["hours" if is_short else "days"]
    return words.format(say.number(round(hours if is_short else hours / 24, 1)))


def _rating(overall: Performance, say: Speaker) -> str:
    words = say.words["card"]
    if overall.rating is None:
        return words["no_rating"]
    return words["rating"].format(mean=say.number(overall.rating), number=say.number(overall.ratings))


def _parts(parts: Sequence[tuple[str, Performance]], field: str, card: Card, say: Speaker) -> list[Part]:
    named = say.category if field == "kategori" else say.region
    return [
        Part(
            name=named(code),
            received=say.number(one["received"].number),
            in_time=part_of(one[KEPT[0]], say),
            resolved=part_of(one[KEPT[-1]], say),
            late=say.number(one["late"].number),
            href=_cases(card, angka="received", **{field: code}),
        )
        for code, one in parts[:MOST_PARTS]
    ]


def _cases(card: Card, **filters: str) -> str:
    period = card.cut.period
    days = {"dari": period.first.isoformat(), "sampai": period.last.isoformat()}
    return address_of(**filters, instansi=card.agency.id, garis="1" if card.cut.line else None, **days)


def _relative(agency: str, say: Speaker) -> Relative:
    return Relative(say.agency(agency), f"{CARD}/{agency}")
