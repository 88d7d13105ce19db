"""Administration of the directory over HTTP, on the real store."""

from collections.abc import AsyncGenerator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from services.routing.api.directory import Administration, create_directory_router
from services.routing.api.signing_in import create_person_getter
from services.routing.rulebooks import rulebook_source
from services.routing.store.cases import CaseStore
from services.routing.store.directory import DirectoryStore
from services.routing.store.documents import Opening
from services.routing.succession import Succession
from shared.directory import Directory
from shared.events.cases import CaseAssigned
from shared.events.envelope import CaseEnvelope
from shared.mongo import Database
from shared.oidc import OidcSettings, SignIn
from shared.outbox import OutboxRelay
from shared.problems import ProblemApp
from shared.topics import CASES
from shared.wita import day_of
from tests.routing.desks import COORDINATOR, HEAD, OFFICER, SECRET, on_the_day, signed_in
from tests.routing.examples import AT, OFFICERS, TICKET, a_complaint, a_ticket, an_opening, the_directory
from tests.shared.fakes import FakePublisher

pytestmark = pytest.mark.integration
NOON = datetime(2026, 11, 30, 4, tzinfo=UTC)
TODAY = day_of(NOON)
TOMORROW = TODAY + timedelta(days=1)
ANI: dict[str, Any] = {"name": "Ani", "agency": "PUPR-52.03"}
RULE: dict[str, Any] = {"position": 3, "categories": ["road.damage"], "agencies": ["BPJN"]}
BODY: dict[str, Any] = {"name": {"id": "x", "en": "x"}, "level": "regency", "region": "52.03"}
NEW, FIRST = {"If-Match": "0"}, {"If-Match": "1"}


class Desk:
    """The administration, whose directory follows the store as the topic would make it."""

    def __init__(self, http: httpx2.AsyncClient, records: DirectoryStore, directory: Directory) -> None:
        self.http = http
        self.records = records
        self.directory = directory

    async def put(self, path: str, entry: dict[str, Any], headers: dict[str, str], **more: Any) -> httpx2.Response:
        body = {"entry": entry, "reason": "Surat Sekda 12/2026", **more}
        answer = await self.http.put(f"/v1/directory/{path}", json=body, headers=headers)
        await self.follow(path.replace("/", ":"))
        return answer

    async def follow(self, key: str) -> None:
        for recorded in await self.records.read([key]):
            self.directory.apply(key, recorded)


@pytest.fixture
async def desk(database: Database, store: CaseStore) -> AsyncGenerator[Desk]:
    records = DirectoryStore(database)
    await records.create_indexes()
    await records.seed(OFFICERS)
    directory = Directory.of(*the_directory().agencies.values(), *the_directory().categories.values(), *OFFICERS)
    for kind in ("rules", "calendars", "standards"):
        getattr(directory, kind).update(getattr(the_directory(), kind))
    app = ProblemApp()
    get_person = create_person_getter(SignIn(OidcSettings(development_secret=SecretStr(SECRET))))
    administration = Administration(records, store, directory, lambda: rulebook_source(directory, [])(), lambda: NOON)  # noqa: PLW0108 - made anew at each call
    app.include_router(create_directory_router(administration, get_person))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://desk") as http:
        yield Desk(http, records, directory)


async def test_given_a_record_when_a_coordinator_changes_it_then_it_holds_and_says_who_when_and_why(desk: Desk) -> None:
    answer = await desk.put("officer/ani", ANI | {"email": "ani@pupr.example"}, COORDINATOR | FIRST)

    assert answer.status_code == 200, answer.text
    view = (await desk.http.get("/v1/directory/officer/ani", headers=OFFICER)).json()
    assert (view["revision"], view["entry"]["email"]) == (2, "ani@pupr.example")
    (version,) = view["versions"]
    assert (version["author"], version["reason"], version["revision"]) == ("budi", "Surat Sekda 12/2026", 2)
    assert version["effective_on"] == TODAY.isoformat()


async def test_given_a_stale_revision_when_a_record_is_changed_then_nothing_is(desk: Desk) -> None:
    await desk.put("officer/ani", ANI | {"name": "Ani R."}, COORDINATOR | FIRST)

    answer = await desk.put("officer/ani", ANI | {"name": "Ani B."}, COORDINATOR | FIRST)

    assert answer.status_code == 412
    view = (await desk.http.get("/v1/directory/officer/ani", headers=COORDINATOR)).json()
    assert (view["entry"]["name"], len(view["versions"])) == ("Ani R.", 1)


async def test_given_one_key_when_a_change_is_sent_twice_then_it_is_made_once(desk: Desk) -> None:
    headers = COORDINATOR | FIRST | {"Idempotency-Key": "00000000-0000-4000-8000-000000000001"}

    answers = [await desk.put("officer/ani", ANI | {"name": "Ani R."}, headers) for _ in range(2)]
    await desk.put("officer/ani", ANI | {"name": "Ani B."}, COORDINATOR | {"If-Match": "2"})
    answers.append(await desk.put("officer/ani", ANI | {"name": "Ani R."}, headers))

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert answers[-1].json()["revision"] == 3


