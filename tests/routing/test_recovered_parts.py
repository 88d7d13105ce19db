"""What a restored database holds too much or too little of: the directory, what residents wrote, supports, heirs."""

from datetime import date, timedelta

import pytest

from services.routing.domain.follow_ups import follow
from services.routing.domain.lifting import supports
from services.routing.domain.told import Heard, Told
from services.routing.recovering.recovery import gone_parts, new_parts
from services.routing.store.directory import DirectoryStore, Edit
from services.routing.store.recovered_directory import RecoveredDirectory
from services.routing.store.recovery import Heirs, RecoveryStore
from services.routing.store.staging import Staged
from shared.events.case import Role
from shared.events.cases import CaseUnlinked
from shared.events.complaints import ComplaintSupported, ComplaintWithdrawn
from shared.events.directory import Agency, DirectoryRecorded
from shared.events.envelope import CaseEnvelope
from shared.events.personal import PersonalRecorded
from shared.ids import named_id
from shared.mongo import Database
from tests.routing.examples import AT, TICKET, a_ticket, the_directory, the_rulebook
from tests.routing.lives import Life

PLN = the_directory().agencies["PLN"]


def a_part(name: str) -> PersonalRecorded:
    return PersonalRecorded(event_id=named_id(name), ticket=TICKET, occurred_at=AT, part=name, text="Jalan rusak")


def test_given_a_backup_with_parts_that_no_topic_has_when_recovered_then_they_are_erased_again() -> None:
    """Also where the tombstone itself was compacted away."""
    staged = Staged(TICKET, Told(), {"s-1": a_part("s-1"), "f-2": a_part("f-2")}, frozenset({"f-1"}))
    document = {"personal": {"s-1": {}, "f-1": {}, "f-0": {}}, "erased": []}

    assert gone_parts(staged, document) == {"f-0", "f-1"}
    assert [part.part for part in new_parts(staged, document)] == ["f-2"]
    assert gone_parts(staged, {"erased": ["f-1"]}) == set()


def test_given_supports_of_an_open_and_of_an_ended_case_when_recovered_then_those_of_the_open_one_count() -> None:
    life = Life()
    withdrawn_at = AT + timedelta(hours=1)
    said = {"event_id": named_id("w"), "ticket": TICKET, "occurred_at": withdrawn_at}
    ended = follow(life.case, ComplaintWithdrawn.model_validate(said), withdrawn_at, the_rulebook())
    early, late = (
        ComplaintSupported(
            event_id=named_id(hours), ticket=TICKET, occurred_at=AT + timedelta(hours=hours), supporter=named_id(hours)
        )
        for hours in (0, 2)
    )
    events = tuple(event for event in (*life.told, *ended.events) if isinstance(event, CaseEnvelope))
    told = Told((Heard(early, handled=True), Heard(late, handled=True)), events)

    assert supports(told) == [early]


@pytest.mark.integration
async def test_given_a_restored_directory_when_lifted_then_it_is_as_the_topic_says_and_nothing_is_made_twice(
    database: Database,
) -> None:
    records, seeds = DirectoryStore(database), list(the_directory().agencies.values())
    await records.seed(seeds)
    renamed = Agency.model_validate(PLN.model_dump() | {"name": {"id": "PLN Baru", "en": "PLN new"}})
    edit = Edit("e-1", "agency:PLN", renamed.model_dump(mode="json"), date(2026, 11, 24), "budi", "Nama baru", AT, None)
    await records.note(edit)
    later = DirectoryRecorded(revision=3, recorded_at=AT, entry=PLN)
    edited = DirectoryRecorded(revision=2, recorded_at=AT, entry=seeds[0])

    lifted = await RecoveredDirectory(database).lift([later, edited], seeds)
    again = await RecoveredDirectory(database).lift([later, edited], seeds)

    [found] = await records.read(["agency:PLN"])
    assert (lifted, again) == (2, 0)
    assert (found.revision, found.entry) == (3, PLN)
    assert await records.planned(date(2026, 12, 1)) == []
    assert await records.seed(seeds) == 0


@pytest.mark.integration
async def test_given_a_case_that_was_taken_back_when_recovered_then_its_heir_is_the_first_that_left_it(
    database: Database,
) -> None:
    life = Life()
    lead, first, second = TICKET, a_ticket(1), a_ticket(2)
    heirs = Heirs()
    for ticket, hours in ((second, 2), (first, 1)):
        left = CaseUnlinked(
            event_id=named_id(ticket),
            ticket=ticket,
            occurred_at=AT + timedelta(hours=hours),
            case_id=ticket,
            sequence=4,
            actor=Role.RULE,
            case=life.case.snapshot,
            linked_to=lead,
        )
        heirs.note(Told(events=(left,)))
    for ticket in (lead, first):
        await database["cases"].insert_one({"_id": ticket, "case": {"status": "withdrawn"}, "sequence": 1})

    await RecoveryStore(database).mark_heirs(heirs.by_lead())

    found = await database["cases"].find_one({"_id": lead})
    assert found is not None
    assert found["heir"] == first
