"""Who may see a case, and in which role somebody acts on it."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.routing.domain.draft import Actor, Case
from services.routing.domain.parts import find_part
from services.routing.domain.table import Action, allowed, allowed_with_part
from shared.events.case import CaseSnapshot, Role
from shared.events.event import region_levels


class DeskRole(StrEnum):
    """What somebody is at the desk."""

    OFFICER = "officer"
    """Works on the cases of the own agency."""
    AGENCY_HEAD = "agency_head"
    COORDINATOR = "coordinator"
    LEADER = "leader"
    """Reads everything."""
    AUDITOR = "auditor"
    """Reads everything, with who read whose identity."""


OF_AN_AGENCY: Final = frozenset({DeskRole.OFFICER, DeskRole.AGENCY_HEAD})
_ACTING: Final = {
    DeskRole.AGENCY_HEAD: Role.AGENCY_HEAD,
    DeskRole.OFFICER: Role.OFFICER,
    DeskRole.COORDINATOR: Role.COORDINATOR,
}


@dataclass(frozen=True)
class Person:
    """Who is signed in."""

    id: str
    name: str
    roles: frozenset[DeskRole]
    agency: str | None = None
    regions: tuple[str, ...] = ()
    """Sees cases of these alone; empty: of all."""

    @property
    def sees_all(self) -> bool:
        """Whether cases of other agencies are theirs to see too."""
        return bool(self.roles - OF_AN_AGENCY)


def may_see(person: Person, case: Case, related: Collection[str]) -> bool:
    """`related`: the body that the complaint is about and all that belong to it; their people never see it."""
    if person.agency in related or not _in_scope(person, case.snapshot):
        return False
    return person.sees_all or _works_on(person, case.snapshot) is not None


def _in_scope(person: Person, case: CaseSnapshot) -> bool:
    if not person.regions:
        return True
    return case.region is not None and not set(person.regions).isdisjoint(region_levels(case.region))


def _works_on(person: Person, case: CaseSnapshot) -> str | None:
    if person.agency is None or not person.roles & OF_AN_AGENCY:
        return None
    agencies = {case.agency, *(part.agency for part in case.parts)}
    return person.agency if person.agency in agencies else None


def roles_on(person: Person, case: CaseSnapshot) -> tuple[Role, ...]:
    """In which roles they act on the whole case."""
    has_it = person.agency is not None and person.agency == case.agency
    return tuple(
        acting for role, acting in _ACTING.items() if role in person.roles and (has_it or role is DeskRole.COORDINATOR)
    )


def actor_for(person: Person, case: CaseSnapshot, action: Action | None) -> Actor | None:
    """As whom they do it: in the first role that may; where none may, in the first that there is."""
    roles = roles_on(person, case)
    role = next((role for role in roles if action in allowed(case, role)), next(iter(roles), None))
    return Actor(role, person.id, person.agency) if role else None


def actor_for_part(person: Person, case: CaseSnapshot, case_id: str) -> Actor | None:
    part = find_part(case, case_id)
    roles = [acting for role, acting in _ACTING.items() if role in person.roles & OF_AN_AGENCY]
    if part is None or part.agency != person.agency or not roles:
        return None
    return Actor(roles[0], person.id, person.agency)


def allowed_for(person: Person, case: CaseSnapshot) -> tuple[Action, ...]:
    """What they can do with the whole case."""
    return tuple(dict.fromkeys(action for role in roles_on(person, case) for action in allowed(case, role)))


def allowed_on_parts(person: Person, case: CaseSnapshot) -> dict[str, tuple[Action, ...]]:
    """What they can do with parts of it, by case id."""
    return {
        part.case_id: allowed_with_part(part.status, case)
        for part in case.parts
        if actor_for_part(person, case, part.case_id) is not None
    }
