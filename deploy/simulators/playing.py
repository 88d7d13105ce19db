"""What the simulators share: what came, what they are told to answer, and the receipts that they send."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from fastapi import Response

from deploy.simulators.arrivals import Arrival, Arrivals, Kind
from deploy.simulators.plans import Plans
from deploy.simulators.receipts import Receipts

PREFIX: Final = "/-/simulators"


@dataclass(frozen=True)
class Simulators:
    """An SMS gateway, WhatsApp's Cloud API and agencies' own systems, of one machine."""

    arrivals: Arrivals
    receipts: Receipts
    tokens: Mapping[Kind, str] = field(default_factory=dict[Kind, str])
    """What a client of a gateway must show; where none is named anybody may call."""
    plans: Plans = field(default_factory=Plans)
    secrets: dict[str, bytes] = field(default_factory=dict[str, bytes])
    """Of agencies' webhooks, by the name of their receiver."""

    def lets_in(self, channel: Kind, authorization: str | None) -> bool:
        token = self.tokens.get(channel)
        return token is None or authorization == f"Bearer {token}"

    def answer(
        self, arrival: Arrival, usual: Callable[[Arrival], Mapping[str, Any] | None], usual_status: int
    ) -> Response:
        """Keep it unless it is to be refused; one that was kept before is answered in the same way again."""
        planned = self.plans.take(arrival.channel, arrival.to)
        if planned.takes() and not arrival.id:
            arrival = self.arrivals.add(arrival)
            self.receipts.promise(arrival, planned)
        return planned.to_response(usual(arrival), usual_status)
