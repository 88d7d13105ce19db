"""Databases that older versions left are brought up once, whoever starts, dies or goes on beside it."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from shared.migrations import COLLECTION, DatabaseTooNew, Migration, drop_index, migrate
from shared.mongo import Database, MongoSettings, connected
from tests.waiting import until

pytestmark = [pytest.mark.integration, pytest.mark.both_drivers]


@dataclass
class Work:
    """Steps that say when they ran; the first time they are asked to, they die."""

    ran: list[int] = field(default_factory=list[int])
    dies_at: int | None = None
    goes_on: asyncio.Event = field(default_factory=asyncio.Event)

    def step(self, number: int, *, shuts_out: bool = False) -> Migration:
        async def run(database: Database) -> None:
            self.ran.append(number)
            await database["things"].update_many({"step": number - 1}, {"$set": {"step": number}})
            if self.dies_at == number:
                self.dies_at = None
                raise ConnectionResetError
            await self.goes_on.wait()

        return Migration(number, f"step {number}", run, shuts_out)

    def steps(self, most: int) -> list[Migration]:
        return [self.step(number) for number in range(1, most + 1)]


@pytest.fixture
def work() -> Work:
    work = Work()
    work.goes_on.set()
    return work


async def test_given_an_old_database_when_migrated_then_each_step_runs_once_and_in_order(
    database: Database, work: Work
) -> None:
    await database["things"].insert_one({"step": 0})

    first = await migrate(database, work.steps(2))
    second = await migrate(database, work.steps(3))
    third = await migrate(database, work.steps(3))

    assert (first, second, third) == ([1, 2], [3], [])
    assert work.ran == [1, 2, 3]
    assert await database["things"].count_documents({"step": 3}) == 1


async def test_given_two_replicas_when_both_start_at_once_then_one_migrates_and_the_other_waits_for_it(
    mongo: MongoSettings, database: Database
) -> None:
    work = Work()
    async with connected(mongo) as other:
        racing = [asyncio.create_task(migrate(one, work.steps(2))) for one in (database, other)]
        await until(lambda: work.ran)
        finished_early = [task.done() for task in racing]
        work.goes_on.set()
        done = await asyncio.gather(*racing)

    assert finished_early == [False, False]
    assert work.ran == [1, 2]
    assert sorted(number for numbers in done for number in numbers) == [1, 2]


async def test_given_a_step_that_dies_in_the_middle_when_begun_again_then_it_and_the_rest_are_done(
    database: Database, work: Work
) -> None:
    await database["things"].insert_one({"step": 0})
    work.dies_at = 2

    with pytest.raises(ConnectionResetError):
        await migrate(database, work.steps(3))
    done = await migrate(database, work.steps(3))

    assert done == [2, 3]
    assert work.ran == [1, 2, 2, 3]


async def test_given_a_replica_that_was_killed_with_the_lease_when_its_time_is_over_then_another_goes_on(
    database: Database, work: Work
) -> None:
    gone = {"_id": "lease", "holder": "a process that was killed", "until": datetime.now(UTC)}
    await database[COLLECTION].insert_one(gone)

    done = await migrate(database, work.steps(1))

    assert done == [1]


async def test_given_a_newer_database_when_an_older_version_starts_then_it_may_unless_a_step_shuts_it_out(
    database: Database, work: Work
) -> None:
    await migrate(database, work.steps(2))
    older = await migrate(database, work.steps(1))
    await migrate(database, [*work.steps(2), work.step(3, shuts_out=True)])

    with pytest.raises(DatabaseTooNew, match="step 3"):
        await migrate(database, work.steps(2))

    assert older == []


async def test_given_an_index_of_an_older_version_when_dropped_then_only_that_one_is_gone(database: Database) -> None:
    await database["things"].create_index([("a", 1), ("b", -1)], name="whatever")
    await database["things"].create_index("a")

    await drop_index(database["things"], "a", "b")
    await drop_index(database["things"], "a", "b")

    assert sorted(await database["things"].index_information()) == ["_id_", "a_1"]
