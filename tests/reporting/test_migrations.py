"""Reporting's database as older versions left it."""

import pytest

from services.reporting.store import Store
from shared.mongo import Database, MongoSettings

pytestmark = [pytest.mark.integration, pytest.mark.both_drivers]


async def test_given_indexes_that_others_replaced_when_the_store_opens_then_the_new_ones_are_there_alone(
    database: Database, mongo: MongoSettings
) -> None:
    """One has the name of another now: without the migration MongoDB refuses to create that."""
    await database["cases_1"].create_index("head.bucket", name="bucket", sparse=True)
    await database["cases_1"].create_index([("head.public", 1), ("head.day", 1)], name="received")
    await database["marks_1"].create_index("made_at")

    async with Store(mongo).open():
        cases = await database["cases_1"].index_information()
        marks = await database["marks_1"].index_information()

    assert [field for field, _ in cases["bucket"]["key"]] == ["tallies.bucket"]
    assert "received" not in cases
    assert sorted(marks) == ["_id_", "marked_1"]
