"""What became of messages, over HTTP, and sending again what failed."""

from collections.abc import AsyncGenerator
from typing import Any

import httpx2
import pytest

from services.notification.api.calling import create_caller_getter
from services.notification.api.notices import create_notices_router
from shared.directory import Directory
from shared.events.case import Status
from shared.events.cases import CaseProgressed
from shared.oidc import OidcSettings, SignIn, issue_locally
from shared.problems import ProblemApp
from tests.notification.examples import (
    AGENCY,
    REPORTER_ADDRESS,
    TICKET,
    a_person,
    a_submission,
    an_opening,
    envelope,
)
from tests.notification.replica import Replica, finished
from tests.smtp_sink import Sink

pytestmark = pytest.mark.integration

SECRET = "dev-a-secret-of-tests-that-is-long-enough"


def signed_in(role: str, agency: str | None = None) -> dict[str, str]:
    token = issue_locally(SECRET, subject=role, roles=[role], agency=agency, regions=(), lasts_s=3_600)
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
async def http(sending: Replica) -> AsyncGenerator[httpx2.AsyncClient]:
    oidc: Any = {"development_secret": SECRET}
    get_caller = create_caller_getter(SignIn(OidcSettings(**oidc)), Directory())
    app = ProblemApp()
    app.include_router(create_notices_router(sending.queueing, get_caller, sending.clock))
    transport: Any = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://n") as client:
        yield client


async def test_given_a_message_that_failed_when_a_coordinator_sends_it_again_then_it_goes_out(
    sending: Replica, sink: Sink, http: httpx2.AsyncClient
) -> None:
    sink.answer(REPORTER_ADDRESS, "550 no such user")
    await sending.hear(a_submission(), a_person(), an_opening())
    await finished(sending)
    before = (await http.get("/v1/notices", params={"ticket": TICKET}, headers=signed_in("auditor"))).json()["items"]

    again = await http.post(f"/v1/notices/{before[0]['id']}/retry", headers=signed_in("coordinator"))
    await finished(sending)
    twice = await http.post(f"/v1/notices/{before[0]['id']}/retry", headers=signed_in("coordinator"))
    after = (await http.get("/v1/notices", params={"ticket": TICKET}, headers=signed_in("coordinator"))).json()["items"]

    assert [(one["state"], one["reason"], one["attempts"]) for one in before] == [("failed", "550", 1)]
    assert (again.status_code, twice.status_code) == (202, 409)
    assert [(one["state"], one["reason"], one["kind"]) for one in after] == [("sent", None, "received")]
    assert sink.recipients() == [REPORTER_ADDRESS]
    # A gateway that has taken the first must not believe that this is it.
    assert before[0]["id"] not in str(sink.taken[0]["Message-ID"])
    assert "@" not in str(after)


async def test_given_an_address_that_stopped_a_kind_when_a_coordinator_looks_then_it_says_which_was_not_wanted(
    sending: Replica, sink: Sink, http: httpx2.AsyncClient
) -> None:
    await sending.hear(a_submission(), a_person(), an_opening())
    await finished(sending)
    (address,) = await sending.addresses()
    await sending.store.addresses.stop(address["_id"], "progress")
    progress = CaseProgressed(**envelope(2, Status.IN_PROGRESS))
    await sending.hear(progress)
    await finished(sending)

    answer = await http.get("/v1/notices", params={"ticket": TICKET}, headers=signed_in("coordinator"))

    assert [(one["kind"], one["channel"], one["state"], one["reason"]) for one in answer.json()["items"]] == [
        ("received", "email", "sent", None),
        ("progress", "email", "suppressed", "opted_out"),
    ]


@pytest.mark.parametrize(
    ("headers", "listed", "retried"),
    [
        ({}, 401, 401),
        (signed_in("officer", AGENCY), 403, 403),
        (signed_in("agency_head", AGENCY), 403, 403),
        (signed_in("auditor"), 200, 403),
        (signed_in("coordinator"), 200, 409),
    ],
)
async def test_given_somebody_when_they_ask_then_only_those_who_watch_over_the_service_are_told(
    http: httpx2.AsyncClient, headers: dict[str, str], listed: int, retried: int
) -> None:
    nothing = "00000000-0000-4000-8000-000000000000"

    answers = [
        await http.get("/v1/notices", params={"ticket": TICKET}, headers=headers),
        await http.post(f"/v1/notices/{nothing}/retry", headers=headers),
    ]

    assert [answer.status_code for answer in answers] == [listed, retried]
