"""What a document is found by among those of the same matter, and what says that somebody must look at these."""

from datetime import UTC, datetime
from uuid import uuid4

from services.routing.domain.alike import NOWHERE, spot_of
from services.routing.domain.draft import Change
from services.routing.domain.families import outcome_of
from shared.events.case import Status
from shared.events.cases import CaseLinked, CaseReopened, CaseUnlinked
from shared.events.personal import PersonalRecorded
from shared.mongo import Document
from shared.wording import wording_of


def unsettled() -> str:
    """The case and those of its matter must be looked at.

    No two marks are the same: whoever has looked takes off the one that was seen, and none that came since.
    """
    return f"{mark_of(datetime.now(UTC))}/{uuid4().hex}"


def mark_of(moment: datetime) -> str:
    """Above all marks of before, below all of after."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")


def compared_by(part: PersonalRecorded) -> Document:
    """Fields that erasing the part removes."""
    told: Document = {"words": wording_of(part.text).to_words()}
    if part.latitude is not None and part.longitude is not None:
        told["point"] = [part.latitude, part.longitude]
    return {f"alike.{part.part}": told, "unsettled": unsettled()}


def spot_of_part(part: PersonalRecorded) -> str:
    if part.latitude is None or part.longitude is None:
        return NOWHERE
    return spot_of((part.latitude, part.longitude))


def mark_family(update: Document, change: Change, *, leads: bool) -> None:
    """What those of the same matter must know of a change goes into its update."""
    fields: Document = update["$set"]
    for event in change.events:
        outcome = outcome_of(event)
        if isinstance(event, CaseUnlinked):
            update["$addToSet"] = {"parted": event.linked_to}
        if outcome is not None:
            reason = outcome.reason.value if outcome.reason else None
            fields["outcome"] = {"event_id": str(outcome.event_id), "ending": outcome.ending, "reason": reason}
        if isinstance(event, CaseReopened):
            fields["outcome"] = None
    ended = fields.get("outcome") is not None or change.case.snapshot.status is Status.WITHDRAWN
    if any(isinstance(event, CaseLinked) for event in change.events) or (ended and leads):
        fields["unsettled"] = unsettled()
