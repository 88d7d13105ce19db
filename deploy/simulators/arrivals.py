"""What would have reached telephones and agencies' own systems, a file a message."""

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any, Final

KEPT: Final = 1_000
_ID: Final = re.compile(r"[0-9]{8}T[0-9]{12}-[0-9a-f]{6}")


class Kind(StrEnum):
    """Which of the three was called."""

    SMS = "sms"
    WHATSAPP = "whatsapp"
    WEBHOOK = "webhook"


@dataclass(frozen=True)
class Arrival:
    """One message. `to` is a telephone number, or the name of a receiver of webhooks."""

    channel: Kind
    to: str
    text: str
    reference: str
    facts: Mapping[str, str] = field(default_factory=dict[str, str])
    """What else is shown: whether a signature fits, which template it was."""
    id: str = ""

    @property
    def received_at(self) -> datetime:
        return datetime.strptime(self.id.partition("-")[0], "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC)


class Arrivals:
    """The newest messages of a folder, which outlive the process."""

    def __init__(self, folder: Path, kept: int = KEPT) -> None:
        self._folder = folder
        self._kept = kept
        folder.mkdir(parents=True, exist_ok=True)
        names = (path.stem for path in folder.glob("*.json"))
        self._read = {name: _parse(name, self._path(name).read_text()) for name in sorted(names) if _ID.fullmatch(name)}
        """The oldest first."""

    def add(self, arrival: Arrival) -> Arrival:
        """Keep a message and return it with its id; the oldest beyond the limit goes. Raises OSError."""
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{secrets.token_hex(3)}"
        draft = self._folder / f"{name}.new"
        content = json.dumps(asdict(arrival))
        draft.write_text(content)
        draft.replace(self._path(name))
        self._read[name] = _parse(name, content)
        for old in list(self._read)[: -self._kept]:
            self._path(old).unlink(missing_ok=True)
            del self._read[old]
        return self._read[name]

    def find(self, channel: Kind, to: str, reference: str) -> Arrival | None:
        """The one that came with this reference before."""
        wanted = (channel, to, reference)
        return next((one for one in self._read.values() if (one.channel, one.to, one.reference) == wanted), None)

    def newest(
        self, limit: int, *, before: str | None = None, channel: str | None = None, to: str | None = None
    ) -> list[Arrival]:
        """The newest first: those older than the id `before`, those of the channel, those to `to`."""
        older = (one for one in reversed(self._read.values()) if before is None or one.id < before)
        wanted = (one for one in older if channel in {None, one.channel} and to in {None, one.to})
        return list(islice(wanted, limit))

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.json"


def _parse(name: str, content: str) -> Arrival:
    told: dict[str, Any] = json.loads(content)
    return Arrival(Kind(told["channel"]), told["to"], told["text"], told["reference"], told["facts"], name)
