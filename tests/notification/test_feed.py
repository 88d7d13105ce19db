"""The feed as readers get it, and the store behind it."""

from collections.abc import AsyncGenerator, Sequence
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree as ET

import httpx2
import pytest

from services.notification.domain.following import PublicEvent, PublicEventType
from services.notification.store.public import PublicEvents
from shared.events.directory import Category, Label
from shared.events.event import Urgency
from shared.events.standards import ResolutionClass
from shared.mongo import MongoSettings, connected
from tests.notification.examples import AT, TICKET, a_directory, a_ticket
from tests.notification.followers import Clock, Told, a_following, a_public_event, a_reader

FEED = "/v1/subscriptions/feed.atom"
ATOM = {"a": "http://www.w3.org/2005/Atom"}
LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


def parsed(answer: httpx2.Response) -> ET.Element:
    return ET.fromstring(answer.content)  # noqa: S314 - it was made here


class Kept:
    """What the store has."""

    def __init__(self) -> None:
        self.events: list[PublicEvent] = []
        self.asked: list[tuple[str, int]] = []

    async def newest(self, target: str, limit: int) -> Sequence[PublicEvent]:
        self.asked.append((target, limit))
        return self.events


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
async def reader(kept: Kept) -> AsyncGenerator[httpx2.AsyncClient]:
    directory = a_directory()
    directory.categories["env.tree"] = Category(
        id="env.tree",
        name=Label(id='Pohon <rawan> & "tumbang"\x0b', en="Tree <&>"),
        urgency=Urgency.ORDINARY,
        resolution=ResolutionClass.FIELD,
    )
    nothing: Any = None
    public: Any = kept
    following = a_following(nothing, public, Told(), Clock(), directory=directory)
    async with a_reader(following) as client:
        yield client


async def test_given_events_when_a_feed_is_read_then_it_is_atom_with_stable_ids_and_words(
    reader: httpx2.AsyncClient, kept: Kept
) -> None:
    kept.events = [a_public_event(2), a_public_event(1, type=PublicEventType.OPENED)]

    answer = await reader.get(FEED, params={"region": "52.03"})

    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    assert answer.content.startswith(b"<?xml version='1.0' encoding='utf-8'?>")
    feed = parsed(answer)
    assert (feed.tag, feed.get(LANGUAGE)) == ("{http://www.w3.org/2005/Atom}feed", "id")
    assert feed.findtext("a:title", "", ATOM) == "NTB Care: aduan di Lombok Timur"
    assert feed.findtext("a:updated", "", ATOM) == "2026-11-24T04:00:00Z"
    assert feed.findtext("a:author/a:name", "", ATOM) == "NTB Care"
    link = feed.find("a:link[@rel='self']", ATOM)
    assert link is not None
    assert link.get("href") == "https://care.example/v1/subscriptions/feed.atom?region=52.03&lang=id"
    assert kept.asked == [("region:52.03", 50)]
    first, _ = feed.findall("a:entry", ATOM)
    assert first.findtext("a:id", "", ATOM) == f"urn:uuid:{kept.events[0].id}"
    assert first.findtext("a:title", "", ATOM) == "Jalan rusak, Selong, Lombok Timur: diteruskan ke instansi"
    assert first.findtext("a:summary", "", ATOM) == (
        f"Tiket: {TICKET}. Status: diteruskan. Instansi: Dinas PUPR Lombok Timur. "
        "Selasa, 24 November 2026 pukul 12.00 WITA"
    )
    alternate = first.find("a:link", ATOM)
    assert alternate is not None
    assert alternate.get("href") == f"https://care.example/lacak/{TICKET}"


async def test_given_a_feed_when_its_elements_are_counted_then_each_has_what_the_standard_wants_once(
    reader: httpx2.AsyncClient, kept: Kept
) -> None:
    kept.events = [a_public_event(number, region=None, agency=None) for number in (3, 2, 1)]

    feed = parsed(await reader.get(FEED, params={"case": TICKET}))

    for element in (feed, *feed.findall("a:entry", ATOM)):
        assert [len(element.findall(f"a:{name}", ATOM)) for name in ("id", "title", "updated")] == [1, 1, 1]
    ids = [found.text for found in feed.iter("{http://www.w3.org/2005/Atom}id")]
    assert len(set(ids)) == len(ids) == 4
    assert all((one or "").startswith("urn:uuid:") for one in ids)


async def test_given_names_with_markup_when_a_feed_is_read_then_they_are_text(
    reader: httpx2.AsyncClient, kept: Kept
) -> None:
    kept.events = [a_public_event(category="env.tree")]

    answer = await reader.get(FEED, params={"category": "env.tree"})

    feed = parsed(answer)
    assert feed.findtext("a:title", "", ATOM) == 'NTB Care: aduan tentang Pohon <rawan> & "tumbang"'
    category = feed.find("a:entry/a:category", ATOM)
    assert category is not None
    assert (category.get("term"), category.get("label")) == ("env.tree", 'Pohon <rawan> & "tumbang"')


