"""Lost tickets are found again by whoever reads what goes to the address that was given."""

import re
from collections.abc import AsyncGenerator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest
from fastapi import Request

from services.notification.api.lost_tickets import create_lost_tickets_router
from services.notification.api.notices import NoticeView
from services.notification.askers import Askers
from services.notification.budget import Budget
from services.notification.domain.contacts import Contact, Person
from services.notification.domain.deliveries import Delivery
from services.notification.domain.links import Links
from services.notification.domain.lost_tickets import parse_address, tickets_of
from services.notification.lost_tickets import LostTickets
from shared.events.complaints import ComplaintSubmitted
from shared.events.event import Language
from shared.events.notices import Channel
from shared.ids import subject_code, tracking_code
from shared.mongo import Database
from shared.pages.rendering import Pages
from shared.problems import ProblemApp
from shared.topics import PERSONAL
from tests.notification.examples import (
    AT,
    TICKET,
    a_directory,
    a_new_contact,
    a_person,
    a_submission,
    a_ticket,
    settings,
)
from tests.notification.replica import Clock, Replica
from tests.shared.received import erased
from tests.smtp_sink import Sink
from tests.waiting import until

KEYS = {"1": b"tracking"}
ASK = "/v1/notices/lost-ticket"
HTML = {"Accept": "text/html", "Accept-Language": "id-ID"}


def a_lost(replica: Replica, clock: Clock, **fields: Any) -> LostTickets:
    known: dict[str, Any] = {
        "contacts": replica.store.contacts,
        "asked": replica.store.lost_tickets,
        "links": Links(settings().link_key(), "https://care.example"),
        "address_secret": settings().address_key(),
        "tracking_keys": KEYS,
        "enabled": frozenset({Channel.EMAIL, Channel.SMS, Channel.WHATSAPP}),
        "add": replica.queueing.add,
        "budget": Budget(10),
        "now": clock,
    }
    return LostTickets(**known | fields)


def a_client(lost: LostTickets, an_hour: int = 1_000) -> httpx2.AsyncClient:
    app = ProblemApp()
    pages = Pages("services.notification.pages", "/v1/subscriptions")
    app.router.routes.extend(
        create_lost_tickets_router(lost, a_directory(), pages, Askers(an_hour, trusted_hops=1)).routes
    )
    transport = httpx2.ASGITransport(app=app)
    return httpx2.AsyncClient(transport=transport, base_url="https://care.example", headers=HTML)


@pytest.fixture
async def client(sending: Replica, clock: Clock) -> AsyncGenerator[httpx2.AsyncClient]:
    async with a_client(a_lost(sending, clock)) as client:
        yield client


async def ask(client: httpx2.AsyncClient, address: str, number: int = 1) -> httpx2.Response:
    return await client.post(ASK, data={"address": address, "key": str(UUID(int=number, version=4))})


async def link_in(sink: Sink, number: int = 0) -> str:
    """The path of the link in the mail."""
    mail = await until(lambda: sink.taken[number] if len(sink.taken) > number else None)
    text: Any = mail.get_body(("plain",))
    found = re.search(r"https://care\.example(/v1/notices/lost/\S+)", text.get_content())
    assert found
    return found[1]


def old(ticket: str, days: int) -> ComplaintSubmitted:
    return a_submission(ticket).model_copy(update={"received_at": AT - timedelta(days=days)})


@pytest.mark.parametrize(
    ("entered", "address"),
    [
        (" Siti@Example.ID ", "siti@example.id"),
        ("0812 3456-7890", "+6281234567890"),
        ("+62 812 3456 7890", "+6281234567890"),
        ("siti", None),
        ("siti@", None),
        ("", None),
        ("12", None),
    ],
)
def test_given_what_somebody_enters_when_it_is_read_then_it_is_an_address_in_one_spelling_or_none(
    entered: str, address: str | None
) -> None:
    assert parse_address(entered) == address


def test_given_contacts_when_an_address_is_looked_for_then_those_of_the_last_year_that_it_reaches_now_are_found() -> (
    None
):
    siti = Person("Siti@example.id", None, Language.INDONESIAN, "+6281234567890")
    moved = Person("new@example.id", None, Language.INDONESIAN)
    contacts = {
        "A": Contact(part="s", people={"s": siti}, received_at=AT - timedelta(days=300)),
        "B": Contact(part="s", people={"s": siti, "f": moved}, changed=("2026", "f"), received_at=AT),
        "C": Contact(part="s", people={"s": siti}, received_at=AT - timedelta(days=366)),
        "D": Contact(part="s", people={"s": siti}, received_at=None),
        "E": Contact(part="s", erased_parts={"s"}, received_at=AT),
        "F": Contact(part="s", people={"s": siti}, received_at=AT - timedelta(days=3)),
    }

    by_mail = tickets_of(contacts, "siti@example.id", AT)
    by_phone = tickets_of(contacts, "+6281234567890", AT)

    assert [one.ticket for one in by_mail] == ["F", "A", "D"]
    assert by_phone == by_mail
    assert [one.ticket for one in tickets_of(contacts, "new@example.id", AT)] == ["B"]


