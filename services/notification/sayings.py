"""What messages say of a delivery. What a category or an agency is called comes from the directory as it is now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from services.notification.domain.contacts import Contact
from services.notification.domain.deliveries import CaseFacts, Delivery
from services.notification.domain.following import Target, TargetKind
from services.notification.domain.kinds import Kind, OwnKind
from services.notification.domain.links import LASTS, Purpose
from services.notification.domain.rules import NEVER_STOPPED
from services.notification.forms import Forms, Saying
from services.notification.mime import one_line
from services.notification.settings import Settings
from shared.directory import Directory
from shared.events.case import PromiseKind
from shared.events.directory import Label
from shared.events.event import Language, region_levels
from shared.events.notices import NoticeKind, Recipient
from shared.ids import follow_id, named_id
from shared.wita import in_words

CONFIDENTIAL: Final = "confidential"
_ENUMERATED: Final = {
    "status": "statuses",
    "reason": "reasons",
    "promise": "promises",
    "level": "levels",
    "follow_up": "follow_ups",
}
"""Words of an event that templates decide by, and where they are said in words."""
_AT_THE_DESK: Final = frozenset(Recipient) - {Recipient.REPORTER, Recipient.FOLLOWER}
_LONGEST_NAME: Final = 100
_KINDS: Final[Sequence[Kind]] = (*NoticeKind, *OwnKind)
_TELLING: Final[Mapping[Kind, str]] = {
    NoticeKind.FOLLOWED: "status",
    NoticeKind.OVERDUE: "promise",
    NoticeKind.ESCALATION: "promise",
    NoticeKind.ESCALATED: "promise",
    NoticeKind.TO_DECIDE: "reason",
    NoticeKind.REJECTED: "reason",
    NoticeKind.CLOSED: "reason",
    NoticeKind.ENDED: "reason",
    NoticeKind.DISPUTED: "reason",
    NoticeKind.REOPENED: "reason",
}
"""What a line of a digest adds to its kind."""


@dataclass(frozen=True, slots=True)
class Sayings:
    """Shared by mail and telephone."""

    directory: Directory
    settings: Settings
    forms: Forms

    def of(self, delivery: Delivery, contact: Contact, language: Language, links: Mapping[str, str]) -> Saying:
        """Of a confidential case that is the ticket, and links that say nothing of it."""
        least = {
            "ticket": delivery.ticket,
            "link": links.get("open") or self.link_to(delivery),
            "confirm": links.get("confirm", ""),
            "stop": "" if delivery.kind in NEVER_STOPPED else links.get("stop", ""),
        }
        if delivery.facts.confidential and isinstance(delivery.kind, NoticeKind):
            return Saying(CONFIDENTIAL, {"language": language.value}, least)
        choices = {
            "language": language.value,
            "recipient": delivery.recipient.value,
            "urgency": delivery.facts.urgency.value,
            "anonymous": "yes" if delivery.facts.anonymous else "",
        } | self._enumerated(delivery, language)
        values = least | {"code": links.get("code", "")} | self._details(delivery, contact, language)
        return Saying(delivery.kind.value, choices, values)

    def digest(self, deliveries: Sequence[Delivery], language: Language, links: Mapping[str, str]) -> dict[str, Any]:
        """Many at once, by what happened; confidential ones last, with nothing but their ticket."""
        lines = sorted((self._line(delivery, language) for delivery in deliveries), key=lambda line: line["place"])
        titles = self.forms.words(language.value)["groups"]
        stoppable = any(delivery.kind not in NEVER_STOPPED for delivery in deliveries)
        return {
            "language": language.value,
            "count": str(len(deliveries)),
            "at_desk": deliveries[0].recipient in _AT_THE_DESK,
            "groups": [
                (titles[name], list(members)) for name, members in groupby(lines, key=lambda line: line["group"])
            ],
            "link": links.get("open", ""),
            "stop": links.get("stop", "") if stoppable else "",
        }

    def link_to(self, delivery: Delivery) -> str:
        if not delivery.ticket:
            return ""
        settings = self.settings
        paths = {Recipient.REPORTER: settings.reporter_path, Recipient.FOLLOWER: settings.follower_path}
        path = paths.get(delivery.recipient, settings.agency_path)
        return settings.public_url.rstrip("/") + path.format(ticket=delivery.ticket)

    def _enumerated(self, delivery: Delivery, language: Language) -> dict[str, str]:
        """A word that only a newer replica knows is none."""
        words, detail = self.forms.words(language.value), delivery.detail
        return {
            name: said if (said := detail.get(name, "")) in words[where] else "" for name, where in _ENUMERATED.items()
        }

    def _details(self, delivery: Delivery, contact: Contact, language: Language) -> dict[str, str]:
        facts, detail = delivery.facts, delivery.detail
        reporter = contact.reporter if delivery.names_reporter else None
        return {
            "category": self._category(facts.category, language),
            "region": self._region(facts.region),
            "agency": self._agency(delivery.agency, language),
            "office": self._office(delivery, language),
            "officer": self._officer(detail.get("officer", "")),
            "received_at": in_words(facts.received_at, language),
            "reporter": one_line(reporter.name or "")[:_LONGEST_NAME] if reporter else "",
            "words": contact.words.get(delivery.words, "").strip() if delivery.words else "",
            "followed": self._followed(detail.get("target", ""), language),
            "url": detail.get("url", ""),
            "linked_to": detail.get("linked_to", ""),
            "rating": detail.get("rating", ""),
            "budget_year": detail.get("budget_year", ""),
        } | self._moments(delivery, language)

    def _moments(self, delivery: Delivery, language: Language) -> dict[str, str]:
        due = {due.kind.value: in_words(due.at, language) for due in delivery.facts.due}
        moment, until = _first_due(delivery.facts, delivery.detail), _until(delivery)
        said = {
            "due": in_words(moment, language) if moment else "",
            "until": in_words(until, language) if until else "",
        }
        short = {f"{name}_short": _short(words) for name, words in said.items()}
        return said | short | {f"{kind}_due": due.get(kind, "") for kind in PromiseKind}

    def _line(self, delivery: Delivery, language: Language) -> dict[str, Any]:
        link = self.link_to(delivery)
        if delivery.facts.confidential:
            return {"group": CONFIDENTIAL, "place": (1, ""), "ticket": delivery.ticket, "link": link, "said": ()}
        words, enumerated = self.forms.words(language.value), self._enumerated(delivery, language)
        telling = _TELLING.get(delivery.kind, "")
        what = words[_ENUMERATED[telling]].get(enumerated[telling], "") if telling else ""
        facts, moment = delivery.facts, _first_due(delivery.facts, delivery.detail)
        about = [self._category(facts.category, language), self._region(facts.region)]
        due = f"{words['due']}: {in_words(moment, language)}" if moment else ""
        officer = self._officer(delivery.detail.get("officer", ""))
        meant = words["instead"].format(officer) if officer else ""
        said = (what[:1].upper() + what[1:], ", ".join(filter(None, about)), due, meant)
        place = (0, _KINDS.index(delivery.kind))
        return {"group": delivery.kind.value, "place": place, "ticket": delivery.ticket, "link": link, "said": said}

    def _category(self, code: str, language: Language) -> str:
        category = self.directory.categories.get(code)
        return _label(category.name if category else None, language, code)

    def _agency(self, agency_id: str | None, language: Language) -> str:
        agency = self.directory.agencies.get(agency_id or "")
        return _label(agency.name if agency else None, language, agency_id or "")

    def _office(self, delivery: Delivery, language: Language) -> str:
        """Who is told, where that is a body: the holder of a part is not the holder of the whole."""
        told = delivery.told if delivery.told in self.directory.agencies else delivery.agency
        return self._agency(told, language)

    def _officer(self, officer_id: str) -> str:
        """For whom somebody else gets it."""
        officer = self.directory.officers.get(officer_id)
        return one_line(officer.name)[:_LONGEST_NAME] if officer else officer_id

    def _region(self, code: str | None) -> str:
        """`Masbagik Utara, Masbagik, Lombok Timur`: from the finest known to the regency."""
        known = self.directory.regions
        return ", ".join(known[level].name for level in reversed(_below_the_province(code)) if level in known)

    def _followed(self, target: str, language: Language) -> str:
        """What somebody wants to follow: `aduan tentang Jalan rusak`."""
        if not target:
            return ""
        try:
            read = Target.parse(target)
        except ValueError:
            return ""
        words = self.forms.words(language.value)["targets"]
        return words[read.kind].format(self._target(read, language))

    def _target(self, target: Target, language: Language) -> str:
        match target.kind:
            case TargetKind.CASE:
                return target.id
            case TargetKind.REGION:
                region = self.directory.regions.get(target.id)
                return self._region(target.id) or (region.name if region else target.id)
            case TargetKind.CATEGORY:
                return self._category(target.id, language)
            case TargetKind.AGENCY:
                return self._agency(target.id, language)


def reference_of(deliveries: Sequence[Delivery]) -> UUID:
    """Under which one message or a digest is known; the same for the same deliveries, in whatever order.

    A digest keeps the one that it was tried with, also where somebody left it meanwhile.
    """
    tried_as = deliveries[0].message
    if tried_as is not None:
        return UUID(tried_as)
    if len(deliveries) == 1:
        one = deliveries[0]
        return follow_id(one.id, f"again/{one.again}") if one.again else one.id
    return named_id(*sorted(str(delivery.id) for delivery in deliveries))


def _below_the_province(code: str | None) -> Sequence[str]:
    return region_levels(code)[1:] if code else ()


def _first_due(facts: CaseFacts, detail: Mapping[str, str]) -> datetime | None:
    """Of the promise that the event is about, else of the one that is due first."""
    wanted = detail.get("promise")
    return next((due.at for due in facts.due if wanted in {None, due.kind.value}), None)


def _until(delivery: Delivery) -> datetime | None:
    """By when its recipient can do what it offers."""
    if delivery.kind is NoticeKind.CONFIRMATION:
        return delivery.created_at + LASTS[Purpose.FOLLOW]
    said = delivery.detail.get("until")
    return datetime.fromisoformat(said) if said else None


def _short(words: str) -> str:
    """`Jumat 27 Nov 2026 16.00 WITA` as `27 Nov 16.00 WITA`."""
    if not words:
        return ""
    _, day, month, _, *clock = words.split()
    return " ".join((day, month, *clock))


def _label(label: Label | None, language: Language, otherwise: str) -> str:
    return label.in_language(language) if label else otherwise
