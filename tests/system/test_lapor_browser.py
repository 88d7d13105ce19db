"""The residents' form in a real browser on running services: from the first word to the case, whatever happens."""

import asyncio
import io
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from PIL import ExifTags, Image
from playwright.async_api import Browser, BrowserContext, Route

from shared.settings import KafkaSettings
from tests.services import Platform, running_platform
from tests.system.browsers import CHROMIUM, DESKTOP, NO_BROWSER, PHONE, PICTURES, Visitor, a_browser
from tests.waiting import until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(600),
    pytest.mark.skipif(CHROMIUM is None, reason=NO_BROWSER),
]
LIGHT_KB = 50
SLOW: Any = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
"""Slow 3G: 400 kbit/s both ways, in bytes a second, and as long on its way, in ms, as a packet really takes."""
MATARAM: Any = {"latitude": -8.583, "longitude": 116.116}
TEXT = "Jalan di depan pasar berlubang, sudah dua bulan."
LEAVES = "[data-leaves]"
"""The button that checks, and on the page that is checked the one that sends."""


@pytest.fixture
async def browser() -> AsyncGenerator[Browser]:
    async with a_browser() as browser:
        yield browser


@pytest.fixture
def blobs(tmp_path: Path) -> Path:
    return tmp_path / "blobs"


@pytest.fixture
async def platform(topics: KafkaSettings, mongo_uri: str, tmp_path: Path, blobs: Path) -> AsyncGenerator[Platform]:
    """With photos in a folder that can be looked into."""
    where = {"INTAKE_BLOBS__URL": blobs.as_uri()}
    async with running_platform(topics, mongo_uri, tmp_path, None, **where) as platform:
        yield platform


class Resident(Visitor):
    """Somebody at the form."""

    @property
    def context(self) -> BrowserContext:
        return self.page.context

    async def say(self, text: str = TEXT) -> None:
        await self.page.fill("#text", text)
        await self.page.click("ul.suggestions button >> nth=0")

    async def show(self, *colours: str) -> None:
        """Choose photos, one of each colour."""
        files: Any = [{"name": f"{one}.jpg", "mimeType": "image/jpeg", "buffer": a_photo(one)} for one in colours]
        await self.page.set_input_files("#photo", files)

    async def introduce(self) -> None:
        await self.page.fill("#name", "Sitti")
        await self.page.fill("#email", "sitti@mail.example")

    async def send(self) -> str:
        """From the page that is checked; the ticket."""
        await self.page.wait_for_selector("[data-checked]")
        await self.page.click(LEAVES)
        return await self.ticket()

    async def can_open_without_connection(self) -> bool:
        """Whether the page and what it loads are kept: two stylesheets and ours, and five scripts."""
        kept = await self.page.evaluate("caches.open('lapor-1').then(cache => cache.keys()).then(keys => keys.length)")
        return kept >= 9

    async def ticket(self) -> str:
        await self.page.wait_for_selector("[data-accepted]")
        assert len(await self.page.inner_text("#code")) == 14
        return await self.page.inner_text("#ticket")

    def surprises(self) -> list[str]:
        """What the browser complained of beside answers that were refused and connections that were cut."""
        expected = ("status of 4", "ERR_INTERNET_DISCONNECTED", "status of 503")
        return [told for told in self.complaints if not any(one in told for one in expected)]


def a_photo(colour: str) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (600, 400), colour).save(target, "JPEG")
    return target.getvalue()


async def resident(browser: Browser, platform: Platform, **options: Any) -> Resident:
    looks: dict[str, Any] = {"viewport": DESKTOP, "locale": "id-ID"} | options
    context = await browser.new_context(**looks)
    return Resident(await context.new_page(), platform, "intake", PICTURES)


