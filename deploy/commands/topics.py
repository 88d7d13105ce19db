"""`ntbcare topics`."""

import asyncio
from typing import Annotated

import typer
from rich.table import Table

from deploy.commands.apps import command_app
from deploy.commands.kafka import NAMESPACE, BootstrapOption, NamespaceOption, kafka_of
from deploy.commands.printing import output, table
from deploy.rights import Named, Right, grant, rights
from deploy.topics import Difference, apply_topics, check_topics

app = command_app("Create the topics, compare them with a cluster.")

PartitionsOption = Annotated[
    int,
    typer.Option(
        "--partitions", envvar="KAFKA_PARTITIONS", min=1, help="Of topics whose declaration doesn't say otherwise."
    ),
]


@app.command("apply")
def apply(
    bootstrap: BootstrapOption = None, namespace: NamespaceOption = NAMESPACE, partitions: PartitionsOption = 12
) -> None:
    """Create the topics that are missing. Those that exist stay as they are."""
    created = asyncio.run(apply_topics(kafka_of(bootstrap, namespace, partitions=partitions)))
    for name in created:
        typer.echo(f"created {name}")
    typer.echo(f"{len(created)} topics created." if created else "Every topic is there.")


@app.command("check")
def check(
    bootstrap: BootstrapOption = None, namespace: NamespaceOption = NAMESPACE, partitions: PartitionsOption = 12
) -> None:
    """Compare the topics with their declaration. Exit code 1 when anything differs."""
    differences = asyncio.run(check_topics(kafka_of(bootstrap, namespace, partitions=partitions)))
    if not differences:
        typer.echo("Every topic is as declared.")
        return
    output().print(_table(differences))
    typer.echo(f"{len(differences)} differences. `ntbcare topics apply` creates what is missing, and changes nothing.")
    raise typer.Exit(1)


@app.command("acls")
def acls(
    bootstrap: BootstrapOption = None,
    namespace: NamespaceOption = NAMESPACE,
    give: Annotated[bool, typer.Option("--apply", help="Give the rights, as a super user of the cluster.")] = False,  # noqa: FBT002 - an option of the command line
) -> None:
    """Show what each service may do at a broker that has an authorizer: each is a user with the service's name."""
    wanted = rights(namespace)
    if not give:
        output().print(_rights(wanted))
        return
    asyncio.run(grant(kafka_of(bootstrap, namespace, writes=True), wanted))
    typer.echo(f"{len(wanted)} rights given.")


def _rights(wanted: list[Right]) -> Table:
    shown = table("User", "May", "Of", "Name")
    for right in wanted:
        name = right.name if right.named is Named.EXACTLY else f"{right.name}*"
        shown.add_row(right.user, right.operation.name.lower(), right.of.name.lower(), name)
    return shown


def _table(differences: list[Difference]) -> Table:
    shown = table("Topic", "What", "Declared", "Found")
    for difference in differences:
        shown.add_row(difference.topic, difference.what, difference.wanted, difference.found)
    return shown
