"""The service standard: how long each promise gives, and what follows when it is broken."""

from datetime import timedelta
from enum import StrEnum
from typing import Final, Literal, Self

from pydantic import NonNegativeInt, PositiveInt, model_validator

from shared.events.case import EscalationLevel
from shared.events.event import Fact, Slug, Urgency


class ResolutionClass(StrEnum):
    """How much work a resolution is."""

    SIMPLE = "simple"
    """Simple information or request."""
    OFFICE = "office"
    """No field inspection."""
    FIELD = "field"
    """Field inspection."""


class LadderStep(Fact):
    """Who is told of a broken promise, and how many working days after the breach."""

    days: NonNegativeInt
    level: EscalationLevel


LADDER: Final = (
    LadderStep(days=0, level=EscalationLevel.AGENCY_HEAD),
    LadderStep(days=2, level=EscalationLevel.SEKDA),
    LadderStep(days=5, level=EscalationLevel.GOVERNOR),
    LadderStep(days=10, level=EscalationLevel.OMBUDSMAN),
)


class Standard(Fact):
    """The service standard: how long each promise gives, and what follows when it is broken."""

    kind: Literal["standard"] = "standard"
    id: Slug
    response: dict[Urgency, timedelta]
    verification_days: PositiveInt
    first_follow_up_days: PositiveInt
    resolution_days: dict[ResolutionClass, PositiveInt]
    """Working days."""
    ladder: tuple[LadderStep, ...] = LADDER
    """In the order of their days."""
    silence_days: PositiveInt = 10
    """Working days without a word of the reporter, after which a resolved case is closed."""
    returns_decided: PositiveInt = 3
    """With so many returns a coordinator decides, which binds."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if set(self.response) != set(Urgency) or set(self.resolution_days) != set(ResolutionClass):
            msg = "a standard gives every urgency a response time and every class a number of days"
            raise ValueError(msg)
        if list(self.ladder) != sorted(self.ladder, key=lambda step: step.days):
            msg = "the ladder's steps are in the order of their days"
            raise ValueError(msg)
        return self
