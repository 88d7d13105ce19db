"""A resident's photo from the upload to the public page, with its box, in a real browser on running services."""

import io
from collections.abc import AsyncGenerator
from typing import Any, Final

import pytest
from PIL import ExifTags, Image
from playwright.async_api import Browser

from deploy.local.ports import free_port
from tests.services import Platform
from tests.system.browsers import CHROMIUM, DESKTOP, NO_BROWSER, PHONE, PICTURES, DeskVisitor, a_browser
from tests.system.gateway import gateway
from tests.waiting import until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(240),
    pytest.mark.skipif(CHROMIUM is None, reason=NO_BROWSER),
]
BLACK, TEAL, FACE = (0, 0, 0), (0, 128, 128), (255, 200, 160)
MOST_OFF: Final = 6
"""Of a colour's 255 steps, by JPEG."""


class Coordinator(DeskVisitor):
    """Somebody at the one address of all services."""

    def __init__(self, page: Any, platform: Platform, origin: str) -> None:
        super().__init__(page, platform, PICTURES)
        self._base = origin

    async def drag(self, first: tuple[float, float], last: tuple[float, float]) -> None:
        """Draw a box from one place of the photo to another, as shares of its width and height."""
        box = await self.page.locator("#redact canvas").bounding_box()
        assert box is not None
        for (x, y), press in ((first, self.page.mouse.down), (last, self.page.mouse.up)):
            await self.page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
            await press()

    async def photo_at(self, address: str) -> Image.Image:
        answer = await self.page.request.get(f"{self._base}{address}")
        assert answer.status == 200
        return Image.open(io.BytesIO(await answer.body()))


@pytest.fixture
async def browser() -> AsyncGenerator[Browser]:
    async with a_browser() as browser:
        yield browser


@pytest.fixture
async def origin(platform: Platform) -> AsyncGenerator[str]:
    async with gateway(platform, free_port()) as origin:
        yield origin


async def visitor(browser: Browser, platform: Platform, origin: str, **options: Any) -> Coordinator:
    looks: dict[str, Any] = {"viewport": DESKTOP, "locale": "id-ID"} | options
    context = await browser.new_context(**looks)
    return Coordinator(await context.new_page(), platform, origin)


def a_photo() -> bytes:
    """Faces in two corners, and where it was taken."""
    image, target, exif = Image.new("RGB", (1200, 800), TEAL), io.BytesIO(), Image.Exif()
    image.paste(FACE, (100, 100, 300, 300))
    image.paste(FACE, (900, 500, 1100, 700))
    exif[ExifTags.Base.Make] = "Kamera"
    image.save(target, "JPEG", quality=95, exif=exif, comment=b"rumah Sitti")
    return target.getvalue()


async def submitted(platform: Platform) -> str:
    """With a photo."""
    kept = await platform.http["intake"].post("/v1/complaints/photos", files={"photo": ("foto.jpg", a_photo())})
    answer = (await platform.submit(photos=[kept.json()["name"]])).json()
    await platform.read(answer["ticket"], after=1)
    return answer["ticket"]


async def open_redacting(desk: Coordinator, ticket: str) -> None:
    await desk.open(f"/desk/cases/{ticket}")

    async def is_there() -> bool:
        await desk.page.reload()
        return await desk.page.locator("p.photos img").count() == 1

    await until(is_there)
    await desk.page.click("#do-publish summary")
    await desk.page.click("#do-publish .choice >> a[href*='/photos/'][href*='action=publish']")
    await desk.page.wait_for_selector("#redact canvas", state="visible")


def is_about(seen: Any, colour: tuple[int, int, int]) -> bool:
    return all(abs(one - other) <= MOST_OFF for one, other in zip(seen, colour, strict=True))


