"""What the reporter's page shows: how it stands, what comes next, all that was said, and what they can do."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.reporting.domain.case import StoredCase, Submission
from services.reporting.domain.dossier import SentNotice, notices_of
from services.reporting.domain.narrator import Narrator
from services.reporting.domain.offers import offered_at
from services.reporting.domain.own_steps import possible_steps
from services.reporting.domain.terms import STATUSES, named
from services.reporting.domain.writings import Answer, Writing, answers_of, writings_of
from services.reporting.pages.case import Clock, Holder, Moment, clock_of, holders_of, moments_of, rule_of
from services.reporting.pages.saying import Speaker, Told
from services.reporting.pages.standing import DONE, standing_in_words, state_in_words
from shared.events.case import CaseSnapshot, Status
from shared.pages.follow_ups import TAKE_OVER, Form

PAGE: Final = "/lacak"
_QUESTION: Final = "case.information_requested.v1"
_RESOLUTION: Final = "case.resolved.v1"
_REFUSED: Final = "follow_up.refused.v1"
_SWITCHED: Final = {"restriction": {"restricted": "true"}, "permission": {"restricted": "false"}}
"""What the forms of the restriction of processing say."""


@dataclass(frozen=True, slots=True)
class Awaited:
    """What was just sent, and by what its effect is known."""

    form: str
    follow_up: str
    """Id of its event."""
    seen: int
    """The newest event that its page knew."""

    def is_there(self, stored: StoredCase | None) -> bool:
        """Whether the case shows it: what only adds words by the words, everything else by a newer event."""
        if stored is None:
            return False
        if self.form == "erasure":
            # That it was asked for is safe; intake's janitor does it within minutes.
            return True
        written = stored.follow_ups.get(self.follow_up)
        if written is not None and self.form in {"supplements", "contact", "no-contact", TAKE_OVER}:
            return written.part in stored.personal
        return stored.head is not None and stored.head.sequence > self.seen

    def refusal(self, stored: StoredCase) -> int | None:
        """The event that says that it was not possible."""
        steps = stored.history.items()
        refused = (number for number, step in steps if step.type == _REFUSED and step.facts["cause"] == self.follow_up)
        return next(refused, None)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of what was just sent: `done`, `refused` or `under_way`."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Now:
    """Who has it, what comes next, by when and by which rule."""

    holder: Holder | None
    following: Told
    """The promise that matters most, or whether all were kept."""
    rule: str
    """How long the promise gives that is due next, and from when; empty where none runs."""
    closes: str | None
    """By when silence closes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCase:
    """The whole page. Without a case yet there is little more than that it was received."""

    ticket: str
    outcome: Outcome | None
    is_here: bool
    heading: str
    status: str
    state: str
    now: Now | None
    question: str | None
    resolution: str | None
    linked_to: str | None
    is_public: bool
    confidential: bool
    anonymous: bool
    has_dossier: bool
    clocks: list[Clock]
    holders: list[Holder]
    moments: list[Moment]
    writings: list[Writing]
    photos: list[str]
    """Names of their own."""
    answers: list[Answer]
    messages: list[SentNotice]
    forms: Mapping[str, Form]
    """By their names, in the order of the page."""


