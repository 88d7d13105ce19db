"""Complaints about one matter become one work item."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.routing.domain.agency import Accept, Resolve
from services.routing.domain.case import By, act
from services.routing.domain.coordination import Link, Reject, Unlink
from services.routing.domain.deeds import Deed
from services.routing.domain.draft import Actor
from services.routing.store.documents import Save, records_of
from shared.directory import Directory
from shared.events.case import Status
from shared.events.cases import CaseConcluded, CaseLinked
from shared.events.complaints import ComplaintWithdrawn
from shared.events.directory import Door
from shared.events.words import WordsRecorded
from shared.ids import follow_id, named_id
from shared.mongo import Database
from shared.records import Outgoing
from shared.topics import CASES, COMPLAINTS, PERSONAL, WORDS
from tests.routing.crowds import (
    HOLE,
    POINT,
    Replica,
    a_personal_part,
    a_submission,
    all_of,
    clusters,
    told,
)
from tests.routing.desks import on_the_day
from tests.routing.examples import AT, PUPR, SETDA, a_ticket, the_directory, the_rulebook
from tests.shared.fakes import FakePublisher
from tests.shared.received import erased, received

pytestmark = pytest.mark.integration


@pytest.fixture
async def replica(database: Database, publisher: FakePublisher) -> Replica:
    made = Replica(database, publisher)
    await made.store.create_indexes()
    await made.relay.create_index()
    return made


async def do(replica: Replica, number: int, deed: Deed, actor: Actor = PUPR) -> None:
    """As the desk does it."""
    stored = await replica.store.load(a_ticket(number))
    assert stored is not None
    by = By(actor, named_id(number, deed.action, stored.version), on_the_day())
    change = act(stored.case, deed, by, the_rulebook())
    if isinstance(deed, Link):
        await replica.store.families.lead([deed.ticket])
    save = Save(stored, (by.key,), records_of(change, ""), change, moves=True)
    assert await replica.store.save(save)
    await replica.relay.publish_new({a_ticket(number): stored.after(save).outbox})


def events_of(publisher: FakePublisher, kind: type[Any]) -> list[Any]:
    name = kind.model_fields["type"].default
    return [kind.model_validate_json(record.value or b"") for record in publisher.published if record.type == name]


def words_of(publisher: FakePublisher, number: int) -> list[str]:
    found: list[Outgoing] = [one for one in publisher.published if one.topic == WORDS.name and one.value]
    said = [WordsRecorded.model_validate_json(one.value or b"") for one in found]
    return [one.text for one in said if one.ticket == a_ticket(number)]


async def test_given_two_alike_when_both_are_here_then_the_younger_goes_on_in_the_older(
    replica: Replica, publisher: FakePublisher
) -> None:
    await replica.handle(all_of([1, 2]))

    await replica.settle()

    assert await replica.leads([1, 2]) == {1: None, 2: 1}
    [linked] = {event.event_id: event for event in events_of(publisher, CaseLinked)}.values()
    assert linked.actor == "rule"
    assert linked.similarity > 0.9
    assert linked.case.status is Status.CLOSED


@given(
    order=st.permutations(range(4)), twice=st.lists(st.integers(0, 3), max_size=3), between=st.sets(st.integers(0, 6))
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_given_two_alike_and_their_parts_in_any_order_when_all_came_then_the_cluster_is_the_same(
    database: Database, order: list[int], twice: list[int], between: set[int]
) -> None:
    publisher = FakePublisher()
    await database["cases"].delete_many({})
    replicas = [Replica(database, publisher), Replica(database, publisher)]
    records = [a_personal_part(1), a_submission(1), a_personal_part(2), a_submission(2)]

    for step, which in enumerate([*order, *twice]):
        await replicas[which % 2].handle([records[which]])
        if step in between:
            await replicas[step % 2].settle()
    await replicas[0].settle()

    assert await replicas[0].leads([1, 2]) == {1: None, 2: 1}
    assert told(publisher, "case.linked.v1") == {a_ticket(2): 1}


@given(order=st.permutations(range(6)), between=st.sets(st.integers(0, 6)))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_given_many_alike_in_any_order_when_all_came_then_they_are_one_cluster(
    database: Database, order: list[int], between: set[int]
) -> None:
    publisher = FakePublisher()
    await database["cases"].delete_many({})
    replica = Replica(database, publisher)

    for step, number in enumerate(order):
        await replica.handle(all_of([number]))
        if step in between:
            await replica.settle()
    await replica.settle()

    assert clusters(await replica.leads(range(6))) == {frozenset(range(6))}


@pytest.mark.parametrize(
    ("fields", "text", "point"),
    [
        ({"confidential": True}, HOLE, POINT),
        ({"historical": True}, HOLE, POINT),
        ({"about": "PUPR-52.03"}, HOLE, POINT),
        ({"category": "road.light", "answers": {}}, HOLE, POINT),
        ({}, "Lampu lalu lintas perempatan Sweta mati", POINT),
        ({}, HOLE, (-8.66, 116.55)),
        ({}, HOLE, None),
    ],
    ids=["confidential", "historical", "about a body", "another category", "other words", "far away", "no point"],
)
async def test_given_another_matter_or_one_that_must_not_be_joined_when_it_comes_then_it_is_a_case_of_its_own(
    replica: Replica, fields: dict[str, Any], text: str, point: tuple[float, float] | None
) -> None:
    await replica.handle(all_of([1]))
    await replica.handle([a_personal_part(2, text, point), a_submission(2, **fields)])

    await replica.settle()

    assert await replica.leads([1, 2]) == {1: None, 2: None}


@pytest.mark.parametrize("category", ["social.aid", "civil.registry", "integrity.levy"])
async def test_given_a_category_of_each_persons_own_affair_when_two_are_alike_then_they_are_not_joined(
    replica: Replica, category: str
) -> None:
    await replica.handle(all_of([1, 2], category=category, answers={}))

    await replica.settle()

    assert await replica.leads([1, 2]) == {1: None, 2: None}


async def test_given_a_younger_one_that_people_work_on_when_an_older_one_comes_late_then_the_older_goes_on_in_it(
    replica: Replica,
) -> None:
    await replica.handle(all_of([2]))
    await replica.settle()
    await do(replica, 2, Accept())

    await replica.handle(all_of([1]))
    await replica.settle()

    assert await replica.leads([1, 2]) == {1: 2, 2: None}


async def test_given_a_coordinator_unlinked_it_when_everything_comes_again_then_no_rule_links_the_two_again(
    replica: Replica,
) -> None:
    records = all_of([1, 2])
    await replica.handle(records)
    await replica.settle()

    await do(replica, 2, Unlink(), SETDA)
    await replica.handle(records)
    await replica.settle()
    await replica.store.collection.update_many({}, {"$unset": {"compared": ""}})
    await replica.store.families.mark([a_ticket(1), a_ticket(2)])
    await replica.settle()

    assert await replica.leads([1, 2]) == {1: None, 2: None}
    stored = await replica.store.load(a_ticket(2))
    assert stored is not None
    assert stored.case.snapshot.status is Status.ASSIGNED


async def test_given_two_hundred_alike_and_two_replicas_when_it_is_resolved_then_each_is_told_once(
    replica: Replica, database: Database, publisher: FakePublisher
) -> None:
    replicas = [replica, Replica(database, publisher)]
    numbers = range(200)
    await asyncio.gather(
        *(
            one.handle(all_of([number for number in numbers if number % 2 == which]))
            for which, one in enumerate(replicas)
        )
    )
    await asyncio.gather(*(one.settle() for one in replicas))
    leads = await replica.leads(numbers)
    [lead] = [number for number, to in leads.items() if to is None]

    await do(replica, lead, Resolve(text="Sudah ditambal pada hari Selasa."))
    await asyncio.gather(*(one.settle() for one in replicas))
    await asyncio.gather(*(one.settle() for one in replicas))

    assert len(clusters(leads)) == 1
    assert told(publisher, "case.concluded.v1") == {a_ticket(number): 1 for number in numbers if number != lead}
    assert words_of(publisher, (lead + 1) % 200) == ["Sudah ditambal pada hari Selasa."]


async def test_given_a_resolved_case_when_another_is_linked_to_it_later_then_it_is_told_as_well(
    replica: Replica, publisher: FakePublisher
) -> None:
    await replica.handle([*all_of([1]), a_personal_part(2, "Trotoar rusak", None), a_submission(2)])
    await replica.settle()
    await do(replica, 1, Resolve(text="Sudah ditambal."))
    await replica.settle()

    await do(replica, 2, Link(ticket=a_ticket(1)), SETDA)
    await replica.settle()
    await replica.settle()

    [concluded] = {one.event_id: one for one in events_of(publisher, CaseConcluded)}.values()
    assert (concluded.ticket, concluded.linked_to, concluded.outcome) == (a_ticket(2), a_ticket(1), "resolved")
    assert concluded.event_id == follow_id(concluded.cause, a_ticket(2))


async def test_given_the_words_of_an_outcome_when_one_reporters_are_erased_then_the_others_keep_theirs(
    replica: Replica, publisher: FakePublisher
) -> None:
    await replica.handle(all_of([1, 2, 3]))
    await replica.settle()

    await do(replica, 1, Resolve(text="Sudah ditambal."))
    await replica.settle()

    keys = {one.key.partition(":")[0] for one in publisher.published if one.topic == WORDS.name}
    assert keys == {a_ticket(1), a_ticket(2), a_ticket(3)}


async def test_given_a_confidential_lead_when_it_is_rejected_then_the_others_hear_why_without_its_words(
    replica: Replica, publisher: FakePublisher
) -> None:
    await replica.handle([*all_of([1]), a_personal_part(2, "Trotoar rusak", None), a_submission(2)])
    await replica.handle(
        [a_personal_part(3, "Lain", None), a_submission(3, confidential=True, category="other", answers={})]
    )
    await replica.settle()
    await do(replica, 2, Link(ticket=a_ticket(3)), SETDA)

    await do(replica, 3, Reject(reason="in_court", text="Sudah di pengadilan."), SETDA)  # type: ignore[arg-type]
    await replica.settle()

    [concluded] = {one.event_id: one for one in events_of(publisher, CaseConcluded)}.values()
    assert (concluded.ticket, concluded.outcome, concluded.reason) == (a_ticket(2), "rejected", "in_court")
    assert concluded.words is None
    assert words_of(publisher, 2) == []


async def test_given_a_lead_that_its_reporter_withdraws_when_others_have_the_trouble_then_the_oldest_goes_on(
    replica: Replica,
) -> None:
    await replica.handle(all_of([1, 2, 3, 4]))
    await replica.settle()
    withdrawn = ComplaintWithdrawn(event_id=named_id("w"), ticket=a_ticket(1), occurred_at=AT)

    await replica.handle([received(COMPLAINTS, withdrawn)])
    await replica.settle()

    assert await replica.leads([1, 2, 3, 4]) == {1: None, 2: None, 3: 2, 4: 2}
    stored = await replica.store.load(a_ticket(2))
    assert stored is not None
    assert stored.case.snapshot.status is Status.ASSIGNED


async def test_given_a_lead_that_a_coordinator_links_to_another_then_those_linked_to_it_follow(
    replica: Replica, publisher: FakePublisher
) -> None:
    await replica.handle(all_of([1, 2, 3]))
    await replica.handle([a_personal_part(9, "Trotoar pecah di alun-alun", None), a_submission(9)])
    await replica.settle()

    await do(replica, 1, Link(ticket=a_ticket(9)), SETDA)
    await replica.settle()
    await do(replica, 9, Resolve(text="Selesai."))
    await replica.settle()

    assert await replica.leads([1, 2, 3, 9]) == {1: 9, 2: 9, 3: 9, 9: None}
    assert told(publisher, "case.concluded.v1") == {a_ticket(number): 1 for number in (1, 2, 3)}


async def test_given_what_was_written_is_erased_when_another_of_the_matter_comes_then_nothing_is_compared(
    replica: Replica,
) -> None:
    await replica.handle(all_of([1]))
    await replica.handle([erased(PERSONAL, f"{a_ticket(1)}:s-1")])

    await replica.handle(all_of([2]))
    await replica.settle()

    assert await replica.leads([1, 2]) == {1: None, 2: None}
    document = await replica.store.collection.find_one({"_id": a_ticket(1)})
    assert document is not None
    assert "spots" not in document
    assert "pasar" not in str(document)


async def test_given_a_disaster_when_alike_complaints_come_then_they_are_joined_before_anybody_is_told(
    database: Database, publisher: FakePublisher
) -> None:
    directory = Directory.of(*the_directory().categories.values(), Door(disaster_until=AT + timedelta(days=1)))
    replica = Replica(database, publisher, directory)
    await replica.store.create_indexes()

    await replica.handle(all_of([1, 2, 3]))

    assert await replica.leads([1, 2, 3]) == {1: None, 2: 1, 3: 1}
    told_of_two = [one.type for one in publisher.published if one.topic == CASES.name and one.key == a_ticket(2)]
    assert told_of_two[:2] == ["case.opened.v1", "case.assigned.v1"]
    assert told_of_two[-1] == "case.linked.v1"


async def test_given_one_text_a_thousand_times_without_a_place_when_it_floods_then_it_is_one_work_item(
    replica: Replica,
) -> None:
    campaign = (
        "Kami menolak tambang emas di hulu sungai Sekotong, merkuri meracuni sumur, sawah dan tambak seluruh desa"
    )
    for start in range(0, 1_000, 250):
        numbers = range(start, start + 250)
        records = [one for n in numbers for one in (a_personal_part(n, campaign, None), a_submission(n, region=None))]
        await replica.handle(records)

    await replica.settle()

    assert len(clusters(await replica.leads(range(1_000)))) == 1
