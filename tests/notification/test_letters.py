import re
from datetime import timedelta

import pytest

from services.notification.domain.contacts import Contact, Person
from services.notification.letters import Letters, UnusableAddress
from shared.directory import Directory
from shared.events.directory import Label
from shared.events.event import Language
from shared.events.notices import NoticeKind, Recipient
from tests.notification.examples import (
    AGENCY,
    AT,
    REPORTER_ADDRESS,
    WRITTEN,
    a_contact,
    a_delivery,
    a_directory,
    settings,
    the_facts,
)
from tests.notification.mails import CONFIRM, FORMS, STOP, body, letters, parsed, ready, written


def test_given_a_receipt_when_written_then_its_headers_are_those_of_an_automatic_mail() -> None:
    delivery = a_delivery()

    message = written(delivery, smtp={"sender_address": "ntbcare@ntbprov.example", "sender_name": "NTB Care é"})

    assert message["Message-ID"] == f"<{delivery.id}@ntbprov.example>"
    assert message["Date"].datetime == AT
    assert message["From"] == "NTB Care é <ntbcare@ntbprov.example>"
    assert message["To"] == REPORTER_ADDRESS
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "id"
    assert message["References"] == message["In-Reply-To"] == f"<{delivery.ticket.lower()}@ntbprov.example>"
    assert message["List-Unsubscribe"] is None
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert not message.defects


@pytest.mark.parametrize(
    ("language", "kind", "recipient", "said"),
    [
        ("id", NoticeKind.RECEIVED, Recipient.REPORTER, "Aduan Anda sudah kami terima"),
        ("en", NoticeKind.RECEIVED, Recipient.REPORTER, "We have received your complaint"),
        ("id", NoticeKind.ASSIGNED, Recipient.REPORTER, "ditangani oleh Dinas PUPR Lombok Timur"),
        ("en", NoticeKind.ASSIGNED, Recipient.REPORTER, "with Public Works of East Lombok"),
        ("id", NoticeKind.RESOLVED, Recipient.REPORTER, "dinyatakan selesai"),
        ("en", NoticeKind.RESOLVED, Recipient.REPORTER, "said to be resolved"),
        ("id", NoticeKind.NEW_CASE, Recipient.AGENCY, "Kasus baru untuk Dinas PUPR Lombok Timur"),
        ("en", NoticeKind.NEW_CASE, Recipient.AGENCY, "New case for Public Works of East Lombok"),
        ("id", NoticeKind.DISPUTED, Recipient.AGENCY, "lampirkan foto buktinya"),
        ("id", NoticeKind.DISPUTED, Recipient.COORDINATOR, "Kuatkan penyelesaiannya"),
        ("id", NoticeKind.ESCALATION, Recipient.AGENCY_HEAD, "Instansi Anda tidak memenuhi janji layanan"),
        ("id", NoticeKind.ESCALATION, Recipient.SEKDA, "Kepala instansi sudah diberi tahu"),
        ("en", NoticeKind.ESCALATION, Recipient.GOVERNOR, "Provincial Secretary were told"),
        ("id", NoticeKind.ESCALATION, Recipient.COORDINATOR, "belum punya instansi penanggung jawab"),
        ("id", NoticeKind.FOLLOWED, Recipient.FOLLOWER, "aduan yang Anda ikuti"),
    ],
)
def test_given_each_recipient_and_language_when_written_then_text_and_html_say_it_and_lead_on(
    language: Language, kind: NoticeKind, recipient: Recipient, said: str
) -> None:
    delivery = a_delivery(kind, recipient=recipient)

    message = written(delivery, language=Language(language))

    place = {Recipient.REPORTER: "lacak", Recipient.FOLLOWER: "aduan"}.get(recipient, "desk/cases")
    for part in ("plain", "html"):
        assert said in body(message, part)
        assert f"https://care.example/{place}/{delivery.ticket}" in body(message, part)
        assert "\x02" not in body(message, part)
    assert delivery.ticket in message["Subject"]
    assert f'<html lang="{language}">' in body(message, "html")


