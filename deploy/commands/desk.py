"""The local issuer's secret, with which commands sign people in at the desk."""

import os

from deploy.commands.failures import WRONG_USE, CommandFailed
from deploy.commands.options import data_folder
from deploy.local.development import DESK, ISSUER, known_secrets


def desk_secret() -> str:
    """That of the environment, else of the data folder.

    Raises CommandFailed where there is none, and where people sign in with an issuer of their own.
    """
    issuer = os.environ.get(ISSUER)
    if issuer:
        raise CommandFailed(
            f"People sign in with {issuer} ({ISSUER}), so no token is made here: get one there.", code=WRONG_USE
        )
    secret = os.environ.get(DESK) or known_secrets(data_folder()).get(DESK)
    if not secret:
        raise CommandFailed(
            f"There is no secret to sign tokens with: neither in {DESK} nor in {data_folder()}, where `ntbcare up` "
            "makes one.",
            code=WRONG_USE,
        )
    return secret
