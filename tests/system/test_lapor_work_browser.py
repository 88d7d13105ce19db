"""A whole village behind one address at the form, in a real browser: nobody who has scripts waits a minute."""

import json
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.servers import Kafka, Mongod
from tests.services import UNREACHED, Platform
from tests.system.browsers import CHROMIUM, NO_BROWSER, PHONE, PICTURES, Visitor, a_browser, a_lasting_platform

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(240),
    pytest.mark.skipif(CHROMIUM is None, reason=NO_BROWSER),
    pytest.mark.asyncio(loop_scope="module"),
]
LIMITS = json.dumps(json.loads(UNREACHED) | {"form_at_ease": "1/hour", "trusted_hops": 1})
LEAVES = "[data-leaves]"
AGAIN = "#complaint:not([data-checked]) > p > [value=send]"
ASKED = "#complaint[data-work='16']"
COUNTED = """
const digest = crypto.subtle.digest.bind(crypto.subtle);
window.digests = 0;
crypto.subtle.digest = (...told) => { window.digests += 1; return digest(...told); };
"""
HELD_UP = """
const digest = crypto.subtle.digest.bind(crypto.subtle);
const held = new Promise((resolve) => { window.letGo = resolve; });
crypto.subtle.digest = async (...told) => { await held; return digest(...told); };
"""
NO_HASHES = "Object.defineProperty(Crypto.prototype, 'subtle', {get: () => undefined});"
_villages = count(1)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def platform(kafka: Kafka, mongod: Mongod, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Platform]:
    """Where the second form of an address is one of many."""
    async with a_lasting_platform(kafka, mongod, tmp_path_factory.mktemp("work"), INTAKE_LIMITS=LIMITS) as platform:
        yield platform


@pytest_asyncio.fixture(loop_scope="module")
async def browser() -> AsyncGenerator[Browser]:
    async with a_browser() as browser:
        yield browser


@pytest.fixture
def village() -> str:
    """An address that nothing came from yet."""
    return f"198.51.100.{next(_villages)}"


class Villager(Visitor):
    """Somebody at the form."""

    async def check(self) -> None:
        """Fill in the form, up to the page that is checked."""
        await self.open("/lapor")
        await self.page.fill("#text", "Jalan di depan pasar berlubang.")
        await self.page.select_option("#category", "road.damage")
        await self.page.select_option("#regency", "52.03")
        await self.page.fill("#name", "Sitti")
        await self.page.click("#check-heading + button")
        await self.page.wait_for_selector("[data-checked]")

    async def check_patiently(self) -> None:
        """The same, with a clock that then stands still: on a slow machine too patience ends only where a test says."""
        await self.page.clock.install()
        await self.check()
        await self.stop_the_clock(1)

    async def stop_the_clock(self, hours: float) -> None:
        """So many from now."""
        await self.page.clock.pause_at(datetime.now(UTC) + timedelta(hours=hours))

    async def is_asked(self) -> bool:
        return await self.page.locator(ASKED).count() == 1

    async def says(self, words: str) -> None:
        await self.page.wait_for_selector(f"#waits:has-text('{words}')")

    async def is_received(self) -> None:
        await self.page.wait_for_selector("[data-accepted]")


async def a_villager(browser: Browser, platform: Platform, village: str, script: str = "", **options: Any) -> Villager:
    looks: dict[str, Any] = {"viewport": PHONE, "locale": "id-ID", "service_workers": "block"} | options
    context = await browser.new_context(extra_http_headers={"X-Forwarded-For": village}, **looks)
    if script:
        await context.add_init_script(script)
    return Villager(await context.new_page(), platform, "intake", PICTURES)


async def send_one(browser: Browser, platform: Platform, village: str) -> None:
    first = await a_villager(browser, platform, village, java_script_enabled=False)
    await first.check()
    await first.page.click("[value=send]")
    await first.is_received()


