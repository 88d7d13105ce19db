from collections.abc import AsyncGenerator
from email.message import EmailMessage
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from deploy.mail.mailbox import Mailbox
from deploy.simulators.arrivals import Arrival, Arrivals, Kind
from deploy.simulators.pages import Messages, create_messages_router

SITI = "+628111111111"


def an_arrival(text: str, channel: Kind = Kind.SMS, to: str = SITI) -> Arrival:
    return Arrival(channel, to, text, f"of {text}")


@pytest.fixture
async def pages(tmp_path: Path) -> AsyncGenerator[httpx2.AsyncClient]:
    mailbox, arrivals = Mailbox(tmp_path / "mail"), Arrivals(tmp_path / "messages")
    mail = EmailMessage()
    mail["Subject"] = "Aduan diterima"
    mail.set_content("Terima kasih")
    mailbox.add(mail.as_bytes(), "a@example.org", ["siti@example.org"])
    arrivals.add(an_arrival("<b>Pesan singkat</b>"))
    arrivals.add(an_arrival("Pesan WhatsApp", Kind.WHATSAPP))
    arrivals.add(Arrival(Kind.WEBHOOK, "pupr", "{}", "m1", {"signature": "does not fit"}))
    app = FastAPI()
    app.include_router(create_messages_router(Messages(mailbox, arrivals)))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://platform") as client:
        yield client


async def test_given_messages_of_every_channel_when_looked_at_then_the_newest_is_on_top(
    pages: httpx2.AsyncClient,
) -> None:
    page = (await pages.get("/-/messages")).text

    places = [page.index(words) for words in ("tidak cocok", "Pesan WhatsApp", "&lt;b&gt;Pesan singkat", "siti@")]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("channel", "to"), [("email", "siti@example.org"), ("sms", SITI), ("whatsapp", SITI), ("webhook", "pupr")]
)
async def test_given_a_channel_when_filtered_by_it_then_only_its_messages_are_told(
    pages: httpx2.AsyncClient, channel: str, to: str
) -> None:
    page = await pages.get("/-/messages", params={"channel": channel})
    told = (await pages.get("/-/messages.json", params={"channel": channel, "to": to})).json()["items"]

    assert page.text.count('class="card"') == 1
    assert [(item["channel"], item["to"]) for item in told] == [(channel, to)]


async def test_given_more_messages_than_a_page_shows_when_turned_then_the_older_ones_come(tmp_path: Path) -> None:
    arrivals = Arrivals(tmp_path / "messages")
    ids = [arrivals.add(an_arrival(f"Pesan {number}.")).id for number in range(60)]
    app = FastAPI()
    app.include_router(create_messages_router(Messages(Mailbox(tmp_path / "mail"), arrivals)))

    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://platform") as client:
        first = await client.get("/-/messages", params={"channel": "sms"})
        second = await client.get("/-/messages", params={"channel": "sms", "before": ids[10]})

    assert f"/-/messages?before={ids[10]}&amp;channel=sms" in first.text
    assert "Pesan 9." in second.text
    assert "Pesan 10." not in second.text
