import re
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from jinja2 import Environment, FileSystemLoader

from services.notification.domain.contacts import Contact, Person
from services.notification.domain.deliveries import Delivery
from services.notification.forms import TEMPLATES, Forms
from services.notification.letters import Letters, NoAddress, UnusableAddress
from services.notification.mime import alternative
from shared.directory import Directory
from shared.events.event import Language
from shared.events.notices import NoticeKind
from tests.notification.examples import (
    AGENCY_ADDRESS,
    AT,
    REPORTER_ADDRESS,
    WRITTEN,
    a_contact,
    a_delivery,
    a_directory,
    settings,
    the_facts,
)


def letters(**fields: object) -> Letters:
    return Letters(a_directory(), settings(**fields))


def parsed(content: bytes) -> EmailMessage:
    return message_from_bytes(content, policy=policy.default)


def written(delivery: Delivery, contact: Contact | None = None, **fields: object) -> EmailMessage:
    return parsed(letters(**fields).write(delivery, contact or a_contact(), AT).content)


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return part.get_content().replace("\r\n", "\n")


def test_given_a_receipt_when_written_then_its_headers_are_those_of_an_automatic_mail() -> None:
    delivery = a_delivery()

    message = written(delivery, smtp={"sender_address": "ntbcare@ntbprov.example", "sender_name": "NTB Care é"})

    assert message["Message-ID"] == f"<{delivery.id}@ntbprov.example>"
    assert message["Date"].datetime == AT
    assert message["From"] == "NTB Care é <ntbcare@ntbprov.example>"
    assert message["To"] == REPORTER_ADDRESS
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "id"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert not message.defects


@pytest.mark.parametrize(
    ("language", "kind", "said"),
    [
        ("id", NoticeKind.RECEIVED, "Aduan Anda sudah kami terima"),
        ("en", NoticeKind.RECEIVED, "We have received your complaint"),
        ("id", NoticeKind.ASSIGNED, "ditangani oleh Dinas PUPR Lombok Timur"),
        ("en", NoticeKind.ASSIGNED, "with Public Works of East Lombok"),
        ("id", NoticeKind.RESOLVED, "dinyatakan selesai"),
        ("en", NoticeKind.RESOLVED, "said to be resolved"),
        ("id", NoticeKind.NEW_CASE, "Kasus baru untuk Dinas PUPR Lombok Timur"),
        ("en", NoticeKind.NEW_CASE, "New case for Public Works of East Lombok"),
    ],
)
def test_given_each_kind_and_language_when_written_then_text_and_html_say_it_and_lead_on(
    language: Language, kind: NoticeKind, said: str
) -> None:
    delivery = a_delivery(kind)

    message = written(delivery, a_contact(Language(language)), agency_language=language)

    place = "desk/cases" if kind is NoticeKind.NEW_CASE else "cases"
    for part in ("plain", "html"):
        assert said in body(message, part)
        assert f"https://care.example/v1/{place}/{delivery.ticket}" in body(message, part)
        assert "\x02" not in body(message, part)
    assert delivery.ticket in message["Subject"]
    assert f'<html lang="{language}">' in body(message, "html")


def test_given_a_case_when_the_agency_is_told_then_with_every_due_time_and_who_complained() -> None:
    delivery = a_delivery(NoticeKind.NEW_CASE)

    message = written(delivery)

    text = body(message, "plain")
    assert message["To"] == AGENCY_ADDRESS
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


@pytest.mark.parametrize("kind", list(NoticeKind))
@pytest.mark.parametrize("language", list(Language))
def test_given_a_confidential_case_when_anybody_is_told_then_of_the_ticket_and_the_link_only(
    kind: NoticeKind, language: Language
) -> None:
    delivery = a_delivery(kind, facts=the_facts(confidential=True), words="e-1")
    contact = a_contact(language, words={"e-1": WRITTEN})

    message = written(delivery, contact, agency_language=language)

    said = message["Subject"] + body(message, "plain") + body(message, "html")
    assert delivery.ticket in said
    for unsaid in ("Siti", "rusak", "road", "PUPR", "Public Works", "Lombok", "WITA", "ditambal", "Selong", "aduan"):
        assert unsaid not in re.sub(r"https://\S+", "", said)


@pytest.mark.parametrize("kind", [NoticeKind.RECEIVED, NoticeKind.ASSIGNED, NoticeKind.RESOLVED])
def test_given_an_address_that_nobody_confirmed_when_written_to_then_nothing_of_what_was_entered_is_repeated(
    kind: NoticeKind,
) -> None:
    contact = a_contact(people={"s-1": Person(REPORTER_ADDRESS, "Buy at evil.example", Language.INDONESIAN)})

    message = written(a_delivery(kind), contact)

    assert "evil" not in body(message, "plain") + body(message, "html") + str(message["To"])


