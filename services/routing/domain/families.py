"""Cases of one matter: which leads, which go on in it, and what those that do are told of its end.

One is worked on, the others are linked to it: never to one that is linked itself. Who leads does not depend on which
came first: the one that people work on, else the older one. Whoever was linked to one that follows goes along.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from services.routing.domain.alike import Likeness, Matter, Measure, likeness, metres_between, spot_of, spots_around
from services.routing.domain.clocks import run_clocks
from services.routing.domain.coordination import go_on_alone, go_on_in
from services.routing.domain.draft import RULE, Case, Change, Draft
from services.routing.domain.promises import MET_BY_VERIFICATION
from services.routing.domain.rulebook import Rulebook
from services.routing.domain.table import OPEN, Action, find_row
from shared.directory import is_sensitive
from shared.events.case import Role, Status
from shared.events.cases import (
    CaseClosed,
    CaseConcluded,
    CaseLinked,
    CaseRejected,
    CaseResolved,
    CaseUnlinked,
)
from shared.events.event import Event
from shared.events.reasons import RejectionReason
from shared.events.words import WordsKind
from shared.ids import follow_id, named_id

UNTOUCHED: Final = frozenset({Status.IN_TRIAGE, Status.ASSIGNED})
"""Nobody has begun to work on it."""
_MOST_COMPARED: Final = 60
"""The nearest: in a crowd of cases about other matters the words of all would cost too much."""

Ending = Literal["resolved", "closed", "rejected"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a case ended, for all that are linked to it."""

    event_id: UUID
    """Of the event that says so."""
    ending: Ending
    reason: RejectionReason | None = None
    text: str | None = None
    """What was written with it; None where that is nobody else's to read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A case beside others, as little of it as that takes."""

    ticket: str
    status: Status
    matter: Matter | None
    """None while what the reporter wrote is not here, or is here no more."""
    confidential: bool = False
    historical: bool = False
    restricted: bool = False
    """What its reporter wrote may be used for nothing."""
    linked_to: str | None = None
    leads: bool = False
    """Others are or were linked to it."""
    parted: frozenset[str] = frozenset()
    """Those that it was unlinked from."""
    compared: bool = False

    @property
    def may_follow(self) -> bool:
        return self.status in UNTOUCHED

    @property
    def rank(self) -> tuple[bool, datetime, str]:
        """Of two the lower one leads."""
        return self.may_follow, self.told.received_at, self.ticket

    @property
    def told(self) -> Matter:
        """What is known to be here. Raises LookupError."""
        if self.matter is None:
            raise LookupError(self.ticket)
        return self.matter


@dataclass(frozen=True, slots=True)
class Join:
    """One case is to be linked to another."""

    child: str
    to: str
    likeness: Likeness


@dataclass(frozen=True, slots=True)
class Lead:
    """What those that are linked to a case must know of it."""

    ticket: str
    goes_on_in: str | None = None
    """The case that goes on in the place of this one too; where it was withdrawn, that of its heir."""
    outcome: Outcome | None = None

    @property
    def has_news(self) -> bool:
        """Whether anything follows for those that are linked to it."""
        return self.goes_on_in is not None or self.outcome is not None


def may_join(member: Member, rulebook: Rulebook) -> bool:
    """Never what is confidential, names a household or was entered afterwards."""
    if member.matter is None or member.confidential or member.historical or member.restricted:
        return False
    return member.status in OPEN and not is_sensitive(member.matter.category, rulebook.categories)


def choose(fresh: Iterable[Member], others: Iterable[Member], measure: Measure) -> list[Join]:
    """Which of the fresh ones are linked to another, and which others to them; all of them may join."""
    circle = _Circle([*others, *fresh], measure)
    new = {member.ticket for member in fresh}
    for member in sorted((one for one in circle.members.values() if one.ticket in new), key=lambda one: one.rank):
        circle.place(member)
    return circle.joins