async def test_given_a_change_for_tomorrow_when_the_day_comes_then_it_holds_and_not_before(
    desk: Desk, store: CaseStore, relay: OutboxRelay
) -> None:
    answer = await desk.put("officer/ani", ANI | {"name": "Ani R."}, COORDINATOR | FIRST, effective_on=str(TOMORROW))
    assert (answer.status_code, answer.json()["revision"]) == (202, 1)

    def day(days: int) -> Succession:
        return Succession(
            desk.records, store, relay, rulebook_source(desk.directory, []), lambda: NOON + timedelta(days=days)
        )

    made = [await day(days).make_planned() for days in (0, 1, 1)]

    assert made == [0, 1, 0]
    view = (await desk.http.get("/v1/directory/officer/ani", headers=COORDINATOR)).json()
    assert (view["revision"], view["entry"]["name"], view["versions"][0]["revision"]) == (2, "Ani R.", 2)


async def test_given_a_planned_change_when_it_is_taken_back_then_it_never_holds(desk: Desk) -> None:
    key = "00000000-0000-4000-8000-000000000001"
    headers = COORDINATOR | FIRST | {"Idempotency-Key": key}
    await desk.put("officer/ani", ANI | {"name": "Ani R."}, headers, effective_on=str(TOMORROW))

    planned = f"/v1/directory/officer/ani/planned/{key}"
    refused = await desk.http.delete(planned, headers=OFFICER)
    taken_back = await desk.http.delete(planned, headers=COORDINATOR)
    again = await desk.http.delete(planned, headers=COORDINATOR)

    assert [answer.status_code for answer in (refused, taken_back, again)] == [403, 204, 404]
    assert await desk.records.planned(TOMORROW) == []


@pytest.mark.parametrize(
    ("path", "entry", "field"),
    [
        ("officer/ani", ANI | {"agency": "NOBODY"}, "entry.agency"),
        ("officer/ani", ANI | {"nickname": "A"}, "entry.nickname"),
        ("officer/ani", {"name": "Ani"}, "entry.agency"),
        (
            "officer/ani",
            ANI | {"absences": [{"absent_from": "2026-12-01", "absent_before": "2026-12-01", "stand_in": "ani"}]},
            "entry.absences.0.stand_in",
        ),
        ("rule/new", RULE | {"position": 99, "categories": ["road.flying"]}, "entry.categories.0"),
        ("rule/new", RULE | {"position": 99, "agencies": ["kab:FLYING"]}, "entry.agencies.0"),
        ("rule/new", RULE, "entry.position"),
        (
            "rule/new",
            RULE | {"position": 99, "when": [{"question": "weather", "options": ["dry"]}]},
            "entry.when.0.question",
        ),
        ("agency/PUPR-52.03", BODY | {"successor": "PLN"}, "entry.valid_before"),
        ("rule/new", RULE | {"position": 99, "agencies": ["BPJN", "SEKDA"]}, "entry.agencies.1"),
        ("agency/PUPR-52.03", BODY | {"valid_before": "2027-01-01", "successor": "GUBERNUR"}, "entry.successor"),
        ("agency/INSPEKTORAT", BODY | {"coordinates": True, "escalation": "sekda"}, "entry.coordinates"),
        (
            "template/t",
            {"name": {"id": "x", "en": "x"}, "text": {"id": "x", "en": "x"}, "category": "road.flying"},
            "entry.category",
        ),
    ],
)
async def test_given_an_entry_that_is_wrong_when_it_is_sent_then_the_field_is_named_and_nothing_is_changed(
    desk: Desk, path: str, entry: dict[str, Any], field: str
) -> None:
    answer = await desk.put(path, entry, COORDINATOR | FIRST)

    assert answer.status_code == 422, answer.text
    assert field in [error["field"] for error in answer.json()["errors"]]
    assert await desk.records.edits_of(path.replace("/", ":")) == []


async def test_given_a_day_that_is_over_when_a_change_is_to_hold_from_it_then_it_is_refused(desk: Desk) -> None:
    answer = await desk.put("officer/ani", ANI, COORDINATOR | FIRST, effective_on=str(TODAY - timedelta(days=1)))

    assert answer.json()["errors"][0]["field"] == "effective_on"


