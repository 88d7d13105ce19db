"""HTTP in and out: `POST /v1/complaints` and what a form needs to fill it."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any, Final, Self
from uuid import UUID

from fastapi import APIRouter, Header, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.intake.contacts import Email, Phone, Prefers
from services.intake.domain.complaints import Complaint, Known, Person, Place, submit
from services.intake.gate import Gate, Visitor
from services.intake.judging import Judge
from services.intake.places import Places, cell_of
from services.intake.proxies import ProxyBody, codes_of
from services.intake.settings import Settings
from services.intake.uploads import PhotoNames, Uploads
from shared.access import authenticate
from shared.bodies import KEY_HEADER, BusyRoute, describe_body, describe_header, describe_refusals, read_body, read_key
from shared.directory import Directory
from shared.errors import BrokerUnreachable
from shared.events.directory import Client
from shared.events.event import AgencyId, CategoryCode, Language, Moment, RegionCode, Slug
from shared.ids import draw_ticket
from shared.problems import unreachable_problem
from shared.publisher import Publisher
from shared.records import to_record
from shared.topics import COMPLAINTS, PERSONAL
from shared.traces import current_trace
from shared.wita import day_of


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class LocationBody(_Body):
    """Where it is; at least one of the point, the region and the address."""

    latitude: float | None = Field(default=None, ge=-90, le=90, allow_inf_nan=False)
    longitude: float | None = Field(default=None, ge=-180, le=180, allow_inf_nan=False)
    region: RegionCode | None = None
    address: Annotated[str, StringConstraints(min_length=3, max_length=500)] | None = None

    @model_validator(mode="after")
    def _says_where(self) -> Self:
        if (self.latitude is None) != (self.longitude is None):
            msg = "latitude and longitude go together"
            raise ValueError(msg)
        if self.latitude is None and self.region is None and self.address is None:
            msg = "give latitude and longitude, a region or an address"
            raise ValueError(msg)
        return self


class ReporterBody(_Body):
    """Who says so and how to answer."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    email: Email | None = None
    phone: Phone | None = None
    language: Language = Language.INDONESIAN
    prefers: Prefers = None


class ComplaintBody(_Body):
    """A complaint. `channel` and `received_at` take an integrator's or an operator's token, `source` an operator's."""

    category: Annotated[str, StringConstraints(max_length=60)]
    text: Annotated[str, StringConstraints(min_length=3, max_length=5_000)]
    """At least 10 characters, but for what is urgent in a disaster."""
    location: LocationBody
    answers: dict[Slug, Slug] = Field(default_factory=dict[str, str], max_length=20)
    about: AgencyId | None = None
    reporter: ReporterBody | None = None
    anonymous: bool = False
    confidential: bool = False
    occurred_at: Moment | None = None
    channel: Slug | None = None
    received_at: Moment | None = None
    proxy: ProxyBody | None = None
    """Then `reporter` is who files, and the answer has a code for the person concerned too."""
    source: Annotated[str, StringConstraints(min_length=1, max_length=500)] | None = None
    """Where an operator has it from: the address of a post, the number of a letter."""
    photos: PhotoNames = ()
    """Names from `POST /v1/complaints/photos`, at most five."""
    suggested: CategoryCode | None = None
    """The category that was suggested from the words, where one was: `category` says what the person chose."""

    def to_complaint(self) -> Complaint:
        place = Place(**self.location.model_dump())
        reporter = Person(**self.reporter.model_dump()) if self.reporter else None
        digest = hashlib.sha256(self.model_dump_json().encode()).hexdigest()
        filed_for = self.proxy.to_filed_for() if self.proxy else None
        same = self.model_dump(exclude={"location", "reporter", "occurred_at", "proxy"})
        same |= {"filed_for": filed_for, "digest": digest}
        return Complaint(**same, place=place, reporter=reporter, incident_at=self.occurred_at)


class AcceptedBody(BaseModel):
    """The complaint is safe. The tracking code lets its reporter follow up; it cannot be shown again."""

    ticket: str
    tracking_code: str
    subject_code: str | None = None
    """Where somebody filed it for somebody else: for the person concerned, who can take it over with it."""
    idempotency_key: UUID


