from dataclasses import replace

import pytest

from shared.events.notices import NoticeKind, Recipient
from tests.notification.examples import (
    AT,
    a_contact,
    a_delivery,
    the_facts,
)
from tests.notification.mails import CONFIRM, STOP, body, letters, ready, written


@pytest.mark.parametrize(
    ("kind", "recipient", "stops"),
    [
        (NoticeKind.PROGRESS, Recipient.REPORTER, True),
        (NoticeKind.FOLLOWED, Recipient.FOLLOWER, True),
        (NoticeKind.OVERDUE, Recipient.AGENCY, True),
        (NoticeKind.RECEIVED, Recipient.REPORTER, False),
        (NoticeKind.QUESTION, Recipient.REPORTER, False),
        (NoticeKind.NEW_CASE, Recipient.AGENCY, False),
        (NoticeKind.CONFIRMATION, Recipient.FOLLOWER, False),
        (NoticeKind.WEBHOOK_OFF, Recipient.AGENCY, False),
    ],
)
def test_given_a_link_that_stops_mail_when_written_then_it_is_offered_unless_the_kind_is_required(
    kind: NoticeKind, recipient: Recipient, *, stops: bool
) -> None:
    delivery = a_delivery(kind, recipient=recipient)

    message = written(delivery, links={"stop": STOP})

    assert message["List-Unsubscribe"] == (f"<{STOP}>" if stops else None)
    assert message["List-Unsubscribe-Post"] == ("List-Unsubscribe=One-Click" if stops else None)
    assert [(STOP in body(message, part)) for part in ("plain", "html")] == [stops, stops]


def test_given_a_long_link_when_in_a_header_then_it_stays_one_word() -> None:
    link = f"https://care.example/l/{'x' * 90},;{'y' * 90}?a=1"

    content = letters().write([a_delivery(NoticeKind.PROGRESS)], a_contact(), ready(), {"stop": link}, AT).content

    assert f"List-Unsubscribe: <{link}>\r\n".encode() in content


def test_given_a_new_address_when_a_receipt_is_written_then_it_can_be_confirmed() -> None:
    links = {"confirm": CONFIRM}

    asked, otherwise = written(a_delivery(), links=links), written(a_delivery())

    assert f"Alamat ini benar milik saya:\n{CONFIRM}" in body(asked, "plain")
    assert f'href="{CONFIRM}"' in body(asked, "html")
    assert "milik saya" not in body(otherwise, "plain") + body(otherwise, "html")


def test_given_a_signed_link_when_written_then_it_takes_the_place_of_the_plain_one() -> None:
    links = {"open": "https://care.example/o/abc?x=1&y=2"}

    message = written(a_delivery(), links=links)

    assert "https://care.example/o/abc?x=1&y=2" in body(message, "plain")
    assert 'href="https://care.example/o/abc?x=1&amp;y=2"' in body(message, "html")
    assert "/lacak/" not in body(message, "plain") + body(message, "html")


def test_given_somebody_who_wants_to_follow_when_asked_then_with_what_the_link_and_until_when() -> None:
    delivery = a_delivery(
        NoticeKind.CONFIRMATION, ticket="", recipient=Recipient.FOLLOWER, detail={"target": "category:road.damage"}
    )

    message = written(delivery, links={"confirm": CONFIRM})

    assert message["Subject"] == "Mohon konfirmasi: ikuti aduan tentang Jalan rusak"
    assert message["References"] is None
    assert "Konfirmasikan paling lambat Kamis 26 Nov 2026 10.00 WITA." in body(message, "plain")
    assert f"Ya, kirimi saya kabar:\n{CONFIRM}" in body(message, "plain")
    assert "Kode" not in body(message, "plain")


def test_given_a_system_that_is_called_no_more_when_its_agency_is_told_then_without_a_case() -> None:
    delivery = a_delivery(
        NoticeKind.WEBHOOK_OFF, ticket="", recipient=Recipient.AGENCY, detail={"url": "https://system.example/in"}
    )

    message = written(delivery)

    assert "Alamat sistem: https://system.example/in" in body(message, "plain")
    assert "/cases/" not in body(message, "plain")
    assert "Jalan" not in body(message, "plain")


def test_given_many_when_written_as_one_then_grouped_by_kind_with_confidential_ones_last() -> None:
    secret = a_delivery(NoticeKind.NEW_CASE, 1, the_facts(confidential=True))
    new, other = a_delivery(NoticeKind.NEW_CASE, 2), a_delivery(NoticeKind.NEW_CASE, 3)
    late = a_delivery(NoticeKind.OVERDUE, 4, recipient=Recipient.AGENCY, detail={"promise": "response"})

    message = written(secret, late, new, other, links={"stop": STOP, "open": "https://care.example/desk"})

    text = body(message, "plain")
    assert message["Subject"] == "4 kabar dari NTB Care"
    assert [text.index(title) for title in ("Kasus baru (2)", "Lewat tenggat (1)", "Kabar lain (1)")] == sorted(
        text.index(title) for title in ("Kasus baru (2)", "Lewat tenggat (1)", "Kabar lain (1)")
    )
    assert (
        f"""- {late.ticket}
  Jawaban pertama kepada pelapor
  Jalan rusak, Selong, Lombok Timur
  Tenggat: Rabu 25 Nov 2026 10.00 WITA
  https://care.example/desk/cases/{late.ticket}
"""
        in text
    )
    assert f"Kabar lain (1)\n\n- {secret.ticket}\n  https://care.example/desk/cases/{secret.ticket}\n\n" in text
    assert "Buka semua:\nhttps://care.example/desk" in text
    assert message["List-Unsubscribe"] == f"<{STOP}>"
    assert message["References"] is None
    for ticket in (secret.ticket, new.ticket, other.ticket, late.ticket):
        assert f'href="https://care.example/desk/cases/{ticket}"' in body(message, "html")


def test_given_the_same_digest_when_written_again_then_it_has_the_same_id() -> None:
    first, second, third = (a_delivery(NoticeKind.ENDED, number, recipient=Recipient.AGENCY) for number in (1, 2, 3))

    ids = [written(*some)["Message-ID"] for some in ((first, second), (second, first), (first, second, third))]

    assert ids[0] == ids[1] != ids[2]
    assert str(first.id) not in ids[0]


def test_given_a_digest_that_was_tried_when_somebody_left_it_then_it_has_the_id_that_it_had() -> None:
    several = [a_delivery(NoticeKind.ENDED, number, recipient=Recipient.AGENCY) for number in (1, 2, 3)]
    before = written(*several)["Message-ID"]
    tried = [replace(one, attempts=1, message=before[1:].partition("@")[0]) for one in several]

    assert written(*tried[1:])["Message-ID"] == written(tried[0])["Message-ID"] == before


def test_given_several_of_one_case_when_written_as_one_then_they_are_in_its_thread() -> None:
    ended, late = (a_delivery(kind, recipient=Recipient.AGENCY) for kind in (NoticeKind.ENDED, NoticeKind.OVERDUE))

    message = written(ended, late)

    assert message["References"] == f"<{ended.ticket.lower()}@localhost>"


def test_given_only_required_kinds_when_written_as_one_then_nothing_offers_to_stop_them() -> None:
    several = [a_delivery(NoticeKind.NEW_CASE, number) for number in (1, 2)]

    message = written(*several, links={"stop": STOP})

    assert message["List-Unsubscribe"] is None
    assert STOP not in body(message, "plain")
