"""Answers that are worked out once for the sums as they are."""

from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

Value = TypeVar("Value")


class Kept:
    """Keeps answers in memory until any sum is made anew. Callers share them, so none may be changed."""

    def __init__(self, state: Callable[[], Awaitable[Hashable]]) -> None:
        """`state`: another one after any sums were made."""
        self._state = state
        self._of: Hashable = None
        self._answers: dict[Hashable, Any] = {}

    async def get(self, asked: Hashable, work_out: Callable[[], Awaitable[Value]]) -> Value:
        """What was asked is the key; the answer is of the sums as they are now, or newer."""
        state = await self._state()
        if state != self._of:
            self._of, self._answers = state, {}
        answers = self._answers
        if asked not in answers:
            # Kept beside what else is of that state: where sums were made meanwhile, nobody finds it any more.
            answers[asked] = await work_out()
        return answers[asked]
