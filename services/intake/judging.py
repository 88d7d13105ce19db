"""Whether a complaint is taken: who sends it, and what is wrong with it."""

from dataclasses import dataclass
from datetime import datetime

from services.intake.domain.complaints import Complaint, Known, is_urgent
from services.intake.domain.faults import Needed, find_faults
from services.intake.gate import Gate, Visitor, Wish
from shared.events.directory import Client
from shared.problems import field_problem


@dataclass
class Judge:
    """Holds complaints against the directory and the door as both are now."""

    known: Known
    gate: Gate

    def check(self, complaint: Complaint, visitor: Visitor, now: datetime) -> None:
        """Raises a 403, 422 or 429 Problem."""

        def urgent() -> bool:
            return is_urgent(complaint, self.known, now)

        self.gate.let_in(Wish.COMPLAINT, visitor, urgent)
        # What is refused as it is must not use up what the person named in it may send.
        self._check_fields(complaint, visitor.client, now)
        self.gate.let_write(complaint.reporter, visitor, urgent)

    def check_form(self, complaint: Complaint, visitor: Visitor, now: datetime) -> None:
        """The same of one that is not sent yet: no contact is counted. Raises a 422 or 429 Problem."""
        self.gate.let_in(Wish.SUGGESTION, visitor, lambda: is_urgent(complaint, self.known, now))
        self._check_fields(complaint, visitor.client, now)

    def _check_fields(self, complaint: Complaint, client: Client | None, now: datetime) -> None:
        disaster = self.gate.is_disaster
        needed = Needed.of(urgent=disaster and is_urgent(complaint, self.known, now), disaster=disaster)
        faults = find_faults(complaint, self.known, client, now, needed=needed)
        if faults:
            raise field_problem(*faults)
