"""Photos of a complaint at the desk: who sees them, and which of them a coordinator can publish."""

import re
from collections.abc import AsyncGenerator
from html import unescape
from typing import Any

import httpx2
import pytest

from services.routing.handlers import ComplaintHandler
from services.routing.store.cases import CaseStore
from shared.events.complaints import ComplaintErased, ErasureReason, ProcessingRestricted
from shared.events.personal import PersonalRecorded
from shared.ids import named_id
from shared.outbox import OutboxRelay
from shared.photos import EVIDENCE
from shared.topics import COMPLAINTS, PERSONAL
from shared.waiters import Waiters
from tests.routing.desks import CASE as API
from tests.routing.desks import COORDINATOR, OFFICER, on_the_day
from tests.routing.examples import AT, TICKET, a_complaint, the_rulebook
from tests.routing.photo_desks import CASE, KEY, a_copy, a_photo, a_photo_desk, sign_in
from tests.shared.received import received

pytestmark = [pytest.mark.integration, pytest.mark.parametrize("mongo", ["motor"], indirect=True)]
ROAD, HOUSE = "a" * 32, "b" * 32
OF_ANOTHER_CASE = "c" * 32


class Told:
    """What routing reads of the complaint."""

    def __init__(self, store: CaseStore, relay: OutboxRelay) -> None:
        self._handle = ComplaintHandler(store, relay, the_rulebook, Waiters(), now=on_the_day)

    async def complaint(self, **fields: Any) -> None:
        part = PersonalRecorded(
            event_id=named_id("part"), ticket=TICKET, occurred_at=AT, part="s-1", text="Rusak", photos=(ROAD, HOUSE)
        )
        complaint = a_complaint(photos=2, **fields)
        await self._handle([received(PERSONAL, part), received(COMPLAINTS, complaint)])

    async def later(self, kind: type[Any], **fields: Any) -> None:
        event = kind(event_id=named_id(kind.__name__), ticket=TICKET, occurred_at=AT, **fields)
        await self._handle([received(COMPLAINTS, event)])


@pytest.fixture
def told(store: CaseStore, relay: OutboxRelay) -> Told:
    return Told(store, relay)


@pytest.fixture
async def browser(store: CaseStore, relay: OutboxRelay) -> AsyncGenerator[httpx2.AsyncClient]:
    async with a_photo_desk(store, relay) as client:
        yield client


async def publish(browser: httpx2.AsyncClient, *photos: str, page: str = CASE) -> httpx2.Response:
    """Send the page's form with these photos chosen."""
    hidden = re.findall(
        r'<input type="hidden" name="(csrf|revision|key)" value="([^"]*)"', (await browser.get(page)).text
    )
    chosen = {f"photos.{number}": name for number, name in enumerate(photos)}
    return await browser.post(f"{CASE}/do/publish", data=dict(hidden) | chosen | {"text": "Jalan rusak"})


def shown(page: httpx2.Response) -> list[str]:
    return re.findall(r'<img class="photo" src="/v1/photos/([a-z0-9]+)/thumbnail', page.text)


@pytest.mark.parametrize("confidential", [False, True])
async def test_given_photos_of_a_resident_when_an_officer_opens_the_case_then_they_are_beside_the_words(
    browser: httpx2.AsyncClient, told: Told, *, confidential: bool
) -> None:
    await told.complaint(confidential=confidential)
    await sign_in(browser, "officer", "PUPR-52.03")

    page = await browser.get(CASE)

    assert shown(page) == [ROAD, HOUSE]
    assert 'alt="Foto 1 dari pelapor"' in page.text
    assert f'<a href="/v1/photos/{ROAD}?expires=' in page.text
    told_by_api = (await browser.get(API, headers=OFFICER)).json()["photos"]
    assert [(one["name"], one["is_evidence"]) for one in told_by_api] == [(ROAD, False), (HOUSE, False)]


