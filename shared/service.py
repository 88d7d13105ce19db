"""What makes the four services alike: one lifespan, one consumer, health, metrics, docs and problems."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any, Final

import structlog
from fastapi import APIRouter, FastAPI, Response
from fastapi.responses import JSONResponse
from faststream.specification import AsyncAPI
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared.broker import create_broker, subscribe
from shared.consumer import Consumer, Handle, Policy
from shared.dead_letters import DeadLetters, fetch_origin, wait_for_resume
from shared.docs import create_docs_router
from shared.follower import DirectoryFollower
from shared.health import Health
from shared.logs import configure_logs
from shared.memory import settle_memory
from shared.metrics import OfService
from shared.problems import ProblemApp
from shared.publisher import Publisher
from shared.records import Unknown
from shared.settings import ServiceSettings
from shared.tasks import end_tasks
from shared.topics import CONSUMERS, EVENT_TOPICS
from shared.traces import open_spans
from shared.watchdog import Watchdog

log = structlog.get_logger(__name__)

OWN_PATHS: Final = ("/livez", "/readyz", "/metrics", "/docs", "/openapi.json", "/asyncapi")
"""What every service answers for itself, with all below; in one process they are under `/-/<service>`."""
VERSION: Final = "1"
_RESTART_S: Final = 1.0
_STOP_S: Final = 3.0
_WINDS_UP_S: Final = 30.0
"""Longer than any background task needs to end: notification hands over what it is sending."""


class Service:
    """One service: make it, say what it consumes and does, then create its app."""

    def __init__(self, name: str, settings: ServiceSettings) -> None:
        configure_logs(settings.log_level)
        self.name = name
        self.settings = settings
        self.spans = open_spans(name, settings.tracing, settings.kafka.instance)
        self.publisher = Publisher(name, settings.kafka, self.spans)
        self.follower = DirectoryFollower(settings.kafka)
        self.directory = self.follower.directory
        self.health = Health(name)
        self.broker = create_broker(settings.kafka, name)
        self._consumers: list[Consumer] = []
        self._resources: list[Callable[[], AbstractAsyncContextManager[Any]]] = []
        self._tasks: dict[str, Callable[[], Awaitable[None]]] = {}
        self.health.add("directory", ready=self.follower.why_not_ready)
        self._describe_publishers()

    def resource(self, enter: Callable[[], AbstractAsyncContextManager[Any]]) -> None:
        """Enter it at start, once the broker is connected and the directory read; leave it at the end."""
        self._resources.append(enter)

    def background(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """Run it for ever beside the consumers; when it fails, log and begin again."""
        self._tasks[name] = run

    def consume(
        self,
        handle: Handle,
        *,
        unknown: Unknown = Unknown.PARK,
        is_passing: Callable[[BaseException], bool] = lambda _: False,
        group: str | None = None,
        rest_s: float = 0,
    ) -> Consumer:
        """Read the service's topics (`shared.topics.CONSUMERS`) in its group and give them to the handler.

        `rest_s`: who is in no hurry waits so long between batches, and works on fewer and larger ones.
        """
        consumer = self._consumer(handle, unknown, is_passing)
        subscriber = subscribe(self.broker, self.settings.kafka, consumer, group or self.name, rest_s)
        watchdog = Watchdog(subscriber, consumer, self.settings.stuck_after_s, group=group)
        self.health.add("consumer", ready=watchdog.why_not_ready, alive=watchdog.why_not_alive)
        self.background("watchdog", watchdog.run)
        self._consumers.append(consumer)
        return consumer

    @asynccontextmanager
    async def consuming(
        self, group: str, handle: Handle, *, unknown: Unknown, is_passing: Callable[[BaseException], bool]
    ) -> AsyncGenerator[Watchdog]:
        """Read the service's topics as `consume` does, but from now on and until the block ends.

        Only while the service runs. Who asks for it says what it means for the service's health. Raises KafkaError.
        """
        kafka = self.settings.kafka
        await self.broker.connect()
        consumer = self._consumer(handle, unknown, is_passing)
        subscriber = subscribe(self.broker, kafka, consumer, group)
        watchdog = Watchdog(subscriber, consumer, self.settings.stuck_after_s, group=group)
        try:
            async with self.beside(f"watchdog of {group}", watchdog.run):
                await subscriber.start()
                yield watchdog
        finally:
            consumer.stop()
            await _within(kafka.drain_s + _STOP_S, subscriber.stop)
            watchdog.forget()

    @asynccontextmanager
    async def beside(self, name: str, run: Callable[[], Awaitable[None]]) -> AsyncGenerator[None]:
        """Run it for ever, as `background` does, but only until the block ends."""
        task = asyncio.create_task(self._supervise(name, run), name=name)
        try:
            yield
        finally:
            await end_tasks([task], again_s=_WINDS_UP_S)

    def _consumer(self, handle: Handle, unknown: Unknown, is_passing: Callable[[BaseException], bool]) -> Consumer:
        kafka = self.settings.kafka
        topics = {topic.full_name(kafka.namespace): topic for topic in CONSUMERS[self.name]}
        return Consumer(
            self.name,
            handle,
            Policy(topics, unknown, is_passing),
            DeadLetters(self.name, self.publisher, self.settings.flood),
            wait_for_resume=lambda: wait_for_resume(kafka, self.name),
            fetch_origin=lambda record: fetch_origin(kafka, record),
            spans=self.spans,
        )

    def create_app(self, *routers: APIRouter, max_body_size: int = 64 * 1024) -> FastAPI:
        """The ASGI app: the routers, and what every service answers for itself. `max_body_size` is in bytes."""
        app = ProblemApp(
            self.name,
            self.spans,
            title=f"NTB Care {self.name}",
            version=VERSION,
            lifespan=self._lifespan,
            docs_url=None,
            redoc_url=None,
            max_body_size=max_body_size,
        )
        for router in (*routers, self._own_routes(), create_docs_router(self.name)):
            # The routes themselves: what is included is looked up twice at each request.
            app.router.routes.extend(router.routes)
        return app

    @asynccontextmanager
    async def _lifespan(self, _: FastAPI) -> AsyncGenerator[None]:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(asyncio.to_thread, self.spans.close)
            await self.publisher.start()
            stack.push_async_callback(self.publisher.stop)
            stack.push_async_callback(_within, _STOP_S, self.follower.stop)
            await self.follower.start()
            for enter in self._resources:
                await stack.enter_async_context(enter())
            if self._consumers:
                await self.broker.start()
                stack.push_async_callback(self._stop_consumers)
            tasks = {"directory": self.follower.run} | self._tasks
            running = [asyncio.create_task(self._supervise(name, run), name=name) for name, run in tasks.items()]
            stack.push_async_callback(partial(end_tasks, running, again_s=_WINDS_UP_S))
            log.info("service_started", service=self.name)
            settle_memory()
            yield
            log.info("service_stops", service=self.name)

    async def _stop_consumers(self) -> None:
        for consumer in self._consumers:
            consumer.stop()
        await _within(self.settings.kafka.drain_s + _STOP_S, self.broker.stop)

    async def _supervise(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await run()
            except Exception as error:  # noqa: BLE001 - whatever it was, the task must go on
                log.warning("task_failed", service=self.name, task=name, error=type(error).__name__)
            await asyncio.sleep(_RESTART_S)

    def _own_routes(self) -> APIRouter:
        own = APIRouter(include_in_schema=False)

        @own.get("/livez")
        async def livez() -> JSONResponse:
            return _health_answer(await self.health.why_not_alive())

        @own.get("/readyz")
        async def readyz() -> JSONResponse:
            return _health_answer(await self.health.why_not_ready())

        @own.get("/metrics")
        async def metrics() -> Response:
            # Sets what is said of readiness, which else is as old as the last probe.
            await self.health.why_not_ready()
            return Response(generate_latest(OfService(self.name)), media_type=CONTENT_TYPE_LATEST)

        @own.get("/asyncapi")
        async def asyncapi() -> Response:
            specification = AsyncAPI(self.broker, title=f"NTB Care {self.name}", version=VERSION)
            return Response(specification.to_specification().to_json(), media_type="application/vnd.aai.asyncapi+json")

        return own

    def _describe_publishers(self) -> None:
        for topic in EVENT_TOPICS:
            if topic.writer == self.name:
                for kind, model in topic.types.items():
                    self.broker.publisher(
                        topic.full_name(self.settings.kafka.namespace), schema=model, title=f"{topic.name}: {kind}"
                    )


def _health_answer(reasons: dict[str, str]) -> JSONResponse:
    if reasons:
        return JSONResponse({"status": "not well", "reasons": reasons}, 503)
    return JSONResponse({"status": "ok"})


async def _within(limit_s: float, stop: Callable[[], Awaitable[None]]) -> None:
    """A broker that stands still must not keep the service from ending; nothing is committed by stopping."""
    try:
        async with asyncio.timeout(limit_s):
            await stop()
    except TimeoutError:
        log.warning("not_stopped_in_time", limit_s=limit_s)
