"""The table of agencies: ordered by what they surely reach, and those with few cases apart."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.reporting.domain.figures import NO_AGENCY
from services.reporting.domain.scorecards import Period as Months
from services.reporting.domain.scorecards import Share
from services.reporting.domain.tallies import LATE
from services.reporting.pages.listing import address_of
from services.reporting.pages.periods import month_away
from services.reporting.pages.saying import Speaker
from services.reporting.scoring import Cut, Scoring
from services.reporting.store.figures import FigureStore
from shared.events.directory import AgencyLevel

PAGE: Final = "/instansi"
CARD: Final = "/rapor"
ORDERED_BY: Final = "response_in_time"
SHOWN: Final = ("received", ORDERED_BY, "first_follow_up_in_time", "resolution_in_time")
LEVELS: Final = {"provinsi": AgencyLevel.PROVINCE, "kabupaten": AgencyLevel.REGENCY, "luar": AgencyLevel.EXTERNAL}
"""As they stand in addresses."""
LAST_MONTH, THIS_MONTH, TWELVE_MONTHS, ALL = KINDS = ("bulan-lalu", "bulan-ini", "12-bulan", "semua")
USUAL: Final = TWELVE_MONTHS
_BEGINNING: Final = date(2018, 10, 1)
"""When NTB Care began."""


@dataclass(frozen=True, slots=True)
class Row:
    """One agency."""

    place: str
    """By number; empty where it can't be compared."""
    agency: str
    name: str
    level: str
    received: str
    in_time: str
    in_time_of: str
    surely: str
    followed_up: str
    resolved: str
    late: str
    href: str
    late_href: str


@dataclass(frozen=True, slots=True)
class AgenciesPage:
    """The whole page."""

    level: str
    levels: tuple[str, ...]
    period: str
    kinds: tuple[str, ...]
    between: str
    compared: list[Row]
    of_few: list[Row]
    without: str
    """How many cases no agency has."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the page is made of."""

    kind: str
    months: Months
    level: str
    every: Mapping[str, Mapping[str, Share]]
    late: Mapping[str, int]


def months_of(kind: str, today: date) -> Months:
    """Whole months, for which all is kept."""
    this = today.replace(day=1)
    match kind:
        case "bulan-lalu":
            return Months(kind, month_away(this, -1), 1)
        case "bulan-ini":
            return Months(kind, this, 1)
        case "semua":
            years = this.year - _BEGINNING.year
            return Months(kind, _BEGINNING, 12 * years + this.month - _BEGINNING.month + 1)
        case _:
            return Months(TWELVE_MONTHS, month_away(this, -11), 12)


async def look(scoring: Scoring, figures: FigureStore, asked: Mapping[str, str], today: date) -> Seen:
    """Of all agencies that had something in the time."""
    kind = asked.get("waktu", "")
    months = months_of(kind if kind in KINDS else USUAL, today)
    every = await scoring.table(Cut(months), SHOWN)
    late = {agency: counter[LATE] for agency, counter in (await figures.open_now((LATE,), by="agency")).items()}
    level = asked.get("tingkat", "")
    return Seen(months.name, months, level if level in LEVELS else "", every, late)


def show_agencies(seen: Seen, say: Speaker) -> AgenciesPage:
    """Those that can be compared in their order, the others by name."""
    rows = [(agency, one) for agency, one in _every(seen) if agency != NO_AGENCY and _is_of(agency, seen.level, say)]
    comparable = [(agency, one) for agency, one in rows if one[ORDERED_BY].of and not one[ORDERED_BY].is_of_few]
    comparable.sort(key=lambda row: (-(row[1][ORDERED_BY].at_least_percent or 0), row[0]))
    few = sorted((row for row in rows if row not in comparable), key=lambda row: say.agency(row[0]))
    last = min(seen.months.last, say.today)
    return AgenciesPage(
        level=seen.level,
        levels=tuple(LEVELS),
        period=seen.kind,
        kinds=KINDS,
        between=say.words["between"].format(first=say.day(seen.months.first), last=say.day(last)),
        compared=[_row(say.number(place), *row, (seen, say)) for place, row in enumerate(comparable, start=1)],
        of_few=[_row("", *row, (seen, say)) for row in few],
        without=say.number(seen.every[NO_AGENCY]["received"].number if NO_AGENCY in seen.every else 0),
    )


def part_of(share: Share, say: Speaker) -> str:
    """`18 dari 24`."""
    if share.of is None:
        return say.number(share.number)
    return say.words["number_of"].format(number=say.number(share.number), of=say.number(share.of))


def _every(seen: Seen) -> Iterable[tuple[str, Mapping[str, Share]]]:
    return ((agency, one) for agency, one in seen.every.items() if any(share.number for share in one.values()))


def _is_of(agency: str, level: str, say: Speaker) -> bool:
    known = say.names.agencies.get(agency)
    return not level or (known is not None and known.level == LEVELS[level])


def _row(place: str, agency: str, one: Mapping[str, Share], context: tuple[Seen, Speaker]) -> Row:
    seen, say = context
    known, in_time = say.names.agencies.get(agency), one[ORDERED_BY]
    return Row(
        place=place,
        agency=agency,
        name=say.agency(agency),
        level=say.words["agency_levels"][known.level] if known else "",
        received=say.number(one["received"].number),
        in_time=say.percent(in_time.percent),
        in_time_of=part_of(in_time, say),
        surely=say.percent(in_time.at_least_percent),
        followed_up=_share(one["first_follow_up_in_time"], say),
        resolved=_share(one["resolution_in_time"], say),
        late=say.number(seen.late.get(agency, 0)),
        href=f"{CARD}/{agency}" + ("" if seen.months.months > 1 else f"?month={seen.months.first:%Y-%m}"),
        late_href=address_of(angka="late", instansi=agency),
    )


def _share(share: Share, say: Speaker) -> str:
    return f"{part_of(share, say)} ({say.percent(share.percent)})" if share.of else say.percent(None)