async def test_given_a_reporter_who_restricts_the_use_of_their_data_when_the_case_is_opened_then_no_photo_is_there(
    browser: httpx2.AsyncClient, told: Told
) -> None:
    await told.complaint()
    await told.later(ProcessingRestricted, restricted=True)

    for role, agency in (("officer", "PUPR-52.03"), ("coordinator", None)):
        await sign_in(browser, role, agency)
        page = await browser.get(CASE)
        assert (page.status_code, shown(page), ROAD in page.text) == (200, [], False)
    assert (await browser.get(f"{CASE}/photos/{ROAD}")).status_code == 404


async def test_given_an_erased_complaint_when_the_case_is_opened_then_neither_photos_nor_published_copies_are_there(
    browser: httpx2.AsyncClient, told: Told
) -> None:
    await told.complaint()
    await sign_in(browser, "coordinator")
    assert shown(await publish(browser, a_copy(ROAD)))
    await told.later(ComplaintErased, reason=ErasureReason.ASKED)

    page = await browser.get(CASE)

    assert (page.status_code, shown(page)) == (200, [])


async def test_given_a_publishing_form_when_nothing_is_chosen_then_no_photo_is_published(
    browser: httpx2.AsyncClient, told: Told, store: CaseStore
) -> None:
    await told.complaint()
    await sign_in(browser, "coordinator")
    page = await browser.get(CASE)

    done = await publish(browser)

    assert re.findall(r'type="checkbox" name="photos\.\d" value="([^"]+)"( checked)?', page.text) == [
        (ROAD, ""),
        (HOUSE, ""),
    ]
    stored = await store.load(TICKET)
    assert stored is not None
    assert (done.status_code, stored.history[-1].facts) == (200, {"photos": []})


async def test_given_a_redacted_copy_when_it_is_published_in_place_of_its_photo_then_the_event_names_the_copy_alone(
    browser: httpx2.AsyncClient, told: Told, store: CaseStore
) -> None:
    await told.complaint()
    await sign_in(browser, "coordinator")
    copy = a_copy(HOUSE)
    page = await browser.get(f"{CASE}?action=publish&photo={copy}")
    assert f'value="{copy}" checked' in page.text

    done = await publish(browser, ROAD, copy)

    stored = await store.load(TICKET)
    assert stored is not None
    assert (done.status_code, stored.history[-1].facts) == (200, {"photos": [ROAD, copy]})
    assert shown(done).count(copy) == 2  # it can be chosen again


@pytest.mark.parametrize(
    ("photos", "why"),
    [
        ((OF_ANOTHER_CASE,), "ada yang bukan foto dari aduan ini"),
        ((a_copy(OF_ANOTHER_CASE),), "ada yang bukan foto dari aduan ini"),
        ((ROAD, a_copy(a_copy(ROAD))), "ada yang bukan foto dari aduan ini"),
        ((a_copy(EVIDENCE),), "ada yang bukan foto dari aduan ini"),
        ((ROAD, a_copy(ROAD)), "satu foto dipilih dua kali"),
        ((a_copy(ROAD), a_copy(ROAD, "e" * 16)), "satu foto dipilih dua kali"),
    ],
)
async def test_given_a_photo_that_is_not_the_cases_or_is_there_twice_when_it_is_published_then_nothing_is(
    browser: httpx2.AsyncClient, told: Told, store: CaseStore, photos: tuple[str, ...], why: str
) -> None:
    await told.complaint()
    await sign_in(browser, "coordinator")

    refused = await publish(browser, *photos)

    stored = await store.load(TICKET)
    assert stored is not None
    assert (refused.status_code, why in refused.text, stored.case.snapshot.publication) == (422, True, None)
    assert "Jalan rusak" in refused.text


