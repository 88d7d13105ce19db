"""A real browser at the desk of a running platform."""

import os
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright

from shared.oidc import issue_locally
from shared.settings import KafkaSettings
from tests.servers import Kafka, Mongod
from tests.services import DESK_SECRET, SERVICES, Platform, running_platform
from tests.system.outside import drop_database

CHROMIUM: Final = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
NO_BROWSER: Final = "no Chromium on this machine: make tools installs it"
_QUIET: Final = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE: Final[Any] = {"width": 320, "height": 640}
DESKTOP: Final[Any] = {"width": 1280, "height": 900}
LOOKS: Final[dict[str, dict[str, Any]]] = {
    "desktop": {"viewport": DESKTOP},
    "phone": {"viewport": PHONE},
    "dark": {"viewport": PHONE, "color_scheme": "dark"},
    "english": {"viewport": PHONE, "locale": "en-GB"},
}
PICTURES: Final = Path(os.environ["NTBCARE_PICTURES"]) if "NTBCARE_PICTURES" in os.environ else None
"""Where pictures for the documentation go; None: none are taken."""


@asynccontextmanager
async def a_browser() -> AsyncGenerator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=_QUIET)
        yield browser
        await browser.close()


@asynccontextmanager
async def a_lasting_platform(
    kafka: Kafka, mongod: Mongod, folder: Path, /, **variables: str
) -> AsyncGenerator[Platform]:
    """For all tests of a module; its databases are dropped afterwards."""
    topics = KafkaSettings(bootstrap=kafka.bootstrap, namespace=f"system-{uuid4().hex[:8]}", partitions=3)
    async with running_platform(topics, mongod.uri, folder, **variables) as platform:
        yield platform
    for service in SERVICES:
        await drop_database(mongod.uri, platform.database(service).database)


class Visitor:
    """Somebody at a page of a service, who notices what the browser complains of."""

    def __init__(self, page: Page, platform: Platform, service: str, pictures: Path | None) -> None:
        self.page = page
        self._base = str(platform.http[service].base_url).rstrip("/")
        self._pictures = pictures
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)

    async def open(self, path: str) -> None:
        await self.page.goto(f"{self._base}{path}")

    async def faults(self) -> list[str]:
        """What axe finds wrong with the page as it is."""
        found = await Axe().run(self.page)
        violations: Any = found.response["violations"]
        return [f"{one['id']}: {node['html'][:120]}" for one in violations for node in one["nodes"]]

    async def is_wider_than_the_screen(self) -> bool:
        return await self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth")

    async def picture(self, name: str) -> None:
        """For the documentation, where it was asked for."""
        if self._pictures is not None:
            await self.page.screenshot(path=self._pictures / f"{name}.png", full_page=True)
            # Taking one sets a style, which the page's policy rightly complains of.
            self.complaints.clear()


class DeskVisitor(Visitor):
    """Somebody at a page of the desk."""

    def __init__(self, page: Page, platform: Platform, pictures: Path | None) -> None:
        super().__init__(page, platform, "routing", pictures)

    async def sign_in(self, role: str, agency: str | None = None) -> None:
        """With a token of the local issuer, as somebody who types it in."""
        await self.open("/desk/login")
        token = issue_locally(DESK_SECRET, subject=role, roles=[role], agency=agency, regions=(), lasts_s=3600)
        await self.page.fill("#token", token)
        await self.page.keyboard.press("Enter")
        await self.page.wait_for_selector("ul.tabs")

    async def do(self, action: str, **values: str) -> None:
        """Fill in the form of an action and send it."""
        form = self.page.locator(f"#do-{action}")
        await form.locator("summary").click()
        for name, value in values.items():
            field = form.locator(f"#do-{action}-{name}")
            if await field.evaluate("field => field.tagName") == "SELECT":
                await field.select_option(value)
            else:
                await field.fill(value)
        await form.locator("button:not(.quiet)").click()
        await self.page.wait_for_selector(".done")
