"""Every MongoDB call of the service."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Self

from services.reporting.store.buckets import BucketStore
from services.reporting.store.cases import CaseStore
from services.reporting.store.figures import FigureStore
from services.reporting.store.rollups import RollupStore
from shared.mongo import Database, MongoSettings, connected, why_not_ready


class Store:
    """One generation of the read models. Its parts are there while it is open."""

    cases: CaseStore
    buckets: BucketStore
    figures: FigureStore
    rollups: RollupStore

    def __init__(self, mongo: MongoSettings, generation: str) -> None:
        self._mongo = mongo
        self._generation = generation
        self._database: Database | None = None

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Self]:
        """Connect and create the indexes; raises PyMongoError where the database does not answer."""
        async with connected(self._mongo) as database:
            names = ("cases", "buckets", "rollups", "marks")
            cases, buckets, rollups, marks = (database[f"{name}_{self._generation}"] for name in names)
            self.cases, self.buckets = CaseStore(cases), BucketStore(buckets, cases)
            self.rollups, self.figures = RollupStore(rollups, marks, buckets), FigureStore(buckets, rollups)
            await self.cases.prepare()
            await self.buckets.prepare()
            await self.rollups.prepare()
            self._database = database
            yield self
            self._database = None

    async def why_not_ready(self) -> str | None:
        if self._database is None:
            return "not connected to MongoDB"
        return await why_not_ready(self._database)
