"""What coordinators do: triage, settle who is responsible, set aside, publish."""

from typing import ClassVar

from services.routing.domain.deeds import Deed, DeedFaulty, check_body
from services.routing.domain.draft import Draft
from services.routing.domain.promises import (
    MET_BY_MESSAGE,
    MET_BY_VERIFICATION,
    end,
    go_on,
    reclassify,
    resume,
    take_back,
    uphold,
)
from services.routing.domain.publication import PUBLICATION_DEEDS, unpublish_if_confidential
from services.routing.domain.table import Action
from shared.events.case import Status
from shared.events.cases import (
    CaseAssigned,
    CaseClosed,
    CaseLinked,
    CaseReclassified,
    CaseRejected,
    CaseReopened,
    CaseUnlinked,
)
from shared.events.event import AgencyId, CategoryCode, Urgency
from shared.events.reasons import RejectionReason
from shared.events.words import Text
from shared.ids import Ticket
from shared.wita import day_of

BY_HAND, OVERRIDDEN = "coordinator", "override"


class Assign(Deed):
    """Say which body is responsible."""

    action: ClassVar = Action.ASSIGN
    agency: AgencyId
    text: Text | None = None

    def do(self, draft: Draft) -> None:
        check_body(draft, self.agency)
        _say(draft, self.text)
        draft.give_to(self.agency)
        draft.emit(CaseAssigned, self.text, agency=self.agency, rule=BY_HAND)


class Decide(Deed):
    """Settle who is responsible where agencies can't agree; it binds."""

    action: ClassVar = Action.DECIDE
    agency: AgencyId
    text: Text

    def do(self, draft: Draft) -> None:
        check_body(draft, self.agency)
        _say(draft, self.text)
        draft.give_to(self.agency)
        draft.change(bound=True, disagreed=False)
        draft.emit(CaseAssigned, self.text, agency=self.agency, rule=BY_HAND)


class Override(Deed):
    """Set aside what an agency did: take the case from it, or open it again."""

    action: ClassVar = Action.OVERRIDE
    agency: AgencyId
    text: Text

    def do(self, draft: Draft) -> None:
        check_body(draft, self.agency)
        case = draft.case
        if case.status in {Status.RESOLVED, Status.CLOSED, Status.REJECTED}:
            self._open_again(draft)
        else:
            draft.change(promises=resume(case.promises, draft.at, draft.rulebook.closed))
        _say(draft, self.text)
        draft.change(disputed=False)
        draft.give_to(self.agency)
        draft.emit(CaseAssigned, self.text, agency=self.agency, rule=OVERRIDDEN)

    def _open_again(self, draft: Draft) -> None:
        case, closed = draft.case, draft.rulebook.closed
        promises = go_on(case.promises)
        if case.resolved_at is not None:
            promises = take_back(promises, case.resolved_at, draft.at, closed)
        status = Status.IN_TRIAGE if case.agency is None else Status.IN_PROGRESS
        draft.change(status=status, promises=promises, closes_at=None)
        draft.emit(CaseReopened, reason="overridden")


class Uphold(Deed):
    """Find a disputed resolution right."""

    action: ClassVar = Action.UPHOLD
    text: Text

    def do(self, draft: Draft) -> None:
        _say(draft, self.text)
        resolved_at = draft.case.resolved_at or draft.at
        draft.hold(None)
        draft.change(
            status=Status.CLOSED, disputed=False, promises=end(uphold(draft.case.promises, resolved_at), draft.at)
        )
        draft.emit(CaseClosed, self.text, reason="upheld")


class Reclassify(Deed):
    """Say what it is really about, or how urgent it is."""

    action: ClassVar = Action.RECLASSIFY
    category: CategoryCode
    urgency: Urgency | None = None
    """None: the category's own."""
    text: Text | None = None

    def do(self, draft: Draft) -> None:
        known, case = draft.rulebook.categories.get(self.category), draft.case
        if known is None or not known.valid_on(day_of(draft.at)):
            raise DeedFaulty("category", "is not a category today")
        urgency = self.urgency or known.urgency
        if (self.category, urgency) == (case.category, case.urgency):
            raise DeedFaulty("category", "is what it is already")
        promises = reclassify(case.promises, draft.rulebook, self.category, urgency)
        moved = [new.kind for old, new in zip(case.promises, promises, strict=True) if old.due_at != new.due_at]
        draft.change(
            category=self.category,
            urgency=urgency,
            promises=promises,
            confidential=case.confidential or known.confidential,
            anonymous=case.anonymous or known.anonymous,
        )
        draft.emit(
            CaseReclassified, self.text, from_category=case.category, from_urgency=case.urgency, moved=tuple(moved)
        )
        unpublish_if_confidential(draft)


class Reject(Deed):
    """Say why nobody will act."""

    action: ClassVar = Action.REJECT
    reason: RejectionReason
    text: Text

    def do(self, draft: Draft) -> None:
        draft.meet(MET_BY_MESSAGE | MET_BY_VERIFICATION)
        draft.hold(None)
        draft.change(status=Status.REJECTED, resumes_as=None, promises=end(draft.case.promises, draft.at))
        draft.emit(CaseRejected, self.text, reason=self.reason)


class Link(Deed):
    """Let another case about the same matter go on in the place of this one."""

    action: ClassVar = Action.LINK
    ticket: Ticket
    text: Text | None = None

    def do(self, draft: Draft) -> None:
        if self.ticket == draft.ticket:
            raise DeedFaulty("ticket", "is this very case")
        draft.change(promises=resume(draft.case.promises, draft.at, draft.rulebook.closed))
        draft.meet(MET_BY_VERIFICATION | (MET_BY_MESSAGE if self.text else frozenset()))
        go_on_in(draft, self.ticket)
        draft.emit(CaseLinked, self.text, linked_to=self.ticket)


class Unlink(Deed):
    """Let it go on by itself."""

    action: ClassVar = Action.UNLINK
    text: Text | None = None

    def do(self, draft: Draft) -> None:
        was = draft.case.linked_to
        go_on_alone(draft)
        draft.emit(CaseUnlinked, self.text, linked_to=was)


def go_on_in(draft: Draft, other: str) -> None:
    """The other case goes on in the place of this one, whose open clocks end."""
    case = draft.case
    was = case.resumes_as if case.status is Status.AWAITING_REPORTER else case.status
    draft.hold(None)
    draft.change(status=Status.CLOSED, linked_to=other, resumes_as=was, promises=end(case.promises, draft.at))


def go_on_alone(draft: Draft) -> None:
    """As if it had never been linked."""
    case = draft.case
    draft.hold(case.agency or draft.rulebook.coordinator(draft.about, day_of(draft.at)))
    draft.change(
        status=case.resumes_as or Status.IN_TRIAGE,
        linked_to=None,
        resumes_as=None,
        promises=go_on(case.promises),
    )


def _say(draft: Draft, text: str | None) -> None:
    if text:
        draft.meet(MET_BY_MESSAGE)


COORDINATORS_DEEDS: tuple[type[Deed], ...] = (
    Assign,
    Decide,
    Override,
    Uphold,
    Reclassify,
    Reject,
    Link,
    Unlink,
    *PUBLICATION_DEEDS,
)
