"""The four clocks: when they start, when they are due, what meets, pauses, breaks and ends them."""

from collections.abc import Callable, Collection, Iterable
from datetime import date, datetime
from typing import Final

from services.routing.domain.calendar import due_after_working_days, working_days_touched
from services.routing.domain.rulebook import Rulebook
from shared.events.case import Pause, Promise, PromiseKind
from shared.events.event import Urgency
from shared.events.standards import LadderStep, ResolutionClass

Promises = tuple[Promise, ...]

MET_BY_VERIFICATION: Final = frozenset({PromiseKind.VERIFICATION})
MET_BY_MESSAGE: Final = frozenset({PromiseKind.RESPONSE})
MET_BY_PROGRESS: Final = MET_BY_MESSAGE | {PromiseKind.FIRST_FOLLOW_UP}
MET_BY_RESOLUTION: Final = MET_BY_PROGRESS | {PromiseKind.RESOLUTION}

PAUSING: Final = frozenset({PromiseKind.FIRST_FOLLOW_UP, PromiseKind.RESOLUTION})


def promised_at_submission(rulebook: Rulebook, urgency: Urgency, at: datetime) -> Promises:
    """Response runs around the clock; verification is due on a working day."""
    standard = rulebook.standard
    verified = due_after_working_days(at, standard.verification_days, rulebook.closed)
    return (
        Promise(kind=PromiseKind.RESPONSE, started_at=at, due_at=at + standard.response[urgency]),
        Promise(kind=PromiseKind.VERIFICATION, started_at=at, due_at=verified),
    )


def promised_at_assignment(rulebook: Rulebook, category: str, at: datetime) -> Promises:
    """Of the first assignment only."""
    days = {
        PromiseKind.FIRST_FOLLOW_UP: rulebook.standard.first_follow_up_days,
        PromiseKind.RESOLUTION: _resolution_days(rulebook, category),
    }
    return tuple(
        Promise(kind=kind, started_at=at, due_at=due_after_working_days(at, wanted, rulebook.closed))
        for kind, wanted in days.items()
    )


def _resolution_days(rulebook: Rulebook, category: str) -> int:
    """A category that is gone counts as the longest class."""
    known = rulebook.categories.get(category)
    return rulebook.standard.resolution_days[known.resolution if known else ResolutionClass.FIELD]


def meet(promises: Iterable[Promise], kinds: Collection[PromiseKind], at: datetime) -> Promises:
    """Those of the kinds that are open are met now; one that was met stays as it was."""
    return _each(promises, lambda promise: promise.kind in kinds and promise.is_open, lambda _: {"met_at": at})


def end(promises: Iterable[Promise], at: datetime) -> Promises:
    """The case ends: what is open is neither met nor broken any more."""
    return _each(promises, lambda promise: promise.is_open, lambda _: {"ended_at": at})


def go_on(promises: Iterable[Promise]) -> Promises:
    """The case did not end after all; its clocks were never stopped."""
    return _each(promises, lambda promise: promise.ended_at is not None, lambda _: {"ended_at": None})


def pause(promises: Iterable[Promise], at: datetime) -> Promises:
    """It is the reporter's turn."""
    return _each(
        promises,
        lambda promise: promise.kind in PAUSING and promise.is_open and not promise.is_paused,
        lambda promise: {"pauses": (*promise.pauses, Pause(started_at=at))},
    )


def resume(promises: Iterable[Promise], at: datetime, closed: frozenset[date]) -> Promises:
    """What was paused is due as many working days later as the pause touched."""

    def resumed(promise: Promise) -> dict[str, object]:
        return _with_pause(
            promise, promise.pauses[:-1], Pause(started_at=promise.pauses[-1].started_at, ended_at=at), closed
        )

    return _each(promises, lambda promise: promise.is_paused, resumed)


def take_back(promises: Iterable[Promise], resolved_at: datetime, at: datetime, closed: frozenset[date]) -> Promises:
    """The resolution did not hold. The time since then was nobody's delay, so it counts as a pause."""

    def taken_back(promise: Promise) -> dict[str, object]:
        pause = Pause(started_at=resolved_at, ended_at=at)
        return {"met_at": None} | _with_pause(promise, promise.pauses, pause, closed)

    return _each(
        promises,
        lambda promise: promise.kind is PromiseKind.RESOLUTION and promise.met_at == resolved_at,
        taken_back,
    )


