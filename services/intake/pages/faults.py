"""What is wrong with a form, in the words of its language and at the names of its fields."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

from services.intake.pages.filled import KEYED_IN, PROXY, SUBJECT
from services.intake.pages.showing import Told
from shared.problems import Problem

Faults = Iterable[tuple[str, str]]
_FIELDS: Final = {
    "reporter.name": "name",
    "reporter.email": "email",
    "reporter.phone": "phone",
    "reporter.prefers": "prefers",
    "reporter.language": "language",
    "proxy.kind": "proxy",
    "proxy.mandate": "mandate",
    "proxy.subject.name": "subject_name",
    "proxy.subject.phone": "subject_phone",
    "proxy.subject.email": "subject_email",
    "location.address": "address",
    "location.region": "place",
    "location.latitude": "place",
    "location.longitude": "place",
    "location": "place",
}
_TOLD: Final = ("text", "category", "answers", "place", "address", "photos", "name", "phone", "email", "prefers")
ORDER: Final = (*KEYED_IN, *_TOLD, *PROXY, *SUBJECT)
"""Of the fields on the page."""
_OTHERS: Final = "form"
PARTICULAR: Final = {("place", "lies"): "outside", ("name", "somebody else"): "name_for_other"}
"""By the field and a word of what is wrong with it: the sentence that says more."""


def tell(faults: Faults, words: Mapping[str, Any]) -> Told:
    """One sentence a field, in the order of the page; whatever has no field of its own stands on top alone."""
    found = {_field(path): detail for path, detail in faults}
    ordered = sorted(found, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))
    return Told(faults={name: _sentence(name, found[name], words) for name in ordered})


def tell_problem(problem: Problem, words: Mapping[str, Any]) -> Told:
    """What an endpoint refused, for the form that it was sent from."""
    if problem.status == HTTPStatus.UNPROCESSABLE_ENTITY and "errors" in problem.body:
        errors: Any = problem.body["errors"]
        return tell([(one["field"], one["detail"]) for one in errors], words)
    refused, suspicion = words["refused"], problem.body.get("suspicion")
    if suspicion is not None:
        return Told(sentence=refused.get(str(suspicion), refused["suspected"]), again=True)
    return Told(sentence=refused.get(str(problem.status), refused["other"]), again=problem.status in {429, 503})


def tell_of_photo(problem: Problem, words: Mapping[str, Any]) -> str:
    """Why a photo was not taken."""
    return words["photo_refused"].get(str(problem.status), words["photo_refused"]["other"])


def _field(path: str) -> str:
    if path in _FIELDS:
        return _FIELDS[path]
    first = path.partition(".")[0]
    return first if first in ORDER else _OTHERS


def _sentence(name: str, detail: str, words: Mapping[str, Any]) -> str:
    sentences = words["faults"]
    more = (said for (field, word), said in PARTICULAR.items() if field == name and word in detail)
    return sentences.get(next(more, name), detail)
