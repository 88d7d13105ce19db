"""`ntbcare routing`."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import typer
import uvloop
from pymongo.errors import ConfigurationError

from deploy.commands.apps import command_app
from deploy.commands.failures import WRONG_USE, CommandFailed
from deploy.commands.kafka import NAMESPACE, BootstrapOption, NamespaceOption, kafka_of
from deploy.commands.mongo import DATABASE, DatabaseOption, MongoOption, mongo_of
from deploy.commands.rebuilding import Steps
from services.routing.recovering.recovery import Recovered, Recovery
from services.routing.seeds import seed_entries, seeded_years
from shared.cluster import looking_at
from shared.logs import configure_logs
from shared.mongo import MongoSettings, connected
from shared.settings import KafkaSettings

app = command_app("The cases: bring a lost or restored database up to what the topics tell.")


@app.callback()
def _root() -> None:
    """One command so far; the name leaves room for others."""


@app.command("recover")
def recover(
    bootstrap: BootstrapOption = None,
    namespace: NamespaceOption = NAMESPACE,
    mongo_uri: MongoOption = None,
    database: DatabaseOption = DATABASE,
) -> None:
    """Bring routing's database up to what the topics tell, whether it is empty or a backup that was restored.

    No routing may run meanwhile; intake may, and loses nothing. Killed and begun again it comes to the same. What no
    topic tells of is in docs/operations/backup.md.
    """
    configure_logs("error")
    kafka = kafka_of(bootstrap, namespace, writes=True)
    mongo = MongoSettings(uri=mongo_of(mongo_uri, writes=True), database=database)
    with Steps() as steps, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        _tell(runner.run(_recover(kafka, mongo, steps)))


async def _recover(kafka: KafkaSettings, mongo: MongoSettings, steps: Steps) -> Recovered:
    async with AsyncExitStack() as stack:
        cluster = await stack.enter_async_context(looking_at(kafka, "routing"))
        try:
            found = await stack.enter_async_context(connected(mongo))
        except (ValueError, ConfigurationError) as error:
            raise CommandFailed(f"The address of MongoDB is not right (--mongo-uri): {error}", code=WRONG_USE) from None
        seeds = seed_entries(seeded_years(datetime.now(UTC)))
        return await Recovery(found, cluster, seeds, steps.tell).run()


def _tell(done: Recovered) -> None:
    """Raises CommandFailed where a case can't be made anew."""
    typer.echo(f"{done.tickets} tickets looked at: {done.lifted} cases brought up, {done.opened} opened,")
    typer.echo(f"{done.followed} follow-ups that nobody had been told of, {done.directory} records of the directory.")
    if done.skipped:
        typer.echo(f"{done.skipped} records can never be handled: ntbcare dead-letters list routing")
    if done.unknown:
        raise CommandFailed(
            f"Of {len(done.unknown)} cases the complaint is neither on the topics nor in the database, so they are not "
            f"there: {', '.join(done.unknown[:10])}"
        )
    typer.echo("Routing can be started.")
