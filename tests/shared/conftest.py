from uuid import uuid4

import pytest

from deploy.topics import apply_topics
from shared.settings import KafkaSettings
from tests.servers import Kafka


@pytest.fixture
async def topics(kafka: Kafka) -> KafkaSettings:
    """All topics, under a namespace of their own, with two partitions each."""
    settings = KafkaSettings(bootstrap=kafka.bootstrap, namespace=f"test-{uuid4().hex[:8]}", partitions=2)
    await apply_topics(settings)
    return settings