def test_given_an_officers_words_when_a_resolution_is_told_then_they_are_quoted_and_harmless() -> None:
    words = "Sudah <b>ditambal</b> & diukur.\n\nSalam,\nPUPR {{ 7 * 7 }} \x02link\x03"
    contact = a_contact(words={"e-1": words})

    message = written(a_delivery(NoticeKind.RESOLVED, words="e-1"), contact)

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

    message = written(a_delivery(NoticeKind.NEW_CASE), a_contact(people={"s-1": person}))

    assert message["Bcc"] is None
    assert "Pelapor: Siti Bcc: all@example.id Hello" in body(message, "plain")
    assert "x" * 101 not in body(message, "plain")


def test_given_directory_names_with_line_breaks_when_they_are_in_a_subject_then_it_stays_one_header() -> None:
    directory = a_directory()
    name = directory.categories["road.damage"].name.model_copy(update={"id": "Jalan\r\nBcc: all@example.id\u2028é"})
    directory.categories["road.damage"] = directory.categories["road.damage"].model_copy(update={"name": name})

    mail = Letters(directory, settings()).write(a_delivery(NoticeKind.NEW_CASE), a_contact(), AT)

    message = parsed(mail.content)
    assert message["Bcc"] is None
    assert message["Subject"].startswith("Kasus baru: Jalan Bcc: all@example.id é")


def test_given_a_body_that_the_directory_does_not_know_when_told_of_then_its_id_stands_for_it() -> None:
    contact = a_contact()

    message = parsed(Letters(Directory(), settings()).write(a_delivery(NoticeKind.ASSIGNED), contact, AT).content)

    assert "PUPR-52.03" in body(message, "plain")
    assert "road.damage" in body(message, "plain")


@pytest.mark.parametrize(
    ("delivery", "contact", "directory"),
    [
        (a_delivery(NoticeKind.NEW_CASE), a_contact(), Directory()),
        (a_delivery(), Contact(), a_directory()),
        (a_delivery(), a_contact(people={"s-1": Person(None, "Siti", Language.ENGLISH)}), a_directory()),
    ],
)
def test_given_nobody_to_write_to_when_written_then_that_is_said(
    delivery: Delivery, contact: Contact, directory: Directory
) -> None:
    with pytest.raises(NoAddress):
        Letters(directory, settings()).write(delivery, contact, AT)


def test_given_an_address_that_is_none_when_written_then_that_is_said() -> None:
    contact = a_contact(people={"s-1": Person("siti@", None, Language.ENGLISH)})

    with pytest.raises(UnusableAddress):
        letters().write(a_delivery(), contact, AT)


def test_given_two_recipients_when_one_form_is_filled_in_then_each_gets_their_own() -> None:
    writer = letters()
    first, second = a_delivery(number=1), a_delivery(number=2, facts=the_facts(received_at=AT + timedelta(days=1)))

    one, other = writer.write(first, a_contact(), AT), writer.write(second, a_contact(), AT)

    assert first.ticket in body(parsed(one.content), "plain")
    assert first.ticket not in body(parsed(other.content), "plain")
    assert "Rabu 25 Nov 2026 10.00 WITA" in body(parsed(other.content), "html")


@pytest.mark.parametrize("values", [{"ticket": "T", "link": "L"}, {"ticket": "", "link": "L"}])
def test_given_a_form_when_filled_in_then_it_says_what_rendering_with_the_values_says(values: dict[str, str]) -> None:
    loader = FileSystemLoader([TEMPLATES / "html", TEMPLATES])
    environment = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    rendered = environment.get_template("id/confidential.j2").render(values, language="id")

    filled = Forms().form("confidential", {"language": "id"}, values).fill(values)

    assert filled.html == rendered


def test_given_lines_of_any_kind_when_laid_out_for_smtp_then_every_line_is_short_and_ends_as_smtp_wants() -> None:
    text = "é" * 500 + "\n.\nFrom here\r\n.. on\rand\x0bon \n"

    content = alternative({"Subject": "é" * 200}, text, "<p>" + "x" * 2_000, "=_b")

    assert all(len(line) <= 78 for line in content.split(b"\r\n"))
    assert content.count(b"\n") == content.count(b"\r\n")
    assert content.isascii()
    assert parsed(content)["Subject"] == "é" * 200
    assert body(parsed(content), "plain") == "é" * 500 + "\n.\nFrom here\n.. on\nand\non \n"
