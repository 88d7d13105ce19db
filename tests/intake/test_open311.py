"""`/open311/v2` of intake, without a broker."""

import xml.etree.ElementTree as ET
from collections.abc import AsyncGenerator
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.api import Intake
from services.intake.open311 import Open311, create_open311_router
from services.intake.settings import LimitSettings, Settings
from services.routing.seeds import seed_entries
from shared.access import make_token
from shared.directory import Directory
from shared.events.directory import ClientRole
from shared.ids import parse_ticket, tracking_code_fits
from shared.open311 import Open311Faults
from shared.problems import ProblemApp
from tests.intake.residents import uploads_of
from tests.intake.test_api import GONE, POST, a_client, submitted, the_places, the_settings
from tests.shared.fakes import FakePublisher

REQUESTS = "/open311/v2/requests"
CITY, AS_CITY = a_client("kota-app", ClientRole.INTEGRATOR)
API_KEY = AS_CITY["Authorization"].removeprefix("Bearer ")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
KEY = {"Idempotency-Key": "00000000-0000-4000-8000-000000000001"}


def an_app(publisher: FakePublisher, configured: Settings | None = None) -> ProblemApp:
    configured = (configured or the_settings()).model_copy(update={"limits": LimitSettings(enabled=False)})
    directory = Directory.of(*seed_entries(range(2026, 2028)), POST, CITY, GONE)
    intake = Intake(configured, directory, the_places(), publisher, uploads_of(configured, directory))  # type: ignore[arg-type]
    app = ProblemApp(max_body_size=64 * 1024)
    app.router.routes.extend(create_open311_router(Open311(configured, intake, directory)).routes)
    app.add_middleware(Open311Faults)
    return app


def client_of(app: ProblemApp) -> httpx2.AsyncClient:
    transport: Any = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx2.AsyncClient(transport=transport, base_url="https://ntbcare.example")


@pytest.fixture
async def open311(publisher: FakePublisher) -> AsyncGenerator[httpx2.AsyncClient]:
    async with client_of(an_app(publisher)) as client:
        yield client


def a_form(**fields: Any) -> dict[str, Any]:
    form = {
        "api_key": API_KEY,
        "service_code": "road.damage",
        "lat": "-8.583",
        "long": "116.116",
        "description": "Jalan rusak parah di depan pasar",
        "first_name": "Sitti",
        "last_name": "Aminah",
        "email": "sitti@mail.example",
        "attribute[road_class]": "regency",
    }
    return {name: value for name, value in (form | fields).items() if value is not None}


async def test_given_the_form_of_the_specification_when_posted_then_it_is_a_complaint_of_that_client(
    open311: httpx2.AsyncClient, publisher: FakePublisher
) -> None:
    everything = a_form(
        jurisdiction_id="ntbprov.go.id",
        address_string="Jl. Pejanggik 47",
        device_id="tt222111",
        account_id="123456",
        phone="0812-3456-789",
        media_url="https://foto.example/1.jpg",
    )

    answer = await open311.post(f"{REQUESTS}.json", data=everything)

    assert answer.status_code == 201
    [created] = answer.json()
    ticket = parse_ticket(created["service_request_id"])
    assert created.keys() == {"service_request_id", "service_notice", "account_id"}
    assert answer.headers["location"] == f"/open311/v2/requests/{ticket}.json"
    personal, facts = submitted(publisher)
    assert (facts.ticket, facts.channel, facts.client) == (ticket, "open311", "kota-app")
    assert (facts.category, facts.answers) == ("road.damage", {"road_class": "regency"})
    assert (facts.region, facts.cell, facts.anonymous) == ("52.71.02.1011", "-8.60,116.10", False)
    assert personal.text.startswith("Jalan rusak parah di depan pasar\n")
    assert "https://foto.example/1.jpg" in personal.text
    assert (personal.name, personal.email, personal.phone) == ("Sitti Aminah", "sitti@mail.example", "+628123456789")
    assert personal.address == "Jl. Pejanggik 47"


