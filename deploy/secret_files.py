"""Secrets of an installation, one a file, as Compose and Kubernetes hand them to the services."""

import json
import secrets
from pathlib import Path
from typing import Final

_BYTES: Final = 32
_KEY_ID: Final = "1"
DRAWN: Final = (
    "ticket_secret",
    "photo_secret",
    "door_secret",
    "address_secret",
    "link_secret",
    "hooks_secret",
    "grafana_password",
)
TRACKING: Final = "tracking_secrets"
GIVEN: Final = ("smtp_password",)
"""Made empty, for somebody to fill in."""


def make_secrets(folder: Path) -> list[str]:
    """Make those that are missing, and tell which; no other is touched, for tickets and codes depend on them.

    The folder is for its owner alone. The files can be read by the services' user, whose number is another.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    wanted = {name: secrets.token_urlsafe(_BYTES) for name in DRAWN}
    wanted |= {TRACKING: json.dumps({_KEY_ID: secrets.token_urlsafe(_BYTES)})} | dict.fromkeys(GIVEN, "")
    missing = {name: value for name, value in wanted.items() if not (folder / name).exists()}
    for name, value in missing.items():
        file = folder / name
        file.write_text(value, encoding="utf-8")
        file.chmod(0o444)
    return sorted(missing)
