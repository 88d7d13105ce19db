from dataclasses import dataclass, replace
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest

from services.notification.domain.contacts import Contact
from services.notification.writing import Draft
from shared.events.notices import NoticeFailed, NoticeKind, NoticeSuppressed
from shared.mongo import Database
from shared.topics import PERSONAL
from tests.notification.examples import (
    AGENCY,
    AGENCY_ADDRESS,
    AT,
    REPORTER_ADDRESS,
    TICKET,
    WRITTEN,
    a_directory,
    a_person,
    a_resolution,
    a_submission,
    a_ticket,
    an_assignment,
    an_opening,
    the_words,
)
from tests.notification.replica import Clock, Replica, a_replica, finished
from tests.shared.fakes import FakePublisher
from tests.shared.received import erased
from tests.smtp_sink import Sink
from tests.waiting import until

pytestmark = pytest.mark.integration


@dataclass(frozen=True)
class Broken:
    """Writes as a test tells it to."""

    write: Any


async def test_given_a_whole_case_when_heard_then_each_mail_goes_out_once_and_is_told(
    sending: Replica, sink: Sink
) -> None:
    await sending.hear(a_submission(), a_person(), an_opening(), an_assignment(), the_words(), a_resolution())
    await finished(sending)

    assert sink.recipients() == [AGENCY_ADDRESS, *[REPORTER_ADDRESS] * 3]
    assert {notice.kind for notice in sending.sent()} == {"received", "assigned", "new_case", "resolved"}
    assert {notice.attempts for notice in sending.sent()} == {1}
    resolved = next(message for message in sink.taken if "selesai" in str(message["Subject"]))
    plain = resolved.get_body(("plain",))
    assert plain is not None
    assert WRITTEN in plain.get_content()
    assert [part.get_content_type() for part in resolved.iter_parts()] == ["text/plain", "text/html"]
    assert {f"<{stored['_id']}@localhost>" for stored in await sending.deliveries()} == {
        str(message["Message-ID"]) for message in sink.taken
    }


async def test_given_many_mails_when_sent_then_four_connections_carry_them_and_none_goes_twice(
    sending: Replica, sink: Sink
) -> None:
    tickets = [a_ticket(number) for number in range(200)]
    people = [a_person(ticket, email=f"r{number}@example.id") for number, ticket in enumerate(tickets)]

    await sending.hear(*people, *map(a_submission, tickets), *map(an_opening, tickets))
    await finished(sending)

    assert len(sink.taken) == 200
    assert len(set(sink.recipients())) == 200
    assert len(sink.connections) <= 4
    assert len(sending.sent()) == 200


async def test_given_a_refusal_for_now_when_the_delay_is_over_then_the_mail_goes_out(
    sending: Replica, sink: Sink, clock: Clock
) -> None:
    sink.answer(REPORTER_ADDRESS, "451 come back later")
    await sending.hear(a_submission(), a_person(), an_opening())
    await until(lambda: sink.asked == 1)
    await until(lambda: sending.has(attempts=1, state="queued"))
    waiting = await sending.deliveries()

    clock.forward(timedelta(seconds=60))
    sending.wake()
    await finished(sending)

    assert timedelta(seconds=30) <= waiting[0]["next_at"] - AT <= timedelta(seconds=60)
    assert [(notice.kind, notice.attempts) for notice in sending.sent()] == [(NoticeKind.RECEIVED, 2)]
    assert len(sink.taken) == 1


async def test_given_a_refusal_for_good_when_sent_then_it_is_told_with_the_code_only(
    sending: Replica, sink: Sink
) -> None:
    sink.answer(REPORTER_ADDRESS, f"550 there is no {REPORTER_ADDRESS}")

    await sending.hear(a_submission(), a_person(), an_opening())
    await finished(sending)

    (notice,) = sending.notices()
    assert isinstance(notice, NoticeFailed)
    assert (notice.reason, notice.attempts) == ("550", 1)
    assert REPORTER_ADDRESS not in str(await sending.deliveries()) + notice.model_dump_json()