async def test_given_a_posted_form_when_answered_then_the_notice_holds_the_tracking_code(
    open311: httpx2.AsyncClient,
) -> None:
    answer = await open311.post(f"{REQUESTS}.xml", data=a_form(locale="en"))

    root = ET.fromstring(answer.content)  # noqa: S314 - our own
    assert [element.tag for element in root.iter()] == [
        *("service_requests", "request"),
        *("service_request_id", "service_notice", "account_id"),
    ]
    ticket, notice = root.findtext("request/service_request_id", ""), root.findtext("request/service_notice", "")
    code = notice.removeprefix("Tracking code: ")[:14]
    assert tracking_code_fits(the_settings().tracking_keys(), ticket, code)
    assert answer.headers["cache-control"] == "no-store"


async def test_given_the_same_key_when_a_form_is_posted_twice_then_it_is_one_complaint(
    open311: httpx2.AsyncClient, publisher: FakePublisher
) -> None:
    first = await open311.post(f"{REQUESTS}.json", data=a_form(), headers=KEY)
    second = await open311.post(f"{REQUESTS}.json", data=a_form(), headers=KEY)

    assert first.json() == second.json()
    assert {record.key for record in publisher.published[::2]} == {publisher.published[0].key}


@pytest.mark.parametrize(
    ("fields", "status", "description"),
    [
        ({"api_key": None}, 403, "api_key was not provided"),
        ({"api_key": "ntb_kota-app_0"}, 403, "api_key is not valid"),
        ({"api_key": make_token("nobody")[0]}, 403, "api_key is not valid"),
        ({"api_key": "\u00e9"}, 403, "api_key is not valid"),
        ({"jurisdiction_id": "sfgov.org"}, 404, "jurisdiction_id was not found"),
        ({"service_code": "road.dragons"}, 404, "service_code was not found"),
        ({"service_code": None}, 400, "service_code: was not provided"),
        ({"description": None}, 400, "description: was not provided"),
        ({"description": "pendek"}, 400, "description: should have at least 10 characters"),
        ({"lat": None, "long": None}, 400, "lat, long: give lat and long"),
        ({"long": None}, 400, "long: was not provided, but lat was"),
        ({"lat": "north"}, 400, "lat: Input should be a valid number"),
        ({"lat": "nan"}, 400, "lat: Input should be a finite number"),
        ({"lat": "-8.65", "long": "115.22"}, 400, "lat, long: the point lies outside Nusa Tenggara Barat"),
        ({"address_id": "52.99"}, 400, "address_id: is not a region"),
        ({"address_id": "mataram"}, 400, "address_id: String should match"),
        ({"address_id": "52.03"}, 400, "lat, long: the point lies in 52.71"),
        ({"email": "sitti"}, 400, "email: value is not a valid email address"),
        ({"phone": "12"}, 400, "phone: is not a phone number"),
        ({"first_name": "x" * 201}, 400, "first_name, last_name: String should have at most 200"),
        ({"attribute[road_class]": "moon"}, 400, "attribute[road_class]: must be one of"),
        ({"attribute[Dragons!]": "x"}, 400, "attribute[Dragons!]: String should match"),
        ({"attribute[dragons]": "x"}, 400, "attribute[dragons]: is not a question of road.damage"),
        ({"locale": "fr"}, 400, "locale: must be id or en"),
    ],
)
async def test_given_a_wrong_form_when_posted_then_the_field_is_named_and_nothing_is_published(
    open311: httpx2.AsyncClient, publisher: FakePublisher, fields: dict[str, Any], status: int, description: str
) -> None:
    answer = await open311.post(f"{REQUESTS}.json", data=a_form(**fields))

    assert answer.status_code == status, answer.text
    assert answer.json()[0]["code"] == status
    assert answer.json()[0]["description"].startswith(description)
    assert publisher.published == []


async def test_given_a_revoked_key_when_a_form_is_posted_then_it_is_refused(open311: httpx2.AsyncClient) -> None:
    key = "ntb_gone_" + "0" * 40

    answer = await open311.post(f"{REQUESTS}.xml", data=a_form(api_key=key))

    assert answer.status_code == 403
    assert ET.fromstring(answer.content).findtext("error/code") == "403"  # noqa: S314 - our own


async def test_given_a_key_in_the_address_when_a_form_is_posted_then_it_does_not_count(
    open311: httpx2.AsyncClient,
) -> None:
    answer = await open311.post(f"{REQUESTS}.json?api_key={API_KEY}", data=a_form(api_key=None))

    assert (answer.status_code, answer.json()[0]["description"][:7]) == (403, "api_key")


