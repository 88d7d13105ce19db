"""Who may have an agency's system called, and read what it was sent."""

from dataclasses import dataclass
from typing import Final

AGENCY_HEAD: Final = "agency_head"
COORDINATOR: Final = "coordinator"
AUDITOR: Final = "auditor"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: somebody who signed in, or an agency's own system with its token."""

    name: str
    roles: frozenset[str] = frozenset()
    agency: str | None = None
    is_system: bool = False


def may_read(caller: Caller, agency: str) -> bool:
    """The agency's head and system; coordinators and auditors."""
    return bool(caller.roles & {COORDINATOR, AUDITOR}) or may_replay(caller, agency)


def may_replay(caller: Caller, agency: str) -> bool:
    """Nobody but the agency's own: others might read of complaints about themselves."""
    return caller.agency == agency and (caller.is_system or AGENCY_HEAD in caller.roles)


def may_change(caller: Caller, agency: str) -> bool:
    """The agency's head; coordinators."""
    return COORDINATOR in caller.roles or (AGENCY_HEAD in caller.roles and caller.agency == agency)
