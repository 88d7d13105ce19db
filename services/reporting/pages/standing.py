"""How a case stands, in plain words: whose turn it is, and whether promises are kept."""

from collections.abc import Mapping
from typing import Final

from services.reporting.domain.case import StoredCase
from services.reporting.domain.promises import lateness, outcome_of
from services.reporting.domain.terms import PROMISES, REJECTION_REASONS, named
from services.reporting.pages.saying import Speaker, Told
from shared.events.case import CaseSnapshot, Promise, Status

ENDED: Final = frozenset({Status.CLOSED, Status.REJECTED, Status.WITHDRAWN})
DONE: Final = ENDED | {Status.RESOLVED}
TONES: Final[Mapping[str, str]] = {"kept": "fine", "late": "late", "broken": "late"}


def state_in_words(stored: StoredCase, case: CaseSnapshot, say: Speaker, told_as: str = "states") -> str:
    """Who has to do what now, or how it ended; `own_states` says it to the reporter."""
    states: Mapping[str, str] = say.words[told_as]
    if case.linked_to is not None:
        return states["linked"].format(ticket=case.linked_to)
    reason = _last_reason(stored, case.status)
    told = states.get(f"{case.status}:{reason}") or states[case.status]
    why = named(REJECTION_REASONS, reason, say.language) if reason else say.words["no_reason"]
    return told.format(agency=say.agency(case.agency), reason=why)


def standing_in_words(case: CaseSnapshot, say: Speaker) -> Told:
    """The promise that matters most now: the one that is late longest, else the one that is due next."""
    if case.historical:
        return Told(say.words["historical_short"])
    if case.status in DONE:
        return _in_the_end(case, say)
    running = [promise for promise in case.promises if promise.is_open and not promise.is_paused]
    overdue = [promise for promise in running if promise.breached_at is not None]
    if overdue:
        worst = max(overdue, key=lambda promise: lateness(promise, say.now))
        late = say.length(lateness(worst, say.now))
        return Told(say.words["late_by"].format(late=late, promise=named(PROMISES, worst.kind, say.language)), "late")
    if not running:
        paused = any(promise.is_open for promise in case.promises)
        return Told(say.words["due_paused"] if paused else say.words["no_due"])
    following = min(running, key=lambda promise: promise.due_at)
    due = say.due(following.due_at)
    return Told(f"{capital(named(PROMISES, following.kind, say.language))}: {due.text}", due.tone)


def outcome_in_words(promise: Promise, say: Speaker) -> Told:
    """Kept, broken, or due when."""
    outcome = outcome_of(promise)
    late = say.length(lateness(promise, say.now))
    if outcome == "open":
        return say.due(promise.due_at)
    moment = promise.met_at or promise.ended_at or promise.due_at
    return Told(say.words["outcomes"][outcome].format(moment=say.when(moment), late=late), TONES.get(outcome, ""))


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _in_the_end(case: CaseSnapshot, say: Speaker) -> Told:
    broken = [promise for promise in case.promises if outcome_of(promise) in {"late", "broken"}]
    if not case.promises:
        return Told(say.words["no_due"])
    if not broken:
        return Told(say.words["all_kept"], "fine")
    return Told(say.words["some_broken"].format(number=len(broken), of=len(case.promises)), "late")


def _last_reason(stored: StoredCase, status: Status) -> str | None:
    """Why it came into the state that it is in, where a reason was told."""
    steps = [step for _, step in sorted(stored.history.items()) if step.status == status.value]
    reasons = [step.facts["reason"] for step in steps if step.facts.get("reason")]
    return str(reasons[-1]) if reasons else None
