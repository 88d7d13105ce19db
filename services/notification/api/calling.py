"""Who calls: people sign in, an agency's own system sends the token that it was issued."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Final

from fastapi import Header

from services.notification.domain.access import Caller
from shared.access import authenticate
from shared.directory import Directory
from shared.oidc import SignIn

GetCaller = Callable[[str | None], Awaitable[Caller]]
_ISSUED: Final = "ntb_"
"""What the tokens of `ntbcare clients` begin with."""


def create_caller_getter(sign_in: SignIn, directory: Directory) -> GetCaller:
    """A dependency that gives who sent the request; it raises a 401 Problem."""

    async def calling(authorization: Annotated[str | None, Header()] = None) -> Caller:
        _, _, token = (authorization or "").partition(" ")
        client = authenticate(directory.clients, authorization) if token.strip().startswith(_ISSUED) else None
        if client is not None:
            return Caller(client.id, agency=client.agency, is_system=True)
        signed_in = await sign_in.check(authorization)
        return Caller(signed_in.subject, frozenset(signed_in.roles), signed_in.agency)

    return calling
