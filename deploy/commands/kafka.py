"""Options of commands that talk to Kafka."""

import logging
from typing import Annotated, Final

import typer
from pydantic import ValidationError

from deploy.commands.failures import WRONG_USE, CommandFailed
from deploy.commands.options import Address
from deploy.letters import ParkingService
from shared.settings import KafkaSettings

NAMESPACE: Final = "ntbcare"
_BOOTSTRAP: Final = Address("--bootstrap", lambda running: running.bootstrap, "127.0.0.1:9092")

BootstrapOption = Annotated[
    str | None,
    typer.Option(
        "--bootstrap",
        envvar="KAFKA_BOOTSTRAP",
        help=f"Address of a Kafka broker. Default: the one that runs here, else {_BOOTSTRAP.default}.",
    ),
]
NamespaceOption = Annotated[
    str,
    typer.Option("--namespace", envvar="KAFKA_NAMESPACE", help="What stands before the dot in every topic's name."),
]

ServiceArgument = Annotated[ParkingService, typer.Argument(help="Whose dead letters or consumers.")]


def kafka_of(bootstrap: str | None, namespace: str, *, partitions: int = 12, writes: bool = False) -> KafkaSettings:
    """Raises CommandFailed for a namespace that no topic can have, and rather than guess where to write."""
    # It reports each failed connection by itself, beside the exception that the command puts into words.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    address = _BOOTSTRAP.find(bootstrap, writes=writes)
    try:
        return KafkaSettings(bootstrap=address, namespace=namespace, partitions=partitions)
    except ValidationError:
        raise CommandFailed("--namespace is made of lower-case letters, digits and -.", code=WRONG_USE) from None
