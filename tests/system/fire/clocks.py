"""Clocks that can be set wrong while their service runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_WRONG: Final = Path(__file__).parent / "wrong_clock"


@dataclass(frozen=True)
class Clocks:
    """One for each service: a file in this folder that its process reads again and again."""

    folder: Path

    def variables(self, service: str) -> Mapping[str, str]:
        """What the service is started with. Its clock goes right at first."""
        self.set(service, 0)
        return {"PYTHONPATH": str(_WRONG), "NTBCARE_WRONG_CLOCK": str(self._file(service))}

    def set(self, service: str, seconds: int) -> None:
        """So far before (or behind) the true time it is from now on."""
        self._file(service).write_text(str(seconds))

    def _file(self, service: str) -> Path:
        return self.folder / f"{service}.clock"
