"""`ntbcare reporting` as it is typed, with a real Kafka and a real MongoDB. No replica of the service runs."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from typer.testing import CliRunner, Result

from deploy.cli import app
from deploy.commands.rebuilding import words_of
from deploy.topics import apply_topics
from services.reporting.rebuilding.rebuild import Rebuild, Step, generation_to_fill
from services.reporting.shipped import shipped_definitions
from services.reporting.store import Store
from shared.cluster import looking_at
from shared.mongo import MongoSettings
from shared.progress import Moment
from shared.settings import KafkaSettings
from tests.reporting.running import publish, records_of
from tests.reporting.samples import a_lifecycle
from tests.servers import Kafka, Mongod


class Typed:
    """The command with the addresses of one platform."""

    def __init__(self, kafka: KafkaSettings, mongo: MongoSettings) -> None:
        self._where = ["--bootstrap", kafka.bootstrap, "--namespace", kafka.namespace]
        self._where += ["--mongo-uri", mongo.uri, "--database", mongo.database]

    def __call__(self, *typed: str) -> Result:
        return CliRunner().invoke(app, ["reporting", *typed, *self._where])


@pytest.fixture
def mongo_settings(mongod: Mongod, database_name: str) -> MongoSettings:
    return MongoSettings(uri=mongod.uri, database=database_name)


@pytest.fixture
def typed(kafka: Kafka, topic_prefix: str, mongo_settings: MongoSettings) -> Typed:
    """Topics are there, and reporting has run once."""
    settings = KafkaSettings(bootstrap=kafka.bootstrap, namespace=topic_prefix.rstrip("."), partitions=2)
    asyncio.run(begin(settings, mongo_settings))
    return Typed(settings, mongo_settings)


async def begin(kafka: KafkaSettings, mongo: MongoSettings) -> None:
    await apply_topics(kafka)
    async with Store(mongo).open():
        pass


@pytest.fixture
def database(mongo_settings: MongoSettings) -> Iterator[Any]:
    with MongoClient[dict[str, Any]](mongo_settings.uri) as client:
        yield client[mongo_settings.database]


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (
            Moment(Step.READING, 1_200, 8_000, 9_480.4, 71.2),
            "1 200 of 8 000 records (15 %), 9 480 a second, 1 min 11 s left",
        ),
        (
            Moment(Step.READING, 0, 8_000, waits="waits: AutoReconnect"),
            "0 of 8 000 records (0 %), waits: AutoReconnect",
        ),
        (Moment(Step.READING, 8_100, 8_000, 10, 0), "8 100 of 8 000 records (100 %), 10 a second, 0 s left"),
        (Moment(Step.COUNTING, 10, 40), "10 of 40 cases (25 %)"),
        (Moment(Step.COMPARING), ""),
    ],
)
def test_given_a_moment_of_a_rebuild_when_it_is_told_then_the_words_say_how_far_how_fast_and_how_long(
    moment: Moment, words: str
) -> None:
    assert words_of(moment) == words


@pytest.mark.integration
def test_given_nothing_that_differs_when_it_is_rebuilt_then_it_is_switched_listed_switched_back_and_dropped(
    typed: Typed, database: Any
) -> None:
    rebuilt = typed("rebuild")
    listed = typed("generations")
    back = typed("switch", "1")
    verified = typed("verify")
    dropped = typed("drop", "2")
    gone = typed("switch", "2")

    assert rebuilt.exit_code == 0
    assert "Nothing differs." in rebuilt.stdout
    assert "No replica of reporting took it over yet." in rebuilt.stdout
    assert "Readers are answered from generation 2 within a second." in rebuilt.stdout
    assert rebuilt.stderr.startswith("Generation 2, definitions ")
    rows = {
        row[0]: row[1:] for row in (line.split() for line in listed.stdout.splitlines()) if row and row[0].isdigit()
    }
    version = str(shipped_definitions().version)
    assert (rows["1"][:4], rows["2"][:4]) == (["kept", version, "0", "0"], ["live", version, "0", "0"])
    assert "Readers are answered from generation 1" in back.stdout
    assert (verified.exit_code, verified.stdout.splitlines()[-1]) == (0, "All is as it should be.")
    assert dropped.stdout == "Generation 2 is gone.\n"
    assert [name for name in database.list_collection_names() if name.endswith("_2")] == []
    assert gone.exit_code == 1
    assert "There is no generation 2. There are: 1." in gone.stderr


async def rebuild_without_the_switch(kafka: KafkaSettings, mongo: MongoSettings) -> None:
    """Generation 2 is handed over, and there it ends."""
    async with Store(mongo).open(begin=False) as store, looking_at(kafka) as cluster:
        work = Rebuild(store, cluster, await generation_to_fill(store, None, None), lambda _: None)
        async with work.running():
            await work.fill()
            await work.hand_over()


@pytest.mark.integration
def test_given_a_rebuild_killed_before_the_switch_when_it_is_begun_again_then_it_goes_on_unless_somebody_decided(
    typed: Typed, kafka: Kafka, topic_prefix: str, mongo_settings: MongoSettings
) -> None:
    settings = KafkaSettings(bootstrap=kafka.bootstrap, namespace=topic_prefix.rstrip("."), partitions=2)
    asyncio.run(rebuild_without_the_switch(settings, mongo_settings))

    again = typed("rebuild")
    back = typed("switch", "1")
    left = typed("rebuild", "--no-switch")
    after_it_was_left = typed("rebuild", "--no-switch")

    assert (again.exit_code, back.exit_code) == (0, 0)
    assert "Generation 2 is filled already; its rebuild ended before anything was switched." in again.stdout
    assert "Nothing differs." in again.stdout
    assert "Readers are answered from generation 2 within a second." in again.stdout
    assert "Not switched. Generation 3 is kept" in left.stdout
    assert "Not switched. Generation 4 is kept" in after_it_was_left.stdout


@pytest.mark.integration
def test_given_something_that_differs_when_it_is_rebuilt_then_it_is_told_and_only_switched_when_told_to(
    typed: Typed, database: Any
) -> None:
    database["buckets_1"].insert_one({"_id": "x", "period": "month", "start": "2026-03", "counts": {"received": 3}})
    database["cases_1"].insert_one({"_id": "A", "personal": {"p1": "Jalan rusak"}})

    careful = typed("rebuild")
    bold = typed("rebuild", "--generation", "bold", "--switch")

    assert careful.exit_code == 1
    assert "1 and 0 cases" in careful.stdout
    told = [line.split() for line in careful.stdout.splitlines()]
    assert ["2026-03", "received", "3", "->", "0"] in told
    assert ["A", "_id,", "personal"] in told
    assert "To switch: ntbcare reporting switch 2." in careful.stdout
    assert bold.exit_code == 0
    assert database["generations"].find_one({"_id": "live"})["generation"] == "bold"


@pytest.mark.integration
def test_given_a_figure_that_means_something_else_when_it_is_rebuilt_then_its_numbers_are_told_before_the_switch(
    typed: Typed, kafka: Kafka, topic_prefix: str, mongo_settings: MongoSettings, tmp_path: Path
) -> None:
    settings = KafkaSettings(bootstrap=kafka.bootstrap, namespace=topic_prefix.rstrip("."), partitions=2)
    events = [event for number in range(3) for event in a_lifecycle(number)]
    asyncio.run(publish(settings, *records_of(events)))
    asyncio.run(rebuild_without_the_switch(settings, mongo_settings))
    first = typed("switch", "2")
    told = json.loads(shipped_definitions().model_dump_json(by_alias=True)) | {"version": 77}
    done = next(figure for figure in told["figures"] if figure["id"] == "done")
    done["statuses"] = ["closed"]
    other = tmp_path / "other.json"
    other.write_text(json.dumps(told))

    careful = typed("rebuild", "--definitions", str(other), "--no-switch")

    assert first.exit_code == 0
    assert careful.exit_code == 1
    assert "The definitions differ: 2 -> 77." in careful.stdout
    rows = [line.split() for line in careful.stdout.splitlines() if "->" in line and "differ" not in line][1:]
    assert rows == [["all", "done", "3", "->", "0"], ["2026-03", "done", "3", "->", "0"]]
    assert typed("switch", "2").stdout == "Generation 2 is the live one already.\n"


@pytest.mark.integration
def test_given_other_definitions_when_it_is_rebuilt_with_them_then_they_are_kept_and_nonsense_is_refused(
    typed: Typed, database: Any, tmp_path: Path
) -> None:
    other, nonsense = tmp_path / "other.json", tmp_path / "nonsense.json"
    changed = shipped_definitions().model_copy(update={"version": 77})
    other.write_text(changed.model_dump_json(by_alias=True))
    nonsense.write_text('{"version": 0}')

    refused = typed("rebuild", "--definitions", str(nonsense))
    rebuilt = typed("rebuild", "--definitions", str(other))

    assert refused.exit_code == 2
    assert "holds no definitions: version: " in " ".join(refused.stderr.split())
    assert "-> 77." in rebuilt.stdout
    assert database["generations"].find_one({"_id": "generation:2"})["definitions"]["version"] == 77
    assert database["generations"].find_one({"_id": "generation:1"})["definitions"]["version"] != 77


@pytest.mark.integration
def test_given_a_database_that_reporting_never_used_when_anything_is_typed_then_it_says_so_and_writes_nothing(
    kafka: Kafka, topic_prefix: str, mongo_settings: MongoSettings, database: Any
) -> None:
    typed = Typed(KafkaSettings(bootstrap=kafka.bootstrap, namespace=topic_prefix.rstrip(".")), mongo_settings)

    results = [typed(*words) for words in (("generations",), ("rebuild",), ("verify",), ("switch", "2"), ("drop", "2"))]

    assert {result.exit_code for result in results} == {1}
    assert all("There is no generation yet: has reporting run" in result.stderr for result in results)
    assert database.list_collection_names() == []
