"""Each format, from rows that are given to it; read back by somebody else's reader where there is one."""

import asyncio
import csv
import io
import json
import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime
from typing import Any, Final

import pytest
from arro3.io import read_parquet
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.domain.opendata import Column, Dataset, Kind, Row
from services.reporting.exports import WRITERS
from shared.events.directory import Label

WORDS: Final = Label(id="id", en="en")
KINDS: Final = {
    "ticket": Kind.STRING,
    "name": Kind.STRING,
    "number": Kind.INTEGER,
    "latitude": Kind.NUMBER,
    "longitude": Kind.NUMBER,
    "rough": Kind.BOOLEAN,
    "on": Kind.DATE,
    "at": Kind.DATETIME,
}
DATASET: Final = Dataset(
    id="cases",
    title=WORDS,
    about=WORDS,
    key=("ticket",),
    formats=tuple(WRITERS),
    columns=tuple(Column(name=name, kind=kind, title=WORDS, about=WORDS) for name, kind in KINDS.items()),
)
AT: Final = datetime(2026, 3, 5, 1, 30, tzinfo=UTC)
HOSTILE: Final = [
    "=1+1",
    "+62 900",
    "-1",
    "@SUM(A1)",
    '=HYPERLINK("http://x")',
    "\t=1",
    "a\r\nb",
    'with "quotes", and more',
]


def a_row(number: int, /, **changes: Any) -> Row:
    same: dict[str, Any] = {"ticket": f"T{number}", "name": "Keruak", "number": number, "rough": False}
    same |= {"latitude": -8.65, "longitude": 116.55, "on": date(2026, 3, 5), "at": AT}
    return same | changes


EMPTY: Final = dict.fromkeys(("name", "number", "latitude", "longitude", "rough", "on", "at"))


async def file_of(name: str, *batches: list[Row]) -> bytes:
    async def given() -> AsyncIterator[list[Row]]:
        for batch in batches:
            yield batch

    write, _ = WRITERS[name]
    return b"".join([piece async for piece in write(DATASET, given())])


