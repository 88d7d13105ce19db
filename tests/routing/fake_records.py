"""The directory's records in memory: what `DirectoryStore` does for one change, with the same results."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from services.routing.store.directory import Edit
from shared.events.directory import DirectoryRecorded


class FakeRecords:
    """`meanwhile`: what somebody else does just before a change is made."""

    def __init__(self) -> None:
        self.edits: dict[str, Edit] = {}
        self.recorded: dict[str, DirectoryRecorded] = {}
        self.last: dict[str, str] = {}
        self.meanwhile: list[Edit] = []

    async def note(self, edit: Edit) -> bool:
        return self.edits.setdefault(edit.id, edit) is edit

    async def edits_of(self, record: str) -> list[Edit]:
        return [edit for edit in self.edits.values() if edit.record == record]

    async def withdraw(self, edit_id: str) -> bool:
        known = self.edits.get(edit_id)
        return known is not None and known.revision is None and self.edits.pop(edit_id) is known

    async def make(self, edit: Edit, expected: int | None = None) -> int | None:
        while self.meanwhile:
            other = self.meanwhile.pop()
            await self.note(other)
            await self.make(other)
        known = self.recorded.get(edit.record)
        revision = known.revision if known else 0
        if self.last.get(edit.record) != edit.id:
            if expected is not None and revision != expected:
                return None
            revision += 1
            fields = {"revision": revision, "recorded_at": datetime.now(UTC), "entry": edit.entry}
            self.recorded[edit.record] = DirectoryRecorded.model_validate(fields)
            self.last[edit.record] = edit.id
        self.edits[edit.id] = replace(edit, revision=revision)
        return revision

    async def read(self, keys: Iterable[str]) -> list[DirectoryRecorded]:
        return [self.recorded[key] for key in keys if key in self.recorded]
