"""`ntbcare reporting`."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, TypeVar

import typer
import uvloop
from pymongo.errors import ConfigurationError

from deploy.commands.apps import command_app
from deploy.commands.failures import WRONG_USE, CommandFailed
from deploy.commands.kafka import NAMESPACE, BootstrapOption, NamespaceOption, kafka_of
from deploy.commands.mongo import mongo_of
from deploy.commands.printing import output, table
from deploy.commands.rebuilding import Steps, read_definitions, scanning, tell_comparison, tell_findings
from services.reporting.domain.definitions import Definitions
from services.reporting.domain.generations import Comparison, Generation, Known, State
from services.reporting.rebuilding.comparing import compare_served
from services.reporting.rebuilding.dropping import drop as drop_generation
from services.reporting.rebuilding.rebuild import Rebuild, generation_to_decide, generation_to_fill
from services.reporting.rebuilding.verifying import verify_cases, verify_figures
from services.reporting.store import Store
from services.reporting.store.contents import size_of
from shared.cluster import Cluster, looking_at
from shared.logs import configure_logs
from shared.memory import settle_memory
from shared.mongo import MongoSettings
from shared.settings import KafkaSettings

app = command_app("The read models: rebuild them from the topics, switch between generations, verify them.")

DATABASE: Final = "reporting"
Result = TypeVar("Result")

MongoOption = Annotated[
    str | None,
    typer.Option(
        "--mongo-uri",
        envvar="REPORTING_MONGO__URI",
        help="Where reporting's MongoDB is. Default: the one that runs here, else on this machine.",
    ),
]
DatabaseOption = Annotated[
    str, typer.Option("--database", envvar="REPORTING_MONGO__DATABASE", help="Name of reporting's database.")
]
GenerationArgument = Annotated[str, typer.Argument(metavar="GENERATION", help="As `generations` lists it.")]


@app.command("rebuild")
def rebuild(  # noqa: PLR0913 - one parameter is one option of the command line
    generation: Annotated[
        str | None, typer.Option(help="Its name. Default: the one that is unfinished, else the next number.")
    ] = None,
    definitions: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="JSON file. Default: those of this version.")
    ] = None,
    *,
    switch: Annotated[
        bool | None,
        typer.Option(
            "--switch/--no-switch", help="Whatever differs. Default: if nothing does; else ask, on a terminal."
        ),
    ] = None,
    bootstrap: BootstrapOption = None,
    namespace: NamespaceOption = NAMESPACE,
    mongo_uri: MongoOption = None,
    database: DatabaseOption = DATABASE,
) -> None:
    """Make a new generation of all cases and figures from the topics, beside the live one, and switch to it.

    Readers notice nothing. Killed at any moment and begun again it goes on. The old generation stays, and up to date,
    until it is dropped. Exit code 1 when something differs and nothing was switched.
    """
    given = read_definitions(definitions) if definitions else None
    where = _Where(kafka_of(bootstrap, namespace, writes=True), mongo_of(mongo_uri, writes=True), database)
    comparison, name = _run(where, lambda store, cluster: _rebuild(store, cluster, generation, given))
    if _wanted(comparison, switch, name):
        _run(where, lambda store, _: _switch(store, name))
        return
    _run(where, lambda store, _: store.generations.decide(name))
    typer.echo(f"Not switched. Generation {name} is kept up to date. To switch: ntbcare reporting switch {name}.")
    typer.echo(f"To throw it away: ntbcare reporting drop {name}")
    if not comparison.is_equal:
        raise typer.Exit(1)


@app.command("generations")
def list_generations(
    bootstrap: BootstrapOption = None,
    namespace: NamespaceOption = NAMESPACE,
    mongo_uri: MongoOption = None,
    database: DatabaseOption = DATABASE,
) -> None:
    """List the generations: which one answers, how many cases each has, how many records it has still to read."""
    where = _Where(kafka_of(bootstrap, namespace), mongo_of(mongo_uri), database)
    shown = table("Generation", "State", "Definitions", "Cases", "Behind", "Made")
    for cells in _run(where, _rows):
        shown.add_row(*cells)
    output().print(shown)


@app.command("switch")
def switch(
    generation: GenerationArgument,
    bootstrap: BootstrapOption = None,
    namespace: NamespaceOption = NAMESPACE,
    mongo_uri: MongoOption = None,
    database: DatabaseOption = DATABASE,
) -> None:
    """Answer readers from another generation, within a second. Any that is kept; so also back."""
    where = _Where(kafka_of(bootstrap, namespace, writes=True), mongo_of(mongo_uri, writes=True), database)
    _run(where, lambda store, _: _switch(store, generation))


@app.command("drop")
def drop(
    generation: GenerationArgument,
    bootstrap: BootstrapOption = None,
    namespace: NamespaceOption = NAMESPACE,
    mongo_uri: MongoOption = None,
    database: DatabaseOption = DATABASE,
) -> None:
    """Throw a generation away: its collections and its consumer group. Never the live one."""
    where = _Where(kafka_of(bootstrap, namespace, writes=True), mongo_of(mongo_uri, writes=True), database)
    _run(where, lambda store, cluster: drop_generation(store, cluster, generation))
    typer.echo(f"Generation {generation} is gone.")


@app.command("verify")
def verify(  # noqa: PLR0913 - one parameter is one option of the command line
    generation: Annotated[str | None, typer.Option(help="Default: the live one.")] = None,
    sample: Annotated[int, typer.Option(min=0, help="How many cases to project anew from the topics.")] = 100,
    *,
    bootstrap: BootstrapOption = None,
    namespace: NamespaceOption = NAMESPACE,
    mongo_uri: MongoOption = None,
    database: DatabaseOption = DATABASE,
) -> None:
    """Count all figures anew from the cases, and a sample of cases anew from the topics. Exit code 1 if any differs."""
    where = _Where(kafka_of(bootstrap, namespace), mongo_of(mongo_uri), database)
    if not _run(where, lambda store, cluster: _verify(store, cluster, generation, sample)):
        raise typer.Exit(1)


class _Where:
    """The platform whose read models they are."""

    def __init__(self, kafka: KafkaSettings, mongo_uri: str, database: str) -> None:
        self.kafka = kafka
        self.mongo = MongoSettings(uri=mongo_uri, database=database)

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[tuple[Store, Cluster]]:
        async with AsyncExitStack() as stack:
            cluster = await stack.enter_async_context(looking_at(self.kafka))
            try:
                store = await stack.enter_async_context(Store(self.mongo).open(begin=False))
            except (ValueError, ConfigurationError) as error:
                words = f"The address of MongoDB is not right (--mongo-uri): {error}"
                raise CommandFailed(words, code=WRONG_USE) from None
            yield store, cluster


def _run(where: _Where, act: Callable[[Store, Cluster], Awaitable[Result]]) -> Result:
    configure_logs("error")

    async def run() -> Result:
        async with where.open() as (store, cluster):
            return await act(store, cluster)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run())


async def _rebuild(
    store: Store, cluster: Cluster, wanted: str | None, definitions: Definitions | None
) -> tuple[Comparison, str]:
    if undecided := await generation_to_decide(store, wanted, definitions):
        typer.echo(f"Generation {undecided.id} is filled already; its rebuild ended before anything was switched.")
        comparison = await compare_served(cluster, store.live, store.of(undecided))
        tell_comparison(comparison, store.live.generation.id, undecided.id)
        return comparison, undecided.id
    generation = await generation_to_fill(store, wanted, definitions)
    settle_memory()
    with Steps() as steps:
        steps.say(f"Generation {generation.id}, definitions {generation.version}.")
        work = Rebuild(store, cluster, generation, steps.tell)
        async with work.running():
            await work.fill()
            comparison = await work.compare()
            taken_over = await work.hand_over()
    if work.skipped:
        typer.echo(f"{work.skipped} records can never be handled: ntbcare dead-letters list reporting")
    tell_comparison(comparison, store.live.generation.id, generation.id)
    if not comparison.is_settled and (behind := await cluster.lag(store.live.generation.group)):
        typer.echo(f"The live generation has still {behind} records to read. Does reporting run?")
    if not taken_over:
        typer.echo("No replica of reporting took it over yet. Each does as soon as it runs.")
    return comparison, generation.id


def _wanted(comparison: Comparison, switch: bool | None, name: str) -> bool:  # noqa: FBT001 - as the option is
    if switch is not None:
        return switch
    if comparison.is_equal or not sys.stdin.isatty():
        return comparison.is_equal
    return typer.confirm(f"Switch to generation {name} all the same?", err=True)


async def _switch(store: Store, name: str) -> None:
    known = await store.generations.read()
    known.check_switch(name)
    if known.live == name:
        typer.echo(f"Generation {name} is the live one already.")
        return
    await store.generations.point_to(name, datetime.now(UTC))
    typer.echo(f"Readers are answered from generation {name} within a second. {known.live} stays, and up to date.")
    typer.echo(f"Back: ntbcare reporting switch {known.live}. To throw it away: ntbcare reporting drop {known.live}")


async def _rows(store: Store, cluster: Cluster) -> list[tuple[str, ...]]:
    known = await store.generations.read()
    return [await _row(store, cluster, known, one) for _, one in sorted(known.generations.items())]


async def _row(store: Store, cluster: Cluster, known: Known, generation: Generation) -> tuple[str, ...]:
    state = "live" if generation.id == known.live else generation.state.value
    if generation.state is State.SERVED and generation.id != known.live:
        state = "kept"
    if generation.state is State.BUILDING and generation.progress:
        state = f"building, {generation.progress.share:.0%} read"
    cases, behind = await size_of(store.of(generation)), await cluster.lag(generation.group)
    return generation.id, state, generation.version, str(cases), str(behind), f"{generation.made_at:%Y-%m-%d %H:%M}"


async def _verify(store: Store, cluster: Cluster, wanted: str | None, sample: int) -> bool:
    known = await store.generations.read()
    model = store.of(known.find(wanted or known.live))
    with scanning("Counting the months") as tell:
        months, figures = await verify_figures(model, tell)
    with scanning("Reading the topics") as tell:
        sampled, cases = await verify_cases(model, cluster, sample, tell)
    typer.echo(f"Generation {model.generation.id}: {months} months and {sampled} cases looked at.")
    tell_findings(figures, cases)
    return not figures and not cases
