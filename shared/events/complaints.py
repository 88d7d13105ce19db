"""What residents did: topic `ntbcare.complaints`, written by intake, keyed by ticket. Facts only, kept for ever."""

from enum import StrEnum
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, NonNegativeInt, StringConstraints

from shared.events.event import AgencyId, CategoryCode, Event, Language, Moment, RegionCode, Slug

_NORTH, _EAST = 90.0, 180.0


def _on_earth(cell: str) -> str:
    south, west = (float(degrees) for degrees in cell.split(","))
    if abs(south) > _NORTH or west > _EAST:
        msg = "lies nowhere on earth"
        raise ValueError(msg)
    return cell


Cell = Annotated[str, StringConstraints(pattern=r"^-?\d{1,2}\.\d\d,\d{3}\.\d\d$"), AfterValidator(_on_earth)]
"""South-west corner `latitude,longitude` of the 0.02 degree cell (about 2.2 km) that the point lies in."""


class Proxy(StrEnum):
    """Who files for somebody else (UU 25/2009, article 42)."""

    RELATIVE = "relative"
    VILLAGE_HEAD = "village_head"
    AGENT = "agent"
    """Somebody who accompanies residents: a legal aid post, a migrant workers' desk, a health volunteer."""
    OTHER = "other"


class Mandate(StrEnum):
    """How the person concerned said that somebody else may file."""

    WRITTEN = "written"
    SPOKEN = "spoken"


class ComplaintSubmitted(Event):
    """A complaint was accepted by intake. The first one of a ticket wins and names its personal part."""

    type: Literal["complaint.submitted.v1"] = "complaint.submitted.v1"
    digest: str
    """SHA-256 of the body, hexadecimal: two submissions of a ticket with one digest are the same one."""
    part: Slug
    """Name of the personal part that goes with it: key `<ticket>:<part>` of `ntbcare.personal`."""
    category: CategoryCode
    region: RegionCode | None = None
    """The finest region known; None where only an address was given."""
    cell: Cell | None = None
    answers: dict[Slug, Slug] = Field(default_factory=dict[str, str])
    about: AgencyId | None = None
    """The body that the complaint is about: it must never get it."""
    anonymous: bool = False
    confidential: bool = False
    channel: Slug = "api"
    client: Slug = "public"
    language: Language = Language.INDONESIAN
    has_contact: bool = False
    incident_at: Moment | None = None
    received_at: Moment
    """When government got it: now, or earlier where an operator enters a complaint that came on paper."""
    historical: bool = False
    """Entered afterwards: counted, never escalated, never mailed."""
    photos: NonNegativeInt = 0
    """How many there are; their names are in the personal part."""
    proxy: Proxy | None = None
    """Somebody files for the person concerned, with a mandate."""
    mandate: Mandate | None = None
    suggested: CategoryCode | None = None
    """What the form suggested from the words; beside `category` it says whether the person agreed."""


class Afterwards(Event):
    """What comes after the submission."""

    by_subject: bool = False
    """Sent by the person concerned, not by who filed for them: with the second code of a complaint that has a proxy."""


class ComplaintSupplemented(Afterwards):
    """The reporter adds something."""

    type: Literal["complaint.supplemented.v1"] = "complaint.supplemented.v1"
    part: Slug
    """Of `ntbcare.personal`, where the words are."""


class QuestionAnswered(Afterwards):
    """The reporter answers what was asked."""

    type: Literal["question.answered.v1"] = "question.answered.v1"
    part: Slug


class ResolutionConfirmed(Afterwards):
    """The reporter says that it is done."""

    type: Literal["resolution.confirmed.v1"] = "resolution.confirmed.v1"
    rating: int | None = Field(default=None, ge=1, le=5)
    part: Slug | None = None
    """Where there is a comment."""


class ResolutionDisputed(Afterwards):
    """The reporter says that it is not done."""

    type: Literal["resolution.disputed.v1"] = "resolution.disputed.v1"
    part: Slug


class ComplaintWithdrawn(Afterwards):
    """The reporter takes it back."""

    type: Literal["complaint.withdrawn.v1"] = "complaint.withdrawn.v1"
    part: Slug | None = None


class ContactChanged(Afterwards):
    """The reporter is reached in another way, or in none: `part` holds the whole of it."""

    type: Literal["contact.changed.v1"] = "contact.changed.v1"
    part: Slug
    has_contact: bool
    language: Language = Language.INDONESIAN
    taken_over: bool = False
    """By the person concerned: from now on who filed for them can neither read nor do anything with it."""


class ProcessingRestricted(Afterwards):
    """The reporter wants what is personal to be kept but used for nothing (UU 27/2022), or takes that back."""

    type: Literal["processing.restricted.v1"] = "processing.restricted.v1"
    part: ClassVar[None] = None
    restricted: bool


class ErasureRequested(Afterwards):
    """The reporter wants all that is personal of it to be erased (UU 27/2022). Intake's janitor does it."""

    type: Literal["erasure.requested.v1"] = "erasure.requested.v1"
    part: ClassVar[None] = None


class ErasureReason(StrEnum):
    """Why what is personal was erased."""

    ASKED = "asked"
    RETENTION = "retention"
    """It ended so long ago that nobody needs it any more."""


class ComplaintErased(Event):
    """All that is personal of it is gone from intake's topics and photos; whoever keeps any of it deletes it now."""

    type: Literal["complaint.erased.v1"] = "complaint.erased.v1"
    reason: ErasureReason


class ComplaintSupported(Afterwards):
    """Somebody else has the same trouble."""

    type: Literal["complaint.supported.v1"] = "complaint.supported.v1"
    supporter: UUID
    """Derived from the request's key: one that is sent twice counts once."""


FollowUp = (
    ComplaintSupplemented
    | QuestionAnswered
    | ResolutionConfirmed
    | ResolutionDisputed
    | ComplaintWithdrawn
    | ContactChanged
    | ProcessingRestricted
    | ErasureRequested
)
"""What a reporter does after the submission."""

ComplaintEvent = Annotated[
    ComplaintSubmitted
    | ComplaintSupplemented
    | QuestionAnswered
    | ResolutionConfirmed
    | ResolutionDisputed
    | ComplaintWithdrawn
    | ContactChanged
    | ProcessingRestricted
    | ErasureRequested
    | ComplaintErased
    | ComplaintSupported,
    Field(discriminator="type"),
]
