"""What of residents is to be erased, and when. Pure: what the topics say goes in, what is to be done comes out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from shared.events.complaints import ComplaintErased, ErasureReason
from shared.ids import follow_id, named_id


@dataclass(frozen=True)
class Rules:
    """How long things are kept."""

    keep_for: timedelta
    """After a case ended, what is personal of it is kept so long."""
    orphans_after: timedelta
    """A part whose event never came is kept so long."""
    repeats_after: timedelta = timedelta(days=1)
    """A tombstone is written again after so long: where nobody else writes, that closes the file which the erased lies
    in, and only closed files are compacted."""
    repeats_until: timedelta = timedelta(days=3)
    """After an erasure that is older nothing is repeated."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the topics say of a ticket."""

    request: UUID | None = None
    """Event by which the reporter asked for erasure, where nothing was erased since."""
    ended_at: datetime | None = None
    """Since when nobody works on it any more. None: somebody does, or it is linked to one that somebody works on."""
    erased_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """The newest record of one key of `ntbcare.personal`."""

    key: str
    at: datetime
    is_there: bool
    """Rather than erased."""
    photos: tuple[str, ...] = ()
    has_event: bool = True

    @property
    def ticket(self) -> str:
        return self.key.partition(":")[0]


@dataclass
class Job:
    """What is to be done for a ticket, in this order; done again it changes nothing."""

    ticket: str
    photos: set[str] = field(default_factory=set[str])
    keys: list[str] = field(default_factory=list[str])
    event: ComplaintErased | None = None

    @property
    def is_anything(self) -> bool:
        return bool(self.keys or self.event)


def why_erase(told: Told, now: datetime, rules: Rules) -> ErasureReason | None:
    """Whoever asks is heard at once; the rest waits until its time is over. What is open is never erased unasked."""
    if told.request is not None:
        return ErasureReason.ASKED
    if told.ended_at is None:
        return None
    over_at = told.ended_at + rules.keep_for
    is_done = told.erased_at is not None and told.erased_at >= over_at
    return ErasureReason.RETENTION if over_at <= now and not is_done else None


def erasure_of(ticket: str, told: Told, reason: ErasureReason, now: datetime) -> ComplaintErased:
    """Of one cause it has one id, so whoever is killed and begins again tells of the same erasure."""
    ended_at = told.ended_at.isoformat() if told.ended_at else ""
    event_id = follow_id(told.request, "erased") if told.request else named_id(ticket, "erased", reason, ended_at)
    return ComplaintErased(event_id=event_id, ticket=ticket, occurred_at=now, reason=reason)


def is_to_erase(part: Part, erased_at: datetime | None, now: datetime, rules: Rules) -> bool:
    """Of a ticket that is not due now: what came after its erasure, and what no event ever named."""
    if erased_at is not None:
        return part.is_there or _is_repeated(part.at, erased_at, now, rules)
    return part.is_there and not part.has_event and part.at + rules.orphans_after <= now


def is_told_again(told_at: datetime, erased_at: datetime, now: datetime, rules: Rules) -> bool:
    """Whether the event is; then routing repeats its tombstones as well."""
    return _is_repeated(told_at, erased_at, now, rules)


def _is_repeated(last_at: datetime, erased_at: datetime, now: datetime, rules: Rules) -> bool:
    return last_at + rules.repeats_after <= now <= erased_at + rules.repeats_until


def jobs_of(
    erasures: Mapping[str, ComplaintErased], parts: Iterable[Part], posted: Mapping[str, Iterable[str]]
) -> list[Job]:
    """By ticket. `erasures`: those that are due; `parts`: those that go; `posted`: photos published of a case."""
    jobs = {ticket: Job(ticket, event=event) for ticket, event in erasures.items()}
    for part in parts:
        job = jobs.setdefault(part.ticket, Job(part.ticket))
        job.keys.append(part.key)
        job.photos.update(part.photos)
    for ticket in erasures:
        jobs[ticket].photos.update(posted.get(ticket, ()))
    return [job for job in jobs.values() if job.is_anything]
