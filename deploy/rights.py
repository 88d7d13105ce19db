"""Who may do what at a broker with an authorizer: one user a service, with its name, so each topic has one writer.

All follows from `shared.topics`. Whoever makes topics and gives rights is a super user of the cluster.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, cast

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import for_code
from aiokafka.protocol.admin import CreateAclsRequest

from shared.kafka import client_options
from shared.settings import KafkaSettings
from shared.topics import ALL_TOPICS, CONSUMERS, REDRIVES, read_by, written_by

CLI: Final = "cli"
"""The user of whoever looks after the platform: reads everything, writes what is re-driven."""
SERVICES: Final = ("intake", *CONSUMERS)
_ANY_HOST: Final = "*"
_ALLOW: Final = 3


class Operation(IntEnum):
    """Kafka's numbers. Who may read, write or delete may also describe."""

    READ = 3
    WRITE = 4
    DELETE = 6


class Of(IntEnum):
    """Kafka's numbers of kinds of things."""

    TOPIC = 2
    GROUP = 3


class Named(IntEnum):
    """Kafka's numbers of ways to name them."""

    EXACTLY = 3
    BEGINNING = 4


@dataclass(frozen=True, order=True)
class Right:
    user: str
    operation: Operation
    of: Of
    name: str
    named: Named = Named.EXACTLY


def rights(namespace: str) -> list[Right]:
    """All there are in the namespace; whatever is not among them is forbidden."""
    found = {right for service in SERVICES for right in _of_service(service, namespace)}
    found |= {Right(CLI, Operation.READ, Of.TOPIC, topic.full_name(namespace)) for topic in ALL_TOPICS}
    found |= {Right(CLI, Operation.WRITE, Of.TOPIC, topic.full_name(namespace)) for topic in REDRIVES.values()}
    # `ntbcare reporting drop` deletes the group of a generation.
    every_group = (Of.GROUP, f"{namespace}.", Named.BEGINNING)
    found |= {Right(CLI, operation, *every_group) for operation in (Operation.READ, Operation.DELETE)}
    return sorted(found)


def _of_service(service: str, namespace: str) -> set[Right]:
    return {
        *(Right(service, Operation.READ, Of.TOPIC, topic.full_name(namespace)) for topic in read_by(service)),
        *(Right(service, Operation.WRITE, Of.TOPIC, topic.full_name(namespace)) for topic in written_by(service)),
        Right(service, Operation.READ, Of.GROUP, f"{namespace}.{service}", Named.BEGINNING),
    }


async def grant(kafka: KafkaSettings, given: Sequence[Right]) -> None:
    """Give them; those that are given already stay. Raises KafkaError, such as where the cluster has no authorizer."""
    admin = cast("Any", AIOKafkaAdminClient(**client_options(kafka), client_id=f"{kafka.namespace}.cli"))
    await admin.start()
    try:
        for right in given:
            # The client has no method of its own for it.
            answer = await admin._send_request(_request(right))  # noqa: SLF001
            for code, why in answer.creation_responses:
                if code:
                    raise for_code(code)(f"{right.name}: {why}")
    finally:
        await admin.close()


def _request(right: Right) -> CreateAclsRequest:
    return CreateAclsRequest(
        resource_type=right.of,
        resource_name=right.name,
        resource_pattern_type_filter=right.named,
        principal=f"User:{right.user}",
        host=_ANY_HOST,
        operation=right.operation,
        permission_type=_ALLOW,
    )
