"""What people and systems ask notification itself for: following, feeds, webhooks, receipts, what was sent."""

import json
import re
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from deploy.simulators.playing import PREFIX
from services.notification.domain.signatures import sign
from tests.services import Platform
from tests.system.receivers import Receivers
from tests.system.subscribers import Subscriber, ask_to_follow
from tests.waiting import until

SECRETS: Final = {"NOTIFICATION_SMS__RECEIPT_SECRET": "dev-receipts", "NOTIFICATION_HOOKS__SECRET": "dev-hooks"}
PHONE: Final = "+6281234567890"
_TARGETS: Final = ({"region": "52.03"}, {"agency": "PUPR-52.03"}, {"category": "road.damage"})


async def follow_all(platform: Platform, receivers: Receivers) -> Subscriber:
    """One by mail, and one by telephone, who enters the code that came."""
    follower = Subscriber(platform, "pengikut@mail.example")
    await follower.follow(region="52.03")
    asked = await ask_to_follow(platform, "sms", PHONE, agency="PUPR-52.03")
    await until(lambda: _texts(receivers), limit_s=60)
    [code] = re.findall(r"\b\d{6}\b", _texts(receivers)[0].text)
    await _notification(platform, "POST", f"/v1/subscriptions/{asked}/confirmation", json={"code": code})
    return follower


async def register(platform: Platform, receivers: Receivers) -> str:
    """A system of an agency's that is called from now on; returns its id. Another one comes and goes."""
    path, webhook = "/v1/webhooks", {"agency": "PUPR-52.03", "url": f"http://{receivers.host}{PREFIX}/webhooks/pupr"}
    kept, gone = [await _as_coordinator(platform, "POST", path, json=webhook) for _ in range(2)]
    await _as_coordinator(platform, "PATCH", f"{path}/{gone['id']}", json={"types": ["case.assigned.v1"]})
    for deed in ("secret", "enable"):
        await _as_coordinator(platform, "POST", f"{path}/{gone['id']}/{deed}")
    await _as_coordinator(platform, "DELETE", f"{path}/{gone['id']}")
    return kept["id"]


async def look_back(platform: Platform, webhook: str, tickets: list[str]) -> None:
    """What feeds, systems and coordinators read afterwards."""
    for target in (*_TARGETS, *({"case": ticket} for ticket in tickets[:3])):
        await _notification(platform, "GET", f"/v1/subscriptions/feed.atom?{urlencode(target)}")
    for path in ("?agency=PUPR-52.03", f"/{webhook}", f"/{webhook}/events?limit=3", f"/{webhook}/events?after=3"):
        head = platform.signed_in("agency_head", "PUPR-52.03")
        await _notification(platform, "GET", f"/v1/webhooks{path}", headers=head)
    for ticket in tickets:
        found = await _as_coordinator(platform, "GET", f"/v1/notices?ticket={ticket}")
        for one in found["items"]:
            if one["state"] == "failed":
                await _as_coordinator(platform, "POST", f"/v1/notices/{one['id']}/retry")


async def tell_arrivals(platform: Platform, receivers: Receivers) -> None:
    """As the gateway tells of all that it took; and the owner of the number wants no more, or does after all."""
    arrived = [{"reference": one.reference, "status": "delivered"} for one in _texts(receivers)]
    for told in ({"receipts": arrived}, *({"replies": [{"from": PHONE, "text": text}]} for text in ("STOP", "START"))):
        body, at = json.dumps(told).encode(), datetime.now(UTC)
        signed = {"webhook-id": "msg-1", "webhook-timestamp": str(int(at.timestamp()))}
        signed["webhook-signature"] = sign([SECRETS["NOTIFICATION_SMS__RECEIPT_SECRET"].encode()], "msg-1", at, body)
        await _notification(platform, "POST", "/v1/notices/receipts/sms", content=body, headers=signed)


def _texts(receivers: Receivers) -> list[Any]:
    return receivers.simulators.arrivals.newest(1_000, channel="sms")


async def _as_coordinator(platform: Platform, method: str, path: str, **sent: Any) -> Any:
    answer = await _notification(platform, method, path, headers=platform.signed_in("coordinator"), **sent)
    return answer.json() if answer.content else None


async def _notification(platform: Platform, method: str, path: str, **sent: Any) -> Any:
    answer = await platform.http["notification"].request(method, path, **sent)
    assert answer.is_success, (path, answer.text)
    return answer
