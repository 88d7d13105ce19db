"""One pass of the janitor: read the topics, decide, delete photos, write tombstones, say that it is done.

Whoever is killed in the middle of it has done a part: the rest is still to be seen in the topics, and the next pass
does it. Photos go first, because only the part that a tombstone takes away names them; the event goes last.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Final, Protocol

from services.intake.erasing.claims import Claims, find_claims
from services.intake.erasing.deciding import (
    Job,
    Part,
    Rules,
    erasure_of,
    is_to_erase,
    is_told_again,
    jobs_of,
    why_erase,
)
from services.intake.erasing.reading import Cases, Complaints, part_of, ticket_of_part, told_of
from services.intake.settings import BlobSettings
from shared.events.complaints import ComplaintErased
from shared.metrics import ERASED, JANITOR_ENDED, JANITOR_SECONDS
from shared.problems import Problem
from shared.records import Outgoing, Record, to_record, tombstone
from shared.scanning import Offsets, Scan, key_of
from shared.settings import KafkaSettings
from shared.topics import CASES, COMPLAINTS, PERSONAL

if TYPE_CHECKING:
    from services.intake.blobs import Blobs

MOST: Final = 20_000
"""Tickets of one pass; what is more the next one does, soon."""
_AT_ONCE: Final = 200
_SERVICE: Final = "intake"
_LATE: Final = "late"


class Publishes(Protocol):
    """What a pass needs of a publisher."""

    async def publish_each(self, sequences: Mapping[str, Sequence[Outgoing]]) -> dict[str, list[Outgoing]]: ...


@dataclass
class Swept:
    """What a pass did."""

    read_to: Offsets
    """Of `ntbcare.complaints`: whoever asks later was not heard."""
    tickets: int = 0
    """That were erased as a whole."""
    parts: int = 0
    """Tombstones, repeated ones too."""
    photos: int = 0
    left: int = 0
    """Tickets that something is still to be done for: a store or the broker did not answer, or there were too many."""


@dataclass
class _Seen:
    """What a pass has read."""

    complaints: Complaints = field(default_factory=Complaints)
    cases: Cases = field(default_factory=Cases)
    due: dict[str, ComplaintErased] = field(default_factory=dict[str, ComplaintErased])
    parts: dict[str, Part] = field(default_factory=dict[str, Part])
    """By key: those of tickets that are due or erased, and those that no event names."""
    claims: Claims = field(default_factory=Claims)


class Janitor:
    """Any number may work at once: what two of them do is done twice, and the same."""

    def __init__(
        self,
        kafka: KafkaSettings,
        blobs: BlobSettings,
        publisher: Publishes,
        rules: Rules,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._kafka = kafka
        self._blob_settings = blobs
        self._publisher = publisher
        self._now = now
        self._rules = rules

    async def sweep(self) -> Swept:
        """Erase what is due. Raises KafkaError."""
        with JANITOR_SECONDS.labels(_SERVICE).time():
            seen, began = _Seen(), self._now()
            read_to = await self._read_history(seen, began)
            too_many = self._find_due(seen, began)
            # Before the parts are read: whatever is named later was claimed anew.
            seen.claims = await find_claims(self._blobs, began - self._rules.orphans_after)
            await self._read_parts(seen)
            swept = await self._do(self._jobs(seen, began), Swept(read_to, left=too_many))
            swept.photos += await seen.claims.settle(self._blobs)
        if not swept.left:
            JANITOR_ENDED.labels(_SERVICE).set_to_current_time()
        return swept

    async def erase(self, event: ComplaintErased) -> Swept:
        """Erase this ticket now, whatever its time, and nothing else; told again, repeat it. Raises KafkaError."""
        seen = _Seen(due={event.ticket: event})
        read_to = await self._read_history(seen, self._now())
        await self._read_parts(seen)
        parts = [part for part in seen.parts.values() if part.ticket == event.ticket]
        return await self._do(jobs_of(seen.due, parts, seen.cases.posted(seen.due)), Swept(read_to))

    async def _read_history(self, seen: _Seen, began: datetime) -> Offsets:
        scan = Scan(self._kafka, COMPLAINTS)
        await seen.complaints.read(scan, began - self._rules.repeats_until)
        await seen.cases.read(Scan(self._kafka, CASES))
        return scan.ends

    def _find_due(self, seen: _Seen, now: datetime) -> int:
        """Returns how many more there are."""
        over = seen.cases.ended.until(now - self._rules.keep_for)
        candidates = dict.fromkeys([*seen.complaints.requests, *over])
        found = 0
        for ticket in candidates:
            told = told_of(ticket, seen.complaints, seen.cases)
            if (reason := why_erase(told, now, self._rules)) is not None:
                found += 1
                if found <= MOST:
                    seen.due[ticket] = erasure_of(ticket, told, reason, now)
        return max(0, found - MOST)

    async def _read_parts(self, seen: _Seen) -> None:
        async with aclosing(Scan(self._kafka, PERSONAL).batches()) as batches:
            async for batch in batches:
                self._take_parts(seen, batch)

    def _take_parts(self, seen: _Seen, batch: Sequence[Record]) -> None:
        """Of one key the last record counts."""
        known = [(record, ticket) for record in batch if (ticket := ticket_of_part(record)) is not None]
        for record, ticket in known:
            if ticket in seen.claims.tickets:
                seen.claims.named.update(part_of(record, has_event=True, reads_photos=True).photos)
        erased = seen.complaints.erased.of([ticket for _, ticket in known])
        named = seen.complaints.names.has([key_of(record) for record, _ in known])
        for (record, ticket), erased_at, has_event in zip(known, erased, named, strict=True):
            goes = ticket in seen.due or erased_at is not None
            if goes or not has_event:
                part = part_of(record, has_event=has_event, reads_photos=True)
                seen.parts[part.key] = part

    def _jobs(self, seen: _Seen, now: datetime) -> list[Job]:
        tickets = list({part.ticket for part in seen.parts.values()})
        erased = dict(zip(tickets, seen.complaints.erased.of(tickets), strict=True))
        parts = [
            part
            for part in seen.parts.values()
            if (part.is_there and part.ticket in seen.due) or is_to_erase(part, erased[part.ticket], now, self._rules)
        ]
        again = {
            ticket: event
            for ticket, (event, told_at) in seen.complaints.young.items()
            if is_told_again(told_at, event.occurred_at, now, self._rules)
        }
        return jobs_of(again | seen.due, parts, seen.cases.posted(seen.due))

    async def _do(self, jobs: Sequence[Job], swept: Swept) -> Swept:
        left = iter(jobs)
        while some := list(islice(left, _AT_ONCE)):
            ready = [job for job in some if await self._has_deleted(job.photos)]
            swept.photos += sum(len(job.photos) for job in ready)
            done = await self._publisher.publish_each({job.ticket: _records_of(job) for job in ready})
            swept.left += len(some) - len(ready)
            for job in ready:
                _note(swept, job, len(done[job.ticket]))
        return swept

    async def _has_deleted(self, names: set[str]) -> bool:
        """False: the store does not answer, so the part that names them must stay."""
        try:
            for name in sorted(names):
                await _delete(self._blobs, name)
        except Problem:
            return False
        return True

    @cached_property
    def _blobs(self) -> "Blobs":
        from services.intake.blobs import Blobs  # noqa: PLC0415 - it takes memory, and most complaints have no photo

        return Blobs(self._blob_settings)


async def _delete(blobs: "Blobs", name: str) -> None:
    from services.intake.album import delete_photo  # noqa: PLC0415 - as above

    await delete_photo(blobs, name)


def _records_of(job: Job) -> list[Outgoing]:
    event = [to_record(COMPLAINTS, job.event)] if job.event is not None else []
    return [*(tombstone(PERSONAL, key) for key in job.keys), *event]


def _note(swept: Swept, job: Job, acknowledged: int) -> None:
    parts = min(acknowledged, len(job.keys))
    swept.parts += parts
    ERASED.labels(_SERVICE, "parts").inc(parts)
    ERASED.labels(_SERVICE, "photos").inc(len(job.photos))
    if acknowledged < len(job.keys) + (job.event is not None):
        swept.left += 1
        return
    swept.tickets += job.event is not None
    ERASED.labels(_SERVICE, job.event.reason if job.event is not None else _LATE).inc()
