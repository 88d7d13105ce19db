"""Filing for somebody else in a real browser on running services: until the person concerned has taken it over."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.servers import Kafka, Mongod
from tests.services import Platform
from tests.system.browsers import (
    CHROMIUM,
    DESKTOP,
    LOOKS,
    NO_BROWSER,
    PHONE,
    PICTURES,
    Visitor,
    a_browser,
    a_lasting_platform,
)
from tests.waiting import until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(240),
    pytest.mark.skipif(CHROMIUM is None, reason=NO_BROWSER),
    pytest.mark.asyncio(loop_scope="module"),
]
INAQ = {"subject_name": "Inaq Sahnim", "subject_phone": "0819 1234 5678", "subject_email": "inaq@mail.example"}
KEPT = "JSON.parse(localStorage.getItem('lapor-draft'))?.values.subject_email"
LEAVES = "[data-leaves]"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def platform(kafka: Kafka, mongod: Mongod, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Platform]:
    async with a_lasting_platform(kafka, mongod, tmp_path_factory.mktemp("others")) as platform:
        yield platform


@pytest_asyncio.fixture(loop_scope="module")
async def browser() -> AsyncGenerator[Browser]:
    async with a_browser() as browser:
        yield browser


class VillageHead(Visitor):
    """Somebody at the form who files for Inaq Sahnim."""

    async def say(self) -> None:
        """What is wrong and where, and who says so."""
        await self.open("/lapor")
        await self.page.fill("#text", "Jalan di depan rumah Inaq Sahnim berlubang.")
        await self.page.select_option("#category", "road.damage")
        await self.page.select_option("#regency", "52.03")
        await self.page.fill("#name", "Haji Sabar")

    async def name_person(self) -> None:
        await self.page.select_option("#proxy", "village_head")
        await self.page.select_option("#mandate", "spoken")
        for name, value in INAQ.items():
            await self.page.fill(f"#{name}", value)

    async def wrong(self) -> list[str]:
        """What is wrong with the page as it is."""
        return [*await self.faults(), *(["too wide"] if await self.is_wider_than_the_screen() else [])]

    async def has_kept(self, email: str) -> bool:
        """Whether the draft has this as the person's e-mail."""
        return await self.page.evaluate(KEPT) == email

    async def codes(self) -> list[str]:
        """The ticket, the own code and the one of the person concerned."""
        await self.page.wait_for_selector("[data-accepted]")
        return [await self.page.inner_text(place) for place in ("#ticket", "#code", "#subject-code")]


async def a_village_head(browser: Browser, platform: Platform, **look: Any) -> VillageHead:
    looks: dict[str, Any] = {"viewport": DESKTOP, "locale": "id-ID", "service_workers": "block"} | look
    context = await browser.new_context(permissions=["clipboard-read", "clipboard-write"], **looks)
    return VillageHead(await context.new_page(), platform, "intake", PICTURES)


@pytest.mark.parametrize("look", list(LOOKS))
async def test_given_a_village_head_when_they_file_for_somebody_then_nothing_is_wrong_and_both_codes_work(
    browser: Browser, platform: Platform, look: str
) -> None:
    head, faults = await a_village_head(browser, platform, **LOOKS[look]), dict[str, list[str]]()
    page = head.page

    async def look_at(name: str) -> None:
        faults[name] = await head.wrong()
        await head.picture(f"others-{name}-{look}")

    await head.say()
    assert not await page.is_visible("#subject_name")
    await page.focus("#subject summary")
    await page.keyboard.press("Enter")
    await page.fill("#subject_phone", "7")
    await look_at("open")
    await page.click(LEAVES)
    await page.wait_for_selector("#mandate-error")
    await look_at("faults")
    await head.name_person()
    await page.click(LEAVES)
    await page.wait_for_selector("[data-checked]")
    await look_at("check")
    await page.click(LEAVES)
    ticket, code, subject_code = await head.codes()
    await look_at("receipt")
    await page.click("[data-copy]")
    await page.wait_for_selector("#receipt-said:not(:empty)")
    copied = await page.evaluate("navigator.clipboard.readText()")

    assert {name: found for name, found in faults.items() if found} == {}
    assert all(one in copied for one in (ticket, code, subject_code))
    assert (await platform.read(ticket, after=1, code=code))["ticket"] == ticket
    taken = await platform.http["intake"].post(
        f"/v1/complaints/{ticket}/take-over", json={"name": "Inaq Sahnim"}, headers={"X-Tracking-Code": subject_code}
    )
    assert taken.status_code == 202
    assert PICTURES is not None or [one for one in head.complaints if "status of 422" not in one] == []


async def test_given_a_draft_for_somebody_else_when_the_page_is_opened_again_then_it_is_back_until_it_is_ones_own(
    browser: Browser, platform: Platform
) -> None:
    head = await a_village_head(browser, platform, viewport=PHONE)
    page = head.page
    await head.say()
    await page.click("#subject summary")
    await head.name_person()
    await until(lambda: head.has_kept(INAQ["subject_email"]))

    await page.reload()
    await page.wait_for_selector("#draft:not([hidden])")
    await page.wait_for_selector("#subject_name", state="visible")
    back = {name: await page.input_value(f"#{name}") for name in ("proxy", "mandate", *INAQ)}
    await page.click("[value=myself]")
    await until(lambda: head.has_kept(""))

    assert back == {"proxy": "village_head", "mandate": "spoken", **INAQ}
    assert not await page.is_visible("#subject_name")
    assert await page.evaluate("document.activeElement.tagName") == "SUMMARY"
    await page.click(LEAVES)
    await page.wait_for_selector("[data-checked]")
    assert "Inaq Sahnim" not in await page.inner_text("dl.facts dd >> nth=5")
    await page.click(LEAVES)
    await page.wait_for_selector("[data-accepted]")
    assert await page.locator("#subject-code").count() == 0


async def test_given_no_scripts_when_somebody_files_for_another_then_both_codes_are_shown(
    browser: Browser, platform: Platform
) -> None:
    head = await a_village_head(browser, platform, viewport=PHONE, java_script_enabled=False)
    page = head.page

    await head.say()
    await page.click("#subject summary")
    await head.name_person()
    await page.click("#check-heading + button")
    await page.click("[value=send]")

    ticket, code, subject_code = await head.codes()
    assert len({code, subject_code}) == 2
    assert (await platform.read(ticket, after=1))["category"] == "road.damage"
