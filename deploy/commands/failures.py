"""What can go wrong in a command, in words: the difference between a failure that was foreseen and a bug."""

from typing import Any, Final

import httpx2
from aiokafka.errors import KafkaError
from pymongo.errors import OperationFailure, PyMongoError
from rich.console import Console
from rich.markup import escape

from deploy.letters import TopicMissing
from deploy.local.development import SecretsUnreadable
from deploy.local.kafka.program import KafkaNotPrepared
from deploy.local.mongod import MongodNotFound
from deploy.local.ports import PortTaken
from deploy.local.processes import ServerFailed
from deploy.local.running import AlreadyRunning
from deploy.setting_up import NotThereInTime
from deploy.topics import TopicsNotCreated

WRONG_USE: Final = 2
FAILED: Final = 1
_SELF_EXPLAINING: Final = (
    AlreadyRunning,
    KafkaNotPrepared,
    MongodNotFound,
    NotThereInTime,
    PortTaken,
    SecretsUnreadable,
    ServerFailed,
    TopicMissing,
    TopicsNotCreated,
)


class CommandFailed(Exception):
    """The command could not do what was asked; the text says why, and how to go on."""

    def __init__(self, why: str, *, code: int = FAILED) -> None:
        super().__init__(why)
        self.code = code


def say(error: BaseException) -> int | None:
    """Print the failure on standard error and return the exit code; None for a bug, which nobody foresaw."""
    words = _words(error)
    if words is None:
        return None
    Console(stderr=True, soft_wrap=True).print(f"[bold red]Error:[/] {escape(words)}", highlight=False)
    return error.code if isinstance(error, CommandFailed) else FAILED


def _words(error: Any) -> str | None:  # noqa: PLR0911 - a table, read from top to bottom
    match error:
        case CommandFailed():
            return str(error)
        case KafkaError():
            return f"Kafka does not do what was asked: {_told(error)}. Is it running, and is --bootstrap its address?"
        case OperationFailure():
            return f"MongoDB refused: {_told(error)}"
        case PyMongoError():
            return "MongoDB does not answer. Is it running, and is --mongo-uri its address?"
        case httpx2.InvalidURL() | httpx2.UnsupportedProtocol():
            return f"The address is not right (--url): {_told(error)}"
        case httpx2.TransportError():
            return "NTB Care does not answer. Is it running (ntbcare up), and is --url its address?"
        case BrokenPipeError():
            return None  # whoever read the output went away, which the library takes quietly
        case OSError():
            return f"{error.strerror}: {error.filename}" if error.strerror and error.filename else _told(error)
        case _ if isinstance(error, _SELF_EXPLAINING) or type(error).__name__ in _OF_SERVICES:
            return str(error)
        case _:
            return None


_OF_SERVICES: Final = frozenset(
    {
        "DatabaseBehind",
        "GenerationRefused",
        "GroupBusy",
        "RecoveryRefused",
        "ServiceNotStarted",
        "SettingsWrong",
        "TopicsMissing",
    }
)
"""By name: to import them is to import all services."""


def _told(error: BaseException) -> str:
    return str(error).strip().rstrip(".") or type(error).__name__
