"""A mail server that takes every message and sends none on."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final

import structlog
from aiosmtpd.smtp import SMTP

from deploy.local.ports import HOST
from deploy.mail.mailbox import Mailbox

_LARGEST: Final = 10 * 1024 * 1024
_TAKEN, _NOT_NOW = "250 OK, kept on this machine", "451 The message could not be stored"
log = structlog.get_logger(__name__)


class _Keeper:
    """What aiosmtpd calls; the method's name is its own."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        try:
            self._mailbox.add(envelope.content, envelope.mail_from or "", envelope.rcpt_tos)
        except OSError as error:
            log.warning("mail_not_stored", error=type(error).__name__)
            return _NOT_NOW
        return _TAKEN


@asynccontextmanager
async def running_sink(mailbox: Mailbox, port: int) -> AsyncGenerator[None]:
    """SMTP on 127.0.0.1 as long as the block runs. Raises OSError where the port is taken."""
    loop = asyncio.get_running_loop()
    keeper = _Keeper(mailbox)

    def session() -> SMTP:
        return SMTP(keeper, loop=loop, data_size_limit=_LARGEST, enable_SMTPUTF8=True, ident="NTB Care mail sink")

    server = await loop.create_server(session, HOST, port)
    try:
        yield
    finally:
        server.close()
