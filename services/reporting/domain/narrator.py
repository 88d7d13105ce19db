"""Tells the history of a case."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from services.reporting.domain.case import Step
from services.reporting.domain.sentences import SENTENCES
from services.reporting.domain.terms import (
    FOLLOW_UPS,
    LEVELS,
    PROMISES,
    REJECTION_REASONS,
    RETURN_REASONS,
    ROLES,
    RULES,
    TRIAGE_REASONS,
    URGENCIES,
    Term,
    Terms,
    in_language,
    named,
)
from shared.directory import Directory
from shared.events.event import Language
from shared.wita import in_full_words

_OTHER: Final[Term] = ("Peristiwa lain: {type}.", "Another event: {type}.")
_PART: Final[Term] = ("Bagian {part}: ", "Part {part}: ")
_RULE: Final[Term] = ("aturan penerusan {rule}", "the routing rule {rule}")
_REASONS: Final[Mapping[str, Terms]] = {
    "case.triaged.v1": TRIAGE_REASONS,
    "case.returned.v1": RETURN_REASONS,
    "case.rejected.v1": REJECTION_REASONS,
    "case.concluded.v1": REJECTION_REASONS,
}
_TERMS: Final[Mapping[str, Terms]] = {
    "follow_up": FOLLOW_UPS,
    "allowed": FOLLOW_UPS,
    "from_urgency": URGENCIES,
    "level": LEVELS,
    "moved": PROMISES,
    "promise": PROMISES,
}
_AGENCIES: Final = {"agency", "coordinator", "holder", "suggested"}


class Narrator:
    """Tells steps in one language, with the names that the directory has now."""

    def __init__(self, names: Directory, language: Language) -> None:
        self._names = names
        self._language = language

    def tell(self, step: Step) -> str:
        """Begins with the part of the case that it is about, where it is about one only."""
        values = self._values(step)
        facts = step.facts
        variant = f"{step.type}:{facts.get('outcome') or facts.get('reason') or facts.get('level')}"
        clauses = SENTENCES.get(variant) or SENTENCES.get(step.type, (_OTHER,))
        told = [self._clause(clause, values) for clause in clauses]
        part = part_of(step.case_id)
        begin = self._say(_PART, part=part) if part else ""
        return begin + " ".join(clause for clause in told if clause)

    def actor(self, step: Step) -> str:
        """`petugas, Dinas PUPR`; only the role where no body is named."""
        role = named(ROLES, step.actor, self._language)
        return f"{role}, {self.agency(step.actor_agency)}" if step.actor_agency else role

    def agency(self, agency: str) -> str:
        known = self._names.agencies.get(agency)
        return known.name.in_language(self._language) if known else agency

    def category(self, category: str) -> str:
        known = self._names.categories.get(category)
        return known.name.in_language(self._language) if known else category

    def _clause(self, clause: Term, values: Mapping[str, str]) -> str:
        try:
            text = self._say(clause, **values)
        except KeyError:
            return ""
        return text[:1].upper() + text[1:]

    def _values(self, step: Step) -> dict[str, str]:
        body = step.actor_agency or step.agency
        by = self.agency(body) if body else named(ROLES, step.actor, self._language)
        told = {name: self._value(step.type, name, value) for name, value in step.facts.items()}
        return {"by": by, "type": step.type} | {name: value for name, value in told.items() if value}

    def _value(self, kind: str, name: str, value: Any) -> str:
        if name in _AGENCIES:
            return self.agency(value)
        match name:
            case "from_category":
                return self.category(value)
            case "due_at":
                return in_full_words(datetime.fromisoformat(value), self._language)
            case "rule":
                return named(RULES, value, self._language) if value in RULES else self._say(_RULE, rule=value)
            case _:
                return self._codes(kind, name, value if isinstance(value, list) else [value])

    def _codes(self, kind: str, name: str, codes: list[Any]) -> str:
        """Empty where there are none."""
        if name == "photos":
            return str(len(codes)) if codes else ""
        if name == "parts":
            return ", ".join(part_of(part) for part in codes)
        terms = _REASONS.get(kind, {}) if name == "reason" else _TERMS.get(name, {})
        return ", ".join(named(terms, str(code), self._language) for code in codes)

    def _say(self, term: Term, **values: str) -> str:
        return in_language(term, self._language).format_map(values)


def part_of(case_id: str) -> str:
    """The number of a part of a case; empty for the whole."""
    return case_id.partition(".")[2]
