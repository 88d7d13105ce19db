"""What all events have in common, and the words that several of them use."""

import re
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Final
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, StringConstraints

from shared.ids import Ticket

AgencyId = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9-]{1,30}(-\d\d\.\d\d)?$")]
"""`PUPR-PERKIM` for a body of the province or outside it, `PUPR-52.03` for one of a regency."""
CategoryCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]*(\.[a-z_]+)?$")]
RegionCode = Annotated[str, StringConstraints(pattern=r"^52(\.\d\d(\.\d\d(\.\d{4})?)?)?$")]
"""A Kemendagri code inside NTB: `52`, `52.03` (regency), `52.03.01` (district) or `52.03.01.2001` (village)."""
SLUG: Final = "[a-z0-9][a-z0-9_-]{0,40}"
Slug = Annotated[str, StringConstraints(pattern=f"^{SLUG}$")]
CaseId = Annotated[str, StringConstraints(pattern=r"^NTB(-[0-9A-Z]{4}){3}-[0-9A-Z]{2}(\.\d{1,2})?$")]
"""The ticket, or `<ticket>.1` for a sub-case."""


_EARLIEST: Final = 1990
_LATEST: Final = 2100


def parse_moment(entered: datetime) -> datetime:
    """A time that can be told of. Beyond these years not every time zone's clock, calendar and sum can show it.

    Raises ValueError.
    """
    if not _EARLIEST <= entered.year <= _LATEST:
        msg = f"must lie between {_EARLIEST} and {_LATEST}"
        raise ValueError(msg)
    return entered


Moment = Annotated[AwareDatetime, AfterValidator(parse_moment)]


class Language(StrEnum):
    """A language of the residents' and officers' texts."""

    INDONESIAN = "id"
    ENGLISH = "en"


class Urgency(StrEnum):
    """How soon a person must respond."""

    URGENT = "urgent"
    IMPORTANT = "important"
    ORDINARY = "ordinary"


class Fact(BaseModel):
    """A value inside an event."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Event(Fact):
    """Something that happened to one complaint. Its body repeats what its CloudEvents headers say."""

    event_id: UUID
    ticket: Ticket
    occurred_at: Moment


_REGION_ENDS = re.compile(r"^(52)(\.\d\d)?(\.\d\d)?(\.\d{4})?$")


@lru_cache(10_000)
def region_levels(code: str) -> tuple[str, ...]:
    """The code and all above it, widest first: `52`, `52.03`, `52.03.01`, `52.03.01.2001`."""
    match = _REGION_ENDS.match(code)
    if match is None:
        msg = f"no region code: {code!r}"
        raise ValueError(msg)
    ends = [match.end(group) for group in range(1, 5) if match.group(group)]
    return tuple(code[:end] for end in ends)


def regency_of(code: str | None) -> str | None:
    """The regency or city of a region; None for the province as a whole, and where no region is known."""
    levels = region_levels(code) if code else ()
    return levels[1] if len(levels) > 1 else None
