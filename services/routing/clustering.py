"""Joins complaints that are about one matter, and tells all who reported it of its end.

Everything is read from the store and marked there: whoever dies is followed by whoever looks next, in any replica. What
was just written is looked at at once; the sweep finds what nobody did.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from services.routing.domain.alike import Measure
from services.routing.domain.families import Join, Lead, Member, align, choose, conclusion_id, join, may_join
from services.routing.domain.rulebook import Rulebook
from services.routing.domain.table import ActionRefused
from services.routing.settings import AlikeSettings
from services.routing.store.cases import CaseStore
from services.routing.store.documents import Save, StoredCase, records_of
from services.routing.store.families import FamilyStore
from services.routing.writing import write
from shared.directory import Directory
from shared.metrics import CASES_LINKED
from shared.outbox import OutboxRelay

log = structlog.get_logger(__name__)

_REST_S: Final = 0.5
"""Between two looks: one costs the same for one case as for all that come in this time. Nobody waits for it."""
_SWEEP_EVERY_S: Final = 1.0
_OLD: Final = timedelta(seconds=2)
_AT_ONCE: Final = 500


@dataclass
class Clustering:
    """Any number of replicas may run it: every write is guarded, every event has an id that follows from its cause."""

    cases: CaseStore
    families: FamilyStore
    relay: OutboxRelay
    rulebook: Callable[[], Rulebook]
    directory: Directory
    settings: AlikeSettings
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _noticed: dict[str, None] = field(default_factory=dict[str, None])
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def comes_first(self) -> bool:
        """Whether it is a disaster: then complaints are joined before anybody is told of them."""
        door = self.directory.doors.get("province")
        return door is not None and door.disaster_until is not None and self.now() < door.disaster_until

    def notice(self, tickets: Iterable[str]) -> None:
        """Look at these soon, without waiting."""
        self._noticed |= dict.fromkeys(tickets)
        self._wake.set()

    async def run(self) -> None:
        """A batch is what came since the last one."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            noticed, self._noticed = list(self._noticed), {}
            for start in range(0, len(noticed), _AT_ONCE):
                await self.settle(noticed[start : start + _AT_ONCE])
            await asyncio.sleep(_REST_S)

    async def sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_EVERY_S)
            while await self.sweep_once(self.now() - _OLD) == _AT_ONCE:
                pass

    async def sweep_once(self, before: datetime) -> int:
        """Look at what nobody looked at since; returns how many are done with."""
        return await self.settle(await self.families.unsettled(before, _AT_ONCE))

    async def settle(self, tickets: Sequence[str]) -> int:
        """Returns how many are done with; the others are marked still."""
        if not tickets:
            return 0
        members, marks = await self.families.members(tickets)
        fresh = [one for one in members.values() if not one.compared and may_join(one, self.rulebook())]
        fresh = [one for one in fresh if not _is_among(one, self.settings.never)]
        undone = await self._compare(fresh) if fresh and self.settings.days else set[str]()
        undone |= await self._bring_in_line(members.values())
        done = {ticket: mark for ticket, mark in marks.items() if ticket not in undone}
        await self.families.settle(done, [one.ticket for one in fresh if one.ticket in done])
        return len(done)

    async def _compare(self, fresh: Sequence[Member]) -> set[str]:
        """Returns those for which it must be done again: somebody else was first."""
        measure = self._measure()
        since = min(one.told.received_at for one in fresh) - measure.within
        near = [one for one in await self.families.near(fresh, since) if may_join(one, self.rulebook())]
        # As they are now: what somebody linked meanwhile is not among them.
        here = {one.ticket: one for one in near}
        wanted = choose([here[one.ticket] for one in fresh if one.ticket in here], near, measure)
        done = await self._join(wanted)
        return {ticket for one in wanted if one not in done for ticket in (one.child, one.to)}

    def _measure(self) -> Measure:
        wider = self.comes_first
        days = self.settings.disaster_days if wider else self.settings.days
        return Measure(timedelta(days=days), self.settings.disaster_enough if wider else self.settings.enough)

    async def _join(self, wanted: Sequence[Join]) -> list[Join]:
        """Those that were done."""
        if not wanted:
            return []
        leading = await self.families.lead([one.to for one in wanted])
        stored = await self.cases.load_many([one.child for one in wanted])
        saves = {one.child: self._joined(one, stored.get(one.child)) for one in wanted if one.to in leading}
        written = await self._write([save for save in saves.values() if save is not None])
        CASES_LINKED.labels("routing").inc(len(written))
        return [one for one in wanted if one.child in written]

    def _joined(self, wanted: Join, stored: StoredCase | None) -> Save | None:
        if stored is None or wanted.to in stored.parted:
            return None
        try:
            change = join(stored.case, wanted.to, wanted.likeness.score, self.now(), self.rulebook())
        except ActionRefused:
            return None
        return Save(stored, (), records_of(change, ""), change, moves=True)

    async def _bring_in_line(self, members: Iterable[Member]) -> set[str]:
        """Cases with those that they are linked to, and with them those that are linked to them.

        Returns those for which it must be done again.
        """
        following: dict[str, list[str]] = {}
        undone = set[str]()
        for member in members:
            if member.linked_to is not None:
                following.setdefault(member.linked_to, []).append(member.ticket)
            if member.leads and not await self._align_all(member.ticket):
                undone.add(member.ticket)
        for ticket, children in following.items():
            lead = await self.families.lead_of(ticket)
            if lead is not None and not await self._align(lead, children):
                undone |= set(children)
        return undone

    async def _align_all(self, ticket: str) -> bool:
        lead = await self.families.lead_of(ticket)
        if lead is None or not lead.has_news:
            return True
        # An heir first: the others are linked to it.
        if lead.goes_on_in is not None and not await self._align(lead, [lead.goes_on_in]):
            return False
        pages = [await self._align(lead, page) async for page in self.families.linked_to(ticket)]
        return all(pages)

    async def _align(self, lead: Lead, tickets: Sequence[str]) -> bool:
        if not lead.has_news:
            return True
        if lead.goes_on_in not in {None, *tickets} and not await self.families.lead([lead.goes_on_in or ""]):
            return False
        stored = await self.cases.load_many(tickets)
        saves = {
            ticket: save
            for ticket, one in stored.items()
            if one.case.snapshot.linked_to == lead.ticket and (save := self._aligned(lead, one)) is not None
        }
        return len(await self._write(list(saves.values()))) == len(saves)

    def _aligned(self, lead: Lead, stored: StoredCase) -> Save | None:
        told = conclusion_id(lead.outcome, stored.case.ticket) if lead.outcome else None
        if lead.goes_on_in is None and (told is None or str(told) in stored.applied):
            return None
        try:
            change = align(stored.case, lead, stored.parted, self.now(), self.rulebook())
        except ActionRefused:
            log.exception("case_not_aligned", ticket=stored.case.ticket)
            return None
        keys = (told,) if told is not None and lead.goes_on_in is None else ()
        return Save(stored, keys, records_of(change, ""), change, moves=lead.goes_on_in is not None)

    async def _write(self, saves: Sequence[Save]) -> set[str]:
        """Tickets of those that were written."""
        done = {save.change.case.ticket for save in await write(self.cases, self.relay, saves)}
        # What was just linked may be linked to what came to its end meanwhile.
        self.notice(done)
        return done


def _is_among(member: Member, categories: Iterable[str]) -> bool:
    return member.told.category.startswith(tuple(categories))
