"""A reporter's pages in a real browser, on running services behind one address."""

import re
from collections.abc import AsyncGenerator
from typing import Any
from uuid import uuid4

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
    DeskVisitor,
    Visitor,
    a_browser,
    a_lasting_platform,
)
from tests.system.gateway import gateway
from tests.waiting import until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(600),
    pytest.mark.skipif(CHROMIUM is None, reason=NO_BROWSER),
    pytest.mark.asyncio(loop_scope="module"),
]
TEXT = "Jembatan gantung kami putus sejak banjir"
QUESTION = "Jembatan yang di sebelah mana?"
CURRENT: dict[str, str] = {}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def platform(kafka: Kafka, mongod: Mongod, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Platform]:
    port = free_port()
    soon = {"INTAKE_JANITOR__FIRST_AFTER": "PT1S", "INTAKE_JANITOR__LOOK_EVERY": "PT1S"}
    public = {"NOTIFICATION_PUBLIC_URL": f"http://127.0.0.1:{port}", **soon}
    async with (
        a_lasting_platform(kafka, mongod, tmp_path_factory.mktemp("lacak"), **public) as platform,
        gateway(platform, port) as origin,
    ):
        CURRENT["origin"] = origin
        yield platform


@pytest_asyncio.fixture(loop_scope="module")
async def browser() -> AsyncGenerator[Browser]:
    async with a_browser() as browser:
        yield browser


class Reporter(Visitor):
    """Somebody with a complaint of their own, at the one address."""

    def __init__(self, page: Page, platform: Platform, ticket: str, code: str) -> None:
        super().__init__(page, platform, "reporting", PICTURES)
        self._base = CURRENT["origin"]
        self.platform, self.ticket, self.code = platform, ticket, code

    async def enter(self) -> None:
        await self.open(f"/lacak?ticket={self.ticket}")
        await self.page.fill("#code", self.code.lower().replace("-", " "))
        await self.page.click("form[action='/lacak'] button")
        await self.page.wait_for_url(f"**/lacak/{self.ticket}")

    async def press(self, form: str, **fields: str) -> str:
        """Fill in a form of the page and send it; returns what the next page says became of it."""
        for name, value in fields.items():
            await self.page.fill(f"#{form}-{name}", value)
        async with self.page.expect_navigation():
            await self.page.click(f"#{form} button[type=submit]")
        return await self.page.inner_text("[role=status]")

    async def unfold(self, form: str) -> None:
        await self.page.click(f"details:has(#{form}) summary")

    async def act(self, action: str, text: str) -> None:
        """What an officer of the agency that has it does."""
        http = self.platform.http["routing"]
        agency = (await self.platform.read(self.ticket, after=1, code=self.code))["agency"]
        officer = self.platform.signed_in("officer", agency)
        revision = (await http.get(f"/v1/desk/cases/{self.ticket}", headers=officer)).json()["revision"]
        headers = officer | {"Idempotency-Key": str(uuid4()), "If-Match": str(revision)}
        answer = await http.post(f"/v1/desk/cases/{self.ticket}/{action}", json={"text": text}, headers=headers)
        assert answer.status_code == 200, answer.text
        await until(lambda: self._is_in({"ask": "awaiting_reporter", "resolve": "resolved"}[action]))

    async def _is_in(self, status: str) -> bool:
        return (await self.platform.read(self.ticket, wait=0, code=self.code))["status"] == status

    async def reload(self) -> str:
        await self.page.goto(f"{self._base}/lacak/{self.ticket}")
        return await self.page.inner_text("main")

    async def wrong(self) -> list[str]:
        """What is wrong with the page as it is."""
        return [*await self.faults(), *(["too wide"] if await self.is_wider_than_the_screen() else [])]


