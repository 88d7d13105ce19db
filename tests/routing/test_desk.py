import asyncio
from collections.abc import AsyncGenerator
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from services.routing.handlers import ComplaintHandler
from services.routing.store.cases import CaseStore
from shared.events.complaints import ComplaintSupplemented, FollowUp, QuestionAnswered
from shared.events.personal import PersonalRecorded
from shared.ids import named_id
from shared.outbox import OutboxRelay
from shared.topics import COMPLAINTS, PERSONAL
from shared.waiters import Waiters
from tests.routing.desks import CASE, COORDINATOR, HEAD, OFFICER, a_desk, on_the_day, press, revision_of, signed_in
from tests.routing.examples import AT, TICKET, a_complaint, the_rulebook
from tests.shared.fakes import FakePublisher
from tests.shared.received import received
from tests.waiting import until

pytestmark = pytest.mark.integration
KEY = {"Idempotency-Key": "00000000-0000-4000-8000-000000000001"}
FIRST = {"If-Match": '"1"'}


@pytest.fixture
def opened() -> Waiters:
    return Waiters()


@pytest.fixture
def handle(store: CaseStore, relay: OutboxRelay, opened: Waiters) -> ComplaintHandler:
    return ComplaintHandler(store, relay, the_rulebook, opened, now=on_the_day)


@pytest.fixture
async def desk(store: CaseStore, relay: OutboxRelay, opened: Waiters) -> AsyncGenerator[httpx2.AsyncClient]:
    async with a_desk(store, relay, opened) as client:
        yield client


async def submit(handle: ComplaintHandler, **fields: Any) -> None:
    part = PersonalRecorded(
        event_id=named_id("part"), ticket=TICKET, occurred_at=AT, part="s-1", text="Jalan rusak", name="Sitti"
    )
    await handle([received(PERSONAL, part), received(COMPLAINTS, a_complaint(**fields))])


async def test_given_an_assigned_case_when_its_agency_works_then_it_is_resolved_and_announced(
    desk: httpx2.AsyncClient, handle: ComplaintHandler, publisher: FakePublisher
) -> None:
    await submit(handle)

    for action, body in (("accept", None), ("progress", {"text": "Mulai"}), ("resolve", {"text": "Selesai"})):
        answer = await press(desk, action, body)
        assert answer.status_code == 200, answer.text

    told = answer.json()
    assert (told["sequence"], told["revision"], told["case"]["status"]) == (5, 4, "resolved")
    assert told["allowed"] == ["note"]
    await until(lambda: "case.resolved.v1" in publisher.kinds())
    assert publisher.kinds()[2:] == [
        "case.accepted.v1",
        "words.recorded.v1",
        "case.progressed.v1",
        "words.recorded.v1",
        "case.resolved.v1",
    ]


async def test_given_one_key_when_an_action_is_sent_twice_then_it_is_done_once(
    desk: httpx2.AsyncClient, handle: ComplaintHandler
) -> None:
    await submit(handle)

    headers = OFFICER | KEY | FIRST
    answers = [await desk.post(f"{CASE}/progress", json={"text": "Mulai"}, headers=headers) for _ in range(2)]

    assert [(answer.status_code, answer.json()["sequence"]) for answer in answers] == [(200, 3), (200, 3)]


async def test_given_one_key_when_another_action_is_sent_with_it_then_that_is_done_too(
    desk: httpx2.AsyncClient, handle: ComplaintHandler
) -> None:
    await submit(handle)

    await desk.post(f"{CASE}/progress", json={"text": "Mulai"}, headers=OFFICER | KEY | FIRST)
    answer = await desk.post(f"{CASE}/resolve", json={"text": "Selesai"}, headers=OFFICER | KEY | {"If-Match": "2"})

    assert (answer.json()["case"]["status"], answer.json()["sequence"]) == ("resolved", 4)


async def test_given_many_officers_when_they_press_at_once_then_one_wins_and_the_others_see_what_is(
    desk: httpx2.AsyncClient, handle: ComplaintHandler
) -> None:
    await submit(handle)

    answers = await asyncio.gather(
        *(desk.post(f"{CASE}/progress", json={"text": f"Langkah {n}"}, headers=OFFICER | FIRST) for n in range(30))
    )

    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 29
    stale = next(answer for answer in answers if answer.status_code == 412)
    assert (stale.json()["now"]["revision"], stale.json()["now"]["case"]["status"]) == (2, "in_progress")
    assert stale.headers["etag"] == '"2"'


