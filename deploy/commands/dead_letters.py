"""`ntbcare dead-letters`."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import track

from deploy.commands.apps import command_app
from deploy.commands.failures import WRONG_USE, CommandFailed
from deploy.commands.kafka import NAMESPACE, BootstrapOption, NamespaceOption, ServiceArgument, kafka_of
from deploy.commands.printing import facts, output, progress_output, table
from deploy.letters import Letter, Letters, Superseded
from shared.records import told_headers

app = command_app("What a service could not handle: list it, look at it, give it to the service again.")

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="As listed, or its first characters.")]
IdsArgument = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="As listed, or the first characters.")]


@app.command("list")
def list_letters(
    service: ServiceArgument,
    *,
    only_open: Annotated[bool, typer.Option("--open", help="Leave out what was given to the service again.")] = False,
    bootstrap: BootstrapOption = None,
    namespace: NamespaceOption = NAMESPACE,
) -> None:
    """List the dead letters of the last 90 days. `open`: nobody has tried it again since it was parked last."""
    letters = asyncio.run(Letters(kafka_of(bootstrap, namespace), service).read())
    shown = [letter for letter in letters if letter.is_open or not only_open]
    if not shown:
        typer.echo(f"{service} has no dead letters.")
        return
    shown_letters = table("Id", "Parked", "From", "Reason", "State")
    for letter in shown:
        place = f"{letter.topic}/{letter.partition}/{letter.offset}"
        state = "open" if letter.is_open else "redriven"
        shown_letters.add_row(letter.id, f"{letter.at:%Y-%m-%d %H:%M:%S}", place, escape(letter.reason), state)
    output().print(shown_letters)


@app.command("show")
def show_letter(
    service: ServiceArgument,
    letter_id: IdArgument,
    *,
    body: Annotated[
        bool, typer.Option("--body", help="Also the bytes, which may hold what residents are and wrote.")
    ] = False,
    bootstrap: BootstrapOption = None,
    namespace: NamespaceOption = NAMESPACE,
) -> None:
    """Show where a dead letter comes from, why it was parked, and its headers."""
    letter, value = asyncio.run(_show(Letters(kafka_of(bootstrap, namespace), service), letter_id, body=body))
    console = output()
    told = facts()
    told.add_row("State", "open" if letter.is_open else "redriven")
    told.add_row("Key", escape(repr(letter.record.key)))
    for name, content in told_headers(letter.record):
        told.add_row(escape(name), escape(content.decode(errors="backslashreplace")))
    console.print(told)
    if body:
        console.print(escape(value), soft_wrap=True)


@app.command("redrive")
def redrive(
    service: ServiceArgument,
    ids: IdsArgument = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All that are open.")] = False,
    bootstrap: BootstrapOption = None,
    namespace: NamespaceOption = NAMESPACE,
) -> None:
    """Give dead letters to the service again. What it still cannot handle is parked again, under the same id."""
    if bool(ids) == everything:
        raise CommandFailed("Name the letters by their ids, or take all that are open with --all.", code=WRONG_USE)
    letters = Letters(kafka_of(bootstrap, namespace, writes=True), service)
    sent, superseded = asyncio.run(_redrive(letters, ids or []))
    for letter in superseded:
        typer.echo(f"{letter.id} is superseded: its topic holds it no more. Skipped.")
    typer.echo(f"{sent} given to {service} again.")


async def _show(letters: Letters, letter_id: str, *, body: bool) -> tuple[Letter, str]:
    letter = _find(await letters.read(), letter_id)
    if not body:
        return letter, ""
    try:
        value = await letters.bytes_of(letter)
    except Superseded:
        return letter, "(superseded: the topic holds the record no more)"
    return letter, "(null: a tombstone)" if value is None else value.decode(errors="backslashreplace")


async def _redrive(letters: Letters, ids: Sequence[str]) -> tuple[int, list[Letter]]:
    """How many went, and which could not. Without ids: all that are open."""
    known = await letters.read()
    chosen = [_find(known, one) for one in ids] if ids else [letter for letter in known if letter.is_open]
    for letter in chosen:
        if not letter.is_open:
            raise CommandFailed(f"{letter.id} was given to the service already, and was not parked again since.")
    ready: list[Letter] = []
    superseded: list[Letter] = []
    for letter in track(chosen, "Reading", transient=True, console=progress_output()):
        try:
            await letters.bytes_of(letter)
        except Superseded:
            superseded.append(letter)
        else:
            ready.append(letter)
    await letters.redrive(ready)
    return len(ready), superseded


def _find(letters: Sequence[Letter], beginning: str) -> Letter:
    found = [letter for letter in letters if letter.id.startswith(beginning.lower())]
    if not found:
        raise CommandFailed(f"There is no dead letter {beginning}.", code=WRONG_USE)
    if len(found) > 1:
        raise CommandFailed(f"{len(found)} dead letters begin with {beginning}: give more of the id.", code=WRONG_USE)
    return found[0]
