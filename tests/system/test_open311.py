"""Open311 on the platform as `ntbcare up` runs it: by clients that others wrote, and as the documentation says."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

import georeport
import httpx2
import pytest
from civicbot import Endpoint, HttpError, Open311Client
from civicbot.open311 import CONFIRM_TOKEN

from deploy.local.ports import free_port
from tests.deploy.test_up import Place, ntbcare, running
from tests.waiting import until

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

DOCUMENTATION: Final = Path(__file__).parents[2] / "docs" / "open311.md"
SELONG: Final[dict[str, Any]] = {"lat": -8.6497, "lng": 116.5402}
AGENCY: Final = "Dinas Pekerjaan Umum dan Penataan Ruang Kabupaten Lombok Timur"
ROAD: Final[dict[str, Any]] = {
    "description": "Jalan berlubang di depan pasar Selong",
    "attributes": {"road_class": "regency"},
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Generator[Place]:
    """A platform that runs."""
    place = Place(tmp_path_factory.mktemp("open311"), free_port(), free_port(), free_port(), free_port())
    with running(place):
        yield place


@pytest.fixture(scope="module")
def api_key(place: Place) -> str:
    return ntbcare(place, "clients", "issue", "--name", "City", "--role", "integrator").strip()


@pytest.fixture
def writing(place: Place) -> Open311Client:
    """A client that sends."""
    return Open311Client(Endpoint("ntb", "NTB", f"{place.url}/open311/v2", write=True))


@pytest.fixture(params=["json", "xml"])
def reading(request: pytest.FixtureRequest, place: Place) -> georeport.GeoReport:
    """A client that reads."""
    address = f"{place.url}/open311/v2"
    return georeport.GeoReport(address, jurisdiction="ntbprov.go.id", output_format=request.param)


def send(client: Open311Client, api_key: str, service: str = "road.damage", **fields: Any) -> dict[str, str]:
    """Checked by the client against our own services and definitions, then sent."""
    sure: dict[str, Any] = {"dry_run": False, "confirm": CONFIRM_TOKEN, "validate_remote": True}
    sent = client.create_request(service, api_key=api_key, **sure | SELONG | (fields or ROAD))
    return sent.response[0]


async def act(place: Place, ticket: str, *actions: str) -> None:
    """As the agency's officer."""
    token = ntbcare(place, "token", "--role", "officer", "--agency", "PUPR-52.03").strip()
    async with httpx2.AsyncClient(base_url=place.url, headers={"Authorization": f"Bearer {token}"}) as desk:
        for action in actions:
            seen = await desk.get(f"/v1/desk/cases/{ticket}?wait=20")
            words = {"text": f"Sudah kami periksa: {action}"}
            headers = {"If-Match": str(seen.json()["revision"])}
            answer = await desk.post(f"/v1/desk/cases/{ticket}/{action}", json=words, headers=headers)
            assert answer.status_code == 200, answer.text


async def test_given_clients_that_others_wrote_when_they_send_and_follow_then_both_sides_understand_each_other(
    place: Place, api_key: str, writing: Open311Client, reading: georeport.GeoReport
) -> None:
    def asked() -> dict[str, Any]:
        # Of XML the client makes a list only where there are several.
        found: Any = reading.get_service_requests(status="open", service_code="road.damage", service_request_id=ticket)
        return found[0] if reading.output_format == "json" else found

    services = await asyncio.to_thread(reading.get_service_list)
    definition = await asyncio.to_thread(reading.get_service_definition, "road.damage")
    ticket = (await asyncio.to_thread(send, writing, api_key))["service_request_id"]
    created = await asyncio.to_thread(reading.get_service_request, ticket)
    await act(place, ticket, "accept", "progress", "resolve")
    await until(lambda: asyncio.to_thread(lambda: asked()["status"] == "closed"), every_s=0.1)
    resolved = await asyncio.to_thread(asked)

    names = {service["service_code"]: service["service_name"] for service in services}
    assert (len(names), names["road.damage"]) == (40, "Jalan rusak")
    assert definition["service_code"] == "road.damage"
    assert "Jalan apakah ini?" in str(definition)
    assert created["service_request_id"] == ticket
    assert created["address"] == "Sandu Baya, Selong, Kabupaten Lombok Timur, Nusa Tenggara Barat"
    assert (float(created["lat"]), float(created["long"])) == (-8.65, 116.55)
    assert "pasar Selong" not in str(created)
    assert resolved["agency_responsible"] == AGENCY
    assert resolved["status_notes"].endswith("Sudah kami periksa: progress")
    assert "Sudah kami periksa: resolve" not in str(resolved)


