"""Follow-ups from the topic to stored cases."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.routing.handlers import ComplaintHandler
from services.routing.store.cases import CaseStore
from shared.events.case import Status
from shared.events.cases import FollowUpRefused
from shared.events.complaints import (
    Afterwards,
    ComplaintSupplemented,
    ComplaintSupported,
    ComplaintWithdrawn,
    ContactChanged,
    QuestionAnswered,
)
from shared.events.personal import PersonalRecorded
from shared.ids import named_id
from shared.mongo import Database
from shared.outbox import OutboxRelay
from shared.records import Received
from shared.topics import CASES, COMPLAINTS, PERSONAL
from shared.waiters import Waiters
from tests.routing.desks import CASE, COORDINATOR, OFFICER, a_desk, on_the_day, press
from tests.routing.examples import AT, TICKET, a_complaint, a_ticket, the_rulebook
from tests.shared.fakes import FakePublisher
from tests.shared.received import received

pytestmark = pytest.mark.integration
SUBMITTED = received(COMPLAINTS, a_complaint())


@pytest.fixture
def handle(store: CaseStore, relay: OutboxRelay) -> ComplaintHandler:
    return ComplaintHandler(store, relay, the_rulebook, Waiters(), now=on_the_day)


def told(kind: type[Afterwards], ticket: str = TICKET, *, at: datetime = AT, **fields: Any) -> Received:
    common = {"event_id": uuid4(), "ticket": ticket, "occurred_at": at, "part": "f-1"}
    return received(COMPLAINTS, kind.model_validate(common | fields))


async def status(store: CaseStore, ticket: str = TICKET) -> Status | None:
    stored = await store.load(ticket)
    return stored.case.snapshot.status if stored else None


async def test_given_a_withdrawal_when_it_is_delivered_twice_then_it_is_done_once(
    handle: ComplaintHandler, store: CaseStore, publisher: FakePublisher
) -> None:
    withdrawn = told(ComplaintWithdrawn)

    await handle([SUBMITTED])
    await handle([withdrawn, withdrawn])
    await handle([withdrawn])

    assert await status(store) is Status.WITHDRAWN
    assert publisher.kinds() == ["case.opened.v1", "case.assigned.v1", "case.withdrawn.v1"]


@pytest.mark.parametrize("batches", ["apart", "follow-up first in one", "one"])
async def test_given_a_follow_up_before_its_submission_when_that_comes_then_it_is_applied(
    handle: ComplaintHandler, store: CaseStore, database: Database, batches: str
) -> None:
    withdrawn = told(ComplaintWithdrawn)
    match batches:
        case "apart":
            await handle([withdrawn])
            await handle([withdrawn])
            assert await store.load(TICKET) is None
            await handle([SUBMITTED])
        case "follow-up first in one":
            await handle([withdrawn, SUBMITTED])
        case _:
            await handle([SUBMITTED, withdrawn])

    assert await status(store) is Status.WITHDRAWN
    document = await database["cases"].find_one({"_id": TICKET})
    assert document is not None
    assert "waiting" not in document


async def test_given_a_crash_after_the_opening_when_the_batch_comes_again_then_what_waited_is_applied(
    handle: ComplaintHandler, store: CaseStore, publisher: FakePublisher
) -> None:
    await handle([told(ComplaintWithdrawn)])
    publisher.reachable = False
    await handle([SUBMITTED])
    publisher.reachable = True

    await handle([SUBMITTED])

    assert await status(store) is Status.WITHDRAWN


async def test_given_several_follow_ups_in_a_batch_when_they_are_handled_then_they_are_one_write_in_order(
    handle: ComplaintHandler, store: CaseStore
) -> None:
    await handle([SUBMITTED])
    later = AT + timedelta(hours=1)

    await handle([told(ComplaintSupplemented), told(ComplaintWithdrawn, at=later), told(QuestionAnswered, at=later)])

    stored = await store.load(TICKET)
    assert stored is not None
    assert stored.version == 2
    assert [line.type for line in stored.history][2:] == [
        "complaint.supplemented.v1",
        "complaint.withdrawn.v1",
        "case.withdrawn.v1",
        "question.answered.v1",
        "follow_up.refused.v1",
    ]


async def test_given_a_dispute_of_nothing_when_it_comes_then_the_refusal_names_it_and_what_is_possible(
    handle: ComplaintHandler, publisher: FakePublisher
) -> None:
    answered = told(QuestionAnswered)

    await handle([SUBMITTED, answered])

    refused = FollowUpRefused.model_validate_json(publisher.published[-1].value or b"")
    assert refused.cause == answered.event.event_id
    assert set(refused.allowed) == {"supplement", "withdraw", "change_contact"}


async def test_given_many_desks_when_follow_ups_come_meanwhile_then_none_is_lost(
    handle: ComplaintHandler, store: CaseStore, relay: OutboxRelay
) -> None:
    await handle([SUBMITTED])
    async with a_desk(store, relay) as desk:
        answers = await asyncio.gather(
            *(handle([told(ComplaintSupplemented)]) for _ in range(10)),
            *(press(desk, "note", {"text": "x"}) for _ in range(5)),
        )

    stored = await store.load(TICKET)
    assert stored is not None
    kinds = [line.type for line in stored.history]
    written = [answer for answer in answers if answer is not None and answer.status_code == 200]
    assert (kinds.count("complaint.supplemented.v1"), kinds.count("note")) == (10, len(written))
    assert written


async def test_given_supports_when_they_come_then_each_counts_once_and_the_case_stays_as_it_is(
    handle: ComplaintHandler, store: CaseStore, relay: OutboxRelay
) -> None:
    await handle([SUBMITTED])
    supports = [told(ComplaintSupported, supporter=named_id(number)) for number in range(3)]
    unknown = told(ComplaintSupported, a_ticket(1), supporter=named_id("x"))

    await handle([*supports, supports[0], unknown])
    await handle(supports)

    stored = await store.load(TICKET)
    assert stored is not None
    assert (stored.version, await store.count_supports(TICKET)) == (1, 3)
    assert await store.count_supports(a_ticket(1)) == 0
    async with a_desk(store, relay) as desk:
        assert (await desk.get(CASE, headers=COORDINATOR)).json()["supports"] == 3


async def test_given_a_case_that_is_over_when_it_is_supported_then_that_counts_for_nothing(
    handle: ComplaintHandler, store: CaseStore
) -> None:
    await handle([SUBMITTED, told(ComplaintWithdrawn)])

    await handle([told(ComplaintSupported, supporter=named_id(1))])

    assert await store.count_supports(TICKET) == 0


async def test_given_another_contact_when_the_desk_asks_who_the_reporter_is_then_it_is_the_new_one(
    handle: ComplaintHandler, store: CaseStore, relay: OutboxRelay
) -> None:
    first = PersonalRecorded(event_id=named_id(1), ticket=TICKET, occurred_at=AT, part="s-1", text="x", name="Siti")
    other = first.model_copy(update={"part": "f-1", "name": "Siti Aminah", "phone": "+628123456789", "text": ""})

    await handle([received(PERSONAL, first), SUBMITTED])
    await handle([received(PERSONAL, other), told(ContactChanged, has_contact=True)])

    async with a_desk(store, relay) as desk:
        answer = await desk.get(f"{CASE}/identity", headers=OFFICER)
    known = {"name": "Siti Aminah", "email": None, "phone": "+628123456789"}
    assert answer.json() == known | {"channel": "api", "source": None, "subject": None}


async def test_given_an_answer_when_the_desk_reads_the_history_then_its_words_are_there_until_they_are_erased(
    handle: ComplaintHandler, store: CaseStore, relay: OutboxRelay
) -> None:
    words = PersonalRecorded(event_id=named_id(1), ticket=TICKET, occurred_at=AT, part="f-1", text="Sisi utara")
    await handle([SUBMITTED])
    async with a_desk(store, relay) as desk:
        await press(desk, "ask", {"text": "Di sisi mana?"})
        await handle([received(PERSONAL, words), told(QuestionAnswered)])
        seen = (await desk.get(CASE, headers=OFFICER)).json()
        await store.erase_personal([words.key])
        erased = (await desk.get(CASE, headers=OFFICER)).json()

    assert [(line["type"], line["text"]) for line in seen["history"]][2:] == [
        ("case.information_requested.v1", "Di sisi mana?"),
        ("question.answered.v1", "Sisi utara"),
        ("case.resumed.v1", None),
    ]
    assert "utara" not in str(erased)


async def test_given_a_broker_that_is_away_when_a_follow_up_comes_then_its_event_is_published_by_the_sweep(
    handle: ComplaintHandler, relay: OutboxRelay, publisher: FakePublisher
) -> None:
    await handle([SUBMITTED])
    publisher.reachable = False
    await handle([told(ComplaintWithdrawn)])
    publisher.reachable = True

    await relay.sweep_once(AT + timedelta(days=40_000))

    assert publisher.kinds()[-1] == "case.withdrawn.v1"
    assert {record.topic for record in publisher.published} == {CASES.name}
