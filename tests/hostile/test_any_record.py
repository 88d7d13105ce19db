"""Whatever lies in a record: it is understood, skipped, or rejected with a reason; nothing else ever happens."""

from datetime import UTC, datetime
from typing import Any, Final

from aiokafka import ConsumerRecord
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.erasing.reading import Cases, Complaints, part_of, read_as, ticket_of_part
from services.notification.handlers import read_news
from services.reporting.domain.case import StoredCase
from services.reporting.domain.projection import project
from services.reporting.domain.tallies import tally
from services.reporting.handlers import told
from shared.dead_letters import dead_letter_headers, is_reference, is_resume, place_of
from shared.errors import Rejected
from shared.follower import DirectoryFollower
from shared.records import Received, Record, Unknown, read_record
from shared.scanning import time_of, type_of
from shared.settings import KafkaSettings
from shared.topics import CASES, DIRECTORY, EVENT_TOPICS, REDRIVES
from tests.hostile.corpus import KINDS, MARK, Wire, a_good, a_ticket
from tests.hostile.mutations import mutated
from tests.reporting.tallying import DEFINITIONS

TOPICS: Final = {f"ntbcare.{topic.name}": topic for topic in EVENT_TOPICS}
LONG_AGO: Final = datetime(1990, 1, 1, tzinfo=UTC)
ANY_RECORD = st.builds(mutated, st.integers(0, 10**9), st.just(0))
THOROUGH = settings(max_examples=400, deadline=None)


def as_read(wire: Wire, topic: str = "") -> Record:
    """As the broker gives it back."""
    return ConsumerRecord(
        topic=topic or f"ntbcare.{wire.topic.name}",
        partition=0,
        offset=7,
        timestamp=1_795_000_000_000,
        timestamp_type=0,
        key=wire.key,
        value=wire.value,
        checksum=None,
        serialized_key_size=0,
        serialized_value_size=0,
        headers=wire.headers,  # type: ignore[arg-type]
    )


def understood(wire: Wire, unknown: Unknown = Unknown.ENVELOPE) -> Received | None:
    try:
        return read_record(as_read(wire), TOPICS, unknown)
    except Rejected as rejected:
        reason = rejected.reason
    assert 0 < len(reason) < 1_000
    assert MARK.split()[0] not in reason
    return None


def test_given_the_corpus_when_it_is_read_then_it_holds_every_type_and_all_of_it_is_understood() -> None:
    records = [a_good(kind, a_ticket(1), number) for kind in KINDS for number in range(100)]

    assert {wire.kind for wire in records} == set(KINDS)
    assert all(understood(wire) for wire in records)
    assert any(MARK.encode() in (wire.value or b"") for wire in records)


def test_given_a_number_and_a_seed_when_they_are_used_again_then_the_record_is_the_same() -> None:
    assert [mutated(number, 5) for number in range(50)] == [mutated(number, 5) for number in range(50)]
    assert mutated(1, 5) != mutated(1, 6)


@THOROUGH
@given(ANY_RECORD, st.sampled_from(list(Unknown)))
def test_given_any_record_when_it_is_read_then_only_rejected_is_raised(wire: Wire, unknown: Unknown) -> None:
    received = understood(wire, unknown)

    assert received is None or received.topic is wire.topic


@THOROUGH
@given(ANY_RECORD)
def test_given_any_record_when_it_is_parked_then_its_letter_can_be_made(wire: Wire) -> None:
    record = as_read(wire, "ntbcare.reporting.redrive")

    headers = dead_letter_headers("reporting", record, REDRIVES["reporting"], "a reason")

    assert "Maryam" not in str(place_of(record, wire.topic))
    assert dict(headers)["dead_letter_reason"] == b"a reason"
    assert isinstance(is_reference(record) or is_resume(record), bool)


@THOROUGH
@given(st.lists(ANY_RECORD, max_size=5))
def test_given_any_records_when_they_are_projected_and_counted_then_at_most_one_is_rejected(wires: list[Wire]) -> None:
    received = [one for wire in wires if wire.topic is not DIRECTORY and (one := understood(wire)) is not None]
    news = read_news([one for one in received if one.topic.name != "notices"])

    try:
        projections = project((one.ticket, told(one)) for one in received)
    except Rejected:
        return

    assert set(news.contacts) <= {one.ticket for one in received}
    for projection in projections.values():
        case = StoredCase(ticket=projection.ticket, head=projection.head, history=projection.history)
        assert bool(tally(case, DEFINITIONS).tallies) <= (projection.head is not None)


@THOROUGH
@given(st.lists(ANY_RECORD, max_size=20))
def test_given_any_records_when_the_janitor_reads_them_then_its_pass_comes_to_an_end(wires: list[Wire]) -> None:
    complaints, cases = Complaints(), Cases()

    for record in map(as_read, wires):
        complaints.take(a_ticket(0), record, LONG_AGO)
        kind = type_of(record)
        if kind in CASES.types:
            cases.take(a_ticket(0), read_as(CASES.types[kind], record))
        assert part_of(record, has_event=True, reads_photos=True).at == time_of(record)
        assert ticket_of_part(record) is None or b":" in (record.key or b"")
    complaints.names.settle()
    complaints.erased.settle()
    cases.ended.settle()

    assert set(complaints.requests) <= {a_ticket(0)}


@THOROUGH
@given(st.lists(ANY_RECORD, max_size=20))
def test_given_any_records_on_the_directory_when_they_are_followed_then_all_are_taken_in_or_refused(
    wires: list[Wire],
) -> None:
    follower, heard = DirectoryFollower(KafkaSettings()), list[str]()
    follower.on_change.append(heard.append)

    for wire in wires:
        follower.take(as_read(wire, "ntbcare.directory"))

    known: list[Any] = [*follower.directory.categories.values(), *follower.directory.agencies.values()]
    assert len(known) <= len(heard)
    assert follower.directory.door.id == "province"