def read_csv(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def read_columns(content: bytes) -> dict[str, list[Any]]:
    # Its stubs take lists for arrays.
    table: Any = read_parquet(io.BytesIO(content)).read_all()
    return {name: table[name].to_pylist() for name in table.schema.names}


async def test_given_rows_when_csv_is_written_then_each_is_a_line_below_the_header() -> None:
    content = await file_of("csv", [a_row(1), a_row(2, **EMPTY)], [a_row(3, rough=True)])

    assert content.split(b"\r\n")[0] == b"ticket,name,number,latitude,longitude,rough,on,at"
    assert content.split(b"\r\n")[1] == b"T1,Keruak,1,-8.65,116.55,false,2026-03-05,2026-03-05T01:30:00Z"
    assert content.split(b"\r\n")[2] == b"T2,,,,,,,"
    assert content.endswith(b"\r\n")
    assert [row["rough"] for row in read_csv(content)] == ["false", "", "true"]


async def test_given_text_that_a_spreadsheet_would_run_when_csv_is_written_then_it_is_text() -> None:
    content = await file_of("csv", [a_row(number, name=text) for number, text in enumerate(HOSTILE)])

    cells = [row["name"] for row in read_csv(content)]
    assert [cell.removeprefix("'") for cell in cells] == HOSTILE
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []


@given(text=st.text())
def test_given_any_text_when_csv_is_written_then_it_is_read_back_and_is_no_formula(text: str) -> None:
    [row] = read_csv(asyncio.run(file_of("csv", [a_row(1, name=text.replace("\x00", ""))])))

    assert row["name"] in {text.replace("\x00", ""), "'" + text.replace("\x00", "")}
    assert not row["name"].startswith(("=", "+", "-", "@", "\t", "\r"))


async def test_given_rows_when_json_is_written_then_all_stand_in_one_array() -> None:
    content = await file_of("json", [a_row(1)], [], [a_row(2, **EMPTY), a_row(3, name="é\u2028")])

    told = json.loads(content)
    assert told[0] == {**a_row(1), "on": "2026-03-05", "at": "2026-03-05T01:30:00Z"}
    assert told[1] == {"ticket": "T2"} | EMPTY
    assert [row["ticket"] for row in told] == ["T1", "T2", "T3"]


async def test_given_rows_when_json_lines_are_written_then_each_stands_by_itself() -> None:
    content = await file_of("jsonl", [a_row(1), a_row(2, name="two\nlines")])

    assert [json.loads(line)["name"] for line in content.splitlines()] == ["Keruak", "two\nlines"]


async def test_given_rows_when_geojson_is_written_then_each_is_a_point_or_has_none() -> None:
    content = await file_of("geojson", [a_row(1), a_row(2, **EMPTY)])

    collection = json.loads(content)
    with_point, without = collection["features"]
    assert collection["type"] == "FeatureCollection"
    assert with_point["geometry"] == {"type": "Point", "coordinates": [116.55, -8.65]}
    assert (without["geometry"], without["id"], without["properties"]["ticket"]) == (None, "T2", "T2")
    assert "latitude" not in with_point["properties"]


async def test_given_rows_when_parquet_is_written_then_they_are_read_back_with_their_types() -> None:
    columns = read_columns(await file_of("parquet", [a_row(1), a_row(2, **EMPTY)], [a_row(3)]))

    assert columns["ticket"] == ["T1", "T2", "T3"]
    assert columns["number"] == [1, None, 3]
    assert columns["rough"] == [False, None, False]
    assert columns["on"] == [date(2026, 3, 5), None, date(2026, 3, 5)]
    assert columns["at"] == [AT, None, AT]
    assert columns["latitude"] == [-8.65, None, -8.65]


@pytest.mark.parametrize("name", WRITERS)
async def test_given_no_rows_when_a_file_is_written_then_it_is_whole_and_empty(name: str) -> None:
    content = await file_of(name)

    read: dict[str, Callable[[bytes], Any]] = {
        "csv": read_csv,
        "json": json.loads,
        "jsonl": bytes.splitlines,
        "geojson": lambda told: json.loads(told)["features"],
        "parquet": lambda told: read_columns(told)["ticket"],
    }
    assert read[name](content) == []


@pytest.mark.parametrize("name", WRITERS)
async def test_given_rows_without_end_when_nobody_takes_more_then_no_more_are_read(name: str) -> None:
    read = 0

    async def endless() -> AsyncIterator[list[Row]]:
        nonlocal read
        while True:
            read += 1
            yield [a_row(number, name=str(number * 7919 % 10007) * 20) for number in range(5_000)]
            await asyncio.sleep(0)

    write, _ = WRITERS[name]
    pieces = write(DATASET, endless())
    for _ in range(2):
        await anext(pieces)
    before = read
    await pieces.aclose()  # type: ignore[attr-defined]
    closed = read
    for _ in range(20):
        await asyncio.sleep(0.01)

    assert before < 40
    assert read <= closed + 1


@pytest.mark.parametrize("name", WRITERS)
async def test_given_rows_that_fail_when_a_file_is_written_then_that_is_raised(name: str) -> None:
    async def failing() -> AsyncIterator[list[Row]]:
        yield [a_row(1)]
        raise ConnectionError("the database went away")

    write, _ = WRITERS[name]

    with pytest.raises(ConnectionError, match="went away"):
        _ = [piece async for piece in write(DATASET, failing())]


async def test_given_a_service_that_begins_when_no_parquet_was_asked_for_then_its_library_is_not_loaded() -> None:
    code = "import sys, services.reporting.app; print('arro3' in sys.modules)"

    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    told, _ = await process.communicate()

    assert told.decode().strip() == "False"
