"""What the page of one case shows: its state, its clocks with their rules, who had it, what happened."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.reporting.domain.case import StoredCase
from services.reporting.domain.narrator import Narrator
from services.reporting.domain.near import OPEN
from services.reporting.domain.promises import outcome_of
from services.reporting.domain.terms import PROMISES, STATUSES, URGENCIES, named
from services.reporting.domain.views import view_publicly
from services.reporting.pages.saying import Speaker, Told
from services.reporting.pages.standing import capital, outcome_in_words, standing_in_words, state_in_words
from shared.events.case import CaseSnapshot, Promise, PromiseKind
from shared.events.event import Urgency
from shared.events.standards import Standard

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Clock:
    """One promise."""

    name: str
    rule: str
    """How long it gives, and from when."""
    due: str | None
    """When it was; None where it is told already."""
    outcome: str
    """By name: kept, late, broken, ended, paused or running."""
    told: Told
    pauses: str
    """Empty where it never waited for the reporter."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A body that had the case."""

    agency: str | None
    name: str
    since: str
    until: str | None
    held: str
    length: timedelta


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened; `words` are what was written for everybody."""

    at: str
    told: str
    by: str
    words: str | None
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePage:
    """Everything that anybody may know of a case."""

    ticket: str
    status: str
    state: str
    standing: Told
    category: str
    category_name: str
    place: str
    region: str | None
    urgency: str
    received: str
    updated: str
    historical: bool
    is_open: bool
    reporters: int
    """People who have the trouble."""
    linked_to: str | None
    published: str | None
    photos: list[str]
    """Names of those that were published."""
    clocks: list[Clock]
    holders: list[Holder]
    longest: Holder | None
    moments: list[Moment]
    """The newest first."""


def show_case(stored: StoredCase, say: Speaker) -> CasePage | None:
    """None where nothing of the case is public."""
    view, head = view_publicly(stored, say.names), stored.head
    if view is None or head is None:
        return None
    case = head.snapshot
    words = {step.sequence: step.words for step in view.history}
    holders = holders_of(case, say)
    return CasePage(
        ticket=stored.ticket,
        status=named(STATUSES, case.status, say.language),
        state=state_in_words(stored, case, say),
        standing=standing_in_words(case, say),
        category=case.category,
        category_name=say.category(case.category),
        place=say.place(view.region),
        region=view.region,
        urgency=named(URGENCIES, case.urgency, say.language),
        received=say.when(case.received_at),
        updated=say.when(head.at),
        historical=case.historical,
        is_open=case.status in OPEN,
        reporters=stored.reporters,
        linked_to=case.linked_to,
        published=_published(stored, words),
        photos=[one.name for one in view.photos],
        clocks=[] if case.historical else [clock_of(promise, case, say) for promise in case.promises],
        holders=holders,
        longest=max(holders, key=lambda holder: holder.length) if len(holders) > 1 else None,
        moments=moments_of(stored, words, say),
    )


def clock_of(promise: Promise, case: CaseSnapshot, say: Speaker) -> Clock:
    """How it stands, with the rule of today's standard."""
    paused = [(pause.started_at, pause.ended_at or say.now) for pause in promise.pauses]
    length = sum((last - first for first, last in paused), timedelta())
    return Clock(
        name=capital(named(PROMISES, promise.kind, say.language)),
        rule=rule_of(promise.kind, case, say),
        due=None if outcome_of(promise) == "open" else say.when(promise.due_at),
        outcome=say.words["outcome_names"][outcome_of(promise)],
        told=outcome_in_words(promise, say),
        pauses=say.words["paused_for"].format(say.length(length)) if paused else "",
    )


def rule_of(kind: PromiseKind, case: CaseSnapshot, say: Speaker) -> str:
    """`5 hari kerja sejak diteruskan ke instansi`; empty where no standard is known."""
    standard = next(iter(say.names.standards.values()), None)
    if standard is None:
        return ""
    rules = say.words["rules"]
    if kind is PromiseKind.RESPONSE:
        hours = standard.response[Urgency(case.urgency)] // _HOUR
        return rules["hour" if hours == 1 else "response"].format(hours)
    return rules[kind].format(_days(kind, case, say, standard))


def holders_of(case: CaseSnapshot, say: Speaker) -> list[Holder]:
    """The first first; the last one has no end where it still has the case."""
    return [_holder(one.agency, one.since, one.until, say) for one in case.holdings]


def _holder(agency: str, since: datetime, until: datetime | None, say: Speaker) -> Holder:
    length = (until or say.now) - since
    ended = say.when(until) if until else None
    return Holder(agency, say.agency(agency), say.when(since), ended, say.length(length), length)


def _days(kind: PromiseKind, case: CaseSnapshot, say: Speaker, standard: Standard) -> int:
    category = say.names.categories.get(case.category)
    match kind:
        case PromiseKind.VERIFICATION:
            return standard.verification_days
        case PromiseKind.FIRST_FOLLOW_UP:
            return standard.first_follow_up_days
        case _:
            days = standard.resolution_days
            return days[category.resolution] if category else max(days.values())


def _published(stored: StoredCase, words: dict[int, str | None]) -> str | None:
    """What a coordinator made public of the complaint's text."""
    told = [words.get(number) for number, step in sorted(stored.history.items()) if step.type == "case.published.v1"]
    return next((text for text in reversed(told) if text), None)


def moments_of(stored: StoredCase, words: dict[int, str | None], say: Speaker) -> list[Moment]:
    narrator = Narrator(say.names, say.language)
    return [
        Moment(
            at=say.when(step.at),
            told=narrator.tell(step),
            by=narrator.actor(step),
            words=words.get(number),
            tone="late" if step.type in {"promise.breached.v1", "case.escalated.v1"} else "",
        )
        for number, step in sorted(stored.history.items(), reverse=True)
    ]