def show_own_case(
    stored: StoredCase, say: Speaker, awaited: Awaited | None, *, csrf: str, by_subject: bool = False
) -> OwnCase:
    """`csrf` goes into its forms. `by_subject`: for the person concerned, for whom somebody else filed it."""
    case = stored.head.snapshot if stored.head else None
    told, narrator = case or stored.submission, Narrator(say.names, say.language)
    return OwnCase(
        ticket=stored.ticket,
        outcome=outcome_of(awaited, stored, say) if awaited else None,
        is_here=case is not None,
        heading=_heading(told, say),
        status=named(STATUSES, case.status if case else Status.RECEIVED, say.language),
        state=state_in_words(stored, case, say, "own_states") if case else say.words["track"]["arriving"],
        now=_now(case, say) if case else None,
        question=_last_words(stored, _QUESTION) if case and case.status is Status.AWAITING_REPORTER else None,
        resolution=_last_words(stored, _RESOLUTION) if case and case.status in DONE else None,
        linked_to=case.linked_to if case else None,
        is_public=bool(stored.head and stored.head.public),
        confidential=bool(told and told.confidential),
        anonymous=bool(told and told.anonymous),
        has_dossier=offered_at(stored) is not None,
        clocks=[clock_of(promise, case, say) for promise in case.promises] if case and not case.historical else [],
        holders=holders_of(case, say) if case else [],
        moments=moments_of(stored, _words(stored), say),
        writings=writings_of(stored, say.language),
        photos=stored.own_photos,
        answers=answers_of(stored.submission, say.names, say.language),
        messages=notices_of(stored, narrator, say.language),
        forms={name: form_of(name, stored, csrf) for name in _steps(stored, by_subject=by_subject)},
    )


def form_of(name: str, stored: StoredCase, csrf: str) -> Form:
    """With what is known of the reporter's contact filled in."""
    seen = stored.head.sequence if stored.head else 0
    values = dict(_SWITCHED.get(name, {}))
    if name in {"contact", "no-contact"}:
        values = _contact(stored)
    if name == TAKE_OVER:
        values = {field: value for field, value in _subject(stored).items() if value}
    return Form(name=name, ticket=stored.ticket, csrf=csrf, seen=seen, values=values)


def _steps(stored: StoredCase, *, by_subject: bool) -> list[str]:
    case = stored.head.snapshot if stored.head else None
    taking_over = [TAKE_OVER] if case and by_subject and not stored.taken_over else []
    return [*taking_over, *possible_steps(case)]


def outcome_of(awaited: Awaited, stored: StoredCase, say: Speaker) -> Outcome:
    refusal = awaited.refusal(stored)
    if refusal is not None:
        return Outcome("refused", Narrator(say.names, say.language).tell(stored.history[refusal]))
    if not awaited.is_there(stored):
        return Outcome("under_way", say.words["track"]["under_way"])
    return Outcome("done", say.words["follow_ups"]["forms"][awaited.form]["done"])


def _heading(known: CaseSnapshot | Submission | None, say: Speaker) -> str:
    if known is None:
        return say.words["track"]["your_complaint"]
    return f"{say.category(known.category)}, {say.place(known.region)}"


def _now(case: CaseSnapshot, say: Speaker) -> Now:
    running = [promise for promise in case.promises if promise.is_open and not promise.is_paused]
    nearest = min(running, key=lambda promise: promise.due_at, default=None)
    is_over = case.status in DONE
    holders = [] if is_over else [holder for holder in holders_of(case, say) if holder.until is None]
    return Now(
        holder=holders[-1] if holders else None,
        following=standing_in_words(case, say),
        rule=rule_of(nearest.kind, case, say) if nearest and not is_over else "",
        closes=say.when(case.closes_at) if case.closes_at and case.status is Status.RESOLVED else None,
    )


def _words(stored: StoredCase) -> dict[int, str | None]:
    return {number: stored.words.get(step.words) if step.words else None for number, step in stored.history.items()}


def _last_words(stored: StoredCase, kind: str) -> str | None:
    numbers = [number for number, step in stored.history.items() if step.type == kind]
    return _words(stored)[max(numbers)] if numbers else None


def _contact(stored: StoredCase) -> dict[str, str]:
    known = stored.contact
    if known is None:
        return {}
    entered = {"name": known.name, "email": known.email, "phone": known.phone, "prefers": known.prefers}
    return {name: value for name, value in (entered | {"language": known.language}).items() if value}


def _subject(stored: StoredCase) -> Mapping[str, str | None]:
    """The person concerned, as whoever filed it named them."""
    told = stored.personal.get(stored.submission.part) if stored.submission else None
    return (told.subject if told else None) or {}
