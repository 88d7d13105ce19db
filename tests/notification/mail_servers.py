"""Our side of a mail server, and a mail for it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from services.notification.mailer import Mail, MailServer
from services.notification.settings import SmtpSettings


@asynccontextmanager
async def a_server(port: int, **options: Any) -> AsyncGenerator[MailServer]:
    defaults: dict[str, Any] = {"port": port, "timeout_s": 1.0, "starttls": "never", "first_wait_s": 0.05}
    server = MailServer(SmtpSettings.model_validate(defaults | options))
    try:
        yield server
    finally:
        await server.close()


def a_mail(recipient: str) -> Mail:
    return Mail(recipient, f"To: {recipient}\r\nSubject: x\r\n\r\n.\r\nHello\r\n".encode())
