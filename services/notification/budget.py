"""How often somebody may be asked whether they want to follow, and what is said to whoever asks too often."""

from collections import deque
from datetime import datetime, timedelta

from shared.problems import Problem
from shared.wita import WITA, day_of


class Budget:
    """So many an hour, in this process."""

    def __init__(self, an_hour: int) -> None:
        self._an_hour = an_hour
        self._spent: deque[datetime] = deque()

    def is_left(self, at: datetime) -> bool:
        while self._spent and self._spent[0] <= at - timedelta(hours=1):
            self._spent.popleft()
        return len(self._spent) < self._an_hour

    def spend(self, at: datetime) -> None:
        """Also what is no longer left: whoever was told that a message comes gets it."""
        self._spent.append(at)


def too_many_texts() -> Problem:
    detail = "Give an e-mail address, or try again in an hour."
    return Problem(429, "Too many text messages are asked for", detail, headers={"Retry-After": "3600"})


def asked_too_often(now: datetime) -> Problem:
    tomorrow = datetime.combine(day_of(now) + timedelta(days=1), datetime.min.time(), WITA)
    headers = {"Retry-After": str(int((tomorrow - now).total_seconds()) + 1)}
    detail = "Confirm one of those that were asked for today, or try again tomorrow."
    return Problem(429, "Too many requests for this address are unconfirmed", detail, headers=headers)