class _Circle:
    """Those that are compared with each other, while it is decided who goes on in whom."""

    def __init__(self, members: Sequence[Member], measure: Measure) -> None:
        self.members = {member.ticket: member for member in members}
        self.joins: list[Join] = []
        self._measure = measure
        self._gone = set[str]()
        self._spots: dict[str, list[Member]] = {}
        for member in self.members.values():
            self._spots.setdefault(spot_of(member.told.point), []).append(member)

    def place(self, member: Member) -> None:
        if member.ticket in self._gone:
            return
        alike = [(other, found) for other in self._near(member) if (found := self._alike(member, other)) is not None]
        before = [(other, found) for other, found in alike if other.rank < member.rank]
        if before and member.may_follow:
            other, found = min(before, key=lambda one: (-one[1].score, one[0].rank))
            self._join(member, other, found)
            return
        for other, found in alike:
            if member.rank < other.rank and other.may_follow:
                self._join(other, member, found)

    def _join(self, child: Member, to: Member, found: Likeness) -> None:
        self.joins.append(Join(child.ticket, to.ticket, found))
        self._gone.add(child.ticket)

    def _near(self, member: Member) -> list[Member]:
        around = spots_around(member.told.point)
        near = [
            other
            for spot in around
            for other in self._spots.get(spot, ())
            if other.ticket not in self._gone and other is not member and _may_meet(member, other)
        ]
        return sorted(near, key=lambda other: _distance(member, other))[:_MOST_COMPARED]

    def _alike(self, member: Member, other: Member) -> Likeness | None:
        found = likeness(member.told, other.told, self._measure)
        return found if found is not None and found.score >= self._measure.enough else None


def _may_meet(one: Member, other: Member) -> bool:
    return (
        one.told.category == other.told.category and one.ticket not in other.parted and other.ticket not in one.parted
    )


def _distance(one: Member, other: Member) -> float:
    here, there = one.told.point, other.told.point
    return metres_between(here, there) if here and there else 0.0


def join(case: Case, to: str, similarity: float, at: datetime, rulebook: Rulebook) -> Change:
    """Link it by rule. Raises ActionRefused where that is not possible as it stands now."""
    draft = Draft.of(case, RULE, named_id(case.ticket, "alike", to), at, rulebook)
    run_clocks(draft)
    find_row(draft.case, Action.LINK, Role.RULE)
    draft.meet(MET_BY_VERIFICATION)
    go_on_in(draft, to)
    draft.emit(CaseLinked, linked_to=to, similarity=round(similarity, 3))
    return draft.finish()


def align(case: Case, lead: Lead, parted: Collection[str], at: datetime, rulebook: Rulebook) -> Change:
    """Bring a linked case in line with the one that it is linked to. Raises ActionRefused."""
    if lead.goes_on_in is None:
        return _conclude(case, lead, at, rulebook)
    draft = Draft.of(case, RULE, named_id(case.ticket, "align", lead.goes_on_in, case.sequence), at, rulebook)
    if lead.goes_on_in == case.ticket or lead.goes_on_in in parted:
        find_row(draft.case, Action.UNLINK, Role.RULE)
        go_on_alone(draft)
        draft.emit(CaseUnlinked, linked_to=lead.ticket)
        return draft.finish()
    find_row(draft.case, Action.RELINK, Role.RULE)
    draft.change(linked_to=lead.goes_on_in)
    draft.emit(CaseLinked, linked_to=lead.goes_on_in)
    return draft.finish()


def conclusion_id(outcome: Outcome, ticket: str) -> UUID:
    """Of the event that tells a linked case of the outcome."""
    return follow_id(outcome.event_id, ticket)


def _conclude(case: Case, lead: Lead, at: datetime, rulebook: Rulebook) -> Change:
    outcome = lead.outcome
    if outcome is None:
        return Change(case)
    event_id = conclusion_id(outcome, case.ticket)
    draft = Draft.of(case, RULE, event_id, at, rulebook)
    find_row(draft.case, Action.CONCLUDE, Role.RULE)
    kind = WordsKind.DECISION if outcome.ending == "rejected" else WordsKind.RESOLUTION
    facts: dict[str, Any] = {"outcome": outcome.ending, "reason": outcome.reason, "cause": outcome.event_id}
    draft.emit(CaseConcluded, outcome.text, kind, event_id=event_id, linked_to=lead.ticket, **facts)
    return draft.finish()


def outcome_of(event: Event) -> Outcome | None:
    """How the whole case ended by this event; words are not in it."""
    match event:
        case CaseResolved() if event.case_id == event.ticket:
            return Outcome(event.event_id, "resolved")
        case CaseClosed():
            return Outcome(event.event_id, "closed")
        case CaseRejected():
            return Outcome(event.event_id, "rejected", event.reason)
        case _:
            return None
