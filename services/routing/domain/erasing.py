"""What becomes of a case when what is personal of it is erased: the words go, the facts stay."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final, Self

from services.routing.domain.clocks import run_clocks
from services.routing.domain.draft import REPORTER, RULE, Actor, Case, Change, Draft, Entry
from services.routing.domain.rulebook import Rulebook
from shared.events.cases import CaseUnpublished
from shared.events.complaints import ComplaintErased, ErasureReason

ERASED: Final = "complaint.erased.v1"


@dataclass(frozen=True)
class Written:
    """What officers wrote in a case, by id."""

    kept: frozenset[str]
    told: frozenset[str]
    """Published at some time, whether it is still kept or not."""
    erasures: frozenset[str]
    """Ids of the events that erased some of it."""

    @classmethod
    def of(cls, texts: Collection[str], history: Iterable[Entry]) -> Self:
        lines = list(history)
        told = {line.words for line in lines if line.words and line.sequence is not None}
        erasures = {(line.facts or {}).get("cause", "") for line in lines if line.type == ERASED}
        return cls(frozenset(texts), frozenset(told), frozenset(erasures))


def erase(case: Case, event: ComplaintErased, written: Written, rulebook: Rulebook) -> Change:
    """Everything that officers wrote so far goes, for it may tell of the person. Nothing else changes.

    Told again, only the tombstones are repeated: what was written since is about a case of nobody.
    """
    if str(event.event_id) in written.erasures:
        return Change(case, erased=tuple(sorted(written.told - written.kept)))
    draft = Draft.of(case, eraser(event), event.event_id, event.occurred_at, rulebook)
    run_clocks(draft)
    draft.note(ERASED, facts=erasure_facts(event))
    if draft.case.publication is not None:
        draft.unpublish()
        draft.emit(CaseUnpublished)
    draft.erased = sorted(written.kept | written.told)
    return draft.finish()


def eraser(event: ComplaintErased) -> Actor:
    return REPORTER if event.reason is ErasureReason.ASKED else RULE


def erasure_facts(event: ComplaintErased) -> dict[str, str]:
    """Of its line of the history."""
    return {"reason": event.reason, "cause": str(event.event_id)}
