"""`ntbcare routing recover`: brings a lost or restored database up to what the topics tell.

Killed at any moment and begun again it comes to the same; done twice it changes nothing the second time.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from pymongo import UpdateOne

from services.routing.domain.case import open_case
from services.routing.domain.lifting import lift, supports
from services.routing.domain.told import Later
from services.routing.following import Following
from services.routing.recovering.reading import Reading, understood
from services.routing.rulebooks import rulebook_source
from services.routing.store.cases import CaseStore
from services.routing.store.documents import Opening
from services.routing.store.lifted import KeptDocument, lift_write
from services.routing.store.recovered_directory import RecoveredDirectory
from services.routing.store.recovery import Heirs, RecoveryStore
from services.routing.store.staging import Staged, Staging
from shared.cluster import Cluster
from shared.directory import Directory
from shared.events.complaints import ComplaintErased, ComplaintSubmitted, FollowUp
from shared.events.directory import DirectoryRecorded, Entry
from shared.events.personal import PersonalRecorded
from shared.mongo import Database, Document
from shared.progress import Moment, Tell
from shared.records import Outgoing
from shared.scanning import Scan, records_of
from shared.topics import DIRECTORY

GROUP: Final = "routing"


class RecoveryRefused(Exception):
    """It can't be done now; the text says why, and how to go on."""


class Step(StrEnum):
    """What a recovery is doing."""

    READING = "Reading"
    LIFTING = "Bringing up"


@dataclass
class Recovered:
    """What a recovery did."""

    tickets: int = 0
    lifted: int = 0
    """Cases that were made anew, or brought up."""
    opened: int = 0
    """Complaints that nobody had been told of: their cases are opened now."""
    followed: int = 0
    """Follow-ups of which that holds."""
    directory: int = 0
    """Records of the directory."""
    skipped: int = 0
    """Records that nobody can read."""
    unknown: list[str] = field(default_factory=list[str])
    """Tickets of cases whose complaint neither the topics nor the database have."""


class LaterPublished:
    """In place of a relay: what is in an outbox the service publishes when it starts."""

    async def publish_new(self, _: Mapping[str, Sequence[Outgoing]], /) -> int:
        return 0