async def test_given_a_jurisdiction_in_the_address_when_a_form_is_posted_then_it_counts(
    open311: httpx2.AsyncClient,
) -> None:
    answer = await open311.post(f"{REQUESTS}.json?jurisdiction_id=sfgov.org", data=a_form())

    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b'{"service_code": "road.damage"}', "application/json"),
        (b"service_code=road.damage", "text/plain"),
        (b"service_code=%ff", "application/x-www-form-urlencoded"),
        (b"service_code=\xff", "application/x-www-form-urlencoded"),
        (b"&".join(b"a=1" for _ in range(101)), "application/x-www-form-urlencoded"),
    ],
)
async def test_given_what_is_no_form_when_posted_then_the_answer_is_400(
    open311: httpx2.AsyncClient, content: bytes, media_type: str
) -> None:
    answer = await open311.post(f"{REQUESTS}.json", content=content, headers={"Content-Type": media_type})

    assert answer.status_code == 400
    assert answer.json()[0]["code"] == 400


@pytest.mark.parametrize(("size", "status"), [(60_000, 400), (70_000, 400), (1_100_000, 413)])
async def test_given_a_long_form_when_posted_then_it_is_refused(
    open311: httpx2.AsyncClient, publisher: FakePublisher, size: int, status: int
) -> None:
    answer = await open311.post(f"{REQUESTS}.json", data=a_form(description="x" * size))

    assert answer.status_code == status
    assert answer.json() if status == 413 else answer.json()[0]["description"].startswith(("description", "The form"))
    assert publisher.published == []


async def test_given_raw_utf_8_when_posted_then_it_is_read_as_such(
    open311: httpx2.AsyncClient, publisher: FakePublisher
) -> None:
    form = urlencode(a_form(description=None)) + "&description=Jalan rusak di dusun Bélé, 😢"
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}

    await open311.post(f"{REQUESTS}.json", content=form.encode(), headers=headers)

    assert submitted(publisher)[0].text == "Jalan rusak di dusun Bélé, 😢"


async def test_given_a_broker_that_is_away_when_a_form_is_posted_then_the_answer_is_503_with_the_key(
    open311: httpx2.AsyncClient, publisher: FakePublisher
) -> None:
    publisher.reachable = False

    answer = await open311.post(f"{REQUESTS}.json", data=a_form(), headers=KEY)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()[0]["description"].endswith(KEY["Idempotency-Key"])


async def test_given_no_name_when_a_form_is_posted_then_the_complaint_is_anonymous(
    open311: httpx2.AsyncClient, publisher: FakePublisher
) -> None:
    form = a_form(first_name=None, last_name=None, lat=None, long=None, address_id="52.71")

    await open311.post(f"{REQUESTS}.json", data=form)

    personal, facts = submitted(publisher)
    assert (facts.anonymous, facts.region, facts.has_contact) == (True, "52.71", True)
    assert personal.name is None


async def test_given_the_seeded_categories_when_services_are_listed_then_each_has_its_definition(
    open311: httpx2.AsyncClient,
) -> None:
    services = (await open311.get("/open311/v2/services.json")).json()

    assert len(services) == 40
    for service in services:
        definition = await open311.get(f"/open311/v2/services/{service['service_code']}.json")
        assert definition.json()["service_code"] == service["service_code"]
        assert bool(definition.json()["attributes"]) is service["metadata"]


async def test_given_xml_when_a_definition_is_read_then_its_elements_are_those_of_the_specification(
    open311: httpx2.AsyncClient,
) -> None:
    answer = await open311.get("/open311/v2/services/road.damage.xml", params={"locale": "en"})

    root = ET.fromstring(answer.content)  # noqa: S314 - our own
    assert root.tag == "service_definition"
    assert [child.tag for child in root] == ["service_code", "attributes"]
    [attribute] = root.findall("attributes/attribute")
    assert attribute.findtext("description") == "Which kind of road is it?"
    assert [value.findtext("key") for value in attribute.findall("values/value")] == [
        *("national", "provincial", "regency", "unknown"),
    ]
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"


