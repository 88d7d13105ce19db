"""What the officers' pages show: queues, a case with its forms, the late board."""

import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID, uuid4

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from services.routing.api.queues import Board, QueueQuery, Queues
from services.routing.api.views import Identity, complaint_of, history_of, is_withheld
from services.routing.desk import CaseBusy, CaseNotFound, Desk, IdentityWithheld, NotYours, RevisionStale, Wish
from services.routing.domain.access import Person, allowed_for, allowed_on_parts
from services.routing.domain.case import DEEDS
from services.routing.domain.deeds import DeedFaulty
from services.routing.domain.rulebook import Rulebook
from services.routing.domain.table import Action, ActionRefused
from services.routing.pages.forms import Choices, Filled, Form, form_of, read_values
from services.routing.pages.photos import Album
from services.routing.pages.saying import Teller
from services.routing.pages.sessions import Session, Sessions
from services.routing.store.documents import StoredCase
from services.routing.store.queues import Queue
from shared.desk_session import HOME, comes_from_elsewhere
from shared.directory import Directory
from shared.events.event import Language, Urgency
from shared.pages.rendering import Pages
from shared.problems import Problem, read_faults
from shared.wita import day_of

ASSETS: Final = {"redact.js": "text/javascript"}
_FILTERS: Final = ("category", "agency", "region", "urgency", "q", "cursor")
_YEAR_S: Final = 365 * 24 * 3600
Show = Callable[..., Awaitable[Response]]


class FormStale(Exception):
    """The form is not one of this session's pages."""


@dataclass(frozen=True)
class Visit:
    """One request of somebody who is signed in."""

    request: Request
    session: Session
    language: Language

    @property
    def person(self) -> Person:
        return self.session.person


