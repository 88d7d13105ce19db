"""A limit by the hour that needs no store."""

from collections import deque
from datetime import datetime, timedelta


class Budget:
    """So many an hour, in this process."""

    def __init__(self, an_hour: int) -> None:
        self._an_hour = an_hour
        self._spent: deque[datetime] = deque()

    def allows(self, at: datetime) -> bool:
        """Whether there is one left, which is then spent."""
        while self._spent and self._spent[0] <= at - timedelta(hours=1):
            self._spent.popleft()
        if len(self._spent) >= self._an_hour:
            return False
        self._spent.append(at)
        return True