async def test_given_no_revision_when_something_is_done_then_it_is_asked_for(
    desk: httpx2.AsyncClient, handle: ComplaintHandler
) -> None:
    await submit(handle)

    answer = await desk.post(f"{CASE}/accept", headers=OFFICER)

    assert (answer.status_code, answer.headers["content-type"]) == (428, "application/problem+json")


async def test_given_a_case_that_is_not_there_yet_when_the_desk_waits_then_it_acts_once_it_comes(
    desk: httpx2.AsyncClient, handle: ComplaintHandler
) -> None:
    waiting = asyncio.create_task(desk.post(f"{CASE}/accept?wait=20", headers=OFFICER | FIRST))
    await asyncio.sleep(0)

    await submit(handle)

    assert (await waiting).json()["case"]["status"] == "accepted"


async def test_given_no_case_when_nobody_waits_then_it_is_not_found(desk: httpx2.AsyncClient) -> None:
    answer = await desk.post(f"{CASE}/accept", headers=OFFICER | FIRST)

    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_given_an_accepted_case_when_it_is_accepted_then_the_refusal_says_what_is_possible(
    desk: httpx2.AsyncClient, handle: ComplaintHandler
) -> None:
    await submit(handle)
    await press(desk, "accept")

    answer = await press(desk, "accept")

    assert answer.status_code == 409
    assert answer.json()["allowed"] == [
        "return",
        "forward",
        "delegate",
        "progress",
        "budget",
        "ask",
        "split",
        "resolve",
        "note",
    ]
    assert answer.json()["detail"] == "a case that is accepted can't be changed by accept"


async def test_given_a_case_that_one_sees_and_does_not_have_when_one_acts_then_it_is_forbidden(
    desk: httpx2.AsyncClient, handle: ComplaintHandler
) -> None:
    await submit(handle)

    for headers in (signed_in("leader"), signed_in("auditor")):
        answer = await desk.post(f"{CASE}/note", json={"text": "x"}, headers=headers | FIRST)
        assert answer.status_code == 403


async def test_given_a_split_case_when_the_bodies_work_then_each_sees_and_does_its_part_alone(
    desk: httpx2.AsyncClient, handle: ComplaintHandler
) -> None:
    await submit(handle)
    pln = signed_in("officer", "PLN", subject="wayan")
    assert (await desk.get(CASE, headers=pln)).status_code == 404
    answer = await press(desk, "split", {"parts": [{"agency": "PLN", "text": "Pindahkan tiang"}]})
    assert answer.status_code == 200, answer.text

    seen = (await desk.get(CASE, headers=pln)).json()
    refused = await press(desk, "parts/1/accept", headers=OFFICER)
    answer = await press(desk, "parts/1/resolve", {"text": "Sudah"}, headers=pln)

    assert (seen["allowed"], seen["allowed_parts"]) == (
        [],
        {f"{TICKET}.1": ["accept", "return", "progress", "resolve", "note"]},
    )
    assert refused.status_code == 403
    assert answer.json()["case"]["parts"][0]["status"] == "resolved"
    assert (await press(desk, "parts/2/accept", headers=pln)).status_code == 403


async def test_given_a_linked_ticket_when_it_is_no_case_then_the_field_says_so(
    desk: httpx2.AsyncClient, handle: ComplaintHandler
) -> None:
    await submit(handle)

    answer = await press(desk, "link", {"ticket": "NTB-336T-6BAV-RYHW-HK"}, headers=COORDINATOR)

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "ticket")


