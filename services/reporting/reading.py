"""Reading one case: who may see what, and waiting for it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from services.reporting.domain.case import StoredCase
from services.reporting.domain.views import (
    CaseView,
    PhotoView,
    has_passed,
    is_public,
    view_as_reporter,
    view_publicly,
)
from services.reporting.store import Store
from shared.batches import Batcher
from shared.directory import Directory
from shared.limits import ANSWERS_WITHIN_S, answered_within
from shared.photos import PhotoKey
from shared.problems import Problem
from shared.tracking import CodeCheck
from shared.waiters import Waiters

IsThere = Callable[[StoredCase | None], bool]
HEADERS: Final = {"Cache-Control": "no-store", "Vary": "X-Tracking-Code"}
"""Of every answer: no cache may give one reader what another was told."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Up to so many seconds for a sequence above `after`; 0 waits for the first event."""

    seconds: float
    after: int


_NOT: Final = Wait(0, 0)


class Reading:
    """Answers for one ticket."""

    def __init__(self, store: Store, waiters: Waiters, names: Directory, tracking_keys: Mapping[str, bytes]) -> None:
        self._store = store
        self._waiters = waiters
        self._names = names
        self._codes = CodeCheck(tracking_keys, HEADERS)
        self.photo_key: PhotoKey | None = None
        """Without it photos are named, not shown."""
        self._loader = Batcher[str, StoredCase | None](self._load)
        self._counter = Batcher[str, int](self._joined)

    async def view(self, ticket: str, wait: Wait, code: str | None) -> CaseView:
        """The reporter's own view with a code, else the public one. Raises a 403, 404 or 429 Problem."""
        if code is not None:
            by_subject = self._codes.check(ticket, code)
            stored = await self._stored(ticket, wait, publicly=False)
            _check_not_taken_over(stored, by_subject=by_subject)
            return self._with_addresses(view_as_reporter(ticket, stored, self._names))
        stored = await self._stored(ticket, wait, publicly=True)
        view = view_publicly(stored, self._names) if stored else None
        if view is None:
            detail = "No public case has this ticket, or it has not arrived yet."
            raise Problem(404, "No such case", detail, headers=HEADERS)
        return self._with_addresses(view)

    def photos(self, names: Iterable[str]) -> list[PhotoView]:
        key = self.photo_key
        if key is None:
            return [PhotoView(name) for name in names]
        return [PhotoView(name, key.address(name), key.address(name, thumbnail=True)) for name in names]

    def _with_addresses(self, view: CaseView) -> CaseView:
        own = view.reporter and replace(view.reporter, photos=self.photos(one.name for one in view.reporter.photos))
        return replace(view, photos=self.photos(one.name for one in view.photos), reporter=own)

    async def public(self, ticket: str, wait: Wait = _NOT) -> StoredCase | None:
        """All that is stored; None of a case that is not there or not public."""
        stored = await self._stored(ticket, wait, publicly=True)
        return stored if is_public(stored) else None

    def check(self, ticket: str, code: str) -> bool:
        """Whether it is the code of the person concerned. Raises a 403 or 429 Problem for a wrong one."""
        return self._codes.check(ticket, code)

    async def check_holder(self, ticket: str, *, by_subject: bool) -> None:
        """Raises a 403 Problem for who filed it, after the person concerned took it over."""
        _check_not_taken_over(await self.awaited(ticket, 0, lambda _: True), by_subject=by_subject)

    async def awaited(self, ticket: str, seconds: float, is_there: IsThere) -> StoredCase | None:
        """All that is stored, for whoever has shown that it is theirs: once it is there, else when the time is over."""
        latest: StoredCase | None = None

        async def look() -> StoredCase | None:
            nonlocal latest
            # Its batch begins only when the one before it ends, which may itself be waiting for MongoDB.
            async with answered_within(ANSWERS_WITHIN_S):
                latest = await self._loader.add(ticket)
            return latest if is_there(latest) else None

        await self._waiters.until(ticket, look, seconds)
        if latest is None:
            return None
        # Once, and not at each look.
        async with answered_within(ANSWERS_WITHIN_S):
            return replace(latest, joined=await self._counter.add(ticket))

    async def own(self, ticket: str, code: str) -> StoredCase:
        """All that is stored, for whoever has its code; its head is there. Raises a 403, 404 or 429 Problem."""
        by_subject = self._codes.check(ticket, code)
        stored = await self._stored(ticket, Wait(0, 0), publicly=False)
        _check_not_taken_over(stored, by_subject=by_subject)
        if stored is None or stored.head is None:
            raise Problem(404, "No such case", "It has not arrived yet, please try again soon.", headers=HEADERS)
        return stored

    async def _stored(self, ticket: str, wait: Wait, *, publicly: bool) -> StoredCase | None:
        def is_there(stored: StoredCase | None) -> bool:
            # Whoever may not see a case waits as long for it as for one that does not exist.
            return has_passed(stored, wait.after) and (is_public(stored) or not publicly)

        return await self.awaited(ticket, wait.seconds, is_there)

    async def _load(self, tickets: Sequence[str]) -> list[StoredCase | None]:
        # The live one's, whatever the first to ask began with: who waits must see what comes after a switch.
        found = await self._store.live.cases.read_alone(set(tickets))
        return [found.get(ticket) for ticket in tickets]

    async def _joined(self, tickets: Sequence[str]) -> list[int]:
        joined = await self._store.live.cases.joined(set(tickets))
        return [joined.get(ticket, 0) for ticket in tickets]


def _check_not_taken_over(stored: StoredCase | None, *, by_subject: bool) -> None:
    """Raises a 403 Problem where who filed it for somebody else asks after that person took it over."""
    if stored is not None and stored.taken_over and not by_subject:
        detail = "The person concerned has taken it over. Ask them."
        raise Problem(403, "This code opens nothing any more", detail, headers=HEADERS)
