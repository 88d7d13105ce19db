"""How often one client of the network may ask for what anybody may ask for: none uses up all there is."""

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from fastapi import Request

from services.notification.budget import Budget
from shared.peers import sender_of

_MOST: Final = 10_000
"""Clients that are remembered; of more the one that was heard of first is forgotten."""


@dataclass
class Askers:
    """By the address that a request comes from, which many may share; in this process."""

    an_hour: int
    trusted_hops: int = 0
    """Gateways of ours before this service, each of which adds to `X-Forwarded-For`."""
    _budgets: OrderedDict[str, Budget] = field(default_factory=OrderedDict[str, Budget], init=False)

    def takes(self, request: Request, at: datetime) -> bool:
        """Whether this one may ask once more; then it is counted."""
        peer = sender_of(request, self.trusted_hops)
        if peer not in self._budgets and len(self._budgets) >= _MOST:
            self._budgets.popitem(last=False)
        budget = self._budgets.setdefault(peer, Budget(self.an_hour))
        if not budget.is_left(at):
            return False
        budget.spend(at)
        return True
