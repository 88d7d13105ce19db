"""`ntbcare consumers`."""

import asyncio

import typer

from deploy.commands.apps import command_app
from deploy.commands.kafka import NAMESPACE, BootstrapOption, NamespaceOption, ServiceArgument, kafka_of
from deploy.letters import Letters

app = command_app("Consumers that a flood of dead letters has paused.")


@app.callback()
def _root() -> None:
    """One command so far; the name leaves room for others."""


@app.command("resume")
def resume(service: ServiceArgument, bootstrap: BootstrapOption = None, namespace: NamespaceOption = NAMESPACE) -> None:
    """Let a service's paused consumers go on. Whatever still cannot be handled is parked as before."""
    asyncio.run(Letters(kafka_of(bootstrap, namespace, writes=True), service).resume())
    typer.echo(f"Told every replica of {service} to go on. It takes effect where a consumer is paused now.")
    typer.echo(
        "Watch: /readyz of the service, `ntbcare_consumer_paused` (0 when it goes on) and `ntbcare_dead_letters_total` "
        f"on its /metrics, and `ntbcare dead-letters list {service} --open`."
    )
