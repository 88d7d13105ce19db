"""The public pages in a real browser on running services."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import Browser

from shared.wita import day_of
from tests.services import Platform
from tests.system.browsers import CHROMIUM, DESKTOP, NO_BROWSER, PHONE, PICTURES, Visitor, a_browser
from tests.waiting import until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(600),
    pytest.mark.skipif(CHROMIUM is None, reason=NO_BROWSER),
]
AGENCY = "PUPR-52.03"
LIGHT_KB = 50
PAGES = {
    "start": "/",
    "agencies": "/instansi?waktu=bulan-ini",
    "map": "/peta",
    "map-of-a-regency": "/peta/52.03",
    "map-of-hexagons": "/peta/52.03?angka=segi-enam",
    "cases": "/aduan",
    "cases-with-faults": "/aduan?wilayah=52.99",
    "sitting": "/macet",
    "brief": "/pagi",
    "data": "/data",
    "missing": "/tidak-ada",
}
"""By the names of their pictures. The case and the scorecard are looked at too."""
IN_THE_DOCUMENTATION = {
    "desktop": {"start", "map", "sitting", "scorecard"},
    "phone": {"start", "map-of-a-regency", "cases", "case", "brief"},
    "dark": {"start", "map"},
}
KINDS: list[dict[str, Any]] = [
    {"category": "road.damage"},
    {"category": "env.waste", "answers": {}},
    {"category": "water.supply", "answers": {}},
    {"category": "road.light", "answers": {}},
    {"category": "traffic.light", "answers": {}},
]
REGENCIES = ("52.03", "52.02", "52.01", "52.71", "52.04", "52.06", "52.03", "52.05", "52.08", "52.02")
ACTS = ((), ("accept",), ("accept", "progress"), ("accept", "progress", "resolve"))


@pytest.fixture
async def browser() -> AsyncGenerator[Browser]:
    async with a_browser() as browser:
        yield browser


async def visitor(browser: Browser, platform: Platform, **options: Any) -> Visitor:
    looks: dict[str, Any] = {"viewport": DESKTOP, "locale": "id-ID"} | options
    context = await browser.new_context(**looks)
    return Visitor(await context.new_page(), platform, "reporting", PICTURES)


async def received(platform: Platform) -> int:
    """As the buckets say."""
    answer = await platform.http["reporting"].get("/v1/statistics")
    return answer.json()["totals"]["received"]


async def submitted(platform: Platform, number: int = 3) -> list[str]:
    """Tickets of complaints that are counted."""
    before = await received(platform)
    places = [{"region": "52.03"}, {"latitude": -8.65, "longitude": 116.53}, {"region": "52.71"}]
    answers = [await platform.submit(location=places[one % len(places)]) for one in range(number)]
    tickets = [answer.json()["ticket"] for answer in answers]
    await asyncio.gather(*(platform.read(ticket, after=1) for ticket in tickets))

    async def counted() -> bool:
        return await received(platform) == before + number

    await until(counted)
    return tickets


async def busy(platform: Platform) -> str:
    """Many complaints, of which some are worked on; the ticket of one of these."""
    tickets = await submitted(platform, 3)
    for number in range(30):
        answer = await platform.submit(location={"region": REGENCIES[number % 10]}, **KINDS[number % len(KINDS)])
        tickets.append(answer.json()["ticket"])
    await asyncio.gather(*(act(platform, ticket, ACTS[number % 4]) for number, ticket in enumerate(tickets)))
    await until(lambda: is_done(platform, len(tickets), len(tickets) // 4))
    return tickets[3]


async def act(platform: Platform, ticket: str, actions: tuple[str, ...]) -> None:
    holder = (await platform.read(ticket, after=1))["agency"]
    for action in actions:
        path, person = f"/v1/desk/cases/{ticket}/{action}", platform.signed_in("officer", holder)
        revision = (await platform.http["routing"].get(f"/v1/desk/cases/{ticket}", headers=person)).json()["revision"]
        headers = person | {"Idempotency-Key": str(uuid4()), "If-Match": str(revision)}
        answer = await platform.http["routing"].post(path, json={"text": "Sudah kami periksa."}, headers=headers)
        assert answer.status_code == 200, answer.text


async def is_done(platform: Platform, received: int, done: int) -> bool:
    totals = (await platform.http["reporting"].get("/v1/statistics")).json()["totals"]
    return (totals["received"], totals["done"]) == (received, done)


def pages_of(ticket: str) -> dict[str, str]:
    month = f"{day_of(datetime.now(UTC)):%Y-%m}"
    return PAGES | {"case": f"/aduan/{ticket}", "scorecard": f"/rapor/{AGENCY}?month={month}"}


@pytest.mark.parametrize(
    "look",
    [{"viewport": DESKTOP}, {"viewport": PHONE}, {"color_scheme": "dark"}, {"viewport": PHONE, "locale": "en-GB"}],
    ids=["desktop", "phone", "dark", "english-phone"],
)
async def test_given_every_public_page_when_it_is_looked_at_then_nothing_is_wrong_with_it(
    browser: Browser, platform: Platform, look: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    ticket = await busy(platform)
    anybody = await visitor(browser, platform, **look)
    kind = request.node.callspec.id
    faults: dict[str, list[str]] = {}

    for name, path in pages_of(ticket).items():
        await anybody.open(path)
        faults[name] = [*await anybody.faults(), *(["too wide"] if await anybody.is_wider_than_the_screen() else [])]
        if await anybody.page.get_attribute("html", "lang") != look.get("locale", "id")[:2]:
            faults[name].append("not in the language that was asked for")
        if name in IN_THE_DOCUMENTATION.get(kind, ()):
            await anybody.picture(f"public-{name}-{kind}")

    assert {name: found for name, found in faults.items() if found} == {}
    unexpected = [told for told in anybody.complaints if "404" not in told and "422" not in told]
    assert PICTURES is not None or unexpected == []


async def test_given_a_first_visit_when_any_page_is_loaded_then_it_takes_less_than_50_kb(
    browser: Browser, platform: Platform
) -> None:
    [ticket, *_] = await submitted(platform)
    weights: dict[str, int] = {}

    for name, path in pages_of(ticket).items():
        anybody = await visitor(browser, platform)
        loaded: list[Any] = []
        anybody.page.on("requestfinished", lambda request, loaded=loaded: loaded.append(request))
        await anybody.open(path)
        await anybody.page.wait_for_load_state("load")
        sizes = [await one.sizes() for one in loaded if not one.url.endswith("/hidup")]
        weights[name] = sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes)
        assert len(sizes) >= 4
        await anybody.page.context.close()

    assert {name: weight for name, weight in weights.items() if weight >= LIGHT_KB * 1_000} == {}


async def test_given_no_scripts_when_somebody_searches_and_switches_the_language_then_everything_works(
    browser: Browser, platform: Platform
) -> None:
    [ticket, *_] = await submitted(platform)
    anybody = await visitor(browser, platform, java_script_enabled=False)
    page = anybody.page

    await anybody.open("/")
    await page.click("nav.places a[href='/aduan']")
    await page.click("summary")
    await page.select_option("#wilayah", "52.03")
    await page.click("form.search button")
    assert await page.locator("ul.cases > li").count() == 2
    await page.fill("#q", ticket.lower())
    await page.click("form.search button")
    await page.wait_for_selector("ol.timeline")
    await page.click("header form button")

    assert await page.get_attribute("html", "lang") == "en"
    assert page.url.endswith(f"/aduan/{ticket}")
    assert "Four promises" in await page.inner_text("main")
    assert anybody.complaints == []


async def test_given_a_keyboard_alone_when_somebody_reads_the_map_then_it_leads_down_to_a_case(
    browser: Browser, platform: Platform
) -> None:
    await submitted(platform)
    anybody = await visitor(browser, platform)
    page = anybody.page

    await anybody.open("/peta")
    await tab_to(anybody, "svg.map a[aria-label^='Kabupaten Lombok Timur']")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/peta/52.03?*")
    await tab_to(anybody, "tbody td a")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("ul.cases")
    await tab_to(anybody, "ul.cases a")
    await page.keyboard.press("Enter")

    await page.wait_for_selector("ol.timeline")
    assert anybody.complaints == []


async def tab_to(anybody: Visitor, selector: str) -> None:
    wanted = await anybody.page.wait_for_selector(selector)
    for _ in range(120):
        await anybody.page.keyboard.press("Tab")
        if await anybody.page.evaluate("wanted => document.activeElement === wanted", wanted):
            return
    raise AssertionError(f"the keyboard does not come to {selector}")


async def test_given_an_open_start_page_when_complaints_come_in_then_its_numbers_follow_without_being_loaded_again(
    browser: Browser, platform: Platform
) -> None:
    await submitted(platform)
    anybody = await visitor(browser, platform)
    await anybody.open("/aduan")
    await anybody.page.click("nav.places a[href='/']")
    await anybody.page.wait_for_selector("[data-number=received]:has-text('3')")

    await submitted(platform, 2)

    await anybody.page.wait_for_selector("[data-number=received]:has-text('5')")
    assert await anybody.page.inner_text("[data-number=followed_up_percent]") == "0,0 %"
    assert anybody.complaints == []


async def test_given_a_scorecard_when_it_is_printed_then_menus_stay_off_the_paper(
    browser: Browser, platform: Platform
) -> None:
    anybody = await visitor(browser, platform)
    await anybody.open(f"/rapor/{AGENCY}")

    await anybody.page.emulate_media(media="print")

    assert not await anybody.page.is_visible("nav.places")
    assert not await anybody.page.is_visible("nav.beside")
    assert await anybody.page.is_visible("h1")
