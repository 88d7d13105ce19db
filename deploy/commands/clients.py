"""`ntbcare clients`."""

import asyncio
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.markup import escape

from deploy.commands.apps import command_app
from deploy.commands.failures import WRONG_USE, CommandFailed
from deploy.commands.http import connect
from deploy.commands.mongo import DATABASE, DatabaseOption, MongoOption, directory_store, mongo_of, shown
from deploy.commands.options import running_here
from deploy.commands.printing import output, table
from deploy.issuing import ClientRefused, Wish, issue, until_known
from shared.access import make_token
from shared.events.directory import Client, ClientRole

app = command_app("Issue and revoke the tokens of integrators and operators.")


@app.command("issue")
def issue_client(  # noqa: PLR0913 - one parameter is one option of the command line
    name: Annotated[str, typer.Option(help="Whose token it is, in words.")],
    role: Annotated[ClientRole, typer.Option(help="What its holder may do.")],
    *,
    agency: Annotated[str | None, typer.Option(help="For whom its holder works, such as PUPR-52.71.")] = None,
    client_id: Annotated[str | None, typer.Option("--id", help="Short name. Default: made from --name.")] = None,
    mongo_uri: MongoOption = None,
    database: DatabaseOption = DATABASE,
) -> None:
    """Make a client and print its token, once: only the token's digest is kept.

    integrator: submits for others. operator: also enters what came on paper in the past, and signs in at /lapor/loket
    to key in what comes by counter, telephone or social media. Give each person one: it says who keyed something in.
    Who works at the desk signs in instead; on this machine with `ntbcare token`.
    """
    wish = _wish(client_id or _slug(name), name, role, agency)
    address = mongo_of(mongo_uri, writes=True)
    token, digest = make_token(wish.id)
    asyncio.run(_issue(wish, digest, address, database))
    typer.echo(f"{wish.id} is written to the database {database} at {shown(address)}.", err=True)
    running = running_here()
    follows = running is not None and running.mongo_uri == address
    soon = "" if follows else " within seconds"
    typer.echo(f"{wish.id} is {role.value}{soon}. Its token is shown only now; keep it safe:", err=True)
    typer.echo(token)
    if role is ClientRole.OPERATOR:
        typer.echo("Its holder signs in with it at /lapor/loket.", err=True)
    if running is not None and follows:
        typer.echo(asyncio.run(_known(running.url, token)), err=True)


@app.command("revoke")
def revoke_client(
    client_id: Annotated[str, typer.Argument(metavar="ID")],
    mongo_uri: MongoOption = None,
    database: DatabaseOption = DATABASE,
) -> None:
    """Make a client's token worthless, within seconds and for good."""
    asyncio.run(_revoke(client_id, mongo_of(mongo_uri, writes=True), database))
    typer.echo(f"{client_id} is revoked.")


@app.command("list")
def list_clients(mongo_uri: MongoOption = None, database: DatabaseOption = DATABASE) -> None:
    """List the clients, revoked ones too."""
    clients = asyncio.run(_read(mongo_of(mongo_uri), database))
    if not clients:
        typer.echo("There are no clients.")
        return
    shown = table("Id", "Name", "Role", "Agency", "Issued", "Revoked")
    for client in clients:
        revoked = f"{client.revoked_at:%Y-%m-%d %H:%M}" if client.revoked_at else ""
        cells = (
            client.id,
            client.name,
            client.role,
            client.agency or "",
            f"{client.issued_at:%Y-%m-%d %H:%M}",
            revoked,
        )
        shown.add_row(*(escape(cell) for cell in cells))
    output().print(shown)


def _wish(client_id: str, name: str, role: ClientRole, agency: str | None) -> Wish:
    try:
        return Wish(client_id, name, role, agency)
    except ClientRefused as refused:
        raise CommandFailed(str(refused), code=WRONG_USE) from None


async def _known(url: str, token: str) -> str:
    """In words, whether NTB Care knows the token; waits for it."""
    async with connect(url) as platform:
        if await until_known(platform, token):
            return "It is known."
    return f"NTB Care at {url} does not know it yet after 10 seconds. Does it use this database?"


async def _issue(wish: Wish, digest: str, uri: str, database: str) -> None:
    async with directory_store(uri, database) as store:
        try:
            await issue(store, wish, digest)
        except ClientRefused as refused:
            raise CommandFailed(str(refused), code=WRONG_USE) from None
        except ValidationError:
            raise CommandFailed(
                "--id is made of lower-case letters, digits, - and _, at most 41 of them.", code=WRONG_USE
            ) from None


async def _revoke(client_id: str, uri: str, database: str) -> None:
    async with directory_store(uri, database) as store:
        if not await store.revoke_client(client_id, datetime.now(UTC)):
            raise CommandFailed(f"There is no client {client_id}. `ntbcare clients list` shows them.", code=WRONG_USE)


async def _read(uri: str, database: str) -> Sequence[Client]:
    async with directory_store(uri, database) as store:
        return await store.clients()


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40]
