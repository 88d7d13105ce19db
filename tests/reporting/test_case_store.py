"""The cases on a real MongoDB, with both drivers."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from services.reporting.domain.case import Personal
from services.reporting.domain.projection import Erased, project
from services.reporting.store import Store
from services.reporting.store.searches import Search
from shared.cursors import Place
from shared.events.case import Status
from shared.events.complaints import ResolutionConfirmed
from shared.ids import named_id
from shared.mongo import MongoSettings
from tests.reporting.conftest import Projecting
from tests.reporting.samples import (
    RECEIVED_AT,
    a_lifecycle,
    a_personal_part,
    a_step,
    a_submission,
    an_erasure,
    hours,
    some_words,
    ticket,
)

pytestmark = [pytest.mark.integration, pytest.mark.both_drivers]

NOW = datetime(2026, 3, 6, tzinfo=UTC)


async def test_given_a_lifecycle_when_it_is_projected_then_the_case_holds_all_of_it(projecting: Projecting) -> None:
    records = a_lifecycle(1)

    await projecting.take(*records)

    case = (await projecting.store.cases.read([ticket(1)]))[ticket(1)]
    assert case.submission is not None
    assert case.submission.answers == {"class": "regency"}
    assert case.head is not None
    assert case.head.snapshot.status is Status.RESOLVED
    assert [step.type for _, step in sorted(case.history.items())] == [
        "case.opened.v1",
        "case.assigned.v1",
        "case.progressed.v1",
        "case.resolved.v1",
    ]
    assert case.personal == {"p1": Personal("Jalan berlubang di depan pasar", language="id")}
    assert list(case.words.values()) == ["Sudah kami tambal"]
    assert [notice.type for notice in case.notices.values()] == ["notice.sent.v1"]


async def test_given_a_confirmation_without_a_word_when_it_comes_alone_then_nothing_is_written_and_nothing_fails(
    projecting: Projecting,
) -> None:
    """It would be parked as a dead letter otherwise: MongoDB takes no update that says nothing."""
    await projecting.take(*a_lifecycle(1))
    before = await projecting.store.cases.read([ticket(1)])

    await projecting.take(
        ResolutionConfirmed(event_id=named_id("c"), ticket=ticket(1), occurred_at=RECEIVED_AT, rating=4)
    )

    assert await projecting.store.cases.read([ticket(1)]) == before


async def test_given_a_present_when_an_older_event_comes_late_then_the_present_stays(projecting: Projecting) -> None:
    await projecting.take(a_step(1, 2, "resolved", status=Status.RESOLVED))

    await projecting.take(a_step(1, 1, status=Status.RECEIVED))

    case = (await projecting.store.cases.read([ticket(1)]))[ticket(1)]
    assert case.head is not None
    assert case.head.sequence == 2
    assert sorted(case.history) == [1, 2]


async def test_given_the_tenth_event_when_the_ninth_comes_late_then_sequences_are_compared_as_numbers(
    projecting: Projecting,
) -> None:
    await projecting.take(a_step(1, 10))

    await projecting.take(a_step(1, 9))

    case = (await projecting.store.cases.read([ticket(1)]))[ticket(1)]
    assert case.head is not None
    assert case.head.sequence == 10


async def test_given_a_submission_when_another_one_of_the_ticket_comes_then_the_first_stays(
    projecting: Projecting,
) -> None:
    await projecting.take(a_submission(1, part="p1", digest="d1"))

    await projecting.take(a_submission(1, part="p2", digest="d2"))

    case = (await projecting.store.cases.read([ticket(1)]))[ticket(1)]
    assert case.submission is not None
    assert case.submission.part == "p1"


async def test_given_an_erased_text_when_it_is_delivered_again_then_it_is_refused(projecting: Projecting) -> None:
    words = some_words(1, 3)
    await projecting.take(a_personal_part(1), words)
    await projecting.take(Erased("personal", f"{ticket(1)}:p1"), Erased("words", words.key))

    await projecting.take(a_personal_part(1), words)

    case = (await projecting.store.cases.read([ticket(1)]))[ticket(1)]
    assert case.personal == {"p1": None}
    assert case.words == {str(words.event_id): None}


async def test_given_everything_about_a_person_when_its_part_is_erased_then_the_document_has_nothing_of_it(
    projecting: Projecting,
) -> None:
    whole: dict[str, Any] = {
        "name": "Baiq Sitti",
        "email": "sitti@mail.example",
        "phone": "+6281234567890",
        "prefers": "sms",
        "latitude": -8.6497,
        "longitude": 116.5402,
        "address": "Gang Cempaka 17",
        "photos": ("p-1", "p-2"),
        "subject": {"name": "Inaq Rohani", "phone": "+6281900000000"},
        "source": "surat 12/2026",
    }
    await projecting.take(a_personal_part(1, **whole))
    kept = (await projecting.store.cases.read([ticket(1)]))[ticket(1)]

    await projecting.take(Erased("personal", f"{ticket(1)}:p1"))

    assert kept.personal["p1"] is not None
    assert (kept.personal["p1"].address, kept.personal["p1"].photos) == ("Gang Cempaka 17", ["p-1", "p-2"])
    assert kept.personal["p1"].subject == {"name": "Inaq Rohani", "email": None, "phone": "+6281900000000"}
    document = repr(await projecting.store.live.collections["cases"].find_one({"_id": ticket(1)}))
    assert [
        value for value in (*map(str, whole.values()), "Inaq", "p-1", "-8.6497", "pasar") if value in document
    ] == []
    case = (await projecting.store.cases.read([ticket(1)]))[ticket(1)]
    assert case.is_erased("p1")
    assert case.erased_at.keys() == {"p1"}


async def test_given_a_text_that_an_older_release_kept_when_the_case_is_read_then_it_is_a_part_with_a_text(
    projecting: Projecting,
) -> None:
    await projecting.store.live.collections["cases"].insert_one(
        {"_id": ticket(1), "personal": {"p1": "Berlubang", "f-1": None}}
    )

    await projecting.take(a_personal_part(1, "Berlubang", name="Sitti"))

    case = (await projecting.store.cases.read([ticket(1)]))[ticket(1)]
    assert case.personal == {"p1": Personal("Berlubang"), "f-1": None}


async def test_given_a_tombstone_before_anything_else_when_the_text_comes_then_it_is_refused(
    projecting: Projecting,
) -> None:
    await projecting.take(Erased("personal", f"{ticket(1)}:p1"))

    await projecting.take(a_personal_part(1))

    case = (await projecting.store.cases.read([ticket(1)]))[ticket(1)]
    assert case.personal == {"p1": None}


async def test_given_two_replicas_when_both_make_the_same_documents_then_both_parts_are_there(
    mongo: MongoSettings,
) -> None:
    steps = project((ticket(number), a_step(number, 1)) for number in range(300))
    texts = project((ticket(number), a_personal_part(number)) for number in range(300))

    async with Store(mongo).open() as first, Store(mongo).open() as second:
        await asyncio.gather(first.cases.apply(steps.values(), NOW), second.cases.apply(texts.values(), NOW))
        cases = await first.cases.read([ticket(number) for number in range(300)])

    assert len(cases) == 300
    assert all(case.head is not None and case.personal for case in cases.values())


async def test_given_more_cases_than_fit_on_a_page_when_pages_are_followed_then_each_comes_once_newest_first(
    projecting: Projecting,
) -> None:
    same_moment = RECEIVED_AT + hours(5)
    await projecting.take(*(a_step(number, 1, occurred_at=same_moment) for number in range(5)))
    await projecting.take(a_step(5, 1, occurred_at=same_moment + hours(1)))

    found = await projecting.store.cases.search(Search(limit=4))
    ticket_at_end, head_at_end = found[-1]
    rest = await projecting.store.cases.search(Search(limit=4, after=Place(head_at_end.at, ticket_at_end)))

    tickets = [case for case, _ in [*found, *rest]]
    assert tickets == [ticket(5), *sorted((ticket(number) for number in range(5)), reverse=True)]


async def test_given_an_incremental_reader_when_it_pages_then_the_oldest_come_first_and_each_once(
    projecting: Projecting,
) -> None:
    await projecting.take(*(a_step(number, 1, occurred_at=RECEIVED_AT + hours(number)) for number in range(6)))
    after = Search(updated_after=RECEIVED_AT + hours(1), limit=2)

    first = await projecting.store.cases.search(after)
    place = Place(first[-1][1].at, first[-1][0])
    second = await projecting.store.cases.search(Search(updated_after=RECEIVED_AT + hours(1), limit=2, after=place))

    assert [case for case, _ in first + second] == [ticket(2), ticket(3), ticket(4), ticket(5)]


async def test_given_cases_of_many_kinds_when_they_are_filtered_then_only_those_that_fit_all_are_found(
    projecting: Projecting,
) -> None:
    await projecting.take(
        a_step(1, 1),
        a_step(2, 1, region="52.02", agency=None),
        a_step(3, 1, category="env.waste"),
        a_step(4, 1, status=Status.RESOLVED),
        a_step(5, 1, received_at=datetime(2026, 3, 31, 17, 0, tzinfo=UTC)),
        a_step(6, 1, confidential=True),
        a_step(7, 1, region=None),
    )

    async def found(search: Search) -> set[str]:
        return {case for case, _ in await projecting.store.cases.search(search)}

    assert await found(Search(region="52")) == {ticket(number) for number in (1, 2, 3, 4, 5, 7)}
    assert await found(Search(region="52.03.01")) == {ticket(number) for number in (1, 3, 4, 5)}
    assert await found(Search(agency="")) == {ticket(2)}
    assert await found(Search(category="env.waste", region="52.03.01.2001")) == {ticket(3)}
    assert await found(Search(status="resolved")) == {ticket(4)}
    assert await found(Search(first="2026-04-01", last="2026-04-01")) == {ticket(5)}
    assert await found(Search(first="2026-03-05", last="2026-03-05", agency="PUPR-52.03", category="env.waste")) == {
        ticket(3)
    }


async def test_given_a_public_case_when_it_becomes_confidential_then_no_search_finds_it(
    projecting: Projecting,
) -> None:
    await projecting.take(a_step(1, 1))
    before = await projecting.store.cases.search(Search())

    await projecting.take(a_step(1, 2, confidential=True))

    assert [case for case, _ in before] == [ticket(1)]
    assert await projecting.store.cases.search(Search()) == []
    assert await projecting.store.cases.search(Search(updated_after=RECEIVED_AT)) == []


async def test_given_a_case_when_it_is_erased_as_a_whole_then_texts_are_gone_and_none_comes_again(
    projecting: Projecting,
) -> None:
    await projecting.take(*a_lifecycle(1))
    before = (await projecting.store.cases.read([ticket(1)]))[ticket(1)]

    await projecting.take(an_erasure(1))
    await projecting.take(a_personal_part(1), a_personal_part(1, "Sudah dua minggu", "f-1"))

    after = (await projecting.store.cases.read([ticket(1)]))[ticket(1)]
    assert (after.erased, after.personal) == (True, {})
    assert after.is_erased("p1")
    assert (after.head, after.history, after.submission) == (before.head, before.history, before.submission)
