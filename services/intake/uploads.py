"""Residents' photos: before the complaint that names them (`POST /v1/complaints/photos`), and when it does."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Annotated, Final
from uuid import UUID

import structlog
from fastapi import APIRouter, Request, Response
from pydantic import AfterValidator, BaseModel, Field
from starlette.datastructures import UploadFile

from services.intake.follow_ups import KeyHeader
from services.intake.gate import Gate, Visitor, Wish
from services.intake.photos import POSTED, Photos, sent_photo
from services.intake.settings import Settings
from shared.bodies import describe_refusals
from shared.delays import growing_delays
from shared.desk_session import comes_from_elsewhere
from shared.events.directory import Region
from shared.events.event import Slug
from shared.problems import Problem, field_problem

log = structlog.get_logger(__name__)

MOST_PHOTOS: Final = 5
"""Of one complaint."""
_REFUSED: Final = describe_refusals(400, 403, 413, 415, 422, 429, 503)
_LENGTHS: Final = (13, 8, 5)
"""Of the codes of a village, a district and a regency."""


def check_each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    """Raises ValueError."""
    if len(set(names)) < len(names):
        msg = "names a photo twice"
        raise ValueError(msg)
    return names


PhotoNames = Annotated[tuple[Slug, ...], Field(max_length=MOST_PHOTOS), AfterValidator(check_each_once)]


class Position(BaseModel):
    """Where the camera wrote that it was. Nobody else is told, and the photo that is kept says it no more."""

    latitude: float
    longitude: float
    region: str
    place: str
    """Its names, from the village to the regency."""


class UploadBody(BaseModel):
    """The photo waits for a complaint that names it. The address shows it small, for a while."""

    name: str
    width: int
    height: int
    thumbnail_address: str
    position: Position | None
    """None where the photo doesn't tell, or tells of a place outside the province."""


class Uploads:
    """Takes photos of anybody's, gives them to the complaints that name them, and deletes the others."""

    def __init__(
        self,
        settings: Settings,
        photos: Photos,
        region_at: Callable[[float, float], str | None],
        regions: Mapping[str, Region],
    ) -> None:
        self.most_bytes = settings.max_photo_size
        self._settings = settings
        self.photos = photos
        self._region_at = region_at
        self._regions = regions

    async def keep(self, sent: UploadFile, key: UUID | None) -> UploadBody:
        """Raises a 415, 422 or 503 Problem."""
        from services.intake.album import Owner  # noqa: PLC0415 - it says why

        kept = await self.photos.album.keep(sent, Owner("resident", key, is_resident=True))
        return UploadBody(
            name=kept.name,
            width=kept.width,
            height=kept.height,
            thumbnail_address=self.thumbnail_address(kept.name),
            position=self._place_of(kept.position),
        )

    def thumbnail_address(self, name: str) -> str:
        return self.photos.unclaimed_address(name)

    async def claim(self, names: Sequence[str], ticket: str) -> tuple[str, ...]:
        """The names that these unclaimed photos have as the ticket's. Raises a 422 or 503 Problem."""
        claimed = [await self.photos.album.claim(name, ticket) for name in names]
        missing = [(f"photos.{place}", "is not there (any more)") for place, one in enumerate(claimed) if one is None]
        if missing:
            raise field_problem(*missing)
        return tuple(name for name in claimed if name is not None)

    async def let_go(self, names: Sequence[str], ticket: str) -> None:
        """Delete them from where they lay unclaimed, once the complaint is published; where that fails, they expire."""
        with suppress(Problem):
            await self.photos.album.let_go(names, ticket)

    async def run(self) -> None:
        """Delete what nobody claims, for ever. Every replica does."""
        every_s = self._settings.unclaimed_looked_at_every.total_seconds()
        for delay_s in growing_delays(every_s, every_s):
            await asyncio.sleep(delay_s)
            await self.expire()

    async def expire(self) -> None:
        """While the store fails nothing expires."""
        with suppress(Problem):
            if deleted := await self.photos.album.expire(self._settings.unclaimed_lasts):
                log.info("unclaimed_photos_expired", files=deleted)

    def _place_of(self, position: tuple[float, float] | None) -> Position | None:
        """What of it can be offered as the place of a complaint."""
        region = self._region_at(*position) if position else None
        if position is None or region is None:
            return None
        names = names_of(region, self._regions)
        return Position(latitude=position[0], longitude=position[1], region=region, place=names)


def names_of(code: str | None, regions: Mapping[str, Region]) -> str:
    """From the region up to the regency."""
    known = [regions.get(code[:length]) for length in _LENGTHS if code and len(code) >= length]
    return ", ".join(one.name for one in known if one)


async def take_upload(uploads: Uploads, gate: Gate, request: Request, visitor: Visitor, key: UUID | None) -> Response:
    """Raises a 400, 403, 413, 415, 422, 429 or 503 Problem."""
    if comes_from_elsewhere(request):
        raise Problem(403, "This form is of another site")
    gate.let_in(Wish.PHOTO, visitor)
    async with sent_photo(request) as sent:
        kept = await uploads.keep(sent, key)
    return Response(kept.model_dump_json(), 201, {"Cache-Control": "no-store"}, media_type="application/json")


def create_upload_router(uploads: Uploads, gate: Gate) -> APIRouter:
    router = APIRouter(prefix="/v1/complaints/photos", tags=["complaints"], responses=_REFUSED)

    async def upload_photo(request: Request, idempotency_key: KeyHeader = None) -> Response:
        """Keep a photo, a JPEG, PNG or WebP, until a complaint names it in `photos`.

        It is drawn anew, at most 2048 pixels long and without any of its metadata. One that no complaint names is
        deleted after a day. Nobody can list them or see one of somebody else's.
        """
        return await take_upload(uploads, gate, request, Visitor(gate.peer_of(request)), idempotency_key)

    router.add_api_route(
        "",
        upload_photo,
        methods=["POST"],
        status_code=201,
        response_model=UploadBody,
        openapi_extra=POSTED,
        max_body_size=uploads.most_bytes,
    )
    return router