async def a_reporter(
    browser: Browser, platform: Platform, fields: dict[str, Any] | None = None, **look: Any
) -> Reporter:
    looks: dict[str, Any] = {"viewport": DESKTOP, "locale": "id-ID"} | look
    context = await browser.new_context(**looks)
    person = {"name": "Baiq Sitti", "email": f"{uuid4().hex}@mail.example"}
    sent: dict[str, Any] = {"text": TEXT, "reporter": person} | (fields or {})
    answer = (await platform.submit(**sent)).json()
    await platform.read(answer["ticket"], after=1, code=answer["tracking_code"])
    return Reporter(await context.new_page(), platform, answer["ticket"], answer["tracking_code"])


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
async def test_given_a_complaint_when_its_reporter_goes_the_whole_way_then_every_step_of_it_is_on_their_page(
    browser: Browser, platform: Platform, *, scripts: bool
) -> None:
    """Track, supplement, answer, dispute, confirm with a rating, read one's data, and leave."""
    sitti = await a_reporter(browser, platform, viewport=PHONE, java_script_enabled=scripts)

    await sitti.enter()
    assert TEXT in await sitti.page.inner_text("main")
    assert "sudah diteruskan ke" in await sitti.page.inner_text("#aloud")
    await sitti.unfold("supplements")
    assert "sudah tercatat" in await sitti.press("supplements", text="Anak sekolah menyeberang sungai")
    assert "Anak sekolah menyeberang sungai" in await sitti.page.inner_text("main")

    await sitti.act("ask", QUESTION)
    assert QUESTION in await sitti.reload()
    assert "penanganan dilanjutkan" in await sitti.press("answers", text="Yang di sebelah pasar")

    await sitti.act("resolve", "Sudah kami pasang lagi.")
    assert "Sudah kami pasang lagi." in await sitti.reload()
    assert "dibuka lagi" in await sitti.press("dispute", text="Papannya masih lepas")

    await sitti.act("resolve", "Papannya sudah dipaku.")
    await sitti.reload()
    await sitti.page.check("#confirmation input[value='4']")
    assert "Aduan ditutup" in await sitti.press("confirmation", text="Terima kasih")
    page = await sitti.page.inner_text("main")
    assert "Penilaian pelapor: 4 dari 5." in page
    for written in (TEXT, "Yang di sebelah pasar", "Papannya masih lepas", "Terima kasih", QUESTION):
        assert written in page

    await sitti.page.click(f"a[href='/lacak/{sitti.ticket}/data']")
    await sitti.page.wait_for_url("**/data")
    held = await sitti.page.inner_text("main")
    assert "Baiq Sitti" in held
    assert "Papannya masih lepas" in held
    await sitti.reload()
    await sitti.page.click("text=Selesai, tutup di perangkat ini")
    await sitti.page.wait_for_url("**/lacak")
    await sitti.reload()
    assert f"/lacak?ticket={sitti.ticket}" in sitti.page.url
    assert sitti.complaints == []


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
async def test_given_a_contact_when_it_is_changed_with_a_mistake_then_nothing_is_lost_and_withdrawing_asks_once_more(
    browser: Browser, platform: Platform, *, scripts: bool
) -> None:
    sitti = await a_reporter(browser, platform, java_script_enabled=scripts)
    await sitti.enter()
    await sitti.unfold("contact")

    await sitti.page.fill("#contact-phone", "081234567890")
    await sitti.page.fill("#contact-email", "")
    await sitti.page.select_option("#contact-prefers", "email")
    await sitti.page.click("#contact button[type=submit]")
    await sitti.page.wait_for_selector(".errors")
    assert await sitti.page.input_value("#contact-phone") == "081234567890"
    if scripts:
        assert await sitti.wrong() == []
    await sitti.page.select_option("#contact-prefers", "sms")
    assert "sudah diganti" in await sitti.press("contact")
    await sitti.unfold("contact")
    assert await sitti.page.input_value("#contact-phone") == "+6281234567890"

    await sitti.unfold("no-contact")
    assert "tidak akan menghubungi" in await sitti.press("no-contact")
    await sitti.page.click(f"a[href='/lacak/{sitti.ticket}/cabut']")
    await sitti.page.wait_for_url("**/cabut")
    assert "tidak dapat dibuka kembali" in await sitti.page.inner_text("main")
    assert "sudah dicabut" in await sitti.press("withdrawal", text="Sudah diperbaiki warga")
    case = await platform.read(sitti.ticket, code=sitti.code)
    assert case["status"] == "withdrawn"
    assert [line for line in sitti.complaints if "422" not in line] == []


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
async def test_given_a_complaint_for_somebody_when_that_person_takes_it_over_then_who_filed_it_is_let_in_no_more(
    browser: Browser, platform: Platform, *, scripts: bool
) -> None:
    proxy = {"kind": "relative", "mandate": "spoken", "subject": {"name": "Rahma", "phone": "081234567891"}}
    filed = (await platform.submit(text=TEXT, proxy=proxy)).json()
    await platform.read(filed["ticket"], after=1, code=filed["tracking_code"])
    amir, rahma = [
        Reporter(await context.new_page(), platform, filed["ticket"], filed[code])
        for code in ("tracking_code", "subject_code")
        for context in [await browser.new_context(viewport=PHONE, locale="id-ID", java_script_enabled=scripts)]
    ]
    await amir.enter()
    assert await amir.page.locator("#take-over").count() == 0

    await rahma.enter()
    await rahma.unfold("take-over")
    assert await rahma.page.input_value("#take-over-phone") == "+6281234567891"
    if scripts:
        assert await rahma.wrong() == []
    await rahma.picture(f"lacak-take-over-{scripts}")
    told = await rahma.press("take-over", email="rahma@mail.example")

    assert "di tangan Anda" in told
    assert await rahma.page.locator("#take-over").count() == 0
    assert TEXT not in await amir.reload()
    await rahma.unfold("contact")
    assert await rahma.page.input_value("#contact-email") == "rahma@mail.example"
    assert rahma.complaints == []