async def test_given_a_residents_photo_when_a_coordinator_covers_faces_and_publishes_then_everybody_sees_black_boxes(
    browser: Browser, platform: Platform, origin: str
) -> None:
    ticket = await submitted(platform)
    desk = await visitor(browser, platform, origin)
    await desk.sign_in("coordinator")
    await open_redacting(desk, ticket)

    await desk.drag((50 / 1200, 50 / 800), (350 / 1200, 350 / 800))
    await desk.page.focus("[data-side=left]")
    for number in ("850", "450", "300", "300"):
        await desk.page.keyboard.type(number)
        await desk.page.keyboard.press("Tab")
    await desk.page.keyboard.press("Enter")
    assert await desk.page.locator("#redact li").count() == 2
    faults = await desk.faults()
    await desk.picture("photos-redacting-desktop")
    await desk.page.click("#redact [type=submit]")
    await desk.page.wait_for_selector("#do-publish[open] .choice >> nth=1")
    assert await desk.page.locator("#do-publish .choice input").evaluate_all("all => all.map(one => one.checked)") == [
        False,
        True,
    ]
    await desk.page.fill("#do-publish-text", "Jalan rusak di depan pasar")
    faults += await desk.faults()
    await desk.picture("photos-publishing-desktop")
    await desk.page.click("#do-publish > form > button")
    await desk.page.wait_for_selector(".done")

    await platform.read(ticket, after=2)
    await desk.open(f"/aduan/{ticket}")
    faults += await desk.faults()
    await desk.picture("photos-public-desktop")
    assert await desk.page.evaluate("[...document.querySelectorAll('img.photo')].map(one => one.naturalWidth)") == [320]
    address = await desk.page.get_attribute("ul.photos a", "href")
    assert address is not None
    public = await desk.photo_at(address)
    assert (public.size, dict(public.getexif()), public.info.get("comment")) == ((1200, 800), {}, None)
    covered = [(x, y) for left, top in ((60, 60), (860, 460)) for x in (left, left + 280) for y in (top, top + 280)]
    assert [public.getpixel(place) for place in covered if not is_about(public.getpixel(place), BLACK)] == []
    assert is_about(public.getpixel((600, 400)), TEAL)
    assert faults == []
    assert PICTURES is not None or desk.complaints == []


@pytest.mark.parametrize(
    "look", [{"viewport": PHONE, "has_touch": True}, {"color_scheme": "dark"}], ids=["phone", "dark"]
)
async def test_given_the_pages_with_photos_when_they_are_looked_at_then_nothing_is_wrong_with_them(
    browser: Browser, platform: Platform, origin: str, look: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    ticket = await submitted(platform)
    desk = await visitor(browser, platform, origin, **look)
    await desk.sign_in("coordinator")
    await open_redacting(desk, ticket)
    faults = [*await desk.faults(), *(["too wide"] if await desk.is_wider_than_the_screen() else [])]
    await desk.picture(f"photos-redacting-{request.node.callspec.id}")

    await desk.page.go_back()
    await desk.page.click("#do-publish summary")

    faults += [*await desk.faults(), *(["too wide"] if await desk.is_wider_than_the_screen() else [])]
    await desk.picture(f"photos-publishing-{request.node.callspec.id}")
    assert faults == []


async def test_given_no_scripts_when_a_coordinator_wants_to_cover_something_then_the_page_says_what_it_needs(
    browser: Browser, platform: Platform, origin: str
) -> None:
    ticket = await submitted(platform)
    desk = await visitor(browser, platform, origin, java_script_enabled=False)
    await desk.sign_in("coordinator")
    await desk.open(f"/desk/cases/{ticket}")
    await desk.page.click("#do-publish summary")
    await desk.page.click("#do-publish .choice >> a[href*='action=publish']")
    assert "memerlukan JavaScript" in await desk.page.inner_text("main")
    await desk.picture("photos-without-scripts")

    await desk.page.click("main >> text=Kembali ke aduan")
    await desk.page.check("#do-publish .choice input")
    await desk.page.fill("#do-publish-text", "Jalan rusak")
    await desk.page.click("#do-publish > form > button")

    await desk.page.wait_for_selector(".done")
    assert len((await platform.read(ticket, after=2))["photos"]) == 1
