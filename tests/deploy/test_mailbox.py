import smtplib
from asyncio import to_thread
from email.message import EmailMessage
from pathlib import Path

import httpx2
from fastapi import FastAPI

from deploy.local.ports import HOST, free_port
from deploy.mail.mailbox import Mailbox
from deploy.mail.pages import create_mail_router
from deploy.mail.sink import running_sink


def test_given_a_message_when_kept_then_it_is_read_with_its_envelope_and_parts(tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path)

    mail_id = mailbox.add(a_message("Aduan diterima"), "ntbcare@localhost", ["sari@example.org"])

    mail = mailbox.read(mail_id)
    assert mail is not None
    assert (mail.sender, mail.recipients, mail.subject) == ("ntbcare@localhost", "sari@example.org", "Aduan diterima")
    assert (mail.text, mail.html) == ("Terima kasih\n", "<p>Terima kasih</p>\n")


def test_given_kept_mail_when_the_folder_is_opened_again_then_it_is_there(tmp_path: Path) -> None:
    Mailbox(tmp_path).add(a_message("Aduan diterima"), "a@example.org", ["b@example.org"])

    again = Mailbox(tmp_path)

    assert [mail.subject for mail in again.newest(10)] == ["Aduan diterima"]


def test_given_a_full_mailbox_when_one_more_comes_then_the_oldest_goes(tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path, kept=3)

    for number in range(5):
        mailbox.add(a_message(f"Surel {number}"), "a@example.org", ["b@example.org"])

    assert [mail.subject for mail in mailbox.newest(10)] == ["Surel 4", "Surel 3", "Surel 2"]
    assert len(list(tmp_path.iterdir())) == 3


def test_given_mail_to_several_when_asked_for_one_address_then_only_its_mail_is_told(tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path)
    mailbox.add(a_message("Untuk Sari"), "a@example.org", ["sari@example.org", "budi@example.org"])
    mailbox.add(a_message("Untuk Budi"), "a@example.org", ["budi@example.org"])

    found = mailbox.newest(10, to="Sari@example.org")

    assert [mail.subject for mail in found] == ["Untuk Sari"]


def test_given_bytes_that_are_no_message_when_read_then_nothing_is_raised(tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path)

    mail_id = mailbox.add(b"Subject: =?utf-8?q?=FF\r\nContent-Type: text/plain; charset=none\r\n\r\n\xff\xfe", "", [])

    mail = mailbox.read(mail_id)
    assert mail is not None
    assert mail.text is not None


def test_given_a_path_as_an_id_when_read_then_there_is_no_such_mail(tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path / "mail")
    (tmp_path / "secret.eml").write_text("Subject: secret\r\n\r\n")

    found = mailbox.read("../secret")

    assert found is None


async def test_given_a_running_sink_when_a_message_is_sent_to_it_then_it_is_in_the_mailbox(tmp_path: Path) -> None:
    mailbox, port = Mailbox(tmp_path), free_port()

    async with running_sink(mailbox, port):
        await to_thread(send, port, a_message("Halo"))

    assert [mail.subject for mail in mailbox.newest(10)] == ["Halo"]


async def test_given_html_that_would_run_code_when_it_is_shown_then_it_is_locked_in(tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path)
    mail_id = mailbox.add(a_message("<b>Halo</b>"), "a@example.org", ["b@example.org"])

    async with client_of(mailbox) as client:
        page = await client.get(f"/-/mail/{mail_id}")
        html = await client.get(f"/-/mail/{mail_id}/html")

    assert "&lt;b&gt;Halo" in page.text
    assert f'<iframe class="letter" sandbox="allow-popups" src="/-/mail/{mail_id}/html"' in page.text
    assert html.text == "<p>Terima kasih</p>\n"
    assert html.headers["content-security-policy"].startswith("sandbox allow-popups; default-src 'none'")


async def test_given_mail_when_asked_for_as_json_then_a_test_can_read_it(tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path)
    mailbox.add(a_message("Halo"), "a@example.org", ["b@example.org"])

    async with client_of(mailbox) as client:
        found = await client.get("/-/mail.json", params={"to": "b@example.org"})
        others = await client.get("/-/mail.json", params={"to": "c@example.org"})

    assert [item["subject"] for item in found.json()["items"]] == ["Halo"]
    assert others.json() == {"items": []}


async def test_given_more_mail_than_a_page_shows_when_turned_then_the_older_ones_come(tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path)
    ids = [mailbox.add(a_message(f"Surel {number}"), "a@example.org", ["b@example.org"]) for number in range(60)]

    async with client_of(mailbox) as client:
        first = await client.get("/-/mail")
        second = await client.get("/-/mail", params={"before": ids[10]})

    assert f"/-/mail?before={ids[10]}" in first.text
    assert "Surel 59<" in first.text
    assert "Surel 9<" in second.text
    assert "Surel 10<" not in second.text


def a_message(subject: str) -> bytes:
    message = EmailMessage()
    message["Subject"] = subject
    message.set_content("Terima kasih\n")
    message.add_alternative("<p>Terima kasih</p>\n", subtype="html")
    return message.as_bytes()


def send(port: int, content: bytes) -> None:
    with smtplib.SMTP(HOST, port, timeout=5) as smtp:
        smtp.sendmail("a@example.org", ["b@example.org"], content)


def client_of(mailbox: Mailbox) -> httpx2.AsyncClient:
    app = FastAPI()
    app.include_router(create_mail_router(mailbox))
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://mail")
