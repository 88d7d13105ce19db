"""`ntbcare notification`."""

import asyncio

import typer

from deploy.commands.apps import command_app
from deploy.commands.kafka import NAMESPACE, BootstrapOption, NamespaceOption, kafka_of
from shared.cluster import looking_at
from shared.logs import configure_logs
from shared.settings import KafkaSettings

app = command_app("Messages: let a lost or restored contact book learn everything again.")


@app.callback()
def _root() -> None:
    """One command so far; the name leaves room for others."""


@app.command("rewind")
def rewind(bootstrap: BootstrapOption = None, namespace: NamespaceOption = NAMESPACE) -> None:
    """Let notification read all topics again from their beginning. No replica of it may run meanwhile.

    What happened before `NOTIFICATION_SILENT_BEFORE` is then told to nobody: set it to the time of the loss.
    """
    configure_logs("error")
    records = asyncio.run(_rewind(kafka_of(bootstrap, namespace, writes=True)))
    typer.echo(f"Notification reads {records} records again when it starts.")


async def _rewind(kafka: KafkaSettings) -> int:
    async with looking_at(kafka, "notification") as cluster:
        return await cluster.rewind("notification")
