"""Datasets of the live generation as streams: so many at once, and none that is kept waiting for ever."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

import structlog
from fastapi import Response
from fastapi.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from services.reporting.domain.opendata import Catalogue, Dataset, FigureRows, Row, case_row
from services.reporting.exports import WRITERS
from services.reporting.store import Store
from services.reporting.store.exports import Months
from services.reporting.store.searches import Search
from shared.directory import Directory
from shared.leaving import told_when_leaving
from shared.problems import Problem

MOST_AT_ONCE: Final = 4
"""In this process: each reads as fast as MongoDB gives."""
RETRY_AFTER_S: Final = 30
TAKEN_WITHIN_S: Final = 60.0
"""A reader that takes longer for one piece is not waited for: others want its place."""
SIZES_LAST_S: Final = 600.0
"""Counting costs the more the more there is: one counts, and meanwhile others are told the last number."""
LEAST_BYTES_A_SECOND: Final = 32 * 1024
"""Of a reader's own time, once that is a minute in all: whoever takes less holds a place for hours."""
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Access-Control-Allow-Origin": "*",
    "X-Content-Type-Options": "nosniff",
}

log = structlog.get_logger(__name__)


class ServerLeaves(Exception):
    """Nothing is told to its end any more."""


class Exporting:
    """Gives datasets out."""

    def __init__(self, store: Store, names: Directory, catalogue: Catalogue, most: int = MOST_AT_ONCE) -> None:
        self._store = store
        self._names = names
        self._catalogue = catalogue
        self._most = most
        self.running = 0
        self._has_ended = False
        self._sizes: tuple[float, tuple[int, int]] | None = None
        self._counting = asyncio.Lock()

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[None]:
        """A server that leaves waits for no file: it breaks off, and whoever reads sees that."""
        with told_when_leaving(self.end):
            yield

    def end(self) -> None:
        self._has_ended = True

    @property
    def catalogue(self) -> Catalogue:
        """With the figures that are defined now."""
        cases, figures = self._catalogue.datasets
        datasets = (cases, figures.counting(self._store.definitions))
        return self._catalogue.model_copy(update={"datasets": datasets})

    async def sizes(self) -> tuple[int, int]:
        """About how many rows each dataset has. Raises what MongoDB raises."""
        if self._sizes is None or (time.monotonic() - self._sizes[0] > SIZES_LAST_S and not self._counting.locked()):
            async with self._counting:
                if self._sizes is None or time.monotonic() - self._sizes[0] > SIZES_LAST_S:
                    self._sizes = time.monotonic(), await self._store.exports.sizes()
        return self._sizes[1]

    async def cases(self, search: Search, form: str) -> Response:
        """Raises a 404 or 503 Problem, and what MongoDB raises before the first row."""
        return await self._answer(self.catalogue.datasets[0], form, self._cases(search))

    async def figures(self, months: Months, form: str) -> Response:
        """Raises as above."""
        return await self._answer(self.catalogue.datasets[1], form, self._figures(months))

    async def _cases(self, search: Search) -> AsyncIterator[list[Row]]:
        async for found in self._store.exports.cases(search):
            yield [case_row(ticket, head, self._names) for ticket, head in found]

    async def _figures(self, months: Months) -> AsyncIterator[list[Row]]:
        rows = FigureRows((figure.id for figure in self._store.definitions.figures), self._names)
        async for found in self._store.exports.months(months):
            yield rows.take(found)
        yield rows.end()

    async def _answer(self, dataset: Dataset, form: str, batches: AsyncIterator[list[Row]]) -> Response:
        if form not in dataset.formats:
            raise Problem(404, "No such file", f"{dataset.id} is there as {', '.join(dataset.formats)}.")
        if self.running >= self._most:
            headers = {"Retry-After": str(RETRY_AFTER_S)}
            raise Problem(503, "Not available now", "Many files are being fetched.", headers=headers)
        self.running += 1
        try:
            # Before the answer begins: what is amiss now can still be said.
            first = await anext(batches, [])
        except BaseException:
            self._end()
            raise
        write, media_type = WRITERS[form]
        headers = _HEADERS | {"Content-Disposition": f'attachment; filename="ntbcare-{dataset.id}.{form}"'}
        return _File(write(dataset, self._from(first, batches)), media_type, headers, self._end)

    async def _from(self, first: list[Row], batches: AsyncIterable[list[Row]]) -> AsyncIterator[list[Row]]:
        yield first
        async for rows in batches:
            if self._has_ended:
                raise ServerLeaves
            yield rows

    def _end(self) -> None:
        self.running -= 1


class TooSlow(Exception):
    """Its reader takes less than `LEAST_BYTES_A_SECOND`."""


class Pace:
    """What a reader takes of the time that it is waited for; how long the rows take is not its fault."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._waited_s = 0.0
        self._taken = 0

    @contextmanager
    def waiting(self, size: int) -> Generator[None]:
        """While a piece of so many bytes is taken. Raises TooSlow afterwards."""
        began = self._clock()
        yield
        self._waited_s += self._clock() - began
        self._taken += size
        if self._waited_s > TAKEN_WITHIN_S and self._taken < self._waited_s * LEAST_BYTES_A_SECOND:
            raise TooSlow


class _File(StreamingResponse):
    """Ends with its reader."""

    def __init__(
        self, pieces: AsyncIterator[bytes], media_type: str, headers: Mapping[str, str], ended: Callable[[], None]
    ) -> None:
        super().__init__(pieces, headers=headers, media_type=media_type)
        self._pieces: Any = pieces
        self._ended = ended

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        pace = Pace()

        async def send_in_time(message: Message) -> None:
            with pace.waiting(len(message.get("body", b""))):
                async with asyncio.timeout(TAKEN_WITHIN_S):
                    await send(message)

        try:
            await super().__call__(scope, receive, send_in_time)
        except (ServerLeaves, TimeoutError, TooSlow) as reason:
            # The connection is closed before the last chunk: whoever reads sees that it broke off.
            log.info("export_broken_off", reason=type(reason).__name__)
        finally:
            self._ended()
            await self._pieces.aclose()