@pytest.mark.parametrize("look", list(LOOKS))
async def test_given_a_reporters_pages_when_they_are_looked_at_then_nothing_is_wrong_with_them(
    browser: Browser, platform: Platform, look: str
) -> None:
    sitti = await a_reporter(browser, platform, **LOOKS[look])
    faults: dict[str, list[str]] = {}

    async def looked(name: str) -> None:
        faults[name] = await sitti.wrong()
        await sitti.picture(f"lacak-{name}-{look}")

    await sitti.open("/lacak")
    await looked("ask")
    await sitti.page.fill("#ticket", "NTB-1")
    await sitti.page.fill("#code", "1")
    await sitti.page.click("form[action='/lacak'] button")
    await sitti.page.wait_for_selector(".errors")
    await looked("ask-with-faults")
    await sitti.enter()
    await looked("running")
    for summary in await sitti.page.query_selector_all("details.action summary"):
        await summary.click()
    await looked("unfolded")
    await sitti.act("ask", QUESTION)
    await sitti.reload()
    await looked("question")
    await sitti.page.fill("#answers-text", " ")
    await sitti.page.click("#answers button")
    await sitti.page.wait_for_selector(".errors")
    await looked("not-sent")
    await sitti.page.fill("#answers-text", "Yang utara")
    await sitti.press("answers")
    await sitti.act("resolve", "Sudah kami pasang lagi.")
    await sitti.reload()
    await looked("resolved")
    await sitti.open(f"/lacak/{sitti.ticket}/data")
    await looked("own-data")
    withdrawing = await a_reporter(browser, platform, **LOOKS[look])
    await withdrawing.enter()
    await withdrawing.open(f"/lacak/{withdrawing.ticket}/cabut")
    faults["withdrawal"] = await withdrawing.wrong()
    await withdrawing.picture(f"lacak-withdrawal-{look}")
    await sitti.open("/v1/notices/lost-ticket")
    await looked("lost")

    assert {name: found for name, found in faults.items() if found} == {}


async def test_given_a_keyboard_alone_when_a_reporter_enters_and_adds_something_then_no_pointer_is_needed(
    browser: Browser, platform: Platform
) -> None:
    sitti = await a_reporter(browser, platform)
    keyboard = sitti.page.keyboard

    async def tab_to(selector: str) -> None:
        for _ in range(80):
            await keyboard.press("Tab")
            if await sitti.page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
                return
        raise AssertionError(selector)

    await sitti.open("/lacak")
    await tab_to("#ticket")
    await keyboard.type(sitti.ticket)
    await tab_to("#code")
    await keyboard.type(sitti.code)
    await keyboard.press("Enter")
    await sitti.page.wait_for_url(f"**/lacak/{sitti.ticket}")
    await tab_to("details:has(#supplements) summary")
    await keyboard.press("Enter")
    await tab_to("#supplements-text")
    await keyboard.type("Sekarang banjir lagi")
    await tab_to("#supplements button")
    await keyboard.press("Enter")
    await sitti.page.wait_for_selector("[role=status]")

    assert "Sekarang banjir lagi" in await sitti.page.inner_text("main")


async def test_given_a_reporters_page_when_they_go_on_then_the_browser_keeps_nothing_of_it_and_no_address_had_the_code(
    browser: Browser, platform: Platform
) -> None:
    sitti = await a_reporter(browser, platform)
    addresses: list[str] = []
    sitti.page.on("request", lambda request: addresses.append(request.url))
    await sitti.enter()

    await sitti.page.click("nav.places a[href='/peta']")
    await sitti.page.wait_for_url("**/peta")

    stored = await sitti.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    cookies = str(await sitti.page.context.cookies())
    spelled = [sitti.code.upper(), sitti.code.upper().replace("-", ""), sitti.code.upper().replace("-", "%20")]
    assert TEXT not in stored
    assert [kept for kept in (stored, cookies, *addresses) for code in spelled if code in kept.upper()] == []


