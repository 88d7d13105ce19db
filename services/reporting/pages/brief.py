"""The leader's morning brief: one page, and the same as a text message."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from services.reporting.domain.case import Head
from services.reporting.domain.figures import NO_AGENCY
from services.reporting.domain.rollups import ALL
from services.reporting.domain.statistics import Dimension, Question
from services.reporting.domain.tallies import LATE, URGENT, due_figure
from services.reporting.pages.listing import Line, address_of, lines_of
from services.reporting.pages.saying import Speaker
from services.reporting.pages.today import RECEIVED, Row
from services.reporting.store import Store
from shared.wita import WITA

PAGE: Final = "/pagi"
MOST: Final = 3
MOST_LISTED: Final = 10
_DAY: Final = timedelta(days=1)

Found = Sequence[tuple[str, Head]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the brief is made of."""

    yesterday: int
    categories: Sequence[Row]
    open_now: Mapping[str, int]
    late_by_agency: Mapping[str, int]
    late_by_region: Mapping[str, int]
    became_late: Found
    """Public ones; one more than is listed where there are more."""
    longest: Found


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody with a number."""

    name: str
    number: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """The brief in words."""

    day: str
    yesterday: str
    received: str
    received_href: str
    categories: list[Named]
    late: str
    urgent: str
    due: list[Named]
    """Today and the next working day."""
    became_late: list[Line]
    more_became_late: bool
    agencies: list[Named]
    regions: list[Named]
    longest: Line | None


async def look(store: Store, today: date, next_working_day: date) -> Seen:
    """From what was counted before, and two short lists of cases."""
    before, due = today - _DAY, [due_figure(day) for day in (today, next_working_day)]
    begin, end = (datetime.combine(day, time(), WITA) for day in (before, today))
    yesterday = Question(by=(Dimension.CATEGORY,), first=before, last=before)
    figures, cases = store.figures, store.cases
    (whole, categories), (everything, agencies, regions), (became_late, longest) = await asyncio.gather(
        asyncio.gather(
            figures.numbers(Question(first=before, last=before), (RECEIVED,)), figures.table(yesterday, (RECEIVED,))
        ),
        asyncio.gather(
            figures.open_now((LATE, URGENT, *due)),
            figures.open_now((LATE,), by="agency"),
            figures.open_now((LATE,), by="region"),
        ),
        asyncio.gather(cases.overdue(MOST_LISTED + 1, begin, end), cases.overdue(1)),
    )
    return Seen(
        yesterday=whole[RECEIVED],
        categories=[(cell["category"], numbers) for cell, numbers in categories],
        open_now=everything.get(ALL, {}),
        late_by_agency={agency: counter[LATE] for agency, counter in agencies.items()},
        late_by_region={region: counter[LATE] for region, counter in regions.items()},
        became_late=became_late,
        longest=longest,
    )


def show_brief(seen: Seen, say: Speaker) -> Brief:
    """In words, with where each number leads."""
    before = say.today - _DAY
    days = {"dari": before.isoformat(), "sampai": before.isoformat()}
    categories = sorted(((code, numbers[RECEIVED]) for code, numbers in seen.categories), key=_most_first)
    return Brief(
        day=say.day(say.today),
        yesterday=say.day(before),
        received=say.number(seen.yesterday),
        received_href=address_of(**days),
        categories=[
            Named(say.category(code), say.number(number), address_of(kategori=code, **days))
            for code, number in categories[:MOST]
        ],
        late=say.number(seen.open_now.get(LATE, 0)),
        urgent=say.number(seen.open_now.get(URGENT, 0)),
        due=[_due(say.today, "today", seen, say), _due(say.next_working_day(), "next", seen, say)],
        became_late=lines_of(seen.became_late[:MOST_LISTED], say),
        more_became_late=len(seen.became_late) > MOST_LISTED,
        agencies=[_late(agency, number, "instansi", say) for agency, number in _worst(seen.late_by_agency)],
        regions=[_late(region, number, "wilayah", say) for region, number in _worst(seen.late_by_region)],
        longest=next(iter(lines_of(seen.longest, say)), None),
    )


def as_message(brief: Brief, say: Speaker, base: str) -> str:
    """Short lines, which a text message and WhatsApp show as they are."""
    words, longest = say.words["brief"], brief.longest
    lines = [f"*NTB Care, {brief.day}*", "", words["came"].format(day=brief.yesterday, number=brief.received)]
    lines += [f"- {one.name}: {one.number}" for one in brief.categories]
    lines += ["", words["late_now"].format(brief.late), words["urgent_open"].format(brief.urgent)]
    lines += [f"{one.name}: {one.number}" for one in brief.due]
    more = "+" if brief.more_became_late else ""
    lines += [words["became_late"].format(f"{len(brief.became_late)}{more}")]
    for heading, most in (("most_late_agencies", brief.agencies), ("most_late_regions", brief.regions)):
        lines += ["", f"{words[heading]}:", *(f"- {one.name}: {one.number}" for one in most)] if most else []
    if longest:
        lines += ["", f"{words['longest']}:", f"{longest.category}, {longest.place}", longest.agency]
        lines += [longest.standing.text, f"{base}/aduan/{longest.ticket}"]
    return "\n".join([*lines, "", f"{base}{PAGE}", ""])


def _due(day: date, which: str, seen: Seen, say: Speaker) -> Named:
    figure = due_figure(day)
    name = say.words["brief"][f"due_{which}"].format(say.day(day))
    return Named(name, say.number(seen.open_now.get(figure, 0)), address_of(angka=figure))


def _late(code: str, number: int, field: str, say: Speaker) -> Named:
    name = say.agency(None if code == NO_AGENCY else code) if field == "instansi" else say.region(code)
    return Named(name, say.number(number), address_of(angka=LATE, **{field: code}))


def _worst(numbers: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(((code, number) for code, number in numbers.items() if number), key=_most_first)[:MOST]


def _most_first(counted: tuple[str, int]) -> tuple[int, str]:
    return -counted[1], counted[0]
