"""`/data` on the real store."""

import asyncio
import csv
import io
import json
from typing import Any, Final

import httpx2
import pytest
from arro3.io import read_parquet
from fastapi import FastAPI

from services.reporting.api.exports import create_export_router
from services.reporting.domain.opendata import Catalogue
from services.reporting.exporting import Exporting
from services.reporting.shipped import shipped_catalogue
from services.reporting.store.exports import BATCH, GenerationDropped, Months
from services.reporting.store.searches import Search
from shared.events.case import Status
from shared.events.directory import Label
from shared.mongo import MongoSettings, connected
from shared.problems import install_problems
from tests.profiler import watch, watched
from tests.reporting.conftest import Projecting
from tests.reporting.samples import RECEIVED_AT, a_directory, a_lifecycle, a_step, an_agency, hours, ticket
from tests.waiting import until

pytestmark = [pytest.mark.integration, pytest.mark.parametrize("mongo", ["motor"], indirect=True)]

MANY: Final = 3 * BATCH + 20


def read(name: str, content: bytes) -> list[dict[str, Any]]:
    """Rows of a file in any format."""
    match name.rpartition(".")[2]:
        case "csv":
            return list(csv.DictReader(io.StringIO(content.decode(), newline="")))
        case "json":
            return json.loads(content)
        case "jsonl":
            return [json.loads(line) for line in content.splitlines()]
        case "geojson":
            return [feature["properties"] for feature in json.loads(content)["features"]]
        case _:
            table: Any = read_parquet(io.BytesIO(content)).read_all()
            columns = {column: table[column].to_pylist() for column in table.schema.names}
            return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


async def fetch(client: httpx2.AsyncClient, name: str, **filters: str) -> list[dict[str, Any]]:
    answer = await client.get(f"/data/{name}", params=filters)
    assert answer.status_code == 200, answer.text
    assert f"ntbcare-{name}" in answer.headers["Content-Disposition"]
    return read(name, answer.content)


async def fill(projecting: Projecting, number: int = MANY) -> None:
    """Over some days, so that batches end within a day and at its end."""
    await projecting.take(
        *(a_step(one, 1, received_at=RECEIVED_AT + hours(24 * (one % 5))) for one in range(number)),
        *(a_step(one, 1, confidential=True) for one in range(number, number + 7)),
    )


@pytest.mark.parametrize("form", ["csv", "json", "jsonl", "geojson", "parquet"])
async def test_given_many_cases_when_they_are_exported_then_each_public_one_comes_once_in_the_order_of_its_day(
    client: httpx2.AsyncClient, projecting: Projecting, form: str
) -> None:
    await fill(projecting)

    rows = await fetch(client, f"cases.{form}")

    assert sorted(row["ticket"] for row in rows) == sorted(ticket(number) for number in range(MANY))
    days = [str(row["received_on"]) for row in rows]
    assert days == sorted(days)
    assert {row["district_name"] for row in rows} == {"Keruak"}


@pytest.mark.parametrize("form", ["csv", "json", "jsonl", "parquet"])
async def test_given_cases_when_figures_are_exported_then_their_sums_are_those_of_the_statistics(
    client: httpx2.AsyncClient, projecting: Projecting, form: str
) -> None:
    await fill(projecting, 40)
    await projecting.take(*(record for number in range(60, 63) for record in a_lifecycle(number, region="52.02")))

    rows = await fetch(client, f"figures.{form}")
    statistics = (await client.get("/v1/statistics?by=region&level=district")).json()

    told = {(row["regency"], row["received"], row["done"]) for row in rows}
    assert {(regency, int(received), int(done)) for regency, received, done in told} == {
        ("52.03", 47, 0),
        ("52.02", 3, 3),
    }
    assert sum(int(row["received"]) for row in rows) == sum(row["received"] for row in statistics["rows"])


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"region": "52.02"}, [2]),
        ({"region": "52.03"}, [1, 3, 4]),
        ({"region": "52.03.01"}, [1, 3]),
        ({"agency": "-"}, [3]),
        ({"agency": "PUPR-52.03"}, [1, 2, 4]),
        ({"category": "social.violence"}, [4]),
        ({"status": "in_triage"}, [3]),
        ({"from": "2026-03-06"}, [2]),
        ({"to": "2026-03-05"}, [1, 3, 4]),
        ({"updated_after": "2026-03-05T04:00:00Z"}, [3, 4]),
    ],
)
async def test_given_filters_when_cases_are_exported_then_only_those_that_fit_come(
    client: httpx2.AsyncClient, projecting: Projecting, filters: dict[str, str], expected: list[int]
) -> None:
    await projecting.take(
        a_step(1, 1),
        a_step(2, 1, region="52.02", received_at=RECEIVED_AT + hours(24)),
        a_step(3, 3, agency=None, status=Status.IN_TRIAGE),
        a_step(4, 4, category="social.violence"),
    )

    rows = await fetch(client, "cases.jsonl", **filters)

    assert sorted(row["ticket"] for row in rows) == sorted(ticket(number) for number in expected)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, ["2026-03", "2026-04"]),
        ({"from": "2026-03-01", "to": "2026-04-29"}, ["2026-03"]),
        ({"from": "2026-03-02"}, ["2026-04"]),
        ({"region": "52.02"}, ["2026-04"]),
        ({"category": "env.waste"}, []),
    ],
)
async def test_given_filters_when_figures_are_exported_then_only_whole_months_that_fit_come(
    client: httpx2.AsyncClient, projecting: Projecting, filters: dict[str, str], expected: list[str]
) -> None:
    await projecting.take(a_step(1, 1), a_step(2, 1, region="52.02", received_at=RECEIVED_AT + hours(24 * 30)))

    rows = await fetch(client, "figures.json", **filters)

    assert [row["month"] for row in rows] == expected


