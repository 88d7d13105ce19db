"""What stored cases count as, from themselves alone: what every number must add up to. Plain, and slow."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from services.reporting.domain.case import StoredCase
from services.reporting.domain.definitions import Definitions
from services.reporting.domain.figures import CONFIDENTIAL, Bucket, is_of_a_regency, levels_of
from services.reporting.domain.generations import Changed, Totals, changes
from services.reporting.domain.rollups import ALL, ROLLUPS, Rollup
from services.reporting.domain.statistics import ENOUGH
from services.reporting.domain.tallies import tally

Counts = dict[str, Counter[str]]
"""Figures by key."""
_DEPTHS: Final = {"whole": 1, "province": 1, "regency": 2, "district": 3}


def count_buckets(cases: Iterable[StoredCase], definitions: Definitions, into: Counts) -> None:
    """Add the cases to their buckets of days and of months."""
    for case in cases:
        for one in tally(case, definitions).tallies:
            for key in (one.bucket, Bucket.parse(one.bucket).month.key):
                into.setdefault(key, Counter()).update(one.figures)


def add_up(buckets: Mapping[str, Mapping[str, int]], rollups: Iterable[Rollup]) -> Counts:
    """The sums that follow from the buckets."""
    sums: Counts = {}
    for rollup in rollups:
        for key, counts in buckets.items():
            bucket = Bucket.parse(key)
            if bucket.period == rollup.period:
                told = {figure: number for figure, number in counts.items() if rollup.holds([figure])}
                sums.setdefault(_cell(rollup, bucket), Counter()).update(_told(rollup, bucket, told))
    return sums


def wrong_sums(totals: Totals, sums: Totals) -> list[Changed]:
    """Where all cells of a table of sums (by month, by table) are not together what the buckets of its month are.

    Of public cases: those that are confidential are not all in the sums of districts.
    """
    months = sorted(totals.keys() | sums.keys())
    wanted = {
        month: {table_of(rollup): _of_public(totals.get(month, {}), rollup) for rollup in ROLLUPS} for month in months
    }
    return changes(wanted, sums)


def table_of(rollup: Rollup) -> str:
    """What it is called."""
    kept = {"agencies": rollup.agencies, "categories": rollup.categories}
    return "|".join((rollup.name, *(name if is_kept else ALL for name, is_kept in kept.items())))


def _of_public(figures: Mapping[str, int], rollup: Rollup) -> int:
    public = {figure: number for figure, number in figures.items() if not figure.startswith(CONFIDENTIAL)}
    return sum(number for figure, number in public.items() if rollup.holds([figure]))


def _cell(rollup: Rollup, bucket: Bucket) -> str:
    """Its key, as the store makes it."""
    region = levels_of(bucket.region)[: _DEPTHS[rollup.level]][-1]
    agency = bucket.agency if rollup.agencies else ALL
    return "|".join((bucket.start, rollup.name, region, agency, bucket.category if rollup.categories else ALL))


def _told(rollup: Rollup, bucket: Bucket, counts: Mapping[str, int]) -> Mapping[str, int]:
    sheltered = rollup.shelters == "all" or (rollup.shelters != "none" and is_of_a_regency(bucket.agency))
    return _sheltered(counts) if sheltered else counts


def _sheltered(counts: Mapping[str, int]) -> Mapping[str, int]:
    """Without those of confidential cases where the bucket has too few of them."""
    if counts.get(f"{CONFIDENTIAL}received", 0) >= ENOUGH:
        return counts
    return {figure: number for figure, number in counts.items() if not figure.startswith(CONFIDENTIAL)}
