"""HTTP out: what happened lately, as a feed."""

import hashlib
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from services.notification.domain.following import Target, TargetKind, target_of
from services.notification.feed import MEDIA_TYPE, to_atom, updated_at
from services.notification.following import Following
from services.notification.pages.saying import Teller
from shared.events.event import Language
from shared.pages.rendering import Pages
from shared.problems import field_problem

_KEPT_S: Final = 300
Followed = Annotated[str | None, Query(min_length=1, max_length=60)]


def add_feed(router: APIRouter, following: Following, pages: Pages) -> None:
    @router.get("/feed.atom", response_class=Response, responses={200: {"content": {MEDIA_TYPE: {}}}})
    async def feed(  # noqa: PLR0913, PLR0917 - FastAPI's way of asking
        request: Request,
        case: Followed = None,
        region: Followed = None,
        category: Followed = None,
        agency: Followed = None,
        lang: Language | None = None,
    ) -> Response:
        """The newest fifty things that happened to what is asked for: exactly one of the four.

        Facts alone, and nothing of confidential cases.
        """
        wanted = {"case": case, "region": region, "category": category, "agency": agency}
        target = _target(following, {kind: value for kind, value in wanted.items() if value is not None})
        return await _answer(following, pages, request, (target, lang or _preferred(request)))


async def _answer(following: Following, pages: Pages, request: Request, asked: tuple[Target, Language]) -> Response:
    target, language = asked
    events = await following.newest(target)
    query = urlencode({target.kind.value: target.id, "lang": language.value})
    self_url = f"{following.links.public_url.rstrip('/')}{request.url.path}?{query}"
    teller = Teller(pages.words(language), language, following.directory)
    content = to_atom(target, events, teller, self_url=self_url, case_url=following.case_url)
    changed_at = updated_at(events)
    headers = {
        "ETag": f'"{hashlib.sha256(content).hexdigest()[:32]}"',
        "Last-Modified": format_datetime(changed_at, usegmt=True),
        "Cache-Control": f"public, max-age={_KEPT_S}",
        "Vary": "Accept-Language",
        "X-Content-Type-Options": "nosniff",
    }
    if _is_known(request, headers["ETag"], changed_at):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=f"{MEDIA_TYPE}; charset=utf-8", headers=headers)


def _target(following: Following, wanted: dict[str, str]) -> Target:
    """Raises a 422 Problem."""
    if len(wanted) != 1:
        raise field_problem(("query", "give one of case, region, category and agency"))
    ((kind, entered),) = wanted.items()
    try:
        return target_of(TargetKind(kind), entered, following.directory)
    except ValueError as error:
        raise field_problem((kind, str(error))) from None


def _preferred(request: Request) -> Language:
    english = request.headers.get("accept-language", "").strip()[:2].lower() == Language.ENGLISH
    return Language.ENGLISH if english else Language.INDONESIAN


def _is_known(request: Request, tag: str, changed_at: datetime) -> bool:
    """Whether the reader has just this; where tags are sent, dates don't count (RFC 9110)."""
    tags = request.headers.get("if-none-match")
    if tags is not None:
        return "*" in tags or tag in [one.strip().removeprefix("W/") for one in tags.split(",")]
    try:
        seen_at = parsedate_to_datetime(request.headers.get("if-modified-since", ""))
    except (ValueError, OverflowError):
        return False
    return changed_at <= (seen_at if seen_at.tzinfo else seen_at.replace(tzinfo=UTC))
