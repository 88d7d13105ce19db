"""Routing's database as older versions left it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.routing.store.migrations import MIGRATIONS
from shared.migrations import migrate
from shared.mongo import Database
from shared.outbox import from_stored

pytestmark = [pytest.mark.integration, pytest.mark.both_drivers]


async def test_given_outboxes_with_dates_when_migrated_then_their_times_are_text_and_say_the_same(
    database: Database,
) -> None:
    at = datetime(2026, 11, 24, 2, 0, 0, 123_000, tzinfo=UTC)
    record: dict[str, Any] = {
        "id": "e-1",
        "topic": "cases",
        "key": "t",
        "type": "case.opened.v1",
        "value": b"{}",
        "trace": "",
    }
    record["queued_at"] = at
    newer = record | {"id": "e-2", "at": "2026-11-24T02:00:00.123456+00:00"}
    await database["cases"].insert_one({"_id": "t", "outbox": [record | {"at": at}, newer]})

    await migrate(database, MIGRATIONS)

    [found] = await database["cases"].find().to_list(None)
    assert [one["at"] for one in found["outbox"]] == ["2026-11-24T02:00:00.123+00:00", newer["at"]]
    assert [from_stored(one).at for one in found["outbox"]] == [at, datetime.fromisoformat(newer["at"])]


async def test_given_an_older_version_that_goes_on_when_it_writes_after_the_migration_then_what_it_writes_is_read(
    database: Database,
) -> None:
    at = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
    record: dict[str, Any] = {
        "id": "e",
        "topic": "cases",
        "key": "t",
        "type": "t",
        "value": b"{}",
        "trace": "",
        "at": at,
    }

    await migrate(database, MIGRATIONS)
    await database["cases"].insert_one({"_id": "t", "outbox": [record | {"queued_at": at}]})
    again = await migrate(database, MIGRATIONS)

    found = await database["cases"].find_one({"_id": "t"})
    assert again == []
    assert found is not None
    assert from_stored(found["outbox"][0]).at == at
