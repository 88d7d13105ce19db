"""What an agency's people do with a case that they have."""

from typing import ClassVar

from services.routing.domain.deeds import Deed, DeedFaulty, check_body
from services.routing.domain.draft import Draft
from services.routing.domain.promises import MET_BY_MESSAGE, MET_BY_PROGRESS, MET_BY_RESOLUTION, resume
from services.routing.domain.table import Action
from shared.events.case import Budget, Status, SubCase
from shared.events.cases import (
    CaseAccepted,
    CaseAssigned,
    CaseForwarded,
    CaseOfficerAssigned,
    CaseProgressed,
    CaseResolved,
    CaseReturned,
    CaseSplit,
    CaseTriaged,
)
from shared.events.directory import AgencyLevel
from shared.events.event import AgencyId, Fact, Slug
from shared.events.reasons import ReturnReason, TriageReason
from shared.events.words import Text, WordsKind
from shared.wita import day_of

RETURNED = "returned"
_MOST_PARTS = 20


class Accept(Deed):
    """Say that the agency is responsible."""

    action: ClassVar = Action.ACCEPT
    text: Text | None = None

    def do(self, draft: Draft) -> None:
        if self.text:
            draft.meet(MET_BY_MESSAGE)
        draft.change(status=Status.ACCEPTED)
        draft.emit(CaseAccepted, self.text, WordsKind.ACCEPTANCE)


class Return(Deed):
    """Say that the agency is not responsible and, if it knows, who is."""

    action: ClassVar = Action.RETURN
    reason: ReturnReason
    agency: AgencyId | None = None
    """The right one."""
    text: Text

    def do(self, draft: Draft) -> None:
        if self.agency is not None:
            check_body(draft, self.agency)
            if self.agency == draft.case.agency:
                raise DeedFaulty("agency", "is the one that returns it")
        returns = draft.case.returns + 1
        disagreed = returns >= draft.rulebook.standard.returns_decided
        draft.change(status=Status.IN_TRIAGE, agency=None, officer=None, returns=returns, disagreed=disagreed)
        draft.emit(CaseReturned, self.text, WordsKind.RETURN, reason=self.reason, suggested=self.agency)
        if self.agency is not None and not disagreed:
            draft.give_to(self.agency)
            draft.emit(CaseAssigned, agency=self.agency, rule=RETURNED)
            return
        reason = TriageReason.RETURNED_THRICE if disagreed else TriageReason.RETURNED
        coordinator = draft.rulebook.coordinator(draft.about, day_of(draft.at))
        draft.hold(coordinator)
        draft.emit(CaseTriaged, reason=reason, rule=RETURNED, coordinator=coordinator)


class Forward(Deed):
    """Hand it to a body below the agency, or outside the governments of the province and its regencies."""

    action: ClassVar = Action.FORWARD
    agency: AgencyId
    text: Text

    def do(self, draft: Draft) -> None:
        check_body(draft, self.agency)
        target = draft.rulebook.agencies[self.agency]
        below = self.agency != draft.case.agency and self.agency in draft.rulebook.below(draft.case.agency or "")
        if not below and target.level is not AgencyLevel.EXTERNAL:
            raise DeedFaulty("agency", "is neither below yours nor outside: return the case and suggest it")
        draft.meet(MET_BY_MESSAGE)
        draft.give_to(self.agency)
        draft.emit(CaseForwarded, self.text, agency=self.agency)


class Delegate(Deed):
    """Give it to one officer, or to who stands in for them today."""

    action: ClassVar = Action.DELEGATE
    officer: Slug

    def do(self, draft: Draft) -> None:
        day = day_of(draft.at)
        known = draft.rulebook.officers.get(self.officer)
        if known is None or known.agency != draft.case.agency or not known.valid_on(day):
            raise DeedFaulty("officer", "is no officer of the agency today")
        present = draft.rulebook.present(self.officer, day)
        if present is None:
            raise DeedFaulty("officer", "is absent, and nobody stands in")
        meant = None if present == self.officer else self.officer
        draft.change(officer=present)
        draft.emit(CaseOfficerAssigned, officer=present, stands_in_for=meant)


class Progress(Deed):
    """Tell the reporter, and with a case that is not confidential everybody, what was done."""

    action: ClassVar = Action.PROGRESS
    text: Text

    def do(self, draft: Draft) -> None:
        work_on(draft)
        draft.emit(CaseProgressed, self.text, WordsKind.PROGRESS)


class PutOnBudget(Deed):
    """Say honestly that it waits for money, of which year and where in the budget."""

    action: ClassVar = Action.BUDGET
    budget: Budget
    text: Text

    def do(self, draft: Draft) -> None:
        if self.budget.year < day_of(draft.at).year:
            raise DeedFaulty("budget.year", "is over")
        work_on(draft)
        draft.change(budget=self.budget)
        draft.emit(CaseProgressed, self.text, WordsKind.PROGRESS)


class Task(Fact, extra="forbid", str_strip_whitespace=True):
    """What another body is to do."""

    agency: AgencyId
    text: Text


class Split(Deed):
    """Let other bodies do parts of it. The whole can be resolved when all of them are done."""

    action: ClassVar = Action.SPLIT
    parts: tuple[Task, ...]

    def do(self, draft: Draft) -> None:
        self._check(draft)
        before = draft.case.parts
        added = tuple(
            SubCase(case_id=f"{draft.ticket}.{number}", agency=task.agency, status=Status.ASSIGNED, since=draft.at)
            for number, task in enumerate(self.parts, len(before) + 1)
        )
        draft.meet(MET_BY_PROGRESS)
        draft.change(status=Status.IN_PROGRESS, parts=before + added)
        text = "\n\n".join(f"{task.agency}: {task.text}" for task in self.parts)
        draft.emit(CaseSplit, text, WordsKind.PROGRESS, parts=tuple(part.case_id for part in added))

    def _check(self, draft: Draft) -> None:
        if not 1 <= len(self.parts) <= _MOST_PARTS - len(draft.case.parts):
            raise DeedFaulty("parts", f"must be from 1 to {_MOST_PARTS}, with those that there are")
        for index, task in enumerate(self.parts):
            check_body(draft, task.agency, f"parts.{index}.agency")
            if task.agency == draft.case.agency:
                raise DeedFaulty(f"parts.{index}.agency", "has the whole case")


class Resolve(Deed):
    """Say that it is done, and how."""

    action: ClassVar = Action.RESOLVE
    text: Text
    photos: tuple[Slug, ...] = ()
    """Names of the evidence that was posted to intake."""

    def do(self, draft: Draft) -> None:
        work_on(draft)
        draft.meet(MET_BY_RESOLUTION)
        draft.hold(None)
        draft.change(status=Status.RESOLVED, disputed=False, resolved_at=draft.at, closes_at=draft.silence_ends_at())
        draft.emit(CaseResolved, self.text, WordsKind.RESOLUTION, photos=self.photos)


def work_on(draft: Draft) -> None:
    """The agency did something that the reporter hears of; it may do so without waiting for an answer."""
    promises = resume(draft.case.promises, draft.at, draft.rulebook.closed)
    draft.change(status=Status.IN_PROGRESS, resumes_as=None, promises=promises)
    draft.meet(MET_BY_PROGRESS)


AGENCYS_DEEDS: tuple[type[Deed], ...] = (
    Accept,
    Return,
    Forward,
    Delegate,
    Progress,
    PutOnBudget,
    Split,
    Resolve,
)
