"""What residents did: topic `ntbcare.complaints`, written by intake, keyed by ticket. Facts only, kept for ever."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from shared.events.event import AgencyId, CategoryCode, Event, Language, RegionCode, Slug

Cell = Annotated[str, StringConstraints(pattern=r"^-?\d{1,2}\.\d\d,\d{3}\.\d\d$")]
"""South-west corner `latitude,longitude` of the 0.02 degree cell (about 2.2 km) that the point lies in."""


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
    incident_at: AwareDatetime | None = None
    received_at: AwareDatetime
    """When government got it: now, or earlier where an operator enters a complaint that came on paper."""
    historical: bool = False
    """Entered afterwards: counted, never escalated, never mailed."""


ComplaintEvent = ComplaintSubmitted
