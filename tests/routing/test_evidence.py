"""Evidence photos from the officers' pages: posted to intake with the page's session, named in the resolution."""

import re
from collections.abc import AsyncGenerator
from html import unescape
from io import BytesIO
from typing import Any

import httpx2
import pytest
from PIL import Image
from pydantic import SecretStr

from services.intake.photos import Photos, create_photo_router
from services.intake.settings import Settings
from services.routing.api.queues import Queues
from services.routing.desk import Desk
from services.routing.handlers import ComplaintHandler
from services.routing.pages.routes import create_pages_router
from services.routing.pages.sessions import Sessions
from services.routing.pages.showing import DeskPages
from services.routing.store.cases import CaseStore
from services.routing.store.queues import QueueStore
from shared.desk_session import HOME
from shared.oidc import OidcSettings, SignIn, issue_locally
from shared.outbox import OutboxRelay
from shared.pages.rendering import Pages
from shared.problems import ProblemApp
from shared.topics import COMPLAINTS
from shared.waiters import Waiters
from tests.routing.desks import SECRET, on_the_day
from tests.routing.examples import TICKET, a_complaint, the_directory, the_rulebook
from tests.shared.received import received

pytestmark = [pytest.mark.integration, pytest.mark.parametrize("mongo", ["motor"], indirect=True)]
CASE = f"{HOME}/cases/{TICKET}"
OIDC = OidcSettings(development_secret=SecretStr(SECRET))


@pytest.fixture
async def browser(store: CaseStore, relay: OutboxRelay) -> AsyncGenerator[httpx2.AsyncClient]:
    """At one origin with intake and routing; an officer is signed in."""
    await ComplaintHandler(store, relay, the_rulebook, Waiters(), now=on_the_day)([received(COMPLAINTS, a_complaint())])
    fields: dict[str, Any] = {"tracking_secrets": {"1": "dev-1"}, "ticket_secret": "dev-2", "photo_secret": "dev-3"}
    intake = Settings.model_validate(fields | {"blobs": {"url": "memory:///"}})
    sign_in, queues = SignIn(OIDC), Queues(QueueStore(store.collection), the_rulebook)
    desk = DeskPages(
        Pages("services.routing.pages", HOME),
        Sessions(OIDC, sign_in, secure=False),
        Desk(store, relay, Waiters(), the_rulebook, now=on_the_day),
        queues,
        the_directory(),
        the_rulebook,
        intake.photo_key(),
    )
    app = ProblemApp(max_body_size=64 * 1024)
    app.router.routes.extend(create_photo_router(intake, Photos(intake), sign_in).routes)
    app.include_router(create_pages_router(desk))
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://desk", follow_redirects=True) as client:
        client.headers["Accept-Language"] = "id"
        token = issue_locally(SECRET, subject="ani", roles=["officer"], agency="PUPR-52.03", regions=[], lasts_s=600)
        await client.post(f"{HOME}/login", data={"token": token})
        yield client


def a_photo() -> bytes:
    drawn = BytesIO()
    Image.new("RGB", (400, 300), "teal").save(drawn, "JPEG")
    return drawn.getvalue()


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