async def test_given_a_sensitive_case_when_its_district_is_asked_for_then_it_is_in_neither_dataset(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(a_step(1, 1, category="social.violence"))

    assert await fetch(client, "cases.json", region="52.03.01") == []
    assert await fetch(client, "figures.json", region="52.03.01") == []
    [row] = await fetch(client, "figures.json", region="52.03")
    assert (row["regency"], row["district"], row["received"]) == ("52.03", None, 1)


async def test_given_cases_that_change_meanwhile_when_they_are_exported_then_each_still_comes_once(
    projecting: Projecting,
) -> None:
    await projecting.take(*(a_step(number, 1) for number in range(30)))

    tickets: list[str] = []
    async for found in projecting.store.exports.cases(Search(), size=7):
        tickets += [of for of, _ in found]
        await projecting.take(*(a_step(number, 2 + len(tickets), "resolved") for number in range(30)))

    assert tickets == sorted(ticket(number) for number in range(30))


async def test_given_many_cases_when_a_few_are_taken_then_only_a_few_are_read(projecting: Projecting) -> None:
    await fill(projecting)
    exports = projecting.store.exports

    batches = exports.cases(Search(), size=10)
    _ = [await anext(batches), await anext(batches)]

    assert exports.batches == 2


async def test_given_an_export_when_it_is_read_then_every_batch_is_found_by_an_index_in_its_order(
    projecting: Projecting, mongo: MongoSettings
) -> None:
    await fill(projecting, 60)
    async with connected(mongo) as database:
        await watch(database)
        _ = [found async for found in projecting.store.exports.cases(Search(), size=20)]
        _ = [found async for found in projecting.store.exports.cases(Search(first="2026-03-06"), size=20)]
        _ = [found async for found in projecting.store.exports.months(Months(), size=1)]
        commands = await watched(database, appName="ntbcare")

    found = [command for command in commands if command["op"] == "query"]
    assert len(found) > 8
    assert [command for command in found if command.get("hasSortStage")] == []
    assert max(command["docsExamined"] for command in found) == 20
    assert [command for command in found if "COLLSCAN" in command["planSummary"]] == []


async def test_given_a_generation_that_is_dropped_when_it_is_exported_then_that_is_no_end(
    projecting: Projecting, mongo: MongoSettings
) -> None:
    await projecting.take(*(a_step(number, 1) for number in range(5)))
    batches = projecting.store.exports.cases(Search(), size=2)
    await anext(batches)

    await projecting.store.live.drop()

    with pytest.raises(GenerationDropped):
        await anext(batches)


@pytest.mark.parametrize("path", ["/data/cases.xml", "/data/figures.geojson", "/data/officers.csv"])
async def test_given_a_file_that_is_not_offered_when_it_is_fetched_then_that_is_said(
    client: httpx2.AsyncClient, path: str
) -> None:
    assert (await client.get(path)).status_code == 404


@pytest.mark.parametrize(
    ("query", "field"),
    [("region=52.99", "region"), ("from=2026-03-02&to=2026-03-01", "to"), ("agencies=PUPR", "agencies")],
)
async def test_given_filters_that_nothing_has_when_a_file_is_fetched_then_it_is_refused(
    client: httpx2.AsyncClient, query: str, field: str
) -> None:
    for dataset in ("cases", "figures"):
        answer = await client.get(f"/data/{dataset}.csv?{query}")

        assert answer.status_code == 422
        assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_given_a_hostile_name_when_csv_is_fetched_then_no_cell_is_a_formula(projecting: Projecting) -> None:
    names = a_directory()
    hostile = Label(id='=cmd|"/c calc"!A1', en="@SUM(1+1)*cmd")
    names.agencies["PUPR-52.03"] = an_agency("PUPR-52.03").model_copy(update={"name": hostile})
    await projecting.take(a_step(1, 1, cell="-8.66,116.54"))
    app = FastAPI()
    app.include_router(create_export_router(Exporting(projecting.store, names, shipped_catalogue()), names))
    transport: Any = httpx2.ASGITransport(app=app)

    async with httpx2.AsyncClient(transport=transport, base_url="http://reporting") as client:
        [row] = await fetch(client, "cases.csv")

    assert (row["agency_name_id"], row["agency_name_en"]) == ("'" + hostile.id, "'" + hostile.en)
    assert row["latitude"] == "-8.65"


class Reader:
    """Fetches by ASGI itself, so that it can stop taking and go away."""

    def __init__(self, app: FastAPI, path: str) -> None:
        self._scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [],
            "scheme": "http",
            "server": ("reporting", 80),
        }
        self._app = app
        self._gone = asyncio.Event()
        self._is_asked = False
        self.may_take = asyncio.Semaphore(0)
        self.status = 0
        self.headers = dict[bytes, bytes]()
        self.content = b""
        self.is_whole = False

    async def fetch(self) -> None:
        await self._app(self._scope, self._receive, self._send)

    def leave(self) -> None:
        self._gone.set()

    async def _receive(self) -> dict[str, Any]:
        if not self._is_asked:
            self._is_asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        self.status = message.get("status", self.status)
        self.headers |= dict(message.get("headers", ()))
        if message["type"] == "http.response.body":
            await self.may_take.acquire()
            self.content += message["body"]
            self.is_whole = not message.get("more_body", False)


