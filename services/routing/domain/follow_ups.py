"""What reporters do after they submitted: routing decides, and says so where it refuses."""

from datetime import datetime
from typing import Final, assert_never

from services.routing.domain.clocks import run_clocks
from services.routing.domain.draft import REPORTER, Case, Change, Draft
from services.routing.domain.promises import end, resume, take_back
from services.routing.domain.rulebook import Rulebook
from services.routing.domain.table import FOLLOW_UPS, Action, ActionRefused, allowed, find_row
from shared.events.case import Role, Status
from shared.events.cases import (
    CaseClosed,
    CaseProcessingRestricted,
    CaseReopened,
    CaseResumed,
    CaseUnpublished,
    CaseWithdrawn,
    FollowUpRefused,
)
from shared.events.complaints import (
    ComplaintSupplemented,
    ComplaintWithdrawn,
    ContactChanged,
    ErasureRequested,
    FollowUp,
    ProcessingRestricted,
    QuestionAnswered,
    ResolutionConfirmed,
    ResolutionDisputed,
)
from shared.wita import day_of

ACTIONS: Final[dict[type[FollowUp], Action]] = {
    ComplaintSupplemented: Action.SUPPLEMENT,
    QuestionAnswered: Action.ANSWER,
    ResolutionConfirmed: Action.CONFIRM,
    ResolutionDisputed: Action.DISPUTE,
    ComplaintWithdrawn: Action.WITHDRAW,
    ContactChanged: Action.CHANGE_CONTACT,
    ProcessingRestricted: Action.RESTRICT_PROCESSING,
    ErasureRequested: Action.REQUEST_ERASURE,
}


def follow(case: Case, event: FollowUp, at: datetime, rulebook: Rulebook) -> Change:
    """The case after it; `follow_up.refused` where it is not possible as the case stands."""
    draft = Draft.of(case, REPORTER, event.event_id, at, rulebook)
    run_clocks(draft)
    action = ACTIONS[type(event)]
    if draft.case.taken_over and not event.by_subject:
        draft.note(event.type, part=event.part)
        if action in FOLLOW_UPS:
            draft.emit(FollowUpRefused, follow_up=FOLLOW_UPS[action], cause=event.event_id, taken_over=True)
        return draft.finish()
    try:
        find_row(draft.case, action, Role.REPORTER)
    except ActionRefused as refused:
        draft.note(event.type, part=event.part)
        possible = tuple(FOLLOW_UPS[action] for action in refused.allowed if action in FOLLOW_UPS)
        draft.emit(FollowUpRefused, follow_up=FOLLOW_UPS[action], cause=event.event_id, allowed=possible)
        return draft.finish()
    _do(draft, event)
    return draft.finish()


def may_support(case: Case) -> bool:
    """Whether somebody else can still say that they have the same trouble."""
    return Action.SUPPORT in allowed(case.snapshot, Role.REPORTER)


def _do(draft: Draft, event: FollowUp) -> None:
    draft.note(event.type, part=event.part)
    match event:
        case QuestionAnswered():
            _answer(draft)
        case ResolutionConfirmed():
            draft.change(status=Status.CLOSED)
            draft.emit(CaseClosed, reason="confirmed", rating=event.rating)
        case ResolutionDisputed():
            _dispute(draft)
        case ComplaintWithdrawn():
            draft.hold(None)
            draft.change(status=Status.WITHDRAWN, resumes_as=None, promises=end(draft.case.promises, draft.at))
            draft.emit(CaseWithdrawn)
        case ContactChanged():
            draft.contact = event.part
            draft.change(has_contact=event.has_contact, language=event.language)
            if event.taken_over:
                draft.change(proxy=None, taken_over=True)
        case ProcessingRestricted():
            _restrict_processing(draft, restricted=event.restricted)
        case ComplaintSupplemented() | ErasureRequested():
            # What is personal intake erases, and says so.
            pass
        case _:
            assert_never(event)


def _answer(draft: Draft) -> None:
    case = draft.case
    promises = resume(case.promises, draft.at, draft.rulebook.closed)
    draft.change(status=case.resumes_as or Status.IN_TRIAGE, resumes_as=None, promises=promises)
    draft.emit(CaseResumed)


def _dispute(draft: Draft) -> None:
    case, closed = draft.case, draft.rulebook.closed
    resolved_at = case.resolved_at or draft.at
    draft.hold(case.agency or draft.rulebook.coordinator(draft.about, day_of(draft.at)))
    draft.change(
        status=Status.IN_PROGRESS,
        disputed=True,
        closes_at=None,
        promises=take_back(case.promises, resolved_at, draft.at, closed),
    )
    draft.emit(CaseReopened, reason="disputed")


def _restrict_processing(draft: Draft, *, restricted: bool) -> None:
    """Asked for again it changes nothing."""
    if draft.case.processing_restricted == restricted:
        return
    draft.change(processing_restricted=restricted)
    draft.emit(CaseProcessingRestricted, reason="asked" if restricted else "taken_back")
    if restricted and draft.case.publication is not None:
        draft.unpublish()
        draft.emit(CaseUnpublished)
