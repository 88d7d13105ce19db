"""Each replica consumes every generation that is served, and answers from the live one, as the collection says it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from typing import Final

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from services.reporting.handlers import Projector
from services.reporting.refresher import Refresher, Rules
from services.reporting.store import Store
from services.reporting.store.read_model import ReadModel
from shared.metrics import LIVE
from shared.mongo import is_passing
from shared.records import Unknown
from shared.service import Service
from shared.waiters import Waiters
from shared.watchdog import Watchdog

log = structlog.get_logger(__name__)

LOOK_EVERY_S: Final = 1.0
"""So soon each replica answers from the generation that was switched to."""
_BEGINS_WITHIN_S: Final = 10.0


class Following:
    """Begins and ends consumers while the service runs."""

    def __init__(self, service: Service, store: Store, waiters: Waiters) -> None:
        self._service = service
        self._store = store
        self._waiters = waiters
        self._served: dict[str, AsyncExitStack] = {}
        self._watchdogs: dict[str, Watchdog] = {}
        self._told = ""
        self._begun = asyncio.Event()

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[None]:
        """Consume what is served now, and at the end let go of it. A group that lets nobody in is waited for later."""
        try:
            await self.look()
            with suppress(TimeoutError):
                async with asyncio.timeout(_BEGINS_WITHIN_S):
                    await self._begun.wait()
            yield
        finally:
            await asyncio.gather(*(self._end(name) for name in list(self._served)))

    async def run(self) -> None:
        """For ever. Raises what MongoDB raises; what is consumed goes on meanwhile."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self.look()

    async def look(self) -> None:
        """Do as the collection of generations says now."""
        known = await self._store.generations.read()
        self._store.follow(known)
        self._tell()
        served = {one.id: one for one in known.served}
        for name in served.keys() - self._served.keys():
            await self._begin(self._store.of(served[name]))
        await asyncio.gather(*(self._end(name) for name in self._served.keys() - served.keys()))

    async def why_not_ready(self) -> str | None:
        """Of the live one alone: whoever joins the group of another, or waits there, answers as before."""
        watchdog = self._watchdogs.get(self._store.live.generation.id)
        return await watchdog.why_not_ready() if watchdog else "the live generation is not consumed yet"

    async def why_not_alive(self) -> str | None:
        reasons = await asyncio.gather(*(watchdog.why_not_alive() for watchdog in self._watchdogs.values()))
        return next((reason for reason in reasons if reason), None)

    def _tell(self) -> None:
        live = self._store.live.generation.id
        if live != self._told:
            log.info("generation_answers", generation=live)
            LIVE.clear()
            LIVE.labels(self._service.name, live).set(1)
            self._told = live

    async def _begin(self, model: ReadModel) -> None:
        name = model.generation.id
        # To join a group takes seconds, in which a switch must not wait.
        self._served[name] = stack = AsyncExitStack()
        await stack.enter_async_context(self._service.beside(f"generation {name}", partial(self._consume, model)))
        log.info("generation_begun", generation=name)

    async def _end(self, name: str) -> None:
        await self._served.pop(name).aclose()
        log.info("generation_ended", generation=name)

    async def _consume(self, model: ReadModel) -> None:
        """Until it is cancelled."""
        await model.prepare()
        name, service = model.generation.id, self._service
        refresher = Refresher(model, Rules(model.definitions, service.directory))
        projector = Projector(model, self._waiters, refresher)
        consuming = service.consuming(
            model.generation.group, projector.handle, unknown=Unknown.ENVELOPE, is_passing=is_passing
        )
        async with (
            service.beside(f"refresher of {name}", refresher.run),
            service.beside(f"sums of {name}", refresher.run_sums),
            consuming as watchdog,
        ):
            self._watchdogs[name] = watchdog
            self._begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                del self._watchdogs[name]


class OneGeneration:
    """Reads all that one answer tells from one generation."""

    def __init__(self, app: ASGIApp, store: Store) -> None:
        self._app = app
        self._store = store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with self._store.one_answer():
            await self._app(scope, receive, send)