def test_given_a_case_when_the_agency_is_told_then_with_every_due_time_and_who_complained() -> None:
    delivery = a_delivery(NoticeKind.NEW_CASE)

    message = written(delivery)

    text = body(message, "plain")
    assert "Jawaban pertama kepada pelapor: Rabu 25 Nov 2026 10.00 WITA" in text
    assert "Penyelesaian: Senin 14 Des 2026 16.00 WITA" in text
    assert "Verifikasi" not in text
    assert "Lokasi: Selong, Lombok Timur" in text
    assert "Tingkat: Penting" in text
    assert "Pelapor: Siti Aminah" in text


def test_given_an_anonymous_reporter_when_the_agency_is_told_then_nobody_is_named() -> None:
    delivery = a_delivery(NoticeKind.NEW_CASE, facts=the_facts(anonymous=True))

    message = written(delivery)

    assert "Pelapor: Anonim" in body(message, "plain")
    assert "Siti" not in body(message, "plain") + body(message, "html")
    assert REPORTER_ADDRESS not in body(message, "plain") + body(message, "html")


@pytest.mark.parametrize("kind", [kind for kind in NoticeKind if kind is not NoticeKind.EVENT])
@pytest.mark.parametrize("language", list(Language))
def test_given_a_confidential_case_when_anybody_is_told_then_of_the_ticket_and_the_link_only(
    kind: NoticeKind, language: Language
) -> None:
    delivery = a_delivery(kind, facts=the_facts(confidential=True), words="e-1")
    contact = a_contact(language, words={"e-1": WRITTEN})

    message = written(delivery, contact=contact, language=language, links={"stop": STOP, "confirm": CONFIRM})

    said = message["Subject"] + body(message, "plain") + body(message, "html")
    assert delivery.ticket in said
    for unsaid in ("Siti", "rusak", "road", "PUPR", "Public Works", "Lombok", "WITA", "ditambal", "Selong", "aduan"):
        assert unsaid not in re.sub(r"https://\S+", "", said)


@pytest.mark.parametrize("kind", [NoticeKind.RECEIVED, NoticeKind.ASSIGNED, NoticeKind.RESOLVED])
def test_given_an_address_that_nobody_confirmed_when_written_to_then_nothing_of_what_was_entered_is_repeated(
    kind: NoticeKind,
) -> None:
    contact = a_contact(people={"s-1": Person(REPORTER_ADDRESS, "Buy at evil.example", Language.INDONESIAN)})

    message = written(a_delivery(kind), contact=contact)

    assert "evil" not in body(message, "plain") + body(message, "html") + str(message["To"])


def test_given_an_officers_words_when_a_resolution_is_told_then_they_are_quoted_and_harmless() -> None:
    words = "Sudah <b>ditambal</b> & diukur.\n\nSalam,\nPUPR {{ 7 * 7 }} \x02link\x03"
    contact = a_contact(words={"e-1": words})

    message = written(a_delivery(NoticeKind.RESOLVED, words="e-1"), contact=contact)

    assert "Sudah <b>ditambal</b> & diukur.\n\nSalam,\nPUPR {{ 7 * 7 }}" in body(message, "plain")
    assert "Sudah &lt;b&gt;ditambal&lt;/b&gt; &amp; diukur.\n\nSalam," in body(message, "html")
    assert "<b>" not in body(message, "html")
    assert "49" not in body(message, "html")


def test_given_no_words_when_a_resolution_is_told_then_no_empty_quotation_is_shown() -> None:
    message = written(a_delivery(NoticeKind.RESOLVED, words="e-1"))

    assert "Jawaban instansi" not in body(message, "plain")
    assert 'class="quote' not in body(message, "html")