@pytest.mark.parametrize(
    ("headers", "path", "entry", "status"),
    [
        (COORDINATOR, "officer/ani", ANI, 200),
        (HEAD, "officer/ani", ANI, 200),
        (HEAD, "officer/ani", ANI | {"agency": "PUPR-52.06"}, 403),
        (signed_in("agency_head", "PUPR-52.06"), "officer/ani", ANI, 403),
        (OFFICER, "officer/ani", ANI, 403),
        (signed_in("auditor"), "officer/ani", ANI, 403),
        (signed_in("coordinator", regions=("52.03",)), "officer/ani", ANI, 403),
        (HEAD, "rule/new", RULE | {"position": 99}, 403),
        ({}, "officer/ani", ANI, 401),
    ],
)
async def test_given_a_person_when_a_record_is_changed_then_only_who_may_does(
    desk: Desk, headers: dict[str, str], path: str, entry: dict[str, Any], status: int
) -> None:
    assert (await desk.put(path, entry, headers | FIRST)).status_code == status


async def test_given_clients_and_regions_when_they_are_asked_for_then_they_are_not_the_desks(desk: Desk) -> None:
    for kind in ("client", "region", "nothing"):
        assert (await desk.http.get(f"/v1/directory/{kind}", headers=COORDINATOR)).status_code == 422


async def test_given_a_day_when_agencies_are_listed_then_those_are_that_were_there(desk: Desk) -> None:
    async def names(day: date) -> set[str]:
        answer = await desk.http.get("/v1/directory/agency", params={"valid_on": str(day)}, headers=OFFICER)
        return {record["id"] for record in answer.json()}

    before, since = await names(date(2025, 12, 31)), await names(date(2026, 1, 2))

    assert {"DIKBUD", "DISPORA"} <= before - since
    assert {"DIKPORA", "DISBUD"} <= since - before


async def test_given_a_rule_when_it_is_tried_then_it_says_which_complaints_would_go_elsewhere(
    desk: Desk, store: CaseStore
) -> None:
    lights = [a_ticket(number) for number in range(3)]
    await store.open([Opening(a_complaint(), an_opening(), "")])
    for ticket in lights:
        fields: dict[str, Any] = {"category": "road.light", "answers": {}}
        await store.open([Opening(a_complaint(ticket, **fields), an_opening(ticket, **fields), "")])
    rule = {"position": 1, "categories": ["road.light"], "agencies": ["PLN"]}

    async def tried(name: str, position: int, headers: dict[str, str] = COORDINATOR) -> httpx2.Response:
        body = {"entry": rule | {"position": position}}
        return await desk.http.post(f"/v1/directory/rule/{name}/dry-run", json=body, headers=headers)

    nothing, moved, refused = await tried("new", 500), await tried("street-light", 4), await tried("new", 500, OFFICER)

    assert refused.status_code == 403
    assert nothing.json() == {"tried": 4, "moved": []}
    assert {one["ticket"] for one in moved.json()["moved"]} == set(lights)
    first = moved.json()["moved"][0]
    assert (first["before"], first["after"]) == ("DISHUB-52.03", "PLN")
    assert desk.directory.rules["street-light"].agencies == ("kab:DISHUB",)


async def test_given_closed_days_that_are_added_when_a_promise_is_given_then_they_count_and_old_promises_stay(
    desk: Desk,
) -> None:
    before = rulebook_source(desk.directory, [])().closed
    closed = {"closed": [{"day": "2026-12-02", "name": "Cuti bersama", "source": "coordinator"}]}

    answer = await desk.put("calendar/52-extra", closed, COORDINATOR | NEW)

    assert answer.status_code == 200, answer.text
    assert rulebook_source(desk.directory, [])().closed - before == {date(2026, 12, 2)}


async def test_given_an_agency_that_merged_when_its_day_comes_then_its_open_cases_go_to_the_successor(
    desk: Desk, store: CaseStore, relay: OutboxRelay, publisher: FakePublisher
) -> None:
    await store.open([Opening(a_complaint(), an_opening(), "")])
    before = await store.load(TICKET)
    assert before is not None
    known = desk.directory.agencies["PUPR-52.03"].model_dump(mode="json", exclude={"kind", "id"}, exclude_none=True)
    ends = known | {"valid_before": str(day_of(AT)), "successor": "PERKIM-52.03"}
    assert (await desk.put("agency/PUPR-52.03", ends, COORDINATOR | NEW)).status_code == 200
    succession = Succession(desk.records, store, relay, rulebook_source(desk.directory, []), on_the_day)

    handed = [await succession.hand_over_once() for _ in range(2)]

    assert handed == [1, 0]
    after = await store.load(TICKET)
    assert after is not None
    assert (after.case.snapshot.agency, after.case.snapshot.status) == ("PERKIM-52.03", before.case.snapshot.status)
    assert after.case.snapshot.promises == before.case.snapshot.promises
    assert [holding.agency for holding in after.case.snapshot.holdings] == ["PUPR-52.03", "PERKIM-52.03"]
    event = CASES.types["case.assigned.v1"].model_validate_json(publisher.published[-1].value or b"")
    assert isinstance(event, CaseAssigned)
    assert isinstance(event, CaseEnvelope)
    assert (event.rule, event.agency, event.sequence) == ("successor", "PERKIM-52.03", 3)
