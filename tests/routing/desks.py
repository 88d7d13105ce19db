"""A desk to send requests to, and the people who do."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Final

import httpx2
from pydantic import SecretStr

from services.routing.api.cases import create_cases_router
from services.routing.api.queues import Queues, create_queues_router
from services.routing.api.signing_in import create_person_getter
from services.routing.app import install_refusals
from services.routing.desk import Desk
from services.routing.store.cases import CaseStore
from services.routing.store.queues import QueueStore
from shared.oidc import OidcSettings, SignIn, issue_locally
from shared.outbox import OutboxRelay
from shared.problems import ProblemApp
from shared.tasks import end_tasks
from shared.waiters import Waiters
from tests.routing.examples import AT, TICKET, the_rulebook

SECRET: Final = "dev-a-secret-of-tests-that-is-long-enough"
CASE: Final = f"/v1/desk/cases/{TICKET}"


def on_the_day() -> datetime:
    """An hour after the complaints of the examples, whatever day it is: nothing is late yet."""
    return AT + timedelta(hours=1)


def signed_in(
    role: str, agency: str | None = None, *, subject: str = "ani", regions: tuple[str, ...] = ()
) -> dict[str, str]:
    token = issue_locally(SECRET, subject=subject, roles=[role], agency=agency, regions=regions, lasts_s=3_600)
    return {"Authorization": f"Bearer {token}"}


OFFICER: Final = signed_in("officer", "PUPR-52.03")
HEAD: Final = signed_in("agency_head", "PUPR-52.03", subject="citra")
COORDINATOR: Final = signed_in("coordinator", "BIRO-ORGANISASI", subject="budi")


@asynccontextmanager
async def a_desk(
    store: CaseStore,
    relay: OutboxRelay,
    opened: Waiters | None = None,
    now: Callable[[], datetime] = on_the_day,
) -> AsyncGenerator[httpx2.AsyncClient]:
    app = ProblemApp()
    install_refusals(app)
    get_person = create_person_getter(SignIn(OidcSettings(development_secret=SecretStr(SECRET))))
    app.include_router(create_queues_router(Queues(QueueStore(store.collection), the_rulebook, now=now), get_person))
    desk = Desk(store, relay, opened or Waiters(), the_rulebook, now=now)
    app.include_router(create_cases_router(desk, get_person))
    running = asyncio.create_task(relay.run())
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://desk") as client:
        yield client
    assert not running.done() or running.exception() is None, running.exception()
    await end_tasks([running], again_s=1)


async def revision_of(desk: httpx2.AsyncClient, headers: dict[str, str] = COORDINATOR) -> dict[str, str]:
    """The header that says: as it is now."""
    return {"If-Match": (await desk.get(CASE, headers=headers)).headers["etag"]}


async def press(
    desk: httpx2.AsyncClient, action: str, body: dict[str, Any] | None = None, headers: dict[str, str] = OFFICER
) -> httpx2.Response:
    """Do it with the case as it is now."""
    seen = await revision_of(desk)
    return await desk.post(f"{CASE}/{action}", json=body, headers=seen | headers)
