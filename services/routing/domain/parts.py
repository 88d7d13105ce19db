"""What the body of a part does with it. It counts for the whole, whose snapshot shows all parts."""

from typing import Any

from services.routing.domain.agency import Accept, Progress, Resolve, Return
from services.routing.domain.deeds import Deed, Note
from services.routing.domain.draft import Draft
from services.routing.domain.promises import MET_BY_MESSAGE, MET_BY_PROGRESS
from services.routing.domain.table import ActionRefused, find_part_row
from shared.events.case import CaseSnapshot, Status, SubCase
from shared.events.cases import CaseAccepted, CaseProgressed, CaseResolved, CaseReturned
from shared.events.envelope import CaseEnvelope
from shared.events.words import WordsKind


def find_part(case: CaseSnapshot, case_id: str) -> SubCase | None:
    return next((part for part in case.parts if part.case_id == case_id), None)


def do_with_part(draft: Draft, part: SubCase, deed: Deed) -> None:
    """Raises ActionRefused."""
    find_part_row(part.status, deed.action, draft.case)
    match deed:
        case Accept():
            if deed.text:
                draft.meet(MET_BY_MESSAGE)
            _become(draft, part, Status.ACCEPTED)
            _emit(draft, part, CaseAccepted, deed.text, WordsKind.ACCEPTANCE)
        case Progress():
            draft.meet(MET_BY_PROGRESS)
            _become(draft, part, Status.IN_PROGRESS)
            _emit(draft, part, CaseProgressed, deed.text, WordsKind.PROGRESS)
        case Resolve():
            draft.meet(MET_BY_PROGRESS)
            _become(draft, part, Status.RESOLVED)
            _emit(draft, part, CaseResolved, deed.text, WordsKind.PROGRESS, photos=deed.photos)
        case Return():
            _become(draft, part, Status.REJECTED)
            facts = {"reason": deed.reason, "suggested": deed.agency}
            _emit(draft, part, CaseReturned, deed.text, WordsKind.RETURN, **facts)
        case Note():
            draft.write_note(deed.text, part.case_id)
        case _:
            raise ActionRefused(f"{deed.action} is not for a part", ())


def _become(draft: Draft, part: SubCase, status: Status) -> None:
    ended = {"until": draft.at} if status in {Status.RESOLVED, Status.REJECTED} else {}
    draft.change_part(part, status=status, **ended)


def _emit(
    draft: Draft, part: SubCase, kind: type[CaseEnvelope], text: str | None, words: WordsKind, **facts: Any
) -> None:
    draft.emit(kind, text, words, part=part.case_id, **facts)
