"""What the form answers: shown again with more in it, with what is wrong, to be checked, or as a receipt."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

from fastapi import Request, Response
from pydantic import ValidationError
from starlette.datastructures import UploadFile

from services.intake.api import ComplaintBody, Intake
from services.intake.domain.complaints import Complaint
from services.intake.domain.stamps import STAMP, Suspicion
from services.intake.follow_ups import ContactBody, FollowUps
from services.intake.gate import Visitor, Wish
from services.intake.pages.faults import Faults, tell_of_photo, tell_problem
from services.intake.pages.filled import GUARD, PROXY, SUBJECT, Filled
from services.intake.pages.showing import NOTHING, FormView, Told, suggested_for
from services.intake.suggestions import Suggestions
from services.intake.uploads import MOST_PHOTOS, Position, Uploads
from shared.directory import Directory
from shared.events.directory import Client
from shared.events.event import Language
from shared.pages.rendering import Pages
from shared.problems import Problem, field_problem, read_faults
from shared.wita import day_of

HOME: Final = "/lapor"
_SCRIPTS: Final = ("about.js", "draft.js", "form.js", "near.js", "photos.js", "receipt.js", "work.js", "worker.js")
ASSETS: Final = {"form.css": "text/css", **dict.fromkeys(_SCRIPTS, "text/javascript")}
_WANTS_ANOTHER: Final = {Suspicion.FORGED, Suspicion.TOO_OLD, Suspicion.TRAPPED}
"""A stamp, or an empty trap: sent again as it is, it would be refused again."""
ENTRANCE: Final = "form"
"""The channel of what came by this form."""


@dataclass(frozen=True)
class Visit:
    """One request of somebody's, in their language."""

    request: Request
    language: Language
    words: Mapping[str, Any]
    home: str = HOME
    """The page that the form is on."""
    operator: Client | None = None
    """Who keys in what came another way; None: somebody writes it themselves."""
    csrf: str = ""
    """Of an operator's session."""


