from datetime import timedelta
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from deploy.setting_up import NotThereInTime, set_up
from shared.settings import KafkaSettings
from tests.servers import Kafka, Mongod

pytestmark = pytest.mark.integration
SOON = timedelta(seconds=1)


@pytest.fixture
def cluster(kafka: Kafka) -> KafkaSettings:
    return KafkaSettings(bootstrap=kafka.bootstrap, namespace=f"test-{uuid4().hex[:8]}", partitions=2)


@pytest.fixture
def member(mongod: Mongod) -> str:
    return urlsplit(mongod.uri).netloc


async def test_given_a_new_cluster_when_it_is_set_up_twice_then_topics_are_made_once(
    cluster: KafkaSettings, member: str
) -> None:
    first = await set_up(cluster, member, brokers=1)
    second = await set_up(cluster, member, brokers=1)

    assert len(first) == 12
    assert second == []


async def test_given_one_broker_when_three_are_waited_for_then_no_topic_is_made_on_one(
    cluster: KafkaSettings, member: str
) -> None:
    with pytest.raises(NotThereInTime, match="Fewer than 3 brokers answered within 1 seconds"):
        await set_up(cluster, member, brokers=3, limit=SOON)


async def test_given_no_database_when_it_is_waited_for_then_it_is_named(cluster: KafkaSettings) -> None:
    with pytest.raises(NotThereInTime, match="took no writes within 1 seconds"):
        await set_up(cluster, "127.0.0.1:1", brokers=1, limit=SOON)
