"""Which of agencies' own systems are called with which event, what exactly is sent, and by whom it can be told."""

import json
import re
import runpy
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request, Response

from deploy.simulators.arrivals import Kind
from services.notification.domain.signatures import key_of, verify
from shared.events.case import Holding, Status
from shared.events.cases import CaseAssigned, CaseForwarded
from shared.mongo import Database
from tests.notification.examples import AGENCY, AT, TICKET, a_submission, an_assignment, envelope
from tests.notification.replica import Clock, Replica
from tests.notification.systems import (
    OTHER,
    Receiver,
    a_calling_replica,
    a_progress,
    an_office,
    events_of,
    hear,
    register,
    secrets_of,
    signed_in,
)
from tests.shared.fakes import FakePublisher
from tests.simulators import body_of, running_simulators, serving
from tests.waiting import until

pytestmark = pytest.mark.integration

DOCUMENT = Path(__file__).parents[2] / "docs" / "webhooks.md"


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
async def replica(
    database: Database, publisher: FakePublisher, clock: Clock, receiver: Receiver
) -> AsyncGenerator[Replica]:
    """Calls the receiver."""
    async with a_calling_replica(database, publisher, clock, ear=receiver) as replica, replica.sending():
        yield replica


async def test_given_a_case_when_it_goes_on_then_its_agencys_system_gets_cloud_events_that_are_signed(
    database: Database, publisher: FakePublisher, clock: Clock, tmp_path: Path
) -> None:
    clock.at = datetime.now(UTC)
    assigned = an_assignment(at=clock.at, has_contact=False)
    progress = a_progress(3).model_copy(update={"occurred_at": clock.at})
    async with running_simulators(tmp_path) as running:
        host = (running.host,)
        async with (
            an_office(database, clock, allowed=host) as office,
            a_calling_replica(database, publisher, clock, allowed=host) as replica,
            replica.sending(),
        ):
            made = await register(office, url=f"{running.url}/webhooks/pupr")
            (running.simulators.secrets["pupr"],) = secrets_of(made)
            await hear(replica, assigned, progress)
            await until(lambda: len(running.arrived(Kind.WEBHOOK)) == 2)
            readable = await events_of(office, made["id"])
    arrived = running.arrived(Kind.WEBHOOK)
    bodies = [body_of(arrival) for arrival in arrived]

    assert [arrival.facts["signature"] for arrival in arrived] == ["fits", "fits"]
    assert bodies == readable
    assert [body["data"] for body in bodies] == [
        json.loads(event.model_dump_json(exclude_none=True)) for event in (assigned, progress)
    ]
    assert {name: value for name, value in bodies[0].items() if name != "data"} == {
        "specversion": "1.0",
        "id": str(assigned.event_id),
        "source": "/ntbcare/routing/cases",
        "type": "case.assigned.v1",
        "subject": TICKET,
        "time": assigned.model_dump(mode="json")["occurred_at"],
        "datacontenttype": "application/json",
        "sequence": "2",
        "position": 1,
    }
    assert all(re.fullmatch(r"[a-z0-9]{1,20}", name) for name in bodies[0])


async def test_given_what_the_document_says_when_a_call_is_checked_with_it_then_it_can_be_told_from_another(
    database: Database, publisher: FakePublisher, clock: Clock, tmp_path: Path
) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    script = tmp_path / "receiver.py"
    script.write_text(program)
    is_genuine = runpy.run_path(str(script))["is_genuine"]
    clock.at = datetime.now(UTC)
    app, calls = FastAPI(), list[tuple[dict[str, str], bytes]]()

    @app.post("/ntb")
    async def take(request: Request) -> Response:
        calls.append((dict(request.headers), await request.body()))
        return Response(status_code=204)

    async with serving(app) as port:
        host = (f"127.0.0.1:{port}",)
        async with (
            an_office(database, clock, allowed=host) as office,
            a_calling_replica(database, publisher, clock, allowed=host) as replica,
            replica.sending(),
        ):
            made = await register(office, url=f"http://{host[0]}/ntb")
            await hear(replica, a_progress(1).model_copy(update={"occurred_at": clock.at}))
            await until(lambda: calls)
    headers, body = calls[0]

    assert is_genuine(made["secret"], headers, body)
    assert headers["content-type"] == "application/cloudevents+json"
    assert not is_genuine(made["secret"], headers, body + b" ")
    assert not is_genuine(made["secret"], headers | {"webhook-timestamp": str(int(clock.at.timestamp()) - 301)}, body)
    assert not is_genuine(f"whsec_{'A' * 43}=", headers, body)


