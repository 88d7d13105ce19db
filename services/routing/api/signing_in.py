"""Who is at the desk."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Header

from services.routing.domain.access import OF_AN_AGENCY, DeskRole, Person
from shared.oidc import SignedIn, SignIn
from shared.problems import Problem

GetPerson = Callable[[str | None], Awaitable[Person]]


def create_person_getter(sign_in: SignIn) -> GetPerson:
    """A dependency that gives who sent the request; it raises 401 and 403 Problems."""

    async def signed_in(authorization: Annotated[str | None, Header()] = None) -> Person:
        return to_person(await sign_in.check(authorization))

    return signed_in


def to_person(signed_in: SignedIn) -> Person:
    """Roles that the desk doesn't know count for nothing. Raises a 403 Problem where none is left."""
    roles = frozenset(DeskRole(role) for role in signed_in.roles if role in set(DeskRole))
    if signed_in.agency is None:
        roles -= OF_AN_AGENCY
    if not roles:
        detail = f"It takes one of: {', '.join(DeskRole)}; the first two with an agency."
        raise Problem(403, "You have no role at the desk", detail)
    return Person(signed_in.subject, signed_in.name, roles, signed_in.agency, signed_in.regions)
