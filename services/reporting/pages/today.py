"""The start page: what came in, how far it is, how that compares, and where it comes from."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.reporting.domain.statistics import Dimension, Question, percent
from services.reporting.pages.charts import Chart, draw
from services.reporting.pages.listing import address_of
from services.reporting.pages.periods import KINDS, Period, month_away
from services.reporting.pages.saying import Speaker
from services.reporting.store import Store
from services.reporting.store.figures import FigureStore, Numbers

RECEIVED, FOLLOWED_UP, DONE, LATE = SHOWN = ("received", "followed_up", "done", "late")
NONE: Final[Numbers] = dict.fromkeys(SHOWN, 0)
MOST_CATEGORIES: Final = 8
_MONTHS: Final = 12
_LISTED: Final = {RECEIVED, LATE}
_SHARES: Final = {FOLLOWED_UP, DONE}
"""Of those received. What is late now is told as a number: what was entered afterwards is received, and never late."""
"""Their cases can be listed of any time."""

Row = tuple[str, Numbers]
Href = Callable[[str], str]
"""From a row's code to where it leads."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What the page is made of."""

    period: Period
    numbers: Numbers
    before: Numbers | None
    late_of_all: int
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
    href: str | None
    """To its cases; None: they are too many to be looked for at once."""


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a table: a name with its numbers, and how long its bar is."""

    code: str
    name: str
    received: str
    followed_up: str
    followed_up_share: str
    done: str
    late: str
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
    late_of_all: str
    chart: Chart
    short_months: list[str]
    months: list[Line]
    categories: list[Line]
    regions: list[Line]
    complete: bool


async def look(figures: FigureStore, period: Period) -> Picture:
    """All from what was counted before, at once."""
    whole = Question(first=period.first, last=period.last)
    year = Question(
        by=(Dimension.MONTH,), first=month_away(period.today, 1 - _MONTHS), last=month_away(period.today, 0, on=31)
    )
    by_category = Question(by=(Dimension.CATEGORY,), first=period.first, last=period.last)
    by_region = Question(by=(Dimension.REGION,), first=period.first, last=period.last)
    numbers, before, open_now, months, categories, regions = await asyncio.gather(
        figures.numbers(whole, SHOWN),
        _of_before(figures, period.before),
        figures.open_now((LATE,)),
        figures.table(year, SHOWN),
        figures.table(by_category, SHOWN),
        figures.table(by_region, SHOWN),
    )
    return Picture(
        period,
        numbers,
        before,
        sum(counter[LATE] for counter in open_now.values()),
        [(cell["month"], row) for cell, row in months],
        [(cell["category"], row) for cell, row in categories],
        [(cell["region"], row) for cell, row in regions],
        by_region.rows_complete,
    )


async def read_live(store: Store, today: date) -> Mapping[str, float | None]:
    """What the start page shows first, with shares, as the browser takes it."""
    period = Period.of(KINDS[0], today)
    numbers = await store.figures.numbers(Question(first=period.first, last=period.last), SHOWN)
    shares = {f"{name}_percent": percent(numbers[name], numbers[RECEIVED]) for name in sorted(_SHARES)}
    return {**numbers, **shares}


def show_today(picture: Picture, say: Speaker) -> TodayPage:
    """The picture in words."""
    period = picture.period
    months = last_months(picture.months, say.today)
    categories = sorted(picture.categories, key=_most_first)[:MOST_CATEGORIES]
    regions = sorted(picture.regions, key=_most_first)
    return TodayPage(
        period=period.kind,
        kinds=KINDS,
        between=between_in_words(period, say),
        is_live=period.kind == KINDS[0],
        is_empty=not picture.numbers[RECEIVED],
        figures=[_figure(name, picture, say) for name in SHOWN],
        late_of_all=say.number(picture.late_of_all),
        chart=draw([(numbers[RECEIVED], numbers[FOLLOWED_UP]) for _, numbers in months]),
        short_months=[say.month(month)[:3] for month, _ in months],
        months=lines_of(months, [say.month(month) for month, _ in months], say, _month_href),
        categories=lines_of(categories, [say.category(code) for code, _ in categories], say, _href("kategori", period)),
        regions=lines_of(regions, [say.region(code) for code, _ in regions], say, _href("wilayah", period)),
        complete=picture.complete,
    )


def last_months(rows: Sequence[Row], today: date) -> list[Row]:
    """Twelve up to this one, also those in which nothing came."""
    known = dict(rows)
    months = [f"{month_away(today, -back):%Y-%m}" for back in reversed(range(_MONTHS))]
    return [(month, known.get(month, NONE)) for month in months]


def between_in_words(period: Period, say: Speaker) -> str:
    """`27 Okt 2026 sampai 25 Nov 2026`."""
    if period.first is None or period.until is None:
        return say.words["of_all_time"]
    return say.words["between"].format(first=say.day(period.first), last=say.day(period.until))


def lines_of(rows: Sequence[Row], names: list[str], say: Speaker, href: Href) -> list[Line]:
    most = max((numbers[RECEIVED] for _, numbers in rows), default=0)
    return [
        Line(
            code=code,
            name=name,
            received=say.number(numbers[RECEIVED]),
            followed_up=say.number(numbers[FOLLOWED_UP]),
            followed_up_share=say.percent(percent(numbers[FOLLOWED_UP], numbers[RECEIVED])),
            done=say.number(numbers[DONE]),
            late=say.number(numbers[LATE]),
            bar=round(100 * numbers[RECEIVED] / most, 1) if most else 0,
            href=href(code),
        )
        for (code, numbers), name in zip(rows, names, strict=True)
    ]


def _figure(name: str, picture: Picture, say: Speaker) -> Figure:
    numbers, period = picture.numbers, picture.period
    asked = dict(period.asked) if name == RECEIVED else {"angka": name, **period.asked}
    return Figure(
        id=name,
        number=say.number(numbers[name]),
        share=say.percent(percent(numbers[name], numbers[RECEIVED])) if name in _SHARES else None,
        before=_compared(name, picture, say),
        href=address_of(**asked) if name in _LISTED or period.is_within_a_month else None,
    )


def _compared(name: str, picture: Picture, say: Speaker) -> str | None:
    """What it was in the time before, in words. What is late now was not late then, so that says nothing."""
    if picture.before is None or name == LATE:
        return None
    was, received = picture.before[name], picture.before[RECEIVED]
    told = say.number(was)
    if name != RECEIVED and received:
        told += f" ({say.percent(percent(was, received))})"
    change = picture.numbers[name] - was
    kind = "same" if not change else "more" if change > 0 else "fewer"
    return say.words["compared"][kind].format(change=say.number(abs(change)), before=told)


def _most_first(row: Row) -> tuple[int, str]:
    return -row[1][RECEIVED], row[0]


def _href(field: str, period: Period) -> Href:
    return lambda code: address_of(**{field: code} | dict(period.asked))


def _month_href(month: str) -> str:
    first = date.fromisoformat(f"{month}-01")
    return address_of(dari=first.isoformat(), sampai=month_away(first, 0, on=31).isoformat())


async def _of_before(figures: FigureStore, period: Period | None) -> Numbers | None:
    return await figures.numbers(Question(first=period.first, last=period.last), SHOWN) if period else None