@pytest.mark.parametrize(
    ("params", "headers", "language"),
    [
        ({}, {}, "id"),
        ({}, {"Accept-Language": "en-GB,en;q=0.9"}, "en"),
        ({"lang": "id"}, {"Accept-Language": "en"}, "id"),
        ({"lang": "en"}, {}, "en"),
    ],
)
async def test_given_a_language_when_a_feed_is_read_then_it_speaks_it(
    reader: httpx2.AsyncClient, kept: Kept, params: dict[str, str], headers: dict[str, str], language: str
) -> None:
    kept.events = [a_public_event()]

    answer = await reader.get(FEED, params={"case": TICKET} | params, headers=headers)

    feed = parsed(answer)
    assert feed.get(LANGUAGE) == language
    title = feed.findtext("a:entry/a:title", "", ATOM)
    assert title.endswith({"id": "diteruskan ke instansi", "en": "passed to an agency"}[language])
    assert answer.headers["vary"] == "Accept-Language"


async def test_given_every_type_and_status_when_a_feed_is_read_then_there_are_words_for_them(
    reader: httpx2.AsyncClient, kept: Kept
) -> None:
    statuses = list(type(a_public_event().status))
    kept.events = [
        a_public_event(number, type=kind, status=statuses[number % len(statuses)])
        for number, kind in enumerate(PublicEventType)
    ]

    answers = [await reader.get(FEED, params={"case": TICKET, "lang": language}) for language in ("id", "en")]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert len(statuses) == len(PublicEventType)


async def test_given_a_reader_that_has_it_when_it_asks_again_then_nothing_is_sent_until_something_happens(
    reader: httpx2.AsyncClient, kept: Kept
) -> None:
    kept.events = [a_public_event(1)]
    first = await reader.get(FEED, params={"case": TICKET})
    tag, date = first.headers["etag"], first.headers["last-modified"]

    async def again(**headers: str) -> int:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return (await reader.get(FEED, params={"case": TICKET}, headers=named)).status_code

    assert date == "Tue, 24 Nov 2026 03:00:00 GMT"
    assert first.headers["cache-control"] == "public, max-age=300"
    assert await again(If_None_Match=tag) == 304
    assert await again(If_None_Match=f'"other", W/{tag}') == 304
    assert await again(If_Modified_Since=date) == 304
    assert await again(If_Modified_Since="yesterday") == 200
    assert await again(If_Modified_Since="Wed, 21 Oct 2015 07:28:00 +99999999999999999") == 200
    assert await again(If_None_Match='"other"', If_Modified_Since=date) == 200
    kept.events = [a_public_event(2), a_public_event(1)]
    assert await again(If_None_Match=tag) == 200
    assert await again(If_Modified_Since=date) == 200


async def test_given_nothing_that_happened_when_a_feed_is_read_then_it_is_empty_and_valid(
    reader: httpx2.AsyncClient,
) -> None:
    answer = await reader.get(FEED, params={"case": a_ticket(7)})

    feed = parsed(answer)
    assert feed.findtext("a:updated", "", ATOM) == "1970-01-01T00:00:00Z"
    assert feed.findall("a:entry", ATOM) == []


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({}, "query"),
        ({"case": TICKET, "region": "52"}, "query"),
        ({"region": "52.99"}, "region"),
        ({"case": "NTB-1"}, "case"),
        ({"region": "52.03", "lang": "sas"}, "lang"),
    ],
)
async def test_given_no_such_feed_when_it_is_asked_for_then_the_problem_names_the_field(
    reader: httpx2.AsyncClient, params: dict[str, str], field: str
) -> None:
    answer = await reader.get(FEED, params=params)

    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.json()["errors"][0]["field"] == field


@pytest.mark.integration
async def test_given_events_when_they_are_kept_twice_then_they_are_there_once_and_newest_first(
    mongo: MongoSettings,
) -> None:
    async with connected(mongo) as database:
        store = PublicEvents(database)
        await store.create_indexes()
        events = [a_public_event(number) for number in (1, 2, 3)]

        await store.add(events)
        await store.add([a_public_event(2, at=AT + timedelta(days=9))])

        assert await store.newest("region:52", 2) == [events[2], events[1]]
        assert await store.newest("region:52.04", 2) == []


@pytest.mark.integration
async def test_given_a_case_that_became_confidential_when_old_events_come_again_then_nothing_of_it_is_there(
    mongo: MongoSettings,
) -> None:
    other = a_ticket(1)
    async with connected(mongo) as database:
        store = PublicEvents(database)
        await store.create_indexes()
        await store.add([a_public_event(1), a_public_event(2, other)])

        await store.hide({TICKET: AT + timedelta(days=1)})
        hidden = [event.ticket for event in await store.newest("region:52", 9)]
        await store.add([a_public_event(1), a_public_event(3, other)])
        again = [event.ticket for event in await store.newest("region:52", 9)]
        marked = await store.hidden([TICKET, other])

    assert (hidden, again, marked) == ([other], [other, other], {TICKET})


@pytest.mark.integration
async def test_given_the_store_when_its_indexes_are_made_then_what_is_old_goes_by_itself(mongo: MongoSettings) -> None:
    async with connected(mongo) as database:
        store = PublicEvents(database)

        await store.create_indexes()
        await store.create_indexes()

        indexes = await store.collection.index_information()
    assert indexes["at_1"]["expireAfterSeconds"] == 60 * 24 * 3600
