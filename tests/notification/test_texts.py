import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from services.notification.domain.contacts import Contact
from services.notification.domain.deliveries import Delivery, Due
from services.notification.domain.gsm import septets, to_gsm
from services.notification.domain.judging import Ready
from services.notification.domain.kinds import OwnKind
from services.notification.domain.links import Links
from services.notification.domain.lost_tickets import link_for
from services.notification.forms import Forms
from services.notification.outlets import TextMessage
from services.notification.previews import DIGEST, kinds, recipients_of
from services.notification.sayings import CONFIDENTIAL
from services.notification.texts import Texts
from shared.directory import Directory
from shared.events.case import EscalationLevel, PromiseKind, Status
from shared.events.directory import Label
from shared.events.event import Language, Urgency
from shared.events.notices import Channel, NoticeKind, Recipient
from shared.events.reasons import FollowUpKind, RejectionReason, TriageReason
from tests.notification.examples import AGENCY, AT, a_contact, a_delivery, a_directory, settings, the_facts

FORMS = Forms()
PHONES = (Channel.SMS, Channel.WHATSAPP)
PHONE = "+628110000001"
LONGEST_LINK = "https://care.ntbprov.example/v1/c/NTB-C833-HX1X-7X7V-TM/abcd"
TICKET = "NTB-C833-HX1X-7X7V-TM"
ALL_OF_THEM = [(kind, recipient) for kind in kinds() for recipient in recipients_of(kind)]
SHORT = [one for one in ALL_OF_THEM if one[0] not in {DIGEST, CONFIDENTIAL}]
OF_NO_CASE = {NoticeKind.CONFIRMATION, NoticeKind.WEBHOOK_OFF, DIGEST}
LONG = {
    "promise": "first_follow_up",
    "level": "sekda",
    "follow_up": "change_contact",
    "status": "accepted",
    "reason": "disputed",
}
DETAILS = [
    LONG | {name: said}
    for name, enumerated in (
        ("promise", PromiseKind),
        ("level", EscalationLevel),
        ("status", Status),
        ("follow_up", FollowUpKind),
        ("reason", (*RejectionReason, *TriageReason, "disputed", "overridden", "confirmed", "silence", "upheld")),
    )
    for said in enumerated
]


def ready(channel: Channel = Channel.SMS, language: Language = Language.INDONESIAN) -> Ready:
    return Ready(channel, PHONE, language, AT)


def written(
    *deliveries: Delivery, to: Ready | None = None, links: dict[str, str] | None = None, **known: Any
) -> TextMessage:
    contact, directory = known.get("contact", a_contact()), known.get("directory", a_directory())
    return Texts(directory, settings(), FORMS).write(deliveries, contact, to or ready(), links or {}, AT)


def called(name: str) -> Directory:
    directory = a_directory()
    agency = directory.agencies[AGENCY]
    directory.agencies[AGENCY] = agency.model_copy(update={"name": Label(id=name, en=name)})
    return directory


def test_given_the_longest_link_when_measured_then_it_is_what_the_tests_say() -> None:
    measured = (len(LONGEST_LINK), len(TICKET))

    assert measured == (60, 21)


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize(("kind", "recipient"), [one for one in ALL_OF_THEM if one[0] not in set(OwnKind)])
@pytest.mark.parametrize("confirm", ["", "x" * 180])
def test_given_the_longest_values_when_any_sms_is_written_then_it_is_one_message_before_anything_is_cut(
    kind: str, recipient: Recipient, language: Language, confirm: str
) -> None:
    links = {"open": LONGEST_LINK, "code": "204816", "confirm": confirm}
    writer = Texts(called("Dinas Pekerjaan Umum, Penataan Ruang, Perumahan dan Kawasan Permukiman"), settings(), FORMS)

    texts = {
        writer.whole(told, a_contact(), ready(language=language), links) for told in with_the_longest(kind, recipient)
    }

    for text in texts:
        assert (septets(text) or 161) <= 160, text
        assert LONGEST_LINK in text or "204816" in text or kind == NoticeKind.WEBHOOK_OFF, text
        assert TICKET in text or kind in OF_NO_CASE, text
        can_be_confirmed = bool(confirm) and kind in {NoticeKind.RECEIVED, CONFIDENTIAL}
        assert ("Balas YA" in text or "Reply YES" in text) is can_be_confirmed, text


