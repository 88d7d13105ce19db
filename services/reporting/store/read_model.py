"""One generation of the read models."""

from functools import cached_property
from typing import Final, Protocol

from services.reporting.domain.definitions import Definitions
from services.reporting.domain.generations import Generation
from services.reporting.store.buckets import BucketStore
from services.reporting.store.cases import CaseStore
from services.reporting.store.exports import ExportStore
from services.reporting.store.figures import FigureStore
from services.reporting.store.georeport import GeoReportStore
from services.reporting.store.kept import Kept
from services.reporting.store.rollups import RollupStore
from shared.mongo import Database

PARTS: Final = ("cases", "buckets", "rollups", "marks", "supports")
"""What its collections are called, before its own name."""


class Parts(Protocol):
    """Of a generation: one and the same, or whichever is live."""

    @property
    def cases(self) -> CaseStore: ...
    @property
    def buckets(self) -> BucketStore: ...
    @property
    def figures(self) -> FigureStore: ...
    @property
    def rollups(self) -> RollupStore: ...


class ReadModel:
    """Its cases and figures."""

    def __init__(self, database: Database, generation: Generation) -> None:
        self.generation = generation
        self.collections = {part: database[f"{part}_{generation.id}"] for part in PARTS}
        cases, buckets, rollups, marks, supports = self.collections.values()
        self.cases = CaseStore(cases, supports)
        self.buckets = BucketStore(buckets, cases)
        self.rollups = RollupStore(rollups, marks, buckets)
        self.kept = Kept(self.rollups.state)
        self.figures = FigureStore(buckets, rollups, self.kept)
        self.exports = ExportStore(cases, buckets)
        self.georeport = GeoReportStore(cases)

    @cached_property
    def definitions(self) -> Definitions:
        """Of its figures. Raises ValidationError where a newer version of the service wrote them."""
        return Definitions.model_validate(self.generation.definitions)

    async def prepare(self) -> None:
        """Create the indexes."""
        await self.cases.prepare()
        await self.buckets.prepare()
        await self.rollups.prepare()

    async def drop(self) -> None:
        for collection in self.collections.values():
            await collection.drop()