@pytest.mark.parametrize(
    "look",
    [{"viewport": DESKTOP}, {"viewport": PHONE}, {"color_scheme": "dark"}, {"viewport": PHONE, "locale": "en-GB"}],
    ids=["desktop", "phone", "dark", "english-phone"],
)
async def test_given_a_resident_when_each_step_is_looked_at_then_nothing_is_wrong_and_a_case_is_opened(
    browser: Browser, platform: Platform, look: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    sitti = await resident(browser, platform, geolocation=MATARAM, permissions=["geolocation"], **look)
    page, kind, faults = sitti.page, request.node.callspec.id, dict[str, list[str]]()

    async def look_at(name: str) -> None:
        wide = ["too wide"] if await sitti.is_wider_than_the_screen() else []
        faults[name] = [*await sitti.faults(), *wide]
        if await page.get_attribute("html", "lang") != look.get("locale", "id")[:2]:
            faults[name].append("not in the language that was asked for")
        if (name, kind) in {("filled", "phone"), ("receipt", "phone"), ("filled", "dark")}:
            await sitti.picture(f"form-{name}-{kind}")

    await sitti.open("/lapor")
    await look_at("empty")
    await page.click("#category")
    await page.select_option("#category", "social.violence")
    await page.wait_for_selector(".alarm a[href='tel:129']")
    assert await page.is_disabled("#confidential")
    await look_at("emergency")
    await sitti.say()
    assert await page.is_enabled("#confidential")
    await page.check("[name='answers.road_class'][value=regency]")
    await page.click("[data-locate]")
    await page.wait_for_selector("#located:has-text('-8.583')")
    await sitti.show("red", "green")
    await page.wait_for_selector("#photos img >> nth=1")
    await look_at("filled")
    await page.click(LEAVES)
    await page.wait_for_selector("#name-error")
    await look_at("faults")
    await sitti.introduce()
    await page.click(LEAVES)
    await page.wait_for_selector("[data-checked]")
    await look_at("check")
    ticket = await sitti.send()
    await look_at("receipt")

    assert {name: found for name, found in faults.items() if found} == {}
    case = await platform.read(ticket, after=1)
    assert (case["category"], case["region"]) == ("road.damage", "52.71.02.1011")
    assert PICTURES is not None or sitti.surprises() == []
    assert await page.evaluate("localStorage.getItem('lapor-draft')") is None


async def test_given_no_scripts_when_a_resident_complains_with_photos_then_a_case_is_opened(
    browser: Browser, platform: Platform
) -> None:
    sitti = await resident(browser, platform, java_script_enabled=False, viewport=PHONE)
    page = sitti.page

    await sitti.open("/lapor")
    await page.fill("#text", TEXT)
    await page.click("[value=suggest]")
    await page.click("ul.suggestions button >> nth=0")
    await page.check("[name='answers.road_class'][value=regency]")
    await page.select_option("#regency", "52.03")
    await page.click("[value=place]")
    await page.select_option("#district", "52.03.07")
    await page.click("[value=place]")
    await page.select_option("#village", index=1)
    await sitti.show("red", "green")
    await page.click("[value=photo]")
    assert await page.locator("#photos img").count() == 2
    await page.click("[value^='drop:'] >> nth=0")
    await page.click("#check-heading + button")
    assert await page.is_visible("#name-error")
    await sitti.introduce()
    await page.click("#check-heading + button")
    await page.click("[value=send]")

    ticket = await sitti.ticket()
    case = await platform.read(ticket, after=1)
    assert (case["category"], case["region"][:8]) == ("road.damage", "52.03.07")


async def test_given_a_keyboard_alone_when_a_resident_complains_then_a_case_is_opened(
    browser: Browser, platform: Platform
) -> None:
    sitti = await resident(browser, platform)
    page, keyboard = sitti.page, sitti.page.keyboard

    await sitti.open("/lapor")
    await tab_to(sitti, "#text")
    await keyboard.type(TEXT)
    await page.wait_for_selector("ul.suggestions button")
    await tab_to(sitti, "ul.suggestions button")
    await keyboard.press("Enter")
    await tab_to(sitti, "#regency")
    await keyboard.press("ArrowDown")
    await page.wait_for_selector("#district option >> nth=1", state="attached")
    await tab_to(sitti, "#name")
    await keyboard.type("Sitti")
    await tab_to(sitti, "#anonymous")
    await keyboard.press("Space")
    await tab_to(sitti, LEAVES)
    await keyboard.press("Enter")
    await page.wait_for_selector("[data-checked]")
    assert await page.evaluate("document.activeElement.tagName") == "H1"
    await tab_to(sitti, LEAVES)
    await keyboard.press("Enter")

    ticket = await sitti.ticket()
    assert (await platform.read(ticket, after=1))["category"] == "road.damage"
    assert sitti.surprises() == []


async def tab_to(sitti: Resident, selector: str) -> None:
    wanted = await sitti.page.wait_for_selector(selector)
    for _ in range(60):
        await sitti.page.keyboard.press("Tab")
        if await sitti.page.evaluate("wanted => document.activeElement === wanted", wanted):
            return
    raise AssertionError(f"the keyboard does not come to {selector}")


async def test_given_a_connection_that_is_lost_in_the_middle_when_it_is_back_then_the_complaint_is_sent_by_itself(
    browser: Browser, platform: Platform, blobs: Path
) -> None:
    sitti = await resident(browser, platform, viewport=PHONE)
    page = sitti.page
    await sitti.open("/lapor")
    await sitti.say()
    await until(sitti.can_open_without_connection)
    await sitti.show("red")
    await page.wait_for_selector("#photos img")
    await page.wait_for_function("localStorage.getItem('lapor-draft')")

    await sitti.context.set_offline(True)
    await page.reload()
    await page.wait_for_selector("#draft:not([hidden])")
    assert await page.input_value("#text") == TEXT
    await sitti.show("green", "blue")
    await page.wait_for_selector("#photos li:has-text('menunggu') >> nth=1")
    await page.select_option("#regency", "52.03")
    await sitti.introduce()
    await page.click(LEAVES)
    await page.wait_for_selector("#waits.waits button")
    assert await sitti.faults() == []
    await sitti.context.set_offline(False)

    ticket = await sitti.ticket()
    assert (await platform.read(ticket, after=1))["region"] == "52.03"
    assert await page.evaluate("localStorage.getItem('lapor-draft')") is None
    assert len(list(blobs.glob("photos/*.jpg"))) == 3
    assert list(blobs.glob("unclaimed/photos/*.jpg")) == []


async def test_given_a_slow_press_twice_when_a_complaint_is_sent_then_there_is_one(
    browser: Browser, platform: Platform
) -> None:
    sitti = await resident(browser, platform)
    await sitti.open("/lapor")
    await sitti.say()
    await sitti.page.select_option("#regency", "52.03")
    await sitti.introduce()
    await sitti.page.click(LEAVES)
    await sitti.page.wait_for_selector("[data-checked]")
    await sitti.page.route("**/lapor", delayed)

    await sitti.page.dblclick(LEAVES)

    ticket = await sitti.ticket()
    await platform.read(ticket, after=1)
    await until(lambda: received(platform))
    assert await received(platform) == 1


async def received(platform: Platform) -> int:
    return (await platform.http["reporting"].get("/v1/statistics")).json()["totals"]["received"]


async def delayed(route: Any) -> None:
    await asyncio.sleep(0.5)
    await route.fallback()


async def test_given_a_first_visit_when_the_form_is_loaded_then_it_takes_less_than_50_kb(
    browser: Browser, platform: Platform
) -> None:
    sitti = await resident(browser, platform, service_workers="block")
    loaded: list[Any] = []

    def note(request: Any) -> None:
        loaded.append(request)

    sitti.page.on("requestfinished", note)

    await sitti.open("/lapor")
    await sitti.page.wait_for_load_state("load")

    sizes = [await one.sizes() for one in loaded]
    assert len(sizes) >= 8
    assert sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes) < LIGHT_KB * 1_000


