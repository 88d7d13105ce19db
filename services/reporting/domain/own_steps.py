"""What a reporter can do as the case stands. Routing decides; pages only do not offer what it would refuse."""

from collections.abc import Sequence
from typing import Final

from shared.events.case import CaseSnapshot, Status

OPEN: Final = frozenset(
    {
        *(Status.RECEIVED, Status.IN_TRIAGE, Status.ASSIGNED, Status.ACCEPTED),
        *(Status.IN_PROGRESS, Status.AWAITING_REPORTER),
    }
)
_POSSIBLE: Final = {
    "answers": frozenset({Status.AWAITING_REPORTER}),
    "confirmation": frozenset({Status.RESOLVED}),
    "dispute": frozenset({Status.RESOLVED}),
    "supplements": OPEN | {Status.RESOLVED},
    "withdrawal": OPEN,
    "contact": frozenset(Status),
    "no-contact": frozenset(Status),
}
"""By the name of the form, in the order of the page."""


def possible_steps(case: CaseSnapshot | None) -> Sequence[str]:
    """Names of forms; of a case that is not here yet none."""
    return [name for name, states in _POSSIBLE.items() if case is not None and case.status in states]
