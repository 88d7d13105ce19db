"""What each public page answers: read, show."""

from http import HTTPStatus

from fastapi import Response
from fastapi.responses import PlainTextResponse, RedirectResponse, StreamingResponse

from services.reporting.domain.scorecards import Period as Months
from services.reporting.domain.scorecards import month_before
from services.reporting.pages import agencies as agencies_page
from services.reporting.pages import brief as brief_page
from services.reporting.pages import mapping, scorecard
from services.reporting.pages import today as today_page
from services.reporting.pages.case import show_case
from services.reporting.pages.listing import (
    ITEMS,
    PAGE,
    choices_of,
    figure_in_words,
    lines_of,
    narrowed_by,
    next_page,
    read_wanted,
    to_search,
)
from services.reporting.pages.live import TooManyListeners
from services.reporting.pages.periods import TWELVE_MONTHS, Period
from services.reporting.pages.scorecard import ScorecardPage, show_card
from services.reporting.pages.site import CACHE, Site, Visit
from services.reporting.pages.sitting import MOST_CASES, show_sitting
from services.reporting.printing import PrinterBusy
from services.reporting.scoring import Cut
from shared.events.directory import Agency
from shared.ids import parse_ticket
from shared.problems import Problem


async def today(site: Site, visit: Visit) -> Response:
    period = Period.of(visit.sent.get("waktu", ""), visit.say.today)
    picture = await today_page.look(site.store.figures, period)
    return site.show(visit, "today.html", page=today_page.show_today(picture, visit.say))


async def live(site: Site, _: Visit) -> Response:
    """The numbers of today's picture when they change, as server-sent events."""
    try:
        told = site.live.listen()
    except TooManyListeners:
        raise Problem(503, "Too many listen", headers={"Retry-After": "60"}) from None
    # A gateway that gathers answers before it passes them on would pass on nothing.
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(told, media_type="text/event-stream", headers=headers)


async def agencies(site: Site, visit: Visit) -> Response:
    seen = await agencies_page.look(site.scoring, site.store.figures, visit.sent, visit.say.today)
    return site.show(visit, "agencies.html", page=agencies_page.show_agencies(seen, visit.say))


async def card(site: Site, visit: Visit, agency: str) -> Response:
    return site.show(visit, "card.html", page=await _card(site, visit, agency))


async def printed_card(site: Site, visit: Visit, agency: str) -> Response:
    page = await _card(site, visit, agency)
    try:
        content = await site.printer.print(scorecard.sheet_of(page, visit.say))
    except PrinterBusy:
        raise Problem(503, "Many are being printed") from None
    name = f'inline; filename="rapor-{page.agency}-{page.month}.pdf"'
    headers = {"Content-Disposition": name, "Cache-Control": CACHE, "Vary": "Cookie, Accept-Language"}
    return Response(content, media_type="application/pdf", headers=headers)


async def regions(site: Site, visit: Visit, region: str | None = None) -> Response:
    known = site.names.regions.get(region or "")
    if region is not None and (known is None or known.level != "regency"):
        return site.sorry(visit, HTTPStatus.NOT_FOUND)
    # Hexagons are kept of whole months.
    period = Period.of(visit.sent.get("waktu", ""), visit.say.today, usual=TWELVE_MONTHS)
    figures, chosen = mapping.figures_for(region), visit.sent.get("angka", "")
    seen = await mapping.see(site.store.figures, region, period, chosen if chosen in figures else figures[0])
    return site.show(visit, "map.html", page=mapping.show_map(seen, visit.say))


async def cases(site: Site, visit: Visit) -> Response:
    asked = read_wanted(visit.sent, site.names)
    if asked.wanted.ticket:
        return RedirectResponse(f"{PAGE}/{asked.wanted.ticket}", HTTPStatus.SEE_OTHER)
    try:
        search = None if asked.faults else await site.drilling.narrow(to_search(asked.wanted, site.names))
    except Problem:
        asked, search = asked.with_fault("angka"), None
    found = await site.store.cases.search(search) if search else []
    figure = asked.wanted.figure if "angka" not in asked.faults else None
    choices = choices_of(asked, visit.say)
    return site.show(
        visit,
        "cases.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if asked.faults else HTTPStatus.OK,
        asked=asked,
        figure=figure_in_words(figure, site.scoring.definitions(), visit.say) if figure else None,
        lines=lines_of(found[:ITEMS], visit.say),
        following=next_page(asked, found),
        choices=choices,
        narrowed=narrowed_by(asked, choices, visit.say),
    )


async def case(site: Site, visit: Visit, ticket: str) -> Response:
    try:
        canonical = parse_ticket(ticket)
    except ValueError:
        return site.sorry(visit, HTTPStatus.NOT_FOUND)
    stored = await site.reading.public(canonical)
    page = show_case(stored, visit.say) if stored else None
    thanked = "terima-kasih" in visit.sent
    if page is None:
        return site.sorry(visit, HTTPStatus.NOT_FOUND)
    return site.show(visit, "case.html", page=page, photos=site.reading.photos(page.photos), say_thanks=thanked)


async def sitting(site: Site, visit: Visit) -> Response:
    bodies = await site.scoring.sitting(visit.say.today)
    overdue = await site.store.cases.overdue(MOST_CASES)
    return site.show(visit, "sitting.html", page=show_sitting(bodies, overdue, visit.say))


async def brief(site: Site, visit: Visit) -> Response:
    seen = await brief_page.look(site.store, visit.say.today, visit.say.next_working_day())
    return site.show(visit, "brief.html", page=brief_page.show_brief(seen, visit.say))


async def message(site: Site, visit: Visit) -> Response:
    seen = await brief_page.look(site.store, visit.say.today, visit.say.next_working_day())
    base = str(visit.request.base_url).rstrip("/")
    text = brief_page.as_message(brief_page.show_brief(seen, visit.say), visit.say, base)
    return PlainTextResponse(text, headers={"Cache-Control": CACHE, "Vary": "Cookie, Accept-Language"})


async def _card(site: Site, visit: Visit, agency: str) -> ScorecardPage:
    """Raises a 404 or a 422 Problem."""
    months = _month(visit)
    found = await site.scoring.card(_known(site, agency), Cut(months, line=visit.sent.get("garis") == "1"))
    return show_card(found, site.scoring.definitions(), visit.say)


def _known(site: Site, agency: str) -> Agency:
    known = site.names.agencies.get(agency)
    if known is None:
        raise Problem(404, "No such agency")
    return known


def _month(visit: Visit) -> Months:
    try:
        months = Months.parse(visit.sent.get("month") or month_before(visit.say.today))
    except ValueError:
        raise Problem(422, "No such month") from None
    if months.months != 1:
        raise Problem(422, "No such month")
    return months
