"""Before somebody complains of what others have complained of: near cases, and `me too` for one of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs
from uuid import UUID, uuid4

from fastapi import Response
from pydantic import ValidationError

from services.reporting.api.near import NearBody
from services.reporting.domain.near import OPEN, Near
from services.reporting.domain.terms import STATUSES, named
from services.reporting.pages.saying import Speaker
from services.reporting.pages.site import Site, Visit
from shared.ids import parse_ticket

PAGE: Final = "/aduan/mirip"
_NAMES: Final = {
    "kategori": "category",
    "isi": "text",
    "lintang": "latitude",
    "bujur": "longitude",
    "wilayah": "region",
}
"""What the form may call them, and the API does."""
_MOST_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True)
class NearLine:
    """A case that may be the same matter."""

    ticket: str
    title: str
    status: str
    received: str
    reasons: tuple[str, ...]
    reporters: int
    is_open: bool
    key: UUID
    """Of a press of the button."""


async def near(site: Site, visit: Visit) -> Response:
    """From an address, or from the form's own button, by which no word stands in an address."""
    sent = visit.sent if visit.request.method != "POST" else await _sent(visit)
    wanted = _read(sent)
    if wanted is None:
        found, status = [], HTTPStatus.UNPROCESSABLE_ENTITY
    else:
        found, status = await site.finding.near(wanted.category, wanted.place, wanted.text), HTTPStatus.OK
    lines = [_line(one, visit.say) for one in found]
    answer = site.show(visit, "near.html", status, lines=lines, understood=wanted is not None)
    answer.headers["Cache-Control"] = "no-store"
    return answer


async def me_too(site: Site, visit: Visit, ticket: str) -> Response:
    """Asks once more, with a key of its own: the case's page is kept by caches, and its readers are many."""
    try:
        canonical = parse_ticket(ticket)
    except ValueError:
        return site.sorry(visit, HTTPStatus.NOT_FOUND)
    stored = await site.reading.public(canonical)
    if stored is None or stored.head is None or stored.head.snapshot.status not in OPEN:
        return site.sorry(visit, HTTPStatus.NOT_FOUND)
    case, failed = stored.head.snapshot, "gagal" in visit.sent
    title = f"{visit.say.category(case.category)}, {visit.say.place(case.region)}"
    key = _key(visit.sent.get("key", ""))
    answer = site.show(visit, "me_too.html", ticket=canonical, heading=title, key=key, failed=failed)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _key(sent: str) -> UUID:
    """That of the press that failed: pressed again it is still one."""
    try:
        return UUID(sent)
    except ValueError:
        return uuid4()


async def _sent(visit: Visit) -> dict[str, str]:
    body = b""
    async for chunk in visit.request.stream():
        body += chunk
        if len(body) > _MOST_BYTES:
            return {}
    return {name: values[0] for name, values in parse_qs(body.decode(errors="replace")).items()}


def _read(sent: Mapping[str, str]) -> NearBody | None:
    """Other fields of a form are passed over."""
    known = {_NAMES.get(name, name): value.strip() for name, value in sent.items()}
    wanted = {name: known[name] for name in NearBody.model_fields if known.get(name)}
    try:
        return NearBody.model_validate(wanted)
    except ValidationError:
        return None


def _line(near: Near, say: Speaker) -> NearLine:
    case = near.head.snapshot
    return NearLine(
        ticket=near.ticket,
        title=f"{say.category(case.category)}, {say.place(case.region)}",
        status=named(STATUSES, case.status, say.language),
        received=say.when(case.received_at),
        reasons=tuple(_reasons(near, say)),
        reporters=near.reporters,
        is_open=near.is_open,
        key=uuid4(),
    )


def _reasons(near: Near, say: Speaker) -> list[str]:
    words = say.words["near_reasons"]
    told = [] if near.kilometres is None else [words["place"].format(near.kilometres)]
    told.append(words["today"] if not near.days else words["days"].format(near.days))
    if near.similarity is not None:
        told.append(words["words"].format(round(near.similarity * 100)))
    return told