@pytest.mark.integration
async def test_given_two_complaints_of_an_address_when_their_link_is_asked_for_and_opened_then_both_codes_are_shown(
    client: httpx2.AsyncClient, sending: Replica, sink: Sink
) -> None:
    other = a_ticket(7)
    await sending.hear(a_submission(), a_person(), old(other, 20), a_person(other), old(a_ticket(8), 400))
    await sending.hear(a_person(a_ticket(8)))

    answer = await ask(client, "SITI@example.id")
    path = await link_in(sink)
    looked = await client.get(path)
    opened = await client.post(path)

    assert answer.status_code == looked.status_code == opened.status_code == 200
    assert TICKET not in answer.text + looked.text
    assert re.findall(r"<h2>(NTB-[^<]+)</h2>", opened.text) == [TICKET, other]
    for ticket in (TICKET, other):
        assert tracking_code(KEYS, "1", ticket) in opened.text
    assert "Jalan rusak" in opened.text
    assert a_ticket(8) not in opened.text
    assert opened.headers["cache-control"] == "no-store"
    assert opened.headers["referrer-policy"] == "no-referrer"
    assert 'action="/lacak"' in opened.text
    assert sink.taken[0]["To"] == "siti@example.id"
    assert TICKET not in str(sink.taken[0].get_body(("plain",)))
    assert [notice.kind for notice in sending.notices()] == []
    [message] = await sending.store.deliveries.of_ticket(TICKET)
    assert NoticeView.of(message).kind == "lost_ticket"


@pytest.mark.integration
async def test_given_a_complaint_that_was_taken_over_when_its_link_is_opened_then_the_code_is_of_the_person_concerned(
    client: httpx2.AsyncClient, sending: Replica, sink: Sink
) -> None:
    took_over = Contact()
    took_over.changes_contact(AT, "f-1", by_subject=True, taken_over=True)
    took_over.knows_person("f-1", Person("inaq@mail.example", "Inaq Sahnim", Language.INDONESIAN))
    await sending.hear(a_submission(), a_person())
    await sending.store.contacts.learn({TICKET: took_over})

    await ask(client, "inaq@mail.example")
    opened = await client.post(await link_in(sink))

    assert subject_code(KEYS, "1", TICKET) in opened.text
    assert tracking_code(KEYS, "1", TICKET) not in opened.text


@pytest.mark.integration
async def test_given_a_known_and_an_unknown_address_when_both_ask_then_the_answers_are_the_same_and_one_mail_goes(
    client: httpx2.AsyncClient, sending: Replica, sink: Sink
) -> None:
    await sending.hear(a_submission(), a_person())

    answers = [await ask(client, address) for address in ("nobody@example.id", "siti@example.id", "081299999999")]

    await link_in(sink)
    assert len({(answer.status_code, answer.text) for answer in answers}) == 1
    assert len(sink.taken) == 1


@pytest.mark.integration
async def test_given_an_address_when_it_is_asked_for_again_and_again_then_three_mails_a_day_go_and_a_key_counts_once(
    client: httpx2.AsyncClient, sending: Replica, sink: Sink, clock: Clock
) -> None:
    await sending.hear(a_submission(), a_person())

    for number in (1, 1, 2, 3, 4, 5):
        await ask(client, "siti@example.id", number)
    await until(sending.all_done)

    assert len(sink.taken) == 3
    clock.forward(timedelta(days=1))
    await ask(client, "siti@example.id", 6)
    sending.wake()
    await until(lambda: len(sink.taken) == 4)


@pytest.mark.integration
async def test_given_a_link_when_two_hours_are_over_or_the_reporter_is_reached_elsewhere_then_it_opens_nothing(
    client: httpx2.AsyncClient, sending: Replica, sink: Sink, clock: Clock
) -> None:
    await sending.hear(a_submission(), a_person())
    await ask(client, "siti@example.id")
    path = await link_in(sink)

    await sending.hear(a_new_contact("f-1", 1), a_person(part="f-1", email="new@example.id"))
    moved = await client.post(path)
    clock.forward(timedelta(hours=2))
    late = [await client.get(path), await client.post(path)]

    assert [answer.status_code for answer in (moved, *late)] == [410, 410, 410]
    assert TICKET not in moved.text
    assert (await client.post(f"{path}x")).status_code == 404
    assert (await client.get("/v1/notices/lost/abc")).status_code == 404


