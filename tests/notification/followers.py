"""What tests of following start from: the service behind the router, and somebody who asks over HTTP."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import httpx2

from services.notification.api.subscriptions import create_subscriptions_router
from services.notification.domain.following import PublicEvent, PublicEventType, Subscription
from services.notification.domain.links import Links
from services.notification.following import Following
from services.notification.store.public import PublicEvents
from services.notification.store.subscriptions import Subscriptions
from shared.events.case import Status
from shared.events.notices import Channel
from shared.ids import named_id
from shared.problems import ProblemApp
from tests.notification.examples import AGENCY, AT, TICKET, a_directory

SUBSCRIPTIONS: Final = "/v1/subscriptions"
LINKS: Final = Links(b"secret-of-links", "https://care.example")
HTML: Final = {"Accept": "text/html", "Accept-Language": "id-ID"}


@dataclass
class Told:
    """What the service was asked to do elsewhere."""

    asked: list[tuple[Subscription, str, str | None]] = field(default_factory=list[Any])
    confirmed: list[str] = field(default_factory=list[str])
    stopped: list[tuple[str, str]] = field(default_factory=list[Any])
    """As addresses keep it."""

    async def ask(self, subscription: Subscription, link: str, code: str | None) -> None:
        self.asked.append((subscription, link, code))

    async def confirm(self, address_id: str, _at: datetime) -> bool:
        self.confirmed.append(address_id)
        return True

    async def stop(self, address_id: str, kind: str) -> None:
        self.stopped.append((address_id, kind))

    async def start(self, address_id: str, kind: str | None = None) -> bool:
        self.stopped = [one for one in self.stopped if one[0] != address_id or kind not in {None, one[1]}]
        return (address_id, "*") not in self.stopped

    async def has_stopped(self, address_id: str, kind: str) -> bool:
        return (address_id, kind) in self.stopped

    @property
    def link(self) -> str:
        """The path of the last link."""
        return self.asked[-1][1].removeprefix("https://care.example")

    @property
    def code(self) -> str:
        return self.asked[-1][2] or ""


class Clock:
    """Stands still until it is told."""

    def __init__(self) -> None:
        self.at = AT

    def __call__(self) -> datetime:
        return self.at

    def passes(self, time: timedelta) -> None:
        self.at += time


def a_following(
    subscriptions: Subscriptions, public: PublicEvents, told: Told, clock: Clock, **fields: Any
) -> Following:
    known: dict[str, Any] = {
        "subscriptions": subscriptions,
        "public": public,
        "directory": a_directory(),
        "links": LINKS,
        "address_secret": b"secret-of-addresses",
        "enabled": frozenset({Channel.EMAIL, Channel.SMS, Channel.WHATSAPP}),
        "case_url": "https://care.example/lacak/{ticket}",
        "tell": told.ask,
        "addresses": told,
        "confirm_address": told.confirm,
        "now": clock,
    }
    return Following(**known | fields)


@asynccontextmanager
async def a_reader(following: Following) -> AsyncGenerator[httpx2.AsyncClient]:
    app = ProblemApp()
    # As a service does it.
    app.router.routes.extend(create_subscriptions_router(following).routes)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="https://care.example") as client:
        yield client


def a_wish(channel: str = "email", address: str = "siti@mail.example", **follow: str) -> dict[str, Any]:
    return {"channel": channel, "address": address, "follow": follow or {"case": TICKET}}


def a_key(number: int) -> dict[str, str]:
    return {"Idempotency-Key": str(UUID(int=number, version=4))}


def a_public_event(number: int = 1, ticket: str = TICKET, **fields: Any) -> PublicEvent:
    known: dict[str, Any] = {
        "id": named_id("public", ticket, number),
        "ticket": ticket,
        "at": AT + timedelta(hours=number),
        "type": PublicEventType.ASSIGNED,
        "status": Status.ASSIGNED,
        "category": "road.damage",
        "region": "52.03.07",
        "agency": AGENCY,
        "sequence": number,
    }
    told = known | fields
    targets = {f"case:{ticket}", "region:52", "region:52.03", "region:52.03.07"}
    targets |= {f"category:{told['category']}", f"agency:{told['agency']}"}
    known["targets"] = frozenset(targets)
    return PublicEvent(**known | fields)
