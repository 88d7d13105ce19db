"""Evidence photos from the officers' pages: posted to intake with the page's session, named in the resolution."""

import re
from collections.abc import AsyncGenerator
from html import unescape

import httpx2
import pytest

from services.routing.handlers import ComplaintHandler
from services.routing.store.cases import CaseStore
from shared.outbox import OutboxRelay
from shared.topics import COMPLAINTS
from shared.waiters import Waiters
from tests.routing.desks import on_the_day
from tests.routing.examples import TICKET, a_complaint, the_rulebook
from tests.routing.photo_desks import CASE, a_photo, a_photo_desk, sign_in
from tests.shared.received import received

pytestmark = [pytest.mark.integration, pytest.mark.parametrize("mongo", ["motor"], indirect=True)]


@pytest.fixture
async def browser(store: CaseStore, relay: OutboxRelay) -> AsyncGenerator[httpx2.AsyncClient]:
    """An officer is signed in."""
    await ComplaintHandler(store, relay, the_rulebook, Waiters(), now=on_the_day)([received(COMPLAINTS, a_complaint())])
    async with a_photo_desk(store, relay) as client:
        await sign_in(client, "officer", "PUPR-52.03")
        yield client


async def post(
    browser: httpx2.AsyncClient, content: bytes, page: str, headers: dict[str, str] | None = None
) -> httpx2.Response:
    """Send the page's photo form."""
    form = re.search(r'enctype="multipart/form-data" action="([^"]+)".*?name="csrf" value="([^"]+)"', page, re.DOTALL)
    assert form is not None
    files = {"photo": ("jalan.jpg", content, "image/jpeg")}
    return await browser.post(unescape(form[1]), data={"csrf": form[2]}, files=files, headers=headers)


async def test_given_photos_when_they_are_added_one_by_one_then_the_resolution_names_them_and_the_history_shows_them(
    browser: httpx2.AsyncClient, store: CaseStore
) -> None:
    page = await browser.get(CASE)

    first = await post(browser, a_photo(), page.text)
    second = await post(browser, a_photo(), first.text)

    names = re.findall(r'name="photos\.\d" value="([^"]+)"', second.text)
    assert len(set(names)) == 2
    assert '<details class="action" id="do-resolve" open>' in second.text
    form = dict(re.findall(r'<input type="hidden" name="(csrf|revision|key|photos\.\d)" value="([^"]*)"', second.text))
    done = await browser.post(f"{CASE}/do/resolve", data=form | {"text": "Sudah ditambal"})
    assert done.status_code == 200, done.text
    stored = await store.load(TICKET)
    assert stored is not None
    assert stored.history[-1].facts == {"photos": names}
    shown = [unescape(address) for address in re.findall(r'<img class="photo" src="([^"]+)"', done.text)]
    assert len(shown) == 2
    picture = await browser.get(shown[0])
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/jpeg")


async def test_given_a_link_that_names_a_residents_photo_when_an_officer_follows_it_then_it_is_no_evidence(
    browser: httpx2.AsyncClient,
) -> None:
    page = await browser.get(f"{CASE}?action=resolve&photo={'a' * 32}")

    assert f"/v1/photos/{'a' * 32}" not in page.text
    assert 'name="photos.0"' not in page.text


async def test_given_a_file_that_is_no_photo_when_it_is_added_then_the_page_says_why(
    browser: httpx2.AsyncClient,
) -> None:
    page = await browser.get(CASE)

    answer = await post(browser, b"no picture at all", page.text)

    assert "Hanya JPEG, PNG, atau WebP." in answer.text


async def test_given_a_file_that_is_too_large_when_it_is_added_then_it_is_refused_unread(
    browser: httpx2.AsyncClient,
) -> None:
    page = await browser.get(CASE)

    answer = await post(browser, b"\xff" * (11 * 1024 * 1024), page.text)

    assert answer.status_code == 413


async def test_given_a_form_of_somebody_elses_page_when_it_brings_a_photo_then_nothing_is_kept(
    browser: httpx2.AsyncClient,
) -> None:
    page = await browser.get(CASE)

    crossing = await post(browser, a_photo(), page.text, {"Origin": "https://elsewhere.example"})
    forged = await post(browser, a_photo(), re.sub(r'name="csrf" value="[^"]+"', 'name="csrf" value="x"', page.text))

    for answer in (crossing, forged):
        assert 'name="photos.0"' not in answer.text
        assert "photo_refused=403" in str(answer.url)
