"""Open311 GeoReport v2 at `/open311/v2`: services, definitions, tokens, and requests in. Reporting tells them."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request, Response
from pydantic import ValidationError

from services.intake.api import ComplaintBody, Intake
from services.intake.domain.complaints import category_of
from services.intake.georeport import (
    MOST_FIELDS,
    Form,
    changeset,
    find_form_faults,
    in_their_words,
    read_form,
    to_body,
    to_definition,
    to_notice,
    to_services,
)
from services.intake.settings import Settings
from shared.access import authenticate
from shared.bodies import KEY_HEADER, describe_header, read_key
from shared.directory import Directory
from shared.events.directory import Category, Client
from shared.events.event import Language
from shared.ids import parse_ticket
from shared.open311 import (
    PREFIX,
    RESPONSES,
    AskedOf,
    FormPath,
    add_unknown_paths,
    answer,
    check_jurisdiction,
    form_of,
    language_of,
)
from shared.problems import Problem, field_problem, read_faults
from shared.wita import day_of

_SPECIFICATION: Final = "http://wiki.open311.org/GeoReport_v2"
_FORMATS: Final = ("text/xml", "application/json")
_MEDIA_TYPE: Final = "application/x-www-form-urlencoded"
_CACHE: Final = "public, max-age=60"
_READ_AT_MOST: Final = 1024 * 1024
"""Bytes. Between these and what is taken the form is refused in the words of Open311; beyond, before it is read."""
_TEXT: Final[dict[str, Any]] = {"type": "string"}
_SENT: Final[dict[str, Any]] = {
    "api_key": {"type": "string", "description": "A token of `ntbcare clients issue`."},
    "service_code": {"type": "string", "description": "Of `services`."},
    "description": {"type": "string", "minLength": 10, "maxLength": 4000},
    "lat": {"type": "number"},
    "long": {"type": "number"},
    "address_string": {"type": "string", "minLength": 3, "maxLength": 500},
    "address_id": {"type": "string", "description": "A Kemendagri code, such as `52.03.01.2001`."},
    "attribute[code]": {"type": "string", "description": "The key of a value of the service definition."},
    "first_name": _TEXT,
    "last_name": {"type": "string", "description": "Without any name the complaint is anonymous."},
    "email": {"type": "string", "format": "email"},
    "phone": _TEXT,
    "media_url": {"type": "string", "format": "uri", "description": "Kept as text for the officers; never fetched."},
    "jurisdiction_id": _TEXT,
    "locale": {"type": "string", "enum": ["id", "en"]},
    "device_id": {"type": "string", "description": "Ignored."},
    "account_id": {"type": "string", "description": "Ignored."},
}
_SCHEMA: Final = {"type": "object", "required": ["api_key", "service_code", "description"], "properties": _SENT}
_POSTED: Final[dict[str, Any]] = {
    "requestBody": {"required": True, "content": {_MEDIA_TYPE: {"schema": _SCHEMA}}},
    "parameters": [
        describe_header(KEY_HEADER, "Makes one complaint of all requests with this key.", {"format": "uuid"}),
    ],
}
_CREATED: Final[dict[int | str, dict[str, Any]]] = {
    **{status: response for status, response in RESPONSES.items() if status != HTTPStatus.OK},
    201: RESPONSES[200],
    403: {"description": "`api_key` is missing or not valid."},
}


class Open311:
    """What the endpoints work with."""

    def __init__(self, settings: Settings, intake: Intake, directory: Directory) -> None:
        self.settings = settings.open311
        self.max_body_size = settings.max_body_size
        self._type = "production" if settings.environment == "production" else "test"
        self._intake = intake
        self._directory = directory

    def services(self) -> list[Category]:
        return self._directory.categories_on(day_of(datetime.now(UTC)))

    def service(self, code: str) -> Category:
        """Raises a 404 Problem."""
        found = next((category for category in self.services() if category.id == code), None)
        if found is None:
            raise _no_service()
        return found

    def discovery(self, url: str) -> dict[str, Any]:
        changed = changeset(self._directory, day_of(datetime.now(UTC)))
        endpoint = {"specification": _SPECIFICATION, "url": url, "changeset": changed, "type": self._type}
        return {
            "changeset": changed,
            "contact": self.settings.contact,
            "key_service": self.settings.key_service,
            "endpoints": [endpoint | {"formats": list(_FORMATS)}],
        }

    async def take(self, request: Request, form: Form) -> dict[str, Any]:
        """Accept a complaint as intake does. Raises a 400, 403, 404, 422 or 503 Problem."""
        client = self._client(form)
        check_jurisdiction(self.settings, _first(form, "jurisdiction_id"))
        language = language_of(_first(form, "locale"))
        key, complaint = read_key(request), self._body(form, language).to_complaint()
        category = category_of(complaint, self._intake.known, datetime.now(UTC))
        if category is None:
            raise _no_service()
        accepted = await self._intake.accept(complaint, client, key, self._intake.gate.peer_of(request))
        notice = to_notice(accepted.tracking_code, category, language)
        return {"service_request_id": accepted.ticket, "service_notice": notice, "account_id": None}

    def _client(self, form: Form) -> Client:
        token = _first(form, "api_key")
        if not token:
            raise Problem(403, "api_key was not provided", "Send it in the form.")
        try:
            client = authenticate(self._directory.clients, f"Bearer {token}")
        except Problem:
            client = None
        if client is None:
            raise Problem(403, "api_key is not valid", "Ask whoever issued it for a new one.")
        return client

    def _body(self, form: Form, language: Language) -> ComplaintBody:
        faults = find_form_faults(form)
        if faults:
            raise field_problem(*faults)
        try:
            return ComplaintBody.model_validate(to_body(form, language))
        except ValidationError as error:
            raise field_problem(*read_faults(error.errors())) from None


def create_open311_router(open311: Open311) -> APIRouter:
    router = APIRouter(tags=["open311"])
    _add_reading(router, open311)

    async def post_request(request: Request, form: FormPath) -> Response:
        """Send a request, as a form. The answer has its id at once, and in `service_notice` the tracking code.

        Sent again with the same `Idempotency-Key` (a random UUID) it is the same request.
        """
        asked_for = form_of(form)
        sent = await _read_form(request, open311.max_body_size)
        try:
            created = await open311.take(request, sent)
        except Problem as problem:
            problem.body["errors"] = in_their_words(problem.body.get("errors", ()))
            raise
        place = f"{PREFIX}/requests/{created['service_request_id']}.{asked_for}"
        return answer(asked_for, "service_requests", [created], 201, Location=place, Cache_Control="no-store")

    router.add_api_route(
        f"{PREFIX}/requests.{{form}}",
        post_request,
        methods=["POST"],
        status_code=201,
        response_class=Response,
        responses=_CREATED,
        openapi_extra=_POSTED,
        max_body_size=_READ_AT_MOST,
    )
    add_unknown_paths(router)
    return router


def _add_reading(router: APIRouter, open311: Open311) -> None:
    def get(path: str) -> Any:
        return router.get(f"{PREFIX}/{path}.{{form}}", response_class=Response, responses=RESPONSES)

    @get("discovery")
    async def read_discovery(request: Request, asked: AskedOf) -> Response:
        """Where the endpoint is, and in which formats."""
        url = open311.settings.url or f"{str(request.base_url).rstrip('/')}{PREFIX}"
        return answer(asked.form, "discovery", open311.discovery(url), Cache_Control=_CACHE)

    @get("services")
    async def read_services(asked: AskedOf) -> Response:
        """What can be reported today."""
        check_jurisdiction(open311.settings, asked.jurisdiction_id)
        services = to_services(open311.services(), asked.language)
        return answer(asked.form, "services", services, Cache_Control=_CACHE)

    @get("services/{service_code}")
    async def read_definition(service_code: str, asked: AskedOf) -> Response:
        """What is asked of a service: questions that may be answered."""
        check_jurisdiction(open311.settings, asked.jurisdiction_id)
        definition = to_definition(open311.service(service_code), asked.language)
        return answer(asked.form, "service_definition", definition, Cache_Control=_CACHE)

    @get("tokens/{token}")
    async def read_token(token: Annotated[str, Path(description="Here the request's id.")], asked: AskedOf) -> Response:
        """The request of a token. Requests have their id at once, so it is its own token; nothing is looked up."""
        check_jurisdiction(open311.settings, asked.jurisdiction_id)
        try:
            ticket = parse_ticket(token)
        except ValueError:
            raise Problem(404, "The token was not found") from None
        told = [{"service_request_id": ticket, "token": token}]
        return answer(asked.form, "service_requests", told, Cache_Control=_CACHE)


async def _read_form(request: Request, max_body_size: int) -> Form:
    """With what the query says of jurisdiction and language, where the form does not. Raises a 400 Problem."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != _MEDIA_TYPE:
        raise Problem(400, "The request must be a form", f"Send it with Content-Type: {_MEDIA_TYPE}.")
    content = await request.body()
    if len(content) > max_body_size:
        raise Problem(400, "The form is too large", f"At most {max_body_size} bytes are taken.")
    try:
        form = read_form(content)
    except ValueError:
        raise Problem(400, "The form cannot be read", f"It must be UTF-8, of at most {MOST_FIELDS} fields.") from None
    query = request.query_params
    return {**{name: [query[name]] for name in ("jurisdiction_id", "locale") if query.get(name)}, **form}


def _first(form: Form, name: str) -> str:
    return form[name][0] if name in form else ""


def _no_service() -> Problem:
    return Problem(404, "service_code was not found", f"{PREFIX}/services.xml lists all that there are.")
