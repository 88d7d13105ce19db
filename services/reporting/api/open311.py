"""Open311 GeoReport v2 at `/open311/v2`: requests as they stand, and what happened to them. Intake takes them."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from urllib.parse import urljoin

from fastapi import APIRouter, Path, Response

from services.reporting.api.open311_queries import (
    Flag,
    Paging,
    PagingOf,
    RequestQuery,
    RequestsOf,
    UpdateQuery,
    UpdatesOf,
    is_true,
    tickets_in,
)
from services.reporting.domain.georeport import Voice, to_request, to_update
from services.reporting.reading import Reading, Wait
from services.reporting.store import Store
from shared.directory import Directory
from shared.open311 import (
    PREFIX,
    RESPONSES,
    Asked,
    AskedOf,
    Open311Settings,
    add_unknown_paths,
    answer,
    check_jurisdiction,
)
from shared.problems import Problem

PATIENCE_S: Final = 2.0
"""So long a request that is not there is waited for: clients ask for one as soon as they have sent it."""
_CACHE: Final = "no-cache"
Told = list[dict[str, Any]]


class Open311:
    """What the endpoints work with."""

    def __init__(self, settings: Open311Settings, store: Store, names: Directory, reading: Reading) -> None:
        self._settings = settings
        self._store = store
        self._names = names
        self._reading = reading

    def voice(self, asked: Asked) -> Voice:
        """Raises a 404 Problem for another jurisdiction."""
        check_jurisdiction(self._settings, asked.jurisdiction_id)
        key = self._reading.photo_key
        return Voice(self._names, asked.language, lambda name: urljoin(asked.base, key.address(name)) if key else None)

    async def requests(self, query: RequestQuery, paging: Paging, voice: Voice) -> Told:
        """Raises a 404 or 422 Problem."""
        if query.by_id:
            tickets = tickets_in(query.service_request_id)
            known = await self._store.georeport.read(tickets)
            found = [known[ticket] for ticket in tickets if ticket in known]
        else:
            self._check_codes(query.codes)
            found = await self._store.georeport.find(query.wanted(datetime.now(UTC)), paging.to_page())
        extended = is_true(paging.extensions)
        return await _tell(lambda: [to_request(each, voice, extended=extended) for each in found])

    async def request(self, service_request_id: str, voice: Voice, *, extended: bool) -> dict[str, Any]:
        """Raises a 404 Problem."""
        ticket = next(iter(tickets_in(service_request_id)), None)
        stored = await self._reading.public(ticket, Wait(PATIENCE_S, 0)) if ticket else None
        told = to_request(stored, voice, extended=extended) if stored else None
        if told is None:
            detail = "No public request has this id. Confidential ones are not shown."
            raise Problem(404, "service_request_id was not found", detail)
        return told

    async def updates(self, query: UpdateQuery, paging: Paging, voice: Voice) -> Told:
        """Raises a 422 Problem."""
        span, page, tickets = query.span(datetime.now(UTC)), paging.to_page(), tickets_in(query.service_request_id)
        if query.by_id and not tickets:
            return []
        steps = await self._store.georeport.updates(span, tickets, page)
        known = await self._store.georeport.read({ticket for ticket, _ in steps})
        public = [(known[ticket], sequence) for ticket, sequence in steps if ticket in known]
        extended = is_true(paging.extensions)
        return await _tell(lambda: [to_update(case, sequence, voice, extended=extended) for case, sequence in public])

    def _check_codes(self, codes: Sequence[str]) -> None:
        if any(code not in self._names.categories for code in codes):
            raise Problem(404, "service_code was not found", f"{PREFIX}/services.xml lists all that there are.")


def create_open311_router(open311: Open311) -> APIRouter:
    router = APIRouter(tags=["open311"])

    def get(path: str) -> Callable[[Any], Any]:
        return router.get(f"{PREFIX}/{path}.{{form}}", response_class=Response, responses=RESPONSES)

    @get("requests")
    async def read_requests(asked: AskedOf, query: RequestsOf, paging: PagingOf) -> Response:
        """Public requests of the last 90 days or of the time asked for, by day of receipt, the newest day first.

        With `updated_after` or `updated_before` by their newest event, the oldest first.
        """
        told = await open311.requests(query, paging, open311.voice(asked))
        return answer(asked.form, "service_requests", told, Cache_Control=_CACHE)

    @get("requests/{service_request_id}")
    async def read_request(
        service_request_id: Annotated[str, Path(description="A ticket.")], asked: AskedOf, extensions: Flag = ""
    ) -> Response:
        """One request, in a list. One that was just sent is waited for, for two seconds."""
        told = await open311.request(service_request_id, open311.voice(asked), extended=is_true(extensions))
        return answer(asked.form, "service_requests", [told], Cache_Control=_CACHE)

    @get("servicerequestupdates")
    async def read_updates(asked: AskedOf, query: UpdatesOf, paging: PagingOf) -> Response:
        """What happened to public requests, the first first: an extension of GeoReport v2 that others have too."""
        told = await open311.updates(query, paging, open311.voice(asked))
        return answer(asked.form, "service_request_updates", told, Cache_Control=_CACHE)

    add_unknown_paths(router)
    return router


async def _tell(make: Callable[[], list[dict[str, Any] | None]]) -> Told:
    """A thousand take a moment, in which others are answered."""
    return [told for told in await asyncio.to_thread(make) if told]
