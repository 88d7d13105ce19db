"""Delivery receipts that the simulators send back shortly after, signed as the real gateways do."""

import asyncio
import json
import secrets
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import httpx2
import structlog

from deploy.simulators.arrivals import Arrival, Kind
from deploy.simulators.plans import Planned
from services.notification.domain.signatures import key_of, sign, sign_for_hub
from shared.tasks import end_tasks

log = structlog.get_logger(__name__)

_UNDER_WAY: Final = 500
_TRIES: Final = 20
_AGAIN_S: Final = 1.0
_PATIENCE_S: Final = 10.0
_TAKEN: Final = range(200, 300)


@dataclass(frozen=True)
class Target:
    """Where receipts of a channel go, and what signs them."""

    url: str
    secret: str


class Receipts:
    """Sends them as long as the block `running` runs."""

    def __init__(self, targets: Mapping[Kind, Target], delay_s: float = 0.5) -> None:
        self._targets = targets
        self._delay_s = delay_s
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """What is still to be told at the end is forgotten."""
        try:
            yield
        finally:
            await end_tasks(list(self._tasks), again_s=_AGAIN_S)

    def promise(self, arrival: Arrival, planned: Planned) -> None:
        """Tell what is planned of this message. Beyond so many at once none is told."""
        target = self._targets.get(arrival.channel)
        if target is None or planned.receipt == "none" or len(self._tasks) >= _UNDER_WAY:
            return
        body = _WRITERS[arrival.channel](arrival, planned)
        task = asyncio.create_task(self._tell(arrival.channel, target, json.dumps(body).encode()))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tell(self, channel: Kind, target: Target, body: bytes) -> None:
        await asyncio.sleep(self._delay_s)
        for _ in range(_TRIES):
            if await _post(channel, target, body) in _TAKEN:
                return
            await asyncio.sleep(_AGAIN_S)
        log.warning("receipt_not_taken", channel=channel)


async def _post(channel: Kind, target: Target, body: bytes) -> int | None:
    """The status of the answer; None where there was none."""
    try:
        async with httpx2.AsyncClient(timeout=_PATIENCE_S) as client:
            answer = await client.post(target.url, content=body, headers=_headers(channel, target, body))
    except httpx2.HTTPError:
        return None
    return answer.status_code


def _headers(channel: Kind, target: Target, body: bytes) -> dict[str, str]:
    kind, key = {"Content-Type": "application/json"}, key_of(target.secret)
    if channel is Kind.WHATSAPP:
        return kind | {"X-Hub-Signature-256": sign_for_hub(key, body)}
    at, receipt_id = datetime.now(UTC), f"msg_{secrets.token_hex(8)}"
    signed = {"webhook-timestamp": str(int(at.timestamp())), "webhook-signature": sign([key], receipt_id, at, body)}
    return kind | {"webhook-id": receipt_id} | signed


def _as_gateway(arrival: Arrival, planned: Planned) -> dict[str, Any]:
    receipt = {"reference": arrival.reference, "status": planned.receipt}
    return {"receipts": [receipt if planned.reason is None else receipt | {"reason": planned.reason}]}


def _as_cloud(arrival: Arrival, planned: Planned) -> dict[str, Any]:
    status: dict[str, Any] = {
        "id": f"wamid.{arrival.id}",
        "status": planned.receipt,
        "timestamp": str(int(datetime.now(UTC).timestamp())),
        "recipient_id": arrival.to.removeprefix("+"),
        "biz_opaque_callback_data": arrival.reference,
    }
    if planned.receipt == "failed":
        status["errors"] = [{"code": int(planned.reason or 131026), "title": "Made up by the simulator"}]
    value = {"messaging_product": "whatsapp", "statuses": [status]}
    return {"object": "whatsapp_business_account", "entry": [{"changes": [{"field": "messages", "value": value}]}]}


_WRITERS: Final = {Kind.SMS: _as_gateway, Kind.WHATSAPP: _as_cloud}