async def test_given_a_resolved_request_when_its_updates_are_read_then_each_step_is_there(
    place: Place, api_key: str, writing: Open311Client
) -> None:
    ticket = (await asyncio.to_thread(send, writing, api_key))["service_request_id"]
    await act(place, ticket, "accept", "progress", "resolve")

    async with httpx2.AsyncClient(base_url=f"{place.url}/open311/v2") as client:

        async def resolved() -> list[dict[str, Any]] | None:
            answer = await client.get("/servicerequestupdates.json", params={"service_request_id": ticket})
            return answer.json() if answer.json() and answer.json()[-1]["status"] == "closed" else None

        updates = await until(resolved)
        recent = (await client.get("/servicerequestupdates.json")).json()

    assert [update["update_id"] for update in updates] == [f"{ticket}-{number}" for number in range(1, 6)]
    assert [update["status"] for update in updates] == ["open", "open", "open", "open", "closed"]
    assert updates[3]["description"].endswith("Sudah kami periksa: progress")
    assert [update for update in recent if update["service_request_id"] == ticket] == updates


async def test_given_a_confidential_service_when_a_request_is_sent_then_open311_finds_it_nowhere(
    place: Place, api_key: str, writing: Open311Client
) -> None:
    sent = await asyncio.to_thread(send, writing, api_key, "integrity.levy", description="Pungutan liar di loket itu")
    ticket = sent["service_request_id"]
    [code] = re.findall("[0-9A-Z]{4}(?:-[0-9A-Z]{4}){2}", sent["service_notice"])
    async with httpx2.AsyncClient(base_url=place.url) as client:
        own = await client.get(f"/v1/cases/{ticket}?wait=20&after=1", headers={"X-Tracking-Code": code})

    listed = await asyncio.to_thread(writing.list_requests, service_code="integrity.levy")
    named = await asyncio.to_thread(writing.list_requests, service_request_ids=[ticket])
    with pytest.raises(HttpError) as refused:
        await asyncio.to_thread(writing.get_request, ticket)

    assert (own.json()["status"], own.json()["reporter"]["confidential"]) == ("assigned", True)
    assert "rahasia" in sent["service_notice"]
    assert (listed, named, refused.value.status) == ([], [], 404)


async def test_given_a_wrong_key_when_a_request_is_sent_then_the_client_is_told_why(writing: Open311Client) -> None:
    with pytest.raises(HttpError) as refused:
        await asyncio.to_thread(send, writing, "ntb_nobody_0")

    assert refused.value.status == 403
    assert json.loads(refused.value.body)[0]["description"].startswith("api_key is not valid")


@pytest.mark.skipif(not all(map(shutil.which, ("curl", "jq"))), reason="needs curl and jq")
def test_given_the_documentation_when_its_examples_are_run_as_they_stand_then_all_of_them_work(
    place: Place, tmp_path: Path
) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", DOCUMENTATION.read_text(encoding="utf-8"), re.DOTALL)
    script = "\n".join(["set -e", *blocks]).replace("https://ntbcare.example", place.url)
    path = f"{Path(sys.executable).parent}{os.pathsep}{place.environment['PATH']}"

    done = subprocess.run(
        ["sh"],
        input=script,
        cwd=tmp_path,
        env=place.environment | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    [created] = json.loads((tmp_path / "created.json").read_text())
    assert len(blocks) == 4
    assert f"<url>{place.url}/open311/v2</url>" in done.stdout
    assert "road.damage: Damaged road" in done.stdout
    assert "national: National road" in done.stdout
    assert f"<service_request_id>{created['service_request_id']}</service_request_id>" in done.stdout
    assert f'"update_id":"{created["service_request_id"]}-1"' in done.stdout
