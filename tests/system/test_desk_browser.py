"""Officers, a coordinator and a reporter with one complaint, in a real browser on running services."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from playwright.async_api import Browser

from tests.services import Platform
from tests.system.browsers import CHROMIUM, DESKTOP, NO_BROWSER, PHONE, PICTURES, DeskVisitor, a_browser
from tests.waiting import until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(600),
    pytest.mark.skipif(CHROMIUM is None, reason=NO_BROWSER),
]
AGENCY = "PUPR-52.03"


@pytest.fixture
async def browser() -> AsyncGenerator[Browser]:
    async with a_browser() as browser:
        yield browser


async def visitor(browser: Browser, platform: Platform, **options: Any) -> DeskVisitor:
    looks: dict[str, Any] = {"viewport": DESKTOP, "locale": "id-ID"} | options
    context = await browser.new_context(**looks)
    return DeskVisitor(await context.new_page(), platform, PICTURES)


async def submitted(platform: Platform) -> tuple[str, dict[str, str]]:
    answer = (await platform.submit()).json()
    await platform.read(answer["ticket"], after=1)
    return answer["ticket"], {"X-Tracking-Code": answer["tracking_code"]}


async def follow_up(platform: Platform, ticket: str, what: str, code: dict[str, str], text: str) -> None:
    answer = await platform.http["intake"].post(f"/v1/complaints/{ticket}/{what}", json={"text": text}, headers=code)
    assert answer.status_code == 202, answer.text


async def until_it_says(desk: DeskVisitor, text: str) -> None:
    """What comes by the topics is there a moment later."""

    async def says() -> bool:
        await desk.page.reload()
        return await desk.page.locator("ol.history", has_text=text).count() > 0

    await until(says)


async def test_given_a_complaint_when_officer_reporter_and_coordinator_do_their_part_then_it_comes_to_its_end(
    browser: Browser, platform: Platform
) -> None:
    ticket, code = await submitted(platform)
    officer = await visitor(browser, platform)
    await officer.sign_in("officer", AGENCY)
    await officer.page.click(f"text={ticket}")
    await officer.page.wait_for_selector("ol.history")

    await officer.do("accept", text="Aduan kami terima.")
    await officer.do("ask", text="Di sisi jalan yang mana?")
    await follow_up(platform, ticket, "answers", code, "Di sisi utara, dekat jembatan")
    await until_it_says(officer, "Di sisi utara, dekat jembatan")
    await officer.do("resolve", text="Sudah ditambal.")
    await follow_up(platform, ticket, "dispute", code, "Masih berlubang")
    coordinator = await visitor(browser, platform)
    await coordinator.sign_in("coordinator", "BIRO-ORGANISASI")
    await coordinator.open(f"/desk/cases/{ticket}")
    await until_it_says(coordinator, "Masih berlubang")
    await coordinator.do("uphold", text="Sudah kami periksa: lubang lain.")

    told = await platform.read(ticket, after=8, code=code["X-Tracking-Code"])
    assert told["status"] == "closed"
    assert [step["type"] for step in told["history"]][2:] == [
        "case.accepted.v1",
        "case.information_requested.v1",
        "case.resumed.v1",
        "case.resolved.v1",
        "case.reopened.v1",
        "case.closed.v1",
    ]
    assert told["history"][-1]["words"] == "Sudah kami periksa: lubang lain."
    assert officer.complaints == coordinator.complaints == []


@pytest.mark.parametrize("look", [{"viewport": DESKTOP}, {"viewport": PHONE}, {"color_scheme": "dark"}], ids=str)
async def test_given_every_page_when_it_is_looked_at_then_nothing_is_wrong_with_it(
    browser: Browser, platform: Platform, look: dict[str, Any]
) -> None:
    ticket, _ = await submitted(platform)
    desk = await visitor(browser, platform, **look)
    kind = "dark" if "color_scheme" in look else "phone" if look["viewport"] is PHONE else "desktop"
    faults: dict[str, list[str]] = {}

    async def look_at(name: str) -> None:
        faults[name] = [*await desk.faults(), *(["too wide"] if await desk.is_wider_than_the_screen() else [])]
        await desk.picture(f"desk-{name}-{kind}")

    await desk.open("/desk/login")
    await look_at("login")
    await desk.sign_in("coordinator")
    await look_at("queue")
    await desk.open("/desk/board")
    await look_at("board")
    await desk.open(f"/desk/cases/{ticket}")
    await look_at("case-of-coordinator")
    await desk.sign_in("officer", AGENCY)
    await desk.open(f"/desk/cases/{ticket}")
    await desk.page.click("summary:has-text('Kembalikan')")
    await look_at("case")
    await desk.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    await look_at("case-all-forms")

    assert {name: found for name, found in faults.items() if found} == {}
    assert PICTURES is not None or desk.complaints == []


async def test_given_a_keyboard_alone_when_an_officer_works_then_a_case_is_found_and_accepted(
    browser: Browser, platform: Platform
) -> None:
    ticket, _ = await submitted(platform)
    desk = await visitor(browser, platform)
    await desk.sign_in("officer", AGENCY)

    await tab_to(desk, f"text={ticket}")
    await desk.page.keyboard.press("Enter")
    await desk.page.wait_for_selector("ol.history")
    await tab_to(desk, "#do-accept summary")
    await desk.page.keyboard.press("Enter")
    await tab_to(desk, "#do-accept button")
    await desk.page.keyboard.press("Enter")

    await desk.page.wait_for_selector(".done")
    assert (await platform.read(ticket, after=2))["status"] == "accepted"


async def tab_to(desk: DeskVisitor, selector: str) -> None:
    wanted = await desk.page.wait_for_selector(selector)
    for _ in range(80):
        await desk.page.keyboard.press("Tab")
        if await desk.page.evaluate("wanted => document.activeElement === wanted", wanted):
            return
    raise AssertionError(f"the keyboard does not come to {selector}")


async def test_given_no_scripts_when_an_officer_works_then_everything_works(
    browser: Browser, platform: Platform
) -> None:
    ticket, _ = await submitted(platform)
    desk = await visitor(browser, platform, java_script_enabled=False)
    await desk.sign_in("officer", AGENCY)

    await desk.open(f"/desk/cases/{ticket}")
    await desk.page.click("#do-progress summary")
    await desk.page.fill("#do-progress-text", "Alat sudah di lokasi")
    await desk.page.click("#do-progress button")

    await desk.page.wait_for_selector(".done")
    assert (await platform.read(ticket, after=2))["status"] == "in_progress"
