"""Two replicas that count the same bucket, in the worst order."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import pytest

from services.reporting.domain.figures import bucket_of
from services.reporting.domain.statistics import Counts, Question
from services.reporting.store import Store
from services.reporting.store.buckets import BucketStore
from shared.mongo import Collection, Document, MongoSettings, aggregate, connected
from tests.reporting.conftest import Projecting
from tests.reporting.samples import a_snapshot, a_step

pytestmark = [pytest.mark.integration, pytest.mark.both_drivers]


@dataclass
class Slow:
    """A collection of cases in which things happen between an answer and its use; once."""

    cases: Collection
    meanwhile: Callable[[], Awaitable[None]]
    answered: int = 0

    async def aggregate(self, pipeline: Sequence[Mapping[str, Any]], **_: Any) -> "Answer":
        rows = await aggregate(self.cases, pipeline)
        self.answered += 1
        if self.answered == 1:
            await self.meanwhile()
        return Answer(rows)


@dataclass
class Answer:
    rows: list[Document]

    async def to_list(self, _: int | None) -> list[Document]:
        return self.rows


@pytest.mark.parametrize("counted_before", [True, False])
async def test_given_a_count_that_another_replica_overtook_when_it_is_written_then_it_is_counted_again(
    projecting: Projecting, mongo: MongoSettings, *, counted_before: bool
) -> None:
    store: Store = projecting.store
    if counted_before:
        await projecting.take(a_step(1, 1))

    async def overtake() -> None:
        await projecting.take(a_step(1, 1), a_step(2, 1))

    async with connected(mongo) as database:
        slow = Slow(database["cases_1"], overtake)
        overtaken = BucketStore(database["buckets_1"], cast("Any", slow))
        await overtaken.recount([bucket_of(a_snapshot(), "PUPR-52.03").key])

    assert slow.answered == 2
    assert await store.figures.total(Question()) == Counts(received=2)