async def test_given_a_crafted_link_when_a_coordinator_follows_it_then_another_cases_photo_is_not_offered(
    browser: httpx2.AsyncClient, told: Told
) -> None:
    await told.complaint()
    await sign_in(browser, "coordinator")

    link = f"{CASE}?action=publish&photo={OF_ANOTHER_CASE}&photo={a_copy(OF_ANOTHER_CASE)}"
    page = await browser.get(link)

    assert set(shown(page)) == {ROAD, HOUSE}
    assert (await browser.get(f"{CASE}/photos/{OF_ANOTHER_CASE}")).status_code == 404


async def test_given_another_cases_photo_that_is_passed_off_as_evidence_when_it_is_published_then_it_is_refused(
    browser: httpx2.AsyncClient, told: Told
) -> None:
    await told.complaint()
    body = {"text": "Selesai", "photos": [OF_ANOTHER_CASE, evidence := a_copy(EVIDENCE)]}
    done = await browser.post(f"{API}/resolve", json=body, headers=OFFICER | {"If-Match": "1"})
    assert done.status_code == 200, done.text

    def wanted(name: str) -> dict[str, Any]:
        return {"json": {"text": "Jalan", "photos": [name]}, "headers": COORDINATOR | {"If-Match": "2"}}

    assert (await browser.post(f"{API}/publish", **wanted(OF_ANOTHER_CASE))).status_code == 422
    assert (await browser.post(f"{API}/publish", **wanted(evidence))).status_code == 200


async def test_given_an_officer_when_they_want_to_redact_or_publish_then_they_may_not(
    browser: httpx2.AsyncClient, told: Told
) -> None:
    await told.complaint()
    await sign_in(browser, "officer", "PUPR-52.03")

    page = await browser.get(f"{CASE}/photos/{ROAD}")
    published = await browser.post(f"{API}/publish", json={"text": "x"}, headers=OFFICER | {"If-Match": "1"})

    assert (page.status_code, published.status_code) == (404, 409)


async def test_given_a_confidential_case_when_a_coordinator_wants_to_redact_or_publish_then_it_is_refused(
    browser: httpx2.AsyncClient, told: Told
) -> None:
    await told.complaint(confidential=True)
    await sign_in(browser, "coordinator")

    page, refused = await browser.get(f"{CASE}/photos/{ROAD}"), await publish(browser, ROAD)

    assert (page.status_code, refused.status_code) == (404, 409)


async def test_given_the_redacting_page_when_its_form_is_sent_then_intake_keeps_a_copy_that_the_case_offers(
    browser: httpx2.AsyncClient, told: Told
) -> None:
    await sign_in(browser, "coordinator")
    kept = await browser.post("/v1/photos", files={"photo": ("x.jpg", a_photo())}, headers=OFFICER)
    original = kept.json()["name"]
    body = {"text": "Selesai", "photos": [original]}
    await told.complaint()
    assert (await browser.post(f"{API}/resolve", json=body, headers=OFFICER | {"If-Match": "1"})).status_code == 200
    page = await browser.get(f"{CASE}/photos/{original}?action=publish&photo={a_copy(ROAD)}")
    form = re.search(r'<form id="redact".*?action="([^"]+)".*?name="csrf" value="([^"]+)"', page.text, re.DOTALL)
    assert form is not None

    async def send(csrf: str, **headers: str) -> httpx2.Response:
        files = {"photo": ("copy.jpg", a_photo("black"))}
        return await browser.post(unescape(form[1]), data={"csrf": csrf}, files=files, headers=headers)

    forged, crossing = await send("x"), await send(form[2], Origin="https://elsewhere.example")
    done = await send(form[2])

    assert all("photo_refused=403" in str(refused.url) for refused in (forged, crossing))
    chosen = re.findall(r'name="photos\.\d" value="([^"]+)" checked', done.text)
    assert (chosen[0], KEY.is_of(chosen[1], original), len(chosen)) == (a_copy(ROAD), True, 2)
    assert '<details class="action" id="do-publish" open>' in done.text
