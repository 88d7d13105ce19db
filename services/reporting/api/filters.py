"""Filters whose values must exist: a name that nothing has would be counted as zero and believed."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Annotated, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from shared.directory import Directory
from shared.problems import field_problem

NONE: Final = "-"
"""Stands for cases that no agency has."""

AgencyFilter = Annotated[str, StringConstraints(pattern=r"^(-|[A-Z][A-Z0-9-]{1,30}(-\d\d\.\d\d)?)$")]
"""An agency, or `-` for none."""

RegionOfFigures = Annotated[str, StringConstraints(pattern=r"^52(\.\d\d(\.\d\d)?)?$")]
"""Down to a district: figures are not kept by village."""

Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2100, 1, 1))]
"""From 2000 to 2100: nearer the ends of the calendar neither the next day nor the same moment in UTC need exist."""
Moment = Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2100, 1, 1, tzinfo=UTC))]
"""With its offset, from 2000 to 2100."""


class Asked(BaseModel):
    """Query parameters; one that is not known is refused, not passed over."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


def check_known(names: Directory, *, region: str | None, agency: str | None, category: str | None) -> None:
    """Raises a 422 Problem that names every unknown value's field."""
    faults = list(_faults(names, region, agency, category))
    if faults:
        raise field_problem(*faults)


def check_period(first: date | None, last: date | None) -> None:
    """Raises a 422 Problem where it ends before it begins."""
    if first and last and last < first:
        raise field_problem(("to", "is before `from`"))


def _faults(
    names: Directory, region: str | None, agency: str | None, category: str | None
) -> Iterator[tuple[str, str]]:
    if region is not None and region not in names.regions:
        yield "region", "is not a region of NTB"
    if agency not in {None, NONE} and agency not in names.agencies:
        yield "agency", "is not an agency"
    if category is not None and category not in names.categories:
        yield "category", "is not a category"
