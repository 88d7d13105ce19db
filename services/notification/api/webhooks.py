"""Agencies' own systems over HTTP: register one, change it, renew its secret, read again what it was sent."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.notification.administration import Administration, Wish
from services.notification.api.calling import GetCaller
from services.notification.domain.access import Caller, may_replay
from services.notification.domain.deliveries import Delivery
from services.notification.store.webhooks import Webhook
from services.notification.systems import to_cloud_events
from shared.bodies import describe_refusals
from shared.events.event import AgencyId

_REFUSED: Final = (400, 401, 403, 404, 409, 413, 422, 503)
_LAST_POSITION: Final = 2**63 - 1

Url = Annotated[str, Field(min_length=1, max_length=500)]
"""https, at an address that is public."""
Types = Annotated[tuple[Annotated[str, Field(max_length=60)], ...], Field(max_length=40)]
"""Of case events, such as `case.assigned.v1`; none: all."""


class WebhookBody(BaseModel):
    """Which system to call, and with what."""

    model_config = ConfigDict(extra="forbid")

    agency: AgencyId
    url: Url
    types: Types = ()

    def to_wish(self) -> Wish:
        return Wish(self.agency, self.url, self.types)


class ChangeBody(BaseModel):
    """What is to be another; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    url: Url | None = None
    types: Types | None = None


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
    old_secret_until: datetime | None
    """So long calls are signed with the secret before this one too."""

    @classmethod
    def of(cls, webhook: Webhook, at: datetime, **more: Any) -> Self:
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
            old_secret_until=max((old.until for old in webhook.old_at(at)), default=None),
            **more,
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

    @classmethod
    def of(cls, webhook: Webhook, found: Sequence[Delivery], limit: int) -> Self:
        full = len(found) == limit
        path = f"/v1/webhooks/{webhook.id}/events?after={found[-1].position}&limit={limit}" if full else None
        return cls(items=to_cloud_events(found), next=path)


def create_webhooks_router(
    administration: Administration,
    get_caller: GetCaller,
    old_lasts: timedelta,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> APIRouter:
    """`/v1/webhooks`."""
    router = APIRouter(
        prefix="/v1/webhooks",
        tags=["webhooks"],
        dependencies=[Depends(_keep_out_of_caches)],
        responses=describe_refusals(*_REFUSED),
    )
    caller = Depends(get_caller)

    def with_secret(webhook: Webhook) -> WithSecret:
        return WithSecret.of(webhook, now(), secret=administration.secret_of(webhook))

    @router.post("", status_code=201)
    async def add_webhook(
        body: WebhookBody, by: Annotated[Caller, caller], idempotency_key: Annotated[UUID | None, Header()] = None
    ) -> WithSecret:
        """Have the agency's system called with the events of its cases. The secret is shown now, and never again."""
        return with_secret(await administration.add(body.to_wish(), by, idempotency_key, now()))

    @router.get("")
    async def list_webhooks(agency: Annotated[AgencyId, Query()], by: Annotated[Caller, caller]) -> list[WebhookView]:
        """Of one agency, the oldest first."""
        return [WebhookView.of(webhook, now()) for webhook in await administration.of(agency, by)]

    @router.get("/{webhook_id}")
    async def read_webhook(webhook_id: str, by: Annotated[Caller, caller]) -> WebhookView:
        return WebhookView.of(await administration.find(webhook_id, by), now())

    @router.patch("/{webhook_id}")
    async def change_webhook(webhook_id: str, body: ChangeBody, by: Annotated[Caller, caller]) -> WebhookView:
        """The system moved, or wants other events from now on. Positions and the secret stay."""
        return WebhookView.of(await administration.change(webhook_id, by, body.url, body.types), now())

    @router.delete("/{webhook_id}", status_code=204)
    async def remove_webhook(webhook_id: str, by: Annotated[Caller, caller]) -> None:
        """What waits for it is not sent, and what it was sent cannot be read again."""
        await administration.remove(webhook_id, by)

    @router.post("/{webhook_id}/secret")
    async def renew_secret(webhook_id: str, by: Annotated[Caller, caller]) -> WithSecret:
        """The old one signs too for a while, so that nothing is refused until the new one is known."""
        return with_secret(await administration.renew(webhook_id, by, now(), old_lasts))

    @router.post("/{webhook_id}/enable")
    async def enable_webhook(webhook_id: str, by: Annotated[Caller, caller]) -> WebhookView:
        """What came while it was disabled is read with `/events`; it is not sent again."""
        return WebhookView.of(await administration.enable(webhook_id, by), now())

    @router.get("/{webhook_id}/events")
    async def read_events(
        webhook_id: str,
        by: Annotated[Caller, caller],
        after: Annotated[int, Query(ge=0, le=_LAST_POSITION)] = 0,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> Events:
        """Everything from a position on, whether or not it was sent. Nothing ever appears at an earlier one."""
        webhook = await administration.find(webhook_id, by, may_replay)
        found = await administration.webhooks.events_after(f"webhook:{webhook.id}", after, limit)
        return Events.of(webhook, found, limit)

    return router


def _keep_out_of_caches(response: Response) -> None:
    response.headers["Cache-Control"] = "no-store"
