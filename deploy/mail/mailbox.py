"""Mail that was sent on this machine, a file a message: what a developer reads instead of sending real mail."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from itertools import islice
from pathlib import Path
from typing import Final

KEPT: Final = 1_000
_ID: Final = re.compile(r"[0-9]{8}T[0-9]{12}-[0-9a-f]{6}")
_FROM, _TO = "X-Envelope-From", "X-Envelope-To"


@dataclass(frozen=True)
class Mail:
    """One message. `sender` and `recipients` are those of the envelope: whom the server was told."""

    id: str
    received_at: datetime
    sender: str
    recipients: str
    subject: str
    text: str | None
    html: str | None


class Mailbox:
    """The newest messages of a folder, which outlive the process."""

    def __init__(self, folder: Path, kept: int = KEPT) -> None:
        self._folder = folder
        self._kept = kept
        self._read: dict[str, Mail] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, content: bytes, sender: str, recipients: Sequence[str]) -> str:
        """Keep a message and return its id; the oldest beyond the limit goes. Raises OSError."""
        mail_id = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{secrets.token_hex(3)}"
        envelope = f"{_FROM}: {sender}\r\n{_TO}: {', '.join(recipients)}\r\n".encode()
        draft = self._folder / f"{mail_id}.new"
        draft.write_bytes(envelope + content)
        draft.replace(self._path(mail_id))
        for old in self._ids()[self._kept :]:
            self._path(old).unlink(missing_ok=True)
            self._read.pop(old, None)
        return mail_id

    def newest(self, limit: int, *, before: str | None = None, to: str | None = None) -> list[Mail]:
        """The newest first: those older than the message `before`, those to the address `to`."""
        older = (mail_id for mail_id in self._ids() if before is None or mail_id < before)
        found = (mail for mail_id in older if (mail := self.read(mail_id)) is not None)
        return list(islice((mail for mail in found if to is None or to.lower() in mail.recipients.lower()), limit))

    def read(self, mail_id: str) -> Mail | None:
        """None where there is no such message."""
        if mail_id not in self._read:
            content = self.source(mail_id)
            if content is None:
                return None
            self._read[mail_id] = _parse(mail_id, content)
        return self._read[mail_id]

    def source(self, mail_id: str) -> bytes | None:
        """The message as it came, with two lines about its envelope before it."""
        if not _ID.fullmatch(mail_id):
            return None
        try:
            return self._path(mail_id).read_bytes()
        except FileNotFoundError:
            return None

    def _ids(self) -> list[str]:
        return sorted((path.stem for path in self._folder.glob("*.eml")), reverse=True)

    def _path(self, mail_id: str) -> Path:
        return self._folder / f"{mail_id}.eml"


def _parse(mail_id: str, content: bytes) -> Mail:
    message = message_from_bytes(content, policy=policy.default)
    return Mail(
        id=mail_id,
        received_at=datetime.strptime(mail_id.partition("-")[0], "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC),
        sender=_header(message, _FROM),
        recipients=_header(message, _TO),
        subject=_header(message, "Subject"),
        text=_part(message, "plain"),
        html=_part(message, "html"),
    )


def _header(message: EmailMessage, name: str) -> str:
    """Python's parser has raised many things at malformed headers; a developer must see the mail all the same."""
    try:
        return str(message.get(name, ""))
    except Exception:  # noqa: BLE001 - whatever the parser raises, the rest can be read
        return "(cannot be read)"


def _part(message: EmailMessage, kind: str) -> str | None:
    try:
        part = message.get_body((kind,))
        return None if part is None else str(part.get_content())
    except Exception:  # noqa: BLE001 - as above: an unknown character set, a broken encoding
        return "(cannot be read; see the source)"
