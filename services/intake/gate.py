"""Who is let in: limits by client, address and contact, blocked contacts, and what a disaster changes.

All of it is in the memory of this process: with three replicas three times as much is let in.
"""

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from limits import RateLimitItem
from starlette.requests import Request

from services.intake.counting import Counts, Reached, read_rates
from services.intake.domain.complaints import Person
from services.intake.domain.stamps import Pace, Sent, Suspicion, make_stamp, suspect, wait_left, work_left
from services.intake.settings import Settings
from shared.directory import Directory
from shared.doors import contact_digest
from shared.events.directory import Client, ClientRole
from shared.peers import sender_of
from shared.problems import Problem
from shared.wita import day_of

_FORMS: Final = "form_at_ease"
_BLOCKED: Final = "Complaints from this address are not taken"


class Wish(StrEnum):
    """What is asked for; each is counted by itself."""

    COMPLAINT = "complaints"
    FOLLOW_UP = "follow_ups"
    SUPPORT = "support"
    PHOTO = "photos"
    SUGGESTION = "suggestions"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whose requests are counted together: a client's, or those of one address."""

    peer: str | None = None
    """As `Gate.peer_of` has it; None: it is not counted."""
    client: Client | None = None

    @property
    def is_operator(self) -> bool:
        return self.client is not None and self.client.role is ClientRole.OPERATOR


class Gate:
    """Refuses what is too much or comes from whom nothing is taken."""

    def __init__(self, settings: Settings, directory: Directory, clock: Callable[[], float] = time.time) -> None:
        limits = settings.limits
        self._enabled = limits.enabled
        self._hops = limits.trusted_hops
        self._directory = directory
        self._clock = clock
        self._counts = Counts(limits.counters, clock)
        # Without a key of all replicas nobody can be blocked, but counted.
        self._key = settings.door_key() or secrets.token_bytes()
        self._rates: dict[str, tuple[RateLimitItem, ...]] = {wish: read_rates(getattr(limits, wish)) for wish in Wish}
        self._of_clients, self._of_contacts = read_rates(limits.clients), read_rates(limits.contacts)
        self._at_ease, self._pace = read_rates(limits.form_at_ease), Pace(least=limits.form_least)
        self._form_key = settings.ticket_secret.get_secret_value().encode()
        self._blocked: tuple[tuple[str, ...], frozenset[str]] = (), frozenset()

    @property
    def is_disaster(self) -> bool:
        return self._directory.door.is_disaster(self._now())

    def peer_of(self, request: Request) -> str:
        return sender_of(request, self._hops)

    def let_in(self, wish: Wish, visitor: Visitor, exempt: Callable[[], bool] = lambda: False) -> None:
        """Raises a 429 Problem. `exempt` is asked only where a limit is reached, in a disaster."""
        if visitor.client is not None:
            reached, name = self._hit(self._of_clients, "clients", visitor.client.id), "clients"
        elif visitor.peer is not None:
            reached, name = self._hit(self._rates[wish], wish, visitor.peer), wish.value
        else:
            return
        if reached is not None and not (self.is_disaster and exempt()):
            raise _too_many(name, reached)

    def let_write(self, person: Person | None, visitor: Visitor, is_urgent: Callable[[], bool]) -> None:
        """Whether a complaint that this person may be reached about is taken. Raises a 403 or 429 Problem.

        What an operator keys in is neither counted nor blocked by who wrote it: the counter is open to everybody.
        """
        if person is None or not person.reachable or visitor.is_operator:
            return
        digests = [contact_digest(self._key, address) for address in (person.email, person.phone) if address]
        blocked = self._blocked_digests()
        if blocked and not blocked.isdisjoint(digests) and not is_urgent():
            raise self._blocked_problem()
        for digest in digests:
            reached = self._hit(self._of_contacts, "contacts", digest)
            if reached is not None and not (self.is_disaster and is_urgent()):
                raise _too_many("contacts", reached)

    def stamp(self) -> str:
        """For the field `stamp` of a form that is shown now."""
        return make_stamp(self._form_key, self._now(), secrets.token_hex(8))

    def look_at_form(self, peer: str, sent: Sent) -> None:
        """What `/lapor` calls first with what came in the fields `stamp`, `website` and `work`.

        Raises a 403 or 429 Problem whose `suspicion` says why, so that the page can say it in words and keep what was
        filled in. In a disaster nobody waits.
        """
        if not self._enabled:
            return
        many = self._hit(self._at_ease, _FORMS, peer) is not None and not self.is_disaster
        suspicion = suspect(self._form_key, sent, self._now(), self._pace, many=many)
        if suspicion is Suspicion.TOO_MANY:
            wait_s = wait_left(sent, self._now(), self._pace)
            headers = {"Retry-After": str(wait_s)}
            detail = f"Many forms come from your network. Send it again in {wait_s} seconds."
            raise Problem(429, "Please wait a little", detail, headers=headers, suspicion=suspicion, stamp=sent.stamp)
        if suspicion is not None:
            raise Problem(403, "Load the form again", "Nothing that you entered is lost.", suspicion=suspicion)

    def work_for_form(self, peer: str, sent: Sent) -> int:
        """Bits of the work that this form would lack if it came now; 0: none is asked. Counts nothing."""
        if not self._enabled or self.is_disaster or not self._counts.is_reached(self._at_ease, _FORMS, peer):
            return 0
        return work_left(self._form_key, sent, self._now(), self._pace)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)

    def _hit(self, rates: Sequence[RateLimitItem], name: str, who: str) -> Reached | None:
        return self._counts.hit(rates, name, who) if self._enabled else None

    def _blocked_digests(self) -> frozenset[str]:
        told = self._directory.door.blocked
        if told is not self._blocked[0]:
            self._blocked = told, frozenset(told)
        return self._blocked[1]

    def _blocked_problem(self) -> Problem:
        today = day_of(self._now())
        offices = sorted(
            (one for one in self._directory.agencies.values() if one.coordinates and one.valid_on(today)),
            key=lambda one: one.id,
        )
        who = [f"{one.name.id}{f' ({one.email})' if one.email else ''}" for one in offices]
        detail = (
            f"A coordinator decided so. To object, write or go to {' or '.join(who) or 'the coordinating office'}; "
            "complaints are also taken at every counter. What is urgent is taken at any rate."
        )
        return Problem(403, _BLOCKED, detail, reason="blocked")


def _too_many(name: str, reached: Reached) -> Problem:
    headers = {
        "Retry-After": str(reached.wait_s),
        "RateLimit-Policy": f'"{name}";q={reached.amount};w={reached.window_s}',
        "RateLimit": f'"{name}";r=0;t={reached.wait_s}',
    }
    detail = (
        f"At most {reached.amount} within {reached.window_s} seconds. Please try again in {reached.wait_s} seconds."
    )
    return Problem(429, "Too many requests", detail, headers=headers, limit=name)
