"""Who supports which case: a document each, because a case may have thousands and its own must not grow by that."""

from collections.abc import Collection as Many
from collections.abc import Iterable

from pymongo.errors import BulkWriteError

from services.reporting.domain.projection import Projection
from shared.mongo import Collection, Document, aggregate, only_duplicates


class SupportStore:
    """The supporters of one generation's cases."""

    def __init__(self, collection: Collection) -> None:
        self._supports = collection

    async def prepare(self) -> None:
        await self._supports.create_index("ticket")

    async def add(self, projections: Iterable[Projection]) -> dict[str, int]:
        """Each once, however often it is told; returns how many the cases have that got any."""
        new = {supporter: one.ticket for one in projections for supporter in one.supporters}
        if not new:
            return {}
        try:
            documents = [{"_id": supporter, "ticket": ticket} for supporter, ticket in new.items()]
            await self._supports.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            only_duplicates(error)
        return await self._count(set(new.values()))

    async def _count(self, tickets: Many[str]) -> dict[str, int]:
        stages: list[Document] = [
            {"$match": {"ticket": {"$in": list(tickets)}}},
            {"$group": {"_id": "$ticket", "number": {"$sum": 1}}},
        ]
        return {row["_id"]: row["number"] for row in await aggregate(self._supports, stages)}
