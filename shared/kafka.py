"""How every client of Kafka connects, and who it says it is."""

import ssl
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError
from faststream.kafka.security import parse_security
from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

from shared.settings import KafkaSettings

_LOGINS: Final = {"PLAIN": SASLPlaintext, "SCRAM-SHA-256": SASLScram256, "SCRAM-SHA-512": SASLScram512}


def client_options(kafka: KafkaSettings) -> dict[str, Any]:
    """What each client of aiokafka is made with. Raises OSError where a file of the settings can't be used."""
    return {"bootstrap_servers": kafka.bootstrap, **parse_security(security_of(kafka))}


def security_of(kafka: KafkaSettings) -> BaseSecurity | None:
    """The same for FastStream; None where the broker is talked to in the clear, by anybody."""
    if kafka.security_protocol == "PLAINTEXT":
        return None
    context = _context(kafka) if kafka.security_protocol.endswith("SSL") else None
    if kafka.username is None or kafka.password is None:
        return BaseSecurity(ssl_context=context)
    return _LOGINS[kafka.sasl_mechanism](kafka.username, kafka.password.get_secret_value(), ssl_context=context)


def _context(kafka: KafkaSettings) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=kafka.ca_file)
    if kafka.cert_file is not None:
        context.load_cert_chain(kafka.cert_file, kafka.key_file)
    return context


def _told_as_broken(send: Callable[..., Any]) -> Callable[..., Any]:
    """Say of a connection that was closed a moment ago what aiokafka understands.

    uvloop raises RuntimeError there, where asyncio's transports are silent. aiokafka knows only OSError: the task that
    fetches, commits or asks for leaders would die of it, and the client hang for ever (aio-libs/aiokafka#1038).
    """

    @wraps(send)
    def told(connection: AIOKafkaConnection, *args: Any, **kwargs: Any) -> Any:
        try:
            return send(connection, *args, **kwargs)
        except RuntimeError as error:
            connection.close(reason=CloseReason.CONNECTION_BROKEN)
            raise KafkaConnectionError(str(error)) from error

    return told


for _name in ("send", "_send_sasl_token"):
    setattr(AIOKafkaConnection, _name, _told_as_broken(getattr(AIOKafkaConnection, _name)))