async def test_given_three_days_of_refusals_when_time_is_up_then_it_failed(
    sending: Replica, sink: Sink, clock: Clock
) -> None:
    sink.answer(REPORTER_ADDRESS, *["451 later"] * 100)
    await sending.hear(a_submission(), a_person(), an_opening())

    while not sending.notices():
        clock.forward(timedelta(hours=1))
        asked = sink.asked
        sending.wake()
        await until(lambda before=asked: sink.asked > before or bool(sending.notices()))
        await until(sending.is_idle)

    (notice,) = sending.notices()
    assert isinstance(notice, NoticeFailed)
    assert notice.reason == "expired"
    assert 70 <= notice.attempts <= 76


async def test_given_an_address_that_is_none_when_sent_to_then_the_server_is_not_asked(
    sending: Replica, sink: Sink
) -> None:
    await sending.hear(a_submission(), a_person(email="siti@"), an_opening())
    await finished(sending)

    (notice,) = sending.notices()
    assert isinstance(notice, NoticeFailed)
    assert (notice.reason, notice.attempts) == ("unusable_address", 0)
    assert sink.asked == 0


async def test_given_an_agency_without_an_address_when_told_of_a_case_then_that_is_told(
    database: Database, publisher: FakePublisher, clock: Clock, port: int
) -> None:
    directory = a_directory()
    directory.agencies[AGENCY] = directory.agencies[AGENCY].model_copy(update={"email": None})

    async with a_replica(database, publisher, clock, port=port, directory=directory) as one, one.sending():
        await one.hear(an_assignment(has_contact=False, anonymous=True))
        await finished(one)

    (notice,) = one.notices()
    assert isinstance(notice, NoticeSuppressed)
    assert notice.reason == "no_address"


async def test_given_pending_mail_when_the_person_is_erased_before_it_is_sent_then_it_is_not_sent(
    replica: Replica, database: Database, publisher: FakePublisher, clock: Clock, port: int, sink: Sink
) -> None:
    await replica.hear(a_submission(), a_person(), an_opening())
    # As when the sender has it in hand at that moment: only the contact book knows yet.
    await replica.store.contacts.learn({TICKET: Contact(erased_parts={"s-1"})})

    async with a_replica(database, publisher, clock, port=port) as other, other.sending():
        await finished(other)

    assert sink.asked == 0
    assert [stored["reason"] for stored in await replica.deliveries()] == ["erased"]
    await replica.hear(erased(PERSONAL, f"{TICKET}:s-1"))


async def test_given_words_that_never_come_when_a_minute_is_over_then_the_mail_goes_out_without(
    sending: Replica, sink: Sink, clock: Clock
) -> None:
    await sending.hear(a_submission(), a_person(), a_resolution())
    assert await sending.states() == {"resolved": "waiting"}

    clock.forward(timedelta(seconds=60))
    await finished(sending)

    assert len(sink.taken) == 1
    assert "Jawaban instansi" not in sink.taken[0].as_string()


async def test_given_a_delivery_that_cannot_be_written_when_sent_then_others_go_out(
    sending: Replica, sink: Sink, logged: StringIO
) -> None:
    writing: Any = sending.senders[0].way.writing
    write = writing.write

    async def break_receipts(draft: Draft) -> Any:
        if draft.deliveries[0].kind is NoticeKind.RECEIVED:
            raise ValueError(f"cannot write to {REPORTER_ADDRESS}")
        return await write(draft)

    sending.senders[0].way = replace(sending.senders[0].way, writing=Broken(break_receipts))
    await sending.hear(a_submission(), a_person(), an_opening(), an_assignment())
    await until(lambda: len(sink.taken) == 2)
    await until(lambda: sending.has(kind="received", state="queued", attempts=1))

    assert "delivery_broke" in logged.getvalue()
    assert REPORTER_ADDRESS not in logged.getvalue()


async def test_given_one_mail_when_sent_then_it_is_written_down_and_its_address_given_back_at_once(
    sending: Replica,
) -> None:
    deliveries: Any = sending.store.deliveries
    write, written = deliveries.finish, list[int]()

    async def finish(results: Any, at: Any) -> bool:
        written.append(len(results))
        return await write(results, at)

    deliveries.finish = finish
    await sending.hear_of(1)
    await finished(sending)

    assert written == [1]
