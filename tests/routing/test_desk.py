import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from services.routing.api import create_router
from services.routing.app import install_refusals
from services.routing.desk import Desk
from services.routing.handlers import ComplaintHandler
from services.routing.store.cases import CaseStore
from shared.access import make_token
from shared.events.directory import Client, ClientRole
from shared.events.personal import PersonalRecorded
from shared.ids import named_id
from shared.outbox import OutboxRelay
from shared.problems import ProblemApp
from shared.topics import COMPLAINTS, PERSONAL
from shared.waiters import Waiters
from tests.routing.examples import AT, TICKET, a_complaint, the_rulebook
from tests.shared.fakes import FakePublisher
from tests.shared.received import received
from tests.waiting import until

pytestmark = pytest.mark.integration
CASE = f"/v1/desk/cases/{TICKET}"
KEY = {"Idempotency-Key": "00000000-0000-4000-8000-000000000001"}


def a_client(client_id: str, role: ClientRole, agency: str | None = None) -> tuple[Client, dict[str, str]]:
    token, digest = make_token(client_id)
    client = Client(
        id=client_id, name=client_id, role=role, agency=agency, token_digest=digest, issued_at=datetime.now(UTC)
    )
    return client, {"Authorization": f"Bearer {token}"}


OFFICER, AS_OFFICER = a_client("lotim", ClientRole.OFFICER, "PUPR-52.03")
OTHER, AS_OTHER = a_client("bima", ClientRole.OFFICER, "PUPR-52.06")
COORDINATOR, AS_COORDINATOR = a_client("setda", ClientRole.COORDINATOR)
INSPECTOR, AS_INSPECTOR = a_client("inspektorat", ClientRole.COORDINATOR, "INSPEKTORAT")
POST, AS_POST = a_client("lombok-post", ClientRole.INTEGRATOR)
CLIENTS = {client.id: client for client in (OFFICER, OTHER, COORDINATOR, INSPECTOR, POST)}


@pytest.fixture
def opened() -> Waiters:
    return Waiters()


@pytest.fixture
def handle(store: CaseStore, relay: OutboxRelay, opened: Waiters) -> ComplaintHandler:
    return ComplaintHandler(store, relay, the_rulebook, opened)


@pytest.fixture
async def desk(store: CaseStore, relay: OutboxRelay, opened: Waiters) -> AsyncGenerator[httpx2.AsyncClient]:
    app = ProblemApp()
    install_refusals(app)
    app.include_router(create_router(Desk(store, relay, opened), CLIENTS))
    running = asyncio.create_task(relay.run())
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://desk") as client:
        yield client
    assert not running.done() or running.exception() is None, running.exception()
    running.cancel()


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
        answer = await desk.post(f"{CASE}/{action}", json=body, headers=AS_OFFICER)
        assert answer.status_code == 200, answer.text

    assert (answer.json()["sequence"], answer.json()["case"]["status"], answer.json()["allowed"]) == (5, "resolved", [])
    await until(lambda: "case.resolved.v1" in publisher.kinds())
    assert publisher.kinds()[2:] == [
        "case.accepted.v1",
        "words.recorded.v1",
        "case.progressed.v1",
        "words.recorded.v1",
        "case.resolved.v1",
    ]


async def test_given_one_key_when_an_action_is_sent_twice_then_it_is_done_once(
    desk: httpx2.AsyncClient, handle: ComplaintHandler, store: CaseStore
) -> None:
    await submit(handle)

    answers = [await desk.post(f"{CASE}/progress", json={"text": "Mulai"}, headers=AS_OFFICER | KEY) for _ in range(2)]

    assert [answer.json()["sequence"] for answer in answers] == [3, 3]
    stored = await store.load(TICKET)
    assert stored is not None
    assert stored.case.sequence == 3


async def test_given_one_key_when_another_action_is_sent_with_it_then_that_is_done_too(
    desk: httpx2.AsyncClient, handle: ComplaintHandler
) -> None:
    await submit(handle)

    await desk.post(f"{CASE}/progress", json={"text": "Mulai"}, headers=AS_OFFICER | KEY)
    answer = await desk.post(f"{CASE}/resolve", json={"text": "Selesai"}, headers=AS_OFFICER | KEY)

    assert (answer.json()["case"]["status"], answer.json()["sequence"]) == ("resolved", 4)


