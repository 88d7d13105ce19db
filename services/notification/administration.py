"""Which of agencies' own systems are called, and who may say so."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from services.notification.destinations import why_not_allowed
from services.notification.domain.access import Caller, may_change, may_read, may_replay
from services.notification.domain.signatures import printable, secret_of
from services.notification.store.webhooks import Webhook, Webhooks
from shared.directory import Directory
from shared.ids import named_id
from shared.problems import Problem, field_problem
from shared.topics import CASES

_MOST: Final = 10
"""Webhooks of one agency."""
_MOST_OLD: Final = 3
"""Secrets that were renewed and still sign."""
_WORDS: Final = {
    "bad_url": "is no address of a web server, or has a name and a password in it",
    "not_https": "must begin with https://",
    "forbidden_address": "is not an address that the whole internet can reach",
}
_OF_CHANGES: Final = "the agency's head, or a coordinator"
_OF_EVENTS: Final = "the agency's head, or its own system"
_OF_LISTS: Final = "the agency's head or its own system, a coordinator or an auditor"
"""Whose it is."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Which system an agency wants to be called, and with what."""

    agency: str
    url: str
    types: tuple[str, ...]


class Administration:
    """Every method raises a Problem for what is not there, not right, or not the caller's to do."""

    def __init__(self, webhooks: Webhooks, directory: Directory, master: bytes, allowed_hosts: tuple[str, ...]) -> None:
        self.webhooks = webhooks
        self._directory = directory
        self._master = master
        self._allowed_hosts = allowed_hosts

    async def add(self, wish: Wish, caller: Caller, key: UUID | None, at: datetime) -> Webhook:
        """With the same key the same one is given back."""
        if not may_change(caller, wish.agency):
            raise _not_yours(_OF_CHANGES)
        self._must_have_a_master()
        self._check(wish.url, wish.types, wish.agency)
        webhook_id = named_id(wish.agency, caller.name, key or uuid4()).hex[:16]
        webhook = Webhook(webhook_id, wish.agency, wish.url, wish.types, created_at=at, created_by=caller.name)
        stored = await self.webhooks.add(webhook, _MOST)
        if stored is None:
            raise Problem(409, "There are too many", f"An agency has {_MOST} webhooks at most; take one away first.")
        if (stored.url, stored.types) != (webhook.url, webhook.types):
            raise Problem(409, "The key was used before", "Use a new Idempotency-Key for another webhook.")
        return stored

    async def of(self, agency: str, caller: Caller) -> list[Webhook]:
        if not may_read(caller, agency):
            raise _not_yours(_OF_LISTS)
        return await self.webhooks.of(agency)

    async def find(self, webhook_id: str, caller: Caller, may: Callable[[Caller, str], bool] = may_read) -> Webhook:
        """What is none of theirs is as if it were not there."""
        webhook = _there(await self.webhooks.read(webhook_id))
        if not may_read(caller, webhook.agency):
            raise _no_such()
        if not may(caller, webhook.agency):
            raise _not_yours(_OF_EVENTS if may is may_replay else _OF_CHANGES)
        return webhook

    async def change(self, webhook_id: str, caller: Caller, url: str | None, types: tuple[str, ...] | None) -> Webhook:
        """None leaves it. At another address nobody has failed yet."""
        webhook = await self.find(webhook_id, caller, may_change)
        self._check(url or webhook.url, types or ())
        fields: dict[str, Any] = {"url": url or webhook.url, "types": webhook.types if types is None else types}
        if fields["url"] != webhook.url:
            fields["failing_since"] = None
        return _there(await self.webhooks.change(webhook.id, **fields))

    async def enable(self, webhook_id: str, caller: Caller) -> Webhook:
        webhook = await self.find(webhook_id, caller, may_change)
        return _there(await self.webhooks.change(webhook.id, disabled_at=None, failing_since=None))

    async def renew(self, webhook_id: str, caller: Caller, at: datetime, old_lasts: timedelta) -> Webhook:
        """Each secret that anybody was shown signs as long as it was promised."""
        webhook = await self.find(webhook_id, caller, may_change)
        self._must_have_a_master()
        old = webhook.old_at(at)
        if len(old) >= _MOST_OLD:
            first = f"{min(one.until for one in old):%Y-%m-%d %H:%M} UTC"
            raise Problem(409, "Renewed too often", f"{_MOST_OLD} older secrets still count; the first until {first}.")
        return _there(await self.webhooks.renew(webhook, at, at + old_lasts))

    async def remove(self, webhook_id: str, caller: Caller) -> None:
        webhook = await self.find(webhook_id, caller, may_change)
        await self.webhooks.remove(webhook.id)

    def secret_of(self, webhook: Webhook) -> str:
        return printable(secret_of(self._master, webhook.id, webhook.version))

    def _check(self, url: str, types: tuple[str, ...], agency: str | None = None) -> None:
        faults: list[tuple[str, str]] = []
        if agency is not None and agency not in self._directory.agencies:
            faults.append(("agency", "is not in the directory"))
        why = why_not_allowed(url, self._allowed_hosts)
        if why is not None:
            faults.append(("url", _WORDS[why]))
        faults += [
            (f"types.{place}", "is no case event") for place, kind in enumerate(types) if kind not in CASES.types
        ]
        if faults:
            raise field_problem(*faults)

    def _must_have_a_master(self) -> None:
        """Anybody could work out a secret that is derived from nothing."""
        if not self._master:
            raise Problem(503, "Webhooks are switched off", "NOTIFICATION_HOOKS__SECRET is not set.")


def _not_yours(whose: str) -> Problem:
    return Problem(403, "That is not yours to do", f"It takes {whose}.")


def _no_such() -> Problem:
    return Problem(404, "There is no such webhook")


def _there(webhook: Webhook | None) -> Webhook:
    if webhook is None:
        raise _no_such()
    return webhook