def with_the_longest(kind: str, recipient: Recipient) -> Iterator[list[Delivery]]:
    """What goes out as one, with all that it may say."""
    latest = AT + timedelta(days=28)
    due = tuple(Due(promise, latest) for promise in PromiseKind)
    said = {
        "linked_to": TICKET,
        "until": latest.isoformat(),
        "target": f"agency:{AGENCY}",
        "url": "x" * 500,
        "officer": "x" * 100,
    }
    of_kind = NoticeKind(kind) if kind in set(NoticeKind) else NoticeKind.RECEIVED
    for detail, urgency in product(DETAILS, Urgency):
        facts = the_facts(due=due, urgency=urgency, confidential=kind == CONFIDENTIAL)
        known: dict[str, Any] = {"recipient": recipient, "ticket": TICKET, "facts": facts, "detail": detail | said}
        yield [a_delivery(of_kind, number, **known) for number in range(100 if kind == DIGEST else 1)]


def test_given_a_receipt_when_written_as_sms_then_it_says_what_was_received_and_until_when_it_is_answered() -> None:
    message = written(a_delivery(ticket=TICKET))

    assert message.text == (
        f"NTB Care: aduan {TICKET} kami terima. Dijawab sebelum 25 Nov 10.00 WITA. "
        f"Pantau: https://care.example/lacak/{TICKET}"
    )
    assert (message.to, message.language) == (PHONE, "id")
    assert message.reference == str(a_delivery().id)


def test_given_a_number_that_nobody_confirmed_when_a_receipt_is_written_then_it_says_how() -> None:
    links = {"confirm": "https://care.example/v1/subscriptions/links/abc"}

    sms, whatsapp = (written(a_delivery(ticket=TICKET), to=ready(way), links=links) for way in PHONES)

    assert sms.text == (
        f"NTB Care: aduan {TICKET} diterima. Dijawab s.d. 25 Nov 10.00 WITA. "
        f"https://care.example/lacak/{TICKET} No. Anda? Balas YA"
    )
    assert whatsapp.text.endswith(
        f"Nomor ini milik Anda? Balas YA, atau buka {links['confirm']} agar semua tanda terima sampai ke sini."
    )


def test_given_a_reader_of_english_when_written_as_sms_then_it_is_english() -> None:
    message = written(a_delivery(NoticeKind.NEW_CASE, ticket=TICKET), to=ready(language=Language.ENGLISH))

    assert message.text.startswith(f"NTB Care: new case {TICKET}. First due 25 Nov 10:00 WITA.")
    assert message.text.endswith(f"https://care.example/desk/cases/{TICKET}")


def test_given_a_code_when_following_is_to_be_confirmed_then_the_sms_has_the_code_and_no_link() -> None:
    delivery = a_delivery(
        NoticeKind.CONFIRMATION, ticket="", recipient=Recipient.FOLLOWER, detail={"target": "region:52.03"}
    )

    message = written(delivery, links={"code": "204816", "confirm": f"https://care.example/{'x' * 130}"})

    assert message.text == (
        "NTB Care: kode 204816 untuk mengikuti aduan di Lombok Timur. "
        "Berlaku s.d. 26 Nov 10.00 WITA. Bukan Anda? Abaikan."
    )


def test_given_a_link_that_is_too_long_when_written_as_sms_then_the_link_goes_and_the_ticket_stays() -> None:
    message = written(a_delivery(ticket=TICKET), links={"open": f"https://care.example/{'x' * 130}"})

    assert message.text == f"NTB Care: aduan {TICKET} kami terima. Dijawab sebelum 25 Nov 10.00 WITA."


def test_given_typographic_letters_in_a_name_when_written_as_sms_then_it_stays_in_the_alphabet() -> None:
    message = written(
        a_delivery(NoticeKind.ASSIGNED, ticket=TICKET), directory=called("Dinas “PU” \u2013 Lômbok\nTimur…\U0001f6a7")
    )

    assert 'diteruskan ke Dinas "PU" - Lombok Timur...?.' in message.text
    assert septets(message.text) is not None


def test_given_a_long_name_when_written_as_sms_then_only_the_name_is_cut() -> None:
    message = written(a_delivery(NoticeKind.ASSIGNED, ticket=TICKET), directory=called("Dinas " + "[PU] " * 40))

    assert re.search(r"diteruskan ke Dinas \[PU\].*\.\.\.", message.text)
    assert f"/lacak/{TICKET}" in message.text
    assert (septets(message.text) or 161) <= 160


