"""Which agency gets a complaint: rules are data, tried in order, the first match wins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from shared.directory import related_bodies
from shared.events.complaints import ComplaintSubmitted
from shared.events.directory import Agency, Calendar, Category, Officer, Rule
from shared.events.event import Urgency, regency_of
from shared.events.reasons import TriageReason
from shared.events.standards import Standard
from shared.wita import day_of

NO_RULE = "none"
OF_THE_REGENCY = "kab:"


@dataclass(frozen=True)
class Decision:
    """An agency, or None and the reason why a coordinator must decide."""

    agency: str | None
    rule: str
    """Name of the rule that decided, or that matched but led nowhere."""
    urgency: Urgency
    reason: TriageReason | None = None


@dataclass(frozen=True)
class Rulebook:
    """What decisions and promises are made from, as the directory stood at one moment."""

    agencies: Mapping[str, Agency]
    categories: Mapping[str, Category]
    rules: Sequence[Rule]
    """By position."""
    calendar: Calendar
    standard: Standard
    officers: Mapping[str, Officer] = field(default_factory=dict[str, Officer])
    extra: Calendar | None = None
    """Days that coordinators close besides."""

    @cached_property
    def closed(self) -> frozenset[date]:
        extra = self.extra.closed if self.extra else ()
        return frozenset(closed.day for closed in (*self.calendar.closed, *extra))

    @cached_property
    def _coordinating(self) -> list[Agency]:
        return sorted((agency for agency in self.agencies.values() if agency.coordinates), key=lambda agency: agency.id)

    def decide(self, complaint: ComplaintSubmitted) -> Decision:
        """Total: a complaint that no rule claims goes to triage, never nowhere."""
        category = self.categories.get(complaint.category)
        if category is None:
            return Decision(None, NO_RULE, Urgency.IMPORTANT, TriageReason.UNKNOWN_CATEGORY)
        urgency = category.urgency_for(complaint.answers)
        day = day_of(complaint.received_at)
        rule = next((rule for rule in self.rules if _matches(rule, complaint, day)), None)
        if rule is None:
            return Decision(None, NO_RULE, urgency, TriageReason.NO_RULE)
        target = self._target(rule, complaint, day)
        if isinstance(target, TriageReason):
            return Decision(None, rule.id, urgency, target)
        return Decision(target, rule.id, urgency)

    def coordinator(self, about: str | None, day: date) -> str:
        """The body whose coordinators decide: never one that the complaint is about, rather one valid on the day.

        Raises LookupError where it is about all that coordinate.
        """
        accused = self.related(about)
        found = [agency for agency in self._coordinating if agency.id not in accused]
        if not found:
            raise LookupError("no body coordinates but those that it is about")
        return next((agency.id for agency in found if agency.valid_on(day)), found[0].id)

    def related(self, about: str | None) -> frozenset[str]:
        """Whoever must not learn of it; see `shared.directory`."""
        return related_bodies(self.agencies, about)

    def accusing(self, body: str | None) -> frozenset[str]:
        """The bodies whose complaints this one's people must not see: all to which it is related."""
        found, todo = set[str](), [body] if body else []
        while todo:
            one = todo.pop()
            if one not in found:
                found.add(one)
                known = self.agencies.get(one)
                todo += [up for up in (known.successor, known.parent) if up] if known else []
                todo += [other.id for other in self.agencies.values() if other.successor == one]
        return frozenset(found)

    def below(self, body: str) -> frozenset[str]:
        """All that stand below it, at any depth."""
        children = {agency.id for agency in self.agencies.values() if agency.parent == body}
        return frozenset(children.union(*(self.below(child) for child in children)))

    def present(self, officer: str, day: date) -> str | None:
        """The officer or, by and by, who stands in on the day; None where all of them are absent."""
        asked = set[str]()
        while officer not in asked and (known := self.officers.get(officer)) is not None and known.valid_on(day):
            absence = next((absence for absence in known.absences if absence.covers(day)), None)
            if absence is None:
                return officer
            asked.add(officer)
            officer = absence.stand_in or officer
        return None

    def _target(self, rule: Rule, complaint: ComplaintSubmitted, day: date) -> str | TriageReason:
        regency = regency_of(complaint.region)
        if regency is None and all(wanted.startswith(OF_THE_REGENCY) for wanted in rule.agencies):
            return TriageReason.REGION_UNKNOWN
        wanted = (self.agencies.get(_agency_id(name, regency)) for name in rule.agencies)
        valid = next((agency.id for agency in wanted if agency is not None and _takes_cases(agency, day)), None)
        if valid is None:
            return TriageReason.NO_AGENCY
        return TriageReason.CONFLICT_OF_INTEREST if valid in self.related(complaint.about) else valid


def _takes_cases(agency: Agency, day: date) -> bool:
    return agency.valid_on(day) and agency.escalation is None


def _matches(rule: Rule, complaint: ComplaintSubmitted, day: date) -> bool:
    return (
        complaint.category in rule.categories
        and rule.valid_on(day)
        and all(condition.holds(complaint.answers) for condition in rule.when)
    )


def _agency_id(name: str, regency: str | None) -> str:
    if not name.startswith(OF_THE_REGENCY):
        return name
    return f"{name.removeprefix(OF_THE_REGENCY)}-{regency}"
