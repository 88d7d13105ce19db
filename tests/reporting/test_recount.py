"""Figures of any history, counted once more from the events alone as the system tests do it."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.reporting.domain.case import StoredCase
from services.reporting.domain.projection import project
from services.reporting.domain.tallies import tally
from shared.events.case import Pause, Promise, PromiseKind, Status
from shared.events.cases import CaseClosed, CaseReopened, CaseResolved, CaseReturned
from shared.events.envelope import CaseEnvelope
from shared.events.event import Urgency
from shared.events.reasons import ReturnReason
from tests.reporting.samples import RECEIVED_AT, a_promise, a_step, hours, ticket
from tests.reporting.tallying import DEFINITIONS, a_holding
from tests.system.recount import figures_of

BODIES = ["PUPR-52.03", "DINSOS-P3A", "PUPR-PERKIM"]


@st.composite
def promises(draw: st.DrawFn, kind: PromiseKind) -> Promise:
    promise = a_promise(kind, draw(st.sampled_from([10, 50, 100])), draw(st.sampled_from([None, 5, 50, 60, 120])))
    changes: dict[str, Any] = {}
    if promise.met_at is None or promise.met_at > promise.due_at:
        changes["breached_at"] = draw(st.sampled_from([None, promise.due_at]))
    if promise.met_at is None:
        changes["ended_at"] = draw(st.sampled_from([None, None, promise.due_at]))
    pause = Pause(started_at=RECEIVED_AT + hours(3), ended_at=draw(st.sampled_from([None, RECEIVED_AT + hours(4)])))
    changes["pauses"] = draw(st.sampled_from([(), (), (pause,)]))
    return promise.model_copy(update=changes)


@st.composite
def events(draw: st.DrawFn, sequence: int) -> CaseEnvelope:
    moved = draw(st.sampled_from([20, 55, 80]))
    one, other = draw(st.sampled_from(BODIES)), draw(st.sampled_from(BODIES))
    step = a_step(
        1,
        sequence,
        "accepted",
        status=draw(st.sampled_from(list(Status))),
        agency=draw(st.sampled_from([None, *BODIES])),
        urgency=draw(st.sampled_from(list(Urgency))),
        linked_to=draw(st.sampled_from([None, None, ticket(2)])),
        promises=tuple(draw(promises(kind)) for kind in PromiseKind),
        holdings=(a_holding(one, 0, moved), a_holding(other, moved)),
    )
    same: dict[str, Any] = step.model_dump(exclude={"type"})
    same |= {"actor_agency": draw(st.sampled_from(BODIES))}
    return draw(
        st.sampled_from(
            [
                step,
                CaseReturned(**same, reason=ReturnReason.NOT_OUR_TASK),
                CaseResolved(**same),
                CaseReopened(**same, reason="disputed"),
                CaseReopened(**same, reason="overridden"),
                CaseClosed(**same, reason="silence"),
                CaseClosed(**same, reason="confirmed", rating=draw(st.sampled_from([None, 1, 5]))),
            ]
        )
    )


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 6).flatmap(lambda length: st.tuples(*(events(number) for number in range(1, length + 1)))))
def test_given_any_history_when_it_is_tallied_then_a_plain_recount_of_its_events_counts_the_same_for_each_body(
    steps: tuple[CaseEnvelope, ...],
) -> None:
    [told] = project([(step.ticket, step) for step in steps]).values()
    defined = {figure.id for figure in DEFINITIONS.figures}

    tallies = tally(StoredCase(ticket=told.ticket, head=told.head, history=told.history), DEFINITIONS).tallies

    counted = {(one.agency, figure) for one in tallies for figure in one.figures if figure in defined}
    assert counted == figures_of([json.loads(step.model_dump_json()) for step in steps])