class Intake:
    """What the endpoints work with."""

    def __init__(
        self, settings: Settings, directory: Directory, places: Places, publisher: Publisher, uploads: Uploads
    ) -> None:
        self._settings = settings
        self._uploads = uploads
        self._directory = directory
        self._publisher = publisher
        self._tracking_keys = settings.tracking_keys()
        self._ticket_secret = settings.ticket_secret.get_secret_value().encode()
        # Whoever judges a complaint and whoever writes it down ask for the same point.
        region_at = lru_cache(1)(places.region_at)
        self.known = Known(directory.categories, directory.agencies, directory.regions, region_at, cell_of)
        self.judge = Judge(self.known, Gate(settings, directory))

    @property
    def gate(self) -> Gate:
        return self.judge.gate

    def client(self, request: Request) -> Client | None:
        return authenticate(self._directory.clients, request.headers.get("authorization"))

    async def accept(self, complaint: Complaint, client: Client | None, key: UUID, peer: str = "") -> AcceptedBody:
        """Publish the personal part and the facts, each acknowledged.

        `peer`: as `Gate.peer_of` has it; without one no address is counted. Raises a 403, 422, 429 or 503 Problem.
        """
        now = datetime.now(UTC)
        self.judge.check(complaint, Visitor(peer or None, client), now)
        trace = current_trace()
        ticket = draw_ticket(self._ticket_secret, client.id if client else "public", key)
        sent = complaint.photos
        if sent:
            complaint = replace(complaint, photos=await self._uploads.claim(sent, ticket))
        personal, facts = submit(complaint, ticket, self.known, client=client, at=now)
        records = (to_record(PERSONAL, personal, trace), to_record(COMPLAINTS, facts, trace))
        try:
            await self._publisher.publish_within(self._settings.publish_within, *records)
        except BrokerUnreachable:
            raise unreachable_problem(idempotency_key=str(key)) from None
        if sent:
            await self._uploads.let_go(sent, ticket)
        codes = codes_of(ticket, self._tracking_keys, filed_for=complaint.filed_for is not None)
        return AcceptedBody(ticket=ticket, **codes, idempotency_key=key)


_SUBMITTED: Final[dict[str, Any]] = {
    "requestBody": describe_body(ComplaintBody),
    "parameters": [
        describe_header(KEY_HEADER, "Makes one complaint of all requests with this key.", {"format": "uuid"}),
        describe_header("authorization", "An integrator's or operator's token: `Bearer ntb_…`.", {}),
    ],
}
_REFUSED: Final = describe_refusals(400, 401, 403, 413, 415, 422, 429, 503)


def create_router(intake: Intake, options: Callable[[], tuple[str, bytes]]) -> APIRouter:
    """`options` gives the entity tag and the JSON of all options as they are now."""
    router = APIRouter(prefix="/v1/complaints", tags=["complaints"], responses=_REFUSED)

    async def submit_complaint(request: Request) -> Response:
        """Accept a complaint. Sent again with the same `Idempotency-Key` (a random UUID) it is the same complaint.

        The first body of a key counts: another one is answered alike and changes nothing.
        """
        key, client = read_key(request), intake.client(request)
        body = await read_body(request, ComplaintBody)
        accepted = await intake.accept(body.to_complaint(), client, key, intake.gate.peer_of(request))
        headers = {"Location": f"/v1/cases/{accepted.ticket}"}
        return Response(accepted.model_dump_json(exclude_none=True), 202, headers, media_type="application/json")

    async def validate_complaint(request: Request) -> Response:
        """Say whether a complaint would be accepted, in the same words; nothing is kept of it."""
        client = intake.client(request)
        body = await read_body(request, ComplaintBody)
        intake.judge.check_form(body.to_complaint(), Visitor(intake.gate.peer_of(request), client), datetime.now(UTC))
        return Response(status_code=204)

    @router.get("/options")
    async def get_options(if_none_match: Annotated[str | None, Header()] = None) -> Response:
        """Categories with their questions, valid today, and all regions.

        `disaster_until` is null, or the moment until which less is asked of urgent complaints.
        """
        tag, body = options()
        headers = {"ETag": tag, "Cache-Control": "public, max-age=60"}
        if if_none_match == tag:
            return Response(status_code=304, headers=headers)
        return Response(body, media_type="application/json", headers=headers)

    router.add_api_route(
        "/validations",
        validate_complaint,
        methods=["POST"],
        status_code=204,
        openapi_extra=_SUBMITTED,
        route_class_override=BusyRoute,
    )
    router.add_api_route(
        "",
        submit_complaint,
        methods=["POST"],
        status_code=202,
        response_model=AcceptedBody,
        openapi_extra=_SUBMITTED,
        route_class_override=BusyRoute,
    )
    return router


class Options:
    """The answer of `GET /v1/complaints/options`, made anew only when the directory or the day changed."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._changes = 0
        self._made: tuple[str, bytes] | None = None
        self._made_for: tuple[Any, ...] = ()

    def note_change(self, _: str) -> None:
        self._changes += 1

    def __call__(self) -> tuple[str, bytes]:
        now = datetime.now(UTC)
        today, door = day_of(now), self._directory.door
        until = door.disaster_until if door.is_disaster(now) else None
        if self._made is None or self._made_for != (self._changes, today, until):
            self._made_for = (self._changes, today, until)
            categories = [category.model_dump(mode="json") for category in self._directory.categories_on(today)]
            regions = [region.model_dump(exclude={"kind"}) for _, region in sorted(self._directory.regions.items())]
            options = {"disaster_until": until and until.isoformat(), "categories": categories, "regions": regions}
            body = json.dumps(options, ensure_ascii=False).encode()
            self._made = f'"{hashlib.sha256(body).hexdigest()[:32]}"', body
        return self._made