@dataclass(frozen=True)
class DeskPages:
    """What the pages work with."""

    pages: Pages
    sessions: Sessions
    desk: Desk
    queues: Queues
    directory: Directory
    rulebook: Callable[[], Rulebook]
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    async def queue(self, visit: Visit) -> Response:
        """The list that was asked for, with how many lie in each."""
        asked = {name: value for name, value in visit.request.query_params.items() if value}
        try:
            query = QueueQuery.model_validate({name: asked[name] for name in ("queue", *_FILTERS) if name in asked})
            page = await self.queues.page(query, visit.person)
        except (ValidationError, Problem) as error:
            if isinstance(error, Problem) and error.status != HTTPStatus.UNPROCESSABLE_ENTITY:
                raise
            return RedirectResponse(HOME, 303)
        choices = self._choices(visit)
        following = "?" + page.next.partition("?")[2] if page.next else None
        return self._show(
            visit,
            "queue.html",
            page=page,
            following=following,
            query=query,
            counts=await self.queues.counts(visit.person),
            queues=list(Queue),
            agencies=choices.agencies if visit.person.sees_all else (),
            categories=choices.categories,
            regions=[(one.id, one.name) for one in self.directory.regions.values() if one.level == "regency"],
            urgencies=list(Urgency),
        )

    async def board(self, visit: Visit) -> Response:
        board: Board = await self.queues.board(visit.person)
        return self._show(visit, "board.html", board=board)

    async def case(self, visit: Visit, ticket: str, status: int = 200, **more: Any) -> Response:
        """The case with its forms; `filled`: what was sent and did not do."""
        stored = await self.desk.read(ticket, visit.person)
        told: dict[str, Any] = {"filled": None, "notice": "", "problem": "", "identity": None} | more
        return self._show(
            visit,
            "case.html",
            status,
            stored=stored,
            case=stored.case.snapshot,
            written=complaint_of(stored),
            withheld=is_withheld(stored, visit.person),
            lines=list(reversed(history_of(stored))),
            supports=await self.desk.count_supports(ticket),
            family=await self.desk.family(ticket),
            album=Album.of(self.desk.photos(stored), visit.request.query_params, told["filled"]),
            photo_refused=visit.request.query_params.get("photo_refused"),
            forms=self._forms(visit, stored, told["filled"]),
            part_forms=self._part_forms(visit, stored, told["filled"]),
            key=uuid4(),
            **told,
        )

    async def photo(self, visit: Visit, ticket: str, name: str) -> Response:
        """Where a coordinator covers parts of a photo before it is published. Raises CaseNotFound."""
        stored = await self.desk.read(ticket, visit.person)
        album = Album.of(self.desk.photos(stored), visit.request.query_params, None)
        address = album.address(name) if name in album.photos.originals else None
        if address is None or Action.PUBLISH not in allowed_for(visit.person, stored.case.snapshot):
            raise CaseNotFound(ticket)
        query = urlencode([("action", Action.PUBLISH), *(("photo", copy) for copy in album.copies)])
        back = f"{HOME}/cases/{ticket}?{query}"
        return self._show(visit, "photo.html", ticket=ticket, name=name, address=address, back=back)

    async def act(self, visit: Visit, ticket: str, action: Action, part: str | None = None) -> Response:
        """Do what the form says, then show the case; what did not do is shown with what was filled in."""
        sent = await self._sent(visit)
        address = _address(action, part)
        values = {name: value for name, value in sent.items() if name not in {"csrf", "revision", "key"}}
        words = self.pages.words(visit.language)
        try:
            deed = DEEDS[action].model_validate(read_values(values))
            wish = _wish(deed, visit.person, ticket, sent, f"{ticket}.{part}" if part else None)
            await self.desk.do(ticket, visit.person, wish)
        except ValidationError as error:
            return await self._again(visit, ticket, Filled(address, values, dict(read_faults(error.errors()))), 422)
        except DeedFaulty as faulty:
            return await self._again(visit, ticket, Filled(address, values, {faulty.field: faulty.why}), 422)
        except ActionRefused as refused:
            told = self._refusal(visit, refused)
            return await self._again(visit, ticket, Filled(address, values, {}), 409, told)
        except (RevisionStale, CaseBusy):
            return await self._again(visit, ticket, Filled(address, values, {}), 412, words["stale"])
        except NotYours:
            return await self._again(visit, ticket, Filled(address, values, {}), 403, words["not_yours"])
        return RedirectResponse(f"{HOME}/cases/{ticket}?done={action}", 303)

    async def _again(self, visit: Visit, ticket: str, filled: Filled, status: int, problem: str = "") -> Response:
        translated = {field: self._fault(visit, why) for field, why in filled.errors.items()}
        again = replace(filled, errors=translated)
        told = problem or "; ".join(f"{self._label(visit, field)}: {why}" for field, why in translated.items())
        return await self.case(visit, ticket, status, filled=again, problem=told)

    async def identity(self, visit: Visit, ticket: str) -> Response:
        """Show who the reporter is, once."""
        await self._sent(visit)
        words = self.pages.words(visit.language)
        try:
            stored = await self.desk.read_identity(ticket, visit.person)
        except NotYours:
            return await self.case(visit, ticket, 403, problem=words["not_yours"])
        except IdentityWithheld:
            return await self.case(visit, ticket, 403, problem=words["identity_restricted"])
        return await self.case(visit, ticket, identity=Identity.of(stored))

    async def _sent(self, visit: Visit) -> dict[str, str]:
        """Raises FormStale where it is no form of this session."""
        form = await visit.request.form()
        sent = {name: str(value) for name, value in form.items()}
        if comes_from_elsewhere(visit.request) or not hmac.compare_digest(sent.get("csrf", ""), visit.session.csrf):
            raise FormStale
        return sent

    def _forms(self, visit: Visit, stored: StoredCase, filled: Filled | None) -> list[Form]:
        case, choices = stored.case.snapshot, self._choices(visit)
        actions = allowed_for(visit.person, case)
        return [self._prefilled(visit, form_of(DEEDS[one], _address(one), case, choices, filled)) for one in actions]

    def _part_forms(self, visit: Visit, stored: StoredCase, filled: Filled | None) -> dict[str, list[Form]]:
        case, choices = stored.case.snapshot, self._choices(visit)
        return {
            case_id: [
                form_of(DEEDS[action], _address(action, case_id.rpartition(".")[2]), case, choices, filled)
                for action in actions
            ]
            for case_id, actions in allowed_on_parts(visit.person, case).items()
        }

    def _prefilled(self, visit: Visit, form: Form) -> Form:
        """With the words of the template that was chosen."""
        asked = visit.request.query_params
        if asked.get("action") != form.action:
            return form
        text = self._choices(visit).template(asked.get("template"))
        fields = (replace(one, value=text) if one.kind == "words" and text else one for one in form.fields)
        return replace(form, fields=tuple(fields), open=True)

    def _choices(self, visit: Visit) -> Choices:
        return Choices(self.directory, self.pages.words(visit.language), visit.language, day_of(self.now()))

    def _refusal(self, visit: Visit, refused: ActionRefused) -> str:
        words = self.pages.words(visit.language)
        possible = ", ".join(words["action_names"][action] for action in refused.allowed)
        return f"{words['refused']} {words['possible']}: {possible}." if possible else words["refused"]

    def _fault(self, visit: Visit, why: str) -> str:
        faults: Mapping[str, str] = self.pages.words(visit.language)["faults"]
        return next((told for sentence, told in faults.items() if why.startswith(sentence)), why)

    def _label(self, visit: Visit, field: str) -> str:
        return self.pages.words(visit.language)["fields"].get(field, field)

    def _show(self, visit: Visit, template: str, status: int = 200, **values: Any) -> Response:
        words = self.pages.words(visit.language)
        teller = Teller(words, visit.language, self.directory, self.rulebook().closed, self.now())
        here = visit.request.url.path
        if visit.request.method == "GET" and visit.request.url.query:
            here += f"?{visit.request.url.query}"
        told = {"say": teller, "me": visit.person, "csrf": visit.session.csrf, "here": here}
        return self.pages.render(template, visit.language, status, **told | values)


def _wish(deed: Any, person: Person, ticket: str, sent: Mapping[str, str], part: str | None) -> Wish:
    """Raises FormStale where the form's own fields are not as they were."""
    try:
        key, revision = UUID(sent["key"]), int(sent["revision"])
    except (KeyError, ValueError):
        raise FormStale from None
    return Wish.of(deed, (person, key), ticket, part, revision)


def _address(action: Action, part: str | None = None) -> str:
    return f"parts/{part}/{action}" if part else f"do/{action}"
