"""Whoever opted out can undo just that: on the page after it, by the same link, or by an answer on a telephone."""

import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import httpx2
import pytest

from services.notification.domain.links import Link, Purpose
from services.notification.store import Addresses
from services.notification.store.public import PublicEvents
from services.notification.store.subscriptions import Subscriptions
from shared.mongo import Database
from tests.notification.examples import AT
from tests.notification.followers import HTML, LINKS, SUBSCRIPTIONS, Clock, Told, a_following, a_reader, a_wish

pytestmark = pytest.mark.integration

SITI: Final = "email:ab12"
ENGLISH: Final = {"Accept-Language": "en"}
REGION: Final = "region:52.03.07"


@dataclass
class Owner:
    """Somebody with a browser, and what is known of them."""

    http: httpx2.AsyncClient
    addresses: Addresses
    subscriptions: Subscriptions
    told: Told
    clock: Clock

    async def stopped(self) -> set[str]:
        stored = await self.addresses.collection.find_one({"_id": SITI})
        return set((stored or {}).get("stopped", ()))

    async def follows(self) -> list[str]:
        return [one.address for one in await self.subscriptions.following([REGION])]

    async def press(self, page: httpx2.Response, **headers: str) -> httpx2.Response:
        """The one button of a page that is not its language's."""
        (action,) = re.findall(r'<form method="post" action="(\S+/again)">', page.text)
        fields = dict(re.findall(r'<input type="hidden" name="(keepsake)" value="(\S+)">', page.text))
        return await self.http.post(action, data=fields, headers=HTML | headers)

    async def follow(self, address: str = "siti@mail.example", **target: str) -> str:
        """Returns the path of the link that ends it."""
        await self.http.post(SUBSCRIPTIONS, json=a_wish(address=address, **target or {"region": "52.03.07"}))
        await self.http.post(self.told.link)
        return a_path(Purpose.LEAVE, str(self.told.asked[-1][0].id))


@pytest.fixture
async def owner(database: Database) -> AsyncGenerator[Owner]:
    told, clock = Told(), Clock()
    subscriptions, addresses = Subscriptions(database, most=2), Addresses(database)
    following = a_following(subscriptions, PublicEvents(database), told, clock, addresses=addresses)
    async with a_reader(following) as http:
        yield Owner(http, addresses, subscriptions, told, clock)


def a_path(purpose: Purpose, subject: str, extra: str = "") -> str:
    return LINKS.to(Link(purpose, subject, extra), AT).removeprefix("https://care.example")


@pytest.mark.parametrize(("extra", "kind"), [("progress", "progress"), ("", "*"), ("*", "*")])
async def test_given_a_kind_that_was_stopped_when_it_is_started_again_then_just_that_comes_again(
    owner: Owner, extra: str, kind: str
) -> None:
    await owner.addresses.stop(SITI, "closed")
    page = await owner.http.post(a_path(Purpose.STOP, SITI, extra), headers=HTML)
    before = await owner.stopped()

    answers = [await owner.press(page) for _ in range(2)]

    assert before == {"closed", kind}
    assert await owner.stopped() == {"closed"}
    assert [answer.status_code for answer in answers] == [200, 200]
    assert "Anda menerima pesan lagi" in answers[1].text
    assert all("set-cookie" not in answer.headers for answer in (page, *answers))


@pytest.mark.parametrize(
    ("headers", "said", "button"),
    [
        ({}, "Pesan sudah dihentikan", "Mulai terima lagi"),
        (ENGLISH, "Messages are stopped", "Start getting them again"),
    ],
)
async def test_given_a_kind_that_was_stopped_long_ago_when_the_link_is_opened_then_it_says_so_and_can_be_undone(
    owner: Owner, headers: dict[str, str], said: str, button: str
) -> None:
    path = a_path(Purpose.STOP, SITI, "progress")
    asked = await owner.http.get(path, headers=HTML | headers)
    await owner.http.post(path)
    owner.clock.passes(timedelta(days=300))

    page = await owner.http.get(path, headers=HTML | headers)
    await owner.press(page)
    afterwards = await owner.http.get(path, headers=HTML | headers)

    assert said in page.text
    assert f'<button type="submit">{button}</button>' in page.text
    assert afterwards.text == asked.text
    assert await owner.stopped() == set()