def test_given_many_when_written_as_one_then_it_says_how_many_and_leads_on() -> None:
    several = [a_delivery(NoticeKind.NEW_CASE, number) for number in range(12)]

    message = written(*several, links={"open": "https://care.example/desk"})
    otherwise = written(*reversed(several))

    assert message.text == "NTB Care: 12 kabar untuk Anda. Buka: https://care.example/desk"
    assert otherwise.text == "NTB Care: 12 kabar untuk Anda. Buka: https://care.example"
    assert otherwise.reference == message.reference
    assert message.reference not in {str(delivery.id) for delivery in several}


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.WHATSAPP])
@pytest.mark.parametrize(("kind", "recipient"), [one for one in SHORT if one[0] not in set(OwnKind)])
@pytest.mark.parametrize("language", list(Language))
def test_given_a_confidential_case_when_anybody_is_told_then_of_the_ticket_and_the_link_only(
    kind: str, recipient: Recipient, language: Language, channel: Channel
) -> None:
    delivery = a_delivery(NoticeKind(kind), recipient=recipient, facts=the_facts(confidential=True), words="e-1")
    contact = a_contact(words={"e-1": "Jalan sudah ditambal."})

    message = written(delivery, to=ready(channel, language), contact=contact)

    told = (
        message.text.replace(f"https://care.example/lacak/{delivery.ticket}", "")
        .replace(f"https://care.example/aduan/{delivery.ticket}", "")
        .replace(delivery.ticket, "")
    )
    assert delivery.ticket in message.text
    for unsaid in ("aduan", "complaint", "rusak", "road", "PUPR", "Lombok", "WITA", "ditambal", "Siti"):
        assert unsaid not in told


@pytest.mark.parametrize("language", list(Language))
def test_given_a_long_host_and_a_confidential_case_when_its_lost_ticket_is_sent_by_sms_then_the_whole_link_fits(
    language: Language,
) -> None:
    host = "https://ntbcare.ntbprov.go.id"
    link = Links(b"secret", host).to(link_for(TICKET, f"sms:{'0' * 64}"), AT)
    delivery = a_delivery(OwnKind.LOST_TICKET, ticket=TICKET, facts=the_facts(confidential=True))

    message = written(delivery, to=ready(Channel.SMS, language), links={"confirm": link})

    assert message.text.endswith(link)
    assert TICKET not in message.text
    assert (septets(message.text) or 999) <= 160


def test_given_an_officers_words_when_told_on_whatsapp_then_they_are_cut_before_anything_else() -> None:
    contact = a_contact(words={"e-1": "Sudah ditambal.\n\n\tSalam, " + "panjang " * 500})

    message = written(
        a_delivery(NoticeKind.RESOLVED, ticket=TICKET, words="e-1"), to=ready(Channel.WHATSAPP), contact=contact
    )

    assert 990 <= len(message.text) <= 1_000
    assert 'Jawabannya: "Sudah ditambal. Salam, panjang' in message.text
    assert message.text.endswith(f"https://care.example/lacak/{TICKET}")
    assert not re.search(r"[\n\t]| {2}", message.text)


def test_given_a_resolution_when_told_on_whatsapp_then_it_says_until_when_it_can_be_disputed() -> None:
    detail = {"until": (AT + timedelta(days=14, hours=6)).isoformat()}

    message = written(a_delivery(NoticeKind.RESOLVED, detail=detail), to=ready(Channel.WHATSAPP))

    assert "Sanggah paling lambat Selasa 8 Des 2026 16.00 WITA." in message.text


def test_given_nobody_known_when_an_agency_is_told_on_whatsapp_then_it_is_written_all_the_same() -> None:
    delivery = replace(a_delivery(NoticeKind.NEW_CASE, ticket=TICKET), told="NOBODY")

    message = written(delivery, to=ready(Channel.WHATSAPP), contact=Contact(), directory=Directory())

    assert f"kasus baru {TICKET} untuk PUPR-52.03: road.damage." in message.text


@pytest.mark.parametrize(
    ("text", "length"),
    [("abc", 3), ("é è à Ñ ß £ @ _", 15), ("[€]", 6), ("^{}\\~|", 12), ("ç", None), ("“", None), ("\U0001f6a7", None)],
)
def test_given_a_text_when_measured_then_extension_letters_count_twice(text: str, length: int | None) -> None:
    measured = septets(text)

    assert measured == length


@pytest.mark.parametrize(
    ("text", "gsm"),
    [
        ("Dinas é ñ Å", "Dinas é ñ Å"),
        ("“a” \u2018b\u2019 — c… d\u00a0e", "\"a\" 'b' - c... d e"),
        ("ç ô Ł Œ ﬁ ½", "c o L OE fi 1/2"),
        ("a\u0301 \u200bb\ufeff", "a b"),
        ("مطر \U0001f6a7", "??? ?"),
        ("`tab\t", "'tab "),
    ],
)
def test_given_letters_that_sms_lacks_when_replaced_then_by_what_looks_like_them(text: str, gsm: str) -> None:
    replaced = to_gsm(text)

    assert replaced == gsm
    assert septets(replaced) is not None
