from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from fastapi import FastAPI

from services.notification.domain.deliveries import Rules
from services.notification.handlers import Handler
from services.notification.letters import Letters
from services.notification.mailer import MailServer
from services.notification.metrics import SERVICE
from services.notification.sender import REST_S, Sender
from services.notification.settings import Settings
from services.notification.store import Store
from shared.mongo import Database, close_database, is_passing, open_database, why_not_ready
from shared.outbox import OutboxRelay
from shared.records import Unknown
from shared.service import Service


def create_app(settings: Settings | None = None) -> FastAPI:
    """Notification: writes to reporters and agencies, and says what became of it."""
    settings = settings or Settings.model_validate({})
    service = Service(SERVICE, settings)
    database = open_database(settings.mongo)
    store = Store(database, settings.receipts_a_day)
    relay = OutboxRelay(SERVICE, store.deliveries.collection, service.publisher)
    letters, server, rules = Letters(service.directory, settings), MailServer(settings.smtp), rules_of(settings)
    sender = Sender(store, relay, letters, server, rules=rules, settings=settings, now=_now)
    handler = Handler(store, relay, rules, settings.address_key(), now=_now, wake=sender.wake)

    service.resource(lambda: _prepared(database, store, relay))
    service.health.add("mongo", ready=lambda: why_not_ready(database))
    service.consume(handler.handle, unknown=Unknown.SKIP, is_passing=is_passing, rest_s=REST_S)
    service.background("sender", sender.run)
    service.background("outbox", relay.run)
    service.background("outbox_clear", relay.clear)
    service.background("outbox_sweep", relay.sweep)
    return service.create_app()


def rules_of(settings: Settings) -> Rules:
    return Rules(
        old_after=settings.old_after,
        wait_at_most=settings.wait_at_most,
        give_up_after=settings.sending.give_up_after,
        first_delay=settings.sending.first_delay,
        longest_delay=settings.sending.longest_delay,
    )


@asynccontextmanager
async def _prepared(database: Database, store: Store, relay: OutboxRelay) -> AsyncGenerator[None]:
    try:
        await store.create_indexes()
        await relay.create_index()
        yield
    finally:
        await close_database(database)


def _now() -> datetime:
    return datetime.now(UTC)