async def test_given_everything_that_was_stopped_when_one_kind_is_started_again_then_the_page_says_that_it_stays(
    owner: Owner,
) -> None:
    page = await owner.http.post(a_path(Purpose.STOP, SITI, "progress"), headers=HTML)
    await owner.addresses.stop(SITI, "*")

    answer = await owner.press(page)

    assert await owner.stopped() == {"*"}
    assert "Semua pesan masih dihentikan" in answer.text
    assert "kabar tentang kemajuan penanganan belum sampai" in answer.text


async def test_given_an_address_that_stopped_nothing_more_when_it_starts_again_then_it_is_forgotten_unless_confirmed(
    owner: Owner,
) -> None:
    other = "email:cd34"
    await owner.addresses.confirm(other, AT)
    for address in (SITI, other):
        await owner.addresses.stop(address, "progress")
        await owner.addresses.start(address, "progress")

    stored = {one["_id"]: one async for one in owner.addresses.collection.find()}

    assert "idle_since" in stored[SITI]
    assert "idle_since" not in stored[other]
    assert not [one for one in stored.values() if "stopped" in one]


async def test_given_somebody_who_left_when_they_follow_again_then_as_before_and_nothing_was_kept_meanwhile(
    owner: Owner, database: Database
) -> None:
    leave = await owner.follow()
    page = await owner.http.post(leave, headers=HTML)
    kept = str([await database[name].find().to_list(None) for name in await database.list_collection_names()])

    answers = [await owner.press(page) for _ in range(2)]

    assert "siti" not in kept
    assert "siti" not in page.text
    assert "Anda mengikuti lagi" in answers[1].text
    assert "aduan di Selong, Lombok Timur" in answers[1].text
    assert await owner.follows() == ["siti@mail.example"]
    assert "Berhenti mengikuti" in (await owner.http.get(leave, headers=HTML)).text


async def test_given_somebody_who_left_when_the_page_is_opened_anew_then_there_is_nothing_to_undo_it_with(
    owner: Owner,
) -> None:
    leave = await owner.follow()
    await owner.http.post(leave, headers=HTML)

    looked, reloaded = await owner.http.get(leave, headers=HTML), await owner.http.get(f"{leave}/again", headers=HTML)

    assert "/again" not in looked.text
    assert (reloaded.status_code, reloaded.headers["location"]) == (303, leave)


async def test_given_a_page_of_the_day_before_yesterday_when_its_button_is_pressed_then_it_is_too_late(
    owner: Owner,
) -> None:
    page = await owner.http.post(await owner.follow(), headers=HTML)
    owner.clock.passes(timedelta(days=1))

    assert (await owner.press(page)).status_code == 410
    assert await owner.follows() == []


@pytest.mark.parametrize("keepsake", ["", "x", "a.b.c.d.e", "x" * 5_000, "é"])
async def test_given_no_keepsake_of_ours_when_it_is_sent_then_nobody_follows(owner: Owner, keepsake: str) -> None:
    leave = await owner.follow()
    await owner.http.post(leave)

    answer = await owner.http.post(f"{leave}/again", data={"keepsake": keepsake}, headers=HTML)

    assert answer.status_code == 404
    assert await owner.follows() == []


async def test_given_the_keepsake_of_another_when_it_is_sent_with_a_link_then_nobody_follows(owner: Owner) -> None:
    theirs = await owner.follow("ani@mail.example")
    page = await owner.http.post(theirs, headers=HTML)
    ours = await owner.follow()
    await owner.http.post(ours)
    keepsake = dict(re.findall(r'name="(keepsake)" value="(\S+)"', page.text))

    answer = await owner.http.post(f"{ours}/again", data=keepsake, headers=HTML)

    assert (len(keepsake), answer.status_code) == (1, 404)
    assert await owner.follows() == []


