"""A case as the topics tell it: made anew from them, or a stored one brought up to what they say."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from services.routing.domain.draft import Case, Entry, line_of
from services.routing.domain.families import Outcome, outcome_of
from services.routing.domain.follow_ups import may_support
from services.routing.domain.told import Done, Kept, Later, Told, line_place, settle
from shared.events.case import CaseSnapshot
from shared.events.cases import CaseConcluded, CaseReopened, CaseUnlinked
from shared.events.complaints import ComplaintErased, ComplaintSubmitted, ComplaintSupported, ContactChanged
from shared.events.envelope import CaseEnvelope
from shared.events.words import WordsKind


@dataclass(frozen=True)
class Lifted:
    """A case at least as far as the topics tell."""

    case: Case
    submission: ComplaintSubmitted
    history: tuple[Entry, ...]
    texts: Mapping[str, str]
    contact: str
    applied: tuple[str, ...]
    """The oldest first; all of them."""
    outcome: Outcome | None
    """Of what the topic tells."""
    parted: tuple[str, ...]
    erased: bool
    """Nothing personal of it may be kept."""
    gone: tuple[str, ...]
    """Ids of words that lie on the topic and that nobody may read any more."""
    undone: tuple[Later, ...]
    """What its reporter did, what the consumers passed over, and what must be done yet."""


def lift(submission: ComplaintSubmitted, told: Told, kept: Kept | None) -> Lifted:
    """Raises ValueError where neither the topics nor the database know of a case."""
    newest = _newest(told, kept)
    done, undone = settle(told, kept, newest.snapshot)
    accepted = list(_contacts(done))
    lines = sorted(_lines(told, done, kept), key=lambda one: one[0])
    history = (*(kept.history if kept else ()), *(line for _, line, _ in lines))
    keys = [key for _, _, key in lines if key is not None]
    case = replace(
        newest,
        snapshot=_with_contact(newest.snapshot, accepted),
        at=max([newest.at, *(line.at for _, line, _ in lines)]),
        about=submission.about,
    )
    erasures = [one for one in done if isinstance(one.event, ComplaintErased)]
    erased_at = max((one.event.occurred_at for one in erasures), default=None)
    gone = tuple(_gone(told, kept, case.snapshot, erased_at))
    return Lifted(
        case,
        submission,
        history,
        _texts(told, kept, gone, max((one.at for one in erasures if not one.is_known), default=None)),
        accepted[-1].part if accepted else submission.part,
        (*(kept.applied if kept else ()), *keys),
        _outcome(told.events),
        tuple(dict.fromkeys(event.linked_to for event in told.events if isinstance(event, CaseUnlinked))),
        erased=bool(erasures),
        gone=gone,
        undone=tuple(undone),
    )


def supports(told: Told) -> list[ComplaintSupported]:
    """Those that the consumers are done with and that came while the case was open."""
    found = [one.event for one in told.heard if one.handled and isinstance(one.event, ComplaintSupported)]
    return [event for event in found if _was_open(told.events, event.occurred_at)]


def _was_open(events: Sequence[CaseEnvelope], at: datetime) -> bool:
    before = [event for event in events if event.occurred_at <= at] or events[:1]
    return bool(before) and may_support(Case(before[-1].ticket, 0, before[-1].case, at))


def _newest(told: Told, kept: Kept | None) -> Case:
    if kept is not None and kept.case.sequence >= told.top:
        return kept.case
    if not told.events:
        msg = "there is no case"
        raise ValueError(msg)
    last = told.events[-1]
    at = max(last.occurred_at, kept.case.at) if kept else last.occurred_at
    return Case(last.ticket, last.sequence, last.case, at)


def _lines(
    told: Told, done: Sequence[Done], kept: Kept | None
) -> Iterator[tuple[tuple[int, int, int], Entry, str | None]]:
    """What the history lacks: where it belongs, the line, and the key that the case remembers it by."""
    for event in told.events:
        if kept is None or event.sequence > kept.case.sequence:
            key = str(event.event_id) if isinstance(event, CaseConcluded) else None
            yield line_place(event), line_of(event), key
    for one in done:
        if not one.is_known:
            yield one.place, one.line, str(one.event.event_id)


def _contacts(done: Sequence[Done]) -> Iterator[ContactChanged]:
    """Those that hold; once the person concerned took over, only theirs."""
    taken_over = False
    for one in done:
        event = one.event
        if isinstance(event, ContactChanged) and not one.is_refused and (event.by_subject or not taken_over):
            taken_over = taken_over or event.taken_over
            yield event


def _with_contact(snapshot: CaseSnapshot, accepted: Sequence[ContactChanged]) -> CaseSnapshot:
    """Such a change is told of by no event."""
    if not accepted:
        return snapshot
    fields: dict[str, Any] = {"has_contact": accepted[-1].has_contact, "language": accepted[-1].language}
    if any(event.taken_over for event in accepted):
        fields |= {"proxy": None, "taken_over": True}
    return snapshot.model_copy(update=fields)


def _gone(told: Told, kept: Kept | None, snapshot: CaseSnapshot, erased_at: datetime | None) -> Iterator[str]:
    """Erased, public no more, or written for an event that never came to the topic."""
    known = {str(event.event_id) for event in told.events}
    unsent = kept.unsent if kept else frozenset[str]()
    for words_id, words in told.words.items():
        is_withdrawn = words.kind is WordsKind.PUBLICATION and words.key != snapshot.publication
        is_erased = erased_at is not None and words.occurred_at < erased_at
        if words_id not in unsent and (words_id not in known or is_withdrawn or is_erased):
            yield words_id


def _texts(told: Told, kept: Kept | None, gone: Sequence[str], erased_at: datetime | None) -> dict[str, str]:
    """Notes never leave the desk: they stay as they are, unless an erasure came since."""
    texts: dict[str, str] = {}
    for line in kept.history if kept else ():
        text = kept.texts.get(line.words or "") if kept else None
        is_note = line.sequence is None and (erased_at is None or line.at >= erased_at)
        if line.words and text is not None and (is_note or (kept and line.words in kept.unsent)):
            texts[line.words] = text
    alive = {words_id: words.text for words_id, words in told.words.items() if words_id not in gone}
    return texts | alive


def _outcome(events: Sequence[CaseEnvelope]) -> Outcome | None:
    outcome: Outcome | None = None
    for event in events:
        outcome = None if isinstance(event, CaseReopened) else outcome_of(event) or outcome
    return outcome
