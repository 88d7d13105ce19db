"""Every message as it looks, with a made-up case."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Final

from services.notification.domain.contacts import Contact, Person
from services.notification.domain.deliveries import CaseFacts, Delivery, Due
from services.notification.domain.gsm import septets
from services.notification.domain.judging import Ready
from services.notification.domain.kinds import Kind, OwnKind, parse_kind
from services.notification.domain.links import Links
from services.notification.domain.lost_tickets import link_for
from services.notification.domain.rules import RULES
from services.notification.letters import Letters
from services.notification.sayings import CONFIDENTIAL
from services.notification.settings import Settings
from services.notification.texts import Texts
from shared.directory import Directory
from shared.events.case import EscalationLevel, PromiseKind, Status
from shared.events.directory import Agency, AgencyLevel, Category, Label, Officer, Region
from shared.events.event import Language, Urgency
from shared.events.notices import Channel, NoticeKind, Recipient
from shared.events.reasons import FollowUpKind, RejectionReason, TriageReason
from shared.events.standards import ResolutionClass
from shared.ids import draw_ticket, named_id

DIGEST: Final = "digest"
_AT: Final = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
_TICKETS: Final = tuple(draw_ticket(b"previews", "public", named_id(number)) for number in range(6))
_AGENCY, _OFFICER, _WORDS = "PUPR-52.03", "petugas-contoh", "words"
CHANNELS: Final = (Channel.EMAIL, Channel.SMS, Channel.WHATSAPP)
"""Of people."""
_OF_NO_CASE: Final = frozenset({NoticeKind.CONFIRMATION, NoticeKind.WEBHOOK_OFF})
_REASONS: Final[Mapping[Kind, str]] = {
    NoticeKind.REJECTED: RejectionReason.NOT_GOVERNMENT,
    NoticeKind.TO_DECIDE: TriageReason.REGION_UNKNOWN,
    NoticeKind.CLOSED: "silence",
    NoticeKind.ENDED: "confirmed",
    NoticeKind.DISPUTED: "disputed",
    NoticeKind.REOPENED: "disputed",
}
_QUOTED: Final[Mapping[Kind, Label]] = {
    NoticeKind.PROGRESS: Label(
        id="Kami sudah memeriksa lokasi. Perbaikan dimulai Senin depan.",
        en="We have looked at the place. Repairs begin next Monday.",
    ),
    NoticeKind.QUESTION: Label(
        id="Di depan bangunan apa lubang itu, dan kira-kira sebesar apa?",
        en="In front of which building is the hole, and how large is it?",
    ),
    NoticeKind.RESOLVED: Label(
        id="Jalan sudah ditambal dan diukur.\n\nTerima kasih atas laporan Anda.",
        en="The road was mended and measured.\n\nThank you for telling us.",
    ),
    NoticeKind.REJECTED: Label(
        id="Jalan itu milik perumahan swasta. Silakan hubungi pengelolanya.",
        en="The road belongs to a private estate. Please ask those who run it.",
    ),
}
_LEVELS: Final[Mapping[Recipient, str]] = {
    Recipient.AGENCY_HEAD: EscalationLevel.AGENCY_HEAD,
    Recipient.COORDINATOR: EscalationLevel.COORDINATOR,
    Recipient.GOVERNOR: EscalationLevel.GOVERNOR,
}


class NoSuchMessage(Exception):
    """Nobody is ever told that, on that way or in that role."""


@dataclass(frozen=True, slots=True)
class Preview:
    """A message in words: a mail has a subject and HTML, a text message a length."""

    text: str
    subject: str | None = None
    html: str | None = None
    septets: int | None = None
    """Of an SMS, which has room for 160."""


def recipients_of(kind: str) -> tuple[Recipient, ...]:
    """Who gets it; empty for what is no message in words."""
    if kind in {NoticeKind.FOLLOWED, NoticeKind.CONFIRMATION}:
        return (Recipient.FOLLOWER,)
    if kind == OwnKind.LOST_TICKET:
        return (Recipient.REPORTER,)
    if kind == NoticeKind.WEBHOOK_OFF:
        return (Recipient.AGENCY,)
    if kind in {DIGEST, CONFIDENTIAL}:
        return (Recipient.AGENCY, Recipient.REPORTER, Recipient.FOLLOWER)
    return tuple(
        recipient for recipient in Recipient if any((rule.kind, rule.audience) == (kind, recipient) for rule in RULES)
    )


def kinds() -> list[str]:
    return [kind for kind in (*NoticeKind, *OwnKind, DIGEST, CONFIDENTIAL) if recipients_of(kind)]


class Previews:
    """Written by what writes the real ones."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def preview(self, kind: str, channel: Channel, language: Language, recipient: Recipient | None = None) -> Preview:
        """Raises NoSuchMessage."""
        known = recipients_of(kind)
        if not known or channel not in CHANNELS or recipient not in {None, *known}:
            raise NoSuchMessage
        deliveries = _deliveries(kind, recipient or known[0])
        contact, ready = _contact(kind, language), Ready(channel, "", language, _AT)
        links = self._links(kind)
        if channel is Channel.EMAIL:
            filled, _ = self._letters.words(deliveries, contact, ready, links)
            return Preview(filled.text, filled.subject, filled.html)
        text = self._texts.words(deliveries, contact, ready, links)
        return Preview(text, septets=septets(text) if channel is Channel.SMS else None)

    @cached_property
    def _letters(self) -> Letters:
        return Letters(_directory(), self._settings)

    @cached_property
    def _texts(self) -> Texts:
        return Texts(_directory(), self._settings)

    def _links(self, kind: str) -> dict[str, str]:
        """None of them does anything."""
        home = f"{self._settings.public_url.rstrip('/')}/v1/subscriptions/links"
        asked = {"confirm": f"{home}/contoh", "code": "204816"} if kind == NoticeKind.CONFIRMATION else {}
        if kind == OwnKind.LOST_TICKET:
            asked = {"confirm": Links(b"contoh", self._settings.public_url).to(link_for(_TICKETS[0], ":contoh00"), _AT)}
        receipt = {"confirm": f"{home}/contoh"} if kind == NoticeKind.RECEIVED else {}
        return {"stop": f"{home}/contoh"} | asked | receipt


