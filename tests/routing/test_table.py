"""Every state, action and role against the one table."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from services.routing.domain.agency import Accept, Delegate, Forward, Progress, PutOnBudget, Resolve, Return, Split
from services.routing.domain.case import DEEDS, By, act
from services.routing.domain.clocks import sweep
from services.routing.domain.coordination import Assign, Decide, Link, Override, Reclassify, Reject, Unlink, Uphold
from services.routing.domain.deeds import Ask, Deed, Note
from services.routing.domain.draft import Actor, Case, Change
from services.routing.domain.families import Lead, Outcome, align, join
from services.routing.domain.follow_ups import ACTIONS, follow
from services.routing.domain.publication import Publish, Restrict, Unpublish
from services.routing.domain.table import FOLLOW_UPS, TABLE, Action, ActionRefused, Row, allowed, is_possible
from shared.events.case import Role, Status
from shared.events.cases import FollowUpRefused
from shared.events.complaints import FollowUp
from shared.events.envelope import CaseEnvelope
from shared.ids import named_id
from tests.routing.examples import AT, PUPR, SETDA, TICKET, a_ticket, standing, the_rulebook

ROAD = "Jalan di depan pasar"
DESK = {
    Action.ASSIGN: Assign(agency="PUPR-52.01"),
    Action.DECIDE: Decide(agency="PUPR-52.01", text=ROAD),
    Action.OVERRIDE: Override(agency="PUPR-52.01", text=ROAD),
    Action.UPHOLD: Uphold(text=ROAD),
    Action.RECLASSIFY: Reclassify(category="road.light"),
    Action.RESTRICT: Restrict(anonymous=True),
    Action.REJECT: Reject(reason="in_court", text=ROAD),  # type: ignore[arg-type]
    Action.LINK: Link(ticket=a_ticket(1)),
    Action.UNLINK: Unlink(),
    Action.PUBLISH: Publish(text=ROAD),
    Action.UNPUBLISH: Unpublish(),
    Action.ACCEPT: Accept(),
    Action.RETURN: Return(reason="not_our_task", text=ROAD),  # type: ignore[arg-type]
    Action.FORWARD: Forward(agency="PLN", text=ROAD),
    Action.DELEGATE: Delegate(officer="ani"),
    Action.PROGRESS: Progress(text=ROAD),
    Action.BUDGET: PutOnBudget.model_validate({"budget": {"year": 2027, "line": "Jalan"}, "text": ROAD}),
    Action.ASK: Ask(text=ROAD),
    Action.SPLIT: Split.model_validate({"parts": [{"agency": "PLN", "text": ROAD}]}),
    Action.RESOLVE: Resolve(text=ROAD),
    Action.NOTE: Note(text=ROAD),
}
"""A deed an action."""
RIGHTS = {Action.RESTRICT_PROCESSING, Action.REQUEST_ERASURE}
"""What is never refused to a reporter."""
PEOPLE = {
    Role.OFFICER: PUPR,
    Role.AGENCY_HEAD: Actor(Role.AGENCY_HEAD, "citra", "PUPR-52.03"),
    Role.COORDINATOR: SETDA,
}
_UNHELD: dict[str, Any] = {"agency": None, "holdings": ()}


def standings() -> Iterator[Case]:
    """Cases of every state, with and without what guards look at."""
    for status in Status:
        held: dict[str, Any] = _UNHELD if status in {Status.RECEIVED, Status.IN_TRIAGE} else {}
        resolved: dict[str, Any] = {"resolved_at": AT, "closes_at": AT} if status is Status.RESOLVED else {}
        usual: dict[str, Any] = {"status": status} | held | resolved
        if status is Status.AWAITING_REPORTER:
            usual["resumes_as"] = Status.ACCEPTED
            yield standing(**usual | _UNHELD | {"resumes_as": Status.IN_TRIAGE})
        yield standing(**usual)
        yield standing(**usual, bound=True)
        yield standing(**usual, disagreed=True)
        yield standing(**usual, disputed=True)
        yield standing(**usual, confidential=True)
        yield standing(**usual, processing_restricted=True)
        yield standing(**usual, publication=f"{TICKET}:{named_id('words')}")
        yield standing(**usual, parts=[a_part("resolved")])
        yield standing(**usual, parts=[a_part("accepted")])
        yield standing(**usual | {"linked_to": a_ticket(1), "resumes_as": Status.IN_PROGRESS})


def a_part(status: str) -> dict[str, Any]:
    return {"case_id": f"{TICKET}.1", "agency": "PLN", "status": status, "since": AT}


def rows_for(case: Case, action: Action, role: Role) -> list[Row]:
    return [row for row in TABLE if row.action is action and role in row.roles and is_possible(row, case.snapshot)]


def check(case: Case, change: Change, row: Row) -> None:
    """What became of it is what the row says."""
    events = [event for event in change.events if isinstance(event, CaseEnvelope)]
    assert {type(event) for event in events} <= row.emits
    assert bool(events) == bool(row.emits)
    assert change.case.snapshot.status in (row.to or {case.snapshot.status})
    assert [event.sequence for event in events] == list(range(case.sequence + 1, change.case.sequence + 1))
    assert not events or events[-1].case == change.case.snapshot
    assert change.history


@pytest.mark.parametrize("role", PEOPLE)
@pytest.mark.parametrize("action", DESK)
def test_given_any_state_when_the_desk_acts_then_the_table_decides(action: Action, role: Role) -> None:
    for case in standings():
        rows = rows_for(case, action, role)
        by = By(PEOPLE[role], named_id("key"), AT)
        if rows:
            check(case, act(case, DESK[action], by, the_rulebook()), rows[0])
            continue
        with pytest.raises(ActionRefused) as refused:
            act(case, DESK[action], by, the_rulebook())
        assert refused.value.why
        assert refused.value.allowed == allowed(case.snapshot, role)
        assert action not in refused.value.allowed


@pytest.mark.parametrize("kind", ACTIONS, ids=lambda kind: kind.__name__)
def test_given_any_state_when_the_reporter_acts_then_the_table_decides(kind: type[FollowUp]) -> None:
    fields: dict[str, Any] = {"ticket": TICKET, "occurred_at": AT, "part": "f-1", "has_contact": True}
    fields["event_id"] = named_id(kind.__name__)
    for case in standings():
        event = kind.model_validate(fields | {"restricted": not case.snapshot.processing_restricted})
        change = follow(case, event, AT, the_rulebook())

        rows = rows_for(case, ACTIONS[kind], Role.REPORTER)
        if rows:
            check(case, change, rows[0])
            continue
        refused = change.events[-1]
        assert isinstance(refused, FollowUpRefused)
        assert change.case.snapshot == case.snapshot
        assert (refused.cause, refused.follow_up) == (event.event_id, FOLLOW_UPS[ACTIONS[kind]])
        possible = set(allowed(case.snapshot, Role.REPORTER)) - {Action.SUPPORT} - RIGHTS
        assert set(refused.allowed) == {FOLLOW_UPS[action] for action in possible}


def test_given_any_state_when_a_silence_is_over_then_only_a_resolved_case_is_closed() -> None:
    for case in standings():
        later = sweep(case, AT.replace(year=2027, month=1, day=1), the_rulebook()).case

        assert (later.snapshot.status != case.snapshot.status) == bool(rows_for(case, Action.CLOSE, Role.CLOCK))


RULES: dict[Action, Callable[[Case], Change]] = {
    Action.LINK: lambda case: join(case, a_ticket(2), 0.9, AT, the_rulebook()),
    Action.UNLINK: lambda case: align(case, Lead(a_ticket(1), a_ticket(2)), {a_ticket(2)}, AT, the_rulebook()),
    Action.RELINK: lambda case: align(case, Lead(a_ticket(1), a_ticket(2)), (), AT, the_rulebook()),
    Action.CONCLUDE: lambda case: align(
        case, Lead(a_ticket(1), outcome=Outcome(named_id("x"), "resolved", text=ROAD)), (), AT, the_rulebook()
    ),
}
"""What a rule does with cases of one matter."""


@pytest.mark.parametrize("action", RULES)
def test_given_any_state_when_a_rule_joins_or_parts_cases_then_the_table_decides(action: Action) -> None:
    for case in standings():
        rows = rows_for(case, action, Role.RULE)
        if rows:
            check(case, RULES[action](case), rows[0])
            continue
        with pytest.raises(ActionRefused):
            RULES[action](case)


def test_given_the_actions_when_rows_are_looked_for_then_every_one_is_possible_for_somebody() -> None:
    assert {row.action for row in TABLE} == set(Action)
    by_themselves = {Action.CLOSE, Action.HAND_OVER, Action.RELINK, Action.CONCLUDE}
    others = {Action.SUPPORT} | by_themselves | RIGHTS
    assert set(DESK) == set(DEEDS) == set(Action) - set(FOLLOW_UPS) - others
    assert set(ACTIONS.values()) == set(FOLLOW_UPS) | RIGHTS


def test_given_two_rows_of_an_action_when_their_states_meet_then_no_role_is_in_both() -> None:
    pairs = [(one, other) for one in TABLE for other in TABLE if one is not other and one.action is other.action]

    assert [pair for pair in pairs if pair[0].roles & pair[1].roles and pair[0].source & pair[1].source] == []


@pytest.mark.parametrize("deed", DESK.values(), ids=lambda deed: deed.action)
def test_given_a_deed_when_it_is_done_twice_with_one_key_then_the_events_have_the_same_ids(deed: Deed) -> None:
    case = next(case for case in standings() for role in PEOPLE if rows_for(case, deed.action, role))
    actor = next(actor for role, actor in PEOPLE.items() if rows_for(case, deed.action, role))
    by = By(actor, named_id("key"), AT)

    first, again = act(case, deed, by, the_rulebook()), act(case, deed, by, the_rulebook())

    assert first == again
    ids = [event.event_id for event in first.events if isinstance(event, CaseEnvelope)]
    assert len(set(ids)) == len(ids)