async def test_given_many_officers_when_they_press_at_once_then_every_step_has_its_own_sequence(
    desk: httpx2.AsyncClient, handle: ComplaintHandler
) -> None:
    await submit(handle)

    answers = await asyncio.gather(
        *(desk.post(f"{CASE}/progress", json={"text": f"Langkah {n}"}, headers=AS_OFFICER) for n in range(30))
    )

    assert sorted(answer.json()["sequence"] for answer in answers) == list(range(3, 33))


async def test_given_a_case_that_is_not_there_yet_when_the_desk_waits_then_it_acts_once_it_comes(
    desk: httpx2.AsyncClient, handle: ComplaintHandler
) -> None:
    waiting = asyncio.create_task(desk.post(f"{CASE}/accept?wait=20", headers=AS_OFFICER))
    await asyncio.sleep(0)

    await submit(handle)

    assert (await waiting).json()["case"]["status"] == "accepted"


async def test_given_no_case_when_nobody_waits_then_it_is_not_found(desk: httpx2.AsyncClient) -> None:
    answer = await desk.post(f"{CASE}/accept", headers=AS_OFFICER)

    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_given_a_resolved_case_when_it_is_accepted_then_the_refusal_says_what_is_possible(
    desk: httpx2.AsyncClient, handle: ComplaintHandler
) -> None:
    await submit(handle)
    await desk.post(f"{CASE}/accept", headers=AS_OFFICER)

    answer = await desk.post(f"{CASE}/accept", headers=AS_OFFICER)

    assert answer.status_code == 409
    assert answer.json()["allowed"] == ["progress", "resolve"]
    assert answer.json()["detail"] == "a case that is accepted can't be changed by accept"


@pytest.mark.parametrize(
    ("headers", "about", "status"),
    [
        ({}, None, 401),
        ({"Authorization": "Bearer ntb_lotim_0000"}, None, 401),
        ({"Authorization": "Bearer"}, None, 401),
        (AS_POST, None, 403),
        (AS_OTHER, None, 404),
        (AS_OFFICER, None, 200),
        (AS_COORDINATOR, None, 200),
        (AS_INSPECTOR, None, 200),
        (AS_INSPECTOR, "INSPEKTORAT", 404),
        (AS_COORDINATOR, "INSPEKTORAT", 200),
    ],
)
async def test_given_a_token_when_a_case_is_read_then_role_agency_and_conflict_decide(
    desk: httpx2.AsyncClient, handle: ComplaintHandler, headers: dict[str, str], about: str | None, status: int
) -> None:
    await submit(handle, about=about)

    answer = await desk.get(CASE, headers=headers)

    assert answer.status_code == status


@pytest.mark.parametrize(("anonymous", "name"), [(False, "Sitti"), (True, None)])
async def test_given_a_case_when_its_officer_reads_it_then_the_words_are_there_and_a_name_unless_anonymous(
    desk: httpx2.AsyncClient, handle: ComplaintHandler, *, anonymous: bool, name: str | None
) -> None:
    await submit(handle, anonymous=anonymous)

    complaint = (await desk.get(CASE, headers=AS_OFFICER)).json()["complaint"]

    assert (complaint["text"], complaint["name"]) == ("Jalan rusak", name)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/desk/cases/NTB-0000/accept", None, 404),
        (f"{CASE}/explode", None, 422),
        (f"{CASE}/progress", None, 409),
        (f"{CASE}/progress", {"text": " "}, 422),
        (f"{CASE}/progress", {"words": "Mulai"}, 422),
        (f"{CASE}/progress?wait=31", {"text": "Mulai"}, 422),
    ],
)
async def test_given_a_wrong_request_when_it_is_sent_then_the_answer_is_a_problem(
    desk: httpx2.AsyncClient, handle: ComplaintHandler, path: str, body: dict[str, str] | None, status: int
) -> None:
    await submit(handle)

    answer = await desk.post(path, json=body, headers=AS_OFFICER)

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["title"]