@pytest.mark.parametrize(
    ("anonymous", "headers", "status"),
    [
        (False, OFFICER, 200),
        (False, HEAD, 200),
        (True, OFFICER, 403),
        (True, COORDINATOR, 200),
        (False, signed_in("leader"), 403),
        (False, signed_in("officer", "PUPR-52.06"), 404),
    ],
)
async def test_given_a_case_when_its_reporter_is_asked_for_then_who_asks_decides_and_it_is_written_down(
    desk: httpx2.AsyncClient, handle: ComplaintHandler, *, anonymous: bool, headers: dict[str, str], status: int
) -> None:
    await submit(handle, anonymous=anonymous)

    answer = await desk.get(f"{CASE}/identity", headers=headers)

    assert answer.status_code == status
    history = (await desk.get(CASE, headers=COORDINATOR)).json()["history"]
    assert [line["type"] for line in history].count("identity.read") == (status == 200)
    assert status != 200 or answer.json()["name"] == "Sitti"
    assert "Sitti" not in (await desk.get(CASE, headers=COORDINATOR)).text


async def test_given_what_was_done_when_the_case_is_read_then_its_history_has_actor_time_and_words(
    desk: httpx2.AsyncClient, handle: ComplaintHandler
) -> None:
    await submit(handle)
    await press(desk, "progress", {"text": "Mulai"})
    await press(desk, "note", {"text": "Telepon dulu"})

    history = (await desk.get(CASE, headers=OFFICER)).json()["history"]

    assert [(line["type"], line["role"], line.get("actor"), line["sequence"], line["text"]) for line in history] == [
        ("case.opened.v1", "rule", None, 1, None),
        ("case.assigned.v1", "rule", None, 2, None),
        ("case.progressed.v1", "officer", "ani", 3, "Mulai"),
        ("note", "officer", "ani", None, "Telepon dulu"),
    ]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/desk/cases/NTB-0000/accept", None, 404),
        (f"{CASE}/explode", None, 404),
        (f"{CASE}/progress", None, 422),
        (f"{CASE}/progress", {"text": " "}, 422),
        (f"{CASE}/progress", {"words": "Mulai"}, 422),
        (f"{CASE}/progress?wait=31", {"text": "Mulai"}, 422),
        (f"{CASE}/parts/0/accept", None, 422),
        (f"{CASE}/return", {"text": "x", "reason": "bored"}, 422),
        (f"{CASE}/return", {"text": "x", "reason": "other_region", "agency": "NOBODY"}, 422),
    ],
)
async def test_given_a_wrong_request_when_it_is_sent_then_the_answer_is_a_problem(
    desk: httpx2.AsyncClient, handle: ComplaintHandler, path: str, body: dict[str, str] | None, status: int
) -> None:
    await submit(handle)

    answer = await desk.post(path, json=body, headers=OFFICER | FIRST)

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    assert answer.json()["title"]


@pytest.mark.parametrize("value", ["x", "", "-1", '"one"'])
async def test_given_a_revision_that_is_none_when_it_is_sent_then_it_is_refused(
    desk: httpx2.AsyncClient, handle: ComplaintHandler, value: str
) -> None:
    await submit(handle)

    answer = await desk.post(f"{CASE}/accept", headers=OFFICER | {"If-Match": value})

    assert answer.status_code == 422


async def test_given_a_supplement_when_an_officer_saw_the_case_before_then_the_deed_is_done_all_the_same(
    desk: httpx2.AsyncClient, handle: ComplaintHandler
) -> None:
    await submit(handle)
    seen = await revision_of(desk)
    await follow(handle, ComplaintSupplemented, part="f-1")

    answer = await desk.post(f"{CASE}/accept", headers=OFFICER | seen)

    assert answer.status_code == 200


async def test_given_an_answer_when_an_officer_saw_the_case_before_then_the_officer_must_look_again(
    desk: httpx2.AsyncClient, handle: ComplaintHandler
) -> None:
    await submit(handle)
    await press(desk, "ask", {"text": "Di sisi mana?"})
    seen = await revision_of(desk)
    await follow(handle, QuestionAnswered, part="f-1")

    answer = await desk.post(f"{CASE}/progress", json={"text": "Mulai"}, headers=OFFICER | seen)

    assert answer.status_code == 412


async def follow(handle: ComplaintHandler, kind: type[FollowUp], **fields: Any) -> None:
    event = kind.model_validate({"event_id": uuid4(), "ticket": TICKET, "occurred_at": AT} | fields)
    await handle([received(COMPLAINTS, event)])
