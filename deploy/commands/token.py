"""`ntbcare token`."""

from typing import Annotated, Final

import typer
from pydantic import BaseModel, Field, ValidationError

from deploy.commands.apps import command_app
from deploy.commands.desk import desk_secret
from deploy.commands.failures import WRONG_USE, CommandFailed
from services.routing.domain.access import OF_AN_AGENCY, DeskRole
from shared.events.event import AgencyId, RegionCode
from shared.oidc import issue_locally

app = command_app()

_HOUR_S: Final = 3600
_MOST_HOURS: Final = 168
_WRONG: Final = {
    "subject": "--subject has 1 to 200 characters",
    "agency": "--agency takes an id such as PUPR-52.03 or PUPR-PERKIM",
    "regions": "--region takes a Kemendagri code inside NTB, such as 52.03",
}


class _Person(BaseModel):
    role: DeskRole
    subject: str = Field(min_length=1, max_length=200)
    agency: AgencyId | None
    regions: tuple[RegionCode, ...]


@app.command()
def token(
    *,
    role: Annotated[DeskRole, typer.Option(help="What its holder is at the desk.")],
    agency: Annotated[str | None, typer.Option(help="Whose officer or head, such as PUPR-52.03.")] = None,
    subject: Annotated[str | None, typer.Option(help="Who it is. Default: made from role and agency.")] = None,
    region: Annotated[list[str] | None, typer.Option(help="Sees cases of these alone, such as 52.03.")] = None,
    hours: Annotated[int, typer.Option(min=1, max=_MOST_HOURS, help="How long it is good.")] = 8,
) -> None:
    """Sign somebody in at the desk of a platform on this machine, and print the token.

    Good at every platform that has the same ROUTING_OIDC__DEVELOPMENT_SECRET; by default that of the data folder.
    """
    secret = desk_secret()
    person = _person(role, subject, agency, region or [])
    typer.echo(
        issue_locally(
            secret,
            subject=person.subject,
            roles=[person.role],
            agency=person.agency,
            regions=person.regions,
            lasts_s=hours * _HOUR_S,
        )
    )


def _person(role: DeskRole, subject: str | None, agency: str | None, regions: list[str]) -> _Person:
    """Raises CommandFailed."""
    if role in OF_AN_AGENCY and agency is None:
        raise CommandFailed(f"The role {role} is one in an agency: give --agency.", code=WRONG_USE)
    try:
        return _Person(
            role=role,
            subject=_subject(role, agency) if subject is None else subject,
            agency=agency,
            regions=tuple(regions),
        )
    except ValidationError as error:
        fault = error.errors()[0]
        raise CommandFailed(f"{_WRONG[str(fault['loc'][0])]}, not {fault['input']!r}.", code=WRONG_USE) from None


def _subject(role: DeskRole, agency: str | None) -> str:
    return f"{role}-{agency}".lower().replace(".", "-") if agency else role