@pytest.mark.parametrize(
    "path",
    [
        "services/road.dragons.json",
        "services/.json",
        "tokens/NTB-0000-0000-0000-00.json",
        "tokens/12345.json",
        "services.json?jurisdiction_id=sfgov.org",
        "services/road.damage.json?jurisdiction_id=sfgov.org",
        "requests.json",
        "requests/NTB-1.json",
        "services.yaml",
    ],
)
async def test_given_what_intake_does_not_know_when_asked_for_then_the_answer_is_404(
    open311: httpx2.AsyncClient, path: str
) -> None:
    answer = await open311.get(f"/open311/v2/{path}")

    assert answer.status_code == 404


async def test_given_an_id_when_taken_for_a_token_then_it_leads_to_itself(open311: httpx2.AsyncClient) -> None:
    ticket = (await open311.post(f"{REQUESTS}.json", data=a_form())).json()[0]["service_request_id"]

    answer = await open311.get(f"/open311/v2/tokens/{ticket.lower()}.json")

    assert answer.json() == [{"service_request_id": ticket, "token": ticket.lower()}]


async def test_given_nothing_configured_when_discovered_then_the_endpoint_is_where_the_request_came_to(
    open311: httpx2.AsyncClient,
) -> None:
    answer = await open311.get("/open311/v2/discovery.json")

    assert answer.json().keys() == {"changeset", "contact", "key_service", "endpoints"}
    [endpoint] = answer.json()["endpoints"]
    assert endpoint == {
        "specification": "http://wiki.open311.org/GeoReport_v2",
        "url": "https://ntbcare.example/open311/v2",
        "changeset": answer.json()["changeset"],
        "type": "test",
        "formats": ["text/xml", "application/json"],
    }


async def test_given_settings_when_discovered_then_the_endpoint_is_as_they_say(publisher: FakePublisher) -> None:
    told = {"url": "https://api.ntb.example/open311/v2", "jurisdiction": "ntb.example"}
    configured = Settings.model_validate(the_settings().model_dump() | {"open311": told})

    async with client_of(an_app(publisher, configured)) as client:
        discovered = await client.get("/open311/v2/discovery.xml", params={"jurisdiction_id": "ignored.example"})
        other = await client.get("/open311/v2/services.xml", params={"jurisdiction_id": "ntbprov.go.id"})

    root = ET.fromstring(discovered.content)  # noqa: S314 - our own
    assert root.findtext("endpoints/endpoint/url") == "https://api.ntb.example/open311/v2"
    assert [each.text for each in root.findall("endpoints/endpoint/formats/format")] == ["text/xml", "application/json"]
    assert other.status_code == 404


def test_given_the_openapi_document_when_read_then_it_names_every_field_that_is_taken() -> None:
    posted = an_app(FakePublisher()).openapi()["paths"]["/open311/v2/requests.{form}"]["post"]

    schema = posted["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]

    taken = {name for name in FIELDS if not name.startswith("attribute")} | {"attribute[code]"}
    assert set(schema["properties"]) == taken | {"jurisdiction_id", "device_id", "account_id"}
    assert set(posted["responses"]) == {"201", "400", "403", "404", "4XX"}


FIELDS = [*a_form(), "address_string", "address_id", "phone", "media_url", "attribute[]", "attribute[x][]", "locale"]


@cache
def an_app_of_its_own() -> ProblemApp:
    return an_app(FakePublisher())


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=40) | st.floats().map(str), max_size=6), st.text())
async def test_given_any_form_and_path_when_asked_then_nothing_breaks(changes: dict[str, str], name: str) -> None:
    async with client_of(an_app_of_its_own()) as client:
        answers = [
            await client.post(f"{REQUESTS}.json", data=a_form() | changes),
            await client.post(
                f"{REQUESTS}.xml", content=urlencode({name: name} | changes).encode(), headers=KEY | FORM
            ),
            await client.get("/open311/v2/services.xml", params={name: name, "locale": name}),
            await client.get(f"/open311/v2/services/{quote(name, safe='')}.xml"),
            await client.get(f"/open311/v2/tokens/{quote(name)}.xml"),
        ]

    assert {answer.status_code for answer in answers} <= {200, 201, 400, 403, 404}
    for answer in answers[1:]:
        ET.fromstring(answer.content)  # noqa: S314 - our own