class Recovery:
    """Of one database. The service must not run."""

    def __init__(
        self,
        database: Database,
        cluster: Cluster,
        seeds: Iterable[Entry],
        tell: Tell,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.done = Recovered()
        self._cluster = cluster
        self._seeds = seeds
        self._tell = tell
        self._now = now
        self._staging = Staging(database)
        self._store = RecoveryStore(database)
        self._cases = CaseStore(database)
        self._stored_directory = RecoveredDirectory(database)
        self._directory = Directory()
        self._rulebook = rulebook_source(self._directory, [])
        self._following = Following(self._cases, LaterPublished(), self._rulebook)
        self._heirs = Heirs()
        self._began_at = 0.0
        self._stamp = 0

    async def run(self) -> Recovered:
        """Raises RecoveryRefused, KafkaError, PyMongoError."""
        if members := await self._cluster.members(GROUP):
            raise RecoveryRefused(
                f"Routing runs ({members} consumers are in its group). Stop every replica of it first, and wait some "
                "seconds after one that was killed."
            )
        await self._store.begin(self._now())
        await self._staging.clear()
        await self._lift_directory()
        await self._read()
        await self._lift_all()
        await self._staging.clear()
        await self._store.raise_stamp(self._stamp)
        await self._store.end(self._now())
        return self.done

    async def _lift_directory(self) -> None:
        topics = {DIRECTORY.full_name(self._cluster.kafka.namespace): DIRECTORY}
        told: dict[str, DirectoryRecorded] = {}
        async with aclosing(records_of(Scan(self._cluster.kafka, DIRECTORY))) as records:
            async for record in records:
                received = understood(record, topics)
                if received is None:
                    continue
                self._directory.apply(received.key, received.event)
                if received.event is None:
                    told.pop(received.key, None)
                elif received.event.revision >= self._directory.revisions[received.key]:
                    told[received.key] = received.event
        self.done.directory = await self._stored_directory.lift(told.values(), self._seeds)

    async def _read(self) -> None:
        reading = Reading(self._cluster.kafka, self._staging)
        await reading.prepare(self._cluster)
        self._began_at = time.monotonic()
        async with aclosing(reading.read()) as turns:
            async for _ in turns:
                self._say(Step.READING, reading.done, reading.total)
        self.done.skipped, self._stamp = reading.skipped, reading.stamp

    async def _lift_all(self) -> None:
        total, done, last = await self._staging.count(), 0, ""
        self._began_at = time.monotonic()
        async with aclosing(self._staging.pages()) as pages:
            async for page in pages:
                await self._lift_page(page, last)
                done += sum(len(one.told.heard) + len(one.told.events) + len(one.told.words) for one in page)
                last = page[-1].ticket
                self.done.tickets += len(page)
                self._say(Step.LIFTING, done, total)
        await self._cases.erase_personal(await self._store.untold_parts(last, None, ()))
        await self._store.mark_heirs(self._heirs.by_lead())

    async def _lift_page(self, page: Sequence[Staged], after: str) -> None:
        tickets = [one.ticket for one in page]
        documents = await self._store.documents(tickets)
        undone = list[Later]()
        writes = [self._lift(one, documents.get(one.ticket, {}), undone) for one in page]
        self.done.lifted += await self._store.write([write for write in writes if write is not None])
        await self._store.mark_leads(one.told for one in page)
        await self._erase(page, documents, await self._store.untold_parts(after, tickets[-1], tickets))
        await self._cases.record_personal(
            [part for one in page for part in new_parts(one, documents.get(one.ticket, {}))]
        )
        await self._cases.support([event for one in page for event in supports(one.told)])
        await self._go_on(page, documents, undone)

    def _lift(self, staged: Staged, document: Document, undone: list[Later]) -> UpdateOne | None:
        told = staged.told
        self._heirs.note(told)
        kept = KeptDocument.of(document, told) if "case" in document else None
        submission = kept.submission if kept else told.submission
        if kept is None and not told.events:
            return None
        if submission is None:
            self.done.unknown.append(staged.ticket)
            return None
        lifted = lift(submission, told, kept.to_kept() if kept else None)
        undone += lifted.undone
        return lift_write(lifted, told, kept)

    async def _erase(self, page: Sequence[Staged], documents: dict[str, Document], untold: Sequence[str]) -> None:
        await self._cases.erase_all_personal(
            {
                one.ticket
                for one in page
                if any(isinstance(heard.event, ComplaintErased) and heard.handled for heard in one.told.heard)
                and not documents.get(one.ticket, {}).get("all_erased")
            }
        )
        gone = [f"{one.ticket}:{part}" for one in page for part in gone_parts(one, documents.get(one.ticket, {}))]
        await self._cases.erase_personal([*gone, *untold])

    async def _go_on(self, page: Sequence[Staged], documents: dict[str, Document], undone: Sequence[Later]) -> None:
        """What the consumers passed over although nothing came of it: its effect was lost before it was told."""
        openings, follows = list[Opening](), [event for event in undone if isinstance(event, FollowUp)]
        for one in page:
            if one.told.events or "case" in documents.get(one.ticket, {}):
                continue
            handled = [heard.event for heard in one.told.heard if heard.handled]
            submitted = next((event for event in handled if isinstance(event, ComplaintSubmitted)), None)
            follows += [event for event in handled if isinstance(event, FollowUp)]
            if submitted is not None:
                openings.append(Opening(submitted, open_case(submitted, self._rulebook(), self._now()), ""))
        opened: dict[str, list[Outgoing]] = await self._cases.open(openings) if openings else {}
        await self._following.apply([(event, "") for event in follows])
        self.done.opened += len(opened)
        self.done.followed += len(follows)

    def _say(self, step: Step, done: int, total: int) -> None:
        elapsed = time.monotonic() - self._began_at
        pace = done / elapsed if elapsed else 0.0
        self._tell(Moment(step, done, total, pace, max(0, total - done) / pace if pace else None))


def new_parts(staged: Staged, document: Document) -> list[PersonalRecorded]:
    """What residents wrote and the document lacks."""
    return [part for name, part in staged.parts.items() if name not in document.get("personal", {})]


def gone_parts(staged: Staged, document: Document) -> set[str]:
    """What was erased since: its tombstone is there, or nothing of it any more."""
    kept = set(document.get("personal", ())) - set(staged.parts)
    return (kept | staged.erased_parts) - set(document.get("erased", ()))
