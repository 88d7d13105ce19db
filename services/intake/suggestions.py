"""What a text may be about: `POST /v1/complaints/suggestions`."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.intake.domain.suggesting import MOST, Suggester, Suggestion
from services.intake.gate import Gate, Visitor, Wish
from shared.bodies import describe_refusals
from shared.directory import Directory
from shared.events.event import CategoryCode
from shared.wita import day_of


class TextBody(BaseModel):
    """Words of a complaint, as far as they are written."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, StringConstraints(max_length=5_000)]


class SuggestionBody(BaseModel):
    """A category, how much speaks for it, and which words of the text do."""

    category: CategoryCode
    confidence: float = Field(gt=0, lt=1)
    words: list[str]


class SuggestionsBody(BaseModel):
    """The surest first; none where no word says anything. The person decides."""

    suggestions: list[SuggestionBody] = Field(max_length=MOST)


class Suggestions:
    """Suggests by the keywords of the categories of today, which are read anew when the directory changed."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._suggester: Suggester | None = None
        self._made_on: date | None = None

    def note_change(self, _: str) -> None:
        self._suggester = None

    def __call__(self, text: str) -> Sequence[Suggestion]:
        today = day_of(datetime.now(UTC))
        if self._suggester is None or self._made_on != today:
            categories = self._directory.categories_on(today)
            self._suggester = Suggester({category.id: category.keywords for category in categories})
            self._made_on = today
        return self._suggester.suggest(text)


def create_suggestion_router(suggest: Suggestions, gate: Gate) -> APIRouter:
    router = APIRouter(prefix="/v1/complaints", tags=["complaints"], responses=describe_refusals(400, 413, 422, 429))

    @router.post("/suggestions")
    async def suggest_categories(request: Request, body: TextBody) -> SuggestionsBody:
        """Suggest categories for a text. It is read and forgotten.

        Keywords of the categories are counted, nothing else. Send what was suggested first as `suggested` with the
        complaint, whatever was chosen: so the keywords get better.
        """
        gate.let_in(Wish.SUGGESTION, Visitor(gate.peer_of(request)))
        found = [SuggestionBody.model_validate(asdict(suggestion)) for suggestion in suggest(body.text)]
        return SuggestionsBody(suggestions=found)

    return router