def _deliveries(kind: str, recipient: Recipient) -> Sequence[Delivery]:
    if kind == DIGEST:
        told = [known for known in NoticeKind if recipient in recipients_of(known) and known not in _OF_NO_CASE]
        gathered = told[: len(_TICKETS) - 2]
        several = [_delivery(known, recipient, ticket) for known, ticket in zip(gathered, _TICKETS, strict=False)]
        again = _delivery(gathered[0], recipient, _TICKETS[-2])
        return [*several, again, _delivery(gathered[0], recipient, _TICKETS[-1], confidential=True)]
    if kind == CONFIDENTIAL:
        told = NoticeKind.NEW_CASE if recipient is Recipient.AGENCY else NoticeKind.PROGRESS
        return [_delivery(told, recipient, _TICKETS[0], confidential=True)]
    return [_delivery(parse_kind(kind), recipient, _TICKETS[0])]


def _delivery(kind: Kind, recipient: Recipient, ticket: str, *, confidential: bool = False) -> Delivery:
    return Delivery(
        id=named_id("preview", kind, recipient, ticket),
        ticket="" if kind in _OF_NO_CASE else ticket,
        kind=kind,
        recipient=recipient,
        agency=None if _is_nobodys(kind, recipient) else _AGENCY,
        cause=named_id("preview"),
        occurred_at=_AT,
        facts=_facts(confidential=confidential),
        words=_WORDS if kind in _QUOTED and recipient is Recipient.REPORTER else None,
        created_at=_AT,
        told=_OFFICER if recipient is Recipient.OFFICER else None,
        detail=_detail(kind, recipient),
    )


def _is_nobodys(kind: Kind, recipient: Recipient) -> bool:
    undecided = {NoticeKind.RECEIVED, NoticeKind.TO_DECIDE}
    return kind in undecided or (kind is NoticeKind.ESCALATION and recipient is Recipient.COORDINATOR)


def _detail(kind: Kind, recipient: Recipient) -> dict[str, str]:
    detail = {
        "reason": _REASONS.get(kind, ""),
        "level": _LEVELS.get(recipient, EscalationLevel.SEKDA),
        "follow_up": FollowUpKind.DISPUTE,
        "linked_to": _TICKETS[1] if kind is NoticeKind.LINKED else "",
        "rating": "4" if kind is NoticeKind.ENDED else "",
        "status": Status.IN_PROGRESS,
        "target": "region:52.03",
        "url": "https://sistem.example/ntbcare",
    }
    if kind is NoticeKind.RESOLVED:
        detail["until"] = (_AT + timedelta(days=14, hours=6)).isoformat()
    if kind is NoticeKind.PROGRESS:
        detail["budget_year"] = "2027"
    if kind in {NoticeKind.OVERDUE, NoticeKind.ESCALATION, NoticeKind.ESCALATED, NoticeKind.OMBUDSMAN}:
        detail["promise"] = PromiseKind.FIRST_FOLLOW_UP
    return detail


def _facts(*, confidential: bool) -> CaseFacts:
    return CaseFacts(
        category="road.damage",
        region="52.03.07",
        urgency=Urgency.IMPORTANT,
        language=Language.INDONESIAN,
        received_at=_AT,
        anonymous=False,
        confidential=confidential,
        historical=False,
        due=(
            Due(PromiseKind.RESPONSE, _AT + timedelta(days=1)),
            Due(PromiseKind.FIRST_FOLLOW_UP, _AT + timedelta(days=7, hours=6)),
            Due(PromiseKind.RESOLUTION, _AT + timedelta(days=20, hours=6)),
        ),
    )


def _contact(kind: str, language: Language) -> Contact:
    quoted = _QUOTED.get(NoticeKind(kind)) if kind in set(NoticeKind) else None
    words = {_WORDS: quoted.in_language(language)} if quoted else {}
    return Contact(part="s", people={"s": Person(None, "Pelapor Contoh", language)}, words=words)


def _directory() -> Directory:
    name = Label(id="Dinas PUPR Lombok Timur", en="Public Works of East Lombok")
    return Directory.of(
        Agency(id=_AGENCY, name=name, level=AgencyLevel.REGENCY, region="52.03"),
        Category(
            id="road.damage",
            name=Label(id="Jalan rusak", en="Damaged road"),
            urgency=Urgency.IMPORTANT,
            resolution=ResolutionClass.FIELD,
        ),
        Officer(id=_OFFICER, name="Petugas Contoh", agency=_AGENCY),
        Region(id="52.03", name="Lombok Timur", level="regency"),
        Region(id="52.03.07", name="Selong", level="district"),
    )
