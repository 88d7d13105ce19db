"""`ntbcare door`."""

import asyncio
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final
from uuid import uuid4

import typer

from deploy.commands.apps import command_app
from deploy.commands.desk import desk_secret
from deploy.commands.failures import WRONG_USE, CommandFailed
from deploy.commands.http import connect, read
from deploy.commands.options import UrlOption, url_of
from shared.events.event import Language
from shared.oidc import issue_locally
from shared.wita import in_full_words

app = command_app("Say that it is a disaster, and from whom no complaints are taken.")

_DOOR: Final = "/v1/directory/door/province"
_OPTION_OF: Final = {"hours": "--hours", "reason": "--reason", "address": "ADDRESS"}
_LASTS_S: Final = 300

TokenOption = Annotated[
    str | None,
    typer.Option(
        "--token",
        envvar="NTBCARE_DESK_TOKEN",
        help="Of a coordinator at the desk. Default: made here, where the platform of this machine is asked.",
    ),
]
ReasonOption = Annotated[str, typer.Option(help="Kept with who decided. It should name nobody.")]
AddressArgument = Annotated[str, typer.Argument(metavar="ADDRESS", help="E-mail address or telephone number.")]


class Switch(StrEnum):
    """Whether it is one."""

    ON = "on"
    OFF = "off"


@app.command()
def disaster(
    *,
    state: Annotated[Switch, typer.Argument(help="off: it is over.")] = Switch.ON,
    reason: ReasonOption,
    hours: Annotated[float | None, typer.Option(help="How long, at most 336; then it ends by itself.")] = None,
    token: TokenOption = None,
    url: UrlOption = None,
) -> None:
    """Begin disaster mode for so many hours, or end it.

    While it holds, no limit and no block applies to what is urgent, less is asked of it, and messages that are not
    urgent wait.
    """
    if (hours is None) is (state is Switch.ON):
        wanted = "--hours says how long" if state is Switch.ON else "off takes no --hours"
        raise CommandFailed(f"{wanted}.", code=WRONG_USE)
    _tell(_post(url, token, "disaster", {"hours": hours, "reason": reason}))


@app.command()
def block(address: AddressArgument, *, reason: ReasonOption, token: TokenOption = None, url: UrlOption = None) -> None:
    """Take no more complaints from an address, but urgent ones. Only a digest of it is kept."""
    _tell(_post(url, token, "blocked", {"address": address, "reason": reason}))


@app.command()
def unblock(
    address: AddressArgument, *, reason: ReasonOption, token: TokenOption = None, url: UrlOption = None
) -> None:
    """Take complaints from it again."""
    _tell(_post(url, token, "unblocked", {"address": address, "reason": reason}))


@app.command()
def status(token: TokenOption = None, url: UrlOption = None) -> None:
    """Say how the door is now, and who changed it when and why."""
    found = asyncio.run(_ask("GET", url_of(url), token or _own_token(), "", None))
    _tell(found)
    for version in (found or {}).get("versions", []):
        made_at = in_full_words(datetime.fromisoformat(version["made_at"]), Language.ENGLISH)
        typer.echo(f"  {made_at}, {version['author']}: {version['reason']}")


def _post(url: str | None, token: str | None, what: str, body: dict[str, Any]) -> dict[str, Any] | None:
    return asyncio.run(_ask("POST", url_of(url, writes=True), token or _own_token(), f"/{what}", body))


async def _ask(method: str, url: str, token: str, path: str, body: dict[str, Any] | None) -> dict[str, Any] | None:
    """None: nobody changed it yet."""
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid4())}
    async with connect(url) as platform:
        answer = await platform.request(method, f"{_DOOR}{path}", json=body, headers=headers)
    if method == "GET" and answer.status_code == 404:  # noqa: PLR2004 - HTTP's own number
        return None
    return read(answer, _OPTION_OF)


def _own_token() -> str:
    return issue_locally(
        desk_secret(), subject="operator", roles=["coordinator"], agency=None, regions=(), lasts_s=_LASTS_S
    )


def _tell(record: dict[str, Any] | None) -> None:
    entry = (record or {}).get("entry") or {}
    until = entry.get("disaster_until")
    blocked = len(entry.get("blocked", ()))
    mode = (
        f"Disaster mode until {in_full_words(datetime.fromisoformat(until), Language.ENGLISH)}" if until else "As usual"
    )
    typer.echo(f"{mode}. Blocked addresses: {blocked}. Every service follows within seconds.")
