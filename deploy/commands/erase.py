"""`ntbcare erase`."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.markup import escape

from deploy.commands.apps import command_app
from deploy.commands.failures import WRONG_USE, CommandFailed
from deploy.commands.kafka import NAMESPACE, BootstrapOption, NamespaceOption, kafka_of
from deploy.commands.options import data_folder, running_here
from deploy.commands.printing import output, progress_output, table
from deploy.compaction import compacting_soon
from deploy.erasure import Erasure, NotHeard, erasure_of, sweep
from deploy.proof import KINDS, Known, Looked, Places, known_of, look
from services.intake.erasing.deciding import Rules
from services.intake.erasing.janitor import Swept
from services.intake.settings import BlobSettings, JanitorSettings
from shared.events.complaints import ErasureReason
from shared.ids import parse_ticket
from shared.settings import KafkaSettings

app = command_app()

_REPEATS_EVERY_S: Final = 5.0

PathsOption = list[Path] | None


@dataclass(frozen=True)
class _Asked:
    """What the command is to do."""

    ticket: str
    reason: ErasureReason
    kafka: KafkaSettings
    blobs: BlobSettings
    places: Places | None
    compact: bool
    wait_s: float


@app.command()
def erase(  # noqa: PLR0913 - one parameter is one option of the command line
    ticket: Annotated[
        str | None, typer.Argument(help="As on the receipt; dashes and capitals do not matter.", show_default=False)
    ] = None,
    *,
    due: Annotated[
        bool, typer.Option("--due", help="Instead of a ticket: all that is due, as intake's janitor does by itself.")
    ] = False,
    keep_days: Annotated[
        int,
        typer.Option(min=1, help="With --due: after a case ended; the same as intake's INTAKE_JANITOR__KEEP_FOR."),
    ] = 730,
    reason: Annotated[
        ErasureReason, typer.Option(help="asked: by the person concerned. retention: nobody needs it any more.")
    ] = ErasureReason.ASKED,
    proof: Annotated[
        bool, typer.Option("--proof", help="Look for what was erased where it lay, and print it.")
    ] = False,
    compact: Annotated[
        bool, typer.Option("--compact", help="Have the broker compact both topics now instead of within 36 hours.")
    ] = False,
    wait: Annotated[float, typer.Option(help="Seconds to wait for the services, and for the broker.")] = 120.0,
    blobs: Annotated[
        str | None,
        typer.Option(envvar="INTAKE_BLOBS__URL", help="Where intake keeps photos. Default: of what runs here."),
    ] = None,
    kafka_log: Annotated[PathsOption, typer.Option(help="Folder of the broker's log (log.dirs), for --proof.")] = None,
    mongo_uri: Annotated[
        str | None, typer.Option(envvar="ROUTING_MONGO__URI", help="MongoDB with the three databases, for --proof.")
    ] = None,
    database: Annotated[list[str] | None, typer.Option(help="A database to look through, for --proof.")] = None,
    photos: Annotated[PathsOption, typer.Option(help="Folder with photos, for --proof.")] = None,
    log: Annotated[PathsOption, typer.Option(help="Log file, or folder of such, for --proof.")] = None,
    bootstrap: BootstrapOption = None,
    namespace: NamespaceOption = NAMESPACE,
) -> None:
    """Erase what a complaint says of a person: who they are, what was written, where exactly, photos. For good.

    The case, its clocks and all figures stay as they are. It waits until routing, notification and reporting have it
    gone. With --proof it reads what is known before, and looks for it afterwards.
    """
    if bool(ticket) == due:
        raise CommandFailed("Name the ticket, or take all that is due with --due.", code=WRONG_USE)
    if due:
        kafka = kafka_of(bootstrap, namespace, writes=True)
        _tell(asyncio.run(sweep(kafka, BlobSettings(url=blobs or _blobs_here()), _rules(keep_days))))
        return
    if compact and not proof:
        raise CommandFailed("--compact goes with --proof, which waits until it is done.", code=WRONG_USE)
    places = _places(kafka_log, mongo_uri, photos, log) if proof else None
    if places is not None and database:
        places = Places(places.kafka, places.mongo_uri, tuple(database), places.blobs, places.logs)
    asked = _Asked(
        ticket=_parsed(ticket or ""),
        reason=reason,
        kafka=kafka_of(bootstrap, namespace, writes=True),
        blobs=BlobSettings(url=blobs or _blobs_here()),
        places=places,
        compact=compact,
        wait_s=wait,
    )
    if not asyncio.run(_erase(asked)):
        raise CommandFailed("Something of it is still there. What is compacted later is gone within 36 hours.")


def _rules(keep_days: int) -> Rules:
    return Rules(timedelta(days=keep_days), JanitorSettings().orphans_after)


def _tell(swept: Swept) -> None:
    """Raises CommandFailed where not all was done."""
    typer.echo(f"Erased: {swept.tickets} tickets, {swept.parts} parts, {swept.photos} photos.")
    if swept.left:
        raise CommandFailed(
            f"{swept.left} tickets are left: a store did not answer, or they were too many. Run it again."
        )


async def _erase(asked: _Asked) -> bool:
    """False: the proof found something."""
    say = progress_output().print
    known = await known_of(asked.kafka, asked.ticket)
    async with erasure_of(asked.kafka, asked.blobs, asked.ticket, asked.reason) as erasure:
        if not await erasure.is_known() and not known.values:
            raise CommandFailed(f"Intake knows no complaint {asked.ticket}.", code=WRONG_USE)
        swept = await erasure.do()
        if swept.left:
            raise CommandFailed(
                "Photos could not be deleted, or the broker did not take all of it. Mend that, and run this again."
            )
        say(f"Erased in intake: {swept.parts} parts, {swept.photos} photos.", highlight=False)
        try:
            readers = await erasure.heard(asked.wait_s)
        except NotHeard as late:
            raise CommandFailed(
                f"{', '.join(late.groups)} did not read of it yet, and will erase it on reading. Run this again then."
            ) from None
        say(f"Gone in: {', '.join(readers)}.", highlight=False)
        if asked.places is None:
            return True
        looked = await _proven(asked, asked.places, known, erasure)
    _print(known, looked)
    return not any(one.found for one in looked)


async def _proven(asked: _Asked, places: Places, known: Known, erasure: Erasure) -> Sequence[Looked]:
    """What is found once the broker has compacted, or when the time to wait is over."""
    deadline = time.monotonic() + asked.wait_s
    async with AsyncExitStack() as stack:
        if asked.compact:
            await stack.enter_async_context(compacting_soon(asked.kafka))
        while True:
            looked = await look(known, places)
            if not any(one.found for one in looked) or time.monotonic() > deadline or not asked.compact:
                return looked
            # What is written now closes the file that holds what was erased.
            await erasure.do()
            await asyncio.sleep(_REPEATS_EVERY_S)


def _print(known: Known, looked: Sequence[Looked]) -> None:
    shown = table("Looked through", "How much", "Found in")
    for one in looked:
        shown.add_row(one.what, one.looked_at, escape(", ".join(one.found)) or "nowhere")
    for kind in KINDS:
        if kind not in {one.what for one in looked}:
            shown.add_row(kind, "not looked through", "")
    console = output()
    console.print(
        f"Looked for {len(known.values)} texts, names, addresses and numbers, and {len(known.photos)} photos."
    )
    console.print(shown)


def _places(kafka_log: PathsOption, mongo_uri: str | None, photos: PathsOption, log: PathsOption) -> Places:
    """Those that were given, else of the platform that runs here. Raises CommandFailed where there are none."""
    here = _places_here()
    places = Places(
        tuple(kafka_log or here.kafka),
        mongo_uri or here.mongo_uri,
        here.databases,
        tuple(photos or here.blobs),
        tuple(log or here.logs),
    )
    if places == Places():
        raise CommandFailed(
            f"No NTB Care runs from {data_folder()}, so say where to look: --kafka-log, --mongo-uri, --photos, --log.",
            code=WRONG_USE,
        )
    return places


def _places_here() -> Places:
    """None where nothing runs here."""
    running, folder = running_here(), data_folder()
    if running is None:
        return Places()
    kafka, mongod = folder / "kafka", folder / "mongodb"
    logs = (folder / "logs", kafka / "kafka.log", mongod / "mongod.log")
    return Places((kafka / "log",), running.mongo_uri, blobs=(folder / "blobs",), logs=logs)


def _blobs_here() -> str:
    """Raises CommandFailed rather than guess where photos are."""
    if running_here() is None:
        raise CommandFailed("Say where intake keeps photos: --blobs, or INTAKE_BLOBS__URL.", code=WRONG_USE)
    return (data_folder() / "blobs").absolute().as_uri()


def _parsed(ticket: str) -> str:
    try:
        return parse_ticket(ticket)
    except ValueError as error:
        raise CommandFailed(f"This is no ticket: {error}", code=WRONG_USE) from None
