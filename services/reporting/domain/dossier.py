"""The file for the Ombudsman: one case as its reporter may show it, in words and in order."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from services.reporting.domain.case import Notice, StoredCase
from services.reporting.domain.moments import length_in_words
from services.reporting.domain.narrator import Narrator, part_of
from services.reporting.domain.offers import offered_at
from services.reporting.domain.promises import PromiseRecord, record_promise
from services.reporting.domain.terms import (
    CHANNELS,
    DELIVERIES,
    NOTICE_REASONS,
    NOTICES,
    RECIPIENTS,
    STATUSES,
    URGENCIES,
    Term,
    in_language,
    named,
)
from services.reporting.domain.writings import Answer, Writing, answers_of, writings_of
from shared.directory import Directory
from shared.events.case import CaseSnapshot
from shared.events.event import Language, region_levels

LAWS: Final[tuple[Term, ...]] = (
    (
        "Undang-Undang Nomor 37 Tahun 2008 tentang Ombudsman Republik Indonesia",
        "Law 37/2008 on the Ombudsman of the Republic of Indonesia",
    ),
    ("Undang-Undang Nomor 25 Tahun 2009 tentang Pelayanan Publik", "Law 25/2009 on public services"),
    (
        "Peraturan Presiden Nomor 76 Tahun 2013 tentang Pengelolaan Pengaduan Pelayanan Publik",
        "Presidential Regulation 76/2013 on the handling of complaints about public services",
    ),
)


@dataclass(frozen=True, slots=True)
class Holder:
    """A body that had the case, or a part of it."""

    agency: str
    agency_name: str
    part: str | None
    since: datetime
    until: datetime | None
    held: str
    """How long, in words; until now where it still has it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened. `words` are what an official wrote about it to the reporter."""

    sequence: int
    type: str
    at: datetime
    by: str
    told: str
    words: str | None
    words_erased: bool


@dataclass(frozen=True, slots=True)
class SentNotice:
    """One message and what became of it."""

    at: datetime
    message: str
    recipient: str
    channel: str
    outcome: str
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """Everything that the reporter may know of the case. Names and sentences are in `language`."""

    ticket: str
    language: Language
    made_at: datetime
    offered_at: datetime
    received_at: datetime
    updated_at: datetime
    resolved_at: datetime | None
    status: str
    status_name: str
    category: str
    category_name: str
    urgency_name: str
    region: str | None
    region_name: str | None
    """From the finest known up to the regency."""
    agency: str | None
    agency_name: str | None
    anonymous: bool
    confidential: bool
    laws: list[str]
    writings: list[Writing]
    answers: list[Answer]
    promises: list[PromiseRecord]
    holders: list[Holder]
    history: list[Line]
    notices: list[SentNotice]


def make_dossier(stored: StoredCase, names: Directory, language: Language, at: datetime) -> Dossier | None:
    """The file as it is at the moment; None before the ladder offers it."""
    head, offered = stored.head, offered_at(stored)
    if head is None or offered is None:
        return None
    case, narrator = head.snapshot, Narrator(names, language)
    return Dossier(
        ticket=stored.ticket,
        language=language,
        made_at=at,
        offered_at=offered,
        updated_at=head.at,
        **_facts(case, names, narrator, language),
        laws=[in_language(law, language) for law in LAWS],
        writings=writings_of(stored, language),
        answers=answers_of(stored.submission, names, language),
        promises=[record_promise(promise, at, language) for promise in case.promises],
        holders=_holders(case, narrator, language, at),
        history=lines_of(stored, narrator),
        notices=notices_of(stored, narrator, language),
    )


def _facts(case: CaseSnapshot, names: Directory, narrator: Narrator, language: Language) -> dict[str, Any]:
    return {
        "received_at": case.received_at,
        "resolved_at": case.resolved_at,
        "status": case.status.value,
        "status_name": named(STATUSES, case.status, language),
        "category": case.category,
        "category_name": narrator.category(case.category),
        "urgency_name": named(URGENCIES, case.urgency, language),
        "region": case.region,
        "region_name": _region_name(case.region, names),
        "agency": case.agency,
        "agency_name": narrator.agency(case.agency) if case.agency else None,
        "anonymous": case.anonymous,
        "confidential": case.confidential,
    }


def _region_name(region: str | None, names: Directory) -> str | None:
    """`Sepit, Keruak, Lombok Timur`; the province only where nothing finer is known."""
    levels = region_levels(region) if region else ()
    known = [names.regions[level].name for level in levels[1:] or levels if level in names.regions]
    return ", ".join(reversed(known)) or region


def _holders(case: CaseSnapshot, narrator: Narrator, language: Language, at: datetime) -> list[Holder]:
    """Of the whole, then of its parts."""
    whole = [("", holding.agency, holding.since, holding.until) for holding in case.holdings]
    parts = [(part_of(part.case_id), part.agency, part.since, part.until) for part in case.parts]
    return [
        Holder(
            agency=agency,
            agency_name=narrator.agency(agency),
            part=part or None,
            since=since,
            until=until,
            held=length_in_words((until or at) - since, language),
        )
        for part, agency, since, until in whole + parts
    ]


def lines_of(stored: StoredCase, narrator: Narrator) -> list[Line]:
    return [
        Line(
            sequence=sequence,
            type=step.type,
            at=step.at,
            by=narrator.actor(step),
            told=narrator.tell(step),
            words=stored.words.get(step.words) if step.words else None,
            words_erased=bool(step.words) and stored.words.get(step.words, "") is None,
        )
        for sequence, step in sorted(stored.history.items())
    ]


def notices_of(stored: StoredCase, narrator: Narrator, language: Language) -> list[SentNotice]:
    return [_notice(notice, narrator, language) for notice in stored.messages]


def _notice(notice: Notice, narrator: Narrator, language: Language) -> SentNotice:
    return SentNotice(
        at=notice.at,
        message=named(NOTICES, notice.kind, language),
        recipient=narrator.agency(notice.agency) if notice.agency else named(RECIPIENTS, notice.recipient, language),
        channel=named(CHANNELS, notice.channel, language),
        outcome=named(DELIVERIES, notice.type, language),
        reason=named(NOTICE_REASONS, notice.reason, language) if notice.reason else None,
    )
