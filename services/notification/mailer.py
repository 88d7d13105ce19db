"""The mail server: a few connections, kept open and used for many messages."""

import asyncio
import re
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Final

from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPResponse,
    SMTPResponseException,
    SMTPServerDisconnected,
    SMTPStatus,
)

from services.notification.breaker import Breaker
from services.notification.domain.attempts import UNSURE, Answer, NotTried, Refused, Taken
from services.notification.domain.mail_replies import read_refusal
from services.notification.metrics import CONNECTIONS, SERVICE
from services.notification.outlets import Mail
from services.notification.settings import SmtpSettings

_STARTTLS: Final = {"never": False, "if_offered": None, "always": True}
_FIRST_DOT: Final = re.compile(rb"^\.", re.MULTILINE)


class MailServerUnusable(Exception):
    """It does not answer, does not let us in, or does not take us as a sender: no message can be sent now."""

    def __init__(self, error: Exception) -> None:
        # Never the server's text: it may hold an address.
        self.why = str(error.code) if isinstance(error, SMTPResponseException) else type(error).__name__
        super().__init__(self.why)


class MailServer:
    """Takes messages. While it can't be used at all everything rests, for a growing, jittered time."""

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._connections = Connections(settings)
        self._breaker = Breaker("email", settings.first_wait_s, settings.longest_wait_s, proven=False)

    async def usable(self) -> None:
        """Return once a connection could be opened since the last failure."""
        await self._breaker.prove(self._open_one)

    async def send(self, message: Mail) -> Answer:
        """Hand one message over, within the time limit."""
        if self._breaker.resting:
            return NotTried()
        try:
            async with self._connections.transaction() as smtp:
                self._breaker.opened()
                answer = await self._hand_over(smtp, message)
        except MailServerUnusable as unusable:
            self._breaker.rest(unusable.why)
            return NotTried()
        return answer

    async def close(self) -> None:
        await self._connections.close()

    async def _open_one(self) -> None:
        try:
            await self._connections.open_one()
        except MailServerUnusable as unusable:
            self._breaker.rest(unusable.why)
        else:
            self._breaker.opened()

    async def _hand_over(self, smtp: SMTP, mail: Mail) -> Answer:
        settings, handed_over = self._settings, False
        try:
            async with asyncio.timeout(settings.timeout_s):
                await smtp.rcpt(mail.recipient)
                await _begin_data(smtp)
            handed_over = True
            async with asyncio.timeout(settings.answer_s):
                await _end_data(smtp, mail.content)
        except SMTPResponseException as refusal:
            await _reset(smtp, settings.timeout_s)
            return self._refused(refusal, mail)
        except (SMTPException, OSError) as error:
            smtp.close()
            why = "timeout" if isinstance(error, TimeoutError) else "disconnected"
            self._breaker.failed(why, mail.recipient)
            return Refused(UNSURE if handed_over else why, for_good=False)
        self._breaker.worked()
        return Taken()

    def _refused(self, refusal: SMTPResponseException, mail: Mail) -> Answer:
        """What is about the one recipient says that the server works."""
        of_content = isinstance(refusal, SMTPDataError)
        read = read_refusal(refusal.code, refusal.message, of_content=of_content)
        if read.may_be_of_everybody:
            self._breaker.failed(str(refusal.code), mail.recipient)
        else:
            self._breaker.worked()
        return Refused(str(refusal.code), for_good=read.for_good)


class Connections:
    """The kept connections. The one used last is used first, so that those not needed get idle and are closed."""

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._free = asyncio.Semaphore(settings.most_connections)
        self._idle: dict[SMTP, asyncio.TimerHandle] = {}
        self._leaving: set[asyncio.Task[None]] = set()

    async def open_one(self) -> None:
        """Make sure that one is open; raises MailServerUnusable."""
        if not self._idle:
            self._keep(await self._open())

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[SMTP]:
        """Give a connection on which the server has taken our sender address; raises MailServerUnusable."""
        async with self._free:
            smtp = await self._begun()
            try:
                yield smtp
            except BaseException:
                # The sender was stopped in the middle; nobody knows what the server will answer next.
                smtp.close()
                raise
            if smtp.is_connected:
                self._keep(smtp)

    async def close(self) -> None:
        """End the idle ones politely."""
        while self._idle:
            await _leave(self._take(), self._settings.timeout_s)
        await asyncio.gather(*self._leaving)

    async def _begun(self) -> SMTP:
        """A kept one may have been dropped by the server, or have reached its limit; only a new one's answer counts."""
        while self._idle:
            smtp = self._take()
            with suppress(MailServerUnusable):
                return await self._begin(smtp)
        return await self._begin(await self._open())

    async def _begin(self, smtp: SMTP) -> SMTP:
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                await smtp.mail(self._settings.sender_address)
        except (SMTPException, OSError) as error:
            smtp.close()
            raise MailServerUnusable(error) from None
        except BaseException:
            smtp.close()
            raise
        return smtp

    async def _open(self) -> SMTP:
        settings = self._settings
        password = settings.password.get_secret_value() if settings.password else None
        smtp = SMTP(
            hostname=settings.host,
            port=settings.port,
            username=settings.username,
            password=password,
            # Left to aiosmtplib, each connection would ask the name service in a thread.
            local_hostname=settings.hello_name or socket.gethostname(),
            # Its own limits use `asyncio.wait_for`, which can swallow a cancel; every call here has a limit around it.
            timeout=None,
            use_tls=settings.tls,
            start_tls=False if settings.tls else _STARTTLS[settings.starttls],
            validate_certs=settings.verify_certificate,
            cert_bundle=settings.ca_file,
        )
        try:
            async with asyncio.timeout(settings.timeout_s):
                await smtp.connect()
        except (SMTPException, OSError) as error:
            smtp.close()
            raise MailServerUnusable(error) from None
        CONNECTIONS.labels(SERVICE).inc()
        return smtp

    def _keep(self, smtp: SMTP) -> None:
        loop = asyncio.get_running_loop()
        self._idle[smtp] = loop.call_later(self._settings.idle_s, self._let_go, smtp)

    def _take(self) -> SMTP:
        smtp, timer = self._idle.popitem()
        timer.cancel()
        return smtp

    def _let_go(self, smtp: SMTP) -> None:
        del self._idle[smtp]
        leaving = asyncio.create_task(_leave(smtp, self._settings.timeout_s))
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)


async def _begin_data(smtp: SMTP) -> None:
    """Raises SMTPDataError where the server wants no message."""
    _must_be(SMTPStatus.start_input, await smtp.execute_command(b"DATA"))


async def _end_data(smtp: SMTP, content: bytes) -> None:
    """The message, its lines ended by CR LF, and the answer. The library's way does not tell when all of it is out."""
    if smtp.protocol is None:
        raise SMTPServerDisconnected("Connection lost")
    smtp.protocol.write(_FIRST_DOT.sub(b"..", content) + b".\r\n")
    _must_be(SMTPStatus.completed, await smtp.protocol.read_response())


def _must_be(status: SMTPStatus, said: SMTPResponse) -> None:
    if said.code != status:
        raise SMTPDataError(said.code, said.message)


async def _leave(smtp: SMTP, limit_s: float) -> None:
    with suppress(SMTPException, OSError):
        async with asyncio.timeout(limit_s):
            await smtp.quit()
    smtp.close()


async def _reset(smtp: SMTP, limit_s: float) -> None:
    """Make it fit for the next message, or close it."""
    try:
        async with asyncio.timeout(limit_s):
            await smtp.rset()
    except (SMTPException, OSError):
        smtp.close()
