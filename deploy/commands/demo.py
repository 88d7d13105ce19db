"""`ntbcare demo`."""

import asyncio
from typing import Annotated, Any

import typer
from pymongo.errors import PyMongoError
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from deploy.commands.apps import command_app
from deploy.commands.desk import desk_secret
from deploy.commands.failures import WRONG_USE, CommandFailed
from deploy.commands.http import connect
from deploy.commands.mongo import DATABASE, MongoOption, directory_store, mongo_of
from deploy.commands.options import UrlOption, data_folder, running_here, url_of
from deploy.commands.printing import output, progress_output, table
from deploy.demo.complaints import demo_complaints
from deploy.demo.loading import DemoLoader, DemoNotLoaded
from deploy.demo.tokens import demo_operator, demo_tokens
from deploy.issuing import ClientRefused
from deploy.local.development import DEMO, development_secrets

app = command_app("Made-up complaints to look at.")


@app.callback()
def _root() -> None:
    """One command so far; the name leaves room for others."""


@app.command()
def load(
    url: UrlOption = None,
    mongo_uri: MongoOption = None,
    operator_token: Annotated[
        str | None, typer.Option(envvar="NTBCARE_OPERATOR_TOKEN", help="Of a client with the role operator.")
    ] = None,
) -> None:
    """Submit the 278 complaints of January to October 2021, 185 of them followed up, and print the figures.

    Both totals are real; everything else is made up. Doing it again changes nothing. It acts for the agencies, which
    takes the secret that `ntbcare token` takes. Without an operator's token it makes a client for itself, for which it
    needs routing's MongoDB.
    """
    address = url_of(url, writes=True)
    totals, rows = asyncio.run(_load(address, operator_token, mongo_uri))
    _print(totals, rows)


async def _load(url: str, operator: str | None, mongo_uri: str | None) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    try:
        async with connect(url) as client:
            await client.get("/readyz")  # rather say now that nothing answers there than after a client was made
            secret = desk_secret()
            loader = DemoLoader(client, demo_tokens(operator or await _own_operator(url, mongo_uri), secret))
            await loader.check_desk()
            refused = await _work(loader)
            if refused:
                typer.echo(f"{refused} cases were changed by others meanwhile and stay as they are.", err=True)
            figures = await loader.until_counted()
            return figures["totals"], (await loader.figures("region"))["rows"]
    except DemoNotLoaded as failure:
        raise CommandFailed(str(failure)) from None


async def _own_operator(url: str, mongo_uri: str | None) -> str:
    running = running_here()
    if not mongo_uri and running and running.url != url:
        raise CommandFailed(
            f"{url} is not what runs from {data_folder()}, so say with --mongo-uri where its routing's MongoDB is. Or "
            "give --operator-token.",
            code=WRONG_USE,
        )
    address = mongo_of(mongo_uri, writes=True)
    secret = development_secrets(data_folder())[DEMO]
    try:
        async with directory_store(address, DATABASE) as store:
            return await demo_operator(store, secret)
    except ClientRefused as refused:
        raise CommandFailed(f"{refused} Give --operator-token.") from None
    except PyMongoError:
        raise CommandFailed(
            "The demo makes a client for itself in routing's MongoDB, which does not answer (--mongo-uri). Or issue "
            "one with `ntbcare clients issue`, and give --operator-token."
        ) from None


async def _work(loader: DemoLoader) -> int:
    complaints = demo_complaints()
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=progress_output()) as progress:
        followed_up = sum(complaint.followed_up for complaint in complaints)
        submitting = progress.add_task("Submitting complaints", total=len(complaints))
        acting = progress.add_task("Following up", total=followed_up)
        submitted = await loader.submit(complaints, lambda: progress.advance(submitting))
        chosen = [one for one in submitted if one.complaint.followed_up]
        return await loader.follow_up(chosen, lambda: progress.advance(acting))


def _print(totals: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    shown = table("Region", "Received", "Followed up", "%", "Done")
    for row in sorted(rows, key=lambda row: -row["received"]):
        shown.add_row(row["region_name"] or row["region"], *_counts(row))
    shown.add_section()
    shown.add_row("All", *_counts(totals))
    output().print(shown)


def _counts(figures: dict[str, Any]) -> list[str]:
    return [str(figures[name]) for name in ("received", "followed_up", "followed_up_percent", "done")]
