"""Lives of one case in memory: what happened to it, what was told of it, and what a database would hold."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from services.routing.domain.access import DeskRole, Person, actor_for, allowed_for
from services.routing.domain.case import By, act, open_case
from services.routing.domain.deeds import Deed, DeedFaulty
from services.routing.domain.draft import Case, Change, Entry
from services.routing.domain.erasing import Written, erase
from services.routing.domain.follow_ups import follow
from services.routing.domain.table import Action, ActionRefused
from services.routing.domain.told import Heard, Kept, Told
from shared.events.complaints import ComplaintErased, ComplaintSubmitted, ErasureReason, FollowUp
from shared.events.envelope import CaseEnvelope
from shared.events.event import Event
from shared.events.words import WordsRecorded
from shared.ids import named_id
from tests.routing.examples import AT, TICKET, a_complaint, the_rulebook
from tests.routing.test_table import DESK

AGENCIES = ("PUPR-52.03", "PUPR-52.01", "PLN")
PEOPLE = (
    Person("budi", "Budi", frozenset({DeskRole.COORDINATOR}), "BIRO-ORGANISASI"),
    *(Person(f"o-{agency}", "", frozenset({DeskRole.OFFICER}), agency) for agency in AGENCIES),
)


@dataclass
class Life:
    """Everything is told at once; the desk, the reporter and the clocks act when they are asked to."""

    complaint: ComplaintSubmitted = field(default_factory=lambda: a_complaint(proxy="relative"))
    at: datetime = AT
    heard: list[Event] = field(default_factory=list[Event])
    told: list[CaseEnvelope] = field(default_factory=list[CaseEnvelope])
    words: dict[str, WordsRecorded] = field(default_factory=dict[str, WordsRecorded])
    history: list[Entry] = field(default_factory=list[Entry])
    texts: dict[str, str] = field(default_factory=dict[str, str])
    contact: str = "s-1"
    applied: list[str] = field(default_factory=list[str])
    steps: "count[int]" = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.heard.append(self.complaint)
        opened = open_case(self.complaint, the_rulebook(), self.at)
        self.case: Case = opened.case
        self._take(opened)

    def later(self, hours: int) -> None:
        self.at += timedelta(hours=hours)

    def desk(self, who: int, which: int) -> None:
        """Something that is possible for somebody."""
        having = [person for person in PEOPLE if allowed_for(person, self.case.snapshot)]
        if having:
            person = having[who % len(having)]
            possible = allowed_for(person, self.case.snapshot)
            self.do(DESK[possible[which % len(possible)]], person)

    def do(self, deed: Deed, person: Person) -> None:
        actor = actor_for(person, self.case.snapshot, deed.action)
        if actor is not None:
            by = By(actor, named_id(TICKET, "deed", next(self.steps)), self.at)
            try:
                self._take(act(self.case, deed, by, the_rulebook()))
            except (ActionRefused, DeedFaulty):
                return

    def note(self) -> None:
        self.do(DESK[Action.NOTE], PEOPLE[0])

    def follow(self, kind: type[FollowUp], *, by_subject: bool = False) -> None:
        step = next(self.steps)
        fields: dict[str, Any] = {"part": f"f-{step}", "has_contact": bool(step % 3), "restricted": bool(step % 2)}
        fields |= {"taken_over": by_subject, "by_subject": by_subject, "language": "en" if step % 2 else "id"}
        event = kind.model_validate(
            fields | {"event_id": named_id(TICKET, "f", step), "ticket": TICKET, "occurred_at": self.at}
        )
        self.heard.append(event)
        self._take(follow(self.case, event, self.at, the_rulebook()))
        self.applied.append(str(event.event_id))

    def erase(self) -> None:
        event = ComplaintErased(
            event_id=named_id(TICKET, "e", next(self.steps)),
            ticket=TICKET,
            occurred_at=self.at,
            reason=ErasureReason.RETENTION,
        )
        self.heard.append(event)
        self._take(erase(self.case, event, Written.of(self.texts, self.history), the_rulebook()))
        self.applied.append(str(event.event_id))

    def kept(self) -> Kept:
        """What the database holds now."""
        return Kept(self.case, tuple(self.history), dict(self.texts), tuple(self.applied))

    def topics(self, *, events: int | None = None, handled: int | None = None) -> Told:
        """What the topics hold: all that was told, or the first so many events."""
        told = self.told[:events]
        named = {str(event.event_id) for event in told}
        heard = [Heard(event, handled is None or number < handled) for number, event in enumerate(self.heard)]
        words = {key: one for key, one in self.words.items() if events is None or key in named}
        return Told(tuple(heard), tuple(told), words)

    def _take(self, change: Change) -> None:
        self.case = change.case
        self.history += change.history
        self.texts = {key: text for key, text in self.texts.items() if key not in change.erased} | dict(change.texts)
        self.contact = change.contact or self.contact
        for event in change.events:
            if isinstance(event, WordsRecorded):
                self.words[str(event.event_id)] = event
            elif isinstance(event, CaseEnvelope):
                self.told.append(event)
        for words_id in change.erased:
            self.words.pop(words_id, None)


def without_the_desks_own(history: "tuple[Entry, ...] | list[Entry]") -> list[Entry]:
    """No topic tells which person acted, nor of notes."""
    return [replace_actor(line) for line in history if line.type != "note"]


def replace_actor(line: Entry) -> Entry:
    return line.model_copy(update={"actor": None})


def undated(case: Case) -> Case:
    """The newest thing that happened may have been a note."""
    return replace(case, at=AT)