async def test_given_a_form_of_few_when_it_is_sent_then_nothing_was_worked_for(
    browser: Browser, platform: Platform, village: str
) -> None:
    sitti = await a_villager(browser, platform, village, COUNTED)

    await sitti.check()
    asked = await sitti.is_asked()
    await sitti.page.click(LEAVES)
    await sitti.is_received()

    assert not asked
    assert await sitti.page.evaluate("window.digests") == 0


async def test_given_a_form_of_many_when_it_is_sent_at_once_then_it_is_taken_without_a_wait(
    browser: Browser, platform: Platform, village: str
) -> None:
    await send_one(browser, platform, village)
    sitti = await a_villager(browser, platform, village, COUNTED)
    answers = list[int]()
    sitti.page.on("response", lambda answer: answers.append(answer.status) if answer.url.endswith("/lapor") else None)

    await sitti.check_patiently()
    asked = await sitti.is_asked()
    await sitti.page.click(LEAVES)
    await sitti.is_received()

    assert asked
    assert await sitti.page.evaluate("window.digests") > 0
    assert answers == [200, 200, 200]
    assert sitti.complaints == []


async def test_given_work_that_takes_long_when_the_form_is_sent_then_it_says_so_and_goes_once_it_is_done(
    browser: Browser, platform: Platform, village: str
) -> None:
    await send_one(browser, platform, village)
    sitti = await a_villager(browser, platform, village, HELD_UP)
    await sitti.check_patiently()

    await sitti.page.click(LEAVES)
    await sitti.says("banyak aduan datang dari jaringan ini")
    await sitti.page.evaluate("window.letGo()")

    await sitti.is_received()


async def test_given_work_that_never_ends_when_the_form_is_sent_then_it_is_told_to_wait_and_can_be_sent_again(
    browser: Browser, platform: Platform, village: str
) -> None:
    await send_one(browser, platform, village)
    sitti = await a_villager(browser, platform, village, HELD_UP)
    await sitti.check_patiently()

    await sitti.page.click(LEAVES)
    await sitti.says("banyak aduan datang dari jaringan ini")
    await sitti.page.clock.run_for(5_000)
    await sitti.page.wait_for_selector(AGAIN)
    await sitti.page.clock.resume()
    asked, faults = await sitti.is_asked(), await sitti.faults()
    wide = await sitti.is_wider_than_the_screen()
    await sitti.picture("work-refused-phone")
    await sitti.stop_the_clock(2)
    await sitti.page.evaluate("window.letGo()")
    await sitti.page.click(AGAIN)

    await sitti.is_received()
    assert (asked, faults, wide) == (True, [], False)


async def test_given_a_form_that_was_checked_before_many_came_when_it_is_sent_again_then_it_has_worked_meanwhile(
    browser: Browser, platform: Platform, village: str
) -> None:
    sitti = await a_villager(browser, platform, village)
    await sitti.check_patiently()
    asked_before = await sitti.is_asked()
    await send_one(browser, platform, village)

    await sitti.page.click(LEAVES)
    await sitti.page.wait_for_selector(AGAIN)
    assert not asked_before
    assert await sitti.page.input_value("#text") == "Jalan di depan pasar berlubang."
    await sitti.page.click(AGAIN)

    await sitti.is_received()


@pytest.mark.parametrize("options", [{"java_script_enabled": False}, {"script": NO_HASHES}], ids=["none", "no-hashes"])
async def test_given_no_scripts_or_nothing_that_hashes_when_a_form_of_many_is_sent_then_it_is_told_to_wait(
    browser: Browser, platform: Platform, village: str, options: dict[str, Any]
) -> None:
    await send_one(browser, platform, village)
    sitti = await a_villager(browser, platform, village, **options)
    await sitti.check()

    await sitti.page.click("#complaint [value=send]")
    await sitti.page.wait_for_selector(AGAIN)

    assert "paling lama satu menit" in await sitti.page.inner_text(".errors")
    assert await sitti.page.input_value("[name=work]") == ""
    assert [one for one in sitti.complaints if "status of 429" not in one] == []
