"""Puts the made-up complaints of 2021 into a running NTB Care, as their senders and agencies would: over HTTP."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx2

from deploy.demo.complaints import FOLLOWED_UP, RECEIVED, DemoComplaint
from deploy.tasks import each
from shared.ids import named_id

AT_ONCE: Final = 16
PERIOD: Final = {"from": "2021-01-01", "to": "2021-10-31"}

_PATIENCE_S: Final = 60.0
_PAUSE_S: Final = 0.5
_UNAUTHORIZED, _NOT_FOUND, _CONFLICT, _STALE = 401, 404, 409, 412
_NOBODYS: Final = "/v1/desk/cases/NTB-336T-6BAV-RYHW-HK"
"""The ticket is a real one: the desk looks at the token only after the ticket's check digits."""
_PASSING: Final = frozenset({502, 503, 504})
_THIRD: Final = 3
_HAND_OVERS: Final = 3
"""Agencies of 2021 that ended since hand their cases on as soon as routing looks."""

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
Headers = Mapping[str, str]


class DemoNotLoaded(Exception):
    """The running NTB Care refused, or did not get there in time; the text says what."""


@dataclass(frozen=True)
class Tokens:
    """Of an operator, who enters complaints of the past, and of those at the desk."""

    operator: str
    coordinator: str
    """Sees every case."""
    officer_of: Callable[[str], str]
    """By agency: acts on its cases."""


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

    async def check_desk(self) -> None:
        """Raises DemoNotLoaded where the desk does not take the token."""
        answer = await self._client.get(_NOBODYS, headers=_bearer(self._tokens.coordinator))
        if answer.status_code != _NOT_FOUND:
            raise DemoNotLoaded(
                f"The desk did not let the demo in, with status {answer.status_code}: {answer.text[:300]} It takes the "
                "same ROUTING_OIDC__DEVELOPMENT_SECRET as the desk has."
            )

    async def submit(self, complaints: Sequence[DemoComplaint], advance: Advance) -> list[Submitted]:
        """Raises DemoNotLoaded."""

        async def one(complaint: DemoComplaint) -> Submitted:
            headers = _bearer(self._tokens.operator) | {"Idempotency-Key": str(complaint.key)}
            answer = await self._ask("POST", "/v1/complaints", headers, complaint.body)
            advance()
            return Submitted(complaint, _accepted(answer, "a complaint")["ticket"])

        return await each(complaints, one, at_once=AT_ONCE)

    async def follow_up(self, submitted: Sequence[Submitted], advance: Advance) -> int:
        """Act on those that were followed up. Returns on how many that was not possible: others changed them."""

        async def one(case: Submitted) -> bool:
            followed_up = await self._follow_up(case)
            advance()
            return followed_up

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

    async def _follow_up(self, case: Submitted) -> bool:
        """False where others were first."""
        for tried in range(_HAND_OVERS):
            done = await self._followed_up(case, may_move=tried < _HAND_OVERS - 1)
            if done is not None:
                return done
        return False

    async def _followed_up(self, case: Submitted, *, may_move: bool) -> bool | None:
        """What the agency that has the case does with it; None: it went to that agency's successor meanwhile."""
        seen = await self._ask("GET", f"/v1/desk/cases/{case.ticket}?wait=30", _bearer(self._tokens.coordinator))
        stored = _accepted(seen, f"to read {case.ticket}")
        agency = stored["case"]["agency"]
        if agency is None:
            return False
        officer, done = _bearer(self._tokens.officer_of(agency)), True
        for action in actions_of(case.complaint):
            answer = await self._act(case, action, officer | {"If-Match": str(stored["revision"])})
            if answer.status_code == _NOT_FOUND and may_move:
                return None
            if answer.status_code in {_CONFLICT, _STALE}:
                done = False
            else:
                stored = _accepted(answer, f"to {action} {case.ticket}")
        return done

    async def _act(self, case: Submitted, action: str, headers: Headers) -> httpx2.Response:
        key = named_id("demo", case.complaint.key, action)
        words = WORDS[action][key.int % len(WORDS[action])]
        path = f"/v1/desk/cases/{case.ticket}/{action}"
        return await self._ask("POST", path, {**headers, "Idempotency-Key": str(key)}, {"text": words})

    async def _ask(
        self, method: str, path: str, headers: Headers, body: Mapping[str, Any] | None = None
    ) -> httpx2.Response:
        """The same once more while the token is too new or Kafka does not answer."""
        deadline = time.monotonic() + _PATIENCE_S / 2
        while True:
            answer = await self._client.request(method, path, json=body, headers=headers)
            if answer.status_code not in {_UNAUTHORIZED, *_PASSING} or time.monotonic() > deadline:
                return answer
            await asyncio.sleep(_PAUSE_S)


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def actions_of(complaint: DemoComplaint) -> tuple[str, ...]:
    """What the agency does: something with each, and all the way to the end with a third."""
    if not complaint.followed_up:
        return ()
    return ("accept", "progress", "resolve") if complaint.key.int % _THIRD == 0 else ("progress",)


def _accepted(answer: httpx2.Response, what: str) -> dict[str, Any]:
    if not answer.is_success:
        raise DemoNotLoaded(f"NTB Care refused {what} with status {answer.status_code}: {answer.text[:300]}")
    return answer.json()
