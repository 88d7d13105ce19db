"""Counts as they are told, with their shares."""

from typing import Self

from pydantic import BaseModel, ConfigDict

from services.reporting.domain.statistics import Counts


class Figures(BaseModel):
    """Cases by how far they are. Shares are of those received, in percent to one decimal, half up; null of nothing."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    received: int
    facts: int
    """Matters: those that are not linked to another complaint about the same."""
    reporters: int
    """People: who complained, and others who said that they have the same trouble."""
    followed_up: int
    """Their agency did something, asked something or resolved it."""
    done: int
    """Resolved or closed, and not linked to another."""
    rejected: int
    followed_up_percent: float | None
    done_percent: float | None
    rejected_percent: float | None

    @classmethod
    def of(cls, counts: Counts, **others: object) -> Self:
        return cls.model_validate({name: getattr(counts, name) for name in Figures.model_fields} | others)
