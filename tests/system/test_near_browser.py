"""Somebody is about to tell again what others have told: in a real browser, on services behind one address."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from deploy.local.ports import free_port
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
from tests.system.gateway import gateway
from tests.waiting import until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(240),
    pytest.mark.skipif(CHROMIUM is None, reason=NO_BROWSER),
    pytest.mark.asyncio(loop_scope="module"),
]
TEXT = "Jalan di depan pasar berlubang, sudah dua bulan."
MATARAM: Any = {"latitude": -8.583, "longitude": 116.116}
HERE: dict[str, Any] = {"category": "road.damage", **MATARAM}
CURRENT: dict[str, str] = {}
SUPPORT = "#near [data-near=support]"
LEAVES = "[data-leaves]"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def platform(kafka: Kafka, mongod: Mongod, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Platform]:
    """With one case in Mataram that others may have too."""
    async with (
        a_lasting_platform(kafka, mongod, tmp_path_factory.mktemp("near")) as platform,
        gateway(platform, free_port()) as origin,
    ):
        CURRENT["origin"] = origin
        CURRENT["ticket"] = (await platform.submit(location=MATARAM)).json()["ticket"]
        await until(lambda: near(platform))
        yield platform


async def near(platform: Platform) -> list[Any]:
    return (await platform.http["reporting"].get("/v1/cases/near", params=HERE)).json()["items"]


@pytest_asyncio.fixture(loop_scope="module")
async def browser() -> AsyncGenerator[Browser]:
    async with a_browser() as browser:
        yield browser


class Resident(Visitor):
    """Somebody at the form, at the one address."""

    def __init__(self, page: Page, platform: Platform) -> None:
        super().__init__(page, platform, "intake", PICTURES)
        self._base = CURRENT["origin"]
        self.platform = platform

    async def fill(self) -> None:
        """What the road looks like, and where."""
        await self.open("/lapor")
        await self.page.fill("#text", TEXT)
        await self.page.select_option("#category", "road.damage")
        await self.page.click("[data-locate]")
        await self.page.wait_for_selector("#located:has-text('-8.583')")

    async def check(self) -> None:
        await self.page.fill("#name", "Sitti")
        await self.page.click(LEAVES)
        await self.page.wait_for_selector("[data-checked]")

    async def send(self) -> str:
        await self.page.click(LEAVES)
        await self.page.wait_for_selector("[data-accepted]")
        return await self.page.inner_text("#ticket")

    async def wrong(self) -> list[str]:
        """What is wrong with the page as it is."""
        return [*await self.faults(), *(["too wide"] if await self.is_wider_than_the_screen() else [])]

    async def reporters(self) -> int:
        return (await self.platform.read(CURRENT["ticket"]))["reporters"]


async def a_resident(browser: Browser, platform: Platform, **look: Any) -> Resident:
    looks: dict[str, Any] = {"viewport": DESKTOP, "locale": "id-ID", "service_workers": "block"} | look
    context = await browser.new_context(geolocation=MATARAM, permissions=["geolocation"], **looks)
    return Resident(await context.new_page(), platform)


@pytest.mark.parametrize("look", list(LOOKS))
async def test_given_a_near_case_when_somebody_tells_of_the_same_then_it_is_offered_and_supported_instead(
    browser: Browser, platform: Platform, look: str
) -> None:
    sitti = await a_resident(browser, platform, **LOOKS[look])
    faults, before, sent = dict[str, list[str]](), await sitti.reporters(), list[str]()
    sitti.page.on("request", lambda request: sent.append(request.url))

    await sitti.fill()
    await sitti.page.wait_for_selector(f"a[href='/aduan/{CURRENT['ticket']}']")
    faults["form"] = await sitti.wrong()
    await sitti.picture(f"near-form-{look}")
    await sitti.check()
    await sitti.page.wait_for_selector(SUPPORT)
    assert not await sitti.page.is_visible("#near-plain")
    faults["check"] = await sitti.wrong()
    await sitti.picture(f"near-check-{look}")
    await sitti.page.click(SUPPORT)
    await sitti.page.wait_for_selector(f"#near .done:has-text('{CURRENT['ticket']}')")
    faults["supported"] = await sitti.wrong()
    await sitti.picture(f"near-supported-{look}")

    assert {name: found for name, found in faults.items() if found} == {}
    assert await sitti.page.evaluate("document.activeElement.className") == "done"
    assert [address for address in sent if "berlubang" in address] == []
    await until(lambda: is_at_least(sitti, before + 1))
    await sitti.page.click("#near [data-forget]")
    await sitti.page.wait_for_selector("#text")
    assert await sitti.page.input_value("#text") == ""
    assert PICTURES is not None or sitti.complaints == []


async def is_at_least(sitti: Resident, number: int) -> bool:
    return await sitti.reporters() >= number


async def test_given_a_keyboard_alone_when_a_near_case_is_offered_then_it_can_be_supported(
    browser: Browser, platform: Platform
) -> None:
    sitti = await a_resident(browser, platform)
    await sitti.fill()
    await sitti.page.wait_for_selector(SUPPORT)

    for _ in range(60):
        await sitti.page.keyboard.press("Tab")
        if await sitti.page.evaluate("document.activeElement.dataset.near === 'support'"):
            break
    await sitti.page.keyboard.press("Enter")

    await sitti.page.wait_for_selector("#near .done")


async def test_given_no_scripts_when_the_complaint_is_checked_then_near_cases_open_beside_it_and_one_is_supported(
    browser: Browser, platform: Platform
) -> None:
    sitti = await a_resident(browser, platform, viewport=PHONE, java_script_enabled=False)
    before = await sitti.reporters()
    await sitti.open("/lapor")
    await sitti.page.fill("#text", TEXT)
    await sitti.page.select_option("#category", "road.damage")
    await sitti.page.select_option("#regency", "52.71")
    await sitti.page.click("[value=place]")
    await sitti.page.select_option("#district", "52.71.02")
    await sitti.page.fill("#name", "Sitti")
    await sitti.page.click("#check-heading + button")

    async with sitti.page.context.expect_page() as opened:
        await sitti.page.click("#near-plain button")
    beside = await opened.value
    await beside.wait_for_selector(f"form[action='/lapor/{CURRENT['ticket']}/support']")
    assert beside.url.endswith("/aduan/mirip")
    await beside.click(f"form[action='/lapor/{CURRENT['ticket']}/support'] button")
    await beside.wait_for_url("**/aduan/*terima-kasih*")
    assert "tidak perlu mengirim" in await beside.inner_text("main")

    await until(lambda: is_at_least(sitti, before + 1))
    assert await sitti.page.input_value("#complaint [name=text]") == TEXT


@pytest.mark.parametrize("trouble", ["refused", "silent", "broken"])
async def test_given_nobody_who_knows_near_cases_when_a_complaint_is_made_then_nothing_is_lost_and_nobody_waits(
    browser: Browser, platform: Platform, trouble: str
) -> None:
    sitti = await a_resident(browser, platform)
    asked, over = list[Any](), asyncio.Event()

    async def fail(route: Any) -> None:
        asked.append(route.request.post_data_json)
        if trouble == "refused":
            await route.fulfill(status=503, body="")
        elif trouble == "broken":
            await route.abort()
        else:
            await over.wait()

    await sitti.page.route("**/v1/cases/near", fail)

    await sitti.fill()
    await until(lambda: bool(asked))
    await sitti.check()
    assert await sitti.page.is_visible("#near-plain button")
    assert await sitti.page.locator("#near li").count() == 0
    ticket = await sitti.send()

    over.set()
    assert ticket != CURRENT["ticket"]
    assert (await platform.read(ticket, after=1))["category"] == "road.damage"
    assert [one for one in sitti.complaints if "503" not in one and "ERR_FAILED" not in one] == []


async def test_given_a_confidential_matter_when_it_is_told_then_its_words_are_asked_after_nowhere(
    browser: Browser, platform: Platform
) -> None:
    sitti = await a_resident(browser, platform)
    asked = list[str]()
    sitti.page.on("request", lambda request: asked.append(request.url))
    await sitti.open("/lapor")
    await sitti.page.select_option("#category", "integrity.levy")
    await sitti.page.click("[data-locate]")
    await sitti.page.wait_for_selector("#located:has-text('-8.583')")
    await sitti.page.fill("#text", TEXT)
    # The draft and the suggestions are later than what was typed, as near cases would be.
    await sitti.page.wait_for_selector("ul.suggestions button")
    await sitti.page.fill("#name", "Sitti")
    await sitti.page.click(LEAVES)
    await sitti.page.wait_for_selector("[data-checked]")

    assert not await sitti.page.locator("#near").count()
    assert [address for address in asked if address.endswith("/near")] == []
