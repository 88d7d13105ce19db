"""Options of commands that talk to Kafka."""

import logging
from typing import Annotated, Final

import typer
from pydantic import ValidationError
from pydantic_settings import SettingsConfigDict

from deploy.commands.failures import WRONG_USE, CommandFailed
from deploy.commands.options import Address
from deploy.letters import ParkingService
from shared.settings import FromEnvironment, KafkaSettings

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


class _Environment(FromEnvironment):
    """How to log in has no options: `KAFKA_SECURITY_PROTOCOL`, `KAFKA_USERNAME`, `KAFKA_PASSWORD` and so on."""

    model_config = SettingsConfigDict(env_nested_delimiter="_", env_nested_max_split=1)

    kafka: KafkaSettings = KafkaSettings()


def kafka_of(bootstrap: str | None, namespace: str, *, partitions: int = 12, writes: bool = False) -> KafkaSettings:
    """Raises CommandFailed for what cannot be, such as a login by halves, and rather than guess where to write."""
    # It reports each failed connection by itself, beside the exception that the command puts into words.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    address = _BOOTSTRAP.find(bootstrap, writes=writes)
    given = {"bootstrap": address, "namespace": namespace, "partitions": partitions}
    try:
        return _Environment.model_validate({"kafka": given}).kafka
    except ValidationError as error:
        raise CommandFailed(_why_not(error), code=WRONG_USE) from None


def _why_not(error: ValidationError) -> str:
    """In words; the values are left out, for one of them is a password."""
    faults = error.errors(include_input=False, include_context=False)
    if any("namespace" in fault["loc"] for fault in faults):
        return "--namespace is made of lower-case letters, digits and -."
    return "; ".join(f"{'_'.join(map(str, fault['loc'])).upper()}: {fault['msg']}" for fault in faults)
