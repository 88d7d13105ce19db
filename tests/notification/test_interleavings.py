"""Whatever order the topics are read in, and whatever is read again: each mail once, saying what it should."""

from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from itertools import count

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from shared.events.event import Event, Language
from shared.records import Received
from shared.topics import PERSONAL, WORDS
from tests.notification.examples import (
    AGENCY_ADDRESS,
    WRITTEN,
    a_person,
    a_resolution,
    a_submission,
    a_ticket,
    an_assignment,
    an_erasure,
    an_opening,
    the_words,
)
from tests.notification.replica import Replica, finished
from tests.shared.received import erased
from tests.smtp_sink import Sink

pytestmark = pytest.mark.integration

KEYS = ("submissions", "person", "other person", "case", "words")
_numbers = count(1_000)


@dataclass(frozen=True)
class Reading:
    """How a consumer reads: moves of one key each, which first go back some records; batches end after some moves."""

    moves: list[tuple[str, int, bool]]
    last: list[str]
    """In which order the keys are read to their ends."""

    def batches(self, keys: dict[str, Sequence[Event | Received]]) -> list[list[Event | Received]]:
        places = dict.fromkeys(keys, 0)
        batches: list[list[Event | Received]] = [[]]
        for key, back, ends in self.moves:
            place = max(0, places[key] - back)
            batches[-1] += keys[key][place : place + 1]
            places[key] = min(place + 1, len(keys[key]))
            if ends:
                batches.append([])
        return [*batches, *([*keys[key][places[key] :]] for key in self.last)]


readings = st.builds(
    Reading,
    st.lists(st.tuples(st.sampled_from(KEYS), st.integers(0, 2), st.booleans()), max_size=25),
    st.permutations(KEYS),
)
many = hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def what_is_said(ticket: str) -> dict[str, Sequence[Event | Received]]:
    """A ticket that two bodies were submitted for; the first one counts."""
    return {
        "submissions": [a_submission(ticket), a_submission(ticket, "s-2")],
        "person": [a_person(ticket, email=f"{ticket}@one.example", name="Siti Aminah", language=Language.ENGLISH)],
        "other person": [a_person(ticket, "s-2", email=f"{ticket}@two.example", name="Somebody Else")],
        "case": [an_opening(ticket), an_assignment(ticket), a_resolution(ticket)],
        "words": [the_words(ticket=ticket)],
    }


def to_reporter(sink: Sink, ticket: str) -> list[EmailMessage]:
    return [message for message in sink.taken if str(message["To"]) == f"{ticket}@one.example"]


def to_agency(sink: Sink, ticket: str) -> list[EmailMessage]:
    return [message for message in sink.taken if message["To"] == AGENCY_ADDRESS and ticket in plain(message)]


def plain(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    return part.get_content()


@given(reading=readings)
@many
async def test_given_any_reading_of_the_topics_when_all_is_heard_then_each_mail_went_out_once_and_right(
    sending: Replica, sink: Sink, reading: Reading
) -> None:
    ticket = a_ticket(next(_numbers))
    sink.taken.clear()
    told = len(sending.notices())

    for batch in reading.batches(what_is_said(ticket)):
        await sending.hear(*batch)
    await finished(sending)

    (agency,) = to_agency(sink, ticket)
    mails = to_reporter(sink, ticket)
    assert "Pelapor: Siti Aminah" in plain(agency)
    assert sorted(str(mail["Subject"]).replace(ticket, "T") for mail in mails) == [
        "Complaint T is said to be resolved: is it?",
        "Complaint T is with Public Works of East Lombok",
        "We have received your complaint: T",
    ]
    assert [WRITTEN in plain(mail) for mail in mails].count(True) == 1
    assert not [message for message in sink.taken if "two.example" in str(message["To"])]
    assert len(sending.notices()) - told == 4


@given(reading=readings, whole=st.sampled_from(["tombstones", "the ticket", "both"]))
@many
async def test_given_erasures_among_the_records_when_all_is_heard_then_nothing_is_left_and_nothing_went_twice(
    sending: Replica, sink: Sink, reading: Reading, whole: str
) -> None:
    ticket = a_ticket(next(_numbers))
    sink.taken.clear()
    said = what_is_said(ticket)
    if whole != "the ticket":
        said["person"] = [*said["person"], erased(PERSONAL, f"{ticket}:s-1")]
    if whole != "tombstones":
        said["submissions"] = [*said["submissions"], an_erasure(ticket)]
    said["words"] = [*said["words"], erased(WORDS, f"{ticket}:{a_resolution(ticket).event_id}")]

    for batch in reading.batches(said):
        await sending.hear(*batch)
    await finished(sending)

    stored = await sending.deliveries(ticket=ticket)
    assert {one["state"] for one in stored} <= {"sent", "suppressed"}
    assert len(stored) == 4
    assert len(to_agency(sink, ticket)) == 1
    sent = [one for one in stored if one["recipient"] == "reporter" and one["state"] == "sent"]
    assert sorted(str(mail["Message-ID"]) for mail in to_reporter(sink, ticket)) == sorted(
        f"<{one['_id']}@localhost>" for one in sent
    )
    book = await sending.database["contacts"].find_one({"_id": ticket})
    assert "one.example" not in str(book)
    assert WRITTEN not in str(book)
