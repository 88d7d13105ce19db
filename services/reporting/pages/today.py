"""The start page: what came in, how far it is, how that compares, and where it comes from."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.reporting.domain.statistics import Counts, Dimension, Question, percent
from services.reporting.pages.charts import Chart, draw
from services.reporting.pages.listing import address_of
from services.reporting.pages.periods import KINDS, Period, months_before
from services.reporting.pages.saying import Speaker
from services.reporting.store.figures import FigureStore

SHOWN: Final = ("received", "followed_up", "done", "rejected")
MOST_CATEGORIES: Final = 8
_MONTHS: Final = 12

Row = tuple[str, Counts]


@dataclass(frozen=True, slots=True)
class Numbers:
    """What the page is made of."""

    period: Period
    counts: Counts
    before: Counts | None
    months: Sequence[Row]
    categories: Sequence[Row]
    regions: Sequence[Row]
    complete: bool
    """Whether the rows hold every confidential case."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One of the large numbers."""

    id: str
    number: str
    share: str | None
    """Of those received; None of these themselves."""
    before: str | None
    href: str


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a table: a name with its counts, and how long its bar is."""

    code: str
    name: str
    received: str
    followed_up: str
    followed_up_share: str
    done: str
    bar: float
    """Of the longest one, from 0 to 100."""
    href: str


@dataclass(frozen=True, slots=True)
class TodayPage:
    """The start page."""

    period: str
    kinds: tuple[str, ...]
    between: str
    is_live: bool
    is_empty: bool
    figures: list[Figure]
    chart: Chart
    short_months: list[str]
    months: list[Line]
    categories: list[Line]
    regions: list[Line]
    complete: bool


async def read_numbers(figures: FigureStore, period: Period, today: date) -> Numbers:
    """All from buckets, at once."""
    whole = Question(first=period.first, last=period.last)
    year = Question(by=(Dimension.MONTH,), first=months_before(today, _MONTHS - 1), last=today)
    by_category = Question(by=(Dimension.CATEGORY,), first=period.first, last=period.last)
    by_region = Question(by=(Dimension.REGION,), first=period.first, last=period.last)
    counts, before, months, categories, regions = await asyncio.gather(
        figures.total(whole),
        _total(figures, period.before),
        figures.rows(year),
        figures.rows(by_category),
        figures.rows(by_region),
    )
    return Numbers(
        period,
        counts,
        before,
        [(cell["month"], row) for cell, row in months],
        [(cell["category"], row) for cell, row in categories],
        [(cell["region"], row) for cell, row in regions],
        by_region.rows_complete,
    )


def show_today(numbers: Numbers, say: Speaker) -> TodayPage:
    """The numbers in words."""
    period = numbers.period
    months = last_months(numbers.months, say.today)
    categories = sorted(numbers.categories, key=lambda row: (-row[1].received, row[0]))[:MOST_CATEGORIES]
    regions = sorted(numbers.regions, key=lambda row: (-row[1].received, row[0]))
    return TodayPage(
        period=period.kind,
        kinds=KINDS,
        between=between_in_words(period, say),
        is_live=period.kind == KINDS[0],
        is_empty=not numbers.counts.received,
        figures=[_figure(name, numbers, say) for name in SHOWN],
        chart=draw([(counts.received, counts.followed_up) for _, counts in months]),
        short_months=[say.month(month)[:3] for month, _ in months],
        months=_lines(months, [say.month(month) for month, _ in months], "month", say, numbers.period),
        categories=_lines(categories, [say.category(code) for code, _ in categories], "kategori", say, period),
        regions=_lines(regions, [say.region(code) for code, _ in regions], "wilayah", say, period),
        complete=numbers.complete,
    )


def last_months(rows: Sequence[Row], today: date) -> list[Row]:
    """Twelve up to this one, also those in which nothing came."""
    known = dict(rows)
    months = [f"{months_before(today, back):%Y-%m}" for back in reversed(range(_MONTHS))]
    return [(month, known.get(month, Counts())) for month in months]


def between_in_words(period: Period, say: Speaker) -> str:
    """`27 Okt 2026 sampai 25 Nov 2026`."""
    if period.first is None or period.last is None:
        return say.words["of_all_time"]
    return say.words["between"].format(first=say.day(period.first), last=say.day(period.last))


def _figure(name: str, numbers: Numbers, say: Speaker) -> Figure:
    number: int = getattr(numbers.counts, name)
    share = say.percent(percent(number, numbers.counts.received))
    return Figure(
        id=name,
        number=say.number(number),
        share=None if name == "received" else share,
        before=_before(name, numbers, say),
        href=address_of(**numbers.period.asked),
    )


def _before(name: str, numbers: Numbers, say: Speaker) -> str | None:
    """What it was in the time before, in words."""
    if numbers.before is None:
        return None
    was: int = getattr(numbers.before, name)
    told = say.number(was)
    if name != "received" and numbers.before.received:
        told += f" ({say.percent(percent(was, numbers.before.received))})"
    change = getattr(numbers.counts, name) - was
    kind = "same" if not change else "more" if change > 0 else "fewer"
    return say.words["compared"][kind].format(change=say.number(abs(change)), before=told)


def _lines(rows: Sequence[Row], names: list[str], field: str, say: Speaker, period: Period) -> list[Line]:
    most = max((counts.received for _, counts in rows), default=0)
    return [
        Line(
            code=code,
            name=name,
            received=say.number(counts.received),
            followed_up=say.number(counts.followed_up),
            followed_up_share=say.percent(counts.followed_up_percent),
            done=say.number(counts.done),
            bar=round(100 * counts.received / most, 1) if most else 0,
            href=_month_href(code) if field == "month" else address_of(**{field: code} | dict(period.asked)),
        )
        for (code, counts), name in zip(rows, names, strict=True)
    ]


def _month_href(month: str) -> str:
    first = date.fromisoformat(f"{month}-01")
    last = months_before(first, 0, on=31)
    return address_of(dari=first.isoformat(), sampai=last.isoformat())


async def _total(figures: FigureStore, period: Period | None) -> Counts | None:
    return await figures.total(Question(first=period.first, last=period.last)) if period else None
