"""Routing does not start with a database that knows less than its topics."""

from collections.abc import AsyncGenerator
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.topics import apply_topics
from services.routing.domain.case import open_case
from services.routing.recovering.fence import DatabaseBehind, check_not_behind
from services.routing.recovering.stamps import Stamps
from services.routing.store.cases import CaseStore
from services.routing.store.documents import Opening
from services.routing.store.recovery import RecoveryStore
from shared.mongo import Database
from shared.publisher import Publisher
from shared.settings import KafkaSettings
from shared.topics import COMPLAINTS
from tests.routing.examples import AT, TICKET, a_complaint, the_rulebook
from tests.servers import Kafka

pytestmark = pytest.mark.integration


@pytest.fixture
async def topics(kafka: Kafka) -> KafkaSettings:
    topics = KafkaSettings(bootstrap=kafka.bootstrap, namespace=f"fence-{uuid4().hex[:8]}", partitions=2)
    await apply_topics(topics)
    return topics


@pytest.fixture
async def publisher_of_cases(topics: KafkaSettings) -> AsyncGenerator[Publisher]:
    publisher = Publisher("routing", topics)
    await publisher.start()
    yield publisher
    await publisher.stop()


async def commit(kafka: KafkaSettings, stamp: str) -> None:
    """As routing's consumer does."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka.bootstrap, group_id=f"{kafka.namespace}.routing", enable_auto_commit=False
    )
    place = TopicPartition(COMPLAINTS.full_name(kafka.namespace), 0)
    consumer.assign([place])
    await consumer.start()
    await consumer.commit({place: (0, stamp)})
    await consumer.stop()


async def test_given_nothing_at_all_when_routing_starts_then_it_may(topics: KafkaSettings, database: Database) -> None:
    await check_not_behind(topics, RecoveryStore(database))


async def test_given_a_case_that_was_told_of_when_the_database_lacks_it_then_routing_must_not_start(
    topics: KafkaSettings, store: CaseStore, database: Database, publisher_of_cases: Publisher
) -> None:
    complaint = a_complaint()
    outboxes = await store.open([Opening(complaint, open_case(complaint, the_rulebook(), AT), "")])
    await publisher_of_cases.publish(*outboxes[TICKET], outboxes[TICKET][0])

    await check_not_behind(topics, RecoveryStore(database))
    await store.collection.update_one({"_id": TICKET}, {"$set": {"sequence": 1}})
    with pytest.raises(DatabaseBehind, match="which is at 1 and was told of up to 2"):
        await check_not_behind(topics, RecoveryStore(database))
    await store.collection.delete_many({})

    with pytest.raises(DatabaseBehind, match="which is at 0"):
        await check_not_behind(topics, RecoveryStore(database))


async def test_given_commits_of_a_newer_database_when_an_older_one_is_back_then_routing_must_not_start(
    topics: KafkaSettings, database: Database
) -> None:
    """Nothing was told since: what was read was silent, such as another telephone number."""
    seconds = 0.0
    store = RecoveryStore(database)
    stamps = Stamps(store, lambda: seconds)
    await stamps.renew()
    seconds = 3.0
    await stamps.renew()
    young = stamps.current()
    seconds = 9.0
    await stamps.renew()
    await commit(topics, stamps.current())

    await check_not_behind(topics, store)
    await database["upkeep"].update_one({"_id": "stamp"}, {"$set": {"number": int(young)}})

    with pytest.raises(DatabaseBehind, match="stamp 1, they saw 2"):
        await check_not_behind(topics, store)


@pytest.mark.parametrize("begun", ["recovery", "restore"])
async def test_given_what_was_begun_and_did_not_end_when_routing_starts_then_it_must_not(
    topics: KafkaSettings, database: Database, begun: str
) -> None:
    await database["upkeep"].insert_one({"_id": begun, "begun_at": AT})

    with pytest.raises(DatabaseBehind, match="did not end"):
        await check_not_behind(topics, RecoveryStore(database))
