"""A contact book that was lost learns everything again, and nobody is told twice."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer

from deploy.topics import apply_topics
from services.notification.domain.judging import Suppressed, judge
from shared.cluster import GroupBusy, looking_at
from shared.publisher import Publisher
from shared.records import Outgoing
from shared.settings import KafkaSettings
from shared.topics import COMPLAINTS
from tests.notification.examples import AT, RULES, a_contact, a_delivery, what_is_known
from tests.servers import Kafka

GROUP = "notification"


@pytest.mark.integration
async def test_given_a_group_that_read_all_when_rewound_then_it_reads_all_again_and_only_while_nobody_runs(
    kafka: Kafka,
) -> None:
    topics = KafkaSettings(bootstrap=kafka.bootstrap, namespace=f"rewind-{uuid4().hex[:8]}", partitions=1)
    await apply_topics(topics)
    publisher = Publisher("intake", topics)
    await publisher.start()
    await publisher.publish(*(Outgoing(str(uuid4()), "complaints", "t", "t", b"{}", AT) for _ in range(3)))
    await publisher.stop()
    consumer = AIOKafkaConsumer(
        COMPLAINTS.full_name(topics.namespace),
        bootstrap_servers=topics.bootstrap,
        group_id=f"{topics.namespace}.{GROUP}",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    for _ in range(3):
        await consumer.getone()
    await consumer.commit()

    async with looking_at(topics, GROUP) as cluster:
        with pytest.raises(GroupBusy):
            await cluster.rewind(GROUP)
        lag_before = await cluster.lag(GROUP)
        await consumer.stop()
        records = await cluster.rewind(GROUP)
        lag_after = await cluster.lag(GROUP)
        committed = await cluster.committed(GROUP)

    assert (lag_before, records, lag_after) == (0, 3, 3)
    assert {found.offset for found in committed.values()} == {0}


def test_given_what_happened_before_a_loss_when_judged_then_nobody_is_told_and_later_news_go_out() -> None:
    rules = replace(RULES, silent_before=AT + timedelta(minutes=1))
    known = what_is_known(a_contact())

    before = judge(a_delivery(occurred_at=AT), known, AT, rules)
    after = judge(a_delivery(occurred_at=AT + timedelta(minutes=1)), known, AT, rules)

    assert before == Suppressed("old")
    assert not isinstance(after, Suppressed)
