"""The four clocks: when they start, when they are due, what meets them."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final

from services.routing.domain.calendar import due_after_working_days
from services.routing.domain.rulebook import Rulebook
from shared.events.cases import Promise, PromiseKind
from shared.events.directory import ResolutionClass
from shared.events.event import Urgency

MET_BY_ASSIGNMENT: Final = frozenset({PromiseKind.VERIFICATION})
MET_BY_MESSAGE: Final = frozenset({PromiseKind.RESPONSE})
MET_BY_PROGRESS: Final = MET_BY_MESSAGE | {PromiseKind.FIRST_FOLLOW_UP}
MET_BY_RESOLUTION: Final = MET_BY_PROGRESS | {PromiseKind.RESOLUTION}


def promised_at_submission(rulebook: Rulebook, urgency: Urgency, at: datetime) -> tuple[Promise, ...]:
    """Response runs around the clock; verification is due on a working day."""
    standard = rulebook.standard
    verified = due_after_working_days(at, standard.verification_days, rulebook.closed)
    return (
        Promise(kind=PromiseKind.RESPONSE, started_at=at, due_at=at + standard.response[urgency]),
        Promise(kind=PromiseKind.VERIFICATION, started_at=at, due_at=verified),
    )


def promised_at_assignment(rulebook: Rulebook, category: str, at: datetime) -> tuple[Promise, ...]:
    """Of the first assignment only; a category that is gone counts as the longest class."""
    standard, known = rulebook.standard, rulebook.categories.get(category)
    resolution = known.resolution if known else ResolutionClass.FIELD
    days = {
        PromiseKind.FIRST_FOLLOW_UP: standard.first_follow_up_days,
        PromiseKind.RESOLUTION: standard.resolution_days[resolution],
    }
    return tuple(
        Promise(kind=kind, started_at=at, due_at=due_after_working_days(at, wanted, rulebook.closed))
        for kind, wanted in days.items()
    )


def meet(promises: Iterable[Promise], kinds: Collection[PromiseKind], at: datetime) -> tuple[Promise, ...]:
    """Those of the kinds that are open are met now; one that was met stays as it was."""
    return tuple(
        promise.model_copy(update={"met_at": at}) if promise.kind in kinds and promise.met_at is None else promise
        for promise in promises
    )
