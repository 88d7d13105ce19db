"""Photos of a complaint that everybody may see, and those that its reporter sees."""

import re
from html import unescape

import httpx2
import pytest

from services.reporting.api.open311 import Open311, create_open311_router
from services.reporting.domain.projection import Erased, Told
from services.reporting.reading import Reading
from shared.events.case import CaseSnapshot, Role
from shared.events.cases import CasePublished
from shared.events.words import WordsKind, WordsRecorded
from shared.ids import named_id, tracking_code
from shared.open311 import Open311Settings
from shared.problems import ProblemApp
from tests.reporting.conftest import PHOTO_KEY, Projecting
from tests.reporting.samples import (
    RECEIVED_AT,
    TRACKING_KEYS,
    a_directory,
    a_lifecycle,
    a_personal_part,
    a_snapshot,
    a_step,
    a_submission,
    an_erasure,
    code_of,
    hours,
    ticket,
)

pytestmark = [pytest.mark.integration, pytest.mark.parametrize("mongo", ["motor"], indirect=True)]
OWN, COPY, LATER_COPY = "a" * 32, "b" * 32, "c" * 32
CASE = f"/aduan/{ticket(1)}"
API = f"/v1/cases/{ticket(1)}"


def published(sequence: int, *photos: str) -> list[Told]:
    event_id = named_id(ticket(1), sequence)
    key = f"{ticket(1)}:{event_id}"
    at = RECEIVED_AT + hours(sequence)
    words = WordsRecorded(
        event_id=event_id, ticket=ticket(1), occurred_at=at, kind=WordsKind.PUBLICATION, text="Jalan rusak"
    )
    step = CasePublished(
        event_id=event_id,
        ticket=ticket(1),
        occurred_at=at,
        case_id=ticket(1),
        sequence=sequence,
        actor=Role.COORDINATOR,
        words=key,
        case=with_publication(sequence),
        photos=photos,
    )
    return [words, step]


def with_publication(sequence: int) -> CaseSnapshot:
    return a_snapshot(publication=f"{ticket(1)}:{named_id(ticket(1), sequence)}")


def submitted() -> list[Told]:
    return [a_submission(1), a_personal_part(1, photos=(OWN,)), a_step(1, 1)]


def shown(page: httpx2.Response) -> list[str]:
    return [unescape(address) for address in re.findall(r'<img class="photo" src="([^"]+)"', page.text)]


async def test_given_published_photos_when_the_case_is_read_then_they_are_there_small_with_a_link_to_the_whole(
    public: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*submitted(), *published(2, COPY))

    page = await public.get(CASE)

    assert shown(page) == [PHOTO_KEY.address(COPY, thumbnail=True)]
    assert f'<a href="{PHOTO_KEY.address(COPY).replace("&", "&amp;")}"' in page.text
    assert 'alt="Foto 1 dari 1 yang dipublikasikan: id road.damage, Sepit' in page.text
    assert OWN not in page.text


async def test_given_published_photos_when_a_program_reads_the_case_then_it_gets_signed_addresses_of_these_alone(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*submitted(), *published(2, COPY))

    everybody, reporter = await client.get(API), await client.get(API, headers=code_of(1))

    told = {"name": COPY, "address": PHOTO_KEY.address(COPY)}
    assert everybody.json()["photos"] == [told | {"thumbnail_address": PHOTO_KEY.address(COPY, thumbnail=True)}]
    assert OWN not in everybody.text
    assert reporter.json()["photos"] == everybody.json()["photos"]
    assert [one["address"] for one in reporter.json()["reporter"]["photos"]] == [PHOTO_KEY.address(OWN)]


@pytest.mark.parametrize("form", ["json", "xml"])
async def test_given_photos_when_a_client_of_open311_reads_the_request_then_it_gets_the_first_published_one_alone(
    projecting: Projecting, form: str
) -> None:
    reading = Reading(projecting.store, projecting.waiters, a_directory(), TRACKING_KEYS)
    reading.photo_key = PHOTO_KEY
    app = ProblemApp()
    app.include_router(create_open311_router(Open311(Open311Settings(), projecting.store, a_directory(), reading)))
    address = f"/open311/v2/requests/{ticket(1)}.{form}"
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="https://care.example") as http:
        await projecting.take(*submitted())
        before = (await http.get(address)).text
        await projecting.take(*published(2, COPY, LATER_COPY))
        after = (await http.get(address)).text

    found = re.findall(r"https?://[^\"<]+", unescape(after))
    assert found == [f"https://care.example{PHOTO_KEY.address(COPY)}"]
    assert "/v1/photos" not in before
    assert OWN not in after


async def test_given_a_complaint_with_photos_when_nothing_is_published_then_nobody_else_sees_any(
    public: httpx2.AsyncClient, client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*submitted())

    page, told = await public.get(CASE), await client.get(API)

    assert (shown(page), OWN in page.text, told.json()["photos"], OWN in told.text) == ([], False, [], False)


async def test_given_another_publication_when_the_case_is_read_then_only_its_photos_are_there(
    public: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*submitted(), *published(2, COPY), *published(3, LATER_COPY))

    assert shown(await public.get(CASE)) == [PHOTO_KEY.address(LATER_COPY, thumbnail=True)]


async def test_given_a_publication_that_is_taken_back_when_the_case_is_read_then_its_photos_are_gone(
    public: httpx2.AsyncClient, client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*submitted(), *published(2, COPY), a_step(1, 3, "case.unpublished.v1"))

    assert shown(await public.get(CASE)) == []
    assert (await client.get(API)).json()["photos"] == []


async def test_given_words_that_were_erased_first_when_the_case_is_read_then_the_photos_are_gone_with_them(
    public: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*submitted(), *published(2, COPY), Erased("words", f"{ticket(1)}:{named_id(ticket(1), 2)}"))

    assert shown(await public.get(CASE)) == []


async def test_given_a_case_that_becomes_confidential_when_it_is_read_then_there_is_none(
    public: httpx2.AsyncClient, client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*submitted(), *published(2, COPY), a_step(1, 3, "case.restricted.v1", confidential=True))

    assert ((await public.get(CASE)).status_code, (await client.get(API)).status_code) == (404, 404)


async def test_given_the_reporter_when_they_read_their_page_then_their_own_photos_are_there_until_they_are_erased(
    public: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*a_lifecycle(1)[2:], *submitted())
    await public.post("/lacak", data={"ticket": ticket(1), "code": tracking_code(TRACKING_KEYS, "K", ticket(1))})

    page = await public.get(f"/lacak/{ticket(1)}")
    await projecting.take(an_erasure(1))
    erased = await public.get(f"/lacak/{ticket(1)}")

    assert (shown(page), shown(erased)) == ([PHOTO_KEY.address(OWN, thumbnail=True)], [])
    assert 'alt="Foto Anda 1 dari 1"' in page.text
