"""Puts the made-up complaints of 2021 into a running NTB Care, as their senders and agencies would: over HTTP."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import httpx2

from deploy.demo.complaints import FOLLOWED_UP, RECEIVED, DemoComplaint
from deploy.tasks import each
from shared.ids import named_id

AT_ONCE: Final = 16
PERIOD: Final = {"from": "2021-01-01", "to": "2021-10-31"}

_PATIENCE_S: Final = 60.0
_PAUSE_S: Final = 0.5
_UNAUTHORIZED, _CONFLICT = 401, 409
_PASSING: Final = frozenset({502, 503, 504})
_THIRD: Final = 3

WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "accept": ("Aduan kami terima dan sedang dijadwalkan.", "Terima kasih, aduan ini menjadi tugas kami."),
    "progress": (
        "Petugas sudah meninjau lokasi dan mencatat keadaannya.",
        "Kami sudah berkoordinasi dengan pemerintah desa setempat.",
        "Pekerjaan dimulai minggu ini; kabar berikutnya menyusul.",
        "Berkas sudah diperiksa dan diteruskan ke bidang terkait.",
    ),
    "resolve": ("Pekerjaan selesai. Mohon diperiksa.", "Masalah sudah ditangani. Terima kasih atas laporannya."),
}
"""What the agencies write: made up, the same for the same complaint."""

Advance = Callable[[], None]


class DemoNotLoaded(Exception):
    """The running NTB Care refused, or did not get there in time; the text says what."""


@dataclass(frozen=True)
class Tokens:
    """Of an operator, who enters complaints of the past, and of a coordinator, who acts on every case."""

    operator: str
    coordinator: str


@dataclass(frozen=True)
class Submitted:
    """A complaint that is in."""

    complaint: DemoComplaint
    ticket: str


class DemoLoader:
    """Everything it does has a key that never changes, so doing it again changes nothing."""

    def __init__(self, client: httpx2.AsyncClient, tokens: Tokens) -> None:
        self._client = client
        self._tokens = tokens

    async def submit(self, complaints: Sequence[DemoComplaint], advance: Advance) -> list[Submitted]:
        """Raises DemoNotLoaded."""

        async def one(complaint: DemoComplaint) -> Submitted:
            answer = await self._post("/v1/complaints", self._tokens.operator, complaint.key, complaint.body)
            advance()
            return Submitted(complaint, _accepted(answer, "a complaint")["ticket"])

        return await each(complaints, one, at_once=AT_ONCE)

    async def follow_up(self, submitted: Sequence[Submitted], advance: Advance) -> int:
        """Act on those that were followed up. Returns on how many that was not possible: others changed them."""

        async def one(case: Submitted) -> bool:
            done = [await self._act(case, action) for action in actions_of(case.complaint)]
            advance()
            return all(done)

        return (await each(submitted, one, at_once=AT_ONCE)).count(False)

    async def figures(self, by: str | None = None) -> dict[str, Any]:
        """What reporting says of the period."""
        answer = await self._client.get("/v1/statistics", params=PERIOD | ({"by": by} if by else {}))
        return _accepted(answer, "the statistics")

    async def until_counted(self) -> dict[str, Any]:
        """The figures, as soon as reporting has them all. Raises DemoNotLoaded after a minute."""
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            figures = await self.figures()
            totals = figures["totals"]
            if totals["received"] >= RECEIVED and totals["followed_up"] >= FOLLOWED_UP:
                return figures
            if time.monotonic() > deadline:
                counted = f"{totals['received']} received and {totals['followed_up']} followed up"
                raise DemoNotLoaded(f"Reporting has counted only {counted} after a minute. See /-/reporting/readyz.")
            await asyncio.sleep(_PAUSE_S)

    async def _act(self, case: Submitted, action: str) -> bool:
        key = named_id("demo", case.complaint.key, action)
        words = WORDS[action][key.int % len(WORDS[action])]
        path = f"/v1/desk/cases/{case.ticket}/{action}?wait=30"
        answer = await self._post(path, self._tokens.coordinator, key, {"text": words})
        if answer.status_code == _CONFLICT:
            return False
        _accepted(answer, f"to {action} {case.ticket}")
        return True

    async def _post(self, path: str, token: str, key: UUID, body: Mapping[str, Any]) -> httpx2.Response:
        """Once more, with the same key, while the token is too new or Kafka does not answer."""
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(key)}
        deadline = time.monotonic() + _PATIENCE_S / 2
        while True:
            answer = await self._client.post(path, json=body, headers=headers)
            if answer.status_code not in {_UNAUTHORIZED, *_PASSING} or time.monotonic() > deadline:
                return answer
            await asyncio.sleep(_PAUSE_S)


def actions_of(complaint: DemoComplaint) -> tuple[str, ...]:
    """What the agency does: something with each, and all the way to the end with a third."""
    if not complaint.followed_up:
        return ()
    return ("accept", "progress", "resolve") if complaint.key.int % _THIRD == 0 else ("progress",)


def _accepted(answer: httpx2.Response, what: str) -> dict[str, Any]:
    if not answer.is_success:
        raise DemoNotLoaded(f"NTB Care refused {what} with status {answer.status_code}: {answer.text[:300]}")
    return answer.json()
