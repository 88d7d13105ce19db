"""What all case events have in common."""

from typing import Protocol, cast

from pydantic import PositiveInt

from shared.events.case import CaseSnapshot, Role
from shared.events.event import AgencyId, CaseId, Event


class _Typed(Protocol):
    type: str
    """Each event narrows it to its own, so it can't stand in what they have in common."""


class CaseEnvelope(Event):
    """What all case events have in common: enough to know the present, whatever happened."""

    case_id: CaseId
    sequence: PositiveInt
    """Counted by routing from 1 per ticket, without gaps."""
    actor: Role
    actor_agency: AgencyId | None = None
    words: str | None = None
    """Key of its words on `ntbcare.words`, where it has any."""
    case: CaseSnapshot
    """Of the whole ticket, also where a sub-case acted."""

    @property
    def kind(self) -> str:
        return cast("_Typed", self).type


class UnknownCaseEvent(CaseEnvelope):
    """A case event of a type that a newer replica publishes."""

    type: str
