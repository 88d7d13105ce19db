"""Changes of the directory: what must hold before one is taken, and what a new rule would have done."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from services.routing.domain.rulebook import OF_THE_REGENCY, Decision, Rulebook
from shared.directory import Directory
from shared.events.complaints import ComplaintSubmitted
from shared.events.directory import Agency, Calendar, Category, Entry, Officer, Question, Rule, Template
from shared.events.standards import Standard

Editable = Agency | Officer | Category | Rule | Calendar | Standard | Template
EDITABLE: dict[str, type[Editable]] = {
    "agency": Agency,
    "officer": Officer,
    "category": Category,
    "rule": Rule,
    "calendar": Calendar,
    "standard": Standard,
    "template": Template,
}
Fault = tuple[str, str]
"""The dotted path of a field, and what is wrong with it."""


@dataclass(frozen=True)
class Moved:
    """A complaint that would have gone elsewhere."""

    ticket: str
    category: str
    region: str | None
    before: str | None
    """None: to triage."""
    before_rule: str
    after: str | None
    after_rule: str


def find_faults(entry: Entry, directory: Directory) -> list[Fault]:
    """Everything that the entry refers to and that is not there, field by field."""
    match entry:
        case Agency():
            return list(_agency_faults(entry, directory))
        case Officer():
            return list(_officer_faults(entry, directory))
        case Category():
            itself = [("redirect", "is the category itself")] if entry.redirect == entry.id else []
            return [*_unknown("redirect", entry.redirect, directory.categories), *itself]
        case Rule():
            return list(_rule_faults(entry, directory))
        case Template():
            return [
                *_unknown("agency", entry.agency, directory.agencies),
                *_unknown("category", entry.category, directory.categories),
            ]
        case _:
            return []


def _unknown(field: str, name: str | None, known: Iterable[str]) -> Iterator[Fault]:
    if name is not None and name not in known:
        yield field, f"{name} is not in the directory"


def _agency_faults(agency: Agency, directory: Directory) -> Iterator[Fault]:
    yield from _unknown("parent", agency.parent, directory.agencies)
    yield from _successor_faults(agency, directory)
    yield from _caseless("successor", agency.successor, directory)
    if agency.escalation is not None and agency.coordinates:
        yield "coordinates", "takes cases, and an office that is told of broken promises is given none"


def _caseless(field: str, name: str | None, directory: Directory) -> Iterator[Fault]:
    known = directory.agencies.get(name or "")
    if known is not None and known.escalation is not None:
        yield field, f"{name} is told of broken promises and is given no cases"


def _successor_faults(agency: Agency, directory: Directory) -> Iterator[Fault]:
    yield from _unknown("successor", agency.successor, directory.agencies)
    if agency.successor is not None and agency.valid_before is None:
        yield "valid_before", "is needed where there is a successor: the day on which that one takes over"
    seen, successor = {agency.id}, agency.successor
    while successor is not None:
        if successor in seen:
            yield "successor", "comes back to where it began"
            return
        seen.add(successor)
        known = directory.agencies.get(successor)
        successor = known.successor if known else None


def _officer_faults(officer: Officer, directory: Directory) -> Iterator[Fault]:
    yield from _unknown("agency", officer.agency, directory.agencies)
    for number, absence in enumerate(officer.absences):
        yield from _unknown(f"absences.{number}.stand_in", absence.stand_in, directory.officers)
        if absence.stand_in == officer.id:
            yield f"absences.{number}.stand_in", "is the officer who is away"
        if absence.absent_before <= absence.absent_from:
            yield f"absences.{number}.absent_before", "must be after absent_from"


def _rule_faults(rule: Rule, directory: Directory) -> Iterator[Fault]:
    for number, category in enumerate(rule.categories):
        yield from _unknown(f"categories.{number}", category, directory.categories)
    for number, name in enumerate(rule.agencies):
        stem = name.removeprefix(OF_THE_REGENCY)
        known = any(agency.startswith(f"{stem}-") for agency in directory.agencies) if stem != name else False
        if not known and name not in directory.agencies:
            yield f"agencies.{number}", f"{name} is not in the directory"
        yield from _caseless(f"agencies.{number}", name, directory)
    asked = {question.code for category in rule.categories for question in _questions(category, directory)}
    for number, condition in enumerate(rule.when):
        if condition.question not in asked:
            yield f"when.{number}.question", f"{condition.question} is no question of these categories"
    if any(other.position == rule.position and other.id != rule.id for other in directory.rules.values()):
        yield "position", "is another rule's: which of the two would be first?"


def _questions(category: str, directory: Directory) -> Sequence[Question]:
    known = directory.categories.get(category)
    return known.questions if known else ()


def dry_run(rule: Rule, rulebook: Rulebook, complaints: Iterable[ComplaintSubmitted]) -> list[Moved]:
    """Which of the complaints the rulebook would send elsewhere if it held this rule."""
    rules = sorted([*(one for one in rulebook.rules if one.id != rule.id), rule], key=lambda one: one.position)
    changed = replace(rulebook, rules=rules)
    moved: list[Moved] = []
    for complaint in complaints:
        before, after = rulebook.decide(complaint), changed.decide(complaint)
        if before.agency != after.agency:
            moved.append(_moved(complaint, before, after))
    return moved


def _moved(complaint: ComplaintSubmitted, before: Decision, after: Decision) -> Moved:
    return Moved(
        ticket=complaint.ticket,
        category=complaint.category,
        region=complaint.region,
        before=before.agency,
        before_rule=before.rule,
        after=after.agency,
        after_rule=after.rule,
    )
