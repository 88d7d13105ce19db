from datetime import UTC, date, datetime
from typing import Final

from fastapi import APIRouter, FastAPI
from starlette.middleware.gzip import GZipMiddleware

from services.reporting.api.cases import create_case_router, create_list_router
from services.reporting.api.dossier import Dossiers, create_dossier_router
from services.reporting.api.exports import create_export_router
from services.reporting.api.languages import Languages
from services.reporting.api.near import create_near_router
from services.reporting.api.open311 import Open311, create_open311_router
from services.reporting.api.own_data import OwnDataReader, create_own_data_router
from services.reporting.api.scorecards import create_scorecard_router
from services.reporting.api.sitting import create_sitting_router
from services.reporting.api.statistics import create_statistics_router
from services.reporting.drilling import Drilling
from services.reporting.exporting import Exporting
from services.reporting.finding import Finding
from services.reporting.following import Following, OneGeneration
from services.reporting.lateness import tell_late
from services.reporting.pages.live import Live
from services.reporting.pages.routes import answer_unknown_paths, create_data_page_router, create_public_router
from services.reporting.pages.site import Site
from services.reporting.pages.today import read_live
from services.reporting.pages.tracking import Tracking, create_tracking_router
from services.reporting.printing import Printer
from services.reporting.reading import Reading
from services.reporting.scoring import Scoring
from services.reporting.settings import Settings
from services.reporting.shipped import shipped_catalogue, shipped_holdings
from services.reporting.store import Store
from shared.conditional import Conditional
from shared.open311 import Open311Faults
from shared.outages import answer_outages
from shared.pages.rendering import Pages
from shared.reporter_session import ReporterSessions
from shared.service import Service
from shared.waiters import Waiters
from shared.wita import day_of

SMALLEST_PACKED: Final = 1_000
"""Bytes."""
PACKED_AS_MUCH: Final = 5
"""Beyond this it takes longer without getting smaller."""


def create_app(settings: Settings | None = None) -> FastAPI:
    """Reporting: reads all topics, publishes nothing, answers what is public and what is the reporter's."""
    settings = settings or Settings.model_validate({})
    service = Service("reporting", settings)
    names = service.directory
    store = Store(settings.mongo)
    waiters = Waiters()
    following = Following(service, store, waiters)
    service.resource(store.open)
    service.resource(following.open)
    service.background("generations", following.run)
    service.background("late", lambda: tell_late(store))
    service.health.add("mongo", ready=store.why_not_ready)
    service.health.add("consumer", ready=following.why_not_ready, alive=following.why_not_alive)
    reading = Reading(store, waiters, names, settings.tracking_keys())
    reading.photo_key = settings.photo_key()
    scoring = Scoring(store, names, lambda: store.definitions)
    drilling, printer = Drilling(store, lambda: store.definitions), Printer()
    live = Live(lambda: read_live(store, _today()))
    service.resource(live.running)
    finding = Finding(store, names, _now)
    site = Site(Pages("services.reporting.pages", ""), store, names, reading, scoring, drilling, printer, live, finding)
    exporting = Exporting(store, names, shipped_catalogue())
    service.resource(exporting.open)
    app = service.create_app(
        create_list_router(store, names, drilling),
        create_near_router(finding, names),
        create_case_router(reading),
        create_statistics_router(store, names),
        create_scorecard_router(scoring, names, _today),
        create_sitting_router(scoring, names, _today),
        create_export_router(exporting, names),
        create_open311_router(Open311(settings.open311, store, names, reading)),
        site.pages.assets_router(),
        create_public_router(site),
        create_data_page_router(site, exporting),
        *_for_reporters(settings, site),
    )
    answer_outages(app)
    app.add_middleware(OneGeneration, store=store)
    app.add_middleware(Languages)
    app.add_middleware(Open311Faults)
    answer_unknown_paths(app, site)
    # Streams of events go through as they are.
    app.add_middleware(GZipMiddleware, minimum_size=SMALLEST_PACKED, compresslevel=PACKED_AS_MUCH)
    app.add_middleware(Conditional)
    return app


def _for_reporters(settings: Settings, site: Site) -> list[APIRouter]:
    """What takes a tracking code, or the session that it began."""
    dossiers = Dossiers(site.reading, site.names, site.printer, _now)
    own_data = OwnDataReader(site.reading, site.names, shipped_holdings(), _now)
    sessions = ReporterSessions(settings.tracking_keys(), secure=settings.environment == "production")
    return [
        create_dossier_router(dossiers),
        create_own_data_router(own_data),
        create_tracking_router(Tracking(site, sessions, own_data, dossiers)),
    ]


def _now() -> datetime:
    return datetime.now(UTC)


def _today() -> date:
    return day_of(_now())
