"""JSON log lines. What a person is or wrote never enters one: log ids, names of topics and types of errors."""

import logging
import ssl
import sys
import traceback
from typing import Any

import structlog
from aiokafka.errors import AuthenticationFailedError, SaslAuthenticationFailed, UnsupportedSaslMechanismError
from structlog.typing import EventDict

_NOISY = (
    "aiokafka",
    "aiosmtplib",
    "asyncio",
    "httpcore2",
    "httpx2",
    "mail.log",
    "motor",
    "ntbcare.faststream",
    "pymongo",
    "uvicorn.access",
)
_REFUSALS = (AuthenticationFailedError, SaslAuthenticationFailed, UnsupportedSaslMechanismError, ssl.SSLError)


def configure_logs(level: str) -> None:
    """Send structlog's lines and those of libraries to standard error, one JSON object each. Idempotent."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _name_error,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
            foreign_pre_chain=shared,
        )
    )
    handler.addFilter(_is_news)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for noisy in _NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING)


def place_of_error(error: BaseException) -> str:
    """The line of code that raised, without what it worked on."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""


def _is_news(line: logging.LogRecord) -> bool:
    """Of aiokafka only what is told nowhere else: a login or a certificate is refused, a task of its own died.

    It reports as errors what passes by itself, such as a group's coordinator that is not there yet.
    """
    if not line.name.startswith("aiokafka") or line.levelno >= logging.CRITICAL or line.exc_info:
        return True
    return isinstance(line.args, tuple) and any(isinstance(part, _REFUSALS) for part in line.args)


def _name_error(_: Any, __: str, event: EventDict) -> EventDict:
    """Keep of an exception its type and place: its words may quote what a person is or wrote."""
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    error = info if isinstance(info, BaseException) else info[1] if isinstance(info, tuple) else None
    if isinstance(error, BaseException):
        event["error"], event["at"] = type(error).__name__, place_of_error(error)
    return event