def uphold(promises: Iterable[Promise], resolved_at: datetime) -> Promises:
    """The resolution held after all: it was met when it was."""
    return _each(
        promises,
        lambda promise: promise.kind is PromiseKind.RESOLUTION and promise.is_open,
        lambda _: {"met_at": resolved_at},
    )


def _with_pause(
    promise: Promise, before: tuple[Pause, ...], pause: Pause, closed: frozenset[date]
) -> dict[str, object]:
    """A day that an earlier pause touched doesn't count twice; a promise that is broken stays due when it was."""
    days = len(_touched((pause,), closed) - _touched(before, closed))
    later: dict[str, object] = {"pauses": (*before, pause)}
    if promise.breached_at is None:
        later["due_at"] = _later(promise.due_at, days, closed)
    elif promise.escalates_at is not None:
        later["escalates_at"] = _later(promise.escalates_at, days, closed)
    return later


def _touched(pauses: Iterable[Pause], closed: frozenset[date]) -> set[date]:
    ended = ((pause.started_at, pause.ended_at) for pause in pauses if pause.ended_at is not None)
    return {day for start, stop in ended for day in working_days_touched(start, stop, closed)}


def _later(moment: datetime, days: int, closed: frozenset[date]) -> datetime:
    return due_after_working_days(moment, days, closed) if days else moment


def reclassify(promises: Iterable[Promise], rulebook: Rulebook, category: str, urgency: Urgency) -> Promises:
    """Count open, unbroken ones anew from their own start, with the pauses that they had."""
    closed = rulebook.closed

    def counted_anew(promise: Promise) -> dict[str, object]:
        if promise.kind is PromiseKind.RESPONSE:
            return {"due_at": promise.started_at + rulebook.standard.response[urgency]}
        due = due_after_working_days(promise.started_at, _resolution_days(rulebook, category), closed)
        return {"due_at": _later(due, len(_touched(promise.pauses, closed)), closed)}

    kinds = {PromiseKind.RESPONSE, PromiseKind.RESOLUTION}
    return _each(
        promises,
        lambda promise: promise.kind in kinds and promise.is_open and promise.breached_at is None,
        counted_anew,
    )


def due_next(promise: Promise) -> datetime | None:
    """When it breaks or, if it is broken, climbs the ladder; None while it can't."""
    if not promise.is_open or promise.is_paused:
        return None
    return promise.due_at if promise.breached_at is None else promise.escalates_at


def breach(promises: Iterable[Promise], kind: PromiseKind, rulebook: Rulebook) -> Promises:
    """Its due time passed."""

    def broken(promise: Promise) -> dict[str, object]:
        first = _climbs_at(promise.due_at, rulebook.standard.ladder[:1], rulebook.closed)
        return {"breached_at": promise.due_at, "escalates_at": first}

    return _each(promises, lambda promise: promise.kind is kind, broken)


def escalate(promises: Iterable[Promise], kind: PromiseKind, rulebook: Rulebook) -> Promises:
    """Take the next step of the ladder."""

    def climbed(promise: Promise) -> dict[str, object]:
        taken, broken_at = promise.escalations + 1, promise.breached_at or promise.due_at
        at = _climbs_at(broken_at, rulebook.standard.ladder[taken : taken + 1], rulebook.closed)
        since = [pause for pause in promise.pauses if pause.started_at >= broken_at]
        put_off = len(_touched(since, rulebook.closed))
        return {"escalations": taken, "escalates_at": at and _later(at, put_off, rulebook.closed)}

    return _each(promises, lambda promise: promise.kind is kind, climbed)


def _climbs_at(breached_at: datetime, steps: Collection[LadderStep], closed: frozenset[date]) -> datetime | None:
    for step in steps:
        return due_after_working_days(breached_at, step.days, closed) if step.days else breached_at
    return None


def _each(
    promises: Iterable[Promise], wanted: Callable[[Promise], bool], changes: Callable[[Promise], dict[str, object]]
) -> Promises:
    return tuple(promise.model_copy(update=changes(promise)) if wanted(promise) else promise for promise in promises)
