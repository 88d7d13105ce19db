"""People who follow what happens, each with an address that they confirm and leave as people do."""

import re
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Final

from tests.services import Platform
from tests.waiting import until

_LINK: Final = re.compile(r"/v1/subscriptions/links/[\w-]+")


@dataclass(frozen=True)
class Subscriber:
    """Somebody with a mailbox."""

    platform: Platform
    address: str

    async def follow(self, **wanted: str) -> None:
        """Ask for it, and press the button behind the link in the mail that comes. They follow nothing else yet."""
        await ask_to_follow(self.platform, "email", self.address, **wanted)
        await self.has(1)
        plain = self.mails()[0].get_body(("plain",))
        assert plain is not None
        await press(self.platform, plain.get_content())

    async def leave(self) -> None:
        """By what mail programs offer for the last mail."""
        await press(self.platform, str(self.mails()[-1]["List-Unsubscribe"]))

    async def has(self, mails: int) -> None:
        await until(lambda: len(self.mails()) == mails, limit_s=60)

    def mails(self) -> list[EmailMessage]:
        return [mail for mail in self.platform.mail.taken if mail["To"] == self.address]


async def ask_to_follow(platform: Platform, channel: str, address: str, **wanted: str) -> str:
    """Returns the subscription's id."""
    wish = {"channel": channel, "address": address, "follow": wanted}
    asked = await platform.http["notification"].post("/v1/subscriptions", json=wish)
    assert asked.status_code == 202, asked.text
    return asked.json()["id"]


async def press(platform: Platform, text: str) -> None:
    """The button of the page behind the first link in the text."""
    link = _LINK.search(text)
    assert link is not None
    answer = await platform.http["notification"].post(link[0])
    assert answer.status_code == 200, answer.text
