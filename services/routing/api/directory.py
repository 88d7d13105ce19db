"""HTTP in and out: the directory, as it is, was and will be, and who changed it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final, cast
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Header, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.routing.api.cases import read_revision
from services.routing.api.signing_in import GetPerson
from services.routing.domain.access import DeskRole, Person
from services.routing.domain.changes import EDITABLE, Editable, Moved, dry_run, find_faults
from services.routing.domain.rulebook import Rulebook
from services.routing.store.cases import CaseStore
from services.routing.store.directory import DirectoryStore, Edit
from shared.bodies import describe_refusals
from shared.directory import Directory
from shared.events.directory import Officer, Rule
from shared.problems import Problem, field_problem, read_faults
from shared.wita import day_of

_MOST_TRIED: Final = 5_000
_REFUSED: Final = (400, 401, 403, 404, 409, 412, 413, 422, 428, 503)
Kind = Annotated[str, Path(pattern="^(agency|officer|category|rule|calendar|standard|template)$")]
ReadKind = Annotated[str, Path(pattern="^(agency|officer|category|rule|calendar|standard|template|door)$")]
"""How the door is changed has ways of its own."""
RecordId = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,40}$")]


class ChangeBody(BaseModel):
    """What the record says from a day on, and why."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    entry: dict[str, Any]
    effective_on: date | None = None
    """WITA; None: at once. Never in the past: decisions that were made stand."""
    reason: str = Field(min_length=3, max_length=500)


class Version(BaseModel):
    """A change that was made or is planned."""

    id: str
    revision: int | None
    """None: planned."""
    entry: Mapping[str, Any]
    effective_on: date
    author: str
    reason: str
    made_at: datetime


class RecordView(BaseModel):
    """One record as it is now. Revision 0: there is none yet, only plans."""

    kind: str
    id: str
    revision: int
    entry: Mapping[str, Any] | None
    versions: list[Version] = []
    """All changes since it was delivered, the first made first."""


class DryRunBody(BaseModel):
    """A rule to try on complaints that came."""

    model_config = ConfigDict(extra="forbid")

    entry: dict[str, Any]
    last: int = Field(default=500, ge=1, le=_MOST_TRIED)


class DryRun(BaseModel):
    """What would be otherwise."""

    tried: int
    moved: list[Moved]


@dataclass(frozen=True)
class Administration:
    """Changes the directory for people."""

    records: DirectoryStore
    cases: CaseStore
    directory: Directory
    rulebook: Callable[[], Rulebook]
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    async def read(self, kind: str, record_id: str) -> RecordView:
        """Raises a 404 Problem."""
        key = f"{kind}:{record_id}"
        found, edits = await self.records.read([key]), await self.records.edits_of(key)
        if not found and not edits:
            raise Problem(404, "No such record")
        entry = found[0].entry.model_dump(mode="json", exclude_none=True) if found else None
        revision = found[0].revision if found else 0
        versions = [_version(edit) for edit in edits]
        return RecordView(kind=kind, id=record_id, revision=revision, entry=entry, versions=versions)

    async def change(self, key: tuple[str, str], body: ChangeBody, asked: tuple[int, UUID], person: Person) -> bool:
        """Whether it holds already. Raises a 403, 412 or 422 Problem."""
        (kind, record_id), (expected, request_key) = key, asked
        entry = self._understood(kind, record_id, body.entry)
        _check_author(person, entry, self.directory)
        now = self.now()
        today = day_of(now)
        effective_on = body.effective_on or today
        if effective_on < today:
            raise field_problem(("effective_on", "lies in the past: decisions that were made stand"))
        edit = Edit(
            id=f"{kind}:{record_id}/{request_key}",
            record=f"{kind}:{record_id}",
            entry=entry.model_dump(mode="json", exclude_none=True),
            effective_on=effective_on,
            author=person.id,
            reason=body.reason,
            made_at=now,
            revision=None,
        )
        is_new = await self.records.note(edit)
        if effective_on > today:
            return False
        if not is_new and await self._is_made(edit):
            return True
        if await self.records.make(edit, expected) is None:
            await self.records.withdraw(edit.id)
            raise Problem(412, "The record has changed", "Somebody changed it since you saw it. Read it again.")
        return True

    async def _is_made(self, edit: Edit) -> bool:
        return any(one.id == edit.id and one.revision is not None for one in await self.records.edits_of(edit.record))

    async def try_rule(self, rule_id: str, body: DryRunBody) -> DryRun:
        """Raises a 422 Problem."""
        rule = cast("Rule", self._understood("rule", rule_id, body.entry))
        complaints = await self.cases.last_submissions(body.last)
        return DryRun(tried=len(complaints), moved=dry_run(rule, self.rulebook(), complaints))

    def _understood(self, kind: str, record_id: str, values: Mapping[str, Any]) -> Editable:
        try:
            entry = EDITABLE[kind].model_validate({**values, "kind": kind, "id": record_id})
        except ValidationError as error:
            faults = read_faults(error.errors())
            raise field_problem(*((f"entry.{field}", why) for field, why in faults)) from None
        known = EDITABLE[kind].model_fields.keys()
        unknown = [(f"entry.{name}", "is no field of it") for name in values if name not in known]
        faults = unknown + [(f"entry.{field}", why) for field, why in find_faults(entry, self.directory)]
        if faults:
            raise field_problem(*faults)
        return entry


