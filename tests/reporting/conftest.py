from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import date
from typing import Any, Final, assert_never

import httpx2
import pytest
from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware

from services.reporting.api.cases import create_case_router, create_list_router
from services.reporting.api.dossier import Dossiers, create_dossier_router
from services.reporting.api.exports import create_export_router
from services.reporting.api.languages import Languages
from services.reporting.api.near import create_near_router
from services.reporting.api.own_data import OwnDataReader, create_own_data_router
from services.reporting.api.scorecards import create_scorecard_router
from services.reporting.api.sitting import create_sitting_router
from services.reporting.api.statistics import create_statistics_router
from services.reporting.domain.projection import Erased, Told
from services.reporting.drilling import Drilling
from services.reporting.exporting import Exporting
from services.reporting.finding import Finding
from services.reporting.handlers import Projector
from services.reporting.pages.live import Live
from services.reporting.pages.routes import answer_unknown_paths, create_data_page_router, create_public_router
from services.reporting.pages.site import Site
from services.reporting.pages.today import read_live
from services.reporting.pages.tracking import Tracking, create_tracking_router
from services.reporting.printing import Printer
from services.reporting.reading import Reading
from services.reporting.refresher import Refresher, Rules
from services.reporting.scoring import Scoring
from services.reporting.shipped import shipped_catalogue, shipped_definitions, shipped_holdings
from services.reporting.store import Store
from shared.conditional import Conditional
from shared.directory import Directory
from shared.events.complaints import Afterwards, ComplaintErased, ComplaintSubmitted
from shared.events.envelope import CaseEnvelope
from shared.events.notices import NoticeDelivered, NoticeFailed, NoticeSent, NoticeSuppressed
from shared.events.personal import PersonalRecorded
from shared.events.words import WordsRecorded
from shared.mongo import MongoSettings
from shared.outages import answer_outages
from shared.photos import PhotoKey
from shared.problems import ProblemApp, install_problems
from shared.records import Received
from shared.reporter_session import ReporterSessions
from shared.topics import CASES, COMPLAINTS, NOTICES, PERSONAL, WORDS
from shared.waiters import Found, Waiters
from tests.reporting.escalated import NOW
from tests.reporting.samples import TRACKING_KEYS, a_directory
from tests.reporting.speaking import PAGES
from tests.shared.received import erased, received

PHOTO_KEY: Final = PhotoKey(b"secret-of-tests", lambda: NOW)
SESSIONS: Final = ReporterSessions(TRACKING_KEYS, secure=False)
RULES: Final = Rules(shipped_definitions(), a_directory())


class WatchedWaiters(Waiters):
    """Tells which tickets are waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[str] = []

    async def until(self, ticket: str, look: Callable[[], Awaitable[Found | None]], limit_s: float) -> Found | None:
        self.waiting.append(ticket)
        try:
            return await super().until(ticket, look, limit_s)
        finally:
            self.waiting.remove(ticket)


class Projecting:
    """Hands records over as the consumer does, and waits until everything is counted."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.waiters = WatchedWaiters()
        self._refresher = Refresher(store, RULES)
        self._projector = Projector(store, self.waiters, self._refresher)

    async def take(self, *records: Told | Erased) -> None:
        await self._projector.handle([as_received(record) for record in records])
        await self._refresher.refresh_touched()
        await self._refresher.add_up()


def as_received(record: Told | Erased) -> Received:
    match record:
        case Erased():
            return erased(PERSONAL if record.topic == "personal" else WORDS, record.key)
        case ComplaintSubmitted() | ComplaintErased() | Afterwards():
            return received(COMPLAINTS, record)
        case PersonalRecorded():
            return received(PERSONAL, record)
        case WordsRecorded():
            return received(WORDS, record)
        case CaseEnvelope():
            return received(CASES, record)
        case NoticeSent() | NoticeDelivered() | NoticeFailed() | NoticeSuppressed():
            return received(NOTICES, record)
        case _:
            assert_never(record)


@pytest.fixture
async def store(mongo: MongoSettings) -> AsyncGenerator[Store]:
    async with Store(mongo).open() as opened:
        yield opened


@pytest.fixture
def projecting(store: Store) -> Projecting:
    return Projecting(store)


@pytest.fixture
async def client(projecting: Projecting) -> AsyncGenerator[httpx2.AsyncClient]:
    """The HTTP side on the real store. It is 10 April 2026."""
    store, names = projecting.store, a_directory()
    reading = Reading(store, projecting.waiters, names, TRACKING_KEYS)
    reading.photo_key = PHOTO_KEY
    scoring = Scoring(store, names, lambda: RULES.definitions)
    app = FastAPI()
    install_problems(app)
    answer_outages(app)
    app.include_router(create_list_router(store, names, Drilling(store, lambda: RULES.definitions)))
    app.include_router(create_near_router(Finding(store, names, lambda: NOW), names))
    app.include_router(create_case_router(reading))
    app.include_router(create_dossier_router(Dossiers(reading, names, Printer(), lambda: NOW)))
    app.include_router(create_own_data_router(OwnDataReader(reading, names, shipped_holdings(), lambda: NOW)))
    app.include_router(create_statistics_router(store, names))
    app.include_router(create_scorecard_router(scoring, names, lambda: date(2026, 4, 10)))
    app.include_router(create_sitting_router(scoring, names, lambda: date(2026, 4, 10)))
    app.include_router(create_export_router(Exporting(store, names, shipped_catalogue()), names))
    app.add_middleware(Languages)
    app.add_middleware(Conditional)
    transport: Any = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://reporting") as opened:
        yield opened


@pytest.fixture
def names() -> Directory:
    """As the public pages know it."""
    return a_directory()


@pytest.fixture
async def public(projecting: Projecting, names: Directory) -> AsyncGenerator[httpx2.AsyncClient]:
    """A browser without scripts at the public pages on the real store. It is 10 April 2026."""
    store = projecting.store
    reading = Reading(store, projecting.waiters, names, TRACKING_KEYS)
    reading.photo_key = PHOTO_KEY
    scoring, drilling = Scoring(store, names, lambda: RULES.definitions), Drilling(store, lambda: RULES.definitions)
    live = Live(lambda: read_live(store, date(2026, 4, 10)), most=2)
    site = Site(
        PAGES,
        store,
        names,
        reading,
        scoring,
        drilling,
        Printer(),
        live,
        Finding(store, names, lambda: NOW),
        lambda: NOW,
    )
    own_data = OwnDataReader(reading, names, shipped_holdings(), lambda: NOW)
    dossiers = Dossiers(reading, names, site.printer, lambda: NOW)
    app = ProblemApp()
    app.include_router(PAGES.assets_router())
    app.include_router(create_public_router(site))
    app.include_router(create_data_page_router(site, Exporting(store, names, shipped_catalogue())))
    app.include_router(create_tracking_router(Tracking(site, SESSIONS, own_data, dossiers)))
    answer_outages(app)
    answer_unknown_paths(app, site)
    app.add_middleware(GZipMiddleware, minimum_size=1_000)
    transport: Any = httpx2.ASGITransport(app=app)
    headers = {"Accept": "text/html", "Accept-Language": "id-ID"}
    async with httpx2.AsyncClient(transport=transport, base_url="http://reporting", headers=headers) as opened:
        yield opened
