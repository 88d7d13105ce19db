"""JSON log lines. What a person is or wrote never enters one: log ids, names of topics and types of errors."""

import logging
import sys
from typing import Any

import structlog

_NOISY = ("aiosmtplib", "asyncio", "httpx2", "mail.log", "motor", "ntbcare.faststream", "pymongo", "uvicorn.access")


def configure_logs(level: str) -> None:
    """Send structlog's lines and those of libraries to standard error, one JSON object each. Idempotent."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.processors.format_exc_info,
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
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for noisy in _NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # It reports as errors what passes by itself, such as a group's coordinator that is not there yet.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
