from datetime import timedelta

import pytest

from services.notification.forms import Forms, Saying
from services.notification.mime import alternative
from tests.notification.examples import (
    AT,
    a_contact,
    a_delivery,
    the_facts,
)
from tests.notification.mails import body, letters, parsed, ready


def test_given_two_recipients_when_one_form_is_filled_in_then_each_gets_their_own() -> None:
    writer = letters()
    first, second = a_delivery(number=1), a_delivery(number=2, facts=the_facts(received_at=AT + timedelta(days=1)))

    one, other = (writer.write([delivery], a_contact(), ready(), {}, AT) for delivery in (first, second))

    assert first.ticket in body(parsed(one.content), "plain")
    assert first.ticket not in body(parsed(other.content), "plain")
    assert "Rabu 25 Nov 2026 10.00 WITA" in body(parsed(other.content), "html")


@pytest.mark.parametrize("link", ["https://care.example/x", ""])
def test_given_a_form_when_filled_in_then_it_says_what_rendering_with_the_values_says(link: str) -> None:
    values = {"ticket": "NTB-1 & co", "link": link, "confirm": "", "stop": ""}
    rendered = Forms().rendered("id/mail/confidential.j2", values | {"language": "id"})

    filled = Forms().mail(Saying("confidential", {"language": "id"}, values))

    assert (filled.subject, filled.text, filled.html) == rendered


def test_given_lines_of_any_kind_when_laid_out_for_smtp_then_every_line_is_short_and_ends_as_smtp_wants() -> None:
    text = "é" * 500 + "\n.\nFrom here\r\n.. on\rand\x0bon \n"

    content = alternative({"Subject": "é" * 200}, text, "<p>" + "x" * 2_000, "=_b")

    assert all(len(line) <= 78 for line in content.split(b"\r\n"))
    assert content.count(b"\n") == content.count(b"\r\n")
    assert content.isascii()
    assert parsed(content)["Subject"] == "é" * 200
    assert body(parsed(content), "plain") == "é" * 500 + "\n.\nFrom here\n.. on\nand\non \n"
