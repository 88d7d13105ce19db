"""What tests of webhooks start from: who asks for them over HTTP, and a replica that calls agencies' own systems."""

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import httpx2
from pydantic import SecretStr

from services.notification.administration import Administration
from services.notification.api.calling import create_caller_getter
from services.notification.api.webhooks import create_webhooks_router
from services.notification.domain.attempts import Answer, Taken
from services.notification.domain.signatures import key_of
from services.notification.outlets import Call, Outlet
from services.notification.sender import Sender
from services.notification.store.webhooks import Webhooks
from services.notification.systems import WatchedCalls
from services.notification.ways import ways_of
from shared.access import make_token
from shared.directory import Directory
from shared.events.case import Status
from shared.events.cases import CaseProgressed
from shared.events.directory import Client, ClientRole
from shared.events.envelope import CaseEnvelope
from shared.events.notices import Channel
from shared.mongo import Database
from shared.oidc import OidcSettings, SignIn, issue_locally
from shared.problems import ProblemApp
from tests.notification.examples import AGENCY, AT, TICKET, a_directory, a_submission, envelope, settings
from tests.notification.replica import Clock, Ear, Replica, a_replica
from tests.shared.fakes import FakePublisher
from tests.waiting import until

WEBHOOKS: Final = "/v1/webhooks"
URL: Final = "https://sistem.pupr-lotim.example/ntb"
OTHER: Final = "DISHUB-52.03"
MASTER: Final = "of-the-service"
OLD_LASTS: Final = timedelta(hours=24)
_DESK: Final = "dev-a-secret-of-tests-that-is-long-enough"


def with_clients() -> tuple[Directory, dict[str, str]]:
    """Two agencies, with a token of each one's system, of nobody's, and one that was revoked."""
    directory = a_directory()
    directory.agencies[OTHER] = directory.agencies[AGENCY].model_copy(update={"id": OTHER})
    tokens: dict[str, str] = {}
    for name, agency in (("ours", AGENCY), ("theirs", OTHER), ("nobodys", None), ("revoked", AGENCY)):
        tokens[name], digest = make_token(name)
        directory.clients[name] = Client(
            id=name,
            name=name,
            role=ClientRole.INTEGRATOR,
            agency=agency,
            token_digest=digest,
            issued_at=AT,
            revoked_at=AT if name == "revoked" else None,
        )
    return directory, tokens


def signed_in(role: str, agency: str | None = None, subject: str = "citra") -> dict[str, str]:
    token = issue_locally(_DESK, subject=subject, roles=[role], agency=agency, regions=(), lasts_s=3_600)
    return {"Authorization": f"Bearer {token}"}


@asynccontextmanager
async def an_office(
    database: Database,
    clock: Callable[[], datetime],
    *,
    headers: dict[str, str] | None = None,
    directory: Directory | None = None,
    master: str = MASTER,
    allowed: tuple[str, ...] = (),
) -> AsyncGenerator[httpx2.AsyncClient]:
    """Asks as the agency's head, where nothing else is said."""
    known = with_clients()[0] if directory is None else directory
    get_caller = create_caller_getter(SignIn(OidcSettings(development_secret=SecretStr(_DESK))), known)
    administration = Administration(Webhooks(database), known, master.encode(), allowed)
    app = ProblemApp()
    app.include_router(create_webhooks_router(administration, get_caller, OLD_LASTS, clock))
    said = signed_in("agency_head", AGENCY) if headers is None else headers
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="https://care.example", headers=said) as client:
        yield client


async def register(office: httpx2.AsyncClient, **fields: Any) -> dict[str, Any]:
    """Returns what the answer says, the secret too."""
    answer = await office.post(WEBHOOKS, json={"agency": AGENCY, "url": URL} | fields)
    assert answer.status_code == 201, answer.text
    return answer.json()


@asynccontextmanager
async def a_calling_replica(
    database: Database,
    publisher: FakePublisher,
    clock: Clock,
    *,
    ear: Outlet | None = None,
    port: int = 1,
    allowed: tuple[str, ...] = (),
) -> AsyncGenerator[Replica]:
    """Calls for real, or takes calls to an ear; who fails is watched as the service does it."""
    fields: dict[str, Any] = {"hooks": {"secret": MASTER, "timeout_s": 2}, "allowed_hosts": allowed}
    chosen = settings(**fields)
    async with a_replica(database, publisher, clock, port=port, **fields) as replica:
        ways = ways_of(chosen, replica.queueing, a_directory(), clock)
        (way,) = (way for way in ways if way.channel is Channel.WEBHOOK)
        assert isinstance(way.outlet, WatchedCalls)
        if ear is not None:
            way = replace(way, outlet=replace(way.outlet, outlet=ear))
        replica.senders.append(Sender(way, replica.queueing, chosen.sending, clock))
        yield replica


@dataclass
class Receiver(Ear):
    """An agency's system that always says the same, until it says something else."""

    channel: Channel = Channel.WEBHOOK
    says: Answer = field(default_factory=lambda: Taken(arrived=True))
    answered: list[tuple[Call, Answer]] = field(default_factory=list[tuple[Call, Answer]])

    async def send(self, message: Any) -> Answer:
        self.answered.append((message, self.answers.popleft() if self.answers else self.says))
        return self.answered[-1][1]

    @property
    def asked(self) -> list[Call]:
        return [call for call, _ in self.answered]

    @property
    def told(self) -> list[tuple[int, str]]:
        """Position and subject of each call, whatever was answered."""
        bodies = [json.loads(call.body) for call in self.asked]
        return [(body["position"], body["subject"]) for body in bodies]

    @property
    def positions(self) -> list[int]:
        return [position for position, _ in self.told]


def a_progress(number: int, ticket: str = TICKET, *, after: timedelta | None = None, **case: Any) -> CaseProgressed:
    """The event with that number of its case: later than those before it."""
    at = AT + (timedelta(seconds=number) if after is None else after)
    said = {"has_contact": False} | case
    progress = CaseProgressed(**envelope(number, Status.IN_PROGRESS, ticket, **said))
    return progress.model_copy(update={"occurred_at": at})


async def hear(replica: Replica, *events: CaseEnvelope) -> None:
    """With the submissions that say whom each is about: nobody."""
    await replica.hear(*map(a_submission, sorted({event.ticket for event in events})), *events)


async def later(replica: Replica, by: timedelta) -> None:
    """So much time passes, and all that is due then is done."""
    replica.clock.forward(by)
    replica.wake()
    await until(replica.is_idle)


async def events_of(office: httpx2.AsyncClient, webhook: str, query: str = "limit=200") -> list[dict[str, Any]]:
    return (await office.get(f"{WEBHOOKS}/{webhook}/events?{query}")).json()["items"]


def key(number: int) -> dict[str, str]:
    return {"Idempotency-Key": str(UUID(int=number, version=4))}


def secrets_of(*shown: dict[str, Any]) -> tuple[bytes, ...]:
    """The keys of what was shown."""
    return tuple(key_of(one["secret"]) for one in shown)
