"""Which public cases somebody looks for, as MongoDB is asked for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from shared.cursors import Place
from shared.mongo import Document

FILTERS: Final = ("head.regions", "head.case.agency", "head.case.category", "head.case.status")
"""Fields of region, agency, category and status."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Which public cases. `agency` "" finds those that no agency has. Days of receipt are ISO dates, both included."""

    ticket: str | None = None
    """This one, or where no public case has it, those that have the words."""
    words: Sequence[str] = ()
    """Stems: all of them must be in what the case is found by."""
    never: Sequence[str] = ()
    """Categories whose cases are passed over."""
    region: str | None = None
    agency: str | None = None
    line: Sequence[str] = ()
    """The agency and all that it came from, where their cases are looked for too."""
    category: str | None = None
    status: str | None = None
    first: str | None = None
    last: str | None = None
    updated_after: datetime | None = None
    """Given: oldest first."""
    figure: str | None = None
    """Those that have it: with `buckets` in these of days, else wherever it is listed."""
    buckets: Sequence[str] = ()
    after: Place | None = None
    limit: int = 50


def to_filter(search: Search) -> Document:
    wanted: Document = {"head.public": True}
    agency = {"$in": list(search.line)} if search.line else search.agency
    for name, value in zip(FILTERS, (search.region, agency, search.category, search.status), strict=True):
        if value is not None:
            wanted[name] = value or None
    if search.figure and search.buckets:
        having = {"bucket": {"$in": list(search.buckets)}, "figures": search.figure}
        wanted["tallies"] = {"$elemMatch": having}
    elif search.figure:
        wanted["listed"] = search.figure
    if search.ticket:
        wanted["_id"] = search.ticket
    if search.words:
        wanted["found_by"] = {"$all": list(search.words)}
    if search.never:
        wanted["$nor"] = [{"head.case.category": {"$in": list(search.never)}}]
    if search.first or search.last:
        wanted["head.day"] = between(search.first, search.last)
    moments: dict[str, Any] = {"$gt": search.updated_after} if search.updated_after else {}
    if search.after:
        # The bound lets the index begin at the place; the alternative then drops what the last page had.
        oldest_first = search.updated_after is not None
        moments["$gte" if oldest_first else "$lte"] = search.after.at
        beyond = "$gt" if oldest_first else "$lt"
        wanted["$or"] = [{"head.at": {beyond: search.after.at}}, {"_id": {beyond: search.after.ticket}}]
    return wanted | ({"head.at": moments} if moments else {})


def between(first: str | None, last: str | None) -> dict[str, str]:
    bounds = {"$gte": first, "$lte": last}
    return {operator: bound for operator, bound in bounds.items() if bound is not None}


def days_of(month: str) -> dict[str, str]:
    return between(f"{month}-01", f"{month}-31")
