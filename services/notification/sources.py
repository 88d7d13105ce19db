"""What deliveries are judged by, read for many at once."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from services.notification.domain.deliveries import Delivery
from services.notification.domain.known import Follower, Known, System
from services.notification.domain.offices import Offices
from services.notification.store import Store
from services.notification.store.webhooks import Webhook
from shared.directory import Directory
from shared.events.notices import Recipient

_WEBHOOKS_LAST_S = 2.0


@dataclass(slots=True)
class Sources:
    """The contact book, the directory, who follows, and agencies' own systems."""

    store: Store
    directory: Directory
    _webhooks: dict[str, Webhook] = field(default_factory=dict[str, Webhook])
    _read_at: float = float("-inf")

    @property
    def offices(self) -> Offices:
        return Offices(self.directory.agencies, self.directory.officers)

    def closed(self) -> frozenset[date]:
        """Days on which nobody works: holidays, and what coordinators added."""
        calendars = self.directory.calendars.values()
        return frozenset(closed.day for calendar in calendars for closed in calendar.closed)

    async def webhooks(self) -> dict[str, Webhook]:
        """By id; as they were at most two seconds ago."""
        if time.monotonic() - self._read_at > _WEBHOOKS_LAST_S:
            self._webhooks = {webhook.id: webhook for webhook in await self.store.webhooks.all()}
            self._read_at = time.monotonic()
        return self._webhooks

    async def read(self, deliveries: Iterable[Delivery]) -> dict[UUID, Known]:
        """By delivery."""
        wanted = list(deliveries)
        contacts = await self.store.contacts.read({one.ticket for one in wanted if one.ticket})
        followers = await self._followers(wanted)
        systems = await self._systems({one.told for one in wanted if one.recipient is Recipient.SYSTEM})
        offices, closed, until = self.offices, self.closed(), self.directory.door.disaster_until
        return {
            one.id: Known(
                offices=offices,
                closed=closed,
                disaster_until=until,
                follower=next((followers[name] for name in one.subscriptions if name in followers), None),
                system=_system(systems.get(one.told or "")) if one.recipient is Recipient.SYSTEM else None,
                **({"contact": contacts[one.ticket]} if one.ticket else {}),
            )
            for one in wanted
        }

    async def _systems(self, ids: set[str | None]) -> dict[str, Webhook]:
        """One that another replica knows already is looked for before it is said to be gone."""
        if not ids:
            return {}
        if not ids <= (await self.webhooks()).keys():
            self._read_at = float("-inf")
        return await self.webhooks()

    async def _followers(self, deliveries: Iterable[Delivery]) -> dict[str, Follower]:
        following = [one for one in deliveries if one.recipient is Recipient.FOLLOWER]
        ids = {UUID(name) for one in following for name in one.subscriptions}
        return {
            str(found.id): Follower(found.channel, found.address, found.language, str(found.id))
            for found in (await self.store.subscriptions.read(ids)).values()
        }


def _system(webhook: Webhook | None) -> System | None:
    return System(webhook.id, webhook.agency, webhook.url, webhook.enabled) if webhook else None
