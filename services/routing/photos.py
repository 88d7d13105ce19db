"""Photos of a case: those of whoever reported it, and those by which agencies show their work."""

from dataclasses import dataclass
from typing import Final, Self

from services.routing.store.documents import StoredCase
from shared.photos import EVIDENCE, PhotoKey

_RESOLVED: Final = "case.resolved.v1"
_PUBLISHED: Final = "case.published.v1"


@dataclass(frozen=True)
class CasePhotos:
    """Their names at intake."""

    key: PhotoKey | None
    """None: what is a redacted copy of what cannot be told."""
    reported: tuple[str, ...]
    """None while their use is restricted, and after they were erased."""
    evidence: tuple[str, ...]
    published: tuple[str, ...]
    """Now or before."""

    @classmethod
    def of(cls, stored: StoredCase, key: PhotoKey | None) -> Self:
        is_usable = not stored.case.snapshot.processing_restricted
        parts = dict.fromkeys([stored.part, *stored.personal]) if is_usable else {}
        reported = [name for part in parts for name in stored.personal.get(part, {}).get("photos", ())]
        told, published = _told(stored, _RESOLVED), _told(stored, _PUBLISHED)
        evidence = [name for name in told if key is None or key.is_of(name, EVIDENCE)]
        return cls(key, tuple(reported), tuple(evidence), tuple(published))

    @property
    def originals(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.reported, *self.evidence)))

    def is_evidence(self, name: str) -> bool:
        """Whether somebody at the desk posted it as such, rather than a resident."""
        return self.key is None or self.key.is_of(name, EVIDENCE)

    def original_of(self, name: str) -> str | None:
        """The photo of this case that it is, or is a redacted copy of."""
        if name in self.originals:
            return name
        key = self.key
        return next((one for one in self.originals if key is not None and key.is_of(name, one)), None)


def _told(stored: StoredCase, kind: str) -> list[str]:
    lines = [entry.facts or {} for entry in stored.history if entry.type == kind]
    return list(dict.fromkeys(name for facts in lines for name in facts.get("photos", ())))