def test_given_a_name_that_would_begin_a_header_when_written_then_it_is_text() -> None:
    person = Person(REPORTER_ADDRESS, "Siti\r\nBcc: all@example.id\r\n\r\nHello" + "x" * 200, Language.INDONESIAN)

    message = written(a_delivery(NoticeKind.NEW_CASE), contact=a_contact(people={"s-1": person}))

    assert message["Bcc"] is None
    assert "Pelapor: Siti Bcc: all@example.id Hello" in body(message, "plain")
    assert "x" * 101 not in body(message, "plain")


def test_given_directory_names_with_line_breaks_when_they_are_in_a_subject_then_it_stays_one_header() -> None:
    directory = a_directory()
    name = directory.categories["road.damage"].name.model_copy(update={"id": "Jalan\r\nBcc: all@example.id\u2028é"})
    directory.categories["road.damage"] = directory.categories["road.damage"].model_copy(update={"name": name})

    mail = Letters(directory, settings()).write([a_delivery(NoticeKind.NEW_CASE)], a_contact(), ready(), {}, AT)

    message = parsed(mail.content)
    assert message["Bcc"] is None
    assert message["Subject"].startswith("Kasus baru: Jalan Bcc: all@example.id é")


def test_given_a_body_that_the_directory_does_not_know_when_told_of_then_its_id_stands_for_it() -> None:
    writer = Letters(Directory(), settings())

    mail = writer.write([a_delivery(NoticeKind.ASSIGNED)], Contact(), ready(), {}, AT)

    message = parsed(mail.content)
    assert "PUPR-52.03" in body(message, "plain")
    assert "road.damage" in body(message, "plain")


@pytest.mark.parametrize("address", ["siti@", "", "siti aminah@example.id"])
def test_given_an_address_that_is_none_when_written_then_that_is_said(address: str) -> None:
    to = ready(address)

    with pytest.raises(UnusableAddress):
        letters().write([a_delivery()], a_contact(), to, {}, AT)


def test_given_a_resolution_when_told_then_until_when_it_can_be_disputed() -> None:
    detail = {"until": (AT + timedelta(days=14, hours=6)).isoformat()}

    message = written(a_delivery(NoticeKind.RESOLVED, detail=detail))

    assert "Sanggah paling lambat Selasa 8 Des 2026 16.00 WITA: aduan dibuka lagi." in body(message, "plain")


def test_given_a_reason_that_only_a_newer_replica_knows_when_told_then_the_mail_goes_out_without_it() -> None:
    message = written(a_delivery(NoticeKind.REJECTED, detail={"reason": "brand_new"}))

    assert "Alasannya" not in body(message, "plain")
    assert "brand_new" not in body(message, "plain")
    assert "Ombudsman" in body(message, "plain")


def test_given_a_promise_that_was_broken_when_told_then_its_own_due_time_is_named() -> None:
    delivery = a_delivery(NoticeKind.OVERDUE, recipient=Recipient.AGENCY, detail={"promise": "resolution"})

    message = written(delivery)

    assert message["Subject"] == f"Lewat tenggat: kasus {delivery.ticket}, penyelesaian"
    assert "Yang terlambat: Penyelesaian\nSeharusnya paling lambat: Senin 14 Des 2026 16.00 WITA" in body(
        message, "plain"
    )


def test_given_a_part_of_a_case_when_its_body_is_told_then_by_its_own_name() -> None:
    directory = a_directory()
    name = Label(id="Dinas Sosial", en="Social affairs")
    directory.agencies["DINSOS"] = directory.agencies[AGENCY].model_copy(update={"id": "DINSOS", "name": name})

    mail = Letters(directory, settings(), FORMS).write(
        [a_delivery(NoticeKind.NEW_CASE, told="DINSOS")], a_contact(), ready(), {}, AT
    )

    assert "Kasus baru untuk Dinas Sosial" in body(parsed(mail.content), "plain")
