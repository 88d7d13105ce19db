"""Every MongoDB call of the service."""

import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Final, Self

from services.reporting.domain.definitions import Definitions
from services.reporting.domain.generations import Generation, Known
from services.reporting.shipped import shipped_definitions
from services.reporting.store.buckets import BucketStore
from services.reporting.store.cases import CaseStore
from services.reporting.store.exports import ExportStore
from services.reporting.store.figures import FigureStore
from services.reporting.store.generations import COLLECTION, GenerationStore, written
from services.reporting.store.georeport import GeoReportStore
from services.reporting.store.kept import Kept
from services.reporting.store.migrations import MIGRATIONS
from services.reporting.store.read_model import ReadModel
from services.reporting.store.rollups import RollupStore
from shared.migrations import migrate
from shared.mongo import Database, MongoSettings, connected, why_not_ready

ONE_ANSWER_S: Final = 10.0
"""So long an answer comes from the generation it began with; what lasts longer (a stream) follows the live one."""

_begun: ContextVar[tuple[ReadModel, float] | None] = ContextVar("begun", default=None)


class Store:
    """The read models of all generations; there while it is open. Its parts are the live one's."""

    live: ReadModel
    generations: GenerationStore

    def __init__(self, mongo: MongoSettings) -> None:
        self._mongo = mongo
        self._database: Database | None = None

    @asynccontextmanager
    async def open(self, *, begin: bool = True) -> AsyncGenerator[Self]:
        """Connect and create what is missing; raises PyMongoError where the database does not answer.

        Who only looks does not `begin` a first generation; raises GenerationRefused where there is none.
        """
        async with connected(self._mongo) as database:
            self.generations = GenerationStore(database[COLLECTION])
            if begin:
                await self.generations.begin(written(shipped_definitions()), datetime.now(UTC))
            self._database = database
            known = await self.generations.read()
            self.live = self.of(known.find(known.live))
            if begin:
                await migrate(database, MIGRATIONS)
                await self.live.prepare()
            yield self
            self._database = None

    def follow(self, known: Known) -> None:
        """Answer from the one that is live."""
        if self.live.generation.id != known.live:
            self.live = self.of(known.find(known.live))

    def of(self, generation: Generation) -> ReadModel:
        if self._database is None:
            raise RuntimeError("the store is not open")
        return ReadModel(self._database, generation)

    @property
    def cases(self) -> CaseStore:
        return self._of_this_answer.cases

    @property
    def buckets(self) -> BucketStore:
        return self._of_this_answer.buckets

    @property
    def figures(self) -> FigureStore:
        return self._of_this_answer.figures

    @property
    def exports(self) -> ExportStore:
        return self._of_this_answer.exports

    @property
    def georeport(self) -> GeoReportStore:
        return self._of_this_answer.georeport

    @property
    def rollups(self) -> RollupStore:
        return self._of_this_answer.rollups

    @property
    def kept(self) -> Kept:
        return self._of_this_answer.kept

    @property
    def definitions(self) -> Definitions:
        """Of the figures that are read."""
        return self._of_this_answer.definitions

    @contextmanager
    def one_answer(self) -> Generator[None]:
        """What is read within comes from one generation, whatever is switched meanwhile."""
        token = _begun.set((self.live, time.monotonic()))
        try:
            yield
        finally:
            _begun.reset(token)

    @property
    def _of_this_answer(self) -> ReadModel:
        begun = _begun.get()
        if begun is None or time.monotonic() - begun[1] > ONE_ANSWER_S:
            return self.live
        return begun[0]

    async def why_not_ready(self) -> str | None:
        if self._database is None:
            return "not connected to MongoDB"
        return await why_not_ready(self._database)
