"""Secrets for a platform on one machine: made once, kept in the data folder, refused in production (`dev-`)."""

import json
import os
import secrets
import shlex
from pathlib import Path
from typing import Final

from shared.settings import DEVELOPMENT

DEMO: Final = "NTBCARE_DEMO_SECRET"
DESK: Final = "ROUTING_OIDC__DEVELOPMENT_SECRET"
"""Of the local issuer, whose tokens the desk takes."""
ISSUER: Final = "ROUTING_OIDC__ISSUER"
"""Where this is set people sign in there, and the local issuer has no say."""
_FILE: Final = "secrets.env"
_KEY_ID: Final = "1"
_BYTES: Final = 24
_TRACKING: Final = ("INTAKE_TRACKING_SECRETS", "NOTIFICATION_TRACKING_SECRETS", "REPORTING_TRACKING_SECRETS")
"""All the same: every service that is shown a tracking code checks it by itself."""
_PHOTOS: Final = ("INTAKE_PHOTO_SECRET", "ROUTING_PHOTO_SECRET", "REPORTING_PHOTO_SECRET")
"""The same too: pages of the other two show what intake keeps."""
_DOOR: Final = ("INTAKE_DOOR_SECRET", "ROUTING_DOOR_SECRET")
"""And these: intake compares what routing blocked."""
_SINGLE: Final = (
    "INTAKE_TICKET_SECRET",
    "NOTIFICATION_ADDRESS_SECRET",
    "NOTIFICATION_HOOKS__SECRET",
    "NOTIFICATION_LINK_SECRET",
    "NOTIFICATION_SMS__RECEIPT_SECRET",
    "NOTIFICATION_SMS__TOKEN",
    "NOTIFICATION_WHATSAPP__RECEIPT_SECRET",
    "NOTIFICATION_WHATSAPP__TOKEN",
    DEMO,
    DESK,
)


class SecretsUnreadable(Exception):
    """The file of the development secrets is not as it was written."""


def development_secrets(folder: Path) -> dict[str, str]:
    """Environment variables with the folder's secrets; those that are not there yet are made.

    Raises `SecretsUnreadable`: with new secrets, tickets and tracking codes given out before would not fit any more.
    """
    known = known_secrets(folder)
    wanted = known | {name: value for name, value in _made(known).items() if name not in known}
    if wanted != known:
        _write(folder / _FILE, wanted)
    return wanted


def known_secrets(folder: Path) -> dict[str, str]:
    """Those that are there already. Raises `SecretsUnreadable`."""
    return _read(folder / _FILE)


def _made(known: dict[str, str]) -> dict[str, str]:
    tracking = next((known[name] for name in _TRACKING if name in known), json.dumps({_KEY_ID: _secret()}))
    photos = next((known[name] for name in _PHOTOS if name in known), _secret())
    door = next((known[name] for name in _DOOR if name in known), _secret())
    shared = dict.fromkeys(_TRACKING, tracking) | dict.fromkeys(_PHOTOS, photos) | dict.fromkeys(_DOOR, door)
    return shared | {name: _secret() for name in _SINGLE}


def _secret() -> str:
    return DEVELOPMENT + secrets.token_urlsafe(_BYTES)


def _read(file: Path) -> dict[str, str]:
    try:
        lines = file.read_text().splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SecretsUnreadable(f"{file} cannot be read: {error}") from None
    found: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals:
            raise SecretsUnreadable(f"{file}, line {number}, is not NAME=value. Mend it, or delete the whole folder.")
        found[name.strip()] = "".join(shlex.split(value))
    return found


def _write(file: Path, values: dict[str, str]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    words = "# Made by `ntbcare up` for this machine only. With others, tickets and tracking codes change.\n"
    lines = (f"{name}={shlex.quote(value)}\n" for name, value in values.items())
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as target:
        target.write(words + "".join(lines))
    draft.replace(file)
