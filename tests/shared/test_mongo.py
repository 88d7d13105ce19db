import asyncio
import time
from pathlib import Path
from typing import Literal

import pytest
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    DuplicateKeyError,
    InvalidOperation,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
)

from deploy.local.mongod import running_mongod
from shared.limits import within
from shared.mongo import Database, MongoSettings, connected, is_passing, only_duplicates, why_not_ready

DUPLICATE = {"index": 3, "code": 11_000}


def bulk(*faults: dict[str, int], concerns: tuple[dict[str, int], ...] = ()) -> BulkWriteError:
    return BulkWriteError({"writeErrors": list(faults), "writeConcernErrors": list(concerns)})


@pytest.mark.parametrize(
    "error",
    [
        AutoReconnect("away"),
        ServerSelectionTimeoutError("away"),
        InvalidOperation("closed"),
        *(OperationFailure("passes", code) for code in (6, 7, 13, 18, 89, 91, 133, 189, 9_001, 10_107, 11_601, 14_031)),
        bulk({"index": 0, "code": 189}),
        bulk(concerns=({"code": 64},)),
    ],
)
def test_given_a_database_that_is_away_busy_or_full_when_it_fails_then_trying_again_helps(error: Exception) -> None:
    assert is_passing(error)


@pytest.mark.parametrize(
    "error",
    [
        DuplicateKeyError("there", 11_000),
        OperationFailure("too large", 10_334),
        bulk(DUPLICATE),
        bulk({"index": 0, "code": 189}, {"index": 1, "code": 121}),
        KeyError("a bug"),
    ],
)
def test_given_wrong_data_or_a_bug_when_it_fails_then_trying_again_does_not_help(error: Exception) -> None:
    assert not is_passing(error)


def test_given_a_bulk_of_duplicates_when_it_is_read_then_their_places_are_told() -> None:
    assert only_duplicates(bulk(DUPLICATE, {"index": 5, "code": 11_000})) == [3, 5]


def test_given_another_fault_among_duplicates_when_it_is_read_then_it_is_raised() -> None:
    with pytest.raises(BulkWriteError):
        only_duplicates(bulk(DUPLICATE, {"index": 5, "code": 121}))


@pytest.mark.parametrize("driver", ["motor", "pymongo"])
async def test_given_no_database_when_readiness_is_asked_then_it_is_said_soon(driver: str) -> None:
    settings = MongoSettings.model_validate({"uri": "mongodb://127.0.0.1:1", "database": "nothing", "driver": driver})

    async with connected(settings) as database:
        reason = await why_not_ready(database)

    assert reason is not None
    assert reason.startswith("MongoDB does not answer")


@pytest.mark.integration
@pytest.mark.parametrize("driver", ["motor", "pymongo"])
async def test_given_a_crowd_on_a_hanging_database_when_cancels_meet_limits_in_a_busy_loop_then_all_end_and_others_read(
    driver: Literal["motor", "pymongo"], tmp_path: Path
) -> None:
    async def read(database: Database) -> bool:
        try:
            async with within(1):
                return await database.cases.find_one({}) is None
        except PyMongoError:
            return False

    async with running_mongod(tmp_path) as server:
        settings = MongoSettings(uri=server.uri, database="nothing", driver=driver)
        async with asyncio.timeout(60), connected(settings) as database:
            await read(database)
            server.suspend()
            crowd = [asyncio.create_task(read(database)) for _ in range(150)]
            await asyncio.wait(crowd, timeout=0.95)
            for _ in range(12):
                time.sleep(0.05)  # noqa: ASYNC251  # The loop is late, so that both ends of the wait come in one turn.
                await asyncio.wait(crowd, timeout=0)
            answers = await asyncio.gather(*crowd)
            server.resume()
            after = await read(database)

    assert not any(answers)
    assert after
