"""Which message it is: one of those that the topic tells of, or one that is between the service and an address."""

from enum import StrEnum

from shared.events.notices import NoticeKind


class OwnKind(StrEnum):
    """Told to nobody but its recipient: no event names these, so the recorded contract need not know them."""

    LOST_TICKET = "lost_ticket"
    """Where somebody finds the tickets and codes of an address again. Anybody can ask for it."""


Kind = NoticeKind | OwnKind


def parse_kind(name: str) -> Kind:
    """Raises ValueError."""
    return OwnKind(name) if name in set(OwnKind) else NoticeKind(name)
