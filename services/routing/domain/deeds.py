"""What people at the desk do with a case: each deed is what it says and what comes of it."""

from typing import ClassVar

from services.routing.domain.draft import Draft
from services.routing.domain.promises import MET_BY_MESSAGE, MET_BY_PROGRESS, pause
from services.routing.domain.table import Action
from shared.events.case import Role, Status
from shared.events.cases import CaseInformationRequested
from shared.events.event import Fact
from shared.events.words import Text, WordsKind
from shared.wita import day_of


class DeedFaulty(Exception):
    """The deed is possible, but not with this value."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}")
        self.field = field
        self.why = why


class Deed(Fact, extra="forbid", str_strip_whitespace=True):
    """The body of a desk request."""

    action: ClassVar[Action]

    def do(self, draft: Draft) -> None:
        """Change the draft. Raises DeedFaulty."""
        raise NotImplementedError


def check_body(draft: Draft, agency: str, field: str = "agency") -> None:
    """Raises DeedFaulty where the body can't get the case."""
    known = draft.rulebook.agencies.get(agency)
    if known is None:
        raise DeedFaulty(field, "is not a known body")
    if not known.valid_on(day_of(draft.at)):
        raise DeedFaulty(field, f"does not exist today; its successor: {known.successor or 'none'}")
    if known.escalation is not None:
        raise DeedFaulty(field, "is told of broken promises and is given no cases")
    if agency in draft.rulebook.related(draft.about):
        raise DeedFaulty(field, "is the body that the complaint is about, or belongs to it")


class Ask(Deed):
    """Ask the reporter what is missing; the clocks of the work wait for the answer."""

    action: ClassVar = Action.ASK
    text: Text

    def do(self, draft: Draft) -> None:
        draft.meet(MET_BY_MESSAGE if draft.actor.role is Role.COORDINATOR else MET_BY_PROGRESS)
        case = draft.case
        promises = pause(case.promises, draft.at)
        draft.change(status=Status.AWAITING_REPORTER, resumes_as=case.status, promises=promises)
        draft.emit(CaseInformationRequested, self.text, WordsKind.QUESTION)


class Note(Deed):
    """Write something down that stays inside."""

    action: ClassVar = Action.NOTE
    text: Text

    def do(self, draft: Draft) -> None:
        draft.write_note(self.text)
