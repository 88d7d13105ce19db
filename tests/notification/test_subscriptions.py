"""Following over HTTP, on the real stores."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest

from services.notification.domain.following import SubscriptionState
from services.notification.domain.links import Link, Purpose, code_of
from services.notification.following import Following
from services.notification.store.public import PublicEvents
from services.notification.store.subscriptions import FollowsTooMuch, Subscriptions
from shared.mongo import Database, MongoSettings, connected
from tests.notification.examples import AT, TICKET
from tests.notification.followers import (
    HTML,
    LINKS,
    SUBSCRIPTIONS,
    Clock,
    Told,
    a_following,
    a_key,
    a_public_event,
    a_reader,
    a_wish,
)
from tests.profiler import watch, watched

pytestmark = pytest.mark.integration
SMS = {"channel": "sms", "address": "0812-3456-7890"}


@pytest.fixture
async def stored(mongo: MongoSettings) -> AsyncGenerator[Database]:
    async with connected(mongo) as database:
        await Subscriptions(database).create_indexes()
        await PublicEvents(database).create_indexes()
        yield database


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def time() -> Clock:
    return Clock()


@pytest.fixture
def following(stored: Database, told: Told, time: Clock) -> Following:
    return a_following(Subscriptions(stored, most=3), PublicEvents(stored), told, time)


@pytest.fixture
async def reader(following: Following) -> AsyncGenerator[httpx2.AsyncClient]:
    async with a_reader(following) as client:
        yield client


async def test_given_nobody_when_somebody_asks_to_follow_then_the_owner_is_asked_and_nothing_else_is_told(
    reader: httpx2.AsyncClient, following: Following, told: Told
) -> None:
    answer = await reader.post(SUBSCRIPTIONS, json=a_wish(region="52.03") | {"language": "en"})

    assert answer.status_code == 202, answer.text
    ((asked, link, code),) = told.asked
    assert answer.json() == {"id": str(asked.id), "state": "asked"}
    assert (asked.target, asked.language, asked.wide, code) == ("region:52.03", "en", True, None)
    assert "siti" not in link
    assert await following.subscriptions.following(["region:52.03"]) == []


async def test_given_a_link_when_it_is_looked_at_then_nothing_changes_and_one_button_is_there(
    reader: httpx2.AsyncClient, following: Following, told: Told
) -> None:
    await reader.post(SUBSCRIPTIONS, json=a_wish(region="52.03.07"))

    page = await reader.get(told.link, headers=HTML)

    assert page.status_code == 200
    assert page.text.count('<button type="submit">') == 1
    assert "aduan di Selong, Lombok Timur" in page.text
    assert "siti@mail.example" not in page.text
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "'unsafe-inline'" not in page.headers["content-security-policy"]
    assert await following.subscriptions.following(["region:52.03.07"]) == []


async def test_given_a_link_when_its_button_is_pressed_then_the_address_follows_and_again_is_no_more(
    reader: httpx2.AsyncClient, following: Following, told: Told
) -> None:
    await reader.post(SUBSCRIPTIONS, json=a_wish())

    pages = [await reader.post(told.link, headers=HTML) for _ in range(2)]

    assert [page.status_code for page in pages] == [200, 200]
    assert f"aduan {TICKET}" in pages[1].text
    (one,) = await following.subscriptions.following([f"case:{TICKET}", "region:52"])
    assert (one.state, one.address, one.confirmed_at) == (SubscriptionState.CONFIRMED, "siti@mail.example", AT)
    assert (await reader.get(told.link, headers=HTML | {"Accept-Language": "en"})).text.count(
        "Follow what happens"
    ) == 2


async def test_given_a_batch_of_things_that_happened_when_followers_are_sought_then_each_is_there_for_each(
    reader: httpx2.AsyncClient, following: Following, told: Told
) -> None:
    for wish in (a_wish(), a_wish(region="52.03"), a_wish(address="ani@mail.example", region="52.03")):
        await reader.post(SUBSCRIPTIONS, json=wish)
        await reader.post(told.link)
    await reader.post(SUBSCRIPTIONS, json=a_wish(address="dedi@mail.example", region="52.03"))

    found = await following.subscriptions.following([f"case:{TICKET}", "region:52", "region:52.03"])
    none = await following.subscriptions.following([])

    assert sorted((one.address.partition("@")[0], one.target) for one in found) == [
        ("ani", "region:52.03"),
        ("siti", f"case:{TICKET}"),
        ("siti", "region:52.03"),
    ]
    assert none == []


async def test_given_somebody_who_follows_when_they_leave_then_their_address_is_gone(
    reader: httpx2.AsyncClient, stored: Database, told: Told
) -> None:
    for number in range(2):
        await reader.post(SUBSCRIPTIONS, json=a_wish(), headers=a_key(number))
        await reader.post(told.link)
    leave = f"/v1/subscriptions/links/{token(Purpose.LEAVE, str(told.asked[0][0].id))}"

    asked = await reader.get(leave, headers=HTML)
    answers = [await reader.post(leave, headers=HTML) for _ in range(2)]

    assert "Berhenti mengikuti" in asked.text
    assert "Anda berhenti mengikuti" in answers[0].text
    assert "sudah berhenti" in answers[1].text
    assert [answer.status_code for answer in answers] == [200, 200]
    assert await stored["subscriptions"].count_documents({}) == 0
    assert "siti" not in str(await stored["subscription_requests"].find({}).to_list(None))
    assert (await reader.post(told.link, headers=HTML)).status_code == 410


async def test_given_a_link_that_stops_when_a_mail_program_presses_it_then_it_is_done_at_once(
    reader: httpx2.AsyncClient, told: Told
) -> None:
    stop = f"{SUBSCRIPTIONS}/links/{token(Purpose.STOP, 'email:ab12', 'progress')}"

    looked = await reader.get(stop, headers=HTML)
    answer = await reader.post(stop, data={"List-Unsubscribe": "One-Click"}, headers={"Origin": "https://mail.example"})

    assert "kabar tentang kemajuan penanganan" in looked.text
    assert (answer.status_code, answer.headers.get("set-cookie")) == (200, None)
    assert told.stopped == [("email:ab12", "progress")]


async def test_given_a_link_that_stops_all_when_its_button_is_pressed_then_everything_is_stopped(
    reader: httpx2.AsyncClient, told: Told
) -> None:
    await reader.post(f"{SUBSCRIPTIONS}/links/{token(Purpose.STOP, 'sms:ab12')}", headers=HTML)

    assert told.stopped == [("sms:ab12", "*")]


async def test_given_a_link_that_confirms_when_its_button_is_pressed_then_the_address_is_its_owners(
    reader: httpx2.AsyncClient, told: Told
) -> None:
    confirm = f"{SUBSCRIPTIONS}/links/{token(Purpose.CONFIRM, 'email:ab12')}"

    await reader.get(confirm, headers=HTML)
    seen = list(told.confirmed)
    page = await reader.post(confirm, headers=HTML)

    assert (seen, told.confirmed) == ([], ["email:ab12"])
    assert "Alamat Anda sudah benar" in page.text


async def test_given_a_link_of_long_ago_when_it_is_opened_then_the_page_says_what_to_do(
    reader: httpx2.AsyncClient, told: Told, time: Clock
) -> None:
    await reader.post(SUBSCRIPTIONS, json=a_wish())
    time.passes(timedelta(days=2))

    looked, pressed = await reader.get(told.link, headers=HTML), await reader.post(told.link)
    swapped = await reader.get(told.link, headers={"Accept": "*/*", "HX-Request": "true"})

    assert [answer.status_code for answer in (looked, swapped, pressed)] == [410, 410, 410]
    assert "minta lagi untuk mengikuti" in looked.text
    assert swapped.text == looked.text
    assert pressed.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("token", ["nothing", "fAAAAAAA", "%F0%9F%98%80", "f" * 79])
async def test_given_no_link_of_ours_when_it_is_opened_then_it_is_not_found(
    reader: httpx2.AsyncClient, token: str
) -> None:
    page, problem = (
        await reader.get(f"{SUBSCRIPTIONS}/links/{token}", headers=HTML),
        await reader.post(f"{SUBSCRIPTIONS}/links/{token}"),
    )

    assert (page.status_code, problem.status_code) == (404, 404)
    assert "Tautan tidak dikenal" in page.text
    assert problem.json()["title"] == "Tautan tidak dikenal"


async def test_given_a_telephone_when_its_code_is_entered_then_it_follows(
    reader: httpx2.AsyncClient, following: Following, told: Told
) -> None:
    asked = await reader.post(SUBSCRIPTIONS, json=a_wish(category="road.damage") | SMS)

    answer = await reader.post(f"{SUBSCRIPTIONS}/{asked.json()['id']}/confirmation", json={"code": told.code})

    assert answer.json() == {"id": asked.json()["id"], "state": "confirmed"}
    (one,) = await following.subscriptions.following(["category:road.damage"])
    assert (one.channel, one.address) == ("sms", "+6281234567890")


async def test_given_five_wrong_codes_when_the_right_one_comes_then_it_must_be_asked_for_again(
    reader: httpx2.AsyncClient, told: Told
) -> None:
    asked = await reader.post(SUBSCRIPTIONS, json=a_wish() | SMS)
    path = f"{SUBSCRIPTIONS}/{asked.json()['id']}/confirmation"
    wrong = "000000" if told.code != "000000" else "000001"

    tried = [(await reader.post(path, json={"code": wrong})).status_code for _ in range(5)]
    late = await reader.post(path, json={"code": told.code})
    again = await reader.post(SUBSCRIPTIONS, json=a_wish() | SMS)
    answer = await reader.post(f"{SUBSCRIPTIONS}/{again.json()['id']}/confirmation", json={"code": told.code})

    assert tried == [403] * 5
    assert late.status_code == 429
    assert answer.status_code == 200


async def test_given_mail_when_a_code_is_entered_for_it_then_there_is_none(
    reader: httpx2.AsyncClient, told: Told
) -> None:
    asked = await reader.post(SUBSCRIPTIONS, json=a_wish())
    code = code_of(LINKS.secret, UUID(asked.json()["id"]))

    answers = [
        await reader.post(f"{SUBSCRIPTIONS}/{subscription}/confirmation", json={"code": code})
        for subscription in (asked.json()["id"], UUID(int=9))
    ]

    assert [answer.status_code for answer in answers] == [404, 404]


async def test_given_a_code_of_long_ago_when_it_is_entered_then_it_is_too_old(
    reader: httpx2.AsyncClient, told: Told, time: Clock
) -> None:
    asked = await reader.post(SUBSCRIPTIONS, json=a_wish() | SMS)
    time.passes(timedelta(days=3))

    answer = await reader.post(f"{SUBSCRIPTIONS}/{asked.json()['id']}/confirmation", json={"code": told.code})

    assert answer.status_code == 410


async def test_given_one_key_when_it_is_asked_twice_then_it_is_one_request_with_one_link(
    reader: httpx2.AsyncClient, stored: Database, told: Told, time: Clock
) -> None:
    first = await reader.post(SUBSCRIPTIONS, json=a_wish(), headers=a_key(1))
    time.passes(timedelta(minutes=1))

    again = await reader.post(SUBSCRIPTIONS, json=a_wish(), headers=a_key(1))
    other = await reader.post(SUBSCRIPTIONS, json=a_wish(region="52.03"), headers=a_key(1))

    assert first.json() == again.json()
    assert other.json()["id"] != first.json()["id"]
    assert told.asked[0] == told.asked[1]
    assert await stored["subscriptions"].count_documents({}) == 2


async def test_given_five_unconfirmed_requests_when_a_sixth_comes_then_it_is_refused_until_tomorrow(
    reader: httpx2.AsyncClient, told: Told, time: Clock
) -> None:
    async def ask() -> httpx2.Response:
        # One mailbox, however it is spelled.
        return await reader.post(SUBSCRIPTIONS, json=a_wish(address=f"Siti+{len(told.asked)}@mail.example"))

    answers = [(await ask()).status_code for _ in range(5)]
    sixth = await ask()
    elsewhere = await reader.post(SUBSCRIPTIONS, json=a_wish(address="ani@mail.example"))
    time.passes(timedelta(seconds=int(sixth.headers["retry-after"])))

    assert answers == [202] * 5
    assert (sixth.status_code, sixth.headers["retry-after"]) == (429, str(14 * 3600 + 1))
    assert elsewhere.status_code == 202
    assert (await ask()).status_code == 202


async def test_given_requests_that_are_confirmed_when_more_come_then_they_take_no_place_of_the_day(
    reader: httpx2.AsyncClient, told: Told
) -> None:
    answers: list[int] = []
    for _ in range(8):
        answers.append((await reader.post(SUBSCRIPTIONS, json=a_wish())).status_code)
        await reader.post(told.link)
        await reader.post(f"{SUBSCRIPTIONS}/links/{token(Purpose.LEAVE, str(told.asked[-1][0].id))}")

    assert answers == [202] * 8


async def test_given_an_address_that_follows_as_much_as_it_may_when_it_confirms_more_then_it_ends_something_first(
    reader: httpx2.AsyncClient, following: Following, told: Told
) -> None:
    for target in ({"case": TICKET}, {"region": "52.03"}, {"region": "52.03.07"}, {"category": "road.damage"}):
        await reader.post(SUBSCRIPTIONS, json=a_wish(**target))
        page = await reader.post(told.link, headers=HTML)
    assert page.status_code == 409
    assert "paling banyak" in page.text
    assert await following.subscriptions.following(["category:road.damage"]) == []

    await reader.post(f"{SUBSCRIPTIONS}/links/{token(Purpose.LEAVE, str(told.asked[0][0].id))}")
    later = await reader.post(told.link, headers=HTML)

    assert later.status_code == 200
    assert len(await following.subscriptions.following(["category:road.damage"])) == 1


async def test_given_many_that_confirm_at_once_when_there_is_one_place_then_never_more_than_it_may(
    reader: httpx2.AsyncClient, following: Following, stored: Database, told: Told
) -> None:
    for _ in range(5):
        await reader.post(SUBSCRIPTIONS, json=a_wish())
    ids = [asked.id for asked, _, _ in told.asked]

    confirmed = await asyncio.gather(*(following.subscriptions.confirm(one, AT) for one in ids), return_exceptions=True)

    assert await stored["subscriptions"].count_documents({"state": "confirmed"}) <= 3
    assert any(isinstance(one, FollowsTooMuch) for one in confirmed)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"follow": {"region": "52.99"}}, "follow.region"),
        ({"follow": {"category": "road.flying"}}, "follow.category"),
        ({"follow": {"agency": "NOBODY"}}, "follow.agency"),
        ({"follow": {"case": "NTB-1"}}, "follow.case"),
        ({"follow": {}}, "follow"),
        ({"follow": {"region": "52.03", "category": "road.damage"}}, "follow"),
        ({"follow": {"everything": "x"}}, "follow.everything"),
        ({"address": "siti"}, "address"),
        ({"channel": "sms"}, "address"),
        ({"channel": "whatsapp", "address": "0812-3456-7890"}, "channel"),
        ({"channel": "webhook"}, "channel"),
        ({"language": "sas"}, "language"),
    ],
)
async def test_given_a_wish_that_cannot_be_when_it_is_sent_then_the_field_is_named_and_nobody_is_asked(
    stored: Database, told: Told, time: Clock, change: dict[str, Any], field: str
) -> None:
    offered = frozenset({"email", "sms"})
    following = a_following(Subscriptions(stored), PublicEvents(stored), told, time, enabled=offered)

    async with a_reader(following) as reader:
        answer = await reader.post(SUBSCRIPTIONS, json=a_wish() | change)

    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.json()["errors"][0]["field"] == field
    assert told.asked == []


async def test_given_a_page_when_the_other_language_is_chosen_then_it_comes_back_in_it_and_nowhere_else(
    reader: httpx2.AsyncClient, told: Told
) -> None:
    await reader.post(SUBSCRIPTIONS, json=a_wish())

    home = await reader.post(f"{SUBSCRIPTIONS}/language", data={"to": "en", "back": told.link})
    away = await reader.post(f"{SUBSCRIPTIONS}/language", data={"to": "en", "back": "//evil.example"})
    page = await reader.get(home.headers["location"], headers=HTML)

    assert (home.status_code, home.headers["location"], away.headers["location"]) == (303, told.link, "/")
    assert "Yes, send me news" in page.text
    assert (await reader.get(SUBSCRIPTIONS)).headers["location"] == "/"


async def test_given_the_page_when_its_assets_are_asked_for_then_they_are_there(
    reader: httpx2.AsyncClient, told: Told
) -> None:
    await reader.post(SUBSCRIPTIONS, json=a_wish())
    page = await reader.get(told.link, headers=HTML)

    sheet = page.text.partition('rel="stylesheet" href="')[2].partition('"')[0]

    assert (await reader.get(sheet)).headers["content-type"].startswith("text/css")


async def test_given_every_path_when_walked_then_no_query_scans_a_collection(
    reader: httpx2.AsyncClient, following: Following, stored: Database, told: Told
) -> None:
    await following.public.add([a_public_event(number) for number in range(1, 200)])
    await watch(stored)

    await reader.post(SUBSCRIPTIONS, json=a_wish() | SMS)
    await reader.post(f"{SUBSCRIPTIONS}/{told.asked[0][0].id}/confirmation", json={"code": told.code})
    await following.subscriptions.following(["region:52", f"case:{TICKET}"])
    await reader.post(f"{SUBSCRIPTIONS}/links/{token(Purpose.LEAVE, str(told.asked[0][0].id))}")
    await following.public.newest("region:52.03", 50)
    await following.public.hide({TICKET: AT})

    asked = await watched(stored)
    assert [command for command in asked if "COLLSCAN" in command["planSummary"]] == []
    for index in ("target", "to", "targets", "ticket"):
        assert any(f"{{ {index}: " in command["planSummary"] for command in asked), index


def token(purpose: Purpose, subject: str, extra: str = "") -> str:
    return LINKS.to(Link(purpose, subject, extra), AT).rpartition("/")[2]
