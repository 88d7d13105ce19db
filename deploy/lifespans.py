"""The lifespans of several apps in one process, each in a task of its own."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

import structlog
from fastapi import FastAPI

log = structlog.get_logger(__name__)

FIRST: Final = "routing"
"""Its start seeds the directory, without which the others are not ready."""

_ENDS_WITHIN_S: Final = 7.0
"""All end at once. What takes longer waits for a Kafka or a MongoDB that does not answer, and nothing is lost by it."""


class ServiceNotStarted(Exception):
    """A service's start failed; the text says which one and why."""


class _Run:
    """One app between its start and its end."""

    def __init__(self, name: str, app: FastAPI) -> None:
        self._name = name
        self._app = app
        self._started = asyncio.Event()
        self._ending = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Raises ServiceNotStarted."""
        task = self._task = asyncio.create_task(self._live(), name=f"lifespan of {self._name}")
        started = asyncio.create_task(self._started.wait())
        try:
            await asyncio.wait({task, started}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            task.cancel()
            raise
        finally:
            started.cancel()
        if not self._started.is_set():
            raise ServiceNotStarted(f"{self._name} could not start: {_words(task.exception())}") from task.exception()

    async def end(self) -> None:
        """Returns when it has ended, or is left behind. What goes wrong is logged: nobody can do more about it."""
        self._ending.set()
        task = self._task
        if task is None:
            return
        try:
            await asyncio.wait({task}, timeout=_ENDS_WITHIN_S)
        finally:
            task.cancel()
        if not task.done():
            log.error("service_did_not_end", service=self._name, waited_s=_ENDS_WITHIN_S)
        elif self._started.is_set() and not task.cancelled() and (error := task.exception()):
            log.error("service_ended_badly", service=self._name, error=type(error).__name__)

    async def _live(self) -> None:
        async with self._app.router.lifespan_context(self._app):
            self._started.set()
            await self._ending.wait()


@asynccontextmanager
async def running_services(apps: Mapping[str, FastAPI]) -> AsyncGenerator[None]:
    """Start routing, then the others at once; at the end all stop at once. Raises ServiceNotStarted."""
    runs = {name: _Run(name, app) for name, app in apps.items()}
    first = [run for name, run in runs.items() if name == FIRST]
    others = [run for name, run in runs.items() if name != FIRST]
    try:
        await _start(first)
        await _start(others)
        yield
    finally:
        await asyncio.gather(*(run.end() for run in runs.values()))


async def _start(runs: Sequence[_Run]) -> None:
    outcomes = await asyncio.gather(*(run.start() for run in runs), return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            log.error("service_not_started", exc_info=outcome.__cause__ or outcome)
            raise outcome


def _words(error: BaseException | None) -> str:
    if error is None:
        return "it ended at once"
    told = str(error).strip()
    return f"{type(error).__name__}: {told}" if told else type(error).__name__
