"""Agencies' own systems over HTTP: register one, renew its secret, read again what it was sent."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.notification.api.calling import GetCaller
from services.notification.domain.access import Caller, may_change, may_read
from services.notification.domain.signatures import printable, secret_of
from services.notification.outgoing import why_not_allowed
from services.notification.store.webhooks import Webhook, Webhooks
from services.notification.systems import to_cloud_event
from shared.directory import Directory
from shared.events.event import AgencyId
from shared.ids import named_id
from shared.problems import Problem, field_problem
from shared.topics import CASES

_NO_STORE: Final = {"Cache-Control": "no-store"}
_MOST: Final = 10
"""Webhooks of one agency."""


class WebhookBody(BaseModel):
    """Which system to call, and with what."""

    model_config = ConfigDict(extra="forbid")

    agency: AgencyId
    url: str = Field(max_length=500)
    """https, at an address that is public."""
    types: tuple[str, ...] = Field(default=(), max_length=40)
    """Of case events, such as `case.assigned.v1`; none: all."""


class WebhookView(BaseModel):
    """One webhook as it is now."""

    id: str
    agency: str
    url: str
    types: tuple[str, ...]
    state: Literal["enabled", "failing", "disabled"]
    created_at: datetime
    failing_since: datetime | None
    disabled_at: datetime | None

    @classmethod
    def of(cls, webhook: Webhook) -> Self:
        state = "disabled" if webhook.disabled_at else "failing" if webhook.failing_since else "enabled"
        return cls(
            id=webhook.id,
            agency=webhook.agency,
            url=webhook.url,
            types=webhook.types,
            state=state,
            created_at=webhook.created_at,
            failing_since=webhook.failing_since,
            disabled_at=webhook.disabled_at,
        )


class WithSecret(WebhookView):
    """What is shown once."""

    secret: str
    """`whsec_…`: Standard Webhooks' signatures are made with it."""


class Events(BaseModel):
    """What a webhook was sent, or was to be sent, in the order of positions."""

    items: list[dict[str, Any]]
    """CloudEvents 1.0, structured."""
    next: str | None
    """Path of the page that follows; null: there is no more now."""


class Administration:
    """Which webhooks there are, and who may do what with them."""

    def __init__(self, webhooks: Webhooks, directory: Directory, master: bytes, allowed_hosts: tuple[str, ...]) -> None:
        self.webhooks = webhooks
        self._directory = directory
        self._master = master
        self._allowed_hosts = allowed_hosts

    async def add(self, body: WebhookBody, caller: Caller, key: UUID | None, at: datetime) -> Webhook:
        """Raises a Problem. With the same key the same one is given back."""
        if not may_change(caller, body.agency):
            raise _not_yours()
        self._check(body)
        known = await self.webhooks.of(body.agency)
        webhook = Webhook(
            id=named_id(body.agency, caller.name, key or at).hex[:16],
            agency=body.agency,
            url=body.url,
            types=body.types,
            created_at=at,
            created_by=caller.name,
        )
        if len(known) >= _MOST and webhook.id not in {one.id for one in known}:
            raise Problem(409, "There are too many", f"An agency has {_MOST} webhooks at most; take one away first.")
        await self.webhooks.add(webhook)
        return await self.webhooks.read(webhook.id) or webhook

    async def find(self, webhook_id: str, caller: Caller, may: Callable[[Caller, str], bool]) -> Webhook:
        """Raises a 404 Problem for what is not there and for what is none of theirs alike."""
        webhook = await self.webhooks.read(webhook_id)
        if webhook is None or not may_read(caller, webhook.agency):
            raise Problem(404, "There is no such webhook")
        if not may(caller, webhook.agency):
            raise _not_yours()
        return webhook

    def with_secret(self, webhook: Webhook) -> WithSecret:
        secret = printable(secret_of(self._master, webhook.id, webhook.version))
        return WithSecret(**WebhookView.of(webhook).model_dump(), secret=secret)

    def _check(self, body: WebhookBody) -> None:
        faults: list[tuple[str, str]] = []
        if body.agency not in self._directory.agencies:
            faults.append(("agency", "is not in the directory"))
        why = why_not_allowed(body.url, self._allowed_hosts)
        if why is not None:
            faults.append(("url", why))
        faults += [("types", f"{kind} is no case event") for kind in body.types if kind not in CASES.types]
        if faults:
            raise field_problem(*faults)


def create_webhooks_router(
    administration: Administration,
    get_caller: GetCaller,
    old_lasts: timedelta,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> APIRouter:
    """`/v1/webhooks`."""
    router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])
    webhooks = administration.webhooks
    caller = Depends(get_caller)

    @router.post("", status_code=201)
    async def add_webhook(
        body: WebhookBody,
        by: Annotated[Caller, caller],
        response: Response,
        idempotency_key: Annotated[UUID | None, Header()] = None,
    ) -> WithSecret:
        response.headers.update(_NO_STORE)
        return administration.with_secret(await administration.add(body, by, idempotency_key, now()))

    @router.get("")
    async def list_webhooks(
        agency: Annotated[AgencyId, Query()], by: Annotated[Caller, caller], response: Response
    ) -> list[WebhookView]:
        response.headers.update(_NO_STORE)
        if not may_read(by, agency):
            raise _not_yours()
        return [WebhookView.of(webhook) for webhook in await webhooks.of(agency)]

    @router.get("/{webhook_id}")
    async def read_webhook(webhook_id: str, by: Annotated[Caller, caller], response: Response) -> WebhookView:
        response.headers.update(_NO_STORE)
        return WebhookView.of(await administration.find(webhook_id, by, may_read))

    @router.delete("/{webhook_id}", status_code=204)
    async def remove_webhook(webhook_id: str, by: Annotated[Caller, caller]) -> None:
        webhook = await administration.find(webhook_id, by, may_change)
        await webhooks.remove(webhook.id)

    @router.post("/{webhook_id}/secret")
    async def renew_secret(webhook_id: str, by: Annotated[Caller, caller], response: Response) -> WithSecret:
        """The old one signs too for a while, so that nothing is refused until the new one is known."""
        response.headers.update(_NO_STORE)
        webhook = await administration.find(webhook_id, by, may_change)
        renewed = await webhooks.change(webhook, version=webhook.version + 1, old_until=now() + old_lasts)
        return administration.with_secret(renewed)

    @router.post("/{webhook_id}/enable")
    async def enable_webhook(webhook_id: str, by: Annotated[Caller, caller], response: Response) -> WebhookView:
        """What came while it was disabled is read with `/events`; it is not sent again."""
        response.headers.update(_NO_STORE)
        webhook = await administration.find(webhook_id, by, may_change)
        return WebhookView.of(await webhooks.change(webhook, disabled_at=None, failing_since=None))

    @router.get("/{webhook_id}/events")
    async def read_events(
        webhook_id: str,
        by: Annotated[Caller, caller],
        response: Response,
        after: Annotated[int, Query(ge=0)] = 0,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> Events:
        response.headers.update(_NO_STORE)
        webhook = await administration.find(webhook_id, by, may_read)
        found = await webhooks.events_after(f"webhook:{webhook.id}", after, limit)
        last = found[-1].position if len(found) == limit else None
        following = f"/v1/webhooks/{webhook.id}/events?after={last}&limit={limit}" if last is not None else None
        return Events(items=[to_cloud_event(one) for one in found], next=following)

    return router


def _not_yours() -> Problem:
    return Problem(403, "That is not yours to do", "It takes the agency's head, or a coordinator.")
