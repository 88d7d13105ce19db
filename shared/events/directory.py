"""Who and what there is: topic `ntbcare.directory`, compacted, written by routing, key `<kind>:<id>`; null removes."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from shared.events.case import EscalationLevel
from shared.events.event import AgencyId, CategoryCode, Fact, Language, Moment, RegionCode, Slug, Urgency
from shared.events.standards import ResolutionClass, Standard


class Label(Fact):
    """The same words in both languages."""

    id: str
    en: str

    def in_language(self, language: Language) -> str:
        return self.en if language is Language.ENGLISH else self.id


class _Valid(Fact):
    """Something that holds from a day on and before another; open ends are None."""

    valid_from: date | None = None
    valid_before: date | None = None

    def valid_on(self, day: date) -> bool:
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_before is None or day < self.valid_before
        )


class Contact(Fact):
    """How somebody who works for government is reached. In the order of preference: as listed here."""

    email: str | None = None
    whatsapp: str | None = None
    """E.164, as `sms`."""
    sms: str | None = None
    language: Language = Language.INDONESIAN


class AgencyLevel(StrEnum):
    """Whose body it is."""

    PROVINCE = "province"
    REGENCY = "regency"
    EXTERNAL = "external"


class Agency(_Valid):
    """A body that can be responsible."""

    kind: Literal["agency"] = "agency"
    id: AgencyId
    name: Label
    level: AgencyLevel
    region: RegionCode
    """What it serves: `52`, or the regency."""
    parent: AgencyId | None = None
    successor: AgencyId | None = None
    """Who took over when it ended."""
    email: str | None = None
    """Of its post for complaints."""
    duty: Contact | None = None
    """Who is told at once of what is urgent, on every way that is given; None: its post."""
    head: Contact | None = None
    """Who is told that a promise was broken; None: whoever is on duty."""
    coordinates: bool = False
    """Whether its people decide what no rule decided."""
    escalation: EscalationLevel | None = None
    """Which step of the ladder this office is told of. It is given no cases."""


class Option(Fact):
    """One possible answer."""

    code: Slug
    label: Label


class Question(Fact):
    """What must be known to route or to rank, with enumerated answers. Answering is always optional."""

    code: Slug
    text: Label
    options: tuple[Option, ...]


class Condition(Fact):
    """Holds when the question was answered with one of the options."""

    question: Slug
    options: tuple[Slug, ...]

    def holds(self, answers: Mapping[str, str]) -> bool:
        return answers.get(self.question) in self.options


class UrgencyRule(Fact):
    """An urgency that differs from the category's own when all conditions hold."""

    when: tuple[Condition, ...]
    urgency: Urgency


class Category(_Valid):
    """What a complaint is about."""

    kind: Literal["category"] = "category"
    id: CategoryCode
    name: Label
    urgency: Urgency
    urgency_rules: tuple[UrgencyRule, ...] = ()
    """First match wins; none: `urgency`."""
    confidential: bool = False
    anonymous: bool = False
    """Switches that the category forces on."""
    resolution: ResolutionClass
    questions: tuple[Question, ...] = ()
    photo_required: bool = False
    emergency: tuple[str, ...] = ()
    """Telephone numbers that the form shows first: who is in danger calls."""
    keywords: tuple[str, ...] = ()
    """Stems of words, Indonesian and English, that speak for this category."""
    redirect: CategoryCode | None = None
    """What a complaint counts as that names this category after it ended."""

    def urgency_for(self, answers: Mapping[str, str]) -> Urgency:
        for rule in self.urgency_rules:
            if all(condition.holds(answers) for condition in rule.when):
                return rule.urgency
        return self.urgency


class Region(Fact):
    """A region by its Kemendagri code."""

    kind: Literal["region"] = "region"
    id: RegionCode
    name: str
    level: Literal["province", "regency", "district", "village"]


class Rule(_Valid):
    """Where complaints go: rules are tried by position, the first match wins."""

    kind: Literal["rule"] = "rule"
    id: Slug
    position: PositiveInt
    categories: tuple[CategoryCode, ...]
    when: tuple[Condition, ...] = ()
    agencies: tuple[str, ...]
    """Agency ids, `kab:PUPR` for the body of the complaint's regency; the first valid on the day gets it."""


class ClosedDay(Fact):
    """A day on which no working-day clock moves."""

    day: date
    name: str
    estimated: bool = False
    source: Literal["holidays", "coordinator"] = "holidays"


class Calendar(Fact):
    """The working days of the province: Monday to Friday less these, Asia/Makassar."""

    kind: Literal["calendar"] = "calendar"
    id: Slug
    closed: tuple[ClosedDay, ...]


class Absence(Fact):
    """An officer is away from a day on and before another; a stand-in, where there is one, gets what comes."""

    absent_from: date
    absent_before: date
    stand_in: Slug | None = None

    def covers(self, day: date) -> bool:
        return self.absent_from <= day < self.absent_before


class Officer(_Valid):
    """Somebody who works on cases of an agency. `id` is the subject of their sign-in."""

    kind: Literal["officer"] = "officer"
    id: Slug
    name: str
    agency: AgencyId
    email: str | None = None
    whatsapp: str | None = None
    sms: str | None = None
    absences: tuple[Absence, ...] = ()


class Template(_Valid):
    """Words that officers begin an answer with."""

    kind: Literal["template"] = "template"
    id: Slug
    name: Label
    text: Label
    agency: AgencyId | None = None
    """None: for all."""
    category: CategoryCode | None = None


class ClientRole(StrEnum):
    """What a token's holder may do. At the desk people sign in instead."""

    INTEGRATOR = "integrator"
    """Submit for others: `channel`."""
    OPERATOR = "operator"
    """Enter what came on paper: `channel` and `received_at`."""


class Client(Fact):
    """Whoever holds a token; only the token's digest is known."""

    kind: Literal["client"] = "client"
    id: Slug
    name: str
    role: ClientRole
    agency: AgencyId | None = None
    token_digest: str
    """SHA-256, hexadecimal."""
    issued_at: Moment
    revoked_at: Moment | None = None


class Door(Fact):
    """How complaints are let in just now. There is one: `door:province`."""

    kind: Literal["door"] = "door"
    id: Slug = "province"
    disaster_until: Moment | None = None
    """Until then it is a disaster: urgent categories have no limits, less is asked, alike complaints are joined first,
    and what is not urgent goes out later."""
    blocked: tuple[str, ...] = ()
    """Digests, with a key, of e-mail addresses and telephone numbers from which nothing is taken."""

    def is_disaster(self, at: datetime) -> bool:
        return self.disaster_until is not None and at < self.disaster_until


Entry = Annotated[
    Agency | Category | Region | Rule | Calendar | Standard | Client | Officer | Template | Door,
    Field(discriminator="kind"),
]


class DirectoryRecorded(Fact):
    """One record of the directory as it stands at a revision, counted by routing from 1."""

    type: Literal["directory.recorded.v1"] = "directory.recorded.v1"
    revision: PositiveInt
    recorded_at: Moment
    entry: Entry

    @property
    def key(self) -> str:
        return f"{self.entry.kind}:{self.entry.id}"
