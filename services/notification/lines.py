"""The line to a gateway of text messages: a client, a breaker, and what follows from an answer."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Final

from services.notification.breaker import Breaker
from services.notification.domain.attempts import UNSURE, Answer, NotTried, Refused, Taken
from services.notification.outgoing import Outgoing, Reply, Request, Unanswered
from services.notification.settings import GatewaySettings

_SET_UP_WRONGLY: Final = frozenset({"bad_url", "not_https", "forbidden_address", "tls"})
_NOT_FOR_US: Final = frozenset(
    {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.PAYMENT_REQUIRED,
        HTTPStatus.FORBIDDEN,
        # The address is wrong, or the gateway has moved.
        HTTPStatus.NOT_FOUND,
        HTTPStatus.METHOD_NOT_ALLOWED,
    }
)
_LATER: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_EARLY})


@dataclass(frozen=True, slots=True)
class Unusable:
    """No message can be handed over now; that is nobody's attempt."""

    why: str
    rest: timedelta | None = None
    """What `Retry-After` said."""


@dataclass(frozen=True, slots=True)
class Failing:
    """It may be the gateway or this message."""

    why: str


Verdict = Answer | Unusable | Failing


class Line:
    """While its gateway can't be used everything rests."""

    takes_twice = False
    """Its gateway knows no idempotency key: what is sent again may come twice."""

    def __init__(self, channel: str, settings: GatewaySettings, outgoing: Outgoing) -> None:
        self._outgoing = outgoing
        self._breaker = Breaker(channel, settings.first_wait_s, settings.longest_wait_s)

    async def usable(self) -> None:
        """Return when it does not rest."""
        await self._breaker.rested()

    async def close(self) -> None:
        await self._outgoing.close()

    async def hand_over(self, request: Request, read: Callable[[Reply], Verdict]) -> Answer:
        """Within the time limit; after a rest within two, because the first message goes alone."""
        return await self._breaker.through(lambda: self._attempt(request, read))

    async def _attempt(self, request: Request, read: Callable[[Reply], Verdict]) -> Answer:
        try:
            verdict = read(await self._outgoing.post(request.url, request.body, request.headers))
        except Unanswered as unanswered:
            why = UNSURE if self.takes_twice and unanswered.handed_over else unanswered.why
            verdict = Unusable(why) if why in _SET_UP_WRONGLY else Failing(why)
        return self._follow(verdict)

    def _follow(self, verdict: Verdict) -> Answer:
        match verdict:
            case Unusable(why=why, rest=rest):
                self._breaker.rest(why, None if rest is None else rest.total_seconds())
                return NotTried()
            case Failing(why=why):
                self._breaker.failed(why)
                return Refused(why, for_good=False)
            case answer:
                self._breaker.worked()
                return answer


def by_status(reply: Reply) -> Verdict | None:
    """What the status alone says; None where it is about the message."""
    status = reply.status
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return Taken()
    asks_for_rest = status == HTTPStatus.SERVICE_UNAVAILABLE and reply.retry_after is not None
    if status == HTTPStatus.TOO_MANY_REQUESTS or asks_for_rest:
        return Unusable(str(status), reply.retry_after)
    if status in _NOT_FOR_US or HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return Unusable(str(status))
    if status in _LATER:
        return Refused(str(status), for_good=False)
    return None if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR else Failing(str(status))