@pytest.mark.integration
async def test_given_an_erased_part_when_its_address_asks_then_nothing_is_found_by_it_and_nothing_is_kept_of_it(
    client: httpx2.AsyncClient, sending: Replica, sink: Sink, database: Database
) -> None:
    await sending.hear(a_submission(), a_person())
    await ask(client, "siti@example.id")
    path = await link_in(sink)

    await sending.hear(erased(PERSONAL, f"{TICKET}:s-1"))
    await sending.hear(a_person())
    await ask(client, "siti@example.id", 2)
    opened = await client.post(path)

    assert opened.status_code == 410
    assert len(sink.taken) == 1
    assert "siti@example.id" not in repr(await database["contacts"].find({}).to_list(None))


@pytest.mark.integration
async def test_given_a_wrong_address_or_another_sites_form_when_it_is_sent_then_it_is_refused_and_kept_in_the_field(
    client: httpx2.AsyncClient,
) -> None:
    wrong = await ask(client, 'siti"><b>')
    foreign = await client.post(ASK, data={"address": "a@b.id"}, headers={"Origin": "https://evil.example"})

    assert (wrong.status_code, foreign.status_code) == (422, 403)
    assert 'href="#address"' in wrong.text
    assert "siti&#34;&gt;&lt;b&gt;" in wrong.text


@pytest.mark.integration
async def test_given_a_telephone_number_when_its_tickets_are_lost_then_the_preferred_way_is_used_within_the_budget(
    replica: Replica, clock: Clock
) -> None:
    await replica.hear(a_submission(), a_person(phone="+6281234567890", prefers="sms"))
    queued: list[Delivery] = []

    async def add(deliveries: Sequence[Delivery]) -> None:
        queued.extend(deliveries)

    lost = a_lost(replica, clock, budget=Budget(1), add=add)
    before = lost.takes("+6281234567890")
    await lost.send("+6281234567890", UUID(int=1))
    after = [lost.takes(address) for address in ("+6281234567890", "+628999999999", "siti@example.id")]
    clock.forward(timedelta(hours=1))

    assert [(one.channel, one.ticket) for one in queued] == [("sms", TICKET)]
    assert before
    assert after == [False, False, True]
    assert lost.takes("+6281234567890")


@pytest.mark.integration
async def test_given_as_many_texts_as_an_hour_has_when_one_more_is_asked_for_then_the_page_says_that_none_comes(
    sending: Replica, clock: Clock
) -> None:
    lost = a_lost(sending, clock, budget=Budget(0))
    async with a_client(lost) as client:
        text = await ask(client, "081234567890")
        mail = await ask(client, "siti@example.id", 2)

    assert (text.status_code, text.headers["Retry-After"]) == (429, "3600")
    assert 'value="081234567890"' in text.text
    assert "belum ada yang dikirim" in text.text
    assert mail.status_code == 200


@pytest.mark.integration
async def test_given_somebody_who_asks_again_and_again_when_it_is_too_often_then_they_wait_an_hour_and_nobody_else_does(
    sending: Replica, clock: Clock
) -> None:
    async with a_client(a_lost(sending, clock), an_hour=2) as client:

        async def status(peer: str, number: int) -> int:
            client.headers["X-Forwarded-For"] = peer
            return (await ask(client, f"siti-{number}@example.id", number)).status_code

        first = [await status("192.0.2.1", number) for number in range(1, 4)]
        refused = await ask(client, "siti-4@example.id", 4)
        other = await status("192.0.2.2", 5)
        clock.forward(timedelta(hours=1))
        later = await status("192.0.2.1", 6)

    assert (first, other, later) == ([200, 200, 429], 200, 200)
    assert refused.headers["Retry-After"] == "3600"
    assert "Terlalu sering diminta" in refused.text
    assert 'value="siti-4@example.id"' in refused.text


def test_given_very_many_networks_when_they_ask_then_only_so_many_are_remembered(clock: Clock) -> None:
    askers = Askers(1, trusted_hops=1)

    def takes(peer: str) -> bool:
        scope = {"type": "http", "headers": [(b"x-forwarded-for", peer.encode())], "client": ("127.0.0.1", 1)}
        return askers.takes(Request(scope), clock())

    assert takes("192.0.2.1")
    assert not takes("192.0.2.1")
    assert all(takes(f"10.0.{number // 250}.{number % 250}") for number in range(10_000))
    assert takes("192.0.2.1")