def create_directory_router(administration: Administration, get_person: GetPerson) -> APIRouter:
    router = APIRouter(prefix="/v1/directory", tags=["directory"], responses=describe_refusals(*_REFUSED))
    signed_in = Depends(get_person)

    @router.get("/{kind}", dependencies=[signed_in])
    async def list_records(kind: ReadKind, valid_on: Annotated[date | None, Query()] = None) -> list[RecordView]:
        """All records of a kind, or those that hold on a day."""
        return _listed(administration.directory, kind, valid_on)

    @router.get("/{kind}/{record_id}", dependencies=[signed_in])
    async def read_record(kind: ReadKind, record_id: RecordId, response: Response) -> RecordView:
        """One record with every change: who made it, when, why, and from which day on it holds."""
        view = await administration.read(kind, record_id)
        response.headers.update({"ETag": f'"{view.revision}"', "Cache-Control": "no-store"})
        return view

    _add_changes(router, administration, get_person)
    return router


def _add_changes(router: APIRouter, administration: Administration, get_person: GetPerson) -> None:
    @router.put("/{kind}/{record_id}")
    async def change_record(  # noqa: PLR0913, PLR0917 - FastAPI's way of asking
        kind: Kind,
        record_id: RecordId,
        body: ChangeBody,
        person: Annotated[Person, Depends(get_person)],
        response: Response,
        if_match: Annotated[str | None, Header(description="The revision that you saw.")] = None,
        idempotency_key: Annotated[UUID | None, Header()] = None,
    ) -> RecordView:
        """Change a record, at once or from a day on. `If-Match`: the revision that you saw, "0" for a new one.

        202: it is planned. A decision or a promise that was given is never moved by it.
        """
        revision = read_revision(if_match)
        holds = await administration.change((kind, record_id), body, (revision, idempotency_key or uuid4()), person)
        response.status_code = 200 if holds else 202
        return await administration.read(kind, record_id)

    @router.delete("/{kind}/{record_id}/planned/{change_key}", status_code=204)
    async def withdraw_change(
        kind: Kind, record_id: RecordId, change_key: UUID, person: Annotated[Person, Depends(get_person)]
    ) -> None:
        """Take back a change that is planned."""
        check_coordinator(person)
        if not await administration.records.withdraw(f"{kind}:{record_id}/{change_key}"):
            raise Problem(404, "No such planned change")

    @router.post("/rule/{record_id}/dry-run")
    async def try_rule(record_id: RecordId, body: DryRunBody, person: Annotated[Person, Depends(get_person)]) -> DryRun:
        """Say which of the last complaints would go elsewhere with this rule."""
        check_coordinator(person)
        return await administration.try_rule(record_id, body)


def _listed(directory: Directory, kind: str, day: date | None) -> list[RecordView]:
    entries = directory.entries(kind)
    return [
        RecordView(
            kind=kind,
            id=record_id,
            revision=directory.revisions.get(f"{kind}:{record_id}", 0),
            entry=entry.model_dump(mode="json", exclude_none=True),
        )
        for record_id, entry in sorted(entries.items())
        if day is None or not hasattr(entry, "valid_on") or entry.valid_on(day)
    ]


def _version(edit: Edit) -> Version:
    return Version(**{name: getattr(edit, name) for name in Version.model_fields})


def _check_author(person: Person, entry: Editable, directory: Directory) -> None:
    """Coordinators change everything; the head of an agency its officers. Raises a 403 Problem."""
    before = directory.officers.get(entry.id) if isinstance(entry, Officer) else None
    own = isinstance(entry, Officer) and {entry.agency, before.agency if before else entry.agency} == {person.agency}
    if not (own and DeskRole.AGENCY_HEAD in person.roles):
        check_coordinator(person)


def check_coordinator(person: Person) -> None:
    if DeskRole.COORDINATOR not in person.roles or person.regions:
        raise Problem(403, "Coordinators change the directory", "The head of an agency changes its officers.")