async def test_given_the_public_pages_when_somebody_looks_for_the_form_then_every_page_leads_to_it(
    browser: Browser, platform: Platform
) -> None:
    context = await browser.new_context(viewport=PHONE, locale="id-ID")
    anybody = Visitor(await context.new_page(), platform, "reporting", None)

    for path in ("/", "/aduan", "/data"):
        await anybody.open(path)
        assert await anybody.page.locator("nav a[href='/lapor']").count() == 1


async def test_given_a_slow_network_when_a_resident_complains_with_a_photo_then_each_wait_is_told_and_a_case_is_opened(
    browser: Browser, platform: Platform
) -> None:
    sitti = await resident(browser, platform, viewport=PHONE)
    page = sitti.page
    network = await sitti.context.new_cdp_session(page)
    await network.send("Network.enable")
    await network.send("Network.emulateNetworkConditions", SLOW)

    await sitti.open("/lapor")
    await sitti.say()
    photo: Any = {"name": "jalan.jpg", "mimeType": "image/jpeg", "buffer": a_noisy_photo_of_mataram()}
    await page.set_input_files("#photo", [photo])
    await page.wait_for_selector("#photos li:has-text('sedang diunggah')")
    await sitti.introduce()
    await page.wait_for_selector("#offered:not([hidden])")
    assert "Kota Mataram" in await page.inner_text("#offered")
    await page.click("#offered button")
    await page.wait_for_selector("#located:has-text('-8.583')")
    assert not await page.is_visible("#offered")
    await page.wait_for_selector("#photos li:has-text('terunggah') img")
    await page.click(LEAVES)
    await page.wait_for_selector("#waits:has-text('Mengirim')")
    ticket = await sitti.send()

    case = await platform.read(ticket, after=1)
    assert (case["category"], case["region"][:5]) == ("road.damage", "52.71")
    assert sitti.surprises() == []


