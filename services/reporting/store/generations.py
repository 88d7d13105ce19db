"""Which generations there are, which one answers, and who is rebuilding: the collection `generations`.

The pointer is one document, so a switch and a drop cannot cross: both are decided by it alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pymongo.errors import DuplicateKeyError

from services.reporting.domain.definitions import Definitions
from services.reporting.domain.generations import (
    FIRST,
    Generation,
    GenerationRefused,
    Known,
    Progress,
    State,
    states_before,
)
from shared.limits import ANSWERS_WITHIN_S, within
from shared.mongo import Collection, Document

COLLECTION: Final = "generations"
_LIVE, _LEASE, _PREFIX = "live", "rebuild", "generation:"


@dataclass(frozen=True, slots=True)
class Lease:
    """Who is rebuilding. It beats while it lives; clocks of other machines are not asked."""

    holder: str
    generation: str
    beat: int


class GenerationStore:
    """Every replica and every command reads and writes it."""

    def __init__(self, collection: Collection) -> None:
        self._all = collection

    async def begin(self, definitions: Mapping[str, Any], at: datetime) -> None:
        """At the very first start there is one generation, and it is live. Any number of replicas may do this."""
        if await self._all.find_one({"_id": _LIVE}):
            return
        first = Generation(FIRST, definitions, State.SERVED, at)
        for document in (_to_document(first), {"_id": _LIVE, "generation": FIRST, "dropping": []}):
            values = {name: value for name, value in document.items() if name != "_id"}
            try:
                await self._all.update_one({"_id": document["_id"]}, {"$setOnInsert": values}, upsert=True)
            except DuplicateKeyError:
                # Another replica was quicker by less than one look.
                continue

    @within(ANSWERS_WITHIN_S)
    async def read(self) -> Known:
        """Raises GenerationRefused where nothing is there."""
        documents = {document["_id"]: document for document in await self._all.find().to_list(None)}
        if _LIVE not in documents:
            raise GenerationRefused("There is no generation yet: has reporting run with this database?")
        generations = [_to_generation(one) for name, one in documents.items() if name.startswith(_PREFIX)]
        return Known(documents[_LIVE]["generation"], {one.id: one for one in generations})

    async def make(self, generation: Generation) -> None:
        """Raises GenerationRefused where there is one of that name."""
        try:
            await self._all.insert_one(_to_document(generation))
        except DuplicateKeyError:
            raise GenerationRefused(f"There is a generation {generation.id} already.") from None

    async def move(self, name: str, progress: Progress, at: datetime) -> None:
        values = {"progress": _to_progress(progress), "moved_at": at}
        await self._all.update_one({"_id": _PREFIX + name}, {"$set": values})

    async def become(self, name: str, state: State, *, is_undecided: bool = False) -> None:
        """Raises GenerationRefused where that cannot follow on how it is."""
        before = [each.value for each in states_before(state)]
        query: Document = {"_id": _PREFIX + name, "state": {"$in": before}}
        done = await self._all.update_one(query, {"$set": {"state": state.value, "undecided": is_undecided}})
        if not done.matched_count:
            raise GenerationRefused(f"Generation {name} cannot be {state.value} now: somebody else changed it.")

    async def point_to(self, name: str, at: datetime) -> None:
        """From now on this one answers. Raises GenerationRefused where it is being dropped."""
        query: Document = {"_id": _LIVE, "dropping": {"$ne": name}}
        done = await self._all.update_one(query, {"$set": {"generation": name, "switched_at": at}})
        if not done.matched_count:
            raise GenerationRefused(f"Generation {name} is being dropped.")
        await self.decide(name)

    async def decide(self, name: str) -> None:
        """Somebody has said whether it is to answer: no rebuild goes on with it."""
        await self._all.update_one({"_id": _PREFIX + name}, {"$set": {"undecided": False}})

    async def begin_drop(self, name: str) -> datetime | None:
        """When the last switch was. Raises GenerationRefused where the generation is live."""
        query: Document = {"_id": _LIVE, "generation": {"$ne": name}}
        pointer = await self._all.find_one_and_update(query, {"$addToSet": {"dropping": name}})
        if pointer is None:
            raise GenerationRefused(f"Generation {name} is live: readers are answered from it.")
        await self.become(name, State.DROPPING)
        return pointer.get("switched_at")

    async def end_drop(self, name: str) -> None:
        await self._all.delete_one({"_id": _PREFIX + name})
        await self._all.update_one({"_id": _LIVE}, {"$pull": {"dropping": name}})

    async def lease(self) -> Lease | None:
        found = await self._all.find_one({"_id": _LEASE})
        return Lease(found["holder"], found["generation"], found["beat"]) if found else None

    async def claim(self, wanted: Lease, instead_of: Lease | None) -> bool:
        """Take the lease that nobody has, or that is still as it was seen. False: somebody was quicker, or lives."""
        values = {"holder": wanted.holder, "generation": wanted.generation, "beat": 0}
        if instead_of is None:
            try:
                await self._all.insert_one({"_id": _LEASE} | values)
            except DuplicateKeyError:
                return False
            return True
        seen = {"_id": _LEASE, "holder": instead_of.holder, "beat": instead_of.beat}
        return bool((await self._all.update_one(seen, {"$set": values})).matched_count)

    async def beat(self, holder: str) -> bool:
        """False: the lease is another's by now."""
        done = await self._all.update_one({"_id": _LEASE, "holder": holder}, {"$inc": {"beat": 1}})
        return bool(done.matched_count)

    async def free(self, holder: str) -> None:
        await self._all.delete_one({"_id": _LEASE, "holder": holder})


def written(definitions: Definitions) -> Document:
    """As a generation keeps them."""
    return definitions.model_dump(mode="json", by_alias=True)


def _to_document(generation: Generation) -> Document:
    document: Document = {
        "_id": _PREFIX + generation.id,
        "definitions": dict(generation.definitions),
        "state": generation.state.value,
        "made_at": generation.made_at,
        "moved_at": generation.moved_at,
    }
    progress = generation.progress
    return document | ({"progress": _to_progress(progress)} if progress else {})


def _to_progress(progress: Progress) -> Document:
    return {"read": progress.read, "to_read": progress.to_read, "ends": dict(progress.ends)}


def _to_generation(document: Document) -> Generation:
    progress = document.get("progress")
    return Generation(
        id=document["_id"].removeprefix(_PREFIX),
        definitions=document["definitions"],
        state=State(document["state"]),
        made_at=document["made_at"],
        progress=Progress(**progress) if progress else None,
        moved_at=document.get("moved_at"),
        is_undecided=document.get("undecided", False),
    )
