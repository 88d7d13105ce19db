"""What pages and feeds say of cases and of what is followed, in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.notification.domain.following import PublicEvent, Target, TargetKind
from shared.directory import Directory
from shared.events.event import Language, region_levels
from shared.wita import in_full_words


@dataclass(frozen=True)
class Teller:
    """Speaks a language and knows the names."""

    words: Mapping[str, Any]
    language: Language
    directory: Directory

    def target(self, target: Target) -> str:
        return self.words["targets"][target.kind].format(self._name(target))

    def _name(self, target: Target) -> str:
        match target.kind:
            case TargetKind.CASE:
                return target.id
            case TargetKind.REGION:
                return self.region(target.id)
            case TargetKind.CATEGORY:
                return self.category(target.id)
            case TargetKind.AGENCY:
                return self.agency(target.id)

    def region(self, region: str) -> str:
        """With what it lies in, but for the province."""
        levels = region_levels(region)
        known = [self.directory.regions.get(code) for code in reversed(levels[1:] or levels)]
        return ", ".join(one.name for one in known if one is not None) or region

    def category(self, category: str) -> str:
        known = self.directory.categories.get(category)
        return known.name.in_language(self.language) if known else category

    def agency(self, agency: str) -> str:
        known = self.directory.agencies.get(agency)
        return known.name.in_language(self.language) if known else agency

    def headline(self, event: PublicEvent) -> str:
        """`Jalan rusak, Selong, Lombok Timur: diteruskan ke instansi`."""
        where = f", {self.region(event.region)}" if event.region else ""
        return f"{self.category(event.category)}{where}: {self.words['events'][event.type]}"

    def summary(self, event: PublicEvent) -> str:
        said = [f"{self.words['ticket']}: {event.ticket}", f"{self.words['status']}: {self._status(event)}"]
        if event.agency:
            said.append(f"{self.words['agency']}: {self.agency(event.agency)}")
        return ". ".join([*said, in_full_words(event.at, self.language)])

    def _status(self, event: PublicEvent) -> str:
        return self.words["statuses"][event.status]

    def kind(self, kind: str) -> str:
        """Of messages, as somebody knows them who gets them."""
        return self.words["kinds"].get(kind, self.words["kinds"]["*"])
