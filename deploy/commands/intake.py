"""`ntbcare intake`."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import httpx2
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from deploy.bulk.columns import Names, unknown_columns
from deploy.bulk.files import FileUnreadable, Table, read_table
from deploy.bulk.sending import Importer, ImportStopped, Journal
from deploy.commands.apps import command_app
from deploy.commands.failures import WRONG_USE, CommandFailed
from deploy.commands.http import TIMEOUT_S, read
from deploy.commands.options import UrlOption, url_of
from deploy.commands.printing import progress_output

app = command_app("What comes in by other ways than the form.")

_COLUMNS: Final = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
_WORDS: Final[Mapping[str, str]] = {
    "accepted": "accepted",
    "before": "accepted by an earlier run",
    "valid": "would be accepted",
    "refused": "refused",
}
_SOME_REFUSED: Final = 3


@app.callback()
def _root() -> None:
    """One command so far; the name leaves room for others."""


@app.command("import")
def import_file(  # noqa: PLR0913 - one parameter is one option of the command line
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="A .csv or .jsonl file; see docs/import.md.")
    ],
    *,
    token: Annotated[
        str,
        typer.Option(envvar="NTBCARE_OPERATOR_TOKEN", help="Of a client with the role operator.", show_default=False),
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be refused, and submit nothing.")] = False,
    channel: Annotated[str, typer.Option(help="Of rows that name none: how they came.")] = "import",
    at_once: Annotated[int, typer.Option(min=1, max=64, help="How many rows are sent at the same time.")] = 8,
    patience: Annotated[int, typer.Option(min=1, help="Seconds to wait for a server that is away.")] = 300,
    url: UrlOption = None,
) -> None:
    """Submit each row of a file as a complaint.

    FILE.accepted.csv gets ticket and codes of each, FILE.refused.csv (or .jsonl) the rows that were refused with line
    and reason: mend it and import it. An import that was broken off goes on when it is begun again; what was accepted
    is never accepted twice. Ends with status 3 where rows were refused.
    """
    table = _read(file)
    journal = Journal(file.with_name(f"{file.name}.accepted.csv"))
    journal.read()
    settings = {"channel": channel, "dry_run": dry_run, "patience_s": float(patience)}
    address = url_of(url, writes=not dry_run)
    importer, stopped = asyncio.run(_run(address, token, (table, journal), at_once, settings))
    told = ", ".join(
        f"{importer.outcome.counts[name]} {words}" for name, words in _WORDS.items() if importer.outcome.counts[name]
    )
    typer.echo(f"{len(table.rows)} rows: {told or 'nothing done'}.")
    write_refused(file, table, importer, complete=stopped is None)
    if stopped is not None:
        raise CommandFailed(f"{stopped} Begin it again, and it goes on where it stopped.")
    if importer.outcome.refused:
        raise typer.Exit(_SOME_REFUSED)


def _read(file: Path) -> Table:
    """Raises CommandFailed."""
    try:
        table = read_table(file)
    except FileUnreadable as error:
        raise CommandFailed(str(error), code=WRONG_USE) from None
    unknown = unknown_columns(table.columns)
    if unknown:
        raise CommandFailed(
            f"These columns mean nothing here: {', '.join(unknown)}. See docs/import.md.", code=WRONG_USE
        )
    return table


async def _run(
    url: str, token: str, work: tuple[Table, Journal], at_once: int, settings: Mapping[str, Any]
) -> tuple[Importer, ImportStopped | None]:
    headers, limits = {"Authorization": f"Bearer {token}"}, httpx2.Limits(max_connections=at_once, keepalive_expiry=2)
    async with httpx2.AsyncClient(base_url=url, timeout=TIMEOUT_S, headers=headers, limits=limits) as http:
        return await import_rows(http, work, at_once, settings)


async def import_rows(
    http: httpx2.AsyncClient, work: tuple[Table, Journal], at_once: int, settings: Mapping[str, Any]
) -> tuple[Importer, ImportStopped | None]:
    """With a progress bar; what stopped it, where something did."""
    table, journal = work
    options = read(await http.get("/v1/complaints/options"))
    importer = Importer(http, table, Names.of(options), journal, **settings)
    with Progress(*_COLUMNS, console=progress_output()) as progress:
        task = progress.add_task("Checking" if importer.dry_run else "Importing", total=len(table.rows))
        try:
            await importer.run(at_once, lambda: progress.advance(task))
        except ImportStopped as stopped:
            return importer, stopped
    return importer, None


def write_refused(file: Path, table: Table, importer: Importer, *, complete: bool) -> None:
    """Beside the file. What an earlier run left is replaced only by what a whole run says."""
    path = file.with_name(f"{file.name}.refused{'.jsonl' if table.is_lines else '.csv'}")
    refused = sorted(importer.outcome.refused, key=lambda one: one[0].line)
    if refused:
        # The mark lets Excel know that it is UTF-8.
        path.write_text(table.with_reasons(refused), encoding="utf-8" if table.is_lines else "utf-8-sig", newline="")
        typer.echo(f"Refused rows, with reasons: {path}")
    elif complete:
        path.unlink(missing_ok=True)
