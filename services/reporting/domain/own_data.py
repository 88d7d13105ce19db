"""Everything that is held about a reporter, for the reporter (UU 27/2022, articles 5 to 8)."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from services.reporting.domain.case import Personal, StoredCase
from services.reporting.domain.dossier import Line, SentNotice, lines_of, notices_of
from services.reporting.domain.narrator import Narrator
from services.reporting.domain.terms import WRITINGS, named
from services.reporting.domain.writings import Answer, answers_of
from shared.directory import Directory
from shared.events.directory import Label
from shared.events.event import Fact, Language


class Holding(Fact):
    """One kind of data: where it is, for how long, and why."""

    what: Label
    services: tuple[str, ...]
    until: Label
    why: Label


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldPart:
    """What one submission or follow-up said of somebody. `erased_at` is null where its time is not known any more."""

    part: str
    kind: str
    title: str
    written_at: datetime | None
    arrived: bool
    """False: its event is here, but not yet what was written."""
    erased: bool
    erased_at: datetime | None
    held: Mapping[str, Any]
    """By field; what was not given is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldFacts:
    """What the complaint says besides: never who, but about what, and how it is to be treated."""

    category: str
    region: str | None
    answers: list[Answer]
    anonymous: bool
    confidential: bool
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptWhere:
    """One kind of data: where it is, for how long, and why."""

    what: str
    services: list[str]
    until: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnData:
    """Names and sentences are in `language`."""

    ticket: str
    made_at: datetime
    language: Language
    personal: list[HeldPart]
    facts: HeldFacts | None
    history: list[Line]
    """With what officers wrote to the reporter."""
    messages: list[SentNotice]
    kept: list[KeptWhere]


def own_data(
    stored: StoredCase, names: Directory, language: Language, holdings: Iterable[Holding], *, at: datetime
) -> OwnData:
    narrator = Narrator(names, language)
    return OwnData(
        ticket=stored.ticket,
        made_at=at,
        language=language,
        personal=[_held(stored, known, language) for known in stored.parts()],
        facts=_facts(stored, names, narrator, language),
        history=lines_of(stored, narrator),
        messages=notices_of(stored, narrator, language),
        kept=[_kept(holding, language) for holding in holdings],
    )


def _held(stored: StoredCase, named_part: tuple[str, str, datetime | None], language: Language) -> HeldPart:
    kind, part, at = named_part
    known = stored.personal.get(part)
    return HeldPart(
        part=part,
        kind=kind,
        title=named(WRITINGS, kind, language),
        written_at=at,
        arrived=part in stored.personal,
        erased=stored.is_erased(part),
        erased_at=stored.erased_at.get(part),
        held=_given(known) if known else {},
    )


def _given(known: Personal) -> dict[str, Any]:
    return {name: value for name, value in asdict(known).items() if value not in (None, "", [])}


def _facts(stored: StoredCase, names: Directory, narrator: Narrator, language: Language) -> HeldFacts | None:
    told = stored.submission
    if told is None:
        return None
    known = names.regions.get(told.region or "")
    return HeldFacts(
        category=narrator.category(told.category),
        region=known.name if known else told.region,
        answers=answers_of(told, names, language),
        anonymous=told.anonymous,
        confidential=told.confidential,
        received_at=told.received_at,
    )


def _kept(holding: Holding, language: Language) -> KeptWhere:
    return KeptWhere(
        what=holding.what.in_language(language),
        services=list(holding.services),
        until=holding.until.in_language(language),
        why=holding.why.in_language(language),
    )
