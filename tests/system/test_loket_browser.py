"""The counter's page in a real browser on running services: from the token to the paper that is handed over."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from deploy.issuing import Wish, issue, until_known
from services.routing.store.directory import DirectoryStore
from shared.access import make_token
from shared.events.directory import ClientRole
from shared.mongo import connected
from tests.servers import Kafka, Mongod
from tests.services import Platform
from tests.system.browsers import (
    CHROMIUM,
    DESKTOP,
    LOOKS,
    NO_BROWSER,
    PHONE,
    PICTURES,
    DeskVisitor,
    Visitor,
    a_browser,
    a_lasting_platform,
)
from tests.system.test_lapor_browser import a_photo

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(240),
    pytest.mark.skipif(CHROMIUM is None, reason=NO_BROWSER),
    pytest.mark.asyncio(loop_scope="module"),
]
LEAVES = "[data-leaves]"
POST = "https://facebook.example/ntbcare/posts/77"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def platform(kafka: Kafka, mongod: Mongod, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Platform]:
    async with a_lasting_platform(kafka, mongod, tmp_path_factory.mktemp("loket")) as platform:
        yield platform


@pytest_asyncio.fixture(loop_scope="module")
async def browser() -> AsyncGenerator[Browser]:
    async with a_browser() as browser:
        yield browser


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def token(platform: Platform) -> str:
    """Ani's, as `ntbcare clients issue` makes it."""
    token, digest = make_token("biro-ani")
    async with connected(platform.database("routing")) as mongo:
        await issue(DirectoryStore(mongo), Wish("biro-ani", "Biro Organisasi, Ani", ClientRole.OPERATOR), digest)
    assert await until_known(platform.http["intake"], token)
    return token


class Operator(Visitor):
    """Somebody at the counter's page."""

    async def sign_in(self, token: str) -> None:
        await self.open("/lapor/loket")
        await self.page.fill("#token", token)
        await self.page.keyboard.press("Enter")
        await self.page.wait_for_selector("#channel")

    async def say(self, channel: str = "counter") -> None:
        await self.page.select_option("#channel", channel)
        await self.page.fill("#text", "Jalan di depan pasar Selong berlubang.")
        await self.page.select_option("#category", "road.damage")
        await self.page.select_option("#regency", "52.03")
        await self.page.fill("#name", "Sitti")

    async def wrong(self) -> list[str]:
        return [*await self.faults(), *(["too wide"] if await self.is_wider_than_the_screen() else [])]


async def an_operator(browser: Browser, platform: Platform, **look: Any) -> Operator:
    looks: dict[str, Any] = {"viewport": DESKTOP, "locale": "id-ID"} | look
    context = await browser.new_context(**looks)
    return Operator(await context.new_page(), platform, "intake", PICTURES)


@pytest.mark.parametrize("look", list(LOOKS))
async def test_given_an_operator_when_each_step_is_looked_at_then_nothing_is_wrong_and_the_desk_sees_where_it_is_from(
    browser: Browser, platform: Platform, token: str, look: str
) -> None:
    ani, faults = await an_operator(browser, platform, **LOOKS[look]), dict[str, list[str]]()
    page = ani.page

    async def look_at(name: str) -> None:
        faults[name] = await ani.wrong()
        await ani.picture(f"loket-{name}-{look}")

    await ani.open("/lapor/loket")
    await look_at("door")
    await page.fill("#token", "ntb_salah")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#token-error")
    await look_at("refused")
    await ani.sign_in(token)
    await look_at("empty")
    await page.click(LEAVES)
    await page.wait_for_selector("#channel-error")
    await look_at("faults")
    await ani.say("facebook")
    await page.fill("#received_at", "2026-03-02T09:15")
    await page.fill("#source", POST)
    await page.set_input_files("#photo", [{"name": "a.jpg", "mimeType": "image/jpeg", "buffer": a_photo("red")}])
    await page.wait_for_selector("#photos img")
    assert await page.evaluate("localStorage.length") == 0
    await page.click(LEAVES)
    await page.wait_for_selector("[data-checked]")
    await look_at("check")
    await page.click(LEAVES)
    await page.wait_for_selector("[data-accepted]")
    await look_at("receipt")

    assert {name: found for name, found in faults.items() if found} == {}
    ticket = await page.inner_text("#ticket")
    assert (await platform.read(ticket, after=1))["received_at"][:10] == "2026-03-02"
    expected = ("status of 401", "status of 422")
    assert PICTURES is not None or [one for one in ani.complaints if not any(told in one for told in expected)] == []
    coordinator = DeskVisitor(await page.context.new_page(), platform, PICTURES)
    await coordinator.sign_in("coordinator")
    assert await coordinator.page.is_visible("a[href='/lapor/loket']")
    await coordinator.open(f"/desk/cases/{ticket}")
    await coordinator.page.click("form[action$='/identity'] button")
    await coordinator.page.wait_for_selector(f"text={POST}")
    told = await coordinator.page.inner_text("main")
    assert all(one in told for one in ("facebook", "Sitti"))


async def test_given_no_scripts_when_an_operator_keys_in_then_a_ticket_and_a_code_are_handed_over(
    browser: Browser, platform: Platform, token: str
) -> None:
    ani = await an_operator(browser, platform, java_script_enabled=False, viewport=PHONE)
    page = ani.page

    await ani.sign_in(token)
    await ani.say()
    await page.click("#check-heading + button")
    await page.click("[value=send]")
    ticket, code = [await page.inner_text(place) for place in ("#ticket", "#code")]
    await page.click("form[action$='/sign-out'] button")

    assert await page.is_visible("#token")
    assert (await platform.read(ticket, after=1, code=code))["ticket"] == ticket


async def test_given_a_form_half_filled_in_when_the_page_is_closed_then_the_next_one_at_that_computer_finds_nothing(
    browser: Browser, platform: Platform, token: str
) -> None:
    ani = await an_operator(browser, platform)
    await ani.sign_in(token)
    await ani.say()
    await ani.page.set_input_files("#photo", [{"name": "a.jpg", "mimeType": "image/jpeg", "buffer": a_photo("red")}])
    await ani.page.wait_for_selector("#photos img")
    sitti = Visitor(await ani.page.context.new_page(), platform, "intake", PICTURES)

    await ani.page.reload()
    await sitti.open("/lapor")
    await sitti.page.wait_for_selector("#add-photo [data-plain]", state="hidden")

    for page in (ani.page, sitti.page):
        assert await page.input_value("#text") == ""
        assert await page.locator("#photos img").count() == 0
        assert not await page.is_visible("#draft")


async def test_given_a_receipt_when_it_is_printed_then_it_has_what_the_reporter_needs_and_no_buttons(
    browser: Browser, platform: Platform, token: str
) -> None:
    ani = await an_operator(browser, platform)
    page = ani.page
    await ani.sign_in(token)
    await ani.say()
    await page.click(LEAVES)
    await page.wait_for_selector("[data-checked]")
    await page.click(LEAVES)
    await page.wait_for_selector("[data-accepted]")

    await page.emulate_media(media="print")

    assert [await page.is_visible(one) for one in ("#ticket", "#code", "text=/lacak")] == [True, True, True]
    assert await page.locator("button:visible, a[role=button]:visible").count() == 0
    await ani.picture("loket-receipt-print")
