"""Mutated records of every type on every topic: all consumers go on, and every record is accounted for."""

from pathlib import Path

import pytest

from shared.settings import KafkaSettings
from tests.hostile.attack import attacked
from tests.hostile.checking import check

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

RECORDS, SEED = 2_000, 124


async def test_given_mutated_records_among_good_ones_when_all_are_consumed_then_each_is_applied_skipped_or_parked(
    topics: KafkaSettings, mongo_uri: str, tmp_path: Path
) -> None:
    async with attacked(topics, mongo_uri, tmp_path, RECORDS, SEED) as (platform, attack):
        found = await check(platform, attack)

    assert found.faults == []
    assert attack.sent + attack.refused == RECORDS + 2 * len(attack.good)
    assert min(outcome.applied for outcome in found.outcomes.values()) > RECORDS / 20
    assert min(outcome.parked.total() for outcome in found.outcomes.values()) > RECORDS / 20
    assert found.outcomes["notification"].skipped > 0
