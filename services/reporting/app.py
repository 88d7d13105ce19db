from datetime import UTC, date, datetime

from fastapi import FastAPI

from services.reporting.api.cases import create_case_router, create_list_router
from services.reporting.api.dossier import Dossiers, create_dossier_router
from services.reporting.api.scorecards import create_scorecard_router
from services.reporting.api.sitting import create_sitting_router
from services.reporting.api.statistics import create_statistics_router
from services.reporting.dossier_pdf import DossierPrinter
from services.reporting.drilling import Drilling
from services.reporting.handlers import Projector
from services.reporting.reading import Reading
from services.reporting.refresher import Refresher, Rules
from services.reporting.scoring import Scoring
from services.reporting.settings import Settings
from services.reporting.shipped import shipped_definitions
from services.reporting.store import Store
from shared.mongo import is_passing
from shared.outages import answer_outages
from shared.records import Unknown
from shared.service import Service
from shared.waiters import Waiters
from shared.wita import day_of


def create_app(settings: Settings | None = None) -> FastAPI:
    """Reporting: reads all topics, publishes nothing, answers what is public and what is the reporter's."""
    settings = settings or Settings.model_validate({})
    service = Service("reporting", settings)
    names = service.directory
    store = Store(settings.mongo, settings.generation)
    waiters = Waiters()
    rules = Rules(shipped_definitions(), names)
    refresher = Refresher(store, rules)
    service.resource(store.open)
    service.health.add("mongo", ready=store.why_not_ready)
    service.background("refresher", refresher.run)
    service.background("sums", refresher.run_sums)
    projector = Projector(store, waiters, refresher)
    service.consume(projector.handle, unknown=Unknown.ENVELOPE, is_passing=is_passing, group=settings.group)
    reading = Reading(store, waiters, names, settings.tracking_keys())
    scoring = Scoring(store, names, lambda: rules.definitions)
    app = service.create_app(
        create_list_router(store, names, Drilling(store, lambda: rules.definitions)),
        create_case_router(reading),
        create_dossier_router(Dossiers(reading, names, DossierPrinter(), lambda: datetime.now(UTC))),
        create_statistics_router(store, names),
        create_scorecard_router(scoring, names, _today),
        create_sitting_router(scoring, names, _today),
    )
    answer_outages(app)
    return app


def _today() -> date:
    return day_of(datetime.now(UTC))
