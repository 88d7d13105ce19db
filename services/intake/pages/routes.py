"""The residents' form at `/lapor`: one page that is posted to itself until it is sent. It works without scripts."""

import gzip
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated, Final
from urllib.parse import parse_qs

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from services.intake.pages.answering import HOME, Counter, Visit
from services.intake.pages.filled import a_new_form, read_form
from services.intake.pages.showing import regions_in
from services.intake.uploads import MOST_PHOTOS
from shared.desk_session import comes_from_elsewhere
from shared.pages.rendering import language_of, remember_language
from shared.problems import Problem

_MOST_FIELDS: Final = 80
_FIELD_BYTES: Final = 64 * 1024
Regency = Annotated[str, Path(pattern=r"^52\.\d\d$")]


def create_form_router(counter: Counter) -> APIRouter:
    router = APIRouter(prefix=HOME, include_in_schema=False)
    most_bytes = most_bytes_of(counter)

    async def show_form(request: Request) -> Response:
        if "hx-request" in request.headers:
            # A page of another service swaps in only what it has scripts and a policy for.
            return Response(headers={"HX-Redirect": HOME})
        return _packed(request, counter.show(_visit(counter, request), a_new_form()))

    async def post_form(request: Request) -> Response:
        visit = _visit(counter, request)
        try:
            look_at(request, most_bytes)
            async with sent_form(request) as form:
                return await answer_form(counter, visit, form)
        except Problem as problem:
            return sorry(counter, visit, problem)

    router.add_api_route("", show_form, methods=["GET", "HEAD"])
    # One that says how large it is and is too large is told so on a page.
    router.add_api_route("", post_form, methods=["POST"], max_body_size=2 * most_bytes)
    _add_beside(router, counter)
    return router


def most_bytes_of(counter: Counter) -> int:
    """Of a form with all its photos."""
    return MOST_PHOTOS * counter.uploads.most_bytes + _MOST_FIELDS * 1024


def look_at(request: Request, most_bytes: int) -> None:
    """Before it is read. Raises a 403 or 413 Problem."""
    if comes_from_elsewhere(request):
        raise Problem(403, "This form is of another site")
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > most_bytes:
        raise Problem(413, "The form is too large")


async def answer_form(counter: Counter, visit: Visit, form: FormData) -> Response:
    filled, files = read_form(form)
    go = str(form.get("go", ""))
    filled, told = await counter.take(visit, filled, files)
    if files and (told.faults or go in {"", "photo"}):
        return counter.show(visit, filled, told, 422 if told.faults else 200)
    return await counter.answer(visit, filled, go)


def _add_beside(router: APIRouter, counter: Counter) -> None:
    """What the page loads later."""

    @router.post("/language")
    async def choose_language(request: Request) -> Response:
        form = parse_qs((await request.body()).decode(errors="replace"))
        response = RedirectResponse(HOME, 303)
        remember_language(response, form.get("to", [""])[0])
        return response

    @router.get("/regions/{regency}")
    async def list_regions(regency: Regency) -> Response:
        """Districts of a regency, each with its villages, as pairs of code and name."""
        names = counter.directory
        districts = [
            [one.id, one.name, [[village.id, village.name] for village in regions_in(names, one.id, "village")]]
            for one in regions_in(names, regency, "district")
        ]
        return JSONResponse(districts, headers={"Cache-Control": "public, max-age=86400"})

    @router.get("/worker.js")
    async def read_worker() -> Response:
        """Looked for anew at each visit, and allowed to keep the page itself."""
        headers = {"Cache-Control": "no-cache", "Service-Worker-Allowed": HOME, "X-Content-Type-Options": "nosniff"}
        return Response(counter.pages.asset("worker.js"), media_type="text/javascript", headers=headers)


@asynccontextmanager
async def sent_form(request: Request) -> AsyncGenerator[FormData]:
    """Raises a 400, 413 or 503 Problem."""
    try:
        form = await request.form(max_files=MOST_PHOTOS, max_fields=_MOST_FIELDS, max_part_size=_FIELD_BYTES)
    except HTTPException as error:
        raise Problem(error.status_code, error.detail) from None
    except ClientDisconnect:
        raise Problem(400, "The request broke off") from None
    except OSError:
        raise Problem(503, "The form can't be taken now", headers={"Retry-After": "10"}) from None
    try:
        yield form
    finally:
        await form.close()


def _visit(counter: Counter, request: Request) -> Visit:
    language = language_of(request)
    return Visit(request, language, counter.pages.words(language))


def sorry(counter: Counter, visit: Visit, problem: Problem) -> Response:
    """A page that says why the form could not even be read."""
    known = visit.words["unread"]
    text = known.get(str(problem.status), known["other"])
    # 413 is answered in plain text by whatever limits bodies, before this page is seen.
    status = 422 if problem.status == 413 else problem.status  # noqa: PLR2004 - it says which
    page = counter.page("told.html", visit, status, text=text)
    page.headers.update(problem.headers)
    return page


def _packed(request: Request, page: Response) -> Response:
    """Compressed, where nothing that somebody sent is in it."""
    if "gzip" in request.headers.get("accept-encoding", ""):
        page.body = gzip.compress(bytes(page.body), mtime=0)
        page.headers.update({"Content-Encoding": "gzip", "Content-Length": str(len(page.body))})
        page.headers["Vary"] = f"{page.headers['Vary']}, Accept-Encoding"
    return page