@dataclass(frozen=True)
class Counter:
    """Where complaints are taken from the form."""

    pages: Pages
    directory: Directory
    intake: Intake
    uploads: Uploads
    suggest: Suggestions
    follow_ups: FollowUps

    async def answer(self, visit: Visit, filled: Filled, go: str) -> Response:
        """Do what the pressed button says."""
        act, _, what = go.partition(":")
        match act:
            case "check":
                return self._check(visit, filled)
            case "send":
                return await self._send(visit, filled)
            case "pick":
                filled = filled.with_values(category=what)
            case "drop":
                filled = filled.with_photos(name for name in filled.photos if name != what)
            case "here":
                latitude, _, longitude = what.partition(",")
                filled = filled.with_values(latitude=latitude, longitude=longitude)
            case "nowhere":
                filled = filled.with_values(latitude="", longitude="")
            case "myself":
                filled = filled.with_values(**dict.fromkeys((*PROXY, *SUBJECT), ""))
            case _:
                pass
        return self.show(visit, filled)

    async def take(self, visit: Visit, filled: Filled, sent: Sequence[UploadFile]) -> tuple[Filled, Told]:
        """Keep the photos that came along; what is wrong with them stands beside the others."""
        told, offered, names = "", None, list(filled.photos)
        for file in sent:
            try:
                if len(names) >= MOST_PHOTOS:
                    raise field_problem(("photos", "too many"))
                self.intake.gate.let_in(Wish.PHOTO, self._visitor(visit))
                kept = await self._keep(file)
            except Problem as problem:
                told = tell_of_photo(problem, visit.words)
                continue
            names.append(kept[0])
            offered = kept[1] or offered
        return filled.with_photos(names), Told(faults={"photos": told} if told else {}, offered=offered)

    async def _keep(self, file: UploadFile) -> tuple[str, Position | None]:
        if (file.size or 0) > self.uploads.most_bytes:
            raise Problem(413, "The photo is too large")
        kept = await self.uploads.keep(file, None)
        return kept.name, kept.position

    def show(self, visit: Visit, filled: Filled, told: Told = NOTHING, status: int = HTTPStatus.OK) -> Response:
        return self._form(visit, filled, told, status)

    def _form(self, visit: Visit, filled: Filled, told: Told, status: int) -> Response:
        """With what is suggested, which is remembered once somebody has seen it."""
        found = self.suggest(filled["text"]) if filled["text"] else ()
        if found or filled["suggested"]:
            filled = filled.with_values(suggested=found[0].category if found else "")
        return self._render("form.html", visit, filled, told, status)

    def _check(self, visit: Visit, filled: Filled) -> Response:
        try:
            self._complaint_of(visit, filled)
        except Problem as problem:
            return self._refuse(visit, filled, problem)
        return self._render("check.html", visit, filled, NOTHING, HTTPStatus.OK)

    async def _send(self, visit: Visit, filled: Filled) -> Response:
        peer = self.intake.gate.peer_of(visit.request)
        try:
            complaint = self._complaint_of(visit, filled)
            if visit.operator is None:
                self.intake.gate.look_at_form(peer, filled.guard)
            accepted = await self.intake.accept(complaint, visit.operator, filled.key, peer)
            if filled.is_corrected:
                await self._correct(accepted.ticket, complaint, filled)
        except Problem as problem:
            is_lost = problem.status == HTTPStatus.SERVICE_UNAVAILABLE
            return self._refuse(visit, filled.tried() if is_lost else filled, problem)
        codes = {"code": accepted.tracking_code, "subject_code": accepted.subject_code}
        view, host = self._view(visit, filled, NOTHING), visit.request.headers.get("host", "")
        paper: dict[str, Any] = {"host": host, "today": day_of(datetime.now(UTC))}
        return self.page("receipt.html", visit, ticket=accepted.ticket, **codes, view=view, **paper)

    async def _correct(self, ticket: str, complaint: Complaint, filled: Filled) -> None:
        """What was corrected before it was sent again; sent once more it is the same. Raises a 503 Problem."""
        told = asdict(complaint.reporter) if complaint.reporter else {}
        await self.follow_ups.accept(ticket, ContactBody(**told), filled.key)

    def _refuse(self, visit: Visit, filled: Filled, problem: Problem) -> Response:
        told = tell_problem(problem, visit.words)
        errors: Any = problem.body.get("errors", ())
        lost = {one["field"] for one in errors}
        kept = [name for place, name in enumerate(filled.photos) if f"photos.{place}" not in lost]
        if problem.body.get("suspicion") in _WANTS_ANOTHER:
            filled = filled.with_values(**dict.fromkeys(GUARD, ""))
        page = self._form(visit, filled.with_photos(kept), told, problem.status)
        page.headers.update(problem.headers)
        return page

    def _complaint_of(self, visit: Visit, filled: Filled) -> Complaint:
        """Raises a 422 Problem."""
        category = self.directory.categories.get(filled["category"])
        sent = filled.to_body(category, visit.language, keyed_in=visit.operator is not None)
        try:
            body = ComplaintBody.model_validate(sent)
        except ValidationError as error:
            faults = read_faults(error.errors(include_url=False, include_input=False))
            raise field_problem(*faults, *_faults_beside(sent, known=category is not None)) from None
        complaint = replace(body.to_complaint(), entrance=ENTRANCE)
        self.intake.judge.check_form(complaint, self._visitor(visit), datetime.now(UTC))
        return complaint

    def _visitor(self, visit: Visit) -> Visitor:
        return Visitor(self.intake.gate.peer_of(visit.request), visit.operator)

    def _view(self, visit: Visit, filled: Filled, told: Told) -> FormView:
        found = suggested_for(filled["text"], self.suggest, self.directory, visit.language)
        return FormView(self.directory, visit.words, visit.language, filled, found, told)

    def _render(self, template: str, visit: Visit, filled: Filled, told: Told, status: int) -> Response:
        if not filled[STAMP]:
            filled = filled.with_values(**{STAMP: self.intake.gate.stamp()})
        view = self._view(visit, filled, told)
        photos = [(name, self.uploads.thumbnail_address(name)) for name in filled.photos]
        values = {"view": view, "filled": view.filled, "photos": photos, "most_photos": MOST_PHOTOS}
        gate = self.intake.gate
        # The empty form lies in caches, and nobody has begun to fill it in.
        is_eased = filled.is_fresh or visit.operator is not None
        work = 0 if is_eased else gate.work_for_form(gate.peer_of(visit.request), filled.guard)
        return self.page(template, visit, status, **values, disaster=gate.is_disaster, work=work)

    def page(self, template: str, visit: Visit, status: int = HTTPStatus.OK, **values: Any) -> Response:
        """One of the page that the form is on, kept by nobody."""
        told = {"t": visit.words, "prefix": visit.home, "operator": visit.operator, "csrf": visit.csrf, **values}
        return self.pages.render(template, visit.language, status, "no-store", here=visit.home, **told)


def _faults_beside(sent: Mapping[str, Any], *, known: bool) -> Faults:
    """What is found only in a form that is otherwise well-formed, so that all is told at once."""
    if not known:
        yield "category", "is needed"
    if sent["reporter"].get("name"):
        return
    if "proxy" in sent:
        yield "reporter.name", "is needed where somebody files for somebody else"
    elif not sent["anonymous"]:
        yield "reporter.name", "is needed"
