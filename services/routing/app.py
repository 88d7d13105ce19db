from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse

from services.routing.api.cases import DESK_ERRORS, create_cases_router, desk_problem
from services.routing.api.directory import Administration, create_directory_router
from services.routing.api.door import Doorkeeping, create_door_router
from services.routing.api.queues import Queues, create_queues_router
from services.routing.api.signing_in import create_person_getter
from services.routing.clustering import Clustering
from services.routing.desk import Desk
from services.routing.handlers import ComplaintHandler, DirectoryPublisher
from services.routing.pages.routes import create_pages_router
from services.routing.pages.sessions import Sessions
from services.routing.pages.showing import ASSETS, DeskPages
from services.routing.recovering.fence import check_not_behind
from services.routing.recovering.stamps import Stamps
from services.routing.rulebooks import rulebook_source
from services.routing.seeds import seed_entries, seeded_years
from services.routing.settings import Settings
from services.routing.store.cases import CaseStore
from services.routing.store.directory import DirectoryStore
from services.routing.store.migrations import MIGRATIONS
from services.routing.store.queues import QueueStore
from services.routing.store.recovery import RecoveryStore
from services.routing.succession import Succession
from services.routing.sweeper import Sweeper
from shared.desk_session import HOME
from shared.events.directory import Entry
from shared.migrations import migrate
from shared.mongo import close_database, is_passing, open_database, why_not_ready
from shared.oidc import SignIn
from shared.outages import answer_outages
from shared.outbox import OutboxRelay
from shared.pages.rendering import Pages
from shared.problems import to_response
from shared.records import Received
from shared.service import Service
from shared.waiters import Waiters


def create_app(settings: Settings | None = None) -> FastAPI:
    """Routing: opens a case for each complaint, decides who gets it, and is where agencies act."""
    settings = settings or Settings.model_validate({})
    service = Service("routing", settings)
    database = open_database(settings.mongo)
    cases, records = CaseStore(database), DirectoryStore(database)
    queue_store = QueueStore(cases.collection)
    relay = OutboxRelay("routing", cases.collection, service.publisher)
    publisher = DirectoryPublisher(records, service.directory, service.publisher)
    opened, stamps = Waiters(), Stamps(RecoveryStore(database))

    @asynccontextmanager
    async def prepared() -> AsyncGenerator[None]:
        try:
            await check_not_behind(settings.kafka, RecoveryStore(database))
            await migrate(database, MIGRATIONS)
            await relay.create_index()
            await cases.create_indexes()
            await queue_store.create_indexes()
            await records.create_indexes()
            await records.seed(_seeds(settings))
            await publisher.reconcile()
            await service.follower.catch_up()
            # From now on: what the topic said before may be newer than a store that was restored from a backup.
            service.follower.watch(publisher.note)
            yield
        finally:
            await close_database(database)

    service.resource(prepared)
    service.health.add("mongo", ready=lambda: why_not_ready(database))
    rulebook = rulebook_source(service.directory, service.follower.on_change)
    clustering = Clustering(cases, cases.families, relay, rulebook, service.directory, settings.alike)
    handler = ComplaintHandler(cases, relay, rulebook, opened)
    handler.clustering = clustering

    async def handle(batch: Sequence[Received]) -> None:
        await handler(batch)
        await stamps.renew()

    service.consume(handle, is_passing=is_passing).stamp = stamps.current
    service.background("alike", clustering.run)
    service.background("alike_sweep", clustering.sweep)
    service.background("outbox", relay.run)
    service.background("outbox_clear", relay.clear)
    service.background("outbox_sweep", relay.sweep)
    service.background("directory_publisher", publisher.run)
    service.background("succession", Succession(records, cases, relay, rulebook).run)
    service.background("clocks", Sweeper(cases, relay, rulebook).run)
    desk = Desk(cases, relay, opened, rulebook)
    desk.photo_key = settings.photo_key()
    queues = Queues(queue_store, rulebook)
    administration = Administration(records, cases, service.directory, rulebook)
    app = service.create_app(*_routers(settings, desk, queues, administration))
    install_refusals(app)
    answer_outages(app)
    return app


def _seeds(settings: Settings) -> list[Entry]:
    return seed_entries(seeded_years(datetime.now(UTC), settings.calendar_from, settings.calendar_years_ahead))


def _routers(settings: Settings, desk: Desk, queues: Queues, administration: Administration) -> list[APIRouter]:
    sign_in = SignIn(settings.oidc)
    get_person = create_person_getter(sign_in)
    pages = Pages("services.routing.pages", HOME, ASSETS)
    shown = DeskPages(
        pages,
        Sessions(settings.oidc, sign_in, secure=settings.environment == "production"),
        desk,
        queues,
        administration.directory,
        administration.rulebook,
    )
    return [
        create_queues_router(queues, get_person),
        create_cases_router(desk, get_person),
        create_directory_router(administration, get_person),
        create_door_router(Doorkeeping(administration, settings.door_key()), get_person),
        pages.assets_router(),
        create_pages_router(shown),
    ]


def install_refusals(app: FastAPI) -> None:
    """Answer what the desk refuses as problems."""
    for error in DESK_ERRORS:
        app.add_exception_handler(error, _answer_refusal)


async def _answer_refusal(_: Request, error: Exception) -> JSONResponse:
    return to_response(desk_problem(error))