async def test_given_somebody_who_follows_as_much_as_they_may_when_they_undo_leaving_then_something_must_end_first(
    owner: Owner,
) -> None:
    page = await owner.http.post(await owner.follow(), headers=HTML)
    other = await owner.follow(category="road.damage")
    await owner.follow(region="52.03")

    too_much = await owner.press(page)
    meanwhile = await owner.follows()
    await owner.http.post(other)
    at_last = await owner.press(page)

    assert (too_much.status_code, at_last.status_code) == (409, 200)
    assert (meanwhile, await owner.follows()) == ([], ["siti@mail.example"])


@pytest.mark.parametrize("purpose", [Purpose.FOLLOW, Purpose.CONFIRM])
async def test_given_a_link_that_ends_nothing_when_it_is_undone_then_there_is_no_such_page(
    owner: Owner, purpose: Purpose
) -> None:
    answer = await owner.http.post(f"{a_path(purpose, SITI)}/again", headers=HTML)

    assert answer.status_code == 404


async def test_given_a_mail_program_when_it_unsubscribes_then_it_is_done_at_once_and_told_as_ever(owner: Owner) -> None:
    paths = [a_path(Purpose.STOP, SITI, "progress"), await owner.follow()]
    headers: dict[str, Any] = {"Origin": "https://mail.example"}

    answers = [await owner.http.post(path, data={"List-Unsubscribe": "One-Click"}, headers=headers) for path in paths]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert not [answer for answer in answers if "/again" in answer.text or "keepsake" in answer.text]
    assert (await owner.stopped(), await owner.follows()) == ({"progress"}, [])


async def test_given_somebody_who_follows_several_things_when_they_stop_them_all_then_nothing_of_them_is_kept(
    owner: Owner, database: Database
) -> None:
    for target in ({"region": "52.03.07"}, {"category": "road.damage"}):
        await owner.follow(**target)
    stop = a_path(Purpose.STOP, owner.told.asked[0][0].to, "followed")

    page = await owner.http.post(stop, headers=HTML)
    kept = str([await database[name].find().to_list(None) for name in await database.list_collection_names()])
    answers = [await owner.press(page) for _ in range(2)]

    assert "siti" not in kept
    assert "Selama halaman ini terbuka" in page.text
    assert [answer.status_code for answer in answers] == [200, 200]
    assert len(await owner.subscriptions.following([REGION, "category:road.damage"])) == 2
    assert [one["_id"] async for one in database["addresses"].find({"stopped": {"$exists": True}})] == []


@pytest.mark.parametrize("extra", ["followed", "*", ""])
async def test_given_somebody_who_stopped_what_they_follow_when_they_confirm_anew_then_it_comes(
    owner: Owner, extra: str, database: Database
) -> None:
    await owner.follow()
    to = owner.told.asked[0][0].to
    await owner.http.post(a_path(Purpose.STOP, to, extra))
    await owner.addresses.stop(to, "followed")
    left = await owner.follows()

    await owner.follow()

    stored = await database["addresses"].find_one({"_id": to})
    assert (left, await owner.follows()) == ([], ["siti@mail.example"])
    assert "followed" not in (stored or {}).get("stopped", [])


async def test_given_the_keepsake_of_another_when_all_is_started_again_then_nobody_follows(owner: Owner) -> None:
    await owner.follow("ani@mail.example")
    page = await owner.http.post(a_path(Purpose.STOP, owner.told.asked[0][0].to, "followed"), headers=HTML)
    keepsake = dict(re.findall(r'name="(keepsake)" value="(\S+)"', page.text))

    answer = await owner.http.post(f"{a_path(Purpose.STOP, SITI, 'followed')}/again", data=keepsake, headers=HTML)

    assert (len(keepsake), answer.status_code) == (1, 404)
    assert await owner.follows() == []


async def test_given_a_telephone_that_stopped_what_it_follows_when_its_code_is_entered_then_it_comes(
    owner: Owner,
) -> None:
    asked = await owner.http.post(SUBSCRIPTIONS, json=a_wish("sms", "+6281234567890"))
    to = owner.told.asked[0][0].to
    await owner.addresses.stop(to, "followed")

    await owner.http.post(f"{SUBSCRIPTIONS}/{asked.json()['id']}/confirmation", json={"code": owner.told.code})

    assert not await owner.addresses.has_stopped(to, "followed")
