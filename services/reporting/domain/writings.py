"""What the reporter wrote and answered, the complaint first."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.reporting.domain.case import StoredCase, Submission
from services.reporting.domain.terms import WRITINGS, named
from shared.directory import Directory
from shared.events.directory import Question
from shared.events.event import Language

_SUBMISSION: Final = "submission"
_OTHER: Final = "other"
_OF_CONTACT: Final = "contact.changed.v1"


@dataclass(frozen=True, slots=True)
class Writing:
    """One text. It is null where it was erased, or is not here yet; `at` where it is not known when it was written."""

    kind: str
    title: str
    at: datetime | None
    text: str | None
    erased: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What the reporter chose of what the category asks."""

    question: str
    answer: str


def writings_of(stored: StoredCase, language: Language) -> list[Writing]:
    """The submission, what followed in order, and last the texts of which no event is known."""
    return [
        Writing(
            kind=kind,
            title=named(WRITINGS, kind, language),
            at=at,
            text=stored.personal.get(part),
            erased=stored.is_erased(part),
        )
        for kind, part, at in _parts(stored)
    ]


def answers_of(told: Submission | None, names: Directory, language: Language) -> list[Answer]:
    """In the order of the category's questions, then those that it no longer asks, by their codes."""
    if told is None:
        return []
    category = names.categories.get(told.category)
    questions = {question.code: question for question in category.questions} if category else {}
    known = [_answer(questions[code], told.answers[code], language) for code in questions if code in told.answers]
    return known + [Answer(code, answer) for code, answer in told.answers.items() if code not in questions]


def _parts(stored: StoredCase) -> Iterator[tuple[str, str, datetime | None]]:
    told = stored.submission
    if told:
        yield _SUBMISSION, told.part, told.received_at
    follow_ups = sorted(stored.follow_ups.items(), key=lambda known: (known[1].at, known[0]))
    for _, follow_up in follow_ups:
        if follow_up.type != _OF_CONTACT:
            yield follow_up.type, follow_up.part, follow_up.at
    named_parts = {follow_up.part for _, follow_up in follow_ups} | ({told.part} if told else set())
    for part, text in sorted(stored.personal.items()):
        if text and part not in named_parts:
            yield _OTHER, part, None


def _answer(question: Question, code: str, language: Language) -> Answer:
    labels = {option.code: option.label.in_language(language) for option in question.options}
    return Answer(question.text.in_language(language), labels.get(code, code))
