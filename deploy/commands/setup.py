"""`ntbcare setup`."""

import asyncio
from typing import Annotated

import typer

from deploy.commands.apps import command_app
from deploy.commands.kafka import NAMESPACE, BootstrapOption, NamespaceOption, kafka_of
from deploy.setting_up import set_up

app = command_app()


@app.command()
def setup(
    bootstrap: BootstrapOption = None,
    namespace: NamespaceOption = NAMESPACE,
    member: Annotated[
        str, typer.Option("--mongo-member", help="host:port of a MongoDB that is alone, as the services know it.")
    ] = "127.0.0.1:27017",
    brokers: Annotated[int, typer.Option("--brokers", min=1, help="So many must be there before topics are made.")] = 1,
) -> None:
    """Wait for both, make MongoDB a replica set of one where it is in none, create the topics that are missing.

    What is done stays as it is, so it may run before every start.
    """
    kafka = kafka_of(bootstrap, namespace, writes=True)
    created = asyncio.run(set_up(kafka, member, brokers))
    typer.echo(f"Kafka and MongoDB are ready. {len(created)} topics created.")