class Files:
    """The routes with room for one export, on the real store."""

    def __init__(self, projecting: Projecting, catalogue: Catalogue) -> None:
        names = a_directory()
        self.exports = projecting.store.exports
        self.exporting = Exporting(projecting.store, names, catalogue, most=1)
        self.app = FastAPI()
        install_problems(self.app)
        self.app.include_router(create_export_router(self.exporting, names))


@pytest.fixture
async def files(projecting: Projecting) -> Files:
    return Files(projecting, shipped_catalogue())


@pytest.mark.parametrize("form", ["csv", "parquet"])
async def test_given_a_reader_that_goes_away_when_rows_are_left_then_no_more_are_read_and_its_place_is_free(
    projecting: Projecting, files: Files, form: str
) -> None:
    await fill(projecting)
    reader = Reader(files.app, f"/data/cases.{form}")
    reading = asyncio.create_task(reader.fetch())
    await until(lambda: reader.status == 200)
    assert files.exporting.running == 1

    reader.leave()
    async with asyncio.timeout(10):
        await reading
    batches = files.exports.batches

    assert files.exporting.running == 0
    assert not reader.is_whole
    another = Reader(files.app, "/data/cases.csv")
    for _ in range(100):
        another.may_take.release()
    await another.fetch()
    assert another.is_whole
    assert batches <= files.exports.batches


async def test_given_as_many_exports_as_there_is_room_for_when_one_more_is_asked_for_then_it_is_to_come_again(
    projecting: Projecting, files: Files
) -> None:
    await fill(projecting)
    first, second = Reader(files.app, "/data/cases.csv"), Reader(files.app, "/data/figures.json")
    reading = asyncio.create_task(first.fetch())
    await until(lambda: first.status == 200)

    for _ in range(2):
        second.may_take.release()
    await second.fetch()

    assert (second.status, second.headers[b"retry-after"]) == (503, b"30")
    first.leave()
    await reading


async def test_given_a_slow_reader_when_it_takes_nothing_then_few_batches_are_read(
    projecting: Projecting, files: Files
) -> None:
    await fill(projecting)
    before = files.exports.batches
    reader = Reader(files.app, "/data/cases.jsonl")
    reading = asyncio.create_task(reader.fetch())
    await until(lambda: reader.status == 200)
    reader.may_take.release()
    await until(lambda: reader.content != b"")

    assert files.exports.batches - before <= 2
    reader.leave()
    await reading


async def test_given_a_server_that_leaves_when_a_file_is_half_told_then_it_breaks_off(
    projecting: Projecting, files: Files
) -> None:
    await fill(projecting)
    reader = Reader(files.app, "/data/cases.jsonl")
    reading = asyncio.create_task(reader.fetch())
    await until(lambda: reader.status == 200)

    files.exporting.end()
    for _ in range(100):
        reader.may_take.release()
    await reading

    assert not reader.is_whole
    assert 0 < len(reader.content.splitlines()) <= BATCH
    assert files.exporting.running == 0


async def test_given_the_dictionary_when_it_is_read_then_every_column_of_every_file_is_in_it(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(a_step(1, 1))

    answer = await client.get("/data/dictionary.json")

    package = answer.json()
    assert answer.headers["ETag"]
    assert (await client.get("/data/datapackage.json")).json() == package
    assert package["licenses"][0]["name"] == "CC-BY-4.0"
    for resource in package["resources"]:
        [row] = await fetch(client, f"{resource['name']}.json")
        fields = resource["schema"]["fields"]
        assert [field["name"] for field in fields] == list(row)
        assert all(field["title"] and field["title_en"] and field["description_en"] for field in fields)
        for file in resource["files"]:
            head = await client.head(f"/data/{file['path']}")
            assert (head.status_code, head.content) == (200, b"")
            assert head.headers["Content-Type"] == file["mediatype"]
    statuses = next(field for field in package["resources"][0]["schema"]["fields"] if field["name"] == "status")
    assert statuses["constraints"]["enum"] == [status.value for status in Status]
    assert statuses["labels"]["closed"] == {"id": "ditutup", "en": "closed"}
