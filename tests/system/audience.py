"""Who is told beside reporters and offices: people who follow, who get digests, and an agency's own system."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from deploy.simulators.arrivals import Kind
from deploy.simulators.playing import PREFIX
from shared.events.notices import Channel, NoticeKind
from shared.mongo import Document
from tests.services import Platform
from tests.system.news import Story
from tests.system.receivers import Receivers
from tests.system.subscribers import ask_to_follow, press
from tests.system.witness import Witness
from tests.waiting import until

DIGESTS: Final = {
    "NOTIFICATION_TIMING": json.dumps({"quiet_from": None, "digests": ["08:00"], "most_an_hour": 1_000_000}),
    "NOTIFICATION_HOOKS__SECRET": "dev-hooks",
}
"""What is gathered waits for the morning, unless the test lets the hour come."""


@dataclass(frozen=True)
class Audience:
    platform: Platform
    receivers: Receivers
    witness: Witness

    async def follow(self, address: str, **wanted: str) -> None:
        """Ask for it, and press the button behind the link in the mail that comes."""
        await ask_to_follow(self.platform, Channel.EMAIL, address, **wanted)
        await until(lambda: self._mails(address), limit_s=30)
        await press(self.platform, self._mails(address)[0])

    async def register(self, agency: str) -> str:
        """A system of the agency's, named as it is; returns the webhook's id."""
        url = f"http://{self.receivers.host}{PREFIX}/webhooks/{agency}"
        coordinator = self.platform.signed_in("coordinator")
        answer = await self.platform.http["notification"].post(
            "/v1/webhooks", json={"agency": agency, "url": url}, headers=coordinator
        )
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    async def the_hour_comes(self) -> None:
        """Of what is gathered, once all that was heard of is queued."""
        await until(self._all_is_queued, limit_s=60, every_s=0.1)
        now, gathered = datetime.now(UTC), {"gathered": True, "next_at": {"$exists": True}}
        deliveries = self.witness.collection("notification", "deliveries")
        addresses = await deliveries.distinct("to", gathered)
        await deliveries.update_many(gathered, {"$set": {"next_at": now}})
        idle = {"_id": {"$in": addresses}, "claim": {"$exists": False}}
        await self.witness.collection("notification", "addresses").update_many(idle, {"$set": {"next_at": now}})

    async def followed(self, stories: Iterable[Story]) -> list[Document]:
        wanted = {"ticket": {"$in": [story.ticket for story in stories]}, "kind": NoticeKind.FOLLOWED.value}
        return await self.witness.collection("notification", "deliveries").find(wanted).to_list()

    def mails_to(self, addresses: Iterable[str]) -> Counter[str]:
        """How often each message came, but for the question whether they want to follow."""
        wanted = set(addresses)
        found = (one.reference for one in self.receivers.arrived() if one.address in wanted)
        return Counter(found) - Counter(self._questions(wanted))

    def calls_of(self, agency: str) -> list[dict[str, Any]]:
        """The bodies, as they came."""
        found = self.receivers.simulators.arrivals.newest(100_000, channel=Kind.WEBHOOK, to=agency)
        return [json.loads(one.text) for one in reversed(found)]

    def _questions(self, addresses: set[str]) -> list[str]:
        asked = [one for one in self.receivers.mail.taken if "onfirmasi" in str(one["Subject"])]
        return [str(one["Message-ID"])[1:].partition("@")[0] for one in asked if str(one["To"]) in addresses]

    def _mails(self, address: str) -> Sequence[str]:
        mails = [mail.get_body(("plain",)) for mail in self.receivers.mail.taken if mail["To"] == address]
        return [part.get_content() for part in mails if part is not None]

    async def _all_is_queued(self) -> bool:
        if await self.witness.behind("notification"):
            return False
        waits = {"state": "waiting", "next_at": {"$exists": True}}
        return await self.witness.collection("notification", "deliveries").find_one(waits) is None
