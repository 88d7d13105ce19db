import asyncio
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from fastapi import APIRouter, FastAPI

from services.notification.api.calling import create_caller_getter
from services.notification.api.links import HOME
from services.notification.api.lost_tickets import create_lost_tickets_router
from services.notification.api.notices import create_notices_router
from services.notification.api.previews import create_previews_router
from services.notification.api.receipts import create_receipts_router
from services.notification.api.subscriptions import create_subscriptions_router
from services.notification.api.webhooks import Administration, create_webhooks_router
from services.notification.arriving import Arriving
from services.notification.askers import Askers
from services.notification.budget import Budget
from services.notification.domain.following import Subscription
from services.notification.domain.judging import Retry, Rules
from services.notification.domain.links import Links
from services.notification.domain.timing import Timing
from services.notification.following import Following
from services.notification.handlers import Handler
from services.notification.lost_tickets import LostTickets
from services.notification.metrics import SERVICE
from services.notification.previews import Previews
from services.notification.queueing import Queueing
from services.notification.sender import REST_S, Sender
from services.notification.settings import OutletSettings, Settings
from services.notification.sources import Sources
from services.notification.store import Store
from services.notification.store.migrations import MIGRATIONS
from services.notification.telling import confirmation_of
from services.notification.tools import Way
from services.notification.ways import ways_of
from shared.events.notices import Channel
from shared.migrations import migrate
from shared.mongo import Database, close_database, is_passing, open_database, why_not_ready
from shared.oidc import SignIn
from shared.outages import answer_outages
from shared.outbox import OutboxRelay
from shared.pages.rendering import Pages
from shared.records import Unknown
from shared.service import Service


def create_app(settings: Settings | None = None) -> FastAPI:
    """Notification: tells reporters, agencies and whoever follows, and says what became of it."""
    settings = settings or Settings.model_validate({})
    service = Service(SERVICE, settings)
    database = open_database(settings.mongo)
    store = Store(database, settings.receipts_a_day)
    relay = OutboxRelay(SERVICE, store.deliveries.collection, service.publisher)
    senders: list[Sender] = []

    def wake(channels: Collection[str]) -> None:
        for sender in senders:
            if sender.way.channel in channels:
                sender.wake()

    queueing = Queueing(store, relay, Sources(store, service.directory), rules_of(settings), _now, wake)
    ways = ways_of(settings, queueing, service.directory, _now)
    for way in ways:
        senders.append(Sender(way, queueing, settings.sending, _now, service.spans))
        service.background(f"sender_{way.channel}", senders[-1].run)

    service.resource(lambda: _prepared(database, store, relay))
    service.resource(lambda: _closing(ways))
    service.health.add("mongo", ready=lambda: why_not_ready(database))
    handler = Handler(queueing, _now)
    service.consume(handler.handle, unknown=Unknown.SKIP, is_passing=is_passing, rest_s=REST_S)
    service.background("waiting", queueing.run)
    service.background("outbox", relay.run)
    service.background("outbox_clear", relay.clear)
    service.background("outbox_sweep", relay.sweep)
    app = service.create_app(*_routers(settings, service, queueing))
    answer_outages(app)
    return app


def rules_of(settings: Settings) -> Rules:
    """What decisions take from the settings."""
    timing = settings.timing
    return Rules(
        old_after=settings.old_after,
        silent_before=settings.silent_before,
        wait_at_most=settings.wait_at_most,
        retries={channel: _retry_of(settings.limits(channel)) for channel in Channel},
        address_secret=settings.address_key(),
        enabled=settings.channels(),
        timing=Timing(timing.quiet_from, timing.quiet_until, timing.digests, timing.most_an_hour),
    )


def _retry_of(limits: OutletSettings) -> Retry:
    return Retry(limits.first_delay, limits.longest_delay, limits.give_up_after)


def _routers(settings: Settings, service: Service, queueing: Queueing) -> list[APIRouter]:
    store, directory = queueing.store, service.directory
    get_caller = create_caller_getter(SignIn(settings.oidc), directory)
    administration = Administration(store.webhooks, directory, settings.hook_key(), settings.allowed_hosts)
    arriving = Arriving(queueing, _now)
    budget = Budget(settings.texts_asked_an_hour)
    pages = Pages("services.notification.pages", HOME)
    askers = Askers(settings.lost_tickets_asked_an_hour, settings.trusted_hops)
    return [
        create_notices_router(queueing, get_caller, _now),
        create_subscriptions_router(_following(settings, service, queueing, budget)),
        create_lost_tickets_router(_lost_tickets(settings, queueing, budget), directory, pages, askers),
        create_webhooks_router(administration, get_caller, settings.hooks.old_secret_lasts),
        create_receipts_router(settings, arriving.take, arriving.heed),
        create_previews_router(Previews(settings)),
    ]


def _following(settings: Settings, service: Service, queueing: Queueing, budget: Budget) -> Following:
    store = queueing.store

    async def tell(subscription: Subscription, _link: str, _code: str | None) -> None:
        await queueing.add_asked([confirmation_of(subscription)])

    return Following(
        subscriptions=store.subscriptions,
        public=store.public,
        directory=service.directory,
        links=Links(settings.link_key(), settings.public_url),
        address_secret=settings.address_key(),
        enabled=settings.channels(),
        case_url=settings.public_url.rstrip("/") + settings.follower_path,
        tell=tell,
        addresses=store.addresses,
        confirm_address=store.confirm,
        budget=budget,
        now=_now,
    )


def _lost_tickets(settings: Settings, queueing: Queueing, budget: Budget) -> LostTickets:
    store = queueing.store
    return LostTickets(
        contacts=store.contacts,
        asked=store.lost_tickets,
        links=Links(settings.link_key(), settings.public_url),
        address_secret=settings.address_key(),
        tracking_keys=settings.tracking_keys(),
        enabled=settings.channels(),
        add=queueing.add_asked,
        budget=budget,
        now=_now,
    )


@asynccontextmanager
async def _prepared(database: Database, store: Store, relay: OutboxRelay) -> AsyncGenerator[None]:
    try:
        await migrate(database, MIGRATIONS)
        await store.create_indexes()
        await relay.create_index()
        yield
    finally:
        await close_database(database)


@asynccontextmanager
async def _closing(ways: Sequence[Way]) -> AsyncGenerator[None]:
    """Senders that broke are begun again; what they go out by stays open as long as the service."""
    try:
        yield
    finally:
        await asyncio.gather(*(way.outlet.close() for way in ways))


def _now() -> datetime:
    return datetime.now(UTC)
