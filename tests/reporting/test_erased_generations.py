"""What a person gave is in every generation, and leaves every generation with its tombstone."""

from typing import Any

import pytest

from services.reporting.store import Store
from shared.cluster import looking_at
from shared.events.personal import PersonalRecorded
from shared.mongo import MongoSettings
from shared.records import tombstone
from shared.settings import KafkaSettings
from shared.topics import PERSONAL
from tests.reporting.running import prepared, publish, records_of, started
from tests.reporting.samples import a_lifecycle, a_personal_part, ticket
from tests.reporting.test_rebuilding import rebuild
from tests.servers import Kafka
from tests.waiting import until

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(600),
    pytest.mark.parametrize("mongo", ["motor"], indirect=True),
]
GIVEN: dict[str, Any] = {
    "name": "Baiq Sitti",
    "phone": "+6281234567890",
    "address": "Gang Cempaka 17",
    "latitude": -8.6497,
}


async def held(store: Store, generation: str) -> list[str]:
    """Which of the given a generation has, in whatever collection."""
    model = store.of((await store.generations.read()).find(generation))
    documents = [await collection.find({}).to_list(None) for collection in model.collections.values()]
    return [value for value in map(str, GIVEN.values()) if value in repr(documents)]


async def test_given_all_that_a_person_gave_when_a_generation_is_made_anew_then_it_has_it_and_a_tombstone_empties_both(
    kafka: Kafka, mongo: MongoSettings, topic_prefix: str
) -> None:
    names = KafkaSettings(bootstrap=kafka.bootstrap, namespace=topic_prefix.rstrip("."), partitions=2)
    settings = await prepared(names, mongo)
    part = a_personal_part(1, "Lubang besar", "p1", **GIVEN)
    life = [part if isinstance(record, PersonalRecorded) else record for record in a_lifecycle(1)]
    async with Store(mongo).open() as store, started(settings), looking_at(settings.kafka) as cluster:
        await publish(settings.kafka, *records_of(life))
        await until(lambda: holds(store, "1"), limit_s=40)

        comparison = await rebuild(store, cluster)
        made_anew = await held(store, "2")
        await publish(settings.kafka, tombstone(PERSONAL, f"{ticket(1)}:p1"))
        await until(lambda: holds_nothing(store), limit_s=40)
        await publish(settings.kafka, *records_of([part, *a_lifecycle(2)]))
        await until(lambda: store_has(store, ticket(2)), limit_s=40)

        assert await holds_nothing(store)

    assert comparison.is_equal
    assert made_anew == list(map(str, GIVEN.values()))


async def holds(store: Store, generation: str) -> bool:
    return await held(store, generation) == list(map(str, GIVEN.values()))


async def holds_nothing(store: Store) -> bool:
    return [await held(store, generation) for generation in ("1", "2")] == [[], []]


async def store_has(store: Store, name: str) -> bool:
    known = await store.generations.read()
    models = [store.of(known.find(generation)) for generation in ("1", "2")]
    return all(
        [await model.collections["cases"].find_one({"_id": name, "head": {"$exists": True}}) for model in models]
    )