async def test_given_speech_in_the_browser_when_the_page_opens_then_it_is_read_aloud_and_without_it_there_is_no_button(
    browser: Browser, platform: Platform
) -> None:
    sitti = await a_reporter(browser, platform)
    await sitti.page.add_init_script(
        "window.said = [];"
        "Object.defineProperty(window, 'speechSynthesis', {value: {speak: one => said.push(one), cancel: () => {}}});"
        "window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };"
    )
    await sitti.enter()

    await sitti.page.click("[data-read-aloud]")

    said = await sitti.page.evaluate("said.map(one => [one.lang, one.text])")
    assert said[0][0] == "id-ID"
    assert "sudah diteruskan ke" in said[0][1]
    silent = await a_reporter(browser, platform)
    await silent.page.add_init_script("Object.defineProperty(window, 'speechSynthesis', {value: undefined});")
    await silent.enter()
    assert not await silent.page.is_visible("[data-read-aloud]")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
async def test_given_a_lost_ticket_when_its_address_asks_then_the_mail_leads_to_the_case_again(
    browser: Browser, platform: Platform, *, scripts: bool
) -> None:
    address = f"sitti-{uuid4().hex[:8]}@mail.example"
    reporter = {"name": "Sitti", "email": address}
    sitti = await a_reporter(browser, platform, {"reporter": reporter}, viewport=PHONE, java_script_enabled=scripts)

    await sitti.open("/lacak")
    await sitti.page.click("a[href='/v1/notices/lost-ticket']")
    await sitti.page.wait_for_url("**/lost-ticket")
    await sitti.page.fill("#address", address.upper())
    async with sitti.page.expect_navigation():
        await sitti.page.click("main button[type=submit]")
    assert "Jika alamat ini tercatat" in await sitti.page.inner_text("main")
    link = await until(lambda: link_to(platform, address))
    await sitti.open(link.removeprefix(CURRENT["origin"]))
    assert sitti.ticket not in await sitti.page.inner_text("main")
    async with sitti.page.expect_navigation():
        await sitti.page.click("main button[type=submit]")
    assert sitti.code in await sitti.page.inner_text("main")
    if scripts:
        assert await sitti.wrong() == []
    await sitti.picture(f"lacak-found-{scripts}")
    await sitti.page.click("main form button[type=submit]")

    await sitti.page.wait_for_url(f"**/lacak/{sitti.ticket}")
    assert TEXT in await sitti.page.inner_text("main")
    assert sitti.complaints == []


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
async def test_given_the_rights_over_data_when_their_buttons_are_pressed_then_the_desk_sees_it_and_the_data_go(
    browser: Browser, platform: Platform, *, scripts: bool
) -> None:
    """Restrict processing, allow it again, and have everything erased."""
    sitti = await a_reporter(browser, platform, viewport=PHONE, java_script_enabled=scripts)
    agency = (await platform.read(sitti.ticket, after=1, code=sitti.code))["agency"]
    officer = DeskVisitor(await (await browser.new_context(locale="id-ID")).new_page(), platform, PICTURES)
    await officer.sign_in("officer", agency)

    async def officer_sees(told: str) -> bool:
        await officer.open(f"/desk/cases/{sitti.ticket}")
        return told in await officer.page.inner_text("main")

    async def ask(form: str) -> str:
        await sitti.open(f"/lacak/{sitti.ticket}/data")
        await sitti.unfold(form)
        if scripts:
            assert await sitti.wrong() == []
        return await sitti.press(form)

    await sitti.enter()
    await until(lambda: officer_sees(TEXT))
    assert "dibatasi" in await ask("restriction")
    await until(lambda: officer_sees("data pribadi dibatasi"))
    assert not await officer_sees(TEXT)
    assert "boleh dipakai lagi" in await ask("permission")
    await until(lambda: officer_sees(TEXT))
    assert not await officer_sees("data pribadi dibatasi")
    assert "sudah diterima" in await ask("erasure")

    async def is_erased() -> bool:
        return not await officer_sees(TEXT) and TEXT not in await sitti.reload()

    await until(is_erased, limit_s=60)
    assert await platform.read(sitti.ticket, code=sitti.code)
    assert sitti.complaints == []


def link_to(platform: Platform, address: str) -> str | None:
    """In the newest mail to the address that has one."""
    for mail in reversed(platform.mail.taken):
        body: Any = mail.get_body(("plain",))
        found = re.search(r"http://\S+/v1/notices/lost/\S+", body.get_content())
        if found and str(mail["To"]) == address:
            return found[0]
    return None