def test_given_the_example_of_the_document_when_it_is_one_line_then_its_signature_fits_and_it_is_an_event() -> None:
    text = DOCUMENT.read_text()
    (secret,) = set(re.findall(r"whsec_[\w+/]{43}=", text))
    (head, body), *_ = re.findall(r"```http\nPOST .*?\n(.*?)\n\n(.*?)```", text, re.DOTALL)
    told = dict(line.split(": ") for line in head.splitlines())
    headers = told["webhook-id"], told["webhook-timestamp"], told["webhook-signature"]

    line = json.dumps(json.loads(body), separators=(",", ":")).encode()

    assert verify([key_of(secret)], headers, line, datetime.fromtimestamp(int(headers[1]), UTC))
    assert CaseAssigned.model_validate(json.loads(body)["data"]).agency == "PUPR-52.71"


async def test_given_a_confidential_case_when_its_agency_is_called_then_with_facts_alone(
    replica: Replica, database: Database, receiver: Receiver
) -> None:
    async with an_office(database, replica.clock) as office:
        await register(office)
    case: dict[str, Any] = {"confidential": True, "anonymous": True}
    event = a_progress(3, **case).model_copy(update={"words": f"{TICKET}:kata"})

    await hear(replica, event)
    await until(lambda: receiver.asked)

    said = json.loads(receiver.asked[0].body)["data"]
    assert said == json.loads(event.model_dump_json(exclude_none=True))
    assert said["words"] == f"{TICKET}:kata"
    assert said["case"]["confidential"]


async def test_given_a_case_that_goes_to_another_body_when_it_goes_on_then_the_first_is_told_of_the_loss_and_no_more(
    replica: Replica, database: Database, receiver: Receiver
) -> None:
    async with an_office(database, replica.clock, headers=signed_in("coordinator")) as coordinator:
        ours, theirs = [(await register(coordinator, agency=one))["id"] for one in (AGENCY, OTHER)]
    lost_at = AT + timedelta(seconds=3)
    lost = Holding(agency=AGENCY, since=AT, until=lost_at)
    holdings = (lost, Holding(agency=OTHER, since=lost_at))
    now: dict[str, Any] = {"agency": OTHER, "holdings": holdings, "has_contact": False}
    forwarded = CaseForwarded(**envelope(3, Status.ASSIGNED, **now), agency=OTHER)

    await hear(
        replica,
        an_assignment(has_contact=False, holdings=(Holding(agency=AGENCY, since=AT),)),
        forwarded.model_copy(update={"occurred_at": lost_at}),
        a_progress(4, **now),
    )
    await until(lambda: len(receiver.asked) == 4)

    told = {
        one: [json.loads(call.body)["sequence"] for call in receiver.asked if call.webhook == one]
        for one in (ours, theirs)
    }
    assert told == {ours: ["2", "3"], theirs: ["3", "4"]}


async def test_given_a_complaint_about_a_body_when_it_goes_on_then_that_bodys_system_is_never_told(
    replica: Replica, database: Database, receiver: Receiver
) -> None:
    async with an_office(database, replica.clock, headers=signed_in("coordinator")) as coordinator:
        accused, other = [(await register(coordinator, agency=one))["id"] for one in (AGENCY, OTHER)]
        about = a_submission().model_copy(update={"about": AGENCY})
        held = (Holding(agency=AGENCY, since=AT, until=AT + timedelta(seconds=1)),)

        await replica.hear(a_progress(1, agency=OTHER, holdings=held))
        unknown = await replica.states()
        await replica.hear(about)
        await until(lambda: receiver.asked)
        await until(replica.all_done)
    readable: list[list[dict[str, Any]]] = []
    for agency, one in ((AGENCY, accused), (OTHER, other)):
        async with an_office(database, replica.clock, headers=signed_in("agency_head", agency)) as head:
            readable.append(await events_of(head, one))

    assert unknown == {"event": "waiting"}
    assert [call.webhook for call in receiver.asked] == [other]
    assert [len(events) for events in readable] == [0, 1]
    assert sorted(one.get("reason", "") for one in await replica.deliveries()) == ["", "conflict_of_interest"]


async def test_given_a_case_of_the_past_when_it_is_entered_then_nobody_is_called(
    replica: Replica, database: Database, receiver: Receiver
) -> None:
    async with an_office(database, replica.clock) as office:
        await register(office)

    await hear(replica, a_progress(1, historical=True))
    await until(replica.is_idle)

    assert receiver.asked == []
    assert [one["kind"] for one in await replica.deliveries(recipient="system")] == []
