"""Replicas of notification that are killed: a counter dies with the process that counted."""

from dataclasses import dataclass, field
from typing import Final

from tests.system.judging import taken_over
from tests.system.witness import Witness
from tests.waiting import until

REPLICAS: Final = ("notification", "notification-2")
_EVERY_S: Final = 0.1


@dataclass
class Falls:
    """One of two at a time."""

    witness: Witness
    number: int = 0
    _counted: float = 0
    _claims: dict[str, str] = field(default_factory=dict[str, str])
    """By address, as they were when one fell: the dead one's are never given back."""

    async def are_made_good(self) -> None:
        """Wait until all that the dead had in hand was taken over, and counted: only then may the next one fall."""
        await self._are_given_back()
        # Whoever took over counts before the address is given back.
        self._claims = await self._claimed(list(self._claims))
        await self._are_given_back()

    async def kill(self, name: str) -> None:
        self._counted += await taken_over(self.witness.platform, name)
        self.witness.platform.processes[name].kill()
        self._claims = await self._claimed()
        self.number += 1

    async def counted(self) -> float:
        """How many messages the replicas, dead or alive, say may have gone out twice."""
        return self._counted + await taken_over(self.witness.platform, *REPLICAS)

    async def _are_given_back(self) -> None:
        held = {"claim": {"$in": list(self._claims.values())}}
        addresses = self.witness.collection("notification", "addresses")

        async def none() -> bool:
            return await addresses.count_documents(held) == 0

        await until(none, limit_s=60, every_s=_EVERY_S)

    async def _claimed(self, among: list[str] | None = None) -> dict[str, str]:
        query = {"claim": {"$exists": True}} | ({} if among is None else {"_id": {"$in": among}})
        found = await self.witness.collection("notification", "addresses").find(query).to_list()
        return {one["_id"]: one["claim"] for one in found}
