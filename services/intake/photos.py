"""Photos in and out: `POST /v1/photos` for the desk, and the signed addresses where they are shown."""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import urlencode
from uuid import UUID

import structlog
from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from services.intake.follow_ups import KeyHeader
from services.intake.settings import Settings
from shared.bodies import describe_refusals
from shared.desk_session import comes_from_elsewhere, is_form_of, local_path, token_in
from shared.events.event import Slug
from shared.oidc import SignIn
from shared.photos import PATH, UNCLAIMED, is_signed, sign_photo
from shared.problems import Problem, field_problem

if TYPE_CHECKING:
    from services.intake.album import Album

log = structlog.get_logger(__name__)

_MAY_POST: Final = ("officer", "agency_head", "coordinator")
_MAY_REDACT: Final = ("coordinator",)
_FIELD: Final = "photo"
_OTHER_FIELDS: Final = 5
_FIELD_BYTES: Final = 1024
_SHOWN: Final = {
    "Content-Disposition": "inline",
    "Content-Security-Policy": "default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
_JPEG: Final[dict[int | str, Any]] = {200: {"content": {"image/jpeg": {}}}}
_FORM: Final = {
    "type": "object",
    "required": [_FIELD],
    "properties": {_FIELD: {"type": "string", "contentMediaType": "application/octet-stream"}},
}
POSTED: Final[dict[str, Any]] = {
    "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _FORM}}}
}


class PhotoBody(BaseModel):
    """The photo is safe. Both addresses show it for a while, to whoever has them."""

    name: str
    width: int
    height: int
    address: str
    thumbnail_address: str


@dataclass(frozen=True)
class Asked:
    """What a request for a photo says beside its name."""

    expires: str = ""
    signature: str = ""
    if_none_match: Annotated[str | None, Header()] = None


@dataclass(frozen=True)
class Posted:
    """What comes with a photo of the desk."""

    authorization: str | None
    key: UUID | None
    original: str | None
    """Of which photo it is a redacted copy."""


class Photos:
    """What the endpoints work with. Until the first photo it takes no memory to speak of."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._key = settings.photo_key()

    @cached_property
    def album(self) -> "Album":
        from services.intake.album import Album  # noqa: PLC0415 - it says why

        return Album(self._settings)

    async def keep(self, request: Request, owner: str, posted: Posted, page: str | None = None) -> PhotoBody:
        """Keep the form's photo; `page`: the session whose page's form it must be.

        Raises a 400, 403, 413, 415, 422 or 503 Problem.
        """
        from services.intake.album import Owner  # noqa: PLC0415 - as above

        async with sent_photo(request, page) as sent:
            kept = await self.album.keep(sent, Owner(owner, posted.key, original=posted.original))
        return PhotoBody(
            name=kept.name,
            width=kept.width,
            height=kept.height,
            address=sign_photo(self._key, kept.name, self._until()),
            thumbnail_address=self.thumbnail_address(kept.name),
        )

    def thumbnail_address(self, name: str) -> str:
        return sign_photo(self._key, name, self._until(), thumbnail=True)

    def unclaimed_address(self, name: str) -> str:
        """Of what lies unclaimed under the name, small: whoever makes a name up sees no photo of a case by it."""
        return sign_photo(self._key, f"{UNCLAIMED}/{name}", self._until(), thumbnail=True)

    def _until(self) -> datetime:
        return datetime.now(UTC) + self._settings.photo_address_lasts

    async def show(self, name: str, asked: Asked, *, thumbnail: bool, unclaimed: bool = False) -> Response:
        """Raises a 403, 404, 410 or 503 Problem."""
        signed = f"{UNCLAIMED}/{name}" if unclaimed else name
        if not is_signed(self._key, signed, asked.expires, asked.signature, thumbnail=thumbnail):
            raise Problem(403, "This address was not given out", "Open the photo from the page that shows it.")
        left_s = int(asked.expires) - int(time.time())
        if left_s <= 0:
            raise Problem(410, "This address is no longer good", "Load the page that shows the photo again.")
        photo = await self.album.find(name, thumbnail=thumbnail, unclaimed=unclaimed)
        if photo is None:
            raise Problem(404, "No such photo")
        # What is under a name never changes.
        tag = f'"{name}"'
        headers = _SHOWN | {"ETag": tag, "Cache-Control": f"private, max-age={left_s}"}
        if asked.if_none_match == tag:
            return Response(status_code=304, headers=headers)
        return Response(photo, media_type="image/jpeg", headers=headers)


@asynccontextmanager
async def sent_photo(request: Request, page: str | None = None) -> AsyncGenerator[UploadFile]:
    """The form's photo. Raises a 400, 403, 413, 415, 422 or 503 Problem."""
    form = await _read_form(request)
    try:
        if page is not None and not is_form_of(page, str(form.get("csrf", ""))):
            raise Problem(403, "This form is out of date", "Load the page again.")
        sent = form.get(_FIELD)
        if not isinstance(sent, UploadFile):
            raise field_problem((_FIELD, "must be a file"))
        yield sent
    finally:
        await form.close()


async def _read_form(request: Request) -> FormData:
    """What is larger than 1 MB waits on the disk. Raises a 400, 413, 415 or 503 Problem."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "multipart/form-data":
        detail = f"Send multipart/form-data with the file in the field {_FIELD}."
        raise Problem(415, "The photo must come in a form", detail)
    try:
        return await request.form(max_files=1, max_fields=_OTHER_FIELDS, max_part_size=_FIELD_BYTES)
    except HTTPException as error:
        if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            raise
        raise Problem(400, "The form cannot be read", error.detail) from None
    except ClientDisconnect:
        raise Problem(400, "The request broke off") from None
    except OSError as error:
        log.warning("upload_not_stored", error=type(error).__name__, reason=error.strerror)
        raise Problem(503, "The photo can't be taken now", headers={"Retry-After": "10"}) from None


def _go_on(back: str, **said: str) -> Response:
    place = local_path(back)
    return RedirectResponse(f"{place}{'&' if '?' in place else '?'}{urlencode(said)}", 303)


def _keeper(photos: Photos, sign_in: SignIn) -> Callable[[Request, Posted], Awaitable[PhotoBody]]:
    """For programs with a token, and for forms of the desk's pages with its session."""

    async def keep(request: Request, posted: Posted) -> PhotoBody:
        page = None if posted.authorization else token_in(request.cookies)
        officer = await (sign_in.check(posted.authorization) if page is None else sign_in.read(page))
        may = _MAY_POST if posted.original is None else _MAY_REDACT
        if set(may).isdisjoint(officer.roles):
            raise Problem(403, "You may not post photos", f"It takes one of: {', '.join(may)}.")
        if page is not None and comes_from_elsewhere(request):
            raise Problem(403, "This form is of another page")
        return await photos.keep(request, f"desk:{officer.subject}", posted, page)

    return keep


def create_photo_router(settings: Settings, photos: Photos, sign_in: SignIn) -> APIRouter:
    refusals = describe_refusals(400, 401, 403, 404, 410, 413, 415, 422, 503)
    router = APIRouter(prefix=PATH, tags=["photos"], responses=refusals)
    _add_showing(router, photos)
    keep = _keeper(photos, sign_in)

    async def post_photo(
        request: Request,
        authorization: Annotated[str | None, Header()] = None,
        idempotency_key: KeyHeader = None,
        back: Annotated[
            str | None, Query(description="Of the desk's pages: where to go on, with the photo's name")
        ] = None,
        of: Annotated[
            Slug | None, Query(description="Of coordinators: the photo whose redacted copy this is, to be published")
        ] = None,
    ) -> Response:
        """Keep a photo for the desk: a JPEG, PNG or WebP.

        It is drawn anew, at most 2048 pixels long and without any of its metadata.
        """
        try:
            kept = await keep(request, Posted(authorization, idempotency_key, of))
        except Problem as problem:
            if back is None:
                raise
            return _go_on(back, photo_refused=str(problem.status))
        if back is not None:
            return _go_on(back, photo=kept.name)
        return Response(kept.model_dump_json(), 201, {"Cache-Control": "no-store"}, media_type="application/json")

    router.add_api_route(
        "",
        post_photo,
        methods=["POST"],
        status_code=201,
        response_model=PhotoBody,
        openapi_extra=POSTED,
        # The body is read in `post_photo`: who is not signed in sends none of it.
        max_body_size=settings.max_photo_size,
    )
    return router


def _add_showing(router: APIRouter, photos: Photos) -> None:
    @router.get("/{name}", response_class=Response, responses=_JPEG)
    async def get_photo(name: str, asked: Annotated[Asked, Depends()]) -> Response:
        """Show a photo at an address that was given out."""
        return await photos.show(name, asked, thumbnail=False)

    @router.get(f"/{UNCLAIMED}/{{name}}/thumbnail", response_class=Response, responses=_JPEG)
    async def get_unclaimed(name: str, asked: Annotated[Asked, Depends()]) -> Response:
        """Show one small that waits for its complaint, to whoever uploaded it."""
        return await photos.show(name, asked, thumbnail=True, unclaimed=True)

    @router.get("/{name}/thumbnail", response_class=Response, responses=_JPEG)
    async def get_thumbnail(name: str, asked: Annotated[Asked, Depends()]) -> Response:
        """Show it small."""
        return await photos.show(name, asked, thumbnail=True)