def a_noisy_photo_of_mataram() -> bytes:
    """Some 150 KB, which take 3 s on that network, and where it was taken."""
    target, exif = io.BytesIO(), Image.Exif()
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    place[ExifTags.GPS.GPSLatitudeRef], place[ExifTags.GPS.GPSLatitude] = "S", (8.583, 0.0, 0.0)
    place[ExifTags.GPS.GPSLongitudeRef], place[ExifTags.GPS.GPSLongitude] = "E", (116.116, 0.0, 0.0)
    Image.effect_noise((600, 400), 80).save(target, "JPEG", quality=85, exif=exif)
    return target.getvalue()


async def test_given_an_answer_that_is_lost_when_the_contact_is_corrected_then_the_desk_has_the_corrected_one(
    browser: Browser, platform: Platform
) -> None:
    sitti = await resident(browser, platform, service_workers="block")
    page, lost = sitti.page, list[str]()

    async def lose_the_first(route: Route) -> None:
        sends = b'name="go"\r\n\r\nsend' in (route.request.post_data_buffer or b"")
        if not sends or lost:
            await route.continue_()
            return
        answer = await route.fetch()
        lost.append(await answer.text())
        await route.abort()

    await page.route("**/lapor", lose_the_first)
    await sitti.open("/lapor")
    await sitti.say()
    await page.select_option("#regency", "52.03")
    await sitti.introduce()
    await page.click(LEAVES)
    await page.wait_for_selector("[data-checked]")
    await page.click(LEAVES)
    await page.wait_for_selector("#waits.waits button")
    await page.click("[value=edit]")
    await page.fill("#email", "siti@mail.example")
    await page.click(LEAVES)
    ticket = await sitti.send()

    assert ticket in lost[0]
    coordinator = platform.signed_in("coordinator")

    async def is_known_as_corrected() -> bool:
        answer = await platform.http["routing"].get(f"/v1/desk/cases/{ticket}/identity", headers=coordinator)
        return answer.status_code == 200 and answer.json()["email"] == "siti@mail.example"

    await until(is_known_as_corrected)
