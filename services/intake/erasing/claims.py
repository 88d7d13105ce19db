"""Photos that a complaint claimed which was never published: the broker did not answer, and nobody sent it again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from shared.metrics import ERASED
from shared.problems import Problem

if TYPE_CHECKING:
    from services.intake.blobs import Blobs


@dataclass
class Claims:
    """Those of which nobody knows whether their complaint was published."""

    before: datetime | None = None
    tickets_of: Mapping[str, str] = field(default_factory=dict[str, str])
    """By the photo's name."""
    named: set[str] = field(default_factory=set[str])
    """Photos that a personal part names: it was published."""

    @cached_property
    def tickets(self) -> frozenset[str]:
        return frozenset(self.tickets_of.values())

    async def settle(self, blobs: "Blobs") -> int:
        """Delete what no part names, and return how many that were. Where the store fails the next pass goes on."""
        if self.before is None or not self.tickets_of:
            return 0
        from services.intake.album import find_claims, forget_claim  # noqa: PLC0415 - it takes memory

        deleted = 0
        try:
            # What was sent again meanwhile is claimed anew.
            still = await find_claims(blobs, self.before)
            for name, ticket in self.tickets_of.items():
                if still.get(name) == ticket:
                    await forget_claim(blobs, name, ticket, deletes_photo=name not in self.named)
                    deleted += name not in self.named
        except Problem:
            pass
        ERASED.labels("intake", "photos").inc(deleted)
        return deleted


async def find_claims(blobs: "Blobs", before: datetime) -> Claims:
    """Those that are older. None where the store fails: the next pass finds them."""
    from services.intake import album  # noqa: PLC0415 - as above

    try:
        return Claims(before, await album.find_claims(blobs, before))
    except Problem:
        return Claims()
